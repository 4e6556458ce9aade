//! Making, ending and waiting for processes; groups and sessions.

use std::sync::Arc;

use abi::Errno;
use abi::process::{CloneFlags, WaitFlags};
use abi::resource::Rusage;
use abi::signal::{SigInfo, Signal};
use abi::time::Timeval;
use platform::Usage;
use zerocopy::FromZeros;

use super::{Answer, Args, Call};
use crate::task::{Cut, Fault, News, Pid, Process, Start, Task, UserPtr, Wanted, Which};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    now!(CLONE, clone, "namespaces are refused; CLONE_FILES and CLONE_FS of threads is always on"),
    now!(FORK, fork),
    now!(VFORK, vfork),
    now!(EXIT, exit),
    waits!(WAIT4, wait4),
    waits!(WAITID, waitid),
    now!(SET_TID_ADDRESS, set_tid_address),
    now!(GETPID, getpid),
    now!(GETPPID, getppid),
    now!(GETTID, gettid),
    now!(GETPGRP, getpgrp),
    now!(GETPGID, getpgid),
    now!(SETPGID, setpgid),
    now!(GETSID, getsid),
    now!(SETSID, setsid),
    now!(UNSHARE, unshare, "only CLONE_FILES and CLONE_FS"),
];

/// What a thread may be made with; all of it lies in registers, so the host may make it.
const THREAD: CloneFlags = CloneFlags::VM
    .union(CloneFlags::FS)
    .union(CloneFlags::FILES)
    .union(CloneFlags::SIGHAND)
    .union(CloneFlags::THREAD)
    .union(CloneFlags::SYSVSEM)
    .union(CloneFlags::SETTLS)
    .union(CloneFlags::PARENT_SETTID)
    .union(CloneFlags::CHILD_CLEARTID)
    .union(CloneFlags::CHILD_SETTID)
    .union(CloneFlags::DETACHED)
    .union(CloneFlags::UNTRACED)
    .union(CloneFlags::IO);

/// Of a process's flags, those that the host itself must do.
const NATIVE: CloneFlags = CloneFlags::VM
    .union(CloneFlags::VFORK)
    .union(CloneFlags::SIGHAND)
    .union(CloneFlags::SETTLS)
    .union(CloneFlags::PARENT_SETTID)
    .union(CloneFlags::CHILD_CLEARTID)
    .union(CloneFlags::CHILD_SETTID);

const EXIT_SIGNAL: u64 = 0xff;

fn clone(task: &Arc<Task>, args: Args) -> Answer {
    let [flags, stack, parent_tid, child_tid, tls, _] = args;
    let exit_signal = Signal::new((flags & EXIT_SIGNAL) as u32);
    let flags = CloneFlags::from_bits_retain((flags & !EXIT_SIGNAL) as u32);
    if flags.intersects(CloneFlags::NAMESPACES) {
        return Err(Errno::EPERM.into());
    }
    if flags.contains(CloneFlags::THREAD) && !flags.contains(CloneFlags::SIGHAND)
        || flags.contains(CloneFlags::SIGHAND) && !flags.contains(CloneFlags::VM)
    {
        return Err(Errno::EINVAL.into());
    }
    task.process().container().may_add_thread(task.process())?;
    if flags.contains(CloneFlags::THREAD) {
        if !THREAD.contains(flags) {
            return Err(Errno::EINVAL.into());
        }
        task.begin_thread();
        return Err(Fault::Continue);
    }
    if flags.contains(CloneFlags::PIDFD) {
        return Err(Errno::EINVAL.into());
    }
    let native = (flags & NATIVE) | CloneFlags::PARENT;
    let native = u64::from(native.bits()) | u64::from(Signal::SIGCHLD.number());
    make(task, flags, exit_signal, [native, stack, parent_tid, child_tid, tls, 0])
}

fn fork(task: &Arc<Task>, _: Args) -> Answer {
    clone(task, [u64::from(Signal::SIGCHLD.number()), 0, 0, 0, 0, 0])
}

fn vfork(task: &Arc<Task>, _: Args) -> Answer {
    let flags = u64::from((CloneFlags::VM | CloneFlags::VFORK).bits());
    clone(task, [flags | u64::from(Signal::SIGCHLD.number()), 0, 0, 0, 0, 0])
}

