//! RLIMIT_CPU, setrlimit(2): guests run by themselves, so a timer on their processor time looks after it.
//!
//! Not inherited by fork(2) as a timer, but armed anew for the child, whose time begins at 0; execve(2) keeps it.

use std::sync::Arc;

use abi::resource::{RLIM_INFINITY, Rlimit};
use abi::signal::Signal;

use super::{Clock, IntervalTimer, SECOND, Setting};
use crate::task::signals::from_kernel;
use crate::task::{Process, Resource};

impl Process {
    /// Keeps the process to its RLIMIT_CPU as it is now: at the soft limit it gets SIGXCPU, and again after each
    /// further second, by which Linux raises the soft limit; at the hard limit it is killed.
    pub fn keep_to_processor_limit(self: &Arc<Self>) {
        let soft = self.limit(Resource::Cpu);
        let mut place = self.timers.processor_limit.lock();
        if soft == RLIM_INFINITY {
            let old = place.take();
            drop(place);
            drop(old);
            return;
        }
        let timer = place.get_or_insert_with(|| IntervalTimer::new(Clock::Process, self, Box::new(expired)));
        // A value of 0 would not set the timer.
        timer.set(Setting { value: soft.saturating_mul(SECOND).max(1), interval: SECOND }, true);
    }
}

fn expired(process: &Arc<Process>, seconds: u64) {
    let Rlimit { soft, hard } = process.limits.get(Resource::Cpu);
    if process.processor_time() >= hard.saturating_mul(SECOND) {
        return process.kill();
    }
    process.limits.set(Resource::Cpu, Rlimit { soft: soft.saturating_add(seconds).min(hard), hard });
    process.send_signal(Signal::SIGXCPU, from_kernel(Signal::SIGXCPU));
}
