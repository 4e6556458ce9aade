//! Namespaces of the pod and the host's view of its processes.
//!
//! Owns: what separates the kernel and its guests from the host beyond the two filters, as far as
//! the host lets us: user, mount (an empty root), net, ipc and uts namespaces for both, a pid
//! namespace per container; pidfds, reaping, sending signals. See namespaces(7), pid_namespaces(7).

use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use std::sync::OnceLock;

use abi::signal::{SigInfo, Signal};

use crate::{Ended, Usage, confine, last_errno};

/// What [`isolate`] could do on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// Namespaces were made, and the root directory is empty.
    pub namespaces: bool,
    /// User 0 here is user 0 of whoever started us, not of a user namespace of our own.
    pub root: bool,
    /// The host's errno where not.
    pub error: i32,
}

fn unshare(flags: libc::c_int) -> Result<(), i32> {
    // SAFETY: no pointers are passed.
    if unsafe { libc::unshare(flags) } == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Set once this process lives in a user namespace of its own.
static OWN_USERS: OnceLock<()> = OnceLock::new();

/// The capabilities that the spawner needs for pid namespaces and for emptying the sets of guests: those of its own
/// user namespace, or none. The machine's own it does not keep: without a user namespace there are no pid namespaces.
pub(crate) fn spawner_capabilities() -> &'static [u32] {
    const SETPCAP: u32 = 8;
    const SYS_ADMIN: u32 = 21;
    if OWN_USERS.get().is_some() { &[SETPCAP, SYS_ADMIN] } else { &[] }
}

/// Puts this process into namespaces of its own with an empty root directory. Must come before the
/// first guest. Where the host refuses, nothing is changed and the filters alone hold.
pub fn isolate() -> Isolation {
    let isolation = isolate_from(libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS);
    // Changed credentials make a process undumpable, and its children, which we must look into.
    confine::be_dumpable(true);
    isolation
}

/// The same for a process that opens connections of the machine and makes no guests.
pub fn isolate_on_network() -> Isolation {
    isolate_from(libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS)
}

fn isolate_from(rest: libc::c_int) -> Isolation {
    // SAFETY: getuid and getgid cannot fail.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    let made = match unshare(libc::CLONE_NEWUSER | rest) {
        Ok(()) => {
            let _ = OWN_USERS.set(());
            let _ = std::fs::write("/proc/self/setgroups", "deny");
            let _ = std::fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"));
            let _ = std::fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"));
            Ok(())
        }
        Err(_) => unshare(rest),
    };
    let root = uid == 0 && OWN_USERS.get().is_none();
    match made.and_then(|()| empty_root()) {
        Ok(()) => Isolation { namespaces: true, root, error: 0 },
        Err(error) => Isolation { namespaces: false, root, error },
    }
}

/// Makes an empty, read-only tmpfs the root of this process's mount namespace.
fn empty_root() -> Result<(), i32> {
    let check = |done: i32| if done == 0 { Ok(()) } else { Err(last_errno()) };
    let (root, tmp, here) = (c"/".as_ptr(), c"/tmp".as_ptr(), c".".as_ptr());
    let (kind, options) = (c"tmpfs".as_ptr(), c"size=4k,mode=555".as_ptr());
    let safe = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    let none = std::ptr::null();
    // SAFETY: every pointer is a zero-terminated string or null where mount(2) allows it.
    unsafe {
        check(libc::mount(none, root, none, libc::MS_REC | libc::MS_PRIVATE, none.cast()))?;
        check(libc::mount(kind, tmp, kind, safe, options.cast()))?;
        check(libc::chdir(tmp))?;
        check(libc::syscall(libc::SYS_pivot_root, here, here) as i32)?;
        check(libc::umount2(here, libc::MNT_DETACH))?;
        check(libc::mount(none, root, none, libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | safe, none.cast()))?;
        check(libc::chdir(root))
    }
}

