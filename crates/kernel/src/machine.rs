//! The loop: what happens to guests becomes calls, ends and wake-ups, one at a time.
//!
//! Owns: the order in which a call is received, given to its handler and answered; host
//! descriptors that files wait for. Does not own: what a call means (`syscalls`).

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use abi::Errno;
use platform::reactor::Readiness;
use platform::{Event, GuestCall, Reply};

use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::syscalls::{Answer, Handler, table};
use crate::task::{Fault, Task};
use crate::time::{self, Nanos};
use crate::wait::{Events, WaitQueue};

/// How much later than due a timer may be told while calls keep arriving.
const TIMER_SLACK: Nanos = 2_000_000;

/// The queues of watched host descriptors.
#[derive(Default)]
pub struct HostQueues(Mutex<HashMap<u64, Arc<WaitQueue>>>);

impl Kernel {
    /// Announces on the answered queue whenever the host descriptor becomes ready; `None` where it
    /// always is (a regular file).
    pub fn watch_host(&self, fd: BorrowedFd<'_>) -> Option<(u64, Arc<WaitQueue>)> {
        let queue = Arc::new(WaitQueue::new());
        Some((self.watch_host_for(fd, &queue)?, queue))
    }

    /// The same on a queue that is there already.
    pub fn watch_host_for(&self, fd: BorrowedFd<'_>, queue: &Arc<WaitQueue>) -> Option<u64> {
        let token = self.platform.reactor()?.watch(fd).ok()?;
        self.host_queues.0.lock().insert(token, Arc::clone(queue));
        Some(token)
    }

    /// Ends a watch.
    pub fn unwatch_host(&self, token: u64, fd: BorrowedFd<'_>) {
        self.host_queues.0.lock().remove(&token);
        if let Some(reactor) = self.platform.reactor() {
            reactor.unwatch(fd);
        }
    }

    /// Handles what happens next, or what is due. Answers `false` where nothing did before `until`.
    pub fn step(self: &Arc<Self>, until: Option<Nanos>) -> bool {
        self.runtime.run_ready();
        let due = self.next_due();
        let now = if due.is_some() || until.is_some() { time::monotonic() } else { 0 };
        if due.is_some_and(|when| now >= when.saturating_add(TIMER_SLACK)) {
            self.expire(now);
        }
        self.watch_memory();
        self.watch_processors();
        self.watch_flights();
        // Handlers that are ready once more have had their turn: guests get theirs, without a wait.
        let soon = self.runtime.has_ready().then_some(now);
        let deadline = [self.next_due(), until, soon].into_iter().flatten().min();
        match self.platform.next_event(deadline) {
            Some(event) => self.handle(event),
            None => {
                self.expire(time::monotonic());
                return until.is_none_or(|when| time::monotonic() < when);
            }
        }
        self.runtime.run_ready();
        true
    }

    /// When the next timer is due or a handler's pause ends.
    fn next_due(&self) -> Option<Nanos> {
        [self.timers.next(), self.runtime.next_pause_ends()].into_iter().flatten().min()
    }

    fn expire(&self, now: Nanos) {
        self.timers.expire(now);
        self.runtime.end_pauses(now);
        self.runtime.run_ready();
    }

    fn handle(self: &Arc<Self>, event: Event) {
        match event {
            Event::Call(call) => self.call(call),
            Event::Ended(host, ended, usage) => {
                self.activity.note();
                if let Some(process) = self.take_process(host) {
                    process.finish(ended, usage);
                }
            }
            Event::Ready(token, readiness) => self.ready(token, readiness),
        }
    }

    fn ready(&self, token: u64, readiness: Readiness) {
        let queue = self.host_queues.0.lock().get(&token).cloned();
        let Some(queue) = queue else { return };
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, readiness.intersects(Readiness::READ));
        events.set(Events::OUT | Events::WRNORM, readiness.intersects(Readiness::WRITE));
        events.set(Events::HUP, readiness.intersects(Readiness::HANG_UP));
        events.set(Events::ERR, readiness.intersects(Readiness::ERROR));
        queue.announce(events);
    }

    fn call(self: &Arc<Self>, call: GuestCall) {
        let Some(task) = self.task(call.task) else {
            return self.platform.answer(&call, Reply::Error(Errno::ENOSYS));
        };
        self.counts.count(call.number);
        if task.begin_call(&call) {
            return self.finish(&task, &call, Err(Fault::Continue));
        }
        task.end_mapping(&call);
        if task.makes_again(&call) {
            return;
        }
        match table::find(call.number).map(|row| row.handler) {
            Some(Handler::Now(handler)) => {
                let answer = handler(&task, call.args);
                self.finish(&task, &call, answer);
            }
            Some(Handler::Waits(handler)) => {
                let work = handler(Arc::clone(&task), call.args);
                let (kernel, waiting) = (Arc::clone(self), Arc::clone(&task));
                let job = self.runtime.spawn(async move {
                    let answer = work.await;
                    kernel.finish(&waiting, &call, answer);
                });
                if !job.is_done() {
                    task.set_job(job);
                }
            }
            None => {
                self.counts.miss(call.number);
                self.finish(&task, &call, Err(Fault::Errno(Errno::ENOSYS)));
            }
        }
    }

    /// Ends a call with what its handler answers.
    fn finish(&self, task: &Arc<Task>, call: &GuestCall, answer: Answer) {
        self.activity.note();
        let mask = task.temporary_mask.lock().take();
        let reply = match answer {
            Ok(value) => Reply::Value(value),
            Err(Fault::Errno(errno)) => Reply::Error(errno),
            Err(Fault::Interrupted) if mask.is_none() => Reply::RestartByFlags,
            Err(Fault::Interrupted | Fault::InterruptedAlways) => Reply::Error(Errno::EINTR),
            Err(Fault::Continue) => Reply::Continue,
            Err(Fault::ContinueWaiting) => {
                task.begin_native_wait();
                Reply::Continue
            }
            Err(Fault::Answered) => return task.end_answered_call(),
        };
        let interrupted = matches!(answer, Err(Fault::Interrupted | Fault::InterruptedAlways));
        task.answer(call, reply, mask.filter(|_| interrupted));
    }
}
