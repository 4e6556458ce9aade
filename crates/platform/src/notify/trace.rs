//! Redirecting a thread inside a call: ptrace(2) for the few calls that must run with other
//! registers than the guest chose (clone, execve, shmat).
//!
//! A received call is answered with a dummy error, the thread stops before it sees it, gets new
//! registers and makes the call again, which our filter reports once more; then it is let go.
//! The thread that calls these functions must be the one that made the guests (ptrace and wait
//! know threads, not processes).

use super::listener::{Listener, Received};
use super::together::Together;

/// How many bytes `syscall` has.
const SYSCALL_LENGTH: u64 = 2;

fn ptrace(request: libc::c_uint, host: i32, address: usize, data: usize) -> Result<(), i32> {
    // SAFETY: each caller passes an address or a place that fits the request.
    let done = unsafe { libc::ptrace(request, host, address, data) };
    if done == -1 { Err(crate::last_errno()) } else { Ok(()) }
}

/// Waits for a stop of `host`; an error where it died instead.
fn wait_for_stop(host: i32) -> Result<i32, i32> {
    loop {
        if let Some(status) = next_stop(host, 0)? {
            return Ok(status);
        }
    }
}

/// The status of the next stop of `host`, as waitpid(2) tells it; with WNOHANG in `flags`, `None`
/// where there is none yet. An error where it died, which another thread's exit_group(2) may bring
/// about at any moment: the end of a process is only looked at here, since its status belongs to
/// `Notify::ended`; that of another thread nobody else takes.
fn next_stop(host: i32, flags: libc::c_int) -> Result<Option<i32>, i32> {
    loop {
        let seen = wait_id(host, libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | flags)?;
        match seen {
            None => return Ok(None),
            Some((libc::CLD_TRAPPED | libc::CLD_STOPPED, _)) => {
                if let Some((_, status)) = wait_id(host, libc::WSTOPPED | libc::WNOHANG)? {
                    return Ok(Some(status << 8 | 0x7f));
                }
            }
            Some(_) => {
                if !leads(host) {
                    super::namespaces::wait(host);
                }
                return Err(libc::ESRCH);
            }
        }
    }
}

/// waitid(2) for one thread: `si_code` and `si_status`, or `None` where there is nothing to tell.
fn wait_id(host: i32, flags: libc::c_int) -> Result<Option<(i32, i32)>, i32> {
    let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    loop {
        // SAFETY: `info` is a place for one siginfo.
        let done = unsafe { libc::waitid(libc::P_PID, host as u32, info.as_mut_ptr(), flags | libc::__WALL) };
        if done == 0 {
            break;
        }
        if crate::last_errno() != libc::EINTR {
            return Err(libc::ESRCH);
        }
    }
    // SAFETY: zeros are valid, and waitid fills the fields of SIGCHLD.
    unsafe {
        let info = info.assume_init();
        Ok((info.si_pid() == host).then(|| (info.si_code, info.si_status())))
    }
}

/// Whether `host` is the first thread of its process.
fn leads(host: i32) -> bool {
    // SAFETY: no pointers are passed; signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, host, host, 0) == 0 }
}

/// Stops the thread of `call` behind its call and gives it registers to make `number` with `args`.
/// It stays stopped and traced.
fn aim(listener: &Listener, call: &Received, number: u32, args: [u64; 6], options: libc::c_int) -> Result<(), i32> {
    ptrace(libc::PTRACE_SEIZE, call.host, 0, options as usize)?;
    let stopped = ptrace(libc::PTRACE_INTERRUPT, call.host, 0, 0);
    listener.answer(call.id, 0, -libc::EAGAIN);
    stopped?;
    wait_for_stop(call.host)?;
    let mut registers = get_registers(call.host)?;
    registers.rip = call.instruction_pointer.wrapping_sub(SYSCALL_LENGTH);
    registers.rax = u64::from(number);
    registers.orig_rax = u64::MAX;
    [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9] = args;
    ptrace(libc::PTRACE_SETREGS, call.host, 0, &raw const registers as usize)
}

/// Makes the thread of `call` make another call instead; its result becomes the result of the
/// first. The second call is reported like any other.
pub(crate) fn redirect(listener: &Listener, call: &Received, number: u32, args: [u64; 6]) -> Result<(), i32> {
    let _together = Together::new(call.host);
    let aimed = aim(listener, call, number, args, 0);
    let gone = ptrace(libc::PTRACE_DETACH, call.host, 0, 0);
    aimed.and(gone)
}

