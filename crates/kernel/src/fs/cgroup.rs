//! The control group of a container as its guests see it, cgroups(7), version 2.
//!
//! Owns: the files at /sys/fs/cgroup that runtimes read to size their heaps and pools. Read-only: a
//! container cannot make groups. Does not own: the limits (`container`, `pod`).

use std::sync::Arc;

use crate::fs::pseudo::{Line, PseudoFs, Tree};
use crate::task::Task;
use crate::vfs::FileSystem;

/// CGROUP2_SUPER_MAGIC of statfs(2).
const MAGIC: u64 = 0x6367_7270;

/// Microseconds of a scheduling period.
const PERIOD: f64 = 100_000.0;

/// The files whose text never changes.
const FIXED: &[(&str, &str)] = &[
    ("cgroup.controllers", "cpuset cpu io memory hugetlb pids"),
    ("cgroup.events", "populated 1\nfrozen 0"),
    ("cgroup.freeze", "0"),
    ("cgroup.max.depth", "max"),
    ("cgroup.max.descendants", "max"),
    ("cgroup.stat", "nr_descendants 0\nnr_dying_descendants 0"),
    ("cgroup.type", "domain"),
    ("cpu.idle", "0"),
    ("cpu.max.burst", "0"),
    ("cpu.weight", "100"),
    ("cpu.weight.nice", "0"),
    ("cpuset.cpus.partition", "member"),
    ("cpuset.mems.effective", "0"),
    ("io.weight", "default 100"),
    ("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0"),
    ("memory.high", "max"),
    ("memory.low", "0"),
    ("memory.min", "0"),
    ("memory.oom.group", "0"),
    ("memory.swap.current", "0"),
    ("memory.swap.events", "high 0\nmax 0\nfail 0"),
    ("memory.swap.high", "max"),
    ("memory.swap.max", "0"),
    ("pids.events", "max 0"),
];

/// The files that depend on the container.
const COMPUTED: &[(&str, Line)] = &[
    ("cgroup.procs", processes),
    ("cgroup.threads", threads),
    ("cpu.max", processor_quota),
    ("cpu.stat", processor_time),
    ("cpuset.cpus.effective", |task| task.kernel().pod.processor_list()),
    ("memory.current", |task| used(task).to_string()),
    ("memory.max", |task| limit(task.process().container().memory_limit())),
    ("memory.peak", |task| used(task).to_string()),
    ("memory.stat", memory_statistics),
    ("pids.current", |task| task.process().container().threads().to_string()),
    ("pids.max", |task| limit(task.process().container().limits.pids.or(task.kernel().pod.pids_limit))),
    ("pids.peak", |task| task.process().container().threads().to_string()),
];

/// The control group of whoever looks.
pub fn new() -> Arc<dyn FileSystem> {
    PseudoFs::new("cgroup2", MAGIC, |fs| {
        let mut tree = Tree::default();
        for (name, text) in FIXED {
            tree.text(fs, name, text);
        }
        for (name, text) in COMPUTED {
            tree.computed(fs, name, text);
        }
        for name in ["cgroup.subtree_control", "cpuset.cpus", "cpuset.mems", "io.max", "io.stat"] {
            tree.text(fs, name, "");
        }
        tree.build(fs, 1)
    })
}

fn limit(limit: Option<u64>) -> String {
    limit.map_or_else(|| "max".to_owned(), |limit| limit.to_string())
}

fn used(task: &Arc<Task>) -> u64 {
    task.process().container().memory_used()
}

fn lines(numbers: impl Iterator<Item = i32>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join("\n")
}

fn processes(task: &Arc<Task>) -> String {
    let living = task.process().container().processes().into_iter().filter(|process| !process.is_zombie());
    lines(living.map(|process| process.pid.0))
}

fn threads(task: &Arc<Task>) -> String {
    let all = task.process().container().processes().into_iter().flat_map(|process| process.tasks());
    lines(all.map(|task| task.tid.0))
}

fn processor_quota(task: &Arc<Task>) -> String {
    match task.kernel().pod.cpus {
        Some(cpus) => format!("{} {PERIOD}", (cpus * PERIOD).round()),
        None => format!("max {PERIOD}"),
    }
}

fn processor_time(_: &Arc<Task>) -> String {
    let (user, system) = platform::machine::ticks();
    let [user, system] = [user, system].map(|ticks| ticks.saturating_mul(10_000));
    let usage = user.saturating_add(system);
    format!(
        "usage_usec {usage}\nuser_usec {user}\nsystem_usec {system}\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0"
    )
}

fn memory_statistics(task: &Arc<Task>) -> String {
    let zeros = [
        "file",
        "kernel",
        "kernel_stack",
        "pagetables",
        "sock",
        "shmem",
        "file_mapped",
        "file_dirty",
        "inactive_anon",
        "inactive_file",
        "active_file",
        "unevictable",
        "slab",
        "pgfault",
        "pgmajfault",
    ];
    let used = used(task);
    zeros.iter().fold(format!("anon {used}\nactive_anon {used}"), |text, name| format!("{text}\n{name} 0"))
}
