//! Names: directories are blocks of entries in the order of their names.

use zerocopy::FromBytes;

use crate::blocks::{Block, ReadAt};
use crate::image::Image;
use crate::layout::{BLOCK, Dirent, FILE_TYPES, NAME_MAX};
use crate::{Error, Inode, Result};

/// A directory of more bytes than this is taken for damaged: it is about five million names.
const MAX_BYTES: u64 = 128 << 20;
const ENTRY: usize = size_of::<Dirent>();

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: Vec<u8>,
    /// Its inode.
    pub nid: u64,
    /// The type bits of its mode; 0 where the directory does not say.
    pub kind: u32,
}

impl<S: ReadAt> Image<S> {
    /// The inode number under `name`.
    ///
    /// # Errors
    /// Where the directory is damaged.
    pub fn lookup(&self, directory: &Inode, name: &[u8]) -> Result<Option<u64>> {
        let (mut low, mut high) = (0, self.directory_blocks(directory)?);
        while low < high {
            let middle = low.midpoint(high);
            let block = self.directory_block(directory, middle)?;
            let names = Names::of(block.bytes())?;
            let Some((first, _)) = names.get(0)? else { return Err(Error::Damaged("a directory block without names")) };
            if name < first {
                high = middle;
                continue;
            }
            if let Some(found) = names.find(name)? {
                return Ok(Some(found));
            }
            low = middle + 1;
        }
        Ok(None)
    }

    /// Every name but `.` and `..`, in order.
    ///
    /// # Errors
    /// Where the directory is damaged.
    pub fn list(&self, directory: &Inode) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for number in 0..self.directory_blocks(directory)? {
            let block = self.directory_block(directory, number)?;
            let names = Names::of(block.bytes())?;
            for index in 0..names.count {
                let Some((name, dirent)) = names.get(index)? else { break };
                if name == b"." || name == b".." {
                    continue;
                }
                if name.contains(&b'/') || name.contains(&0) {
                    return Err(Error::Damaged("a name with a slash or a zero"));
                }
                let kind = FILE_TYPES.iter().find(|(kind, _)| *kind == dirent.file_type).map_or(0, |(_, mode)| *mode);
                entries.push(Entry { name: name.to_vec(), nid: dirent.nid.get(), kind });
            }
        }
        Ok(entries)
    }

    fn directory_blocks(&self, directory: &Inode) -> Result<u64> {
        if !directory.is_directory() || directory.size > MAX_BYTES.min(self.blocks.length()) {
            return Err(Error::Damaged("a directory that is longer than the image"));
        }
        Ok(crate::layout::blocks(directory.size))
    }

    fn directory_block(&self, directory: &Inode, number: u64) -> Result<Part> {
        let run = self.run(directory, number * BLOCK)?.ok_or(Error::Damaged("a directory without its blocks"))?;
        let Some(at) = run.at.filter(|_| run.device == 0) else {
            return Err(Error::Damaged("a directory in a hole or on another device"));
        };
        let length = run.length.min(BLOCK) as usize;
        let start = (at % BLOCK) as usize;
        Ok(Part { block: self.blocks.block(at)?, start, end: start + length })
    }
}

/// The part of a block that belongs to a directory.
struct Part {
    block: Block,
    start: usize,
    end: usize,
}

impl Part {
    fn bytes(&self) -> &[u8] {
        self.block.bytes().get(self.start..self.end).unwrap_or_default()
    }
}

/// The entries of one directory block.
struct Names<'b> {
    bytes: &'b [u8],
    count: usize,
}

impl<'b> Names<'b> {
    fn of(bytes: &'b [u8]) -> Result<Names<'b>> {
        let (first, _) =
            Dirent::read_from_prefix(bytes).map_err(|_| Error::Damaged("a directory block that is too short"))?;
        let start = usize::from(first.nameoff.get());
        if start < ENTRY || start % ENTRY != 0 || start > bytes.len() {
            return Err(Error::Damaged("a directory block whose names begin nowhere"));
        }
        Ok(Names { bytes, count: start / ENTRY })
    }

    fn dirent(&self, index: usize) -> Result<Dirent> {
        let bytes = self.bytes.get(index * ENTRY..).unwrap_or_default();
        Dirent::read_from_prefix(bytes).map(|(dirent, _)| dirent).map_err(|_| Error::Damaged("a directory entry"))
    }

    fn get(&self, index: usize) -> Result<Option<(&'b [u8], Dirent)>> {
        if index >= self.count {
            return Ok(None);
        }
        let dirent = self.dirent(index)?;
        let start = usize::from(dirent.nameoff.get());
        let name = if index + 1 < self.count {
            self.bytes.get(start..usize::from(self.dirent(index + 1)?.nameoff.get()))
        } else {
            let rest = self.bytes.get(start..);
            rest.map(|rest| rest.split(|byte| *byte == 0).next().unwrap_or_default())
        };
        match name {
            Some(name) if (1..=NAME_MAX).contains(&name.len()) => Ok(Some((name, dirent))),
            _ => Err(Error::Damaged("a name of no proper length")),
        }
    }

    fn find(&self, name: &[u8]) -> Result<Option<u64>> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            let Some((found, dirent)) = self.get(middle)? else { break };
            match found.cmp(name) {
                std::cmp::Ordering::Equal => return Ok(Some(dirent.nid.get())),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }
}