/// Ends `call` with EINTR under another signal mask, so that a signal that waits for the thread is
/// handled although its own mask blocks it; afterwards that mask holds again: what ppoll(2),
/// pselect(2) and epoll_pwait(2) promise. `waits` tells whether such a signal waits.
pub(crate) fn interrupt(
    listener: &Listener,
    call: &Received,
    mask: u64,
    waits: impl FnOnce() -> bool,
) -> Result<(), i32> {
    ptrace(libc::PTRACE_SEIZE, call.host, 0, 0)?;
    let stopped = ptrace(libc::PTRACE_INTERRUPT, call.host, 0, 0);
    listener.answer(call.id, 0, -libc::EINTR);
    let handled = stopped
        .and_then(|()| wait_for_stop(call.host))
        .and_then(|_| if waits() { handle_under(call.host, mask) } else { Ok(()) });
    let _ = ptrace(libc::PTRACE_DETACH, call.host, 0, 0);
    handled
}

fn handle_under(host: i32, mask: u64) -> Result<(), i32> {
    /// Behind the return address: flags, link, stack and registers of ucontext_t come first.
    const MASK_IN_FRAME: u64 = 8 + 8 + 8 + 24 + 256;
    const MASK_SIZE: usize = 8;
    let mut own = 0u64;
    ptrace(libc::PTRACE_GETSIGMASK, host, MASK_SIZE, &raw mut own as usize)?;
    ptrace(libc::PTRACE_SETSIGMASK, host, MASK_SIZE, &raw const mask as usize)?;
    ptrace(libc::PTRACE_CONT, host, 0, 0)?;
    let status = wait_for_stop(host)?;
    ptrace(libc::PTRACE_SINGLESTEP, host, 0, libc::WSTOPSIG(status) as usize)?;
    wait_for_stop(host)?;
    let frame = get_registers(host)?.rsp.wrapping_add(MASK_IN_FRAME);
    super::memory::write(host, frame, &own.to_ne_bytes()).map(drop).map_err(|_| libc::EFAULT)
}

/// Makes the thread of `call` fork with `args` of clone(2); answers the host's id of the new
/// process, which has not run yet a single instruction of the guest when this returns, or the
/// host's error. Calls of other threads that arrive meanwhile are put into `deferred`.
pub(crate) fn fork(
    listener: &Listener,
    call: &Received,
    args: [u64; 6],
    deferred: &mut Vec<Received>,
) -> Result<i32, i32> {
    let options = libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK | libc::PTRACE_O_TRACECLONE;
    let mut signal = 0;
    let mut together = Together::new(call.host);
    let forked = aim(listener, call, abi::nr::CLONE, args, options)
        .and_then(|()| ptrace(libc::PTRACE_CONT, call.host, 0, 0))
        .and_then(|()| let_again(listener, call.host, args, deferred, &mut signal))
        .and_then(|()| wait_for_fork(call.host, &mut signal));
    let _ = match forked {
        Ok(_) => restore(call.host, call),
        Err(libc::EINTR) => repeat(call),
        Err(_) => Ok(()),
    };
    let _ = ptrace(libc::PTRACE_DETACH, call.host, 0, signal as usize);
    let child = forked?;
    let stopped = wait_for_stop(child);
    together.add(child);
    drop(together);
    let begun = stopped.and_then(|_| restore(child, call)).and_then(|()| ptrace(libc::PTRACE_DETACH, child, 0, 0));
    if let Err(error) = begun {
        // SAFETY: the child is our own and not reaped.
        unsafe { libc::kill(child, libc::SIGKILL) };
        super::namespaces::wait(child);
        return Err(error);
    }
    Ok(child)
}

/// Lets the stopped thread of `call` make that very call once more, after the handler of the signal
/// that stopped it.
fn repeat(call: &Received) -> Result<(), i32> {
    let mut registers = get_registers(call.host)?;
    registers.rip = call.instruction_pointer.wrapping_sub(SYSCALL_LENGTH);
    registers.rax = u64::from(call.number);
    registers.orig_rax = u64::MAX;
    [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9] = call.args;
    ptrace(libc::PTRACE_SETREGS, call.host, 0, &raw const registers as usize)
}

/// Ends processes that were forked, and stopped before their first instruction, by a thread that
/// died before it could tell of them: any stopped child for which `known` says no. Answers whether
/// there was one.
pub(crate) fn end_strays(known: impl Fn(i32) -> bool) -> bool {
    let mut found = false;
    loop {
        let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
        let flags = libc::WSTOPPED | libc::WNOHANG | libc::__WALL;
        // SAFETY: `info` is a place for one siginfo; zeros are valid.
        let (done, process) = unsafe {
            let done = libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), flags);
            (done, info.assume_init().si_pid())
        };
        if done != 0 || process == 0 {
            return found;
        }
        if !known(process) {
            found = true;
            // SAFETY: it is a child of ours that nobody has reaped.
            unsafe { libc::kill(process, libc::SIGKILL) };
            super::namespaces::wait(process);
        }
    }
}