/// A pid namespace, kept alive by its first process, which waits for our end: when the pipe to it
/// closes it ends, and with it the host kills every other process of the namespace.
pub(crate) struct PidNamespace {
    namespace: Option<OwnedFd>,
    /// The pipe that keeps the first process waiting.
    alive: Option<OwnedFd>,
    keeper: Option<i32>,
}

impl Drop for PidNamespace {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(keeper) = self.keeper.take() {
            wait(keeper);
        }
    }
}

impl PidNamespace {
    /// A new one; an empty value where the host allows none.
    pub(crate) fn new(proc_dir: BorrowedFd<'_>) -> std::io::Result<PidNamespace> {
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (ready, tell_ready) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let mut program = confine::keeper_program();
        let forked = fork_into(libc::CLONE_NEWPID | libc::SIGCHLD, || keep(&read, &tell_ready, &mut program));
        let Ok(keeper) = forked else { return Ok(PidNamespace { namespace: None, alive: None, keeper: None }) };
        drop(tell_ready);
        let _ = rustix::io::read(&ready, &mut [0]);
        let namespace = Some(open_namespace(proc_dir, &format!("{keeper}/ns/pid"))?);
        // From here on nobody needs to look into it.
        rustix::io::write(&write, &[0])?;
        Ok(PidNamespace { namespace, alive: Some(write), keeper: Some(keeper) })
    }

    /// Begins its end, which is not waited for: the host ends it only after our parent has reaped each
    /// process of it.
    pub(crate) fn end(mut self) {
        self.keeper = None;
    }

    /// Makes a process that is born in this namespace and lives in `child`, as a child of our
    /// parent; answers the host id of the helper that made it, 0 for none, and its own, once it has
    /// written a byte to the pipe that it is given, or is gone.
    ///
    /// Who has entered a pid namespace cannot come back to one of the host's, so a helper enters it.
    /// Where nothing came of it the process's id is a negative errno.
    pub(crate) fn fork(&self, child: impl FnOnce(BorrowedFd<'_>) -> Infallible) -> std::io::Result<(i32, i32)> {
        let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
        let (ready, tell_ready) = pipe()?;
        let made = match &self.namespace {
            None => (0, fork_into(SIBLING, || child(tell_ready.as_fd()))?),
            Some(namespace) => {
                let (id, tell_id) = pipe()?;
                let helper = fork_into(SIBLING, || help(namespace, &tell_id, || child(tell_ready.as_fd())))?;
                drop(tell_id);
                let mut told = [0; 4];
                match rustix::io::read(&id, &mut told) {
                    Ok(4) => (helper, i32::from_ne_bytes(told)),
                    _ => (helper, -libc::EIO),
                }
            }
        };
        drop(tell_ready);
        let _ = rustix::io::read(&ready, &mut [0]);
        Ok(made)
    }
}

/// Makes the new process a child of the kernel's own, as the one that makes it is.
const SIBLING: i32 = libc::CLONE_PARENT | libc::SIGCHLD;

/// The helper's life: enters the namespace, forks there, and tells the new process's id.
fn help(namespace: &OwnedFd, tell_id: &OwnedFd, child: impl FnOnce() -> Infallible) -> Infallible {
    let made = enter(namespace.as_fd()).and_then(|()| fork_into(SIBLING, child));
    let id = made.unwrap_or_else(|error| -error.raw_os_error().unwrap_or(libc::EIO));
    let _ = rustix::io::write(tell_id, &id.to_ne_bytes());
    // SAFETY: ends the helper.
    unsafe { libc::_exit(0) }
}

/// Forks; the child does nothing but `child`. `flags` are clone(2)'s.
pub(super) fn fork_into(flags: i32, child: impl FnOnce() -> Infallible) -> std::io::Result<i32> {
    // SAFETY: without a stack of its own the child is a fork of this single thread.
    let forked = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } as i32;
    if forked == 0 {
        child();
    }
    if forked < 0 { Err(std::io::Error::last_os_error()) } else { Ok(forked) }
}

