//! Inodes, and where the bytes of files lie.

use zerocopy::FromBytes;

use crate::blocks::ReadAt;
use crate::image::Image;
use crate::layout::{
    BLOCK, BLOCK_BITS, CHUNK_BASED, CHUNK_BITS, CHUNK_INDEXES, ChunkIndex, CompactInode, ExtendedInode, FLAT_INLINE,
    FLAT_PLAIN, FORMAT_EXTENDED, HOLE, XattrHeader,
};
use crate::{Error, Result};

/// The type bits of a mode.
pub(crate) const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
/// The longest target of a symbolic link, symlink(7).
const LINK_MAX: u64 = 4095;

/// What an inode says.
#[derive(Clone, Copy, Debug)]
pub struct Inode {
    /// Its number.
    pub nid: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// How many names it has.
    pub nlink: u32,
    /// Bytes.
    pub size: u64,
    /// Seconds of the last change.
    pub mtime: i64,
    /// And nanoseconds.
    pub mtime_nsec: u32,
    layout: u16,
    /// The first block, the chunk format, or the device number.
    pub(crate) place: u32,
    /// Where its extended attributes begin, and their bytes.
    pub(crate) xattrs: (u64, u64),
}

/// A piece of a file that lies together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which file of the host: 0 is the image, and from 1 on its devices.
    pub device: u16,
    /// Where in it; a hole without.
    pub at: Option<u64>,
    /// How many bytes, at least one.
    pub length: u64,
}

impl Inode {
    /// True if it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.mode & TYPE == DIRECTORY
    }

    /// The device number of a device, as the format holds it.
    #[must_use]
    pub fn device(&self) -> u32 {
        self.place
    }

    /// Where what follows the attributes begins: inline data or chunk entries.
    fn tail(&self) -> u64 {
        self.xattrs.0 + self.xattrs.1
    }
}

impl<S: ReadAt> Image<S> {
    /// The inode of that number.
    ///
    /// # Errors
    /// Where it is damaged or compressed.
    pub fn inode(&self, nid: u64) -> Result<Inode> {
        let position = self.position(nid)?;
        let mut bytes = [0; size_of::<ExtendedInode>()];
        let (compact, rest) = bytes.split_at_mut(size_of::<CompactInode>());
        self.blocks.copy(position, compact)?;
        let extended = u16::from_le_bytes([compact[0], compact[1]]) & FORMAT_EXTENDED != 0;
        if extended {
            self.blocks.copy(position + size_of::<CompactInode>() as u64, rest)?;
        }
        let inode = if extended { self.extended(nid, position, &bytes)? } else { self.compact(nid, position, &bytes)? };
        match inode.layout {
            FLAT_PLAIN | FLAT_INLINE | CHUNK_BASED => {}
            1 | 3 => return Err(Error::Unsupported("compressed data")),
            _ => return Err(Error::Damaged("an inode of no known layout")),
        }
        if i64::try_from(inode.size).is_err() {
            return Err(Error::Damaged("a file without end"));
        }
        Ok(inode)
    }

    fn extended(&self, nid: u64, position: u64, bytes: &[u8]) -> Result<Inode> {
        let (raw, _) = ExtendedInode::read_from_prefix(bytes).map_err(|_| Error::Damaged("an inode"))?;
        Ok(Inode {
            nid,
            mode: u32::from(raw.i_mode.get()),
            uid: raw.i_uid.get(),
            gid: raw.i_gid.get(),
            nlink: raw.i_nlink.get(),
            size: raw.i_size.get(),
            mtime: raw.i_mtime.get() as i64,
            mtime_nsec: raw.i_mtime_nsec.get().min(999_999_999),
            layout: raw.i_format.get() >> 1,
            place: raw.i_u.get(),
            xattrs: xattrs(position, size_of::<ExtendedInode>(), raw.i_xattr_icount.get()),
        })
    }

    /// One without a time of its own: the image's counts.
    fn compact(&self, nid: u64, position: u64, bytes: &[u8]) -> Result<Inode> {
        let (raw, _) = CompactInode::read_from_prefix(bytes).map_err(|_| Error::Damaged("an inode"))?;
        Ok(Inode {
            nid,
            mode: u32::from(raw.i_mode.get()),
            uid: u32::from(raw.i_uid.get()),
            gid: u32::from(raw.i_gid.get()),
            nlink: u32::from(raw.i_nlink.get()),
            size: u64::from(raw.i_size.get()),
            mtime: self.superblock.build_time.get() as i64,
            mtime_nsec: self.superblock.build_time_nsec.get().min(999_999_999),
            layout: raw.i_format.get() >> 1,
            place: raw.i_u.get(),
            xattrs: xattrs(position, size_of::<CompactInode>(), raw.i_xattr_icount.get()),
        })
    }

