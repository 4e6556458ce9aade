//! What a node shows until somebody changes it.
//!
//! Owns: the contract that `fs::overlay` implements. A lower layer never changes while it is used, so what was
//! asked once may be remembered.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;

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
}

/// An object of a lower layer.
pub struct LowerNode {
    /// Its status; `dev` does not matter and `ino` is the same whenever it is asked.
    pub stat: Stat,
    /// What it holds.
    pub content: LowerContent,
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
