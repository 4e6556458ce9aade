//! The second wall: what the kernel's own process gives up, and what guests give up beside their
//! filter, by Landlock and seccomp.
//!
//! Owns: [`KERNEL_CALLS`], the host calls that are left to the kernel, and the Landlock rules for
//! both. A guest that takes over the kernel is then a process without privileges that sees the
//! directories it was handed. See landlock(7), seccomp(2).

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::sock_filter;

use crate::notify::filter;

/// The host calls that the kernel's own process can make once it is confined. Guests are forked from
/// the spawner, which was there before, so that nothing of it reaches them.
pub const KERNEL_CALLS: &[u32] = &[
    abi::nr::READ,
    abi::nr::WRITE,
    abi::nr::READV,
    abi::nr::WRITEV,
    abi::nr::PREAD64,
    abi::nr::PWRITE64,
    abi::nr::CLOSE,
    abi::nr::FSTAT,
    abi::nr::NEWFSTATAT,
    abi::nr::STATX,
    abi::nr::FSTATFS,
    abi::nr::LSEEK,
    abi::nr::FCNTL,
    abi::nr::OPENAT,
    abi::nr::OPENAT2,
    abi::nr::READLINKAT,
    abi::nr::GETDENTS64,
    abi::nr::FTRUNCATE,
    abi::nr::FALLOCATE,
    abi::nr::FSYNC,
    abi::nr::FDATASYNC,
    abi::nr::MKDIRAT,
    abi::nr::UNLINKAT,
    abi::nr::RENAMEAT2,
    abi::nr::LINKAT,
    abi::nr::SYMLINKAT,
    abi::nr::FCHMOD,
    abi::nr::FCHMODAT,
    abi::nr::UTIMENSAT,
    abi::nr::MEMFD_CREATE,
    abi::nr::MMAP,
    abi::nr::MUNMAP,
    abi::nr::MPROTECT,
    abi::nr::MREMAP,
    abi::nr::MADVISE,
    abi::nr::BRK,
    abi::nr::POLL,
    abi::nr::EPOLL_CTL,
    abi::nr::EPOLL_PWAIT2,
    abi::nr::RECVMSG,
    abi::nr::SHUTDOWN,
    abi::nr::CLOCK_GETTIME,
    abi::nr::GETRANDOM,
    abi::nr::GETRUSAGE,
    abi::nr::GETPID,
    abi::nr::GETUID,
    abi::nr::GETEUID,
    abi::nr::GETGID,
    abi::nr::GETEGID,
    abi::nr::GETTID,
    abi::nr::SCHED_GETAFFINITY,
    abi::nr::SCHED_SETAFFINITY,
    abi::nr::GETCPU,
    abi::nr::SYSINFO,
    abi::nr::WAIT4,
    abi::nr::WAITID,
    abi::nr::KILL,
    abi::nr::TGKILL,
    abi::nr::RT_SIGQUEUEINFO,
    abi::nr::RT_TGSIGQUEUEINFO,
    abi::nr::RT_SIGTIMEDWAIT,
    abi::nr::RT_SIGACTION,
    abi::nr::RT_SIGPROCMASK,
    abi::nr::RT_SIGRETURN,
    abi::nr::SIGALTSTACK,
    abi::nr::PTRACE,
    abi::nr::PROCESS_VM_READV,
    abi::nr::PROCESS_VM_WRITEV,
    abi::nr::PIDFD_OPEN,
    abi::nr::PIDFD_GETFD,
    abi::nr::PRCTL,
    abi::nr::FUTEX,
    abi::nr::SCHED_YIELD,
    abi::nr::RESTART_SYSCALL,
    abi::nr::EXIT,
    abi::nr::EXIT_GROUP,
];