/// Has the host fork and enters the child. The caller's own result comes from the host.
fn make(task: &Arc<Task>, flags: CloneFlags, exit_signal: Option<Signal>, native: Args) -> Answer {
    let (kernel, parent) = (task.kernel(), task.process());
    let call = task.call().ok_or(Errno::EINVAL)?;
    let host = kernel.platform.fork(&call, native)?;
    let Some(identity) = kernel.platform.identify(host) else { return Err(Fault::Answered) };
    let files = if flags.contains(CloneFlags::FILES) { parent.files() } else { Arc::new(parent.files().copy()) };
    let fs = if flags.contains(CloneFlags::FS) { parent.fs() } else { Arc::new(parent.fs().copy()) };
    let kin = if flags.contains(CloneFlags::PARENT) { parent.parent() } else { Some(Arc::clone(parent)) };
    let settings = parent.settings.lock().for_child();
    let child_signal = *parent.child_signal.lock();
    let child = Process::new(Start {
        pid: parent.pids().guest_id(identity.inner),
        host,
        container: Arc::clone(parent.container()),
        parent: kin,
        group: parent.group(),
        session: parent.session(),
        files,
        fs,
        credentials: task.credentials(),
        limits: parent.limits.copy(),
        settings,
        program: parent.program(),
        child_signal,
        exit_signal,
    });
    child.inherit_installed(parent);
    child.keep_to_processor_limit();
    kernel.add_process(&child);
    let thread = Task::new(child.pid, host, Arc::clone(&child), task.name());
    *thread.scheduling.lock() = task.scheduling.lock().for_child();
    kernel.add_task(&thread);
    if kernel.throttle.holds() {
        // Its parent's stop is none of its.
        child.halt();
    }
    Err(Fault::Answered)
}

fn exit(task: &Arc<Task>, _: Args) -> Answer {
    task.end_thread();
    Err(Fault::Continue)
}

/// The host keeps the address; only where it knows the thread by another number do we answer for it.
fn set_tid_address(task: &Arc<Task>, _: Args) -> Answer {
    if task.process().pids().is_renamed(task.tid) { Ok(task.tid.0 as u64) } else { Err(Fault::Continue) }
}

fn getpid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.process().pid.0 as u64)
}

fn getppid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.process().parent_pid().0 as u64)
}

fn gettid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.tid.0 as u64)
}

fn getpgrp(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.process().group().0 as u64)
}

/// The process of that id, or the caller for 0; `ESRCH` where there is none.
fn process_or_self(task: &Arc<Task>, pid: u64) -> Result<Arc<Process>, Errno> {
    match pid as i32 {
        0 => Ok(Arc::clone(task.process())),
        pid => task.process().pids().get(Pid(pid)).ok_or(Errno::ESRCH),
    }
}

fn getpgid(task: &Arc<Task>, [pid, ..]: Args) -> Answer {
    Ok(process_or_self(task, pid)?.group().0 as u64)
}

fn getsid(task: &Arc<Task>, [pid, ..]: Args) -> Answer {
    Ok(process_or_self(task, pid)?.session().id.0 as u64)
}

fn setsid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.process().begin_session()?.0 as u64)
}

fn setpgid(task: &Arc<Task>, [pid, group, ..]: Args) -> Answer {
    let (caller, group) = (task.process(), group as i32);
    if group < 0 {
        return Err(Errno::EINVAL.into());
    }
    let process = process_or_self(task, pid)?;
    let group = if group == 0 { process.pid } else { Pid(group) };
    let is_child = process.parent().is_some_and(|parent| Arc::ptr_eq(&parent, caller));
    if !Arc::ptr_eq(&process, caller) && !is_child {
        return Err(Errno::ESRCH.into());
    }
    if is_child && process.execs() > 0 {
        return Err(Errno::EACCES.into());
    }
    let session = caller.session().id;
    if process.leads_session() || process.session().id != session {
        return Err(Errno::EPERM.into());
    }
    let exists = process.pids().group(group).iter().any(|member| member.session().id == session);
    if group != process.pid && !exists {
        return Err(Errno::EPERM.into());
    }
    process.set_group(group);
    Ok(0)
}

fn unshare(task: &Arc<Task>, [flags, ..]: Args) -> Answer {
    let flags = CloneFlags::from_bits_retain(flags as u32);
    if flags.intersects(CloneFlags::NAMESPACES) {
        return Err(Errno::EPERM.into());
    }
    if !(CloneFlags::FILES | CloneFlags::FS | CloneFlags::SYSVSEM).contains(flags) {
        return Err(Errno::EINVAL.into());
    }
    if flags.contains(CloneFlags::FILES) {
        task.process().unshare_files();
    }
    if flags.contains(CloneFlags::FS) {
        task.process().unshare_fs();
    }
    Ok(0)
}

