//! The inode of a pipe without a name.

use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;

use super::{DEVICE, PIPE_BUF, Pipe, PipeEnd};
use crate::task::Task;
use crate::vfs::{File, FileSystem, FileSystemStat, Inode, OpenFlags};

/// PIPEFS_MAGIC of statfs(2).
const MAGIC: u64 = 0x5049_5045;

/// A pipe as /proc/PID/fd/N reaches it.
pub struct PipeInode {
    pipe: Arc<Pipe>,
}

impl PipeInode {
    /// The inode of `pipe`.
    pub fn new(pipe: Arc<Pipe>) -> Arc<PipeInode> {
        Arc::new(PipeInode { pipe })
    }
}

impl Inode for PipeInode {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        Arc::new(PipeFs)
    }

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.pipe.stat)
    }

    fn open(self: Arc<Self>, _task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        Ok(PipeEnd::open(Arc::clone(&self.pipe), None, flags))
    }
}

/// The file system that nameless pipes belong to; it is never mounted.
pub struct PipeFs;

impl FileSystem for PipeFs {
    fn name(&self) -> &'static str {
        "pipefs"
    }

    fn device(&self) -> u64 {
        DEVICE
    }

    fn root(&self) -> Arc<dyn Inode> {
        PipeInode::new(Pipe::new(&crate::task::Credentials::user(0, 0, Vec::new())))
    }

    fn stat(&self) -> FileSystemStat {
        FileSystemStat { magic: MAGIC, block_size: PIPE_BUF as u64, ..FileSystemStat::default() }
    }
}
