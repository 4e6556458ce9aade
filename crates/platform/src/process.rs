//! This process's own settings.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;

/// Blocks SIGCHLD, which the platform waits for, lets a broken pipe be an error, and allows as many
/// descriptors as the host grants: files of guests cost some.
pub fn prepare() {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: `set` is filled before it is used.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        let mut files = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut files);
        files.rlim_cur = files.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const files);
        let _ = MOST.set(files.rlim_cur);
    }
    // Where the host runs out of memory it takes it from a pod, and from the one that holds the most: all have the
    // kubelet's value for those without requests (proc_pid_oom_score_adj(5)). Guests inherit it.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// How many descriptors are left to what the kernel itself needs to go on: pidfds of new processes, /proc, streams of
/// an exec.
const RESERVE: u64 = 64;

/// How many descriptors this process may have.
static MOST: OnceLock<u64> = OnceLock::new();

/// `fd`, which a guest has asked for: `EMFILE` once the table of this process has room for the kernel's own needs
/// only. The host gives the lowest free number, so a high one means a full table.
pub(crate) fn within_reserve(fd: OwnedFd) -> std::io::Result<OwnedFd> {
    let most = *MOST.get().unwrap_or(&u64::MAX);
    let full = fd.as_raw_fd() as u64 >= most.saturating_sub(RESERVE.min(most / 2));
    if full { Err(std::io::Error::from_raw_os_error(libc::EMFILE)) } else { Ok(fd) }
}

/// Has the host kill this process when the one that started it ends, also while this one is halted and
/// cannot see that its control socket has closed: prctl(2) PR_SET_PDEATHSIG. To be called after
/// `isolate`, since a change of credentials takes it back.
pub fn end_with_parent() {
    // SAFETY: no pointers are passed.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
}

/// Takes over descriptor `number`, which whoever started us left open for us. `None` where it is not.
/// To be called once a number, before anything else is opened.
pub fn take_descriptor(number: i32) -> Option<OwnedFd> {
    // SAFETY: F_GETFD and F_SETFD take no pointers.
    let open = number > 2 && unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } == 0;
    // SAFETY: the descriptor is open and, by the contract above, owned by nobody else.
    open.then(|| unsafe { OwnedFd::from_raw_fd(number) })
}

/// Closes what whoever started us left open beside the standard streams and `kept`. To be called before
/// anything else is opened.
pub fn close_inherited(kept: &OwnedFd) {
    close_all_but(std::slice::from_ref(kept));
}

/// The same for several, in any order.
pub fn close_all_but(kept: &[OwnedFd]) {
    let mut numbers: Vec<i32> = kept.iter().map(AsRawFd::as_raw_fd).collect();
    numbers.sort_unstable();
    let mut first = 3;
    for number in numbers {
        if number > first {
            // SAFETY: nobody in this process owns any of these yet.
            unsafe { libc::syscall(libc::SYS_close_range, first, number - 1, 0) };
        }
        first = number + 1;
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
}

/// The host's /proc.
pub fn open_proc() -> std::io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags, open};
    Ok(open("/proc", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// The resident memory of this process, in bytes; 0 where the host does not tell.
pub fn resident_bytes() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a place for one rusage; zeros are valid.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    (usage.ru_maxrss as u64).saturating_mul(1024)
}
