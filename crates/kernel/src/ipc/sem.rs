//! Semaphore sets: semget(2), semop(2), semctl(2).

use std::collections::HashMap;

use abi::Errno;
use abi::ipc::{IPC_NOWAIT, IpcPerm, SEM_UNDO, SemOperation, SemStatus};

use super::{Ipc, Object, Permissions, now};
use crate::sync::Mutex;
use crate::task::{Pid, Process};
use crate::wait::{Events, WaitQueue};

/// SEMMSL: semaphores of a set.
pub const MOST_SEMAPHORES: usize = 32000;
/// SEMOPM: operations of a call.
pub const MOST_OPERATIONS: usize = 500;
/// SEMVMX: the largest value.
pub const MOST_VALUE: i32 = 32767;

/// A semaphore set.
pub struct Set {
    state: Mutex<State>,
    /// Announced whenever a value changes, and when the set is removed.
    pub queue: WaitQueue,
}

struct State {
    permissions: Permissions,
    semaphores: Vec<Semaphore>,
    operated: i64,
    changed: i64,
    removed: bool,
    next_waiter: u64,
    /// Who waits for what: a semaphore to grow, or to be zero.
    waiters: Vec<Waiter>,
}

#[derive(Clone, Copy, Default)]
struct Semaphore {
    value: i32,
    pid: i32,
}

struct Waiter {
    key: u64,
    number: u16,
    for_zero: bool,
}

impl Object for Set {
    fn permissions(&self) -> Permissions {
        self.state.lock().permissions
    }
}

/// What came of trying operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All were done.
    Done,
    /// None was: this one has to wait, unless it must not.
    Blocked(SemOperation),
}

impl Set {
    /// A set of `count` semaphores of value 0.
    pub fn new(permissions: Permissions, count: usize) -> Result<Set, Errno> {
        if count == 0 || count > MOST_SEMAPHORES {
            return Err(Errno::EINVAL);
        }
        let state = State {
            permissions,
            semaphores: vec![Semaphore::default(); count],
            operated: 0,
            changed: now(),
            removed: false,
            next_waiter: 0,
            waiters: Vec::new(),
        };
        Ok(Set { state: Mutex::new(state), queue: WaitQueue::new() })
    }

    /// How many semaphores it has.
    pub fn count(&self) -> usize {
        self.state.lock().semaphores.len()
    }

    /// Tries all of `operations` at once. `EFBIG` for a semaphore that is not there, `EIDRM` once removed.
    pub fn attempt(&self, operations: &[SemOperation], pid: Pid) -> Result<Outcome, Errno> {
        let changed = {
            let mut state = self.state.lock();
            if state.removed {
                return Err(Errno::EIDRM);
            }
            let mut after: HashMap<u16, i32> = HashMap::new();
            for operation in operations {
                let held = state.semaphores.get(usize::from(operation.number)).ok_or(Errno::EFBIG)?;
                let value = after.get(&operation.number).copied().unwrap_or(held.value);
                let new = value.saturating_add(i32::from(operation.change));
                if (operation.change == 0 && value != 0) || new < 0 {
                    return Ok(Outcome::Blocked(*operation));
                }
                if new > MOST_VALUE {
                    return Err(Errno::ERANGE);
                }
                after.insert(operation.number, new);
            }
            let changed = operations.iter().any(|operation| operation.change != 0);
            for (number, value) in after {
                if let Some(semaphore) = state.semaphores.get_mut(usize::from(number)) {
                    *semaphore = Semaphore { value, pid: pid.0 };
                }
            }
            state.operated = now();
            changed
        };
        if changed {
            self.queue.announce(Events::IN);
        }
        Ok(Outcome::Done)
    }

