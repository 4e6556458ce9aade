//! eventfd, timerfd and signalfd: eventfd(2), timerfd_create(2), signalfd(2).

use std::sync::Arc;

use abi::Errno;
use abi::event::{EFD_SEMAPHORE, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET, TimerSpec};
use abi::signal::{Signal, SignalSet};

use super::poll::span;
use super::{Answer, Args, Call};
use crate::event::{EventCounter, SignalFile, TimerClock, TimerFile};
use crate::now;
use crate::task::{Resource, Task, UserPtr};
use crate::time::{Nanos, timespec};
use crate::vfs::{OpenFile, OpenFlags};

pub(super) const CALLS: &[Call] = &[
    now!(EVENTFD, eventfd),
    now!(EVENTFD2, eventfd2),
    now!(TIMERFD_CREATE, timerfd_create),
    now!(TIMERFD_SETTIME, timerfd_settime, "TFD_TIMER_CANCEL_ON_SET never cancels: the clock cannot be set"),
    now!(TIMERFD_GETTIME, timerfd_gettime),
    now!(SIGNALFD, signalfd),
    now!(SIGNALFD4, signalfd4, "signals that were pending before are not read; one descriptor follows one process"),
];

/// Gives `file` a descriptor of its own.
pub(super) fn install(task: &Arc<Task>, file: Arc<OpenFile>, close_on_exec: bool) -> Answer {
    let limit = task.process().limit(Resource::NoFile);
    let fd = task.files().add(file, close_on_exec, 0, limit)?;
    Ok(u64::from(fd.unsigned_abs()))
}

/// The flags that a descriptor is made with: only NONBLOCK and CLOEXEC, and what `also` names.
pub(super) fn making(flags: u64, also: u32) -> Result<(OpenFlags, bool), Errno> {
    let flags = flags as u32 & !also;
    let known = OpenFlags::NONBLOCK | OpenFlags::CLOEXEC;
    if flags & !known.bits() != 0 {
        return Err(Errno::EINVAL);
    }
    let flags = OpenFlags::from_bits_truncate(flags);
    Ok((flags & OpenFlags::NONBLOCK, flags.contains(OpenFlags::CLOEXEC)))
}

fn eventfd(task: &Arc<Task>, [count, ..]: Args) -> Answer {
    eventfd2(task, [count, 0, 0, 0, 0, 0])
}

fn eventfd2(task: &Arc<Task>, [count, flags, ..]: Args) -> Answer {
    let (status, close_on_exec) = making(flags, EFD_SEMAPHORE)?;
    let counter = EventCounter::new(count as u32, flags as u32 & EFD_SEMAPHORE != 0);
    install(task, OpenFile::anonymous(counter, status | OpenFlags::RDWR), close_on_exec)
}

fn timerfd_create(task: &Arc<Task>, [clock, flags, ..]: Args) -> Answer {
    const REALTIME: u32 = 0;
    const MONOTONIC: u32 = 1;
    const BOOTTIME: u32 = 7;
    const REALTIME_ALARM: u32 = 8;
    const BOOTTIME_ALARM: u32 = 9;
    let clock = match clock as u32 {
        REALTIME => TimerClock::Realtime,
        MONOTONIC | BOOTTIME => TimerClock::Monotonic,
        // They wake a machine that sleeps, with CAP_WAKE_ALARM, which no guest has.
        REALTIME_ALARM | BOOTTIME_ALARM => return Err(Errno::EPERM.into()),
        _ => return Err(Errno::EINVAL.into()),
    };
    let (status, close_on_exec) = making(flags, 0)?;
    let timer = TimerFile::new(task.kernel(), clock);
    install(task, OpenFile::anonymous(timer, status | OpenFlags::RDWR), close_on_exec)
}

fn timerfd_settime(task: &Arc<Task>, [fd, flags, new, old, ..]: Args) -> Answer {
    let flags = flags as u32;
    if flags & !(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) != 0 {
        return Err(Errno::EINVAL.into());
    }
    let new: TimerSpec = task.read(UserPtr::new(new))?;
    let (value, interval) = (span(new.value)?, span(new.interval)?);
    let file = task.files().get(fd as i32)?;
    let timer = file.downcast::<TimerFile>().ok_or(Errno::EINVAL)?;
    let before = timer.set(value, interval, flags & TFD_TIMER_ABSTIME != 0);
    if old != 0 {
        task.write(UserPtr::new(old), &timer_spec(before))?;
    }
    Ok(0)
}

fn timerfd_gettime(task: &Arc<Task>, [fd, current, ..]: Args) -> Answer {
    let file = task.files().get(fd as i32)?;
    let timer = file.downcast::<TimerFile>().ok_or(Errno::EINVAL)?;
    task.write(UserPtr::new(current), &timer_spec(timer.get()))?;
    Ok(0)
}

fn timer_spec((value, interval): (Nanos, Nanos)) -> TimerSpec {
    TimerSpec { interval: timespec(interval), value: timespec(value) }
}

fn signalfd(task: &Arc<Task>, [fd, mask, size, ..]: Args) -> Answer {
    signalfd4(task, [fd, mask, size, 0, 0, 0])
}

fn signalfd4(task: &Arc<Task>, [fd, mask, size, flags, ..]: Args) -> Answer {
    let (status, close_on_exec) = making(flags, 0)?;
    if size != size_of::<SignalSet>() as u64 {
        return Err(Errno::EINVAL.into());
    }
    let mask: SignalSet = task.read(UserPtr::new(mask))?;
    let mask = mask.without(Signal::SIGKILL).without(Signal::SIGSTOP);
    if fd as i32 != -1 {
        let file = task.files().get(fd as i32)?;
        file.downcast::<SignalFile>().ok_or(Errno::EINVAL)?.set_mask(mask);
        return Ok(u64::from(fd as u32));
    }
    let file = SignalFile::new(task.process(), mask);
    install(task, OpenFile::anonymous(file, status | OpenFlags::RDWR), close_on_exec)
}
