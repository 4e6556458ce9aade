//! Sending signals and waiting for them. Masks and handlers are the host's affair (`task::signals`).

use std::sync::Arc;

use abi::Errno;
use abi::signal::{SI_TKILL, SI_USER, SigInfo, Signal, SignalSet};

use super::{Answer, Args, Call};
use crate::now;
use crate::task::signals::{ChildSignal, from_process};
use crate::task::{Credentials, Fault, Pid, Process, Task, UserPtr, capability};

pub(super) const CALLS: &[Call] = &[
    now!(KILL, kill),
    now!(TKILL, tkill),
    now!(TGKILL, tgkill),
    now!(RT_SIGQUEUEINFO, rt_sigqueueinfo),
    now!(RT_TGSIGQUEUEINFO, rt_tgsigqueueinfo),
    now!(RT_SIGACTION, rt_sigaction),
    now!(RT_SIGSUSPEND, wait_natively),
    now!(RT_SIGTIMEDWAIT, rt_sigtimedwait),
    now!(PAUSE, wait_natively),
];

/// A signal argument: `None` for 0, which only asks whether a signal could be sent.
fn signal(number: u64) -> Result<Option<Signal>, Errno> {
    match number as u32 {
        0 => Ok(None),
        number => Signal::new(number).map(Some).ok_or(Errno::EINVAL),
    }
}

/// kill(2)'s permission: the same process or user, or CAP_KILL, or SIGCONT within the session.
pub(super) fn permitted(sender: &Task, target: &Process, signal: Option<Signal>) -> bool {
    may_signal(sender, target, &target.credentials(), signal)
}

fn may_signal(sender: &Task, target: &Process, to: &Credentials, signal: Option<Signal>) -> bool {
    let (own, from) = (sender.process(), sender.credentials());
    let same = [from.uid, from.euid].iter().any(|id| *id == to.uid || *id == to.suid);
    let resumes = signal == Some(Signal::SIGCONT) && own.session().id == target.session().id;
    std::ptr::eq(Arc::as_ptr(own), target) || same || resumes || from.capable(capability::KILL)
}

fn kill(task: &Arc<Task>, [pid, number, ..]: Args) -> Answer {
    let (sender, signal) = (task.process(), signal(number)?);
    let pids = sender.pids();
    let targets = match pid as i32 {
        i32::MIN => return Err(Errno::ESRCH.into()),
        -1 => pids.all().into_iter().filter(|target| target.pid != Pid(1) && target.pid != sender.pid).collect(),
        0 => pids.group(sender.group()),
        pid if pid < 0 => pids.group(Pid(-pid)),
        pid => pids.get(Pid(pid)).into_iter().collect::<Vec<_>>(),
    };
    if targets.is_empty() {
        return Err(Errno::ESRCH.into());
    }
    let (allowed, _): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| permitted(task, target, signal));
    if allowed.is_empty() {
        return Err(Errno::EPERM.into());
    }
    if let Some(signal) = signal {
        for target in allowed {
            target.send_signal(signal, from_process(signal, SI_USER, task));
        }
    }
    Ok(0)
}

fn tkill(task: &Arc<Task>, [tid, number, ..]: Args) -> Answer {
    to_thread(task, None, tid as i32, signal(number)?)
}

fn tgkill(task: &Arc<Task>, [pid, tid, number, ..]: Args) -> Answer {
    if pid as i32 <= 0 {
        return Err(Errno::EINVAL.into());
    }
    to_thread(task, Some(Pid(pid as i32)), tid as i32, signal(number)?)
}

fn to_thread(task: &Arc<Task>, pid: Option<Pid>, tid: i32, signal: Option<Signal>) -> Answer {
    if tid <= 0 {
        return Err(Errno::EINVAL.into());
    }
    let sender = task.process();
    let target = find_thread(task, pid, Pid(tid))?;
    if !may_signal(task, target.process(), &target.credentials(), signal) {
        return Err(Errno::EPERM.into());
    }
    let Some(signal) = signal else { return Ok(0) };
    let own = Arc::ptr_eq(sender, target.process());
    if own
        && pid.is_some()
        && !sender.pids().is_renamed(sender.pid)
        && !Arc::ptr_eq(task, &target)
        && target.waits_natively()
    {
        return Err(Fault::Continue);
    }
    target.send_signal(signal, from_process(signal, SI_TKILL, task));
    Ok(0)
}

