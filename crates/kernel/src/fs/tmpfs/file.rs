//! Open files and directories in memory.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;

use super::node::Node;
use crate::sync::Mutex;
use crate::vfs::{DirEntry, File, HostMapping, Inode, OpenFlags};

/// How many entries one call hands over at most.
const ENTRIES: usize = 512;

/// An open regular file.
pub(super) struct RegularFile {
    node: Arc<Node>,
    /// Keeps the descriptor of a lower layer open.
    _lease: Option<Arc<OwnedFd>>,
    flags: OpenFlags,
}

impl RegularFile {
    pub(super) fn new(node: Arc<Node>, flags: OpenFlags) -> Result<RegularFile, Errno> {
        let lease = if flags.readable() { node.content()?.lock().lease()? } else { None };
        Ok(RegularFile { node, _lease: lease, flags })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut super::content::Content, &super::space::Quota) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        self.node.claim()?;
        let answer = change(&mut self.node.content()?.lock(), &self.node.fs.space.bytes)?;
        self.node.modified();
        Ok(answer)
    }
}

impl File for RegularFile {
    fn stat(&self) -> Result<Stat, Errno> {
        self.node.stat()
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        let done = self.node.content()?.lock().read(buffer, position)?;
        if !self.flags.contains(OpenFlags::NOATIME) {
            self.node.accessed();
        }
        Ok(done)
    }

    fn write(&self, buffer: &[u8], position: u64) -> Result<usize, Errno> {
        self.change(|content, space| content.write(space, buffer, position))
    }

    fn append(&self, buffer: &[u8]) -> Result<(usize, u64), Errno> {
        let end = self.node.content()?.lock().size();
        let written = self.write(buffer, end)?;
        Ok((written, end.saturating_add(written as u64)))
    }

    fn seekable(&self) -> bool {
        true
    }

    fn seek_data(&self, offset: u64, hole: bool) -> Result<u64, Errno> {
        self.node.content()?.lock().seek_data(offset, hole)
    }

    fn truncate(&self, length: u64) -> Result<(), Errno> {
        self.node.truncate(length)
    }

    fn allocate(&self, mode: u32, offset: u64, length: u64) -> Result<(), Errno> {
        self.change(|content, space| content.allocate(space, mode, offset, length))
    }

    fn sync(&self) -> Result<(), Errno> {
        Ok(())
    }

    fn host_mapping(&self, writable: bool) -> Result<HostMapping, Errno> {
        // A copy lives as long as its mapping may, so the node has to stay as after a change.
        if writable || !self.node.content()?.lock().maps_in_place()? {
            self.node.claim()?;
        }
        self.node.content()?.lock().mapping(&self.node.fs.space.bytes, writable)
    }

    fn seals(&self) -> Result<u32, Errno> {
        Ok(self.node.content()?.lock().seals())
    }

    fn add_seals(&self, seals: u32) -> Result<(), Errno> {
        self.node.content()?.lock().add_seals(seals)
    }
}

/// An open directory: its names as they were when reading began.
pub(super) struct DirectoryFile {
    node: Arc<Node>,
    names: Mutex<Vec<DirEntry>>,
}

impl DirectoryFile {
    pub(super) fn new(node: Arc<Node>) -> DirectoryFile {
        DirectoryFile { node, names: Mutex::default() }
    }
}

impl File for DirectoryFile {
    fn stat(&self) -> Result<Stat, Errno> {
        self.node.stat()
    }

    fn read(&self, _: &mut [u8], _: u64) -> Result<usize, Errno> {
        Err(Errno::EISDIR)
    }

    fn seekable(&self) -> bool {
        true
    }

    fn read_dir(&self, position: u64) -> Result<Vec<DirEntry>, Errno> {
        if position == 0 || self.names.lock().is_empty() {
            let names = self.node.snapshot()?;
            *self.names.lock() = names;
        }
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(self.names.lock().iter().skip(start).take(ENTRIES).cloned().collect())
    }

    fn sync(&self) -> Result<(), Errno> {
        Ok(())
    }
}
