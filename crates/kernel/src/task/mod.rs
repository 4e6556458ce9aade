//! Tasks and processes.
//!
//! Owns: [`Task`] (a thread), [`Process`] (a thread group), their descriptors, working directory,
//! credentials, limits, signals, parents, groups and sessions. Does not own: what calls do
//! (`syscalls`) and how a guest is run (`platform`). Locks, outermost first: the container's table,
//! a process's family, a process's state, a task's state.

mod credentials;
mod fault;
mod files;
mod identity;
mod limits;
mod memory;
mod process;
mod settings;

use std::sync::Arc;
use std::task::Poll;

pub use credentials::{Credentials, DEFAULT_CAPABILITIES, capability};
pub use fault::{Cut, Fault};
pub use files::Files;
pub use identity::{CapabilitySets, SECBIT_KEEP_CAPS, securebits};
pub use limits::{Limits, NR_OPEN, Resource};
pub use memory::{PATH_MAX, UserPtr};
pub use process::{FsContext, Process};
pub use settings::{DEFAULT_TIMER_SLACK, MAX_CPUS, Scheduling, Settings};

use crate::kernel::Kernel;
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
    pub host: platform::HostTask,
    process: Arc<Process>,
    /// Announced when a signal is to cut a wait short.
    pub signalled: WaitQueue,
    /// How it is scheduled.
    pub scheduling: Mutex<Scheduling>,
    name: Mutex<Vec<u8>>,
}

impl Task {
    /// A task of `process`.
    pub fn new(tid: Pid, host: platform::HostTask, process: Arc<Process>, name: Vec<u8>) -> Arc<Task> {
        Arc::new(Task {
            tid,
            host,
            process,
            signalled: WaitQueue::new(),
            scheduling: Mutex::new(Scheduling::default()),
            name: Mutex::new(name),
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

    /// The credentials.
    pub fn credentials(&self) -> Arc<Credentials> {
        self.process.credentials()
    }

    /// The name of /proc/PID/comm, at most 15 bytes.
    pub fn name(&self) -> Vec<u8> {
        self.name.lock().clone()
    }

    /// Sets the name, cut to 15 bytes as prctl(PR_SET_NAME) does.
    pub fn set_name(&self, name: &[u8]) {
        *self.name.lock() = name.iter().copied().take(15).take_while(|byte| *byte != 0).collect();
    }

    /// Whether a wait of this task must end now because a signal is to be handled.
    pub fn interrupted(&self) -> bool {
        self.process.interrupts(self)
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