/// The host calls that are left to a process that unpacks: reading and writing what it holds, and memory and threads
/// of its own. Nothing opens, sends, starts or signals anything.
pub const UNPACKER_CALLS: &[u32] = &[
    abi::nr::READ,
    abi::nr::WRITE,
    abi::nr::PREAD64,
    abi::nr::PWRITE64,
    abi::nr::FTRUNCATE,
    abi::nr::FSTAT,
    abi::nr::STATX,
    abi::nr::CLOSE,
    abi::nr::MMAP,
    abi::nr::MUNMAP,
    abi::nr::MPROTECT,
    abi::nr::MREMAP,
    abi::nr::MADVISE,
    abi::nr::BRK,
    abi::nr::FUTEX,
    abi::nr::SCHED_YIELD,
    abi::nr::RT_SIGPROCMASK,
    abi::nr::RT_SIGRETURN,
    abi::nr::SIGALTSTACK,
    abi::nr::GETRANDOM,
    abi::nr::GETPID,
    abi::nr::GETTID,
    abi::nr::RESTART_SYSCALL,
    abi::nr::EXIT,
    abi::nr::EXIT_GROUP,
];

/// The host calls that are left to a node's switch: packets and descriptors to and from the kernels of its pods, and
/// memory of its own. Beside them it makes sockets as [`SWITCH_SOCKETS`] says.
pub const SWITCH_CALLS: &[u32] = &[
    abi::nr::RECVMSG,
    abi::nr::SENDMSG,
    abi::nr::CONNECT,
    abi::nr::ACCEPT4,
    abi::nr::GETSOCKNAME,
    abi::nr::CLOSE,
    abi::nr::WRITE,
    abi::nr::EPOLL_CREATE1,
    abi::nr::EPOLL_CTL,
    abi::nr::EPOLL_WAIT,
    abi::nr::EPOLL_PWAIT,
    abi::nr::EPOLL_PWAIT2,
    abi::nr::MMAP,
    abi::nr::MUNMAP,
    abi::nr::MPROTECT,
    abi::nr::MREMAP,
    abi::nr::MADVISE,
    abi::nr::BRK,
    abi::nr::FUTEX,
    abi::nr::CLOCK_GETTIME,
    abi::nr::GETRANDOM,
    abi::nr::RT_SIGRETURN,
    abi::nr::RT_SIGPROCMASK,
    abi::nr::SIGALTSTACK,
    abi::nr::RESTART_SYSCALL,
    abi::nr::EXIT,
    abi::nr::EXIT_GROUP,
];

/// What else a switch calls, by its first or second argument.
pub const SWITCH_SOCKETS: &[(u32, &str)] = &[
    (abi::nr::SOCKETPAIR, "AF_UNIX"),
    (abi::nr::SOCKET, "AF_INET or AF_INET6"),
    (abi::nr::SETSOCKOPT, "level SOL_SOCKET or IPPROTO_TCP"),
];

/// The flags with which the kernel may call sendmsg(2), exactly: MSG_NOSIGNAL, with MSG_DONTWAIT or without. With
/// MSG_FASTOPEN it would connect a socket, and neither connect(2) nor Landlock would be asked.
pub const KERNEL_SENDING: &[u32] = &[libc::MSG_NOSIGNAL as u32, (libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT) as u32];

/// The requests of ioctl(2) that the kernel can make: those of a seccomp listener.
pub const KERNEL_REQUESTS: &[u32] = &[0xc050_2100, 0xc018_2101, 0x4008_2102, 0x4018_2103, 0x4008_2104];

/// Landlock's scopes: no abstract socket of, and no signal to, anybody outside of the own domain and those
/// nested in it.
const SIGNALS_AND_SOCKETS: u64 = 3;
const EXECUTE: u64 = 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIRECTORY: u64 = 1 << 3;
const READING: u64 = EXECUTE | READ_FILE | READ_DIRECTORY;
/// Rights that make sense on a regular file.
const ON_FILES: u64 = EXECUTE | READ_FILE | 1 << 1 | 1 << 14;

/// What the second wall could do on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// The directories are the only ones that can be reached.
    pub landlock: bool,
    /// The calls are the only ones that can be made.
    pub filter: bool,
}

