//! The clocks that calls name, clock_getres(2).
//!
//! Owns: [`Clock`], from a `clockid_t` to a time. Does not own: the time itself, which is the
//! host's: guests read most clocks without a call, from the host's vDSO, and must not see another.

use std::sync::Arc;

use abi::Errno;

use super::Nanos;
use crate::task::{Process, Task};

/// A clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// One of the machine's, by the host's number.
    Machine(i32),
    /// Processor time of the caller's process.
    Process,
    /// Processor time of the calling thread.
    Thread,
}

/// CLOCK_PROCESS_CPUTIME_ID.
const PROCESS_CPUTIME: i32 = 2;
/// CLOCK_THREAD_CPUTIME_ID.
const THREAD_CPUTIME: i32 = 3;
/// The bit of a dynamic clock id that says "a thread's", clock_getcpuclockid(3).
const PER_THREAD: i32 = 4;
/// The low bits of a dynamic clock id of a descriptor, clock_gettime(2).
const DESCRIPTOR: i32 = 3;

impl Clock {
    /// The clock of that id, or `EINVAL`. Processor time of other processes is not told.
    pub fn new(id: i32, task: &Task) -> Result<Clock, Errno> {
        match id {
            PROCESS_CPUTIME => Ok(Clock::Process),
            THREAD_CPUTIME => Ok(Clock::Thread),
            0..=11 if platform::clock::resolution(id) > 0 => Ok(Clock::Machine(id)),
            0.. => Err(Errno::EINVAL),
            _ if id & 7 == DESCRIPTOR => Err(Errno::EINVAL),
            _ => {
                let (whose, thread) = (!(id >> 3), id & PER_THREAD != 0);
                match whose == 0 || (if thread { task.tid } else { task.process().pid }).0 == whose {
                    true if thread => Ok(Clock::Thread),
                    true => Ok(Clock::Process),
                    false => Err(Errno::EINVAL),
                }
            }
        }
    }

    /// The time now.
    pub fn now(self, task: &Task) -> Nanos {
        match self {
            Clock::Machine(id) => platform::clock::read(id),
            Clock::Process => task.process().processor_time(),
            Clock::Thread => task.processor_time(),
        }
    }

    /// How much time passes at least until the clock has gone on by `nanos`.
    pub(super) fn least_wait(self, nanos: Nanos) -> Nanos {
        match self {
            Clock::Machine(_) => nanos,
            Clock::Process | Clock::Thread => nanos / platform::clock::processors() as u64,
        }
    }

    /// The smallest step.
    pub fn resolution(self) -> Nanos {
        match self {
            Clock::Machine(id) => platform::clock::resolution(id),
            Clock::Process | Clock::Thread => 1,
        }
    }

    /// The time now for a timer of `process`, which outlives the thread that made it.
    pub(super) fn now_for(self, process: &Arc<Process>) -> Nanos {
        match self {
            Clock::Machine(id) => platform::clock::read(id),
            Clock::Process | Clock::Thread => process.processor_time(),
        }
    }
}