    /// What of the file lies at `position` and behind it, as far as it lies together; `None` at the end.
    ///
    /// # Errors
    /// Where it would lie outside of its device.
    pub fn run(&self, inode: &Inode, position: u64) -> Result<Option<Run>> {
        let Some(left) = inode.size.checked_sub(position).filter(|left| *left > 0) else { return Ok(None) };
        let run = match inode.layout {
            FLAT_INLINE => self.inline(inode, position, left)?,
            CHUNK_BASED => self.chunk(inode, position, left)?,
            _ => Run { device: 0, at: Some(u64::from(inode.place) * BLOCK + position), length: left },
        };
        let end = run.at.map_or(Some(0), |at| at.checked_add(run.length));
        if !end.is_some_and(|end| self.device_length(run.device).is_ok_and(|length| end <= length)) {
            return Err(Error::Damaged("a file's data behind the end of its device"));
        }
        Ok(Some(run))
    }

    fn inline(&self, inode: &Inode, position: u64, left: u64) -> Result<Run> {
        let whole = (inode.size - 1) / BLOCK * BLOCK;
        if position < whole {
            let at = u64::from(inode.place) * BLOCK + position;
            return Ok(Run { device: 0, at: Some(at), length: whole - position });
        }
        let start = inode.tail();
        if start % BLOCK + (inode.size - whole) > BLOCK {
            return Err(Error::Damaged("inline data that crosses a block"));
        }
        Ok(Run { device: 0, at: Some(start + (position - whole)), length: left })
    }

    fn chunk(&self, inode: &Inode, position: u64, left: u64) -> Result<Run> {
        let format = inode.place as u16;
        if format & !(CHUNK_BITS | CHUNK_INDEXES) != 0 {
            return Err(Error::Damaged("a chunk format that is not known"));
        }
        let bits = u32::from(BLOCK_BITS) + u32::from(format & CHUNK_BITS);
        let (number, within) = (position >> bits, position & ((1 << bits) - 1));
        let length = left.min((1 << bits) - within);
        let unit = if format & CHUNK_INDEXES != 0 { 8 } else { 4 };
        let entry = number.checked_mul(unit).and_then(|offset| offset.checked_add(inode.tail().next_multiple_of(unit)));
        let entry = entry.ok_or(Error::Damaged("a chunk behind its end"))?;
        let (device, block) = self.chunk_entry(entry, unit == 8)?;
        if block == HOLE {
            return Ok(Run { device: 0, at: None, length });
        }
        Ok(Run { device, at: Some(u64::from(block) * BLOCK + within), length })
    }

    fn chunk_entry(&self, position: u64, index: bool) -> Result<(u16, u32)> {
        if !index {
            let mut bytes = [0; 4];
            self.blocks.copy(position, &mut bytes)?;
            return Ok((0, u32::from_le_bytes(bytes)));
        }
        let mut bytes = [0; size_of::<ChunkIndex>()];
        self.blocks.copy(position, &mut bytes)?;
        let (raw, _) = ChunkIndex::read_from_prefix(&bytes).map_err(|_| Error::Damaged("a chunk"))?;
        Ok((raw.device_id.get(), raw.blkaddr.get()))
    }

    /// At most `length` bytes of a file from `position` on, as far as they lie in the image itself.
    ///
    /// # Errors
    /// Where they do not, or the inode is damaged.
    pub fn read(&self, inode: &Inode, position: u64, length: usize) -> Result<Vec<u8>> {
        let wanted = inode.size.saturating_sub(position).min(length as u64) as usize;
        let mut content = vec![0; wanted];
        let mut filled = 0;
        while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let Some(run) = self.run(inode, position + filled as u64)? else { break };
            let now = run.length.min(rest.len() as u64) as usize;
            match run.at {
                Some(at) if run.device == 0 => self.blocks.copy(at, &mut rest[..now])?,
                Some(_) => return Err(Error::Damaged("metadata on another device")),
                None => {}
            }
            filled += now;
        }
        Ok(content)
    }

    /// The target of a symbolic link.
    ///
    /// # Errors
    /// Where it is not one, empty or too long.
    pub fn link_text(&self, inode: &Inode) -> Result<Vec<u8>> {
        if inode.mode & TYPE != LINK || !(1..=LINK_MAX).contains(&inode.size) {
            return Err(Error::Damaged("a symbolic link without a proper target"));
        }
        let target = self.read(inode, 0, LINK_MAX as usize)?;
        if target.contains(&0) {
            return Err(Error::Damaged("a symbolic link without a proper target"));
        }
        Ok(target)
    }
}

fn xattrs(position: u64, inode_bytes: usize, count: u16) -> (u64, u64) {
    let bytes = match u64::from(count) {
        0 => 0,
        count => size_of::<XattrHeader>() as u64 + (count - 1) * 4,
    };
    (position + inode_bytes as u64, bytes)
}
