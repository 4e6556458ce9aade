//! Processor limits without cgroups: a pod that has used more time than it may is stopped until the
//! average is right again, as CFS bandwidth control does with its quota and period (cgroups(7)).
//!
//! Owns: when guests are held. Does not own: stops that guests ask for (`task::signals`); a process
//! that is stopped by a signal stays so.

use std::sync::{Arc, Weak};

use abi::signal::{SigInfo, Signal};
use platform::HostTask;

use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::Process;
use crate::time::{Nanos, Timer, monotonic};
use crate::wait::{Events, Listener};

/// In which time a pod with a limit may be ahead of it: the finer, the shorter the holds.
const GRAIN: Nanos = 200_000_000;
/// The shortest and the longest time between two comparisons while nobody is held. A stop makes the host begin a
/// clone(2) anew, so that a much shorter time would let none succeed.
const SHORTEST: Nanos = 10_000_000;
const LONGEST: Nanos = 50_000_000;
/// The longest time that guests are held at once.
const LONGEST_HOLD: Nanos = 500_000_000;
/// For how long a pod that used less than it may saves up.
const CREDIT: Nanos = 100_000_000;

/// What a pod has used and whether it is held.
#[derive(Default)]
pub struct Throttle(Mutex<State>);

#[derive(Default)]
struct State {
    timer: Option<Timer>,
    looked: Nanos,
    used: Nanos,
    held: bool,
    /// What makes held processes go on, which has to wait: SIGCONT.
    postponed: Vec<(Weak<Process>, SigInfo)>,
    /// The count of [`crate::activity::Activity`] when nobody ran any more.
    rested_at: Option<u64>,
}

impl State {
    /// By how much more was used than allowed; whatever was not used for long is forfeited.
    fn over(&mut self, now: Nanos, used: Nanos, limit: f64) -> Option<Nanos> {
        if !self.held {
            self.looked = self.looked.max(now.saturating_sub(CREDIT));
        }
        let allowed = now.saturating_sub(self.looked) as f64 * limit;
        let over = used.saturating_sub(self.used) as f64 - allowed;
        if over > 0.0 {
            return Some(over as Nanos);
        }
        (self.looked, self.used) = (now, used);
        None
    }
}

impl Throttle {
    /// True while guests are held.
    pub fn holds(&self) -> bool {
        self.0.lock().held
    }

    /// True if a SIGCONT for `process` comes when guests are held no more. On the host it would make a process go on
    /// at once, and a timer of a guest's sends it as often as that likes.
    pub fn postpones(&self, process: &Arc<Process>, info: SigInfo) -> bool {
        let mut state = self.0.lock();
        let holds = state.held;
        if holds && !state.postponed.iter().any(|(other, _)| std::ptr::eq(other.as_ptr(), Arc::as_ptr(process))) {
            state.postponed.push((Arc::downgrade(process), info));
        }
        holds
    }

    /// Forgets a SIGCONT for `process`: one that stops it came later, signal(7).
    pub fn discard(&self, process: &Process) {
        self.0.lock().postponed.retain(|(other, _)| !std::ptr::eq(other.as_ptr(), process));
    }
}

impl Kernel {
    /// Begins to compare, where the pod has a limit and nobody compares yet. To be called whenever a guest
    /// may have gone on.
    pub fn watch_processors(self: &Arc<Self>) {
        let Some(limit) = self.pod.cpus else { return };
        if limit >= platform::clock::processors() as f64 {
            return;
        }
        let idle = {
            let state = self.throttle.0.lock();
            state.timer.is_none() && state.rested_at != Some(self.activity.count())
        };
        if self.throttle.0.lock().looked == 0 {
            let used = self.processor_time();
            let mut state = self.throttle.0.lock();
            (state.looked, state.used) = (monotonic(), used);
        }
        if idle {
            self.throttle.0.lock().timer = Some(self.compare_in(period(limit)));
        }
    }

    fn compare_in(self: &Arc<Self>, delay: Nanos) -> Timer {
        self.timers.at(monotonic().saturating_add(delay), Arc::new(Compare(Arc::downgrade(self))))
    }

    fn compare(self: &Arc<Self>) {
        let limit = self.pod.cpus.unwrap_or(f64::INFINITY);
        let (now, used, seen) = (monotonic(), self.processor_time(), self.activity.count());
        let (was_held, over) = {
            let mut state = self.throttle.0.lock();
            let over = state.over(now, used, limit);
            (std::mem::replace(&mut state.held, over.is_some()), over)
        };
        if let Some(over) = over {
            for process in self.running() {
                process.halt();
            }
            let timer = self.compare_in(((over as f64 / limit) as Nanos).clamp(SHORTEST / 2, LONGEST_HOLD));
            self.throttle.0.lock().timer = Some(timer);
            return;
        }
        if was_held {
            self.release();
        }
        let timer = (was_held || self.somebody_runs()).then(|| self.compare_in(period(limit)));
        let mut state = self.throttle.0.lock();
        state.rested_at = timer.is_none().then_some(seen);
        state.timer = timer;
    }

    fn release(&self) {
        for process in self.running() {
            process.resume();
        }
        let postponed = std::mem::take(&mut self.throttle.0.lock().postponed);
        for (process, info) in postponed {
            if let Some(process) = process.upgrade() {
                process.send_signal(Signal::SIGCONT, info);
            }
        }
    }

    /// What the guests have used, living and ended, and the kernel for them.
    fn processor_time(&self) -> Nanos {
        let containers = self.containers();
        let guests: Nanos = containers.iter().map(|container| container.cpu_microseconds().saturating_mul(1000)).sum();
        guests.saturating_add(platform::clock::own_time())
    }

    /// The processes that no signal has stopped.
    fn running(&self) -> impl Iterator<Item = Arc<Process>> {
        self.living().into_iter().filter(|process| !process.is_stopped())
    }
}

impl Process {
    /// Stops all its threads on the host. The host gives a signal for the process to its first thread, and a
    /// thread whose call we have received takes none before the answer, so that those that run get one of their own.
    pub fn halt(&self) {
        let kernel = self.kernel();
        let waits = |host: &HostTask| kernel.known_task(*host).is_some_and(|task| task.is_in_call());
        self.signal_host(None, Signal::SIGSTOP);
        for thread in kernel.platform.threads(self.host).into_iter().filter(|thread| !waits(thread)) {
            self.signal_host(Some(thread), Signal::SIGSTOP);
        }
    }

    /// Lets what [`Process::halt`] stopped go on.
    pub fn resume(&self) {
        self.signal_host(None, Signal::SIGCONT);
    }

    fn signal_host(&self, thread: Option<HostTask>, signal: Signal) {
        self.kernel().platform.signal(self.host, thread, signal, None);
    }
}

/// How long a pod may run before it is compared: on all processors it uses [`GRAIN`] of its limit meanwhile.
fn period(limit: f64) -> Nanos {
    ((GRAIN as f64 * limit / platform::clock::processors() as f64) as Nanos).clamp(SHORTEST, LONGEST)
}

struct Compare(Weak<Kernel>);

impl Listener for Compare {
    fn notify(&self, _: Events) {
        if let Some(kernel) = self.0.upgrade() {
            let fired = kernel.throttle.0.lock().timer.take();
            drop(fired);
            kernel.compare();
        }
    }
}