fn open_namespace(proc_dir: BorrowedFd<'_>, path: &str) -> std::io::Result<OwnedFd> {
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
    Ok(rustix::fs::openat(proc_dir, path, flags, rustix::fs::Mode::empty())?)
}

fn enter(namespace: BorrowedFd<'_>) -> std::io::Result<()> {
    // SAFETY: no pointers are passed.
    let done = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWPID) };
    if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// The life of a namespace's first process: it tells that its namespace can be opened, and once that is done nobody
/// looks into it or has it make a call. A host without seccomp filters is refused later.
fn keep(alive: &OwnedFd, tell_ready: &OwnedFd, program: &mut [libc::sock_filter]) -> Infallible {
    const ALIVE: i32 = 0;
    const READY: i32 = 1;
    // SAFETY: plain calls; `byte` is a place for one byte. The process never returns from here.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"podvisor-init".as_ptr());
        // Both are above 2: the standard streams are open.
        libc::dup2(alive.as_raw_fd(), ALIVE);
        libc::dup2(tell_ready.as_raw_fd(), READY);
        libc::syscall(libc::SYS_close_range, READY + 1, u32::MAX, 0);
        confine::drop_capabilities(&[]);
        confine::be_dumpable(true);
        libc::write(READY, c"".as_ptr().cast(), 1);
        libc::close(READY);
        let mut byte = 0u8;
        if libc::read(ALIVE, (&raw mut byte).cast(), 1) == 1 {
            confine::be_dumpable(false);
            confine::load(program, 0);
            while libc::read(ALIVE, (&raw mut byte).cast(), 1) != 0 {}
        }
        libc::_exit(0)
    }
}

/// A descriptor of a process.
pub(crate) fn pidfd_open(process: i32) -> std::io::Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: `fd` was just made and is owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Waits for the end of a child and forgets it.
pub(crate) fn wait(process: i32) {
    // SAFETY: nothing is written.
    unsafe { libc::waitpid(process, std::ptr::null_mut(), libc::__WALL) };
}

/// Takes the end of a child; `None` where it has not ended.
pub(crate) fn reap(process: i32) -> Option<(Ended, Usage)> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `status` and `usage` are places for what wait4 writes.
    let waited = unsafe { libc::wait4(process, &raw mut status, libc::WNOHANG | libc::__WALL, usage.as_mut_ptr()) };
    if waited != process {
        return None;
    }
    // SAFETY: wait4 has filled it, and zeros are valid anyway.
    let usage = unsafe { usage.assume_init() };
    let micros = |time: libc::timeval| (time.tv_sec as u64).wrapping_mul(1_000_000).wrapping_add(time.tv_usec as u64);
    let ended = if libc::WIFEXITED(status) {
        Ended::Exited(libc::WEXITSTATUS(status) as u8)
    } else {
        Ended::Killed(Signal::new(libc::WTERMSIG(status) as u32).unwrap_or(Signal::SIGKILL))
    };
    let usage = Usage {
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        max_rss_kib: usage.ru_maxrss as u64,
    };
    Some((ended, usage))
}

/// As `Platform::signal`. The host lets nobody claim `si_code` >= 0 or SI_TKILL for another process:
/// such a code travels as SI_QUEUE, with sender and value kept.
pub(crate) fn send(process: i32, thread: Option<i32>, signal: Signal, info: Option<SigInfo>) {
    let number = signal.number() as i32;
    let info = info.map(|mut info| {
        if info.code >= 0 || info.code == abi::signal::SI_TKILL {
            info.code = abi::signal::SI_QUEUE;
        }
        info
    });
    // SAFETY: `info` outlives the call that reads it; the ids are those of our own children.
    unsafe {
        match (thread, info) {
            (Some(thread), Some(info)) => {
                libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, number, &raw const info);
            }
            (Some(thread), None) => {
                libc::syscall(libc::SYS_tgkill, process, thread, number);
            }
            (None, Some(info)) => {
                libc::syscall(libc::SYS_rt_sigqueueinfo, process, number, &raw const info);
            }
            (None, None) => {
                libc::kill(process, number);
            }
        }
    }
}
