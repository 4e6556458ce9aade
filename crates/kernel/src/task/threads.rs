//! How many threads a process has, and what a new one has of the one that made it.
//!
//! Owns: the count, which is never too low: a thread counts from the clone(2) that we let go, before the host has made
//! it, so that one that never makes a call of ours counts like any other. It may be too high where the
//! host refused; [`Process::recount_threads`] asks the host, when somebody is about to be refused.
//! The host makes the thread, and we meet it at its first call: [`Heritage`] is kept until then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Credentials, Process, Scheduling, Task, status_number};
use crate::time::{Nanos, SECOND};

/// How long a clone(2) that was let go may take on the host before it is taken for done.
const LONGEST_CLONE: Nanos = SECOND;

/// The threads of one process.
pub(super) struct ThreadCount(AtomicUsize);

impl Default for ThreadCount {
    fn default() -> ThreadCount {
        ThreadCount(AtomicUsize::new(1))
    }
}

impl ThreadCount {
    fn get(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, count: usize) {
        self.0.store(count.max(1), Ordering::Release);
    }
}

/// When a thread last began to make another one, 0 where it has made a call since.
#[derive(Default)]
pub(super) struct Cloning(AtomicU64);

impl Cloning {
    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Release);
    }

    fn is_under_way(&self, now: Nanos) -> bool {
        let begun = self.0.load(Ordering::Acquire);
        begun != 0 && now.saturating_sub(begun) < LONGEST_CLONE
    }
}

/// What a thread has from the one that made it, clone(2).
#[derive(Clone)]
pub(super) struct Heritage {
    name: Vec<u8>,
    credentials: Arc<Credentials>,
    scheduling: Scheduling,
}

impl Process {
    /// How many threads it has at most, 0 for a zombie.
    pub fn thread_count(&self) -> usize {
        if self.is_zombie() { 0 } else { self.thread_count.get() }
    }

    /// Gives a thread that is met for the first time what it has from its maker.
    pub fn pass_on(&self, thread: &Task) {
        let heritage = self.heritage.lock().clone();
        let Some(heritage) = heritage.filter(|_| thread.tid != self.pid) else { return };
        *thread.name.lock() = heritage.name;
        *thread.credentials.lock() = Some(heritage.credentials);
        *thread.scheduling.lock() = heritage.scheduling;
    }

    /// Sets the count to what the host says, and the threads that it is about to make.
    pub fn recount_threads(&self) {
        let count = self.thread_count.get();
        if count == 1 || self.is_zombie() {
            return;
        }
        let status = self.kernel().platform.proc_file(self.host, "status");
        let Some(there) = status_number(&status, "Threads") else { return };
        let now = crate::time::monotonic();
        let coming = self.tasks().iter().filter(|task| task.cloning.is_under_way(now)).count();
        self.thread_count.set(usize::try_from(there).unwrap_or(count).saturating_add(coming).min(count));
    }

    /// Only the thread that has called execve(2) is left.
    pub(super) fn count_one_thread(&self) {
        self.thread_count.set(1);
        *self.heritage.lock() = None;
    }

    /// Enters the threads that have made no call yet.
    pub fn meet_threads(&self) {
        for host in self.kernel().platform.threads(self.host) {
            self.kernel().task(host);
        }
    }
}

impl Task {
    /// The host is about to make one more thread for this one.
    pub fn begin_thread(&self) {
        self.leave_heritage();
        self.cloning.0.store(crate::time::monotonic(), Ordering::Release);
        let count = &self.process().thread_count;
        count.set(count.get().saturating_add(1));
    }

    /// Threads that were made before and made no call yet are met now, where this one would leave them other
    /// rights. Of two that make threads at the same moment the later one's rights may count for both: threads
    /// of a process have one memory, and are no wall to each other.
    fn leave_heritage(&self) {
        let process = self.process();
        let credentials = self.credentials();
        let other = process.heritage.lock().as_ref().is_some_and(|last| last.credentials != credentials);
        if other {
            process.meet_threads();
        }
        let scheduling = self.scheduling.lock().for_child();
        *process.heritage.lock() = Some(Heritage { name: self.name(), credentials, scheduling });
    }

    /// The thread ends by exit(2). The first one stays until the others have ended.
    pub fn end_thread(&self) {
        let process = self.process();
        if self.tid != process.pid {
            process.thread_count.set(process.thread_count.get().saturating_sub(1));
        }
        process.remove_task(self.tid);
        process.kernel().forget_task(self.host);
    }
}
