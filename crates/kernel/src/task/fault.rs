//! How a handler ends other than well.

use abi::Errno;
use platform::Refusal;

/// What a handler answers instead of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails with this error.
    Errno(Errno),
    /// A signal cut the wait short: `EINTR`, or made again where the handler was installed with
    /// SA_RESTART (signal(7), "Interruption of system calls": read, write, wait4, connect …).
    Interrupted,
    /// A signal cut the wait short: `EINTR` whatever the flags (poll, select, epoll_wait, nanosleep …).
    InterruptedAlways,
    /// The host shall run the call: only those of `platform::notify::CONTINUED`.
    Continue,
    /// As `Continue`, and the call waits for signals there.
    ContinueWaiting,
    /// The handler has answered the call itself, or its thread will never see an answer.
    Answered,
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Fault {
        Fault::Errno(errno)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        match refusal {
            Refusal::Errno(errno) => Fault::Errno(errno),
            Refusal::Answered => Fault::Answered,
        }
    }
}

/// Why [`super::Task::wait`] ended without what was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A signal is to be handled.
    Signal,
    /// The deadline has passed.
    Deadline,
}

impl Cut {
    /// The fault of a call that is restarted after a handler with SA_RESTART and knows no deadline.
    pub fn restartable(self) -> Fault {
        match self {
            Cut::Signal => Fault::Interrupted,
            Cut::Deadline => Fault::Errno(Errno::EAGAIN),
        }
    }
}