/// Leaves this process only [`KERNEL_CALLS`] and what is below `directories` (with whether it may be
/// written) and `proc_dir`. `between` runs with the second restriction and without the first: what it
/// forks shares our Landlock domain, which ptrace(2) asks for, and not our filter.
pub(crate) fn confine_kernel<T>(
    directories: &[(BorrowedFd<'_>, bool)],
    proc_dir: BorrowedFd<'_>,
    between: impl FnOnce() -> T,
) -> (Confinement, T) {
    // SAFETY: no pointers are passed.
    let locked = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } == 0;
    let mut rules: Vec<(BorrowedFd<'_>, u64)> =
        directories.iter().map(|(fd, writable)| (*fd, if *writable { u64::MAX } else { READING })).collect();
    rules.push((proc_dir, READ_FILE | READ_DIRECTORY));
    let landlock = locked && restrict(&rules, SIGNALS_AND_SOCKETS);
    let made = between();
    drop_capabilities(&[]);
    (Confinement { landlock, filter: locked && install() }, made)
}

/// In a process that unpacks, before it makes its threads: no capability, no path, no TCP port, no signal to anybody
/// outside. Where the host has no Landlock, [`filter_unpacker`] holds alone.
pub fn seal_unpacker() {
    // SAFETY: no pointers are passed.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    drop_capabilities(&[]);
    restrict(&[], SIGNALS_AND_SOCKETS);
}

/// Leaves all threads of this process [`UNPACKER_CALLS`] only; false where the host cannot.
pub fn filter_unpacker() -> bool {
    let mut program = filter::prologue();
    program.extend(UNPACKER_CALLS.iter().flat_map(|number| filter::allow(*number)));
    program.push(filter::refuse());
    load(&mut program, libc::SECCOMP_FILTER_FLAG_TSYNC)
}

/// The TCP ports that a switch may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// None, or one: nothing leads out of the node.
    Only(Option<u16>),
    /// All: which addresses those are the switch decides.
    All,
}

/// In a node's switch, before it serves anybody: no capability, nobody looks into it, no path, no signal to anybody
/// outside, no TCP port of its own, and no others than `ports`. What of Landlock and of the filter the host could.
pub fn confine_switch(ports: Ports) -> Confinement {
    const FIRST: u32 = 0;
    const SECOND: u32 = 1;
    // SAFETY: no pointers are passed.
    let locked = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } == 0;
    drop_capabilities(&[]);
    be_dumpable(false);
    let landlock = locked && restrict_to(&[], ports, SIGNALS_AND_SOCKETS);
    let mut program = filter::prologue();
    program.extend(SWITCH_CALLS.iter().flat_map(|number| filter::allow(*number)));
    program.extend(filter::allow_argument(abi::nr::SOCKETPAIR, FIRST, &[libc::AF_UNIX as u32]));
    program.extend(filter::allow_argument(abi::nr::SOCKET, FIRST, &[libc::AF_INET as u32, libc::AF_INET6 as u32]));
    let levels = [libc::SOL_SOCKET as u32, libc::IPPROTO_TCP as u32];
    program.extend(filter::allow_argument(abi::nr::SETSOCKOPT, SECOND, &levels));
    program.push(filter::refuse());
    Confinement { landlock, filter: locked && load(&mut program, libc::SECCOMP_FILTER_FLAG_TSYNC) }
}

/// Leaves this process the capabilities `kept`, and their sets no others: capabilities(7). Allocates nothing, so
/// that a fork may call it.
pub(crate) fn drop_capabilities(kept: &[u32]) {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: 0x2008_0522, pid: 0 };
    let low = kept.iter().fold(0_u32, |set, capability| set | 1 << capability);
    // Effective, permitted and inheritable, first of the capabilities below 32 and then of the others.
    let sets = [low, low, 0, 0, 0, 0];
    // SAFETY: prctl gets no pointers; capset gets a header of version 3 and its two sets, which outlive it.
    unsafe {
        libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        for capability in (0..64).filter(|capability| !kept.contains(capability)) {
            libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
        libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr());
    }
}

/// Keeps other processes of the same user, and of the same Landlock domain, from looking into this one and from
/// changing it: prctl(2) PR_SET_DUMPABLE. A child is as its parent is.
pub(crate) fn be_dumpable(dumpable: bool) {
    // SAFETY: no pointers are passed.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, libc::c_ulong::from(dumpable), 0, 0, 0) };
}

/// The calls that are left to the first process of a pid namespace, which only waits for its end.
pub const KEEPER_CALLS: &[u32] = &[abi::nr::READ, abi::nr::EXIT_GROUP];

