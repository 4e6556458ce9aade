//! The devices that are only memory: null(4), full(4), random(4).

use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;

use crate::random;
use crate::task::{Task, UserPtr};
use crate::vfs::{File, Inode};

/// Which device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// /dev/null: empty, takes everything.
    Null,
    /// /dev/zero: zeros without end, takes everything.
    Zero,
    /// /dev/full: zeros without end, takes nothing.
    Full,
    /// /dev/random and /dev/urandom.
    Random,
}

/// An open device.
pub(super) struct Device {
    kind: Kind,
    inode: Arc<dyn Inode>,
}

impl Device {
    pub(super) fn new(kind: Kind, inode: Arc<dyn Inode>) -> Device {
        Device { kind, inode }
    }
}

impl File for Device {
    fn stat(&self) -> Result<Stat, Errno> {
        self.inode.stat()
    }

    fn read(&self, buffer: &mut [u8], _: u64) -> Result<usize, Errno> {
        match self.kind {
            Kind::Null => return Ok(0),
            Kind::Zero | Kind::Full => buffer.fill(0),
            Kind::Random => random::fill(buffer),
        }
        Ok(buffer.len())
    }

    fn write(&self, buffer: &[u8], _: u64) -> Result<usize, Errno> {
        if self.kind == Kind::Full { Err(Errno::ENOSPC) } else { Ok(buffer.len()) }
    }

    fn append(&self, buffer: &[u8]) -> Result<(usize, u64), Errno> {
        Ok((self.write(buffer, 0)?, 0))
    }

    fn seekable(&self) -> bool {
        true
    }

    fn truncate(&self, _: u64) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }

    fn ioctl(&self, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
        /// RNDGETENTCNT: how many bits of entropy there are.
        const ENTROPY: u32 = 0x8004_5200;
        match (self.kind, request) {
            (Kind::Random, ENTROPY) => task.write(UserPtr::new(argument), &256_i32).map(|()| 0),
            _ => Err(Errno::ENOTTY),
        }
    }

    fn maps_as_memory(&self) -> bool {
        self.kind == Kind::Zero
    }
}
