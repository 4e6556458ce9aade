//! Scheduling: sched(7), getpriority(2), ioprio_set(2).
//!
//! The host schedules our guests as ordinary threads. What a guest sets is checked as Linux does,
//! kept and told; it changes nothing on the host.

use std::sync::Arc;

use abi::Errno;
use abi::sched::{
    SCHED_BATCH, SCHED_DEADLINE, SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK, SCHED_IDLE, SCHED_OTHER, SCHED_RESET_ON_FORK,
    SCHED_RR, SchedAttr,
};
use abi::time::Timespec;

use super::{Answer, Args, Call, find_task};
use crate::now;
use crate::task::{MAX_CPUS, Pid, Process, Resource, Task, UserPtr, capability};

pub(super) const CALLS: &[Call] = &[
    now!(SCHED_SETPARAM, sched_setparam, "kept and told only"),
    now!(SCHED_GETPARAM, sched_getparam),
    now!(SCHED_SETSCHEDULER, sched_setscheduler, "kept and told only"),
    now!(SCHED_GETSCHEDULER, sched_getscheduler),
    now!(SCHED_GET_PRIORITY_MAX, sched_get_priority_max),
    now!(SCHED_GET_PRIORITY_MIN, sched_get_priority_min),
    now!(SCHED_RR_GET_INTERVAL, sched_rr_get_interval),
    now!(SCHED_SETAFFINITY, sched_setaffinity, "kept and told only"),
    now!(SCHED_GETAFFINITY, sched_getaffinity),
    now!(SCHED_SETATTR, sched_setattr, "kept and told only; no deadlines"),
    now!(SCHED_GETATTR, sched_getattr),
    now!(GETPRIORITY, getpriority),
    now!(SETPRIORITY, setpriority, "kept and told only"),
    now!(IOPRIO_GET, ioprio_get),
    now!(IOPRIO_SET, ioprio_set, "kept and told only"),
];

fn named(task: &Arc<Task>, pid: u64) -> Result<Arc<Task>, Errno> {
    match Pid(pid as i32) {
        Pid(..0) => Err(Errno::EINVAL),
        pid => find_task(task, pid),
    }
}

/// Whether the caller may change how `target` is scheduled: the same user, or CAP_SYS_NICE.
fn may_schedule(task: &Task, target: &Task) -> Result<(), Errno> {
    let (caller, owner) = (task.credentials(), target.credentials());
    let same_user = [owner.uid, owner.euid].contains(&caller.euid);
    if same_user || caller.capable(capability::SYS_NICE) { Ok(()) } else { Err(Errno::EPERM) }
}

/// The lowest and highest priority of a policy, or `EINVAL`.
fn priorities(policy: u32) -> Result<(u32, u32), Errno> {
    match policy {
        SCHED_FIFO | SCHED_RR => Ok((1, 99)),
        SCHED_OTHER | SCHED_BATCH | SCHED_IDLE | SCHED_DEADLINE => Ok((0, 0)),
        _ => Err(Errno::EINVAL),
    }
}

/// Sets policy and priority after the rules of sched(7).
fn set_policy(task: &Arc<Task>, target: &Task, policy: u32, priority: u32, reset: bool) -> Result<(), Errno> {
    let (lowest, highest) = priorities(policy)?;
    if policy == SCHED_DEADLINE || !(lowest..=highest).contains(&priority) {
        return Err(Errno::EINVAL);
    }
    may_schedule(task, target)?;
    let limit = target.process().limit(Resource::RtPrio);
    if u64::from(priority) > limit && !task.credentials().capable(capability::SYS_NICE) {
        return Err(Errno::EPERM);
    }
    let mut scheduling = target.scheduling.lock();
    (scheduling.policy, scheduling.priority, scheduling.reset_on_fork) = (policy, priority, reset);
    Ok(())
}

fn sched_setscheduler(task: &Arc<Task>, [pid, policy, param, ..]: Args) -> Answer {
    if param == 0 || (policy as i32) < 0 {
        return Err(Errno::EINVAL.into());
    }
    let priority: u32 = task.read(UserPtr::new(param))?;
    let target = named(task, pid)?;
    let policy = policy as u32;
    set_policy(task, &target, policy & !SCHED_RESET_ON_FORK, priority, policy & SCHED_RESET_ON_FORK != 0)?;
    Ok(0)
}

fn sched_getscheduler(task: &Arc<Task>, [pid, ..]: Args) -> Answer {
    let target = named(task, pid)?;
    let scheduling = target.scheduling.lock();
    let flag = if scheduling.reset_on_fork { SCHED_RESET_ON_FORK } else { 0 };
    Ok(u64::from(scheduling.policy | flag))
}

