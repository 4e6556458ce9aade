//! Host descriptors that become ready: one epoll instance.
//!
//! Owns: the instance and who is watched in it. Tokens below [`FIRST_TOKEN`] are the platform's own.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

bitflags::bitflags! {
    /// What a watched descriptor is ready for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Readiness: u32 {
        /// Reading.
        const READ = libc::EPOLLIN as u32;
        /// Writing.
        const WRITE = libc::EPOLLOUT as u32;
        /// An error.
        const ERROR = libc::EPOLLERR as u32;
        /// The other side is gone.
        const HANG_UP = libc::EPOLLHUP as u32;
    }
}

/// The first token of a watch.
pub const FIRST_TOKEN: u64 = 1 << 32;

/// The watched descriptors.
pub struct Reactor {
    epoll: OwnedFd,
    next: AtomicU64,
}

impl Reactor {
    /// An empty one.
    pub fn new() -> std::io::Result<Reactor> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: `fd` was just made and is owned by nobody else.
        Ok(Reactor { epoll: unsafe { OwnedFd::from_raw_fd(fd) }, next: AtomicU64::new(FIRST_TOKEN) })
    }

    /// Watches `fd`, edge-triggered: an event each time it becomes ready. Answers the token of its
    /// events. A descriptor that cannot be watched (a regular file) is an error of kind
    /// `PermissionDenied`: it is always ready.
    pub fn watch(&self, fd: BorrowedFd<'_>) -> std::io::Result<u64> {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let all = (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
        self.add(fd.as_raw_fd(), all, token)?;
        Ok(token)
    }

    /// Stops watching `fd`.
    pub fn unwatch(&self, fd: BorrowedFd<'_>) {
        self.remove(fd.as_raw_fd());
    }

    pub(crate) fn add(&self, fd: RawFd, events: u32, token: u64) -> std::io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: `event` is a valid event for the time of the call.
        let done = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) };
        if done != 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
    }

    pub(crate) fn remove(&self, fd: RawFd) {
        // SAFETY: no event is passed, which EPOLL_CTL_DEL allows.
        let _ = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_DEL, fd, std::ptr::null_mut()) };
    }

    /// The next event's bits and token; `None` once CLOCK_MONOTONIC reaches `deadline` (nanoseconds).
    pub(crate) fn wait(&self, deadline: Option<u64>) -> Option<(u32, u64)> {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        let left = deadline.map(|when| when.saturating_sub(crate::clock::read(crate::clock::MONOTONIC)));
        let timeout = left.map(|nanos| libc::timespec {
            tv_sec: (nanos / 1_000_000_000) as i64,
            tv_nsec: (nanos % 1_000_000_000) as i64,
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: `event` is a place for one event, `timeout` null or a valid time.
        let count = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.epoll.as_raw_fd(),
                &raw mut event,
                1,
                timeout,
                std::ptr::null::<u8>(),
                8,
            )
        };
        (count == 1).then_some((event.events, event.u64))
    }
}
