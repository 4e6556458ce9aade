//! Facts of the host's hardware that guests may know.

/// The host's memory in bytes: all of it and what is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Installed and usable.
    pub total: u64,
    /// Free and in caches that can go, as sysinfo(2) tells.
    pub free: u64,
}

/// The host's memory, sysinfo(2).
pub fn memory() -> Memory {
    let info = rustix::system::sysinfo();
    let unit = u64::from(info.mem_unit.max(1));
    Memory {
        total: info.totalram.saturating_mul(unit),
        free: info.freeram.saturating_add(info.bufferram).saturating_mul(unit),
    }
}

/// The host's /proc/cpuinfo, read once: call [`prepare`] before the process confines itself.
pub fn processor_text() -> &'static str {
    static TEXT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    TEXT.get_or_init(|| std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default())
}

/// Reads what cannot be read any more once the process has confined itself.
pub fn prepare() {
    processor_text();
    crate::clock::processors();
}

/// User and system time of this process and of the guests that have ended, in ticks of 1/100 s.
pub fn ticks() -> (u64, u64) {
    let mut sum = (0, 0);
    for who in [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN] {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: `usage` is a valid place for one rusage, and all its bits may be zero.
        let usage = unsafe {
            libc::getrusage(who, usage.as_mut_ptr());
            usage.assume_init()
        };
        let ticks = |time: libc::timeval| (time.tv_sec as u64).wrapping_mul(100) + time.tv_usec as u64 / 10_000;
        sum = (sum.0 + ticks(usage.ru_utime), sum.1 + ticks(usage.ru_stime));
    }
    sum
}

/// Device and inode number of a host file; `None` where it cannot be asked.
pub fn file_key(file: std::os::fd::BorrowedFd<'_>) -> Option<(u64, u64)> {
    let stat = rustix::fs::fstat(file).ok()?;
    Some((stat.st_dev, stat.st_ino))
}
