//! Host clocks.

/// CLOCK_REALTIME.
pub const REALTIME: i32 = libc::CLOCK_REALTIME;
/// CLOCK_MONOTONIC.
pub const MONOTONIC: i32 = libc::CLOCK_MONOTONIC;

/// A clock's time in nanoseconds; 0 for a clock that the host does not have.
pub fn read(clock: i32) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec.
    let done = unsafe { libc::clock_gettime(clock, &raw mut time) };
    if done != 0 {
        return 0;
    }
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// A clock's resolution in nanoseconds, clock_getres(2); 0 for a clock that the host does not have.
pub fn resolution(clock: i32) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec.
    let done = unsafe { libc::clock_getres(clock, &raw mut time) };
    if done != 0 {
        return 0;
    }
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// How many processors this process may run on; at least 1. Read once.
pub fn processors() -> usize {
    static COUNT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *COUNT.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

/// The processor time of a process in nanoseconds, by its first thread; `None` where it is gone.
pub fn process_time(leader: crate::HostTask) -> Option<u64> {
    /// CPUCLOCK_SCHED: time on a processor, clock_getcpuclockid(3).
    const SCHEDULED: i32 = 2;
    let clock = (!leader.0).wrapping_shl(3) | SCHEDULED;
    Some(read(clock)).filter(|time| *time > 0)
}

/// The processor time of this process in nanoseconds.
pub fn own_time() -> u64 {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}
