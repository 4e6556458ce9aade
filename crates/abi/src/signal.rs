//! Signals: numbers, sets and siginfo, as signal(7) and sigaction(2) tell.

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

/// A signal number, 1 ..= 64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Signal(u8);

macro_rules! signals {
    ($($name:ident = $number:literal;)*) => {
        impl Signal {
            $(#[doc = concat!("`", stringify!($name), "`, see signal(7).")] pub const $name: Signal = Signal($number);)*

            /// The constant's name; `None` for the real-time signals.
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $($number => Some(stringify!($name)),)* _ => None }
            }
        }
    };
}

signals! {
    SIGHUP = 1; SIGINT = 2; SIGQUIT = 3; SIGILL = 4; SIGTRAP = 5; SIGABRT = 6; SIGBUS = 7; SIGFPE = 8;
    SIGKILL = 9; SIGUSR1 = 10; SIGSEGV = 11; SIGUSR2 = 12; SIGPIPE = 13; SIGALRM = 14; SIGTERM = 15;
    SIGSTKFLT = 16; SIGCHLD = 17; SIGCONT = 18; SIGSTOP = 19; SIGTSTP = 20; SIGTTIN = 21; SIGTTOU = 22;
    SIGURG = 23; SIGXCPU = 24; SIGXFSZ = 25; SIGVTALRM = 26; SIGPROF = 27; SIGWINCH = 28; SIGIO = 29;
    SIGPWR = 30; SIGSYS = 31;
}

/// What a signal does where no handler is installed, signal(7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultAction {
    /// The process ends.
    Terminate,
    /// The process ends, and would leave a core file.
    Core,
    /// Nothing happens.
    Ignore,
    /// The process stops.
    Stop,
    /// A stopped process goes on.
    Continue,
}

impl Signal {
    /// The signal of that number, or `None` outside 1 ..= 64.
    pub fn new(number: u32) -> Option<Signal> {
        u8::try_from(number).ok().filter(|n| (1..=64).contains(n)).map(Signal)
    }

    /// The number, 1 ..= 64.
    pub fn number(self) -> u32 {
        u32::from(self.0)
    }

    /// The action of signal(7)'s table.
    pub fn default_action(self) -> DefaultAction {
        match self {
            Signal::SIGCHLD | Signal::SIGURG | Signal::SIGWINCH => DefaultAction::Ignore,
            Signal::SIGCONT => DefaultAction::Continue,
            Signal::SIGSTOP | Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU => DefaultAction::Stop,
            Signal::SIGQUIT
            | Signal::SIGILL
            | Signal::SIGTRAP
            | Signal::SIGABRT
            | Signal::SIGBUS
            | Signal::SIGFPE
            | Signal::SIGSEGV
            | Signal::SIGXCPU
            | Signal::SIGXFSZ
            | Signal::SIGSYS => DefaultAction::Core,
            _ => DefaultAction::Terminate,
        }
    }
}

/// `sigset_t` as calls pass it: bit n-1 is signal n.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: SignalSet = SignalSet(0);

    /// The set of one signal.
    pub fn of(signal: Signal) -> SignalSet {
        SignalSet(1 << (signal.number() - 1))
    }

    /// Whether `signal` is in the set.
    pub fn contains(self, signal: Signal) -> bool {
        self.0 & SignalSet::of(signal).0 != 0
    }

    /// The set with `signal`.
    pub fn with(self, signal: Signal) -> SignalSet {
        SignalSet(self.0 | SignalSet::of(signal).0)
    }

    /// The set without `signal`.
    pub fn without(self, signal: Signal) -> SignalSet {
        SignalSet(self.0 & !SignalSet::of(signal).0)
    }

    /// The signals of the set, lowest first.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        (1..=64).filter_map(Signal::new).filter(move |s| self.contains(*s))
    }
}

impl std::fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// `siginfo_t`, 128 bytes; the union's members that we fill lie where sigaction(2) has them.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the one of that name in sigaction(2)")]
pub struct SigInfo {
    pub signo: i32,
    pub errno: i32,
    pub code: i32,
    pub pad: i32,
    pub pid: i32,
    pub uid: u32,
    /// `si_status` of SIGCHLD, or the low half of `si_value`.
    pub status: i32,
    /// The high half of `si_value` where a signal carries one.
    pub value_high: i32,
    pub utime: i64,
    pub stime: i64,
    pub rest: [u64; 10],
}

impl SigInfo {
    /// The information of `signal` with nothing else filled in.
    pub fn of(signal: Signal) -> SigInfo {
        SigInfo { signo: signal.number() as i32, ..SigInfo::new_zeroed() }
    }
}

/// `si_code`: sent by kill(2).
pub const SI_USER: i32 = 0;
/// `si_code`: sent by the kernel.
pub const SI_KERNEL: i32 = 0x80;
/// `si_code`: sent by sigqueue(3).
pub const SI_QUEUE: i32 = -1;
/// `si_code`: a POSIX timer expired.
pub const SI_TIMER: i32 = -2;
/// `si_code`: sent by tgkill(2).
pub const SI_TKILL: i32 = -6;
/// `si_code` of SIGCHLD: exited, killed, dumped, trapped, stopped, continued.
pub const CLD_EXITED: i32 = 1;
/// See [`CLD_EXITED`].
pub const CLD_KILLED: i32 = 2;
/// See [`CLD_EXITED`].
pub const CLD_DUMPED: i32 = 3;
/// See [`CLD_EXITED`].
pub const CLD_STOPPED: i32 = 5;
/// See [`CLD_EXITED`].
pub const CLD_CONTINUED: i32 = 6;
