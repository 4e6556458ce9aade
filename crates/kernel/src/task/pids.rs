//! Pid namespaces: the processes of one container, or of all where the pod shares them.
//!
//! Owns: which process has which id, and the mapping between the host's ids and the guests'. A
//! guest sees the ids that the host gives it inside its namespace, so that what the host writes
//! natively (clone's results, robust futexes) is right; only the first process, whose number there
//! is taken by the namespace's keeper, is shown as 1. See pid_namespaces(7).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Pid, Process};
use crate::sync::Mutex;

/// The platform's number of the namespace that all containers of a pod share.
const SHARED: u32 = 0;

/// A pid namespace.
pub struct Pids {
    /// The platform's number of it.
    pub number: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    first: Option<i32>,
    processes: BTreeMap<Pid, Arc<Process>>,
}

impl Pids {
    /// An empty namespace; `number` is the platform's.
    pub fn new(number: u32) -> Arc<Pids> {
        Arc::new(Pids { number, state: Mutex::new(State::default()) })
    }

    /// The namespace that containers share: its first process is none of the host's, where a
    /// namespace's keeper has that number.
    pub(crate) fn shared() -> Arc<Pids> {
        let state = State { first: Some(1), ..State::default() };
        Arc::new(Pids { number: SHARED, state: Mutex::new(state) })
    }

    /// Its number, where it belongs to one container and ends with it.
    pub fn own_number(&self) -> Option<u32> {
        (self.number != SHARED).then_some(self.number)
    }

    /// The guest's id for the host's inner id; the first that is asked for becomes 1.
    pub fn guest_id(&self, inner: i32) -> Pid {
        let first = *self.state.lock().first.get_or_insert(inner);
        Pid(if inner == first { 1 } else { inner })
    }

    /// Whether the host shows this process or thread under another number than the guest.
    pub fn is_renamed(&self, pid: Pid) -> bool {
        pid == Pid(1) && self.state.lock().first != Some(1)
    }

    /// Enters a process.
    pub fn insert(&self, process: &Arc<Process>) {
        self.state.lock().processes.insert(process.pid, Arc::clone(process));
    }

    /// Forgets a process.
    pub fn remove(&self, pid: Pid) {
        let removed = self.state.lock().processes.remove(&pid);
        drop(removed);
    }

    /// The process of that id, zombies included.
    pub fn get(&self, pid: Pid) -> Option<Arc<Process>> {
        self.state.lock().processes.get(&pid).cloned()
    }

    /// The first process.
    pub fn init(&self) -> Option<Arc<Process>> {
        self.get(Pid(1))
    }

    /// Every process, lowest id first, zombies included.
    pub fn all(&self) -> Vec<Arc<Process>> {
        self.state.lock().processes.values().cloned().collect()
    }

    /// The processes of a group.
    pub fn group(&self, group: Pid) -> Vec<Arc<Process>> {
        self.all().into_iter().filter(|process| process.group() == group).collect()
    }

    /// How many threads live in it.
    pub fn threads(&self) -> usize {
        self.all().iter().map(|process| process.thread_count()).sum()
    }
}
