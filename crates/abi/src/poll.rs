//! poll(2), select(2) and epoll(7): structures and flags.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `struct pollfd`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PollFd {
    /// The descriptor; negative entries are passed over.
    pub fd: i32,
    /// What is asked.
    pub events: u16,
    /// What is answered.
    pub revents: u16,
}

/// `struct epoll_event`, packed on x86-64: 12 bytes.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed)]
pub struct EpollEvent {
    /// Event bits.
    pub events: u32,
    /// What the guest wants back.
    pub data: u64,
}

/// Close the new epoll descriptor on execve(2): `O_CLOEXEC`.
pub const EPOLL_CLOEXEC: u32 = 0o2000000;
/// epoll_ctl(2): add a descriptor.
pub const EPOLL_CTL_ADD: i32 = 1;
/// epoll_ctl(2): remove a descriptor.
pub const EPOLL_CTL_DEL: i32 = 2;
/// epoll_ctl(2): change what is asked.
pub const EPOLL_CTL_MOD: i32 = 3;
/// Wake one of several epoll instances.
pub const EPOLLEXCLUSIVE: u32 = 1 << 28;
/// Keep the system awake; means nothing here.
pub const EPOLLWAKEUP: u32 = 1 << 29;
/// Disarm after one report.
pub const EPOLLONESHOT: u32 = 1 << 30;
/// Report changes only.
pub const EPOLLET: u32 = 1 << 31;
/// The most events that one epoll_wait(2) may ask for: INT_MAX / sizeof(struct epoll_event).
pub const EPOLL_MAX_EVENTS: i32 = i32::MAX / 12;
