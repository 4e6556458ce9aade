//! Memory limits without cgroups: guests map anonymous memory natively, so the kernel looks at what
//! the host counts, often enough that nobody can get far beyond, and not at all while nobody runs.
//!
//! The process that holds the most is killed, as Linux's own out-of-memory killer does in a memory
//! cgroup; oom_score_adj counts. See cgroups(7) and proc_pid_oom_score_adj(5).

use std::sync::{Arc, Weak};

use super::measure::Held;
use crate::container::Container;
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::Process;
use crate::time::{Nanos, SECOND, Timer};
use crate::wait::{Events, Listener};

/// Faster than this no processor fills memory: bytes in a second.
const FILL_RATE: u64 = 4 << 30;
/// The shortest and the longest time between two looks.
const SHORTEST: Nanos = 1_000_000;
const LONGEST: Nanos = 1_000_000_000;
/// A look that takes longer is not made seldom for that, and has the guests held still.
const SHORT: Nanos = 5_000_000;
/// Page tables from which on measuring pages takes long.
const MANY_TABLES: u64 = 2 << 20;

/// When to look next.
#[derive(Default)]
pub struct Watch(Mutex<State>);

#[derive(Default)]
struct State {
    timer: Option<Timer>,
    /// How long guests need at least to fill what was left at the last look.
    delay: Nanos,
    /// The count of [`crate::activity::Activity`] at a look that found nobody running: nobody needs to look until it
    /// is another one.
    rested_at: Option<u64>,
    /// The count of files that were ever mapped, at the last look that was set.
    mapped: u64,
}

impl Kernel {
    /// Looks again soon, where somebody has a limit, may run, and nobody looks yet. To be called whenever a
    /// guest may have gone on. What is held for its use of processors fills nothing: a look that was set before
    /// still comes, and the next once it goes on, so that looks do not use up what the pod may use.
    pub fn watch_memory(self: &Arc<Self>) {
        if self.throttle.holds() {
            return;
        }
        let (idle, more, delay) = {
            let mut state = self.memory_watch.0.lock();
            let mapped = crate::fs::mapped::count_of_added();
            let more = std::mem::replace(&mut state.mapped, mapped) != mapped;
            (state.timer.is_none() && state.rested_at != Some(self.activity.count()), more, state.delay)
        };
        if more {
            // How much there is to fill of its file system was not asked at the last look.
            self.look_in(SHORTEST);
        } else if idle && (self.pod.memory_bytes.is_some() || self.needs_looks()) {
            self.look_in(delay.max(SHORTEST));
        }
    }

    fn look_in(self: &Arc<Self>, delay: Nanos) {
        let when = crate::time::monotonic().saturating_add(delay);
        let timer = self.timers.at(when, Arc::new(Alarm(Arc::downgrade(self))));
        let old = self.memory_watch.0.lock().timer.replace(timer);
        drop(old);
    }

    fn look(self: &Arc<Self>) {
        let old = self.memory_watch.0.lock().timer.take();
        drop(old);
        let (seen, begun) = (self.activity.count(), crate::time::monotonic());
        let containers = self.containers();
        let own = containers.iter().filter_map(|container| {
            let limit = container.limits.memory_bytes?;
            Some(enforce(std::slice::from_ref(container), limit, container.memory_of_files()))
        });
        let least = own.min();
        let whole = self.pod.memory_bytes.map(|limit| enforce(&containers, limit, self.memory_of_pod(&containers)));
        if least.is_none() && whole.is_none() {
            // Nobody has a limit: only what is mapped no more is to be let go.
            for container in &containers {
                container.memory_files.bytes();
            }
        }
        let sizes = self.enforce_sizes();
        let headroom = [least, whole, sizes].into_iter().flatten().min();
        let took = crate::time::monotonic().saturating_sub(begun);
        let delay = headroom.map_or(LONGEST, time_to_fill).max(took.min(SHORT).saturating_mul(2));
        let held = self.throttle.holds();
        let runs = !held && self.somebody_runs();
        {
            let mut state = self.memory_watch.0.lock();
            (state.delay, state.rested_at) = (delay, (!held && !runs).then_some(seen));
        }
        if runs {
            self.look_in(delay);
        }
    }
}

/// How long guests take at least to fill `bytes`.
fn time_to_fill(bytes: u64) -> Nanos {
    let rate = u128::from(FILL_RATE) * platform::clock::processors() as u128;
    let time = u128::from(bytes) * u128::from(SECOND) / rate;
    Nanos::try_from(time).unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
}