/// The program that leaves [`KEEPER_CALLS`]; made before the fork, since it allocates.
pub(crate) fn keeper_program() -> Vec<sock_filter> {
    let mut program = filter::prologue();
    program.extend(KEEPER_CALLS.iter().flat_map(|number| filter::allow(*number)));
    program.push(filter::refuse());
    program
}

/// Installs a program on the calling thread; whether the host could.
pub(crate) fn load(program: &mut [sock_filter], flags: libc::c_ulong) -> bool {
    let prog = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: `prog` points at `program`, which outlives the call.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const prog) == 0 }
}

/// In a guest's first process: no path, no TCP port, no signal to anybody outside, by Landlock,
/// where the host has it. The filter holds alone where it does not.
pub(crate) fn seal_guest() {
    restrict(&[], SIGNALS_AND_SOCKETS);
}

#[repr(C)]
struct Ruleset {
    files: u64,
    network: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct BeneathRule {
    access: u64,
    parent: i32,
}

#[repr(C)]
struct PortRule {
    access: u64,
    port: u64,
}

/// Allows `rules` and nothing else of files and TCP ports; whether the host could.
fn restrict(rules: &[(BorrowedFd<'_>, u64)], scoped: u64) -> bool {
    restrict_to(rules, Ports::Only(None), scoped)
}

/// The same, and connections to `ports`, which a host without rules for ports allows to all.
fn restrict_to(rules: &[(BorrowedFd<'_>, u64)], ports: Ports, scoped: u64) -> bool {
    const VERSION: u32 = 1;
    const BENEATH: i32 = 1;
    const PORT: i32 = 2;
    const BIND: u64 = 1;
    const CONNECT: u64 = 2;
    let (network, ports) = match &ports {
        Ports::Only(port) => (BIND | CONNECT, port.as_slice()),
        Ports::All => (BIND, [].as_slice()),
    };
    // SAFETY: with the version flag no ruleset is passed.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0, 0, VERSION) };
    let (files, size): (u64, usize) = match version {
        1 => (0x1fff, 8),
        2 => (0x3fff, 8),
        3 => (0x7fff, 8),
        4 => (0x7fff, 16),
        5 => (0xffff, 16),
        6.. => (0xffff, 24),
        _ => return false,
    };
    let ruleset = Ruleset { files, network: if version >= 4 { network } else { 0 }, scoped };
    // SAFETY: `ruleset` is readable for `size` bytes.
    let fd = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const ruleset, size, 0) } as i32;
    if fd < 0 {
        return false;
    }
    let added = rules.iter().all(|(directory, access)| {
        let is_directory =
            crate::host::stat(*directory).is_ok_and(|stat| stat.mode & abi::stat::S_IFMT == abi::stat::S_IFDIR);
        let access = access & files & if is_directory { u64::MAX } else { ON_FILES };
        let rule = BeneathRule { access, parent: directory.as_raw_fd() };
        // SAFETY: `rule` has the layout that BENEATH rules have.
        unsafe { libc::syscall(libc::SYS_landlock_add_rule, fd, BENEATH, &raw const rule, 0) == 0 }
    });
    let opened = version < 4
        || ports.iter().all(|port| {
            let rule = PortRule { access: CONNECT, port: u64::from(*port) };
            // SAFETY: `rule` has the layout that rules for ports have.
            unsafe { libc::syscall(libc::SYS_landlock_add_rule, fd, PORT, &raw const rule, 0) == 0 }
        });
    // SAFETY: `fd` is the ruleset that was just made; it is closed after use.
    unsafe {
        let restricted = added && opened && libc::syscall(libc::SYS_landlock_restrict_self, fd, 0) == 0;
        libc::close(fd);
        restricted
    }
}

/// Installs the kernel's own filter.
fn install() -> bool {
    load(&mut program(), 0)
}

fn program() -> Vec<sock_filter> {
    let mut program = filter::prologue();
    for number in KERNEL_CALLS {
        program.extend(filter::allow(*number));
    }
    program.extend(filter::allow_argument(abi::nr::IOCTL, 1, KERNEL_REQUESTS));
    program.extend(filter::allow_argument(abi::nr::SENDMSG, 2, KERNEL_SENDING));
    program.push(filter::refuse());
    program
}
