//! Processor limits without cgroups: a pod that has used more time than it may is stopped until the
//! average is right again, as CFS bandwidth control does with its quota and period (cgroups(7)).
//!
//! Owns: when guests are held. Does not own: stops that guests ask for (`task::signals`); a process
//! that is stopped by a signal stays so.

use std::sync::{Arc, Weak};

use abi::signal::Signal;

use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::Process;
use crate::time::{Nanos, Timer, monotonic};
use crate::wait::{Events, Listener};

/// How often use is compared with what is allowed.
const PERIOD: Nanos = 50_000_000;
/// The longest time that guests are held at once.
const LONGEST: Nanos = 500_000_000;

/// What a pod has used and whether it is held.
#[derive(Default)]
pub struct Throttle(Mutex<State>);

#[derive(Default)]
struct State {
    timer: Option<Timer>,
    looked: Nanos,
    used: Nanos,
    held: bool,
}

impl Kernel {
    /// Begins to compare, where the pod has a limit and nobody compares yet. To be called when a
    /// guest goes on.
    pub fn watch_processors(self: &Arc<Self>) {
        let Some(limit) = self.pod.cpus else { return };
        let idle = self.throttle.0.lock().timer.is_none();
        if idle && limit < platform::clock::processors() as f64 {
            let used = self.processor_time();
            let mut state = self.throttle.0.lock();
            (state.looked, state.used) = (monotonic(), used);
            state.timer = Some(self.compare_in(PERIOD));
        }
    }

    fn compare_in(self: &Arc<Self>, delay: Nanos) -> Timer {
        self.timers.at(monotonic().saturating_add(delay), Arc::new(Compare(Arc::downgrade(self))))
    }

    fn compare(self: &Arc<Self>) {
        let (now, used) = (monotonic(), self.processor_time());
        let limit = self.pod.cpus.unwrap_or(f64::INFINITY);
        let (was_held, over) = {
            let mut state = self.throttle.0.lock();
            let allowed = now.saturating_sub(state.looked) as f64 * limit;
            let over = used.saturating_sub(state.used) as f64 - allowed;
            let was_held = std::mem::take(&mut state.held);
            if over <= 0.0 {
                (state.looked, state.used) = (now, used);
            }
            (was_held, over)
        };
        if over > 0.0 {
            if !was_held {
                self.signal_running(Signal::SIGSTOP);
            }
            let timer = self.compare_in(((over / limit) as Nanos).clamp(1_000_000, LONGEST));
            let mut state = self.throttle.0.lock();
            state.held = true;
            state.timer = Some(timer);
            return;
        }
        if was_held {
            self.signal_running(Signal::SIGCONT);
        }
        let runs = self.containers().iter().any(|container| container.somebody_runs());
        let timer = runs.then(|| self.compare_in(PERIOD));
        self.throttle.0.lock().timer = timer;
    }

    fn processor_time(&self) -> Nanos {
        let containers = self.containers();
        containers.iter().map(|container| container.cpu_microseconds().saturating_mul(1000)).sum()
    }

    fn signal_running(&self, signal: Signal) {
        let processes = self.containers().into_iter().flat_map(|container| container.processes());
        for process in processes.filter(|process: &Arc<Process>| !process.is_zombie() && !process.is_stopped()) {
            self.platform.signal(process.host, None, signal, None);
        }
    }
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
