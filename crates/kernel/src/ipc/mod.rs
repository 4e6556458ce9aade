//! System V and POSIX inter-process communication, shared by the containers of a pod as in
//! Kubernetes: sysvipc(7), mq_overview(7).
//!
//! Owns: keys, ids, permissions ([`Table`], [`Permissions`]); segments, semaphores, message queues.
//! Does not own: mapping a segment into a guest, which its call asks the host for.

pub mod mqueue;
pub mod msg;
pub mod sem;
pub mod shm;

use std::collections::BTreeMap;
use std::sync::Arc;

use abi::Errno;
use abi::ipc::{IPC_CREAT, IPC_EXCL, IPC_PRIVATE, IpcPerm};

use crate::sync::Mutex;
use crate::task::Credentials;

/// CAP_IPC_OWNER of capabilities(7).
const IPC_OWNER: u32 = 15;

/// The pod's IPC objects.
#[derive(Default)]
pub struct Ipc {
    /// Shared memory.
    pub shm: Table<shm::Segment>,
    /// Semaphore sets.
    pub sem: Table<sem::Set>,
    /// Message queues.
    pub msg: Table<msg::Queue>,
    /// What processes have yet to undo.
    pub undo: sem::Undo,
    /// POSIX message queues.
    pub mqueues: mqueue::Names,
}

/// Seconds since 1970, as the status structures hold them.
fn now() -> i64 {
    crate::time::now().seconds
}

/// Who owns an object and who may use it.
#[derive(Clone, Copy, Debug)]
pub struct Permissions {
    raw: IpcPerm,
}

impl Permissions {
    /// The status structures' form.
    pub fn raw(&self) -> IpcPerm {
        self.raw
    }

    /// Whether `who` may do what `wanted` asks: 4 to read, 2 to change. `EACCES` otherwise.
    pub fn check(&self, who: &Credentials, wanted: u32) -> Result<(), Errno> {
        let granted = if who.euid == self.raw.cuid || who.euid == self.raw.uid {
            self.raw.mode >> 6
        } else if who.in_group(self.raw.cgid) || who.in_group(self.raw.gid) {
            self.raw.mode >> 3
        } else {
            self.raw.mode
        };
        if wanted & !granted & 7 == 0 || who.capable(IPC_OWNER) { Ok(()) } else { Err(Errno::EACCES) }
    }

    /// Whether `who` may remove the object or change these. `EPERM` otherwise.
    pub fn check_owner(&self, who: &Credentials) -> Result<(), Errno> {
        let owner = who.euid == self.raw.cuid || who.euid == self.raw.uid;
        if owner || who.capable(crate::task::capability::SYS_ADMIN) { Ok(()) } else { Err(Errno::EPERM) }
    }

    /// IPC_SET.
    pub fn set(&mut self, from: &IpcPerm) {
        (self.raw.uid, self.raw.gid) = (from.uid, from.gid);
        self.raw.mode = self.raw.mode & !0o777 | from.mode & 0o777;
    }

    /// Sets a bit of the mode beside the permissions.
    fn mark(&mut self, bit: u32) {
        self.raw.mode |= bit;
    }
}

/// What a table holds.
pub trait Object {
    /// Who may use it.
    fn permissions(&self) -> Permissions;
}

/// The most objects of one kind: as many as ids have places.
const MOST: usize = 32000;
/// An id is its place and a number that tells later objects in it apart.
const PLACES: i32 = 32768;

/// The objects of one kind, by id and by key.
pub struct Table<T>(Mutex<Entries<T>>);

struct Entries<T> {
    by_place: BTreeMap<i32, (i32, Arc<T>)>,
    by_key: BTreeMap<i32, i32>,
    sequence: i32,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table(Mutex::new(Entries { by_place: BTreeMap::new(), by_key: BTreeMap::new(), sequence: 0 }))
    }
}

impl<T: Object> Table<T> {
    /// The id of `key`'s object, which `make` makes where there is none; as shmget(2), semget(2), msgget(2).
    pub fn get(
        &self,
        who: &Credentials,
        key: i32,
        flags: u32,
        make: impl FnOnce(Permissions) -> Result<T, Errno>,
        fits: impl FnOnce(&T) -> Result<(), Errno>,
    ) -> Result<i32, Errno> {
        let mut entries = self.0.lock();
        if key != IPC_PRIVATE
            && let Some(place) = entries.by_key.get(&key)
            && let Some((id, object)) = entries.by_place.get(place)
        {
            if flags & (IPC_CREAT | IPC_EXCL) == IPC_CREAT | IPC_EXCL {
                return Err(Errno::EEXIST);
            }
            object.permissions().check(who, flags | flags >> 3 | flags >> 6)?;
            fits(object)?;
            return Ok(*id);
        }
        if key != IPC_PRIVATE && flags & IPC_CREAT == 0 {
            return Err(Errno::ENOENT);
        }
        let place = (0..PLACES).find(|place| !entries.by_place.contains_key(place)).ok_or(Errno::ENOSPC)?;
        if entries.by_place.len() >= MOST {
            return Err(Errno::ENOSPC);
        }
        let sequence = entries.sequence;
        entries.sequence = sequence.wrapping_add(1) & 0x7fff;
        let raw = IpcPerm {
            key,
            uid: who.euid,
            gid: who.egid,
            cuid: who.euid,
            cgid: who.egid,
            mode: flags & 0o777,
            sequence: sequence as u16,
            ..IpcPerm::default()
        };
        let object = make(Permissions { raw })?;
        let id = sequence.wrapping_mul(PLACES).wrapping_add(place);
        entries.by_place.insert(place, (id, Arc::new(object)));
        if key != IPC_PRIVATE {
            entries.by_key.insert(key, place);
        }
        Ok(id)
    }

    /// The object of that id; `EINVAL` where there is none.
    pub fn find(&self, id: i32) -> Result<Arc<T>, Errno> {
        let place = id.checked_rem(PLACES).unwrap_or(-1);
        let entries = self.0.lock();
        entries
            .by_place
            .get(&place)
            .filter(|(own, _)| *own == id)
            .map(|(_, object)| Arc::clone(object))
            .ok_or(Errno::EINVAL)
    }

    /// The object in that place, with its id: SHM_STAT and the like.
    pub fn at(&self, place: i32) -> Result<(i32, Arc<T>), Errno> {
        let entries = self.0.lock();
        entries.by_place.get(&place).map(|(id, object)| (*id, Arc::clone(object))).ok_or(Errno::EINVAL)
    }

    /// Forgets the key, so that a new object can have it.
    pub fn forget_key(&self, id: i32) {
        let place = id.checked_rem(PLACES).unwrap_or(-1);
        self.0.lock().by_key.retain(|_, other| *other != place);
    }

    /// Removes the object; its users hear of it.
    pub fn remove(&self, id: i32) -> Option<Arc<T>> {
        self.forget_key(id);
        let place = id.checked_rem(PLACES).unwrap_or(-1);
        self.0.lock().by_place.remove(&place).map(|(_, object)| object)
    }

    /// Every object with its id.
    pub fn all(&self) -> Vec<(i32, Arc<T>)> {
        self.0.lock().by_place.values().map(|(id, object)| (*id, Arc::clone(object))).collect()
    }

    /// The highest place that is taken, and how many are.
    pub fn extent(&self) -> (u64, usize) {
        let entries = self.0.lock();
        let highest = entries.by_place.keys().next_back().copied().unwrap_or(0);
        (u64::from(highest.unsigned_abs()), entries.by_place.len())
    }
}

#[cfg(test)]
mod tests;
