//! Tasks and processes.
//!
//! Owns: [`Task`] (a thread), [`Process`] (a thread group), their descriptors, working directory,
//! credentials, limits, signals, parents, groups and sessions. Does not own: what calls do
//! (`syscalls`) and how a guest is run (`platform`). Locks, outermost first: the container's table,
//! a process's family, a process's state, a task's state.

mod credentials;
mod family;
mod fault;
mod files;
mod identity;
mod installed;
mod limits;
mod mappings;
mod memory;
mod pids;
mod process;
mod settings;
pub mod signals;
mod threads;
mod usage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use abi::signal::{Signal, SignalSet};
use platform::{GuestCall, HostTask, Queued};

pub use credentials::{Credentials, DEFAULT_CAPABILITIES, capability};
pub use family::{News, Wanted, Which};
pub use fault::{Cut, Fault};
pub use files::Files;
pub use identity::{CapabilitySets, SECBIT_KEEP_CAPS, securebits};
pub use limits::{Limits, NR_OPEN, Resource};
pub use mappings::{HostPlace, MappedFile, Mappings};
pub use memory::{PATH_MAX, UserPtr};
pub use pids::Pids;
pub use process::{FsContext, Process, Start};
pub use settings::{DEFAULT_TIMER_SLACK, MAX_CPUS, Scheduling, Settings};
pub use usage::{Usage, stat_field, status_number};

use crate::kernel::Kernel;
use crate::runtime::Job;
use crate::sync::Mutex;
use crate::time::{Nanos, Timer};
use crate::wait::{Events, Listener, WaitQueue};

/// A process or thread id, as the guests of one container see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Pid(pub i32);

/// A thread of a guest process.
pub struct Task {
    /// Its id, gettid(2).
    pub tid: Pid,
    /// The host's id of it.
    pub host: HostTask,
    process: Arc<Process>,
    /// Announced when a signal is to cut a wait short, or when a stopped process goes on.
    pub signalled: WaitQueue,
    /// How it is scheduled.
    pub scheduling: Mutex<Scheduling>,
    /// The signal mask of the call that it waits in (ppoll, pselect, epoll_pwait), if that set one.
    pub temporary_mask: Mutex<Option<SignalSet>>,
    /// Signals for its next call, or its next stop.
    held: Mutex<Vec<Queued>>,
    held_timer: Mutex<Option<Timer>>,
    name: Mutex<Vec<u8>>,
    /// Those of a thread beside the first, whose are the process's.
    credentials: Mutex<Option<Arc<Credentials>>>,
    call: Mutex<InCall>,
    cut: AtomicBool,
    cloning: threads::Cloning,
}

/// What a thread does, as far as we know.
#[derive(Default)]
struct InCall {
    /// The received call that is not answered yet.
    call: Option<GuestCall>,
    /// Its handler, where that waits.
    job: Option<Arc<Job>>,
    /// The host runs a call of it that waits for signals.
    native_wait: bool,
    /// The signals that this call takes instead of their handlers, those of sigtimedwait(2), and the thread's mask
    /// before it.
    awaited: SignalSet,
    blocked: SignalSet,
    /// The number of its very first call, made before any code of a guest has run.
    first: Option<u32>,
}

impl Task {
    /// A task of `process`.
    pub fn new(tid: Pid, host: HostTask, process: Arc<Process>, name: Vec<u8>) -> Arc<Task> {
        Arc::new(Task {
            tid,
            host,
            process,
            signalled: WaitQueue::new(),
            scheduling: Mutex::new(Scheduling::default()),
            temporary_mask: Mutex::new(None),
            held: Mutex::new(Vec::new()),
            held_timer: Mutex::new(None),
            name: Mutex::new(name),
            credentials: Mutex::new(None),
            call: Mutex::new(InCall::default()),
            cut: AtomicBool::new(false),
            cloning: threads::Cloning::default(),
        })
    }

    /// The thread group.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The kernel of this pod.
    pub fn kernel(&self) -> &Arc<Kernel> {
        self.process.kernel()
    }

    /// The descriptor table.
    pub fn files(&self) -> Arc<Files> {
        self.process.files()
    }

    /// Root, working directory and umask.
    pub fn fs(&self) -> Arc<FsContext> {
        self.process.fs()
    }

    /// The credentials, which Linux keeps for each thread: credentials(7).
    pub fn credentials(&self) -> Arc<Credentials> {
        let own = self.credentials.lock().clone();
        own.unwrap_or_else(|| self.process.credentials())
    }

    /// Sets the credentials of this thread alone.
    pub fn set_credentials(&self, credentials: Credentials) {
        match self.tid == self.process.pid {
            true => self.process.set_credentials(credentials),
            false => *self.credentials.lock() = Some(Arc::new(credentials)),
        }
    }

