//! /proc/PID/mem: a process's memory as a file, whose positions are addresses.

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFREG, Stat};

use super::access::Memory;
use super::target::Target;
use crate::task::Task;
use crate::vfs::{File, OpenFlags};

/// Opens /proc/PID/mem.
pub(super) fn open(target: &Target, task: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
    let memory = Memory::open(target, task)?;
    if !memory.is_there() {
        return Err(Errno::ESRCH);
    }
    Ok(Arc::new(Mem { memory, owner: target.owner() }))
}

struct Mem {
    memory: Memory,
    owner: (u32, u32),
}

impl File for Mem {
    fn stat(&self) -> Result<Stat, Errno> {
        let (uid, gid) = self.owner;
        Ok(Stat { mode: S_IFREG | 0o600, uid, gid, nlink: 1, blksize: 1024, ..Stat::default() })
    }

    fn seekable(&self) -> bool {
        true
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        let Some(process) = self.memory.process() else { return Ok(0) };
        process.kernel().platform.read_memory(process.host, position, buffer).map_err(|_| Errno::EIO)
    }

    fn write(&self, buffer: &[u8], position: u64) -> Result<usize, Errno> {
        let Some(process) = self.memory.process() else { return Ok(0) };
        process.kernel().platform.write_memory(process.host, position, buffer).map_err(|_| Errno::EIO)
    }
}