async fn wait4(task: Arc<Task>, [pid, status, options, usage, ..]: Args) -> Answer {
    let options = WaitFlags::from_bits_retain(options as u32);
    let known = WaitFlags::NOHANG | WaitFlags::STOPPED | WaitFlags::CONTINUED | WaitFlags::LINUX_ONLY;
    if !known.contains(options) {
        return Err(Errno::EINVAL.into());
    }
    let which = match pid as i32 {
        i32::MIN => return Err(Errno::ESRCH.into()),
        -1 => Which::Any,
        0 => Which::Group(task.process().group()),
        pid if pid < 0 => Which::Group(Pid(-pid)),
        pid => Which::Child(Pid(pid)),
    };
    let wanted = Wanted {
        ended: true,
        stopped: options.contains(WaitFlags::STOPPED),
        continued: options.contains(WaitFlags::CONTINUED),
        keep: false,
    };
    let Some((child, news)) = wait_for(&task, which, wanted, options).await? else { return Ok(0) };
    if status != 0 {
        task.write(UserPtr::new(status), &news.status())?;
    }
    if usage != 0 {
        task.write(UserPtr::new(usage), &rusage(&child))?;
    }
    Ok(child.pid.0 as u64)
}

async fn waitid(task: Arc<Task>, [kind, id, info, options, usage, _]: Args) -> Answer {
    const P_ALL: u64 = 0;
    const P_PID: u64 = 1;
    const P_PGID: u64 = 2;
    const P_PIDFD: u64 = 3;
    let options = WaitFlags::from_bits_retain(options as u32);
    let kinds = WaitFlags::EXITED | WaitFlags::STOPPED | WaitFlags::CONTINUED;
    let known = kinds | WaitFlags::NOHANG | WaitFlags::NOWAIT | WaitFlags::LINUX_ONLY;
    if !known.contains(options) || !options.intersects(kinds) {
        return Err(Errno::EINVAL.into());
    }
    let which = match kind {
        P_ALL => Which::Any,
        P_PID if id as i32 > 0 => Which::Child(Pid(id as i32)),
        P_PGID if id as i32 > 0 => Which::Group(Pid(id as i32)),
        P_PGID if id == 0 => Which::Group(task.process().group()),
        P_PIDFD => Which::Child(super::pidfd::process_of(&task, id as i32)?.pid),
        _ => return Err(Errno::EINVAL.into()),
    };
    let wanted = Wanted {
        ended: options.contains(WaitFlags::EXITED),
        stopped: options.contains(WaitFlags::STOPPED),
        continued: options.contains(WaitFlags::CONTINUED),
        keep: options.contains(WaitFlags::NOWAIT),
    };
    let found = wait_for(&task, which, wanted, options).await?;
    if info != 0 {
        let told = found.as_ref().map_or_else(SigInfo::new_zeroed, |(child, news)| child.child_info(*news));
        task.write(UserPtr::new(info), &told)?;
    }
    if let (Some((child, _)), true) = (&found, usage != 0) {
        task.write(UserPtr::new(usage), &rusage(child))?;
    }
    Ok(0)
}

/// Waits for news of a child; `None` with WNOHANG where there is none yet.
async fn wait_for(
    task: &Arc<Task>,
    which: Which,
    wanted: Wanted,
    options: WaitFlags,
) -> Result<Option<(Arc<Process>, News)>, Fault> {
    let process = task.process();
    let look = || process.take_news(which, wanted).transpose();
    if options.contains(WaitFlags::NOHANG) {
        return Ok(look().transpose()?);
    }
    let found = task.wait(&[&process.children_changed], None, look).await.map_err(Cut::restartable)?;
    Ok(Some(found?))
}

fn rusage(child: &Process) -> Rusage {
    let (own, below): (Usage, Usage) = (child.usage(), child.children_usage());
    let time = |own: u64, below: u64| {
        let micros = own.saturating_add(below);
        Timeval { seconds: (micros / 1_000_000) as i64, microseconds: (micros % 1_000_000) as i64 }
    };
    Rusage {
        utime: time(own.user_us, below.user_us),
        stime: time(own.system_us, below.system_us),
        maxrss: own.max_rss_kib.max(below.max_rss_kib) as i64,
        ..Rusage::default()
    }
}
