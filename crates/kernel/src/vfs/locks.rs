//! Advisory locks: flock(2), and the record locks of fcntl(2), by process and by open file description.
//!
//! Owns: [`Locks`], who holds what on which file of the pod, and the wait for a lock to go. Does not
//! own: which call means what (`syscalls::lock`). A process's record locks go when it closes any
//! descriptor of the file; the others when their description is closed for the last time.

use std::collections::HashMap;

use abi::Errno;

use crate::sync::Mutex;
use crate::task::Pid;
use crate::wait::{Events, WaitQueue};

/// A file: device and inode number.
pub type Key = (u64, u64);

/// Who holds a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A process, by the container's identity and its id: F_SETLK.
    Process(usize, Pid),
    /// A description, for record locks: F_OFD_SETLK.
    Description(u64),
    /// A description, for the whole file: flock(2), which the others do not see.
    Whole(u64),
}

impl Owner {
    fn is_whole(self) -> bool {
        matches!(self, Owner::Whole(_))
    }

    /// The pid that F_GETLK tells; -1 for a description's lock.
    pub fn pid(self) -> i32 {
        match self {
            Owner::Process(_, pid) => pid.0,
            _ => -1,
        }
    }
}

/// A range of bytes of a file: from `start`, up to `end` and without it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// The first byte.
    pub start: u64,
    /// The first byte behind; `u64::MAX`: however long the file gets.
    pub end: u64,
}

impl Range {
    /// All of a file.
    pub const ALL: Range = Range { start: 0, end: u64::MAX };

    fn overlaps(self, other: Range) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A lock that is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// By whom.
    pub owner: Owner,
    /// On what.
    pub range: Range,
    /// Nobody else may hold any.
    pub exclusive: bool,
}

/// The locks of a pod.
#[derive(Default)]
pub struct Locks {
    held: Mutex<HashMap<Key, Vec<Held>>>,
    waiting: Mutex<Vec<(Owner, Owner)>>,
    /// Announced when a lock went.
    pub released: WaitQueue,
}

impl Locks {
    /// The first lock that keeps `wanted` from being taken.
    pub fn conflict(&self, key: Key, wanted: Held) -> Option<Held> {
        let held = self.held.lock();
        held.get(&key)?.iter().copied().find(|other| {
            other.owner != wanted.owner
                && other.owner.is_whole() == wanted.owner.is_whole()
                && (other.exclusive || wanted.exclusive)
                && other.range.overlaps(wanted.range)
        })
    }

    /// Takes a lock, replacing what the owner has there; `EAGAIN` where another's is in the way.
    pub fn take(&self, key: Key, wanted: Held) -> Result<(), Errno> {
        if self.conflict(key, wanted).is_some() {
            return Err(Errno::EAGAIN);
        }
        let weaker = self.cut(key, wanted.owner, wanted.range);
        self.held.lock().entry(key).or_default().push(wanted);
        if weaker {
            self.released.announce(Events::IN);
        }
        Ok(())
    }

    /// Gives up what `owner` holds of `range`.
    pub fn release(&self, key: Key, owner: Owner, range: Range) {
        if self.cut(key, owner, range) {
            self.released.announce(Events::IN);
        }
    }

    /// Cuts `range` out of the owner's locks; whether there was anything.
    fn cut(&self, key: Key, owner: Owner, range: Range) -> bool {
        let mut all = self.held.lock();
        let Some(list) = all.get_mut(&key) else { return false };
        let (mine, others): (Vec<Held>, Vec<Held>) =
            list.iter().partition(|held| held.owner == owner && held.range.overlaps(range));
        if mine.is_empty() {
            return false;
        }
        *list = others;
        for held in mine {
            let before = Range { start: held.range.start, end: range.start };
            let after = Range { start: range.end, end: held.range.end };
            let left = [before, after].into_iter().filter(|piece| piece.start < piece.end);
            list.extend(left.map(|range| Held { range, ..held }));
        }
        if list.is_empty() {
            all.remove(&key);
        }
        true
    }

