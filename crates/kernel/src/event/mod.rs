//! Descriptors that stand for events: eventfd(2), timerfd_create(2), signalfd(2), epoll(7), inotify(7).
//!
//! Owns: their counters, timers and ready lists. Does not own: what becomes ready (each object's
//! `wait::WaitQueue`), who changes files (`vfs::notify`).

mod counter;
pub mod epoll;
mod inotify;
mod signals;
mod timer;

use abi::stat::Stat;

pub use counter::EventCounter;
pub use inotify::Inotify;
pub use signals::SignalFile;
pub use timer::{TimerClock, TimerFile};

/// The status of a descriptor without a file: Linux has one inode for all of them.
fn anonymous_stat() -> Stat {
    Stat { dev: 0xe, ino: 1, nlink: 1, mode: 0o600, blksize: 4096, ..Stat::default() }
}