    /// The name of /proc/PID/comm, at most 15 bytes.
    pub fn name(&self) -> Vec<u8> {
        self.name.lock().clone()
    }

    /// Sets the name, cut to 15 bytes as prctl(PR_SET_NAME) does.
    pub fn set_name(&self, name: &[u8]) {
        *self.name.lock() = name.iter().copied().take(15).take_while(|byte| *byte != 0).collect();
    }

    /// The call that the thread waits in.
    pub fn call(&self) -> Option<GuestCall> {
        self.call.lock().call
    }

    /// Whether the thread waits for our answer.
    pub fn is_in_call(&self) -> bool {
        self.call.lock().call.is_some()
    }

    /// The call that is received takes these signals, sigtimedwait(2).
    pub fn await_signals(&self, set: SignalSet) {
        let state = self.kernel().platform.signal_state(self.host).unwrap_or_default();
        let mut call = self.call.lock();
        (call.awaited, call.blocked) = (set, state.blocked);
    }

    /// True if the thread blocks `signal`, which it waits to take, when it does not wait.
    fn awaits_blocked(&self, signal: Signal) -> bool {
        self.call.lock().blocked.contains(signal)
    }

    /// The host now runs a call of the thread that waits for signals only.
    pub fn begin_native_wait(&self) {
        self.call.lock().native_wait = true;
    }

    /// The thread, in which no code of a guest has run, will make the call `number` next.
    pub fn expect_first(&self, number: u32) {
        self.call.lock().first = Some(number);
    }

    /// Notes a received call; true if it is the one that the new process was told to make.
    pub fn begin_call(&self, call: &GuestCall) -> bool {
        self.cut.store(false, Ordering::Release);
        self.cloning.end();
        let mut state = self.call.lock();
        state.call = Some(*call);
        state.native_wait = false;
        state.awaited = SignalSet::default();
        state.first.take() == Some(call.number)
    }

    /// The handler of the current call waits.
    pub fn set_job(&self, job: Arc<Job>) {
        self.call.lock().job = Some(job);
    }

    /// The call is answered: nothing of it is left.
    pub fn end_call(&self) {
        let job = {
            let mut state = self.call.lock();
            state.call = None;
            state.job.take()
        };
        drop(job);
    }

    /// The thread is gone: a handler that waits for it ends.
    pub fn abandon(&self) {
        let job = {
            let mut state = self.call.lock();
            state.call = None;
            state.job.take()
        };
        if let Some(job) = job {
            job.cancel();
        }
        self.kernel().forget_task(self.host);
    }

    /// Cuts the wait of the current call short.
    fn cut_short(&self) {
        self.cut.store(true, Ordering::Release);
        self.signalled.announce(Events::IN);
    }

    /// Processor time of this thread, in nanoseconds.
    pub fn processor_time(&self) -> Nanos {
        usage::thread_time(&*self.kernel().platform, self.host)
    }

    /// What this thread has used.
    pub fn usage(&self) -> Usage {
        Usage::of_thread(&*self.kernel().platform, self.host)
    }

    /// Whether a wait of this task must end now because a signal is to be handled.
    pub fn interrupted(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    /// Waits until `ready` answers, a signal comes or the deadline (monotonic) passes. `ready` is
    /// asked first, and again after each announcement of one of `queues`.
    pub async fn wait<T>(
        &self,
        queues: &[&WaitQueue],
        deadline: Option<Nanos>,
        mut ready: impl FnMut() -> Option<T> + Send,
    ) -> Result<T, Cut> {
        if let Some(value) = ready() {
            return Ok(value);
        }
        let mut places = Vec::new();
        let mut timer: Option<Timer> = None;
        let mut first = true;
        std::future::poll_fn(move |context| {
            if first {
                places.extend(queues.iter().map(|queue| queue.listen_waker(context.waker())));
                places.push(self.signalled.listen_waker(context.waker()));
                timer = deadline.map(|when| self.kernel().timers.at(when, Arc::new(Waking(context.waker().clone()))));
                first = false;
            }
            let _ = &timer;
            if self.process.is_stopped() {
                return Poll::Pending;
            }
            if let Some(value) = ready() {
                return Poll::Ready(Ok(value));
            }
            if self.interrupted() {
                return Poll::Ready(Err(Cut::Signal));
            }
            if deadline.is_some_and(|when| crate::time::monotonic() >= when) {
                return Poll::Ready(Err(Cut::Deadline));
            }
            Poll::Pending
        })
        .await
    }
}

struct Waking(std::task::Waker);

impl Listener for Waking {
    fn notify(&self, _: Events) {
        self.0.wake_by_ref();
    }
}
