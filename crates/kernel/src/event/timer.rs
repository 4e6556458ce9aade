//! timerfd_create(2).
//!
//! A timer's expirations are counted when somebody looks: the kernel's timer only announces them.

use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::Stat;

use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::time::{self, Nanos, SECOND, Timer};
use crate::vfs::File;
use crate::wait::{Events, Listener, WaitQueue};

/// A periodic timer is announced no more often than this, however short its period.
const SHORTEST: Nanos = SECOND / 1000;

/// Which clock a timer's absolute times are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimerClock {
    /// CLOCK_MONOTONIC, and CLOCK_BOOTTIME: this machine never sleeps for its guests.
    Monotonic,
    /// CLOCK_REALTIME.
    Realtime,
}

impl TimerClock {
    /// The time now.
    pub fn now(self) -> Nanos {
        match self {
            TimerClock::Monotonic => time::monotonic(),
            TimerClock::Realtime => time::realtime(),
        }
    }
}

/// A timer that is read.
pub struct TimerFile {
    kernel: Weak<Kernel>,
    clock: TimerClock,
    state: Mutex<State>,
    queue: WaitQueue,
    me: Weak<TimerFile>,
}

#[derive(Default)]
struct State {
    /// The next expiration, monotonic; `None` while disarmed.
    due: Option<Nanos>,
    interval: Nanos,
    timer: Option<Timer>,
}

impl State {
    /// How often it has expired since last counted; 0 while it has not.
    fn expirations(&self, now: Nanos) -> u64 {
        match self.due {
            Some(due) if due <= now => match now.saturating_sub(due).checked_div(self.interval) {
                Some(more) => more.saturating_add(1),
                None => 1,
            },
            _ => 0,
        }
    }

    /// What timerfd_gettime(2) answers: until the next expiration, and the period.
    fn remaining(&self, now: Nanos) -> (Nanos, Nanos) {
        let Some(due) = self.due else { return (0, self.interval) };
        let passed = self.expirations(now).saturating_mul(self.interval);
        let next = due.saturating_add(passed);
        (next.saturating_sub(now), self.interval)
    }
}

impl TimerFile {
    /// A disarmed timer.
    pub fn new(kernel: &Arc<Kernel>, clock: TimerClock) -> Arc<TimerFile> {
        Arc::new_cyclic(|me| TimerFile {
            kernel: Arc::downgrade(kernel),
            clock,
            state: Mutex::default(),
            queue: WaitQueue::new(),
            me: Weak::clone(me),
        })
    }

    /// Until the next expiration (0 while disarmed), and the period.
    pub fn get(&self) -> (Nanos, Nanos) {
        self.state.lock().remaining(time::monotonic())
    }

    /// Arms it to expire at `value` of its clock (or in `value`), then every `interval`; a `value` of 0
    /// disarms. Answers what was set before, as [`TimerFile::get`].
    pub fn set(&self, value: Nanos, interval: Nanos, absolute: bool) -> (Nanos, Nanos) {
        let now = time::monotonic();
        let span = if absolute { value.saturating_sub(self.clock.now()) } else { value };
        let due = (value > 0).then(|| now.saturating_add(span));
        let (before, old) = {
            let mut state = self.state.lock();
            let before = state.remaining(now);
            let old = state.timer.take();
            state.due = due;
            state.interval = if value > 0 { interval } else { 0 };
            (before, old)
        };
        drop(old);
        self.arm(due);
        before
    }

    fn arm(&self, when: Option<Nanos>) {
        let (Some(when), Some(kernel), Some(me)) = (when, self.kernel.upgrade(), self.me.upgrade()) else { return };
        let timer = kernel.timers.at(when, Arc::new(Expired(Arc::downgrade(&me))));
        let old = self.state.lock().timer.replace(timer);
        drop(old);
    }

    /// The kernel's timer went off.
    fn expired(&self) {
        let next = {
            let state = self.state.lock();
            let now = time::monotonic();
            let (left, interval) = state.remaining(now);
            (interval > 0 && state.due.is_some()).then(|| now.saturating_add(left.max(SHORTEST)))
        };
        self.arm(next);
        self.queue.announce(Events::IN | Events::RDNORM);
    }
}

/// Tells a timer that it expired, as long as it is open.
struct Expired(Weak<TimerFile>);

impl Listener for Expired {
    fn notify(&self, _: Events) {
        if let Some(timer) = self.0.upgrade() {
            timer.expired();
        }
    }
}

impl File for TimerFile {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(super::anonymous_stat())
    }

    fn read(&self, buffer: &mut [u8], _position: u64) -> Result<usize, Errno> {
        let place = buffer.first_chunk_mut::<8>().ok_or(Errno::EINVAL)?;
        let mut state = self.state.lock();
        let count = match state.expirations(time::monotonic()) {
            0 => return Err(Errno::EAGAIN),
            count => count,
        };
        let passed = count.saturating_mul(state.interval);
        state.due = state.due.filter(|_| passed > 0).map(|due| due.saturating_add(passed));
        *place = count.to_ne_bytes();
        Ok(8)
    }

    fn poll(&self) -> Events {
        match self.state.lock().expirations(time::monotonic()) {
            0 => Events::empty(),
            _ => Events::IN | Events::RDNORM,
        }
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.queue)
    }

    fn label(&self) -> String {
        "anon_inode:[timerfd]".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expirations_are_counted_by_the_period() {
        let state = State { due: Some(100), interval: 10, timer: None };
        assert_eq!(state.expirations(99), 0);
        assert_eq!(state.expirations(100), 1);
        assert_eq!(state.expirations(125), 3);
        assert_eq!(state.remaining(95), (5, 10));
        assert_eq!(state.remaining(125), (5, 10));
    }

    #[test]
    fn a_timer_without_period_expires_once() {
        let timer = TimerFile {
            kernel: Weak::new(),
            clock: TimerClock::Monotonic,
            state: Mutex::default(),
            queue: WaitQueue::new(),
            me: Weak::new(),
        };
        let mut buffer = [0; 8];
        assert_eq!(timer.read(&mut buffer, 0), Err(Errno::EAGAIN));
        timer.set(1, 0, false);
        while timer.poll().is_empty() {
            std::hint::spin_loop();
        }
        assert_eq!(timer.read(&mut buffer, 0), Ok(8));
        assert_eq!(u64::from_ne_bytes(buffer), 1);
        assert_eq!(timer.read(&mut buffer, 0), Err(Errno::EAGAIN));
        assert_eq!(timer.get(), (0, 0));
    }
}
