//! The executor: runs the handlers that wait.
//!
//! Owns: [`Runtime`], a queue of futures that were woken. Does not own: what wakes them (`wait`,
//! `time`) and the thread that runs it (`machine`). A handler that never waits is polled once and
//! gone; one that waits costs an allocation and a place in a wait queue.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

use crate::sync::Mutex;

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Futures and who of them is to be polled.
#[derive(Default)]
pub struct Runtime {
    ready: Mutex<VecDeque<Arc<Job>>>,
}

/// One spawned future.
pub struct Job {
    future: Mutex<Option<Boxed>>,
    queued: AtomicBool,
    runtime: Weak<Runtime>,
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
            runtime: Arc::downgrade(self),
        });
        job.poll();
        job
    }

    /// Polls what was woken, until nothing is ready.
    pub fn run_ready(&self) {
        loop {
            let Some(job) = self.ready.lock().pop_front() else { return };
            job.queued.store(false, Ordering::Release);
            job.poll();
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
}
