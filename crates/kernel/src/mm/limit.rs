//! Memory limits without cgroups: guests map anonymous memory natively, so the kernel looks at what
//! the host counts, often enough that nobody can get far beyond, and not at all while nobody runs.
//!
//! The process that holds the most is killed, as Linux's own out-of-memory killer does in a memory
//! cgroup; oom_score_adj counts. See cgroups(7) and proc_pid_oom_score_adj(5).

use std::sync::{Arc, Weak};

use crate::container::Container;
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::Process;
use crate::time::{Nanos, Timer};
use crate::wait::{Events, Listener};

/// Faster than this no guest fills memory: bytes in a second.
const FILL_RATE: u64 = 4 << 30;
/// The shortest and the longest time between two looks.
const SHORTEST: Nanos = 2_000_000;
const LONGEST: Nanos = 1_000_000_000;
/// What the kernel itself takes without any guest, in bytes.
const KERNEL_BASE: u64 = 8 << 20;

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
}

impl Kernel {
    /// Looks again soon, where somebody has a limit, may run, and nobody looks yet. To be called whenever a
    /// guest may have gone on.
    pub fn watch_memory(self: &Arc<Self>) {
        if self.pod.memory_bytes.is_none() && !self.has_limited_container() {
            return;
        }
        let (idle, delay) = {
            let state = self.memory_watch.0.lock();
            (state.timer.is_none() && state.rested_at != Some(self.activity.count()), state.delay)
        };
        if idle {
            self.look_in(delay.max(SHORTEST));
        }
    }

    fn look_in(self: &Arc<Self>, delay: Nanos) {
        let when = crate::time::monotonic().saturating_add(delay);
        let timer = self.timers.at(when, Arc::new(Look(Arc::downgrade(self))));
        let old = self.memory_watch.0.lock().timer.replace(timer);
        drop(old);
    }

    fn look(self: &Arc<Self>) {
        let old = self.memory_watch.0.lock().timer.take();
        drop(old);
        let seen = self.activity.count();
        let containers = self.containers();
        let own = containers.iter().filter_map(|container| {
            let limit = container.limits.memory_bytes?;
            Some(enforce(std::slice::from_ref(container), limit, container.file_bytes()))
        });
        let least = own.min();
        let whole = self.pod.memory_bytes.map(|limit| enforce(&containers, limit, self.file_bytes(&containers)));
        let Some(headroom) = [least, whole].into_iter().flatten().min() else { return };
        let delay = u128::from(headroom) * 1_000_000_000 / u128::from(FILL_RATE);
        let delay = (delay as Nanos).clamp(SHORTEST, LONGEST);
        let runs = self.somebody_runs();
        {
            let mut state = self.memory_watch.0.lock();
            (state.delay, state.rested_at) = (delay, (!runs).then_some(seen));
        }
        if runs {
            self.look_in(delay);
        }
    }
}

impl Kernel {
    /// What the files in memory of the whole pod hold. Small ones lie in the kernel's own memory, so the
    /// larger of both counts.
    fn file_bytes(&self, containers: &[Arc<Container>]) -> u64 {
        let own = containers.iter().map(|container| container.file_bytes());
        own.fold(self.volumes.memory_bytes(), u64::saturating_add).max(self.own_bytes())
    }

    /// What the kernel's process holds for its guests: buffers, sockets, small files.
    fn own_bytes(&self) -> u64 {
        let text = self.platform.proc_file(platform::HostTask(std::process::id().cast_signed()), "status");
        figure(&String::from_utf8_lossy(&text), "RssAnon").saturating_sub(KERNEL_BASE)
    }
}

struct Look(Weak<Kernel>);

impl Listener for Look {
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
    let mut processes: Vec<Arc<Process>> = containers.iter().flat_map(living).collect();
    let roughly: u64 = processes.iter().map(|process| process.memory_roughly()).sum();
    if roughly.saturating_add(files) <= limit {
        return limit - roughly - files;
    }
    let mut held: Vec<(u64, Arc<Process>)> =
        processes.drain(..).map(|process| (process.memory_proportional(), process)).collect();
    let mut total: u64 = held.iter().map(|(bytes, _)| *bytes).sum::<u64>().saturating_add(files);
    while total > limit {
        let worst = held.iter().enumerate().max_by_key(|(_, (bytes, process))| badness(*bytes, process, limit));
        let Some(at) = worst.map(|(at, _)| at) else { break };
        let (bytes, process) = held.swap_remove(at);
        process.note_out_of_memory();
        process.kill();
        total = total.saturating_sub(bytes);
    }
    limit.saturating_sub(total)
}

/// Linux's badness: what it holds, and a thousandth of the limit for each point of oom_score_adj.
fn badness(bytes: u64, process: &Process, limit: u64) -> i128 {
    let points = i128::from(process.settings.lock().oom_score_adj);
    i128::from(bytes) + points * i128::from(limit) / 1000
}

/// A figure of a /proc file in bytes; the file gives KiB.
fn figure(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|value| value.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

impl Container {
    /// What its processes and its files in memory hold, in bytes.
    pub fn memory_used(&self) -> u64 {
        let living = self.processes().into_iter().filter(|process| !process.is_zombie());
        living.map(|process| process.memory_proportional()).sum::<u64>().saturating_add(self.file_bytes())
    }
}

impl Kernel {
    /// The memory that guests see: the pod's limit where there is one, the host's otherwise.
    pub fn memory(&self) -> platform::machine::Memory {
        let host = platform::machine::memory();
        match self.pod.memory_bytes {
            Some(limit) if limit < host.total => {
                let own = self.containers();
                let own = own.iter().map(|container| container.memory_used());
                let used = own.fold(self.volumes.memory_bytes(), u64::saturating_add);
                platform::machine::Memory { total: limit, free: limit.saturating_sub(used).min(host.free) }
            }
            _ => host,
        }
    }
}

impl Process {
    /// Anonymous and shared memory of the process, in bytes, shared pages counted in full.
    pub fn memory_roughly(&self) -> u64 {
        let text = self.kernel().platform.proc_file(self.host, "status");
        let text = String::from_utf8_lossy(&text);
        figure(&text, "RssAnon").saturating_add(figure(&text, "RssShmem"))
    }

    /// The same with shared pages divided among those that share them.
    pub fn memory_proportional(&self) -> u64 {
        let text = self.kernel().platform.proc_file(self.host, "smaps_rollup");
        let text = String::from_utf8_lossy(&text);
        figure(&text, "Pss_Anon").saturating_add(figure(&text, "Pss_Shmem"))
    }
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_read_by_their_whole_name() {
        let text = "Rss:   100 kB\nPss_Anon:   7 kB\nPss_Anonymous: 9 kB\n";
        assert_eq!(figure(text, "Pss_Anon"), 7 << 10);
        assert_eq!(figure(text, "Pss_Shmem"), 0);
    }
}
