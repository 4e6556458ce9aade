//! How guests are run on the host, and everything that is `unsafe`.
//!
//! Owns: the [`Platform`] contract and its implementations, the guest's system call filter, host
//! files and clocks, the confinement of the kernel's own process. Does not own: what a call means.

pub mod clock;
pub mod confine;
pub mod host;
pub mod machine;
pub mod notify;
pub mod outward;
pub mod packet;
pub mod process;
pub mod random;
pub mod reactor;
pub mod stream;

use std::os::fd::{BorrowedFd, OwnedFd};

use abi::Errno;
use abi::signal::{SigInfo, Signal, SignalSet};

/// The host's id of a guest thread, as the kernel's process sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct HostTask(pub i32);

/// A guest address that cannot be reached.
#[derive(Clone, Copy, Debug)]
pub struct BadAddress;

/// A call that a guest thread has made and waits in.
#[derive(Clone, Copy, Debug)]
pub struct GuestCall {
    /// Who.
    pub task: HostTask,
    /// The call's number.
    pub number: u32,
    /// Its argument registers.
    pub args: [u64; 6],
    /// Behind the `syscall` instruction.
    pub instruction_pointer: u64,
    /// Which filter's listener reported it.
    pub listener: u32,
    /// The host's name of this very call.
    pub id: u64,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// With this value.
    Value(u64),
    /// With this error.
    Error(Errno),
    /// A signal has cut the call short: after its handler the call fails with `EINTR`, or is made again
    /// where the handler has SA_RESTART; without a handler, or without a signal, it is made again.
    RestartByFlags,
    /// The call is made again, after the handler of a signal, whatever its flags, where there is one.
    RestartAlways,
    /// The host runs the call.
    Continue,
}

/// A signal with its siginfo.
pub type Delivery = (Signal, SigInfo);

/// A signal for a thread: one that it blocks when it is given waits on the host until the thread lets it through.
#[derive(Clone, Copy)]
pub struct Queued {
    /// The signal, with its siginfo.
    pub delivery: Delivery,
    /// Any thread of the process may take it while it waits, as one of kill(2); otherwise that thread alone, as of
    /// tgkill(2).
    pub whole: bool,
}

/// Why a thread has not made the call that it was to make instead of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was not begun: the thread waits for an answer.
    Errno(Errno),
    /// The thread has its result, makes its own call again, or is gone.
    Answered,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Refusal {
        Refusal::Errno(errno)
    }
}

/// A limit that the host keeps a guest's process to, since guests map memory natively.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum HostLimit {
    /// RLIMIT_DATA.
    Data,
    /// RLIMIT_STACK.
    Stack,
    /// RLIMIT_AS.
    AddressSpace,
}

impl HostLimit {
    /// The limit of that number of prlimit(2), if it is one.
    pub fn of(number: u32) -> Option<HostLimit> {
        match number {
            libc::RLIMIT_DATA => Some(HostLimit::Data),
            libc::RLIMIT_STACK => Some(HostLimit::Stack),
            libc::RLIMIT_AS => Some(HostLimit::AddressSpace),
            _ => None,
        }
    }

    /// Its number.
    pub(crate) fn number(self) -> u32 {
        [libc::RLIMIT_DATA, libc::RLIMIT_STACK, libc::RLIMIT_AS][self as usize]
    }
}

/// A soft value of each [`HostLimit`], in their order.
pub type HostLimits = [u64; 3];

/// How a guest process ended, as wait(2) tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By exit with this code.
    Exited(u8),
    /// By this signal.
    Killed(Signal),
}

/// A thread's or process's ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The host's id of the process (its first thread).
    pub process: HostTask,
    /// The thread's id inside the guest's own pid namespace.
    pub inner: i32,
    /// The process's id there.
    pub inner_process: i32,
}

/// A thread's signal state, as the host keeps it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignalState {
    /// Its mask.
    pub blocked: SignalSet,
    /// What the process ignores.
    pub ignored: SignalSet,
    /// What the process has handlers for.
    pub caught: SignalSet,
    /// What waits for the thread or its process.
    pub pending: SignalSet,
}

/// What happens to guests.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A thread made a call.
    Call(GuestCall),
    /// A process has ended and is gone from the host.
    Ended(HostTask, Ended, Usage),
    /// A watched host descriptor is ready; its token.
    Ready(u64, reactor::Readiness),
}

/// Processor time and memory of an ended process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User time in microseconds.
    pub user_us: u64,
    /// System time in microseconds.
    pub system_us: u64,
    /// Largest resident size in KiB.
    pub max_rss_kib: u64,
}

/// What the kernel needs of the host to run guests. Failures of the host come as an [`Errno`]
/// chosen by the implementation, never the raw one of a filter of ours.
pub trait Platform: Send + Sync {
    /// Reads guest memory from `address` on, as far as it is mapped; at least one byte.
    fn read_memory(&self, task: HostTask, address: u64, buffer: &mut [u8]) -> Result<usize, BadAddress>;

