//! A timer that expires once or again and again, on any clock: below setitimer(2) and
//! timer_create(2).
//!
//! Owns: [`IntervalTimer`]. Does not own: what an expiration does; it is told how many there were.
//! Processor time is looked at again when as much wall time has passed as all processors need for what is
//! still missing, so an idle process with such a timer costs a look now and then.

use std::sync::{Arc, Weak};

use super::{Clock, Nanos, Timer, monotonic};
use crate::sync::Mutex;
use crate::task::Process;
use crate::wait::{Events, Listener};

/// The shortest time between two looks, so that a guest's timer of a nanosecond does not keep the
/// kernel busy.
const SHORTEST: Nanos = 50_000;

/// What an expiration does; gets how many there were since the last time.
type Expired = Box<dyn Fn(&Arc<Process>, u64) + Send + Sync>;

/// A timer of a process.
pub struct IntervalTimer {
    clock: Clock,
    process: Weak<Process>,
    expired: Expired,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When it expires, on its own clock.
    due: Option<Nanos>,
    interval: Nanos,
    alarm: Option<Timer>,
}

/// A timer's setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Nanoseconds to the next expiration; 0 where it is not set.
    pub value: Nanos,
    /// Nanoseconds between expirations; 0 for one only.
    pub interval: Nanos,
}

impl IntervalTimer {
    /// A timer that is not set.
    pub fn new(clock: Clock, process: &Arc<Process>, expired: Expired) -> Arc<IntervalTimer> {
        Arc::new(IntervalTimer { clock, process: Arc::downgrade(process), expired, state: Mutex::default() })
    }

    /// What is left and how it repeats.
    pub fn get(&self) -> Setting {
        let Some(process) = self.process.upgrade() else { return Setting::default() };
        let now = self.clock.now_for(&process);
        let state = self.state.lock();
        // A timer that is due and not told yet is still set: it must not read as 0.
        let value = state.due.map_or(0, |due| due.saturating_sub(now).max(1));
        Setting { value, interval: state.interval }
    }

    /// Sets it to expire after `setting.value`, or at that time of its clock where `absolute`;
    /// takes it back where that is 0. Answers what was left.
    pub fn set(self: &Arc<Self>, setting: Setting, absolute: bool) -> Setting {
        let old = self.get();
        let Some(process) = self.process.upgrade() else { return old };
        let now = self.clock.now_for(&process);
        let due = if absolute { setting.value } else { now.saturating_add(setting.value) };
        {
            let mut state = self.state.lock();
            state.due = (setting.value != 0).then_some(due);
            state.interval = setting.interval;
        }
        self.wake_when_due(&process, now);
        old
    }

    /// Sets the alarm clock for the time at which it is worth looking again.
    fn wake_when_due(self: &Arc<Self>, process: &Arc<Process>, now: Nanos) {
        let due = self.state.lock().due;
        let listener = Arc::new(Alarm(Arc::downgrade(self)));
        let alarm = due.map(|due| {
            let wait = self.clock.least_wait(due.saturating_sub(now)).max(if due > now { SHORTEST } else { 0 });
            process.kernel().timers.at(monotonic().saturating_add(wait), listener)
        });
        self.state.lock().alarm = alarm;
    }

    /// Takes the expirations up to `now` off the timer.
    fn take_expirations(&self, now: Nanos) -> u64 {
        let mut state = self.state.lock();
        let Some(due) = state.due.filter(|due| *due <= now) else { return 0 };
        let Some(more) = (now - due).checked_div(state.interval) else {
            state.due = None;
            return 1;
        };
        let count = more.saturating_add(1);
        state.due = Some(due.saturating_add(count.saturating_mul(state.interval)));
        count
    }
}

/// What the alarm clock tells; a timer that is gone hears nothing.
struct Alarm(Weak<IntervalTimer>);

impl Listener for Alarm {
    fn notify(&self, _: Events) {
        let Some(timer) = self.0.upgrade() else { return };
        let Some(process) = timer.process.upgrade() else { return };
        let now = timer.clock.now_for(&process);
        let count = timer.take_expirations(now);
        timer.wake_when_due(&process, now);
        if count > 0 {
            (timer.expired)(&process, count);
        }
    }
}