    /// Gives up all that `owner` holds on the file.
    pub fn release_all(&self, key: Key, owner: Owner) {
        self.release(key, owner, Range::ALL);
    }

    /// Gives up all that a process holds on any file, when it ends.
    pub fn release_everywhere(&self, owner: Owner) {
        let keys: Vec<Key> = self.held.lock().keys().copied().collect();
        for key in keys {
            self.release_all(key, owner);
        }
    }

    /// Whether nobody holds any lock, so that a close need not look.
    pub fn is_quiet(&self) -> bool {
        self.held.lock().is_empty()
    }

    /// Notes that `waiter` waits for `holder` until the answer is dropped; `EDEADLK` where the
    /// holder waits, by way of others, for the waiter: F_SETLKW's check among processes.
    pub fn wait_for(&self, waiter: Owner, holder: Owner) -> Result<Waiting<'_>, Errno> {
        let mut waiting = self.waiting.lock();
        let mut at = holder;
        for _ in 0..=waiting.len() {
            if at == waiter {
                return Err(Errno::EDEADLK);
            }
            match waiting.iter().find(|(who, _)| *who == at) {
                Some((_, next)) => at = *next,
                None => break,
            }
        }
        waiting.push((waiter, holder));
        Ok(Waiting { locks: self, waiter })
    }

    /// Everything held, for /proc/locks.
    pub fn all(&self) -> Vec<(Key, Held)> {
        let held = self.held.lock();
        held.iter().flat_map(|(key, list)| list.iter().map(|held| (*key, *held))).collect()
    }
}

/// A wait for a lock, noted for the sake of deadlocks.
pub struct Waiting<'a> {
    locks: &'a Locks,
    waiter: Owner,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.locks.waiting.lock();
        if let Some(at) = waiting.iter().position(|(who, _)| *who == self.waiter) {
            waiting.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (1, 1);

    fn held(owner: u64, start: u64, end: u64, exclusive: bool) -> Held {
        Held { owner: Owner::Description(owner), range: Range { start, end }, exclusive }
    }

    #[test]
    fn readers_share_and_a_writer_waits_for_them() {
        let locks = Locks::default();
        assert_eq!(locks.take(KEY, held(1, 0, 10, false)), Ok(()));
        assert_eq!(locks.take(KEY, held(2, 0, 10, false)), Ok(()));
        assert_eq!(locks.take(KEY, held(3, 9, 20, true)), Err(Errno::EAGAIN));
        assert_eq!(locks.take(KEY, held(3, 10, 20, true)), Ok(()));
    }

    #[test]
    fn unlocking_the_middle_leaves_both_ends() {
        let locks = Locks::default();
        locks.take(KEY, held(1, 0, 100, true)).unwrap();
        locks.release(KEY, Owner::Description(1), Range { start: 40, end: 60 });
        assert_eq!(locks.take(KEY, held(2, 40, 60, true)), Ok(()));
        assert_eq!(locks.take(KEY, held(2, 39, 40, true)), Err(Errno::EAGAIN));
        assert_eq!(locks.take(KEY, held(2, 60, 61, true)), Err(Errno::EAGAIN));
    }

    #[test]
    fn whole_file_locks_and_record_locks_do_not_see_each_other() {
        let locks = Locks::default();
        locks.take(KEY, held(1, 0, 100, true)).unwrap();
        let whole = Held { owner: Owner::Whole(2), range: Range::ALL, exclusive: true };
        assert_eq!(locks.take(KEY, whole), Ok(()));
    }

    #[test]
    fn a_circle_of_waits_is_a_deadlock() {
        let locks = Locks::default();
        let (one, two) = (Owner::Description(1), Owner::Description(2));
        let waiting = locks.wait_for(one, two).unwrap();
        assert_eq!(locks.wait_for(two, one).err(), Some(Errno::EDEADLK));
        drop(waiting);
        assert!(locks.wait_for(two, one).is_ok());
    }
}