struct Alarm(Weak<Kernel>);

impl Listener for Alarm {
    fn notify(&self, _: Events) {
        if let Some(kernel) = self.0.upgrade() {
            kernel.look();
        }
    }
}

/// Kills while the containers hold more than `limit` together, with `files` in memory; answers how much
/// is left.
fn enforce(containers: &[Arc<Container>], limit: u64, files: u64) -> u64 {
    let living = |container: &Arc<Container>| -> Vec<Arc<Process>> {
        container.processes().into_iter().filter(|process| !process.is_zombie()).collect()
    };
    let processes = containers.iter().flat_map(living);
    let held: Vec<(Held, Arc<Process>)> = processes.map(|process| (process.held_roughly(), process)).collect();
    let total = sum(&held, files, Held::total);
    if total <= limit {
        return limit - total;
    }
    Look { limit, files, held }.closely()
}

fn sum(held: &[(Held, Arc<Process>)], files: u64, of: impl Fn(&Held) -> u64) -> u64 {
    held.iter().map(|(held, _)| of(held)).fold(files, u64::saturating_add)
}

/// A look at processes that may hold too much.
struct Look {
    limit: u64,
    files: u64,
    held: Vec<(Held, Arc<Process>)>,
}

impl Look {
    /// Measures what each holds where that decides, and kills; answers how much is left.
    ///
    /// The host walks every page and every mapping of a process for that, which takes it a second where a guest
    /// wants it to: guests that hold so many, or whose measuring takes long, are held still meanwhile.
    fn closely(mut self) -> u64 {
        if sum(&self.held, self.files, Held::tables) > self.limit {
            return self.kill();
        }
        let mut still = Vec::new();
        let begun = crate::time::monotonic();
        let many_pages = sum(&self.held, 0, Held::tables) > MANY_TABLES;
        for at in 0..self.held.len() {
            let long = crate::time::monotonic().saturating_sub(begun) > SHORT;
            if still.is_empty() && (many_pages || long) {
                still = self.hold_still();
            }
            if let Some((held, process)) = self.held.get_mut(at) {
                *held = process.held_exactly();
            }
        }
        let left = self.kill();
        for process in still {
            process.resume();
        }
        left
    }

    /// Stops the processes but those that are stopped already; answers them.
    fn hold_still(&self) -> Vec<Arc<Process>> {
        let runs = |process: &Arc<Process>| !process.is_stopped() && !process.kernel().throttle.holds();
        let running: Vec<Arc<Process>> =
            self.held.iter().map(|(_, process)| Arc::clone(process)).filter(runs).collect();
        for process in &running {
            process.halt();
        }
        running
    }

    fn kill(self) -> u64 {
        let total = sum(&self.held, self.files, Held::total);
        for process in victims(self.held, self.limit, total, self.files) {
            process.note_out_of_memory();
            process.kill();
        }
        self.limit.saturating_sub(total)
    }
}

/// Whom to kill so that `total`, of which `files` hold some, falls to `limit`. What files hold may go with any of those
/// who use them: of these only one is killed before the next look.
fn victims(mut held: Vec<(Held, Arc<Process>)>, limit: u64, total: u64, files: u64) -> Vec<Arc<Process>> {
    let dying = |(_, process): &(Held, Arc<Process>)| process.was_out_of_memory();
    let leaving: u64 = held.iter().filter(|one| dying(one)).map(|(held, _)| held.total()).sum();
    let mut waits = held.iter().any(dying);
    let mut over = total.saturating_sub(limit).saturating_sub(leaving);
    held.retain(|one| !dying(one));
    let mut chosen = Vec::new();
    while over > 0 && !(waits && over <= files) {
        let worst = held.iter().enumerate().max_by_key(|(_, (held, process))| badness(held, process, limit, files));
        let Some(at) = worst.map(|(at, _)| at) else { break };
        let (held, process) = held.swap_remove(at);
        over = over.saturating_sub(held.total());
        chosen.push(process);
        waits = true;
    }
    chosen
}

/// Linux's badness: what it holds, what it has mapped of `files`, and a thousandth of the limit for each point of
/// oom_score_adj.
fn badness(held: &Held, process: &Process, limit: u64, files: u64) -> i128 {
    let points = i128::from(process.settings.lock().oom_score_adj);
    let shared = process.shared_bytes().min(files).max(held.shared);
    i128::from(held.total()) + i128::from(shared) + points * i128::from(limit) / 1000
}
