//! The timers of a process: three of setitimer(2), any number of timer_create(2).
//!
//! Owns: [`ProcessTimers`]. Not inherited by fork(2); execve(2) keeps the interval timers and
//! deletes the others. Does not own: sending signals (`task`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use abi::Errno;
use abi::signal::{SI_KERNEL, SI_TIMER, SigInfo, Signal};

use super::{Clock, IntervalTimer};
use crate::sync::Mutex;
use crate::task::{Pid, Process};

/// The most timers a process may have: with more, timer_create(2) answers `EAGAIN`.
const MOST: usize = 4096;

/// `which` of setitimer(2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Which {
    /// ITIMER_REAL: wall time, SIGALRM.
    Real,
    /// ITIMER_VIRTUAL: processor time, SIGVTALRM.
    Virtual,
    /// ITIMER_PROF: processor time, SIGPROF.
    Profiling,
}

impl Which {
    /// The timer of that number, or `EINVAL`.
    pub fn new(number: u64) -> Result<Which, Errno> {
        match number {
            0 => Ok(Which::Real),
            1 => Ok(Which::Virtual),
            2 => Ok(Which::Profiling),
            _ => Err(Errno::EINVAL),
        }
    }

    fn signal(self) -> Signal {
        match self {
            Which::Real => Signal::SIGALRM,
            Which::Virtual => Signal::SIGVTALRM,
            Which::Profiling => Signal::SIGPROF,
        }
    }

    fn clock(self) -> Clock {
        match self {
            Which::Real => Clock::Machine(platform::clock::MONOTONIC),
            Which::Virtual | Which::Profiling => Clock::Process,
        }
    }
}

/// Whom an expiration tells, sigevent(3type).
#[derive(Clone, Copy, Debug)]
pub enum Notice {
    /// Nobody; the owner asks.
    None,
    /// The process, or one thread of it.
    Signal {
        /// Which signal.
        signal: Signal,
        /// `si_value`.
        value: u64,
        /// The thread; `None` for any.
        thread: Option<Pid>,
    },
}

impl Notice {
    /// The same with another `si_value`.
    pub fn with_value(self, value: u64) -> Notice {
        match self {
            Notice::None => Notice::None,
            Notice::Signal { signal, thread, .. } => Notice::Signal { signal, value, thread },
        }
    }
}

/// A timer of timer_create(2).
pub struct PosixTimer {
    /// The timer itself.
    pub timer: Arc<IntervalTimer>,
    /// The clock it was made for.
    pub clock: Clock,
    overrun: Arc<AtomicU64>,
}

impl PosixTimer {
    /// How many expirations the last signal stands for besides its own: timer_getoverrun(2).
    pub fn overruns(&self) -> u64 {
        self.overrun.load(Ordering::Relaxed).min(i32::MAX as u64)
    }
}

/// The timers of one process.
#[derive(Default)]
pub struct ProcessTimers {
    intervals: Mutex<BTreeMap<Which, Arc<IntervalTimer>>>,
    posix: Mutex<BTreeMap<i32, Arc<PosixTimer>>>,
    next: AtomicI32,
    /// That of RLIMIT_CPU, where there is one.
    pub(super) processor_limit: Mutex<Option<Arc<IntervalTimer>>>,
}

impl ProcessTimers {
    /// One of the three timers of setitimer(2), made when first asked for.
    pub fn interval(&self, which: Which, process: &Arc<Process>) -> Arc<IntervalTimer> {
        let mut intervals = self.intervals.lock();
        let timer = intervals.entry(which).or_insert_with(|| {
            let info = SigInfo { code: SI_KERNEL, ..SigInfo::of(which.signal()) };
            let expired = move |process: &Arc<Process>, _| process.send_signal(which.signal(), info);
            IntervalTimer::new(which.clock(), process, Box::new(expired))
        });
        Arc::clone(timer)
    }

    /// timer_create(2): a new timer that is not set. `notice` is given the new timer's id.
    pub fn create(
        &self,
        clock: Clock,
        process: &Arc<Process>,
        notice: impl FnOnce(i32) -> Notice,
    ) -> Result<i32, Errno> {
        let mut posix = self.posix.lock();
        if posix.len() >= MOST {
            return Err(Errno::EAGAIN);
        }
        let mut id = self.next.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        while posix.contains_key(&id) {
            id = self.next.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        }
        let overrun = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&overrun);
        let notice = notice(id);
        let expired = move |process: &Arc<Process>, count| tell(process, id, notice, &told, count);
        let timer = IntervalTimer::new(clock, process, Box::new(expired));
        posix.insert(id, Arc::new(PosixTimer { timer, clock, overrun }));
        Ok(id)
    }

    /// The timer of that id, or `EINVAL`.
    pub fn find(&self, id: i32) -> Result<Arc<PosixTimer>, Errno> {
        self.posix.lock().get(&id).cloned().ok_or(Errno::EINVAL)
    }

    /// timer_delete(2).
    pub fn delete(&self, id: i32) -> Result<(), Errno> {
        let removed = self.posix.lock().remove(&id);
        removed.map(drop).ok_or(Errno::EINVAL)
    }

    /// Deletes what execve(2) deletes.
    pub fn clear_for_exec(&self) {
        let removed = std::mem::take(&mut *self.posix.lock());
        drop(removed);
    }

    /// Deletes all, at exit.
    pub fn clear(&self) {
        self.clear_for_exec();
        let removed = std::mem::take(&mut *self.intervals.lock());
        drop(removed);
        let removed = self.processor_limit.lock().take();
        drop(removed);
    }
}

/// Sends the signal of a timer, or counts an overrun where the last one still waits.
fn tell(process: &Arc<Process>, id: i32, notice: Notice, overrun: &AtomicU64, count: u64) {
    let Notice::Signal { signal, value, thread } = notice else { return };
    if process.has_pending(signal) {
        overrun.fetch_add(count, Ordering::Relaxed);
        return;
    }
    let extra = count.saturating_sub(1);
    overrun.store(extra, Ordering::Relaxed);
    let info = SigInfo {
        code: SI_TIMER,
        pid: id,
        uid: u32::try_from(extra).unwrap_or(i32::MAX as u32),
        status: value as i32,
        value_high: (value >> 32) as i32,
        ..SigInfo::of(signal)
    };
    match thread.map(|tid| process.kernel().thread(process, tid)) {
        Some(None) => {}
        None => process.send_signal(signal, info),
        Some(Some(task)) => task.send_signal(signal, info),
    }
}
