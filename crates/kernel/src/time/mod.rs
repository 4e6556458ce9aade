//! Clocks and timers.
//!
//! Owns: what time it is, and [`Timers`], the one place where anything is due later. Does not own:
//! the thread that sleeps until the next one (`machine`).

mod clock;
mod interval;
mod process;
mod processor_limit;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use abi::time::Timespec;

pub use clock::Clock;
pub use interval::{IntervalTimer, Setting};
pub use process::{Notice, PosixTimer, ProcessTimers, Which};

use crate::sync::Mutex;
use crate::wait::{Events, Listener};

/// Nanoseconds of CLOCK_MONOTONIC.
pub type Nanos = u64;

/// Nanoseconds in a second.
pub const SECOND: Nanos = 1_000_000_000;

/// CLOCK_MONOTONIC now.
pub fn monotonic() -> Nanos {
    platform::clock::read(platform::clock::MONOTONIC)
}

/// CLOCK_REALTIME now, in nanoseconds since 1970.
pub fn realtime() -> Nanos {
    platform::clock::read(platform::clock::REALTIME)
}

/// CLOCK_REALTIME now as a timespec, for inode times.
pub fn now() -> Timespec {
    timespec(realtime())
}

/// Nanoseconds as a timespec.
pub fn timespec(nanos: Nanos) -> Timespec {
    Timespec { seconds: (nanos / SECOND) as i64, nanoseconds: (nanos % SECOND) as i64 }
}

/// What is due when.
#[derive(Default)]
pub struct Timers {
    due: Arc<Mutex<Due>>,
}

#[derive(Default)]
struct Due {
    next: u64,
    list: BTreeMap<(Nanos, u64), Arc<dyn Listener>>,
}

/// A set timer, taken back when dropped.
pub struct Timer {
    due: Weak<Mutex<Due>>,
    key: (Nanos, u64),
}

impl Timers {
    /// Tells `listener` (with `Events::IN`) once the monotonic clock has reached `when`.
    pub fn at(&self, when: Nanos, listener: Arc<dyn Listener>) -> Timer {
        let mut due = self.due.lock();
        due.next = due.next.wrapping_add(1);
        let key = (when, due.next);
        due.list.insert(key, listener);
        Timer { due: Arc::downgrade(&self.due), key }
    }

    /// When the next timer is due.
    pub fn next(&self) -> Option<Nanos> {
        self.due.lock().list.keys().next().map(|(when, _)| *when)
    }

    /// Tells every listener that is due at `now`.
    pub fn expire(&self, now: Nanos) {
        loop {
            let listener = {
                let mut due = self.due.lock();
                match due.list.first_entry() {
                    Some(entry) if entry.key().0 <= now => entry.remove(),
                    _ => return,
                }
            };
            listener.notify(Events::IN);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(due) = self.due.upgrade() {
            due.lock().list.remove(&self.key);
        }
    }
}