    /// Writes guest memory from `address` on, as far as it is mapped and writable; at least one byte.
    fn write_memory(&self, task: HostTask, address: u64, bytes: &[u8]) -> Result<usize, BadAddress>;

    /// True if the thread of a call still waits for its answer: one that is killed is gone at once, unless it is the
    /// first of its process, and another may have its id.
    fn is_waiting(&self, _call: &GuestCall) -> bool {
        false
    }

    /// Ends a call.
    fn answer(&self, _call: &GuestCall, _reply: Reply) {}

    /// Puts a host file under number `fd` of the caller, for the mapping that it is about to make.
    fn install(&self, _call: &GuestCall, _fd: u32, _file: BorrowedFd<'_>) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }

    /// Puts an empty file in the place of one that was installed, so that nothing holds that one open.
    fn vacate(&self, _call: &GuestCall, _fd: u32) {}

    /// Ends a call and delivers `signals` with the siginfo as given. With `mask` their handlers, and those of
    /// signals that wait on the host, run under that mask, and the thread's own holds again after them.
    fn answer_with(&self, call: &GuestCall, reply: Reply, _mask: Option<SignalSet>, _signals: &[Queued]) {
        self.answer(call, reply);
    }

    /// Delivers `signals` to a thread that runs, or that waits for them on the host. False where it has
    /// made a call that is about to be an event: then it has none of them.
    fn deliver(&self, _task: HostTask, _signals: &[Queued]) -> bool {
        false
    }

    /// Makes the caller make another call instead, which the filter reports where a `file` is to be put
    /// under the number in its fifth argument. Its result is what the caller sees.
    fn redirect(
        &self,
        _call: &GuestCall,
        _number: u32,
        _args: [u64; 6],
        _file: Option<BorrowedFd<'_>>,
    ) -> Result<i64, Refusal> {
        Err(Errno::ENOSYS.into())
    }

    /// Makes the caller start the loader stub in place of its program, as execve(2) does: its other
    /// threads have ended, its memory is gone. The stub then asks with [`notify::stub::HELLO`].
    fn exec(&self, _call: &GuestCall) -> Result<(), Refusal> {
        Err(Errno::ENOSYS.into())
    }

    /// Whether the thread runs the stub that [`Platform::exec`] told it to start: its old program is
    /// gone. A guest that makes the stub's calls itself is told apart by this.
    fn runs_stub(&self, _task: HostTask) -> bool {
        true
    }

    /// Makes the caller fork with these arguments of clone(2); the caller gets its result from the
    /// host. Answers the new process, which has not run yet.
    fn fork(&self, _call: &GuestCall, _args: [u64; 6]) -> Result<HostTask, Refusal> {
        Err(Errno::ENOSYS.into())
    }

    /// Gives the caller's process a soft limit on the host, of what the host hands out by itself; the caller gets the
    /// result. The hard limit stays the host's: who may raise a limit is the kernel's to say.
    fn limit(&self, _call: &GuestCall, _resource: HostLimit, _soft: u64) -> Result<i64, Refusal> {
        Err(Errno::ENOSYS.into())
    }

    /// Starts a new process that runs nothing but the loader stub, in the pod's pid namespace
    /// number `namespace`, with these soft limits.
    fn spawn(&self, _namespace: u32, _limits: HostLimits) -> Result<HostTask, std::io::Error> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// Pid namespace number `namespace` is not needed any more: every process of it has ended.
    fn release(&self, _namespace: u32) {}

    /// Kills a process that never ran and forgets it.
    fn discard(&self, _process: HostTask) {}

    /// The ids of a thread, or `None` where it is gone.
    fn identify(&self, _task: HostTask) -> Option<Identity> {
        None
    }

    /// The host's ids of a process's threads.
    fn threads(&self, _process: HostTask) -> Vec<HostTask> {
        Vec::new()
    }

    /// Sends a signal to one thread with the given siginfo; to any thread that does not block it
    /// where `thread` is `None`. Codes that the host lets nobody claim arrive as SI_QUEUE.
    fn signal(&self, _process: HostTask, _thread: Option<HostTask>, _signal: Signal, _info: Option<SigInfo>) {}

    /// A thread's signal state, or `None` where it is gone.
    fn signal_state(&self, _task: HostTask) -> Option<SignalState> {
        None
    }

    /// The text of the host's /proc/TASK/NAME, empty where the task is gone.
    fn proc_file(&self, _task: HostTask, _name: &str) -> Vec<u8> {
        Vec::new()
    }

    /// A host file that mmap(2) of a guest may use.
    fn memory_file(&self, name: &str) -> std::io::Result<OwnedFd>;

    /// Where host descriptors are watched.
    fn reactor(&self) -> Option<&reactor::Reactor> {
        None
    }

    /// The next event; `None` where `deadline` (CLOCK_MONOTONIC, nanoseconds) came first.
    fn next_event(&self, _deadline: Option<u64>) -> Option<Event> {
        None
    }
}

/// The host's errno of the last failed call.
pub(crate) fn last_errno() -> i32 {
    // SAFETY: the function answers this thread's own errno.
    unsafe { *libc::__errno_location() }
}
