//! The spawner: a process that makes the first process of a container and those of exec.
//!
//! It is forked before the kernel's process confines itself, since a guest forked from a confined
//! process would carry that filter too, and its refusals come before our notifications. It holds the
//! pid namespaces, reads nothing but a namespace's number, and ends with the kernel's process. What
//! it makes are siblings of itself: children of the kernel's process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::namespaces::{PidNamespace, fork_into, spawner_capabilities};
use super::spawn::become_guest;
use super::{filter, listener::Listener, spawn, spawner_filter};
use crate::HostLimits;

/// The kernel's end of the spawner.
pub(super) struct Spawner {
    socket: OwnedFd,
    process: i32,
}

impl Spawner {
    /// Forks the spawner.
    pub(super) fn start(stub: BorrowedFd<'_>, proc_dir: BorrowedFd<'_>) -> std::io::Result<Spawner> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let process = fork_into(libc::SIGCHLD, || serve(&theirs, stub, proc_dir))?;
        Ok(Spawner { socket: ours, process })
    }

    /// Has the spawner end its namespaces and itself, and waits for that. A namespace ends only after
    /// each of its processes was reaped, and those are children of this process, which is why it takes
    /// the end of any child here.
    pub(super) fn end(&self) {
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        loop {
            // SAFETY: nothing is written.
            let ended = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::__WALL) };
            if ended == self.process || ended < 0 && crate::last_errno() != libc::EINTR {
                return;
            }
        }
    }

    /// Its id.
    pub(super) fn process(&self) -> i32 {
        self.process
    }

    /// Whether the spawner has ended, which it does only where somebody on the host has killed it.
    pub(super) fn is_gone(&self) -> bool {
        crate::stream::ready(self.socket.as_fd()) & (libc::POLLHUP | libc::POLLRDHUP) as u16 != 0
    }

    /// Has the spawner end a namespace that nothing lives in.
    pub(super) fn release(&self, namespace: u32) {
        let order = Order { namespace: namespace | RELEASE, limits: HostLimits::default() };
        let _ = rustix::io::write(&self.socket, &order.encode());
    }

    /// Has a process made in pid namespace number `namespace`, with these limits; answers its host id and its filter's
    /// listener. Its first call is the execveat of the stub, which must be let go.
    pub(super) fn spawn(&self, namespace: u32, limits: HostLimits) -> std::io::Result<(i32, Listener)> {
        rustix::io::write(&self.socket, &Order { namespace, limits }.encode())?;
        let mut answer = [0; 8];
        if rustix::io::read(&self.socket, &mut answer)? != answer.len() {
            return Err(std::io::Error::other("the spawner has ended"));
        }
        let [a, b, c, d, e, f, g, h] = answer;
        let (helper, process) = (i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h]));
        if helper > 0 {
            // SAFETY: the helper is our own child, which has ended; nothing is written.
            unsafe { libc::waitpid(helper, std::ptr::null_mut(), 0) };
        }
        if process < 0 {
            return Err(std::io::Error::from_raw_os_error(-process));
        }
        spawn::fetch(process)
    }
}

/// Closes what the kernel's process had open when the spawner was forked, besides `kept` and the standard
/// streams: a copy of a guest's stream that stays open here would hide its end from who reads it.
fn close_all_but(mut kept: [i32; 3]) {
    kept.sort_unstable();
    let mut first = 3;
    for next in kept.into_iter().chain(std::iter::once(i32::MAX)) {
        if first < next {
            // SAFETY: nothing of what is closed is used in this process.
            unsafe { libc::syscall(libc::SYS_close_range, first, next - 1, 0) };
        }
        first = first.max(next.saturating_add(1));
    }
}

/// In the namespace of an order: it is to end. Nothing is answered.
const RELEASE: u32 = 1 << 31;

/// A message to the spawner.
struct Order {
    namespace: u32,
    limits: HostLimits,
}

impl Order {
    const SIZE: usize = size_of::<u32>() + size_of::<HostLimits>();

    fn encode(&self) -> Vec<u8> {
        let limits = self.limits.iter().flat_map(|limit| limit.to_ne_bytes());
        self.namespace.to_ne_bytes().into_iter().chain(limits).collect()
    }

    fn decode(bytes: &[u8; Order::SIZE]) -> Option<Order> {
        let (namespace, limits) = bytes.split_first_chunk()?;
        let (limits, _) = limits.as_chunks();
        let mut limits = limits.iter().map(|limit| u64::from_ne_bytes(*limit));
        let limits = [limits.next()?, limits.next()?, limits.next()?];
        Some(Order { namespace: u32::from_ne_bytes(*namespace), limits })
    }
}

/// The spawner's life.
fn serve(socket: &OwnedFd, stub: BorrowedFd<'_>, proc_dir: BorrowedFd<'_>) -> Infallible {
    // SAFETY: plain calls.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"podvisor-spawn".as_ptr());
        // Its children, the namespaces' first processes, leave nothing to reap.
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
    }
    crate::confine::drop_capabilities(spawner_capabilities());
    crate::confine::be_dumpable(false);
    close_all_but([socket.as_raw_fd(), stub.as_raw_fd(), proc_dir.as_raw_fd()]);
    if !spawner_filter::install() {
        // SAFETY: ends the spawner, whose kernel then refuses to start: it has no filter either.
        unsafe { libc::_exit(libc::EIO) }
    }
    let mut namespaces: HashMap<u32, PidNamespace> = HashMap::new();
    let mut program = filter::program();
    let mut order = [0; Order::SIZE];
    while matches!(rustix::io::read(socket, &mut order), Ok(Order::SIZE)) {
        let Some(Order { namespace: number, limits }) = Order::decode(&order) else { break };
        if number & RELEASE != 0 {
            if let Some(namespace) = namespaces.remove(&(number & !RELEASE)) {
                namespace.end();
            }
            continue;
        }
        let made = match namespaces.entry(number) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => PidNamespace::new(proc_dir).map(|namespace| new.insert(namespace)),
        };
        let made = made.and_then(|namespace| namespace.fork(|ready| become_guest(stub, ready, &mut program, limits)));
        let (helper, process) = made.unwrap_or_else(|error| (0, -error.raw_os_error().unwrap_or(libc::EIO)));
        let answer = [helper.to_ne_bytes(), process.to_ne_bytes()].concat();
        if rustix::io::write(socket, &answer).is_err() {
            break;
        }
    }
    drop(namespaces);
    // SAFETY: waits until the last child is gone, which nobody needs to reap; then ends the spawner.
    unsafe {
        libc::waitpid(-1, std::ptr::null_mut(), libc::__WALL);
        libc::_exit(0)
    }
}
