//! Timers that send signals: setitimer(2), alarm(2), timer_create(2) and its family.

use std::sync::Arc;

use abi::Errno;
use abi::signal::Signal;
use abi::time::{
    Itimerspec, Itimerval, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID, Sigevent, Timespec, Timeval,
};

use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Pid, Task, UserPtr};
use crate::time::{Clock, Notice, SECOND, Setting, Which};

pub(super) const CALLS: &[Call] = &[
    now!(GETITIMER, getitimer),
    now!(SETITIMER, setitimer, "ITIMER_VIRTUAL counts system time too"),
    now!(ALARM, alarm),
    now!(TIMER_CREATE, timer_create),
    now!(TIMER_SETTIME, timer_settime, "a set clock does not move absolute timers"),
    now!(TIMER_GETTIME, timer_gettime),
    now!(TIMER_GETOVERRUN, timer_getoverrun),
    now!(TIMER_DELETE, timer_delete),
];

fn itimerval(setting: Setting) -> Itimerval {
    // What is left is never told as 0: that would mean that the timer is not set.
    let value = if setting.value == 0 { 0 } else { setting.value.max(1000) };
    Itimerval { interval: Timeval::from_nanos(setting.interval), value: Timeval::from_nanos(value) }
}

fn getitimer(task: &Arc<Task>, [which, buffer, ..]: Args) -> Answer {
    let timer = task.process().timers.interval(Which::new(which)?, task.process());
    task.write(UserPtr::new(buffer), &itimerval(timer.get()))?;
    Ok(0)
}

fn setitimer(task: &Arc<Task>, [which, new, old, ..]: Args) -> Answer {
    let wanted = match new {
        0 => Itimerval::default(),
        address => task.read(UserPtr::new(address))?,
    };
    let value = wanted.value.nanos().ok_or(Errno::EINVAL)?;
    let interval = wanted.interval.nanos().ok_or(Errno::EINVAL)?;
    let timer = task.process().timers.interval(Which::new(which)?, task.process());
    let before = timer.set(Setting { value, interval }, false);
    if old != 0 {
        task.write(UserPtr::new(old), &itimerval(before))?;
    }
    Ok(0)
}

fn alarm(task: &Arc<Task>, [seconds, ..]: Args) -> Answer {
    let timer = task.process().timers.interval(Which::Real, task.process());
    let value = u64::from(seconds as u32).saturating_mul(SECOND);
    let before = timer.set(Setting { value, interval: 0 }, false).value;
    let rounded = before.saturating_add(SECOND / 2) / SECOND;
    Ok(if before == 0 { 0 } else { rounded.max(1) })
}

/// The notice that a `sigevent` asks for. A null pointer stands for SIGALRM with the timer's id,
/// which is not known yet: then the second answer is true.
fn notice(task: &Task, address: u64) -> Result<(Notice, bool), Errno> {
    if address == 0 {
        return Ok((Notice::Signal { signal: Signal::SIGALRM, value: 0, thread: None }, true));
    }
    let event = task.read(UserPtr::<Sigevent>::new(address))?;
    let thread = match event.notify {
        SIGEV_NONE => return Ok((Notice::None, false)),
        SIGEV_SIGNAL | SIGEV_THREAD => None,
        SIGEV_THREAD_ID => {
            let thread = Pid(event.thread);
            if task.kernel().thread(task.process(), thread).is_none() {
                return Err(Errno::EINVAL);
            }
            Some(thread)
        }
        _ => return Err(Errno::EINVAL),
    };
    let signal = u32::try_from(event.signo).ok().and_then(Signal::new).ok_or(Errno::EINVAL)?;
    Ok((Notice::Signal { signal, value: event.value, thread }, false))
}

fn timer_create(task: &Arc<Task>, [clock, event, id, ..]: Args) -> Answer {
    let clock = Clock::new(clock as i32, task)?;
    let (notice, value_is_id) = notice(task, event)?;
    let process = task.process();
    let new =
        process.timers.create(clock, process, |id| if value_is_id { notice.with_value(id as u64) } else { notice })?;
    if let Err(errno) = task.write(UserPtr::new(id), &new) {
        process.timers.delete(new)?;
        return Err(errno.into());
    }
    Ok(0)
}

fn itimerspec(setting: Setting) -> Itimerspec {
    Itimerspec { interval: Timespec::from_nanos(setting.interval), value: Timespec::from_nanos(setting.value) }
}

fn timer_settime(task: &Arc<Task>, [id, flags, new, old, ..]: Args) -> Answer {
    /// TIMER_ABSTIME: the time is one of the clock, not a span.
    const ABSOLUTE: u64 = 1;
    if new == 0 {
        return Err(Errno::EINVAL.into());
    }
    let wanted = task.read(UserPtr::<Itimerspec>::new(new))?;
    let value = wanted.value.nanos().ok_or(Errno::EINVAL)?;
    let interval = wanted.interval.nanos().ok_or(Errno::EINVAL)?;
    let timer = task.process().timers.find(id as i32)?;
    let before = timer.timer.set(Setting { value, interval }, flags & ABSOLUTE != 0);
    if old != 0 {
        task.write(UserPtr::new(old), &itimerspec(before))?;
    }
    Ok(0)
}

fn timer_gettime(task: &Arc<Task>, [id, buffer, ..]: Args) -> Answer {
    let timer = task.process().timers.find(id as i32)?;
    task.write(UserPtr::new(buffer), &itimerspec(timer.timer.get()))?;
    Ok(0)
}

fn timer_getoverrun(task: &Arc<Task>, [id, ..]: Args) -> Answer {
    let timer = task.process().timers.find(id as i32)?;
    Ok(timer.overruns())
}

fn timer_delete(task: &Arc<Task>, [id, ..]: Args) -> Answer {
    task.process().timers.delete(id as i32)?;
    Ok(0)
}
