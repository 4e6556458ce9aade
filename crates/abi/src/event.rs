//! eventfd(2), timerfd_create(2), signalfd(2) and inotify(7): structures and flags.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::time::Timespec;

/// eventfd2(2): a read takes one instead of all.
pub const EFD_SEMAPHORE: u32 = 1;

/// `struct itimerspec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct TimerSpec {
    /// The period; zero for a timer that expires once.
    pub interval: Timespec,
    /// The first expiration; zero disarms.
    pub value: Timespec,
}

/// timerfd_settime(2): the value is a time, not a span.
pub const TFD_TIMER_ABSTIME: u32 = 1;
/// timerfd_settime(2): end the wait when the realtime clock is set.
pub const TFD_TIMER_CANCEL_ON_SET: u32 = 2;

/// `struct signalfd_siginfo`, 128 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the one of that name in signalfd(2), without `ssi_`")]
pub struct SignalfdInfo {
    pub signo: u32,
    pub errno: i32,
    pub code: i32,
    pub pid: u32,
    pub uid: u32,
    pub fd: i32,
    pub tid: u32,
    pub band: u32,
    pub overrun: u32,
    pub trapno: u32,
    pub status: i32,
    pub int: i32,
    pub ptr: u64,
    pub utime: u64,
    pub stime: u64,
    pub addr: u64,
    pub addr_lsb: u16,
    pub pad: [u8; 46],
}

/// The fixed part of `struct inotify_event`; `length` bytes of name follow.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InotifyEvent {
    /// The watch descriptor.
    pub watch: i32,
    /// What happened.
    pub mask: u32,
    /// Joins the halves of a rename.
    pub cookie: u32,
    /// The bytes of the name with its padding of zeros.
    pub length: u32,
}

/// inotify(7): events were lost.
pub const IN_Q_OVERFLOW: u32 = 0x4000;
/// inotify(7): the watch is gone.
pub const IN_IGNORED: u32 = 0x8000;
/// inotify_add_watch(2): only a directory.
pub const IN_ONLYDIR: u32 = 0x0100_0000;
/// inotify_add_watch(2): do not follow a symbolic link.
pub const IN_DONT_FOLLOW: u32 = 0x0200_0000;
/// inotify_add_watch(2): nothing of children that were unlinked.
pub const IN_EXCL_UNLINK: u32 = 0x0400_0000;
/// inotify_add_watch(2): fail where a watch exists.
pub const IN_MASK_CREATE: u32 = 0x1000_0000;
/// inotify_add_watch(2): add to an existing watch's mask.
pub const IN_MASK_ADD: u32 = 0x2000_0000;
/// inotify(7): the object is a directory.
pub const IN_ISDIR: u32 = 0x4000_0000;
/// inotify_add_watch(2): one event, then the watch ends.
pub const IN_ONESHOT: u32 = 0x8000_0000;
/// Every event that can be asked for.
pub const IN_ALL_EVENTS: u32 = 0xfff;