/// Gives a stopped thread back the argument registers that the guest chose: a call preserves them,
/// and vfork(3) of the C library keeps its return address in one.
fn restore(host: i32, call: &Received) -> Result<(), i32> {
    let mut registers = get_registers(host)?;
    [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9] = call.args;
    ptrace(libc::PTRACE_SETREGS, host, 0, &raw const registers as usize)
}

/// Receives the repeated clone of `host` and lets it go on. Where a signal stops the thread before
/// it gets there, `signal` is that signal and the error is EINTR.
fn let_again(
    listener: &Listener,
    host: i32,
    args: [u64; 6],
    deferred: &mut Vec<Received>,
    signal: &mut i32,
) -> Result<(), i32> {
    loop {
        // Where everybody behind the listener is dead it is readable for ever, and tells nothing.
        let received = if listener.has_call(20) { listener.receive() } else { None };
        let Some(again) = received else {
            if let Some(stop) = stopped(host)? {
                *signal = stop;
                return Err(libc::EINTR);
            }
            continue;
        };
        if again.host == host && again.number == abi::nr::CLONE && again.args == args {
            listener.let_go(again.id);
            return Ok(());
        }
        deferred.push(again);
    }
}

/// The signal that has stopped `host`, if it is stopped; an error where it is gone.
fn stopped(host: i32) -> Result<Option<i32>, i32> {
    Ok(next_stop(host, libc::WNOHANG)?.map(signal_of))
}

/// The signal that a stop is about, 0 for one of ptrace's own.
fn signal_of(status: i32) -> i32 {
    if status >> 16 == 0 { libc::WSTOPSIG(status) } else { 0 }
}

/// How long a fork may take before we look whether it failed.
static PATIENCE: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 300_000_000 };

/// Waits for the fork event of `host`. A fork that fails on the host reports nothing: then the
/// thread is stopped and its return value tells. One that a signal prevents is EINTR, with `signal`.
fn wait_for_fork(host: i32, signal: &mut i32) -> Result<i32, i32> {
    let mut flags = libc::WNOHANG;
    loop {
        if let Some(status) = next_stop(host, flags)? {
            return fork_result(host, status, signal);
        }
        if !child_signal_comes() {
            ptrace(libc::PTRACE_INTERRUPT, host, 0, 0)?;
            flags = 0;
        }
    }
}

/// Sleeps until a SIGCHLD arrives (it is blocked in this process); `false` once patience is over.
fn child_signal_comes() -> bool {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: `set` is a place for a signal set; sigemptyset fills it before it is used.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::sigtimedwait(set.as_ptr(), std::ptr::null_mut(), &raw const PATIENCE) > 0
    }
}

fn fork_result(host: i32, status: i32, signal: &mut i32) -> Result<i32, i32> {
    /// ERESTARTNOINTR: a signal came before the child was made.
    const RESTART: i64 = -513;
    let event = status >> 16;
    if matches!(event, libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE) {
        let mut child: libc::c_ulong = 0;
        ptrace(libc::PTRACE_GETEVENTMSG, host, 0, &raw mut child as usize)?;
        return Ok(child as i32);
    }
    *signal = signal_of(status);
    let mut registers = get_registers(host)?;
    if registers.rax as i64 == RESTART {
        return Err(libc::EINTR);
    }
    let failure = i32::try_from((registers.rax as i64).wrapping_neg()).unwrap_or(libc::EAGAIN);
    let failure = if (1..512).contains(&failure) && failure != libc::EINTR { failure } else { libc::EAGAIN };
    registers.rax = i64::from(failure).wrapping_neg() as u64;
    registers.orig_rax = u64::MAX;
    ptrace(libc::PTRACE_SETREGS, host, 0, &raw const registers as usize)?;
    Err(failure)
}

fn get_registers(host: i32) -> Result<libc::user_regs_struct, i32> {
    let mut registers = std::mem::MaybeUninit::<libc::user_regs_struct>::zeroed();
    ptrace(libc::PTRACE_GETREGS, host, 0, registers.as_mut_ptr() as usize)?;
    // SAFETY: PTRACE_GETREGS has filled it, and zeros are valid anyway.
    Ok(unsafe { registers.assume_init() })
}
