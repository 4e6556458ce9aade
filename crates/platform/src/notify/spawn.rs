//! The first process of a container (or of an exec): stripped, filtered, and turned into the loader
//! stub; and how the kernel gets hold of its listener.

use std::convert::Infallible;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::filter;
use super::listener::Listener;
use super::namespaces::pidfd_open;
use crate::{HostLimit, HostLimits, last_errno};

/// Where the child keeps the stub's file; everything else is closed.
const STUB: i32 = 0;
/// The number that the listener gets in the child: the lowest free one.
const LISTENER: i32 = 1;
/// Where the child tells that only the filter is left to be installed.
const READY: i32 = 2;
/// The most descriptors of a guest's process on the host, whose table is memory that no limit of ours counts: files
/// are put there for the moment of a mapping only.
const DESCRIPTORS: u64 = 256;
/// How long the kernel rests between two looks for the listener.
static REST: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 50_000 };

/// The process and the listener of its filter; where that cannot be had, the process is killed.
pub(super) fn fetch(child: i32) -> std::io::Result<(i32, Listener)> {
    match listener_of(child) {
        Ok(listener) => Ok((child, Listener::new(listener))),
        Err(error) => {
            // SAFETY: the child is our own and not yet reaped.
            unsafe {
                libc::kill(child, libc::SIGKILL);
                libc::waitpid(child, std::ptr::null_mut(), 0);
            }
            Err(error)
        }
    }
}

/// Fetches the listener out of the child, which cannot make a call any more to hand it over.
fn listener_of(child: i32) -> std::io::Result<OwnedFd> {
    let pidfd = pidfd_open(child)?;
    loop {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), LISTENER, 0) };
        if fd >= 0 {
            // SAFETY: `fd` was just made and is owned by nobody else.
            let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
            if is_listener(&fd) {
                return Ok(fd);
            }
        } else if !matches!(last_errno(), libc::EBADF | libc::ESRCH) {
            return Err(std::io::Error::last_os_error());
        }
        // One that has ended (ESRCH) tells by its exit code what it met.
        if let Some(status) = ended(child) {
            return Err(failure(status));
        }
        rest();
    }
}

/// Leaves the processor to the child for a moment.
fn rest() {
    let none = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: an empty signal set is all zeros, and no siginfo is asked for.
    unsafe { libc::sigtimedwait(none.as_ptr(), std::ptr::null_mut(), &raw const REST) };
}

/// Whether a descriptor is a seccomp listener: before the filter the number may be another file.
/// A listener does not know call 0; anything else does not know the request.
fn is_listener(fd: &OwnedFd) -> bool {
    const ID_VALID: libc::c_ulong = 0x4008_2102;
    let id = 0u64;
    // SAFETY: the request reads one u64.
    let done = unsafe { libc::ioctl(fd.as_raw_fd(), ID_VALID, &raw const id) };
    done == 0 || last_errno() == libc::ENOENT
}

fn ended(child: i32) -> Option<i32> {
    let mut status = 0;
    // SAFETY: `status` is a place for an int.
    let waited = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
    (waited == child).then_some(status)
}

fn failure(status: i32) -> std::io::Error {
    if libc::WIFEXITED(status) {
        std::io::Error::from_raw_os_error(libc::WEXITSTATUS(status))
    } else {
        std::io::Error::other("the guest's first process was killed before it ran")
    }
}

/// In the child: gives up everything and starts the stub. Ends with the errno as exit code where a
/// step fails.
pub(super) fn become_guest(
    stub: BorrowedFd<'_>,
    ready: BorrowedFd<'_>,
    program: &mut [libc::sock_filter],
    limits: HostLimits,
) -> Infallible {
    let fail = || -> ! {
        // SAFETY: ends this process.
        unsafe { libc::_exit(last_errno()) }
    };
    // SAFETY: plain calls; pointers are to values of this frame. Nothing allocates, since the
    // process is a fork.
    unsafe {
        libc::setsid();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::dup2(stub.as_raw_fd(), STUB) < 0 {
            fail();
        }
        if libc::dup2(ready.as_raw_fd(), READY) < 0 {
            fail();
        }
        libc::fcntl(STUB, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(READY, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::syscall(libc::SYS_close_range, LISTENER, LISTENER, 0);
        libc::syscall(libc::SYS_close_range, READY + 1, u32::MAX, 0);
        reset_signals();
        reset_limits();
        set_limits(limits);
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            fail();
        }
        crate::confine::seal_guest();
        crate::confine::drop_capabilities(&[]);
        // The kernel fetches the listener out of this process; the spawner, its parent, does not let it.
        crate::confine::be_dumpable(true);
        libc::write(READY, c"".as_ptr().cast(), 1);
        let listener = filter::install(program);
        if listener != LISTENER {
            libc::_exit(if listener < 0 { -listener } else { libc::EBADF });
        }
        let empty: *const *const libc::c_char = std::ptr::null();
        libc::syscall(libc::SYS_execveat, STUB, c"".as_ptr(), empty, empty, libc::AT_EMPTY_PATH);
        libc::_exit(last_errno())
    }
}

/// Every signal at its default and none blocked, which execve would otherwise pass on.
unsafe fn reset_signals() {
    // SAFETY: `set` is filled before it is used.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// The host's own limits must not be in the way of ours; no core files are left on the host.
unsafe fn reset_limits() {
    // SAFETY: each limit is a value of this frame.
    unsafe {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        let mut files = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut files);
        files.rlim_cur = files.rlim_max.min(DESCRIPTORS);
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const files);
    }
}

/// The soft limits that the guest begins with, and the hard ones as high as the host lets us.
unsafe fn set_limits(limits: HostLimits) {
    for (resource, soft) in [HostLimit::Data, HostLimit::Stack, HostLimit::AddressSpace].into_iter().zip(limits) {
        let wanted = libc::rlimit { rlim_cur: soft, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: each limit is a value of this frame.
        unsafe {
            if libc::setrlimit(resource.number(), &raw const wanted) != 0 {
                let mut now = wanted;
                libc::getrlimit(resource.number(), &raw mut now);
                now.rlim_cur = now.rlim_max.min(soft);
                libc::setrlimit(resource.number(), &raw const now);
            }
        }
    }
}
