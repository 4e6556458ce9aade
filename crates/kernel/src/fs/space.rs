//! How much a file system may hold.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use platform::host;

use super::host::errno;

/// Bytes of a page, the unit of what is charged.
pub(crate) const PAGE: u64 = 4096;

/// Bytes and inodes: what is used and what there may be.
pub(crate) struct Space {
    pub(crate) bytes: Quota,
    pub(crate) inodes: Quota,
}

/// One count with its limit.
pub(crate) struct Quota {
    pub(crate) limit: u64,
    used: AtomicU64,
    /// Of what is used, what lies in `disk`.
    on_disk: AtomicU64,
    /// A directory of the host for large files, where they are not to take memory.
    disk: Option<OwnedFd>,
}

impl Quota {
    pub(crate) fn new(limit: u64) -> Quota {
        Quota { limit, used: AtomicU64::new(0), on_disk: AtomicU64::new(0), disk: None }
    }

    /// One whose large files lie in a directory of the host, without names.
    pub(crate) fn with_disk(limit: u64, disk: Option<OwnedFd>) -> Quota {
        Quota { disk, ..Quota::new(limit) }
    }

    /// An empty file for the bytes of a large file, and whether it takes no memory. A host file system
    /// that has no files without names leaves them in memory.
    pub(crate) fn file(&self) -> Result<(OwnedFd, bool), Errno> {
        match self.disk.as_ref().map(|disk| host::nameless_file(disk.as_fd())) {
            Some(Ok(file)) => Ok((file, true)),
            _ => Ok((host::memory_file("podvisor-file").map_err(errno)?, false)),
        }
    }

    /// Of what is used, `before` lay on the disk and `now` does.
    pub(crate) fn move_to_disk(&self, before: u64, now: u64) {
        let sum = self.on_disk.load(Ordering::Acquire).saturating_sub(before).saturating_add(now);
        self.on_disk.store(sum, Ordering::Release);
    }

    /// What is used of memory.
    pub(crate) fn in_memory(&self) -> u64 {
        self.used().saturating_sub(self.on_disk.load(Ordering::Acquire))
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }

    pub(crate) fn free(&self) -> u64 {
        self.limit.saturating_sub(self.used())
    }

    /// Takes `amount`, or `ENOSPC` and nothing.
    pub(crate) fn take(&self, amount: u64) -> Result<(), Errno> {
        if amount > self.free() {
            return Err(Errno::ENOSPC);
        }
        self.force(amount);
        Ok(())
    }

    /// Takes `amount` whatever the limit: it is used already.
    pub(crate) fn force(&self, amount: u64) {
        self.used.fetch_add(amount, Ordering::AcqRel);
    }

    /// `amount` is what is used, whatever was thought.
    pub(crate) fn set(&self, amount: u64) {
        self.used.store(amount, Ordering::Release);
    }

    pub(crate) fn give(&self, amount: u64) {
        let used = self.used();
        self.used.store(used.saturating_sub(amount), Ordering::Release);
    }
}

/// `bytes` in whole pages.
pub(crate) fn pages(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE).saturating_mul(PAGE)
}
