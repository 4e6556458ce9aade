//! Any uncompressed EROFS image as an archive: how images of `mkfs.erofs` become layers like all others.
//!
//! The image is hostile input: a directory with two names, or one that contains itself, is refused, and whoever reads
//! the archive has limits for its size.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;

use erofs::layout::decode_device;
use erofs::{Image, Inode, ReadAt};

use crate::merge::open;
use crate::refusal::{Reason, Refusal, Result};
use crate::tar::{Entry, Kind, Pieces, Writer};

/// The longest path, as a layer takes it.
const PATH_MAX: usize = 4095;
/// The most pieces of a sparse file; one of more is written with its zeros.
const PIECES_MAX: usize = 65_536;
/// Bytes that are copied at once.
const CHUNK: u64 = 256 << 10;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Entries of the archive.
    pub entries: u64,
    /// Sockets, for which archives have no word.
    pub skipped: u64,
    /// Bytes of the archive.
    pub tar_bytes: u64,
}

/// Writes what the image `image` holds to `output`, in the order of its names.
///
/// # Errors
/// Where the image is damaged, compressed or needs further files, and where `output` takes no more.
pub fn export(image: &File, output: impl Write) -> Result<Exported> {
    let (walked, _) = open(image)?;
    let writer = Writer::new(BufWriter::with_capacity(CHUNK as usize, output));
    let mut export = Export {
        image: &walked,
        file: image,
        writer,
        names: HashMap::new(),
        seen: HashSet::new(),
        entries: 0,
        skipped: 0,
    };
    let root = walked.root()?;
    export.seen.insert(root.nid);
    export.add(&root, b"./".to_vec())?;
    let mut pending = vec![(root, Vec::new())];
    while let Some((directory, path)) = pending.pop() {
        for entry in walked.list(&directory)? {
            let name = [&path[..], &entry.name].concat();
            let inode = walked.inode(entry.nid)?;
            if inode.is_directory() {
                if !export.seen.insert(inode.nid) {
                    return Err(Refusal::invalid("a directory with two names").at(&name));
                }
                let below = [&name[..], b"/"].concat();
                export.add(&inode, below.clone())?;
                pending.push((inode, below));
            } else {
                export.add(&inode, name.clone()).map_err(|refusal| refusal.at(&name))?;
            }
        }
    }
    let (entries, skipped) = (export.entries, export.skipped);
    Ok(Exported { entries, skipped, tar_bytes: export.writer.finish()? })
}

struct Export<'i, S, W> {
    image: &'i Image<S>,
    file: &'i File,
    writer: Writer<W>,
    /// The first name of what has several.
    names: HashMap<u64, Vec<u8>>,
    /// The directories so far.
    seen: HashSet<u64>,
    entries: u64,
    skipped: u64,
}

impl<S: ReadAt, W: Write> Export<'_, S, W> {
    fn add(&mut self, inode: &Inode, path: Vec<u8>) -> Result<()> {
        if path.len() > PATH_MAX {
            return Err(Refusal::invalid("its path is longer than 4095 bytes"));
        }
        let Some(mut entry) = self.entry(inode, path)? else {
            self.skipped += 1;
            return Ok(());
        };
        self.entries += 1;
        if inode.nlink > 1 && !inode.is_directory() {
            match self.names.get(&inode.nid) {
                Some(first) => {
                    let link = first.clone();
                    let plain = Entry { kind: Kind::HardLink, link, size: 0, sparse: None, xattrs: vec![], ..entry };
                    return self.writer.entry(&plain);
                }
                None => drop(self.names.insert(inode.nid, entry.path.clone())),
            }
        }
        if entry.kind != Kind::File {
            return self.writer.entry(&entry);
        }
        let pieces = self.pieces(inode)?;
        let whole = pieces.iter().map(|(_, length)| length).sum::<u64>() == inode.size;
        let sparse = !whole && pieces.len() <= PIECES_MAX;
        let pieces = if sparse { pieces } else { vec![(0, inode.size)] };
        entry.sparse = sparse.then(|| pieces.clone());
        self.writer.entry(&entry)?;
        pieces.into_iter().try_for_each(|(offset, length)| self.copy(inode, offset, length))?;
        self.writer.pad()
    }

    /// The entry of an inode; none for what archives do not have.
    fn entry(&self, inode: &Inode, path: Vec<u8>) -> Result<Option<Entry>> {
        let kind = match inode.mode & 0o170_000 {
            0o100_000 => Kind::File,
            0o120_000 => Kind::SymbolicLink,
            0o020_000 => Kind::CharacterDevice,
            0o060_000 => Kind::BlockDevice,
            0o040_000 => Kind::Directory,
            0o010_000 => Kind::Fifo,
            0o140_000 => return Ok(None),
            _ => return Err(Refusal::invalid("an inode of no known type")),
        };
        let is_device = matches!(kind, Kind::CharacterDevice | Kind::BlockDevice);
        Ok(Some(Entry {
            kind,
            path,
            link: if kind == Kind::SymbolicLink { self.image.link_text(inode)? } else { Vec::new() },
            mode: inode.mode & 0o7777,
            uid: inode.uid,
            gid: inode.gid,
            mtime: (inode.mtime, inode.mtime_nsec),
            device: if is_device { decode_device(inode.device()) } else { (0, 0) },
            size: if kind == Kind::File { inode.size } else { 0 },
            sparse: None,
            xattrs: self.image.xattrs(inode)?,
        }))
    }

    /// Where a file has data.
    fn pieces(&self, inode: &Inode) -> Result<Pieces> {
        let mut pieces: Pieces = Vec::new();
        let mut position = 0;
        while let Some(run) = self.image.run(inode, position)? {
            let room = pieces.len() <= PIECES_MAX;
            match pieces.last_mut() {
                _ if run.at.is_none() => {}
                Some((offset, length)) if *offset + *length == position => *length += run.length,
                _ if room => pieces.push((position, run.length)),
                _ => {}
            }
            position += run.length;
        }
        Ok(pieces)
    }

    fn copy(&mut self, inode: &Inode, mut position: u64, length: u64) -> Result<()> {
        let end = position + length;
        while position < end {
            let run = self.image.run(inode, position)?.ok_or_else(|| Refusal::invalid("a file without its data"))?;
            let now = run.length.min(end - position).min(CHUNK);
            let mut bytes = vec![0; now as usize];
            if let Some(at) = run.at {
                self.file.read_exact_at(&mut bytes, at).map_err(|error| reading(&error))?;
            }
            self.writer.data(&bytes)?;
            position += now;
        }
        Ok(())
    }
}

fn reading(error: &std::io::Error) -> Refusal {
    Refusal::new(Reason::Host, format!("the image cannot be read: {error}"))
}
