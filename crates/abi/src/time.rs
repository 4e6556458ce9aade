//! Times as calls pass them: timespec(3type), timeval(3type) and their pairs.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `struct timespec`: seconds and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timespec {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds, 0 ..= 999,999,999 where a call accepts the value.
    pub nanoseconds: i64,
}

/// `struct timeval`: seconds and microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timeval {
    /// Whole seconds.
    pub seconds: i64,
    /// Microseconds, 0 ..= 999,999 where a call accepts the value.
    pub microseconds: i64,
}

impl Timespec {
    /// The time in nanoseconds; `None` where it is negative or its nanoseconds are no fraction of a
    /// second. Times beyond 584 years are cut to that.
    pub fn nanos(self) -> Option<u64> {
        let nanoseconds = u64::try_from(self.nanoseconds).ok().filter(|n| *n < 1_000_000_000)?;
        let seconds = u64::try_from(self.seconds).ok()?;
        Some(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
    }

    /// That many nanoseconds.
    pub fn from_nanos(nanos: u64) -> Timespec {
        Timespec { seconds: (nanos / 1_000_000_000) as i64, nanoseconds: (nanos % 1_000_000_000) as i64 }
    }
}

impl Timeval {
    /// The time in nanoseconds; `None` as for [`Timespec::nanos`].
    pub fn nanos(self) -> Option<u64> {
        let nanoseconds = self.microseconds.checked_mul(1000)?;
        Timespec { seconds: self.seconds, nanoseconds }.nanos()
    }

    /// That many nanoseconds, cut to microseconds.
    pub fn from_nanos(nanos: u64) -> Timeval {
        Timeval { seconds: (nanos / 1_000_000_000) as i64, microseconds: (nanos % 1_000_000_000 / 1000) as i64 }
    }
}

/// `struct itimerspec`: timer_settime(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Itimerspec {
    /// The time between expirations; 0 for one only.
    pub interval: Timespec,
    /// The time to the next expiration; 0 for a timer that is not set.
    pub value: Timespec,
}

/// `struct itimerval`: setitimer(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Itimerval {
    /// The time between expirations; 0 for one only.
    pub interval: Timeval,
    /// The time to the next expiration; 0 for a timer that is not set.
    pub value: Timeval,
}

/// `struct timezone`, obsolete: gettimeofday(2).
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Timezone {
    /// Minutes west of Greenwich.
    pub minutes_west: i32,
    /// Kind of daylight saving time.
    pub dst: i32,
}

/// `struct sigevent` of x86-64, 64 bytes: how a timer tells, sigevent(3type).
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sigevent {
    /// What goes along: `sigev_value`.
    pub value: u64,
    /// Which signal.
    pub signo: i32,
    /// One of the `SIGEV_` constants.
    pub notify: i32,
    /// The thread of [`SIGEV_THREAD_ID`].
    pub thread: i32,
    /// The rest of the union.
    pub rest: [i32; 11],
}

/// A signal to the process.
pub const SIGEV_SIGNAL: i32 = 0;
/// Nothing.
pub const SIGEV_NONE: i32 = 1;
/// Left to the C library; to the kernel a signal.
pub const SIGEV_THREAD: i32 = 2;
/// A signal to one thread.
pub const SIGEV_THREAD_ID: i32 = 4;

/// `struct timex` of x86-64, 208 bytes: adjtimex(2).
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the one of that name in adjtimex(2)")]
pub struct Timex {
    pub modes: u32,
    pub pad: u32,
    pub offset: i64,
    pub freq: i64,
    pub maxerror: i64,
    pub esterror: i64,
    pub status: i32,
    pub pad_status: i32,
    pub constant: i64,
    pub precision: i64,
    pub tolerance: i64,
    pub time: Timeval,
    pub tick: i64,
    pub ppsfreq: i64,
    pub jitter: i64,
    pub shift: i32,
    pub pad_shift: i32,
    pub stabil: i64,
    pub jitcnt: i64,
    pub calcnt: i64,
    pub errcnt: i64,
    pub stbcnt: i64,
    pub tai: i32,
    pub rest: [i32; 11],
}