fn find_thread(task: &Arc<Task>, pid: Option<Pid>, tid: Pid) -> Result<Arc<Task>, Errno> {
    let (kernel, pids) = (task.kernel(), task.process().pids());
    let processes = match pid {
        Some(pid) => vec![pids.get(pid).ok_or(Errno::ESRCH)?],
        None => match pids.get(tid) {
            Some(process) => vec![process],
            None => pids.all(),
        },
    };
    processes.iter().find_map(|process| kernel.thread(process, tid)).ok_or(Errno::ESRCH)
}

/// The siginfo of sigqueue(3): nobody may claim a code of the kernel's for another process.
fn queued(task: &Arc<Task>, address: u64, other: bool, signal: Signal) -> Result<SigInfo, Errno> {
    let mut info: SigInfo = task.read(UserPtr::new(address))?;
    if other && (info.code >= 0 || info.code == SI_TKILL) {
        return Err(Errno::EPERM);
    }
    info.signo = signal.number() as i32;
    Ok(info)
}

fn rt_sigqueueinfo(task: &Arc<Task>, [pid, number, info, ..]: Args) -> Answer {
    let target = task.process().pids().get(Pid(pid as i32)).ok_or(Errno::ESRCH)?;
    let signal = signal(number)?;
    if !permitted(task, &target, signal) {
        return Err(Errno::EPERM.into());
    }
    let Some(signal) = signal else { return Ok(0) };
    let other = !Arc::ptr_eq(&target, task.process());
    target.send_signal(signal, queued(task, info, other, signal)?);
    Ok(0)
}

fn rt_tgsigqueueinfo(task: &Arc<Task>, [pid, tid, number, info, ..]: Args) -> Answer {
    let target = find_thread(task, Some(Pid(pid as i32)), Pid(tid as i32))?;
    let signal = signal(number)?;
    if !may_signal(task, target.process(), &target.credentials(), signal) {
        return Err(Errno::EPERM.into());
    }
    let Some(signal) = signal else { return Ok(0) };
    let other = !Arc::ptr_eq(target.process(), task.process());
    target.send_signal(signal, queued(task, info, other, signal)?);
    Ok(0)
}

/// The filter reports this call for SIGCHLD only: wait(2) depends on its action. The host installs
/// the handler; where the guest changes the structure meanwhile, only its own handler differs.
fn rt_sigaction(task: &Arc<Task>, [_, action, ..]: Args) -> Answer {
    const SA_NOCLDSTOP: u64 = 1;
    const SA_NOCLDWAIT: u64 = 2;
    const SIG_DFL: u64 = 0;
    const SIG_IGN: u64 = 1;
    if action != 0 {
        let [handler, flags]: [u64; 2] = task.read(UserPtr::new(action))?;
        *task.process().child_signal.lock() = ChildSignal {
            handled: handler != SIG_DFL && handler != SIG_IGN,
            ignored: handler == SIG_IGN,
            no_zombies: flags & SA_NOCLDWAIT != 0,
            no_stops: flags & SA_NOCLDSTOP != 0,
        };
    }
    Err(Fault::Continue)
}

/// The host waits; which signals are taken decides who gets them.
fn rt_sigtimedwait(task: &Arc<Task>, [set, place, ..]: Args) -> Answer {
    let set = SignalSet(task.read(UserPtr::new(set))?);
    if let Some((signal, info)) = task.process().held_for_signalfd.take(set) {
        if place != 0 {
            task.write(UserPtr::new(place), &info)?;
        }
        return Ok(u64::from(signal.number()));
    }
    task.await_signals(set);
    Err(Fault::ContinueWaiting)
}

/// The host waits: masks and pending signals are its own.
fn wait_natively(_: &Arc<Task>, _: Args) -> Answer {
    Err(Fault::ContinueWaiting)
}
