//! The executor: runs the handlers that wait.
//!
//! Owns: [`Runtime`], a queue of futures that were woken. Does not own: what wakes them (`wait`,
//! `time`) and the thread that runs it (`machine`). A handler that never waits is polled once and
//! gone; one that waits costs an allocation and a place in a wait queue.
//!
//! One thread runs all of them, so a handler that is woken for nothing again and again (by its own
//! attempt, or by another that it wakes) must not keep the thread: [`Runtime::run_ready`] polls a
//! bounded number, and a future that was polled many times while the queue was never empty pauses.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

use crate::sync::Mutex;
use crate::time::{Nanos, monotonic};

/// How many futures are polled before guests are asked for their next calls.
const ROUND: usize = 256;
/// How often one future is polled, without the queue ever being empty, before it pauses.
const ENOUGH: u32 = 1024;
/// How long it pauses.
const PAUSE: Nanos = 1_000_000;

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Futures and who of them is to be polled.
#[derive(Default)]
pub struct Runtime {
    ready: Mutex<VecDeque<Arc<Job>>>,
    /// Those that pause, until when, the earliest first.
    paused: Mutex<VecDeque<(Nanos, Arc<Job>)>>,
    /// How often the queue was empty.
    idle: AtomicU64,
}

/// One spawned future.
pub struct Job {
    future: Mutex<Option<Boxed>>,
    queued: AtomicBool,
    polls: Mutex<Polls>,
    runtime: Weak<Runtime>,
}

/// How often a future was polled since the queue was empty for the `idle`th time.
#[derive(Default)]
struct Polls {
    idle: u64,
    count: u32,
}

impl Runtime {
    /// An executor with nothing to do.
    pub fn new() -> Arc<Runtime> {
        Arc::new(Runtime::default())
    }

    /// Polls `future` at once; if it waits, keeps it and polls it again whenever it is woken.
    /// Answers the job, which cancels the future when told so.
    pub fn spawn(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) -> Arc<Job> {
        let job = Arc::new(Job {
            future: Mutex::new(Some(Box::pin(future))),
            queued: AtomicBool::new(false),
            polls: Mutex::default(),
            runtime: Arc::downgrade(self),
        });
        job.poll();
        job
    }

    /// Polls what was woken, until nothing is ready or enough was done for once.
    pub fn run_ready(&self) {
        for _ in 0..ROUND {
            let Some(job) = self.ready.lock().pop_front() else {
                self.idle.fetch_add(1, Ordering::Relaxed);
                return;
            };
            if job.is_tireless(self.idle.load(Ordering::Relaxed)) {
                // It stays queued meanwhile: no wake-up cuts the pause short.
                self.paused.lock().push_back((monotonic().saturating_add(PAUSE), job));
                continue;
            }
            job.queued.store(false, Ordering::Release);
            job.poll();
        }
    }

    /// When the next future that pauses goes on.
    pub fn next_pause_ends(&self) -> Option<Nanos> {
        self.paused.lock().front().map(|(when, _)| *when)
    }

    /// Makes those ready whose pause is over at `now`.
    pub fn end_pauses(&self, now: Nanos) {
        let mut paused = self.paused.lock();
        while paused.front().is_some_and(|(when, _)| *when <= now) {
            self.ready.lock().extend(paused.pop_front().map(|(_, job)| job));
        }
    }

    /// Whether a future waits to be polled.
    pub fn has_ready(&self) -> bool {
        !self.ready.lock().is_empty()
    }
}

impl Job {
    fn poll(self: &Arc<Self>) {
        let Some(mut future) = self.future.lock().take() else { return };
        let waker = Waker::from(Arc::clone(self));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            *self.future.lock() = Some(future);
        }
    }

    /// True if it was polled too often since the queue was last empty; counts this time.
    fn is_tireless(&self, idle: u64) -> bool {
        let mut polls = self.polls.lock();
        if polls.idle != idle {
            *polls = Polls { idle, count: 0 };
        }
        polls.count = polls.count.saturating_add(1);
        let tireless = polls.count > ENOUGH;
        if tireless {
            polls.count = 0;
        }
        tireless
    }

    /// Drops the future where it waits.
    pub fn cancel(&self) {
        let future = self.future.lock().take();
        drop(future);
    }

    /// Whether the future has ended or was cancelled.
    pub fn is_done(&self) -> bool {
        self.future.lock().is_none()
    }
}

impl Wake for Job {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel)
            && let Some(runtime) = self.runtime.upgrade()
        {
            runtime.ready.lock().push_back(self);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;
    use crate::wait::{Events, WaitQueue};

    #[test]
    fn a_future_goes_on_after_its_queue_announces() {
        let runtime = Runtime::new();
        let queue = Arc::new(WaitQueue::new());
        let done = Arc::new(AtomicBool::new(false));
        let (waited, told) = (Arc::clone(&queue), Arc::clone(&done));
        runtime.spawn(async move {
            let mut asked = false;
            let mut place = None;
            std::future::poll_fn(|context| {
                if asked {
                    return Poll::Ready(());
                }
                asked = true;
                place = Some(waited.listen_waker(context.waker()));
                Poll::Pending
            })
            .await;
            told.store(true, Ordering::Release);
        });
        runtime.run_ready();
        assert!(!done.load(Ordering::Acquire));
        queue.announce(Events::IN);
        runtime.run_ready();
        assert!(done.load(Ordering::Acquire));
        assert!(queue.is_empty());
    }

    /// Polls a future that wakes `other` and itself, and never ends.
    fn spin(runtime: &Arc<Runtime>, polls: &Arc<AtomicU64>) -> Arc<Job> {
        let polls = Arc::clone(polls);
        runtime.spawn(std::future::poll_fn(move |context| {
            polls.fetch_add(1, Ordering::Relaxed);
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }))
    }

    #[test]
    fn a_future_that_wakes_itself_for_ever_pauses_and_others_go_on() {
        let runtime = Runtime::new();
        let polls = Arc::new(AtomicU64::new(0));
        let job = spin(&runtime, &polls);
        for _ in 0..100 {
            runtime.run_ready();
        }
        assert_eq!(polls.load(Ordering::Relaxed), 1 + u64::from(ENOUGH));
        assert!(!runtime.has_ready());
        runtime.end_pauses(0);
        assert!(!runtime.has_ready());
        runtime.end_pauses(runtime.next_pause_ends().unwrap());
        runtime.run_ready();
        assert!(polls.load(Ordering::Relaxed) > 1 + u64::from(ENOUGH));
        job.cancel();
        runtime.run_ready();
        assert!(!runtime.has_ready());
    }

    #[test]
    fn futures_that_wake_one_another_for_ever_let_guests_be_served() {
        let runtime = Runtime::new();
        let queue = Arc::new(WaitQueue::new());
        let polls = Arc::new(AtomicU64::new(0));
        for _ in 0..2 {
            let (queue, polls) = (Arc::clone(&queue), Arc::clone(&polls));
            let mut place = None;
            runtime.spawn(std::future::poll_fn(move |context| {
                polls.fetch_add(1, Ordering::Relaxed);
                place.get_or_insert_with(|| queue.listen_waker(context.waker()));
                queue.announce(Events::OUT);
                Poll::<()>::Pending
            }));
        }
        runtime.run_ready();
        assert_eq!(polls.load(Ordering::Relaxed), 2 + ROUND as u64);
        (0..100).for_each(|_| runtime.run_ready());
        assert!(!runtime.has_ready() && runtime.next_pause_ends().is_some());
    }
}
