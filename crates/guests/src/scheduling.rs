//! Scheduling: sched(7), getpriority(2).

use rustix::process::{getpriority_process, nice, setpriority_process};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::{Program, call, see};

pub(crate) const PROGRAMS: &[Program] = &[("scheduling/affinity", affinity), ("scheduling/nice", nicer)];

fn affinity() {
    let Ok(all) = sched_getaffinity(None) else { return see("affinity", false) };
    see("some", all.count() > 0);
    let first = (0..CpuSet::MAX_CPU).find(|number| all.is_set(*number)).unwrap_or(0);
    let mut one = CpuSet::new();
    one.set(first);
    call("only the first", sched_setaffinity(None, &one));
    call("now", sched_getaffinity(None).map(|set| set.count()));
    call("none", sched_setaffinity(None, &CpuSet::new()));
    let mut missing = CpuSet::new();
    missing.set(1000);
    call("one that is not there", sched_setaffinity(None, &missing));
    call("all", sched_setaffinity(None, &all));
}

fn nicer() {
    call("before", getpriority_process(None));
    call("nicer", nice(5));
    call("now", getpriority_process(None));
    call("nicest", setpriority_process(None, 100));
    call("now", getpriority_process(None));
}