fn sched_setparam(task: &Arc<Task>, [pid, param, ..]: Args) -> Answer {
    if param == 0 {
        return Err(Errno::EINVAL.into());
    }
    let priority: u32 = task.read(UserPtr::new(param))?;
    let target = named(task, pid)?;
    let (policy, reset) = {
        let scheduling = target.scheduling.lock();
        (scheduling.policy, scheduling.reset_on_fork)
    };
    set_policy(task, &target, policy, priority, reset)?;
    Ok(0)
}

fn sched_getparam(task: &Arc<Task>, [pid, param, ..]: Args) -> Answer {
    if param == 0 {
        return Err(Errno::EINVAL.into());
    }
    let priority = named(task, pid)?.scheduling.lock().priority;
    task.write(UserPtr::new(param), &priority)?;
    Ok(0)
}

fn sched_get_priority_max(_: &Arc<Task>, [policy, ..]: Args) -> Answer {
    Ok(priorities(policy as u32)?.1.into())
}

fn sched_get_priority_min(_: &Arc<Task>, [policy, ..]: Args) -> Answer {
    Ok(priorities(policy as u32)?.0.into())
}

fn sched_rr_get_interval(task: &Arc<Task>, [pid, buffer, ..]: Args) -> Answer {
    /// The slice of a SCHED_RR thread, /proc/sys/kernel/sched_rr_timeslice_ms.
    const ROUND_ROBIN: u64 = 100_000_000;
    /// The slice of an ordinary thread.
    const ORDINARY: u64 = 4_000_000;
    let slice = match named(task, pid)?.scheduling.lock().policy {
        SCHED_RR => ROUND_ROBIN,
        SCHED_FIFO => 0,
        _ => ORDINARY,
    };
    task.write(UserPtr::new(buffer), &Timespec::from_nanos(slice))?;
    Ok(0)
}

/// The mask of the processors that the pod has, in words of 64.
fn present(task: &Task) -> Vec<u64> {
    let count = task.kernel().pod.processors().min(MAX_CPUS);
    let words = count.div_ceil(64);
    (0..words).map(|word| u64::MAX >> 64_usize.saturating_sub((count - word * 64).min(64))).collect()
}

fn sched_setaffinity(task: &Arc<Task>, [pid, length, mask, ..]: Args) -> Answer {
    let present = present(task);
    let mut bytes = vec![0; present.len() * 8];
    let given = usize::try_from(length as u32).unwrap_or(0).min(bytes.len());
    task.read_bytes(mask, bytes.get_mut(..given).unwrap_or_default())?;
    let target = find_task(task, Pid(pid as i32))?;
    may_schedule(task, &target)?;
    let words = bytes.chunks_exact(8).map(|word| word.try_into().map_or(0, u64::from_le_bytes));
    let wanted: Vec<u64> = words.zip(present).map(|(word, present)| word & present).collect();
    if wanted.iter().all(|word| *word == 0) {
        return Err(Errno::EINVAL.into());
    }
    target.scheduling.lock().affinity = Some(wanted);
    Ok(0)
}

fn sched_getaffinity(task: &Arc<Task>, [pid, length, mask, ..]: Args) -> Answer {
    let present = present(task);
    let size = present.len() * 8;
    let length = u64::from(length as u32);
    if length < size as u64 || length % 8 != 0 {
        return Err(Errno::EINVAL.into());
    }
    let kept = find_task(task, Pid(pid as i32))?.scheduling.lock().affinity.clone();
    let bytes: Vec<u8> = kept.unwrap_or(present).iter().flat_map(|word| word.to_le_bytes()).collect();
    task.write_bytes(mask, &bytes)?;
    Ok(bytes.len() as u64)
}

fn sched_setattr(task: &Arc<Task>, [pid, address, flags, ..]: Args) -> Answer {
    if address == 0 || flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    let attr = task.read(UserPtr::<SchedAttr>::new(address))?;
    if attr.size != 0 && (attr.size as usize) < size_of::<SchedAttr>() {
        return Err(Errno::E2BIG.into());
    }
    let target = named(task, pid)?;
    set_policy(task, &target, attr.policy, attr.priority, attr.flags & SCHED_FLAG_RESET_ON_FORK != 0)?;
    if matches!(attr.policy, SCHED_OTHER | SCHED_BATCH) {
        set_nice(task, &target, attr.nice)?;
    }
    Ok(0)
}

