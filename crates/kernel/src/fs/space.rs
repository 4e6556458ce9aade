//! How much a file system may hold.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use platform::host;

use super::host::errno;
use super::mapped::{MappedFile, MappedFiles};

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
    /// Of what is used, what lies in memory files of the host.
    on_host: AtomicU64,
    /// A directory of the host for large files, where they are not to take memory.
    disk: Option<OwnedFd>,
    mapped: MappedFiles,
}

impl Quota {
    pub(crate) fn new(limit: u64) -> Quota {
        Quota {
            limit,
            used: AtomicU64::new(0),
            on_disk: AtomicU64::new(0),
            on_host: AtomicU64::new(0),
            disk: None,
            mapped: MappedFiles::default(),
        }
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
            _ => {
                let file = host::memory_file("podvisor-file").map_err(errno)?;
                // The description that memfd_create(2) makes does not count as one that may write.
                Ok((host::reopen(file.as_fd(), host::Open::Write).map_err(errno)?, false))
            }
        }
    }

    /// Of what is used, `before` lay on the disk and `now` does.
    pub(crate) fn move_to_disk(&self, before: u64, now: u64) {
        change(&self.on_disk, before, now);
    }

    /// Of what is used, `before` lay in memory files of the host and `now` does.
    pub(crate) fn move_to_host(&self, before: u64, now: u64) {
        change(&self.on_host, before, now);
    }

    /// What is used of the kernel's own memory.
    pub(crate) fn in_kernel(&self) -> u64 {
        self.in_memory().saturating_sub(self.on_host.load(Ordering::Acquire))
    }

    /// What is used of memory.
    pub(crate) fn in_memory(&self) -> u64 {
        self.used().saturating_sub(self.on_disk.load(Ordering::Acquire))
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }

    pub(crate) fn free(&self) -> u64 {
        /// With less than this left, what guests hold no more is looked for.
        const LITTLE: u64 = 1 << 20;
        let free = self.limit.saturating_sub(self.used());
        if free >= LITTLE || self.mapped.is_empty() {
            return free;
        }
        self.recount_mapped();
        self.limit.saturating_sub(self.used())
    }

    /// Takes note that a file, charged `charged`, is about to be mapped.
    pub(crate) fn map(&self, file: &OwnedFd, charged: u64, disk: bool) -> Result<Arc<MappedFile>, Errno> {
        if self.mapped.is_due() {
            self.recount_mapped();
        }
        self.mapped.add(file.as_fd(), charged, disk)
    }

    /// Whether guests may hold more or less of it than was counted.
    pub(crate) fn is_mapped(&self) -> bool {
        !self.mapped.is_empty()
    }

    /// True if more is used than there may be, which only mappings can do.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.used() > self.limit
    }

    /// Charges what mapped files hold now, mapped still or not.
    pub(crate) fn recount_mapped(&self) {
        self.mapped.recount(|now, before, disk| self.charge_anew(now, before, disk));
    }

    /// A file that was charged `before` holds `now`.
    pub(crate) fn charge_anew(&self, now: u64, before: u64, disk: bool) {
        self.give(before);
        self.force(now);
        if disk {
            self.move_to_disk(before, now);
        } else {
            self.move_to_host(before, now);
        }
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

fn change(sum: &AtomicU64, before: u64, now: u64) {
    let changed = sum.load(Ordering::Acquire).saturating_sub(before).saturating_add(now);
    sum.store(changed, Ordering::Release);
}

/// `bytes` in whole pages.
pub(crate) fn pages(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE).saturating_mul(PAGE)
}
