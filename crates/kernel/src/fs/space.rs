//! How much a file system may hold.

use std::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;

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
}

impl Quota {
    pub(crate) fn new(limit: u64) -> Quota {
        Quota { limit, used: AtomicU64::new(0) }
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

    pub(crate) fn give(&self, amount: u64) {
        let used = self.used();
        self.used.store(used.saturating_sub(amount), Ordering::Release);
    }
}

/// `bytes` in whole pages.
pub(crate) fn pages(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE).saturating_mul(PAGE)
}