fn sched_getattr(task: &Arc<Task>, [pid, address, size, flags, ..]: Args) -> Answer {
    let whole = size_of::<SchedAttr>() as u64;
    if address == 0 || flags != 0 || !(whole..=4096).contains(&size) {
        return Err(Errno::EINVAL.into());
    }
    let target = named(task, pid)?;
    let attr = {
        let scheduling = target.scheduling.lock();
        SchedAttr {
            size: whole as u32,
            policy: scheduling.policy,
            flags: if scheduling.reset_on_fork { SCHED_FLAG_RESET_ON_FORK } else { 0 },
            nice: scheduling.nice,
            priority: scheduling.priority,
            ..SchedAttr::default()
        }
    };
    task.write(UserPtr::new(address), &attr)?;
    Ok(0)
}

/// The threads that `which` and `who` of getpriority(2) and ioprio_get(2) name: `kinds` are the
/// numbers of "process", "process group" and "user" there.
fn chosen(task: &Arc<Task>, which: u64, who: u64, kinds: [u64; 3]) -> Result<Vec<Arc<Task>>, Errno> {
    let own = task.process();
    let all = |keep: &dyn Fn(&Process) -> bool| {
        let processes = own.pids().all().into_iter().filter(|process| !process.is_zombie() && keep(process));
        processes.flat_map(|process| process.tasks()).collect::<Vec<_>>()
    };
    let who = who as i32;
    let chosen = match kinds.iter().position(|kind| *kind == which) {
        Some(0) => vec![named(task, who as u64)?],
        Some(1) => {
            let group = if who == 0 { own.group() } else { Pid(who) };
            all(&|process| process.group() == group)
        }
        Some(2) => {
            let user = if who == 0 { task.credentials().uid } else { who as u32 };
            all(&|process| process.credentials().uid == user)
        }
        _ => return Err(Errno::EINVAL),
    };
    if chosen.is_empty() { Err(Errno::ESRCH) } else { Ok(chosen) }
}

/// PRIO_PROCESS, PRIO_PGRP, PRIO_USER.
const PRIORITY_KINDS: [u64; 3] = [0, 1, 2];
/// IOPRIO_WHO_PROCESS, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER.
const IO_PRIORITY_KINDS: [u64; 3] = [1, 2, 3];

fn getpriority(task: &Arc<Task>, [which, who, ..]: Args) -> Answer {
    let chosen = chosen(task, which, who, PRIORITY_KINDS)?;
    let lowest = chosen.iter().map(|target| target.scheduling.lock().nice).min().unwrap_or(0);
    // The C library turns this back: a negative answer would read as an error.
    Ok((20 - lowest) as u64)
}

fn setpriority(task: &Arc<Task>, [which, who, nice, ..]: Args) -> Answer {
    for target in chosen(task, which, who, PRIORITY_KINDS)? {
        may_schedule(task, &target)?;
        set_nice(task, &target, nice as i32)?;
    }
    Ok(0)
}

/// Sets a nice value; going below the present one needs CAP_SYS_NICE or RLIMIT_NICE (`EACCES`).
fn set_nice(task: &Task, target: &Task, nice: i32) -> Result<(), Errno> {
    let nice = nice.clamp(-20, 19);
    let floor = target.process().limit(Resource::Nice);
    let allowed = u64::try_from(20 - nice).is_ok_and(|needed| needed <= floor);
    let mut scheduling = target.scheduling.lock();
    if nice < scheduling.nice && !allowed && !task.credentials().capable(capability::SYS_NICE) {
        return Err(Errno::EACCES);
    }
    scheduling.nice = nice;
    Ok(())
}

fn ioprio_get(task: &Arc<Task>, [which, who, ..]: Args) -> Answer {
    let chosen = chosen(task, which, who, IO_PRIORITY_KINDS)?;
    let highest = chosen.iter().map(|target| target.scheduling.lock().io_priority).min();
    Ok(highest.unwrap_or(0).into())
}

fn ioprio_set(task: &Arc<Task>, [which, who, value, ..]: Args) -> Answer {
    /// IOPRIO_CLASS_RT, which needs CAP_SYS_ADMIN.
    const REAL_TIME: u32 = 1;
    let value = value as u32;
    match (value >> 13, value & 0x1fff) {
        (REAL_TIME, ..8) if !task.credentials().capable(capability::SYS_ADMIN) => return Err(Errno::EPERM.into()),
        (0, 0) | (1..=3, ..8) => {}
        _ => return Err(Errno::EINVAL.into()),
    }
    for target in chosen(task, which, who, IO_PRIORITY_KINDS)? {
        may_schedule(task, &target)?;
        target.scheduling.lock().io_priority = value;
    }
    Ok(0)
}
