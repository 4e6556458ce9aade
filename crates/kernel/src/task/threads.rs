//! How many threads a process has.
//!
//! Owns: the count, which is never too low: a thread counts from the clone(2) that we let go, before the host has made
//! it, so that one that never makes a call of ours counts like any other. It may be too high where the
//! host refused; [`Process::recount_threads`] asks the host, when somebody is about to be refused.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Process, Task, status_number};
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

impl Process {
    /// How many threads it has at most, 0 for a zombie.
    pub fn thread_count(&self) -> usize {
        if self.is_zombie() { 0 } else { self.thread_count.get() }
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
    }
}

impl Task {
    /// The host is about to make one more thread for this one.
    pub fn begin_thread(&self) {
        self.cloning.0.store(crate::time::monotonic(), Ordering::Release);
        let count = &self.process().thread_count;
        count.set(count.get().saturating_add(1));
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
