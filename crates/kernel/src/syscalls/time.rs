//! What time it is, sleeping, and what was used: clock_gettime(2), nanosleep(2), getrusage(2).

use std::sync::Arc;

use abi::Errno;
use abi::resource::{RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD, Tms};
use abi::time::{Timespec, Timeval, Timex, Timezone};

use super::{Answer, Args, Call};
use crate::task::{Cut, Fault, Task, Usage, UserPtr};
use crate::time::{Clock, Nanos, SECOND, monotonic, now, realtime};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    now!(CLOCK_GETTIME, clock_gettime, "no processor time of other processes"),
    now!(CLOCK_GETRES, clock_getres),
    now!(CLOCK_SETTIME, clock_settime, "never allowed"),
    now!(CLOCK_ADJTIME, clock_adjtime, "only asks; clocks are the host's"),
    now!(ADJTIMEX, adjtimex, "only asks; clocks are the host's"),
    now!(GETTIMEOFDAY, gettimeofday),
    now!(SETTIMEOFDAY, clock_settime, "never allowed"),
    now!(TIME, time),
    waits!(NANOSLEEP, nanosleep),
    waits!(CLOCK_NANOSLEEP, clock_nanosleep, "no sleep on processor time"),
    now!(TIMES, times),
    now!(GETRUSAGE, getrusage, "no faults and context switches of children"),
];

fn clock_gettime(task: &Arc<Task>, [clock, buffer, ..]: Args) -> Answer {
    let clock = Clock::new(clock as i32, task)?;
    task.write(UserPtr::new(buffer), &Timespec::from_nanos(clock.now(task)))?;
    Ok(0)
}

fn clock_getres(task: &Arc<Task>, [clock, buffer, ..]: Args) -> Answer {
    let clock = Clock::new(clock as i32, task)?;
    if buffer != 0 {
        task.write(UserPtr::new(buffer), &Timespec::from_nanos(clock.resolution()))?;
    }
    Ok(0)
}

fn clock_settime(_: &Arc<Task>, _: Args) -> Answer {
    Err(Errno::EPERM.into())
}

fn clock_adjtime(task: &Arc<Task>, [clock, buffer, ..]: Args) -> Answer {
    match Clock::new(clock as i32, task)? {
        Clock::Machine(platform::clock::REALTIME) => adjtimex(task, [buffer, 0, 0, 0, 0, 0]),
        _ => Err(Errno::EOPNOTSUPP.into()),
    }
}

fn adjtimex(task: &Arc<Task>, [buffer, ..]: Args) -> Answer {
    /// STA_UNSYNC: we do not know how well the host keeps time.
    const UNSYNCHRONISED: i32 = 0x40;
    /// TIME_ERROR, the answer that goes with it.
    const TIME_ERROR: u64 = 5;
    let pointer = UserPtr::<Timex>::new(buffer);
    if task.read(pointer)?.modes != 0 {
        return Err(Errno::EPERM.into());
    }
    let time = Timeval::from_nanos(realtime());
    task.write(pointer, &Timex { status: UNSYNCHRONISED, time, tick: 10_000, precision: 1, ..Timex::default() })?;
    Ok(TIME_ERROR)
}

fn gettimeofday(task: &Arc<Task>, [time, zone, ..]: Args) -> Answer {
    if time != 0 {
        task.write(UserPtr::new(time), &Timeval::from_nanos(realtime()))?;
    }
    if zone != 0 {
        task.write(UserPtr::new(zone), &Timezone::default())?;
    }
    Ok(0)
}

fn time(task: &Arc<Task>, [buffer, ..]: Args) -> Answer {
    let seconds = now().seconds;
    if buffer != 0 {
        task.write(UserPtr::new(buffer), &seconds)?;
    }
    Ok(seconds as u64)
}

async fn nanosleep(task: Arc<Task>, [wanted, remaining, ..]: Args) -> Answer {
    let wanted = task.read(UserPtr::<Timespec>::new(wanted))?.nanos().ok_or(Errno::EINVAL)?;
    sleep(&task, monotonic().saturating_add(wanted), remaining).await
}

async fn clock_nanosleep(task: Arc<Task>, [clock, flags, wanted, remaining, ..]: Args) -> Answer {
    /// TIMER_ABSTIME: the time is one of the clock, not a span.
    const ABSOLUTE: u64 = 1;
    let clock = Clock::new(clock as i32, &task)?;
    if matches!(clock, Clock::Thread | Clock::Process) {
        return Err(Errno::EOPNOTSUPP.into());
    }
    let wanted = task.read(UserPtr::<Timespec>::new(wanted))?.nanos().ok_or(Errno::EINVAL)?;
    if flags & ABSOLUTE == 0 {
        return sleep(&task, monotonic().saturating_add(wanted), remaining).await;
    }
    loop {
        let left = wanted.saturating_sub(clock.now(&task));
        sleep(&task, monotonic().saturating_add(left), 0).await?;
        if clock.now(&task) >= wanted {
            return Ok(0);
        }
    }
}

/// Sleeps until `deadline` of the monotonic clock; cut short, tells what was left at `remaining`.
async fn sleep(task: &Arc<Task>, deadline: Nanos, remaining: u64) -> Answer {
    match task.wait(&[], Some(deadline), || None::<()>).await {
        Ok(()) | Err(Cut::Deadline) => Ok(0),
        Err(Cut::Signal) => {
            if remaining != 0 {
                let left = deadline.saturating_sub(monotonic());
                task.write(UserPtr::new(remaining), &Timespec::from_nanos(left))?;
            }
            Err(Fault::InterruptedAlways)
        }
    }
}

fn times(task: &Arc<Task>, [buffer, ..]: Args) -> Answer {
    /// Nanoseconds in a tick: USER_HZ is 100.
    const TICK: Nanos = SECOND / 100;
    if buffer != 0 {
        let own = task.process().usage_until_now();
        let children = Usage::from(task.process().children_usage());
        let ticks = |nanos: Nanos| (nanos / TICK) as i64;
        let times = Tms {
            utime: ticks(own.user),
            stime: ticks(own.system),
            cutime: ticks(children.user),
            cstime: ticks(children.system),
        };
        task.write(UserPtr::new(buffer), &times)?;
    }
    Ok(monotonic() / TICK)
}

fn getrusage(task: &Arc<Task>, [who, buffer, ..]: Args) -> Answer {
    let usage = match who as i32 {
        RUSAGE_SELF => task.process().usage_until_now(),
        RUSAGE_THREAD => task.usage(),
        RUSAGE_CHILDREN => task.process().children_usage().into(),
        _ => return Err(Errno::EINVAL.into()),
    };
    task.write(UserPtr::new(buffer), &usage.rusage())?;
    Ok(0)
}