    /// Counts a waiter for GETNCNT and GETZCNT until the answer is dropped.
    pub fn wait_for(&self, operation: &SemOperation) -> Waiting<'_> {
        let mut state = self.state.lock();
        let key = state.next_waiter;
        state.next_waiter = key.wrapping_add(1);
        state.waiters.push(Waiter { key, number: operation.number, for_zero: operation.change == 0 });
        Waiting { set: self, key }
    }

    /// GETNCNT and GETZCNT: who waits for a semaphore to grow, or to be zero.
    pub fn waiters(&self, number: usize, for_zero: bool) -> Result<u64, Errno> {
        let state = self.state.lock();
        state.semaphores.get(number).ok_or(Errno::EINVAL)?;
        let asked = |waiter: &&Waiter| usize::from(waiter.number) == number && waiter.for_zero == for_zero;
        Ok(state.waiters.iter().filter(asked).count() as u64)
    }

    /// GETVAL and GETPID.
    pub fn value(&self, number: usize) -> Result<(i32, i32), Errno> {
        let state = self.state.lock();
        state.semaphores.get(number).map(|semaphore| (semaphore.value, semaphore.pid)).ok_or(Errno::EINVAL)
    }

    /// GETALL.
    pub fn values(&self) -> Vec<u16> {
        self.state.lock().semaphores.iter().map(|semaphore| semaphore.value as u16).collect()
    }

    /// SETVAL, or SETALL from `first` 0 on.
    pub fn set_values(&self, first: usize, values: &[i32], pid: Pid) -> Result<(), Errno> {
        if values.iter().any(|value| !(0..=MOST_VALUE).contains(value)) {
            return Err(Errno::ERANGE);
        }
        {
            let mut state = self.state.lock();
            let last = first.saturating_add(values.len());
            let places = state.semaphores.get_mut(first..last).ok_or(Errno::EINVAL)?;
            places.iter_mut().zip(values).for_each(|(place, value)| *place = Semaphore { value: *value, pid: pid.0 });
            state.changed = now();
        }
        self.queue.announce(Events::IN);
        Ok(())
    }

    /// Adds `change` to a semaphore, within its bounds: what a process left to undo.
    fn undo(&self, number: u16, change: i32, pid: Pid) {
        {
            let mut state = self.state.lock();
            let Some(semaphore) = state.semaphores.get_mut(usize::from(number)) else { return };
            let value = semaphore.value.saturating_add(change).clamp(0, MOST_VALUE);
            *semaphore = Semaphore { value, pid: pid.0 };
            state.operated = now();
        }
        self.queue.announce(Events::IN);
    }

    /// IPC_STAT.
    pub fn status(&self) -> SemStatus {
        let state = self.state.lock();
        SemStatus {
            perm: state.permissions.raw(),
            operated: state.operated,
            changed: state.changed,
            count: state.semaphores.len() as u64,
            ..SemStatus::default()
        }
    }

    /// IPC_SET.
    pub fn set(&self, from: &IpcPerm) {
        let mut state = self.state.lock();
        state.permissions.set(from);
        state.changed = now();
    }

    /// It was removed: all who wait get `EIDRM`.
    pub fn removed(&self) {
        self.state.lock().removed = true;
        self.queue.announce(Events::IN);
    }
}

/// A waiter, as GETNCNT counts it.
pub struct Waiting<'a> {
    set: &'a Set,
    key: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.set.state.lock().waiters.retain(|waiter| waiter.key != self.key);
    }
}

/// Whether an operation that cannot be done at once must not wait.
pub fn must_not_wait(operation: &SemOperation) -> bool {
    u32::from(operation.flags) & IPC_NOWAIT != 0
}

/// Process, set and semaphore.
type UndoKey = (platform::HostTask, i32, u16);

/// What processes have yet to undo, semop(2) SEM_UNDO.
#[derive(Default)]
pub struct Undo(Mutex<HashMap<UndoKey, i32>>);

impl Undo {
    /// Notes what `process` is to undo of operations that were done.
    pub fn note(&self, process: &Process, id: i32, operations: &[SemOperation]) {
        let mut table = self.0.lock();
        for operation in operations.iter().filter(|operation| operation.flags & SEM_UNDO != 0) {
            let left = table.entry((process.host, id, operation.number)).or_default();
            *left = left.saturating_sub(i32::from(operation.change));
        }
    }

    /// SETVAL and SETALL: nothing is left to undo of these semaphores.
    pub fn forget(&self, id: i32, numbers: impl Fn(u16) -> bool) {
        self.0.lock().retain(|(_, other, number), _| *other != id || !numbers(*number));
    }
}

impl Ipc {
    /// The process has ended: what it left to undo is undone.
    pub fn process_ended(&self, process: &Process) {
        let left: Vec<_> = {
            let mut table = self.undo.0.lock();
            table.extract_if(|(host, ..), _| *host == process.host).collect()
        };
        for ((_, id, number), change) in left {
            if let Ok(set) = self.sem.find(id) {
                set.undo(number, change, process.pid);
            }
        }
    }
}
