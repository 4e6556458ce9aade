//! ptrace(2) and waiting for the stops of traced threads, never without a deadline: one thread answers
//! every call of a pod, and a guest that could keep it waiting would hold all of them.
//!
//! The thread that calls these functions must be the one that made the guests (ptrace and wait know
//! threads, not processes).

use crate::clock;

/// How long a thread may take to reach a stop that has been asked for. The process of one that does not is
/// killed.
pub(super) const DEADLINE: u64 = 1_000_000_000;

/// The same for a call that the host makes meanwhile: copying the page tables of a large process, or ending
/// the other threads of one, takes its time, and no guest can prolong it.
pub(super) const LONG_DEADLINE: u64 = 5_000_000_000;

/// Bytes of a signal mask.
const MASK_SIZE: usize = 8;

pub(super) type Registers = libc::user_regs_struct;

/// One request of ptrace(2).
pub(super) fn ptrace(request: libc::c_uint, host: i32, address: usize, data: usize) -> Result<(), i32> {
    // SAFETY: each caller passes an address or a place that fits the request.
    let done = unsafe { libc::ptrace(request, host, address, data) };
    if done == -1 { Err(crate::last_errno()) } else { Ok(()) }
}

pub(super) fn registers(host: i32) -> Result<Registers, i32> {
    let mut registers = std::mem::MaybeUninit::<Registers>::zeroed();
    ptrace(libc::PTRACE_GETREGS, host, 0, registers.as_mut_ptr() as usize)?;
    // SAFETY: PTRACE_GETREGS has filled it, and zeros are valid anyway.
    Ok(unsafe { registers.assume_init() })
}

pub(super) fn set_registers(host: i32, registers: &Registers) -> Result<(), i32> {
    ptrace(libc::PTRACE_SETREGS, host, 0, std::ptr::from_ref(registers) as usize)
}

/// Begins to trace a thread that runs, with `options` beside the one that [`is_call`] needs.
pub(super) fn seize(host: i32, options: libc::c_int) -> Result<(), i32> {
    ptrace(libc::PTRACE_SEIZE, host, 0, (options | libc::PTRACE_O_TRACESYSGOOD) as usize)
}

/// The signal mask of a stopped thread.
pub(super) fn mask(host: i32) -> Result<u64, i32> {
    let mut mask = 0u64;
    ptrace(libc::PTRACE_GETSIGMASK, host, MASK_SIZE, &raw mut mask as usize)?;
    Ok(mask)
}

pub(super) fn set_mask(host: i32, mask: u64) -> Result<(), i32> {
    ptrace(libc::PTRACE_SETSIGMASK, host, MASK_SIZE, &raw const mask as usize)
}

/// The signal that a stop is about, where it is about one.
pub(super) fn signal_of(status: i32) -> Option<i32> {
    let number = libc::WSTOPSIG(status);
    (status >> 16 == 0 && number & 0x80 == 0).then_some(number)
}

/// True if a stop is at the beginning or the end of a call (PTRACE_SYSCALL, PTRACE_SYSEMU).
pub(super) fn is_call(status: i32) -> bool {
    status >> 16 == 0 && libc::WSTOPSIG(status) == libc::SIGTRAP | 0x80
}

/// The next stop of `host`, which has a second for it: where none comes the process is killed.
pub(super) fn stop(host: i32) -> Result<i32, i32> {
    match stop_within(host, DEADLINE)? {
        Some(status) => Ok(status),
        None => Err(kill(host)),
    }
}

/// Asks for a stop and waits for it. The thread may be in the midst of a page fault or of a call that the
/// host makes for it, such as unmapping much.
pub(super) fn interrupt(host: i32) -> Result<i32, i32> {
    ptrace(libc::PTRACE_INTERRUPT, host, 0, 0)?;
    long_stop(host)
}

/// As [`stop`], with the longer deadline.
pub(super) fn long_stop(host: i32) -> Result<i32, i32> {
    match stop_within(host, LONG_DEADLINE)? {
        Some(status) => Ok(status),
        None => Err(kill(host)),
    }
}

/// The next stop of `host`, or `None` where none comes within `nanos`; an error where it died.
pub(super) fn stop_within(host: i32, nanos: u64) -> Result<Option<i32>, i32> {
    let end = clock::read(clock::MONOTONIC).saturating_add(nanos);
    loop {
        if let Some(status) = next_stop(host)? {
            return Ok(Some(status));
        }
        let left = end.saturating_sub(clock::read(clock::MONOTONIC));
        if left == 0 {
            return Ok(None);
        }
        await_child(left);
    }
}

/// Kills the process of `host`, and takes the end of that thread where nobody else will; answers `ESRCH`.
pub(super) fn kill(host: i32) -> i32 {
    // SAFETY: no pointers are passed; the thread is one of a child that nobody has reaped.
    unsafe { libc::kill(host, libc::SIGKILL) };
    let end = clock::read(clock::MONOTONIC).saturating_add(DEADLINE);
    while next_stop(host).is_ok() && clock::read(clock::MONOTONIC) < end {
        await_child(10_000_000);
    }
    libc::ESRCH
}

/// The status of the next stop of `host`, as waitpid(2) tells it; `None` where there is none yet. ECHILD
/// where nobody has that id, ESRCH where it died, which another thread's exit_group(2) may bring about at
/// any moment: the end of a process is only looked at here, since its status belongs to `Notify::ended`;
/// that of another thread nobody else takes.
pub(super) fn next_stop(host: i32) -> Result<Option<i32>, i32> {
    loop {
        let seen = wait_id(host, libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | libc::WNOHANG)?;
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
        match crate::last_errno() {
            libc::EINTR => {}
            error => return Err(error),
        }
    }
    // SAFETY: zeros are valid, and waitid fills the fields of SIGCHLD.
    unsafe {
        let info = info.assume_init();
        Ok((info.si_pid() == host).then(|| (info.si_code, info.si_status())))
    }
}

/// True if `host` is the first thread of its process.
pub(super) fn leads(host: i32) -> bool {
    // SAFETY: no pointers are passed; signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, host, host, 0) == 0 }
}

/// Sleeps until a SIGCHLD arrives (it is blocked in this process), at most `nanos`.
fn await_child(nanos: u64) {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    let time = libc::timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
    // SAFETY: `set` is a place for a signal set; sigemptyset fills it before it is used.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::sigtimedwait(set.as_ptr(), std::ptr::null_mut(), &raw const time);
    }
}
