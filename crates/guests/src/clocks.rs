//! Clocks and sleeping: clock_gettime(2), nanosleep(2).

use std::time::{Duration, Instant};

use rustix::thread::{NanosleepRelativeResult, clock_nanosleep_relative, nanosleep};
use rustix::time::{ClockId, DynamicClockId, Timespec, clock_getres, clock_gettime, clock_gettime_dynamic};

use crate::{Program, see};

pub(crate) const PROGRAMS: &[Program] = &[("clocks/read", read), ("clocks/sleep", sleep), ("clocks/process", process)];

fn read() {
    for (name, clock) in [
        ("realtime", ClockId::Realtime),
        ("monotonic", ClockId::Monotonic),
        ("raw", ClockId::MonotonicRaw),
        ("coarse", ClockId::MonotonicCoarse),
        ("process", ClockId::ProcessCPUTime),
        ("thread", ClockId::ThreadCPUTime),
    ] {
        let first = clock_gettime(clock);
        let second = clock_gettime(clock);
        let order = |time: &Timespec| (time.tv_sec, time.tv_nsec);
        see(name, (order(&second) >= order(&first), clock_getres(clock).tv_sec));
    }
    see("boot", clock_gettime_dynamic(DynamicClockId::Boottime).is_ok());
    see("tai", clock_gettime_dynamic(DynamicClockId::Tai).is_ok());
}

fn sleep() {
    let wait = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    let before = Instant::now();
    see("slept", matches!(nanosleep(&wait), NanosleepRelativeResult::Ok));
    see("long enough", before.elapsed() >= Duration::from_millis(20));
    let bad = Timespec { tv_sec: 0, tv_nsec: 1_000_000_000 };
    see("too many nanoseconds", matches!(nanosleep(&bad), NanosleepRelativeResult::Err(rustix::io::Errno::INVAL)));
    let negative = Timespec { tv_sec: -1, tv_nsec: 0 };
    see("negative", matches!(nanosleep(&negative), NanosleepRelativeResult::Err(rustix::io::Errno::INVAL)));
    let own = clock_nanosleep_relative(ClockId::ThreadCPUTime, &wait);
    see("thread's clock", matches!(own, NanosleepRelativeResult::Err(rustix::io::Errno::INVAL)));
}

fn process() {
    let begun = clock_gettime(ClockId::ProcessCPUTime);
    let mut sum = 0_u64;
    let busy = Instant::now();
    while busy.elapsed() < Duration::from_millis(30) {
        sum = sum.wrapping_mul(31).wrapping_add(7);
    }
    let ended = clock_gettime(ClockId::ProcessCPUTime);
    let spent = (ended.tv_sec - begun.tv_sec) * 1_000_000_000 + ended.tv_nsec - begun.tv_nsec;
    see("work is counted", spent > 1_000_000 && sum != 1);
}
