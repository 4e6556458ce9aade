//! What a node shows until somebody changes it.
//!
//! Owns: the contract that `fs::overlay` implements. A lower layer never changes while it is used, so what was
//! asked once may be remembered.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;
use platform::host;

use crate::fs::host::errno;
use crate::vfs::{HostMapping, Xattrs};

/// Names below a directory.
pub trait LowerDirectory: Send + Sync {
    /// The object of that name.
    fn lookup(&self, name: &[u8]) -> Result<Option<LowerNode>, Errno>;

    /// Every name, without `.` and `..`.
    fn list(&self) -> Result<Vec<LowerEntry>, Errno>;
}

/// Bytes that are read from a descriptor.
pub trait LowerFile: Send + Sync {
    /// The file, open for reading. It may be closed when the answer is dropped.
    fn open(&self) -> Result<Arc<OwnedFd>, Errno>;

    /// Reads at `position`, which is before the end.
    fn read(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        host::read_at(self.open()?.as_fd(), buffer, position).map_err(errno)
    }

    /// lseek(2)'s SEEK_DATA and SEEK_HOLE, from a position before the end.
    fn seek_data(&self, offset: u64, hole: bool) -> Result<u64, Errno> {
        host::seek_data(self.open()?.as_fd(), offset, hole).map_err(errno)
    }

    /// Where its bytes lie for mmap(2); `None` where they have to be copied first.
    fn mapping(&self) -> Result<Option<HostMapping>, Errno> {
        Ok(Some(HostMapping::whole(self.open()?)))
    }
}

/// An object of a lower layer.
pub struct LowerNode {
    /// Its status; `dev` does not matter and `ino` is the same whenever it is asked.
    pub stat: Stat,
    /// What it holds.
    pub content: LowerContent,
    /// Its extended attributes.
    pub xattrs: Xattrs,
}

/// What an object of a lower layer holds.
pub enum LowerContent {
    /// Names.
    Directory(Arc<dyn LowerDirectory>),
    /// Bytes of the host.
    File(Arc<dyn LowerFile>),
    /// Bytes that are here.
    Bytes(Arc<[u8]>),
    /// The target of a symbolic link.
    Symlink(Vec<u8>),
    /// Nothing: a FIFO, socket or device.
    Special,
}

/// A name of a lower directory.
pub struct LowerEntry {
    /// The name.
    pub name: Vec<u8>,
    /// The inode number that [`LowerNode::stat`] would tell.
    pub ino: u64,
    /// The file type.
    pub kind: u32,
}
