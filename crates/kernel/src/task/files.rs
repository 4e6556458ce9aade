//! Descriptor tables.
//!
//! Owns: [`Files`], which descriptor stands for which open file, and close-on-exec. Does not own:
//! open files themselves (`vfs::OpenFile`). Shared between tasks by clone(2)'s CLONE_FILES.

use std::sync::Arc;

use abi::Errno;

use crate::sync::Mutex;
use crate::vfs::OpenFile;

/// A descriptor's slot.
#[derive(Clone)]
struct Slot {
    file: Arc<OpenFile>,
    close_on_exec: bool,
}

/// A descriptor table.
#[derive(Default)]
pub struct Files {
    slots: Mutex<Vec<Option<Slot>>>,
}

impl Files {
    /// An empty table.
    pub fn new() -> Files {
        Files::default()
    }

    /// The open file of `fd`, or `EBADF`.
    pub fn get(&self, fd: i32) -> Result<Arc<OpenFile>, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
        match self.slots.lock().get(index) {
            Some(Some(slot)) => Ok(Arc::clone(&slot.file)),
            _ => Err(Errno::EBADF),
        }
    }

    /// Gives `file` the lowest free descriptor that is at least `least`; `EMFILE` at `limit`.
    pub fn add(&self, file: Arc<OpenFile>, close_on_exec: bool, least: i32, limit: u64) -> Result<i32, Errno> {
        let mut slots = self.slots.lock();
        let mut index = usize::try_from(least).map_err(|_| Errno::EINVAL)?;
        while matches!(slots.get(index), Some(Some(_))) {
            index = index.saturating_add(1);
        }
        if index as u64 >= limit {
            return Err(Errno::EMFILE);
        }
        Files::put(&mut slots, index, Slot { file, close_on_exec });
        i32::try_from(index).map_err(|_| Errno::EMFILE)
    }

    /// Makes `fd` stand for `file`, as dup2(2); answers what it stood for before.
    pub fn set(
        &self,
        fd: i32,
        file: Arc<OpenFile>,
        close_on_exec: bool,
        limit: u64,
    ) -> Result<Option<Arc<OpenFile>>, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
        if index as u64 >= limit {
            return Err(Errno::EBADF);
        }
        Ok(Files::put(&mut self.slots.lock(), index, Slot { file, close_on_exec }))
    }

    /// Closes `fd`; the caller drops the answer with no lock held.
    pub fn remove(&self, fd: i32) -> Result<Arc<OpenFile>, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
        let slot = self.slots.lock().get_mut(index).and_then(Option::take);
        slot.map(|slot| slot.file).ok_or(Errno::EBADF)
    }

    /// Whether `fd` is closed on execve(2).
    pub fn close_on_exec(&self, fd: i32) -> Result<bool, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
        match self.slots.lock().get(index) {
            Some(Some(slot)) => Ok(slot.close_on_exec),
            _ => Err(Errno::EBADF),
        }
    }

    /// Sets whether `fd` is closed on execve(2).
    pub fn set_close_on_exec(&self, fd: i32, value: bool) -> Result<(), Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
        match self.slots.lock().get_mut(index) {
            Some(Some(slot)) => {
                slot.close_on_exec = value;
                Ok(())
            }
            _ => Err(Errno::EBADF),
        }
    }

    /// The open descriptors, lowest first.
    pub fn open(&self) -> Vec<i32> {
        let slots = self.slots.lock();
        slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.is_some())
            .filter_map(|(fd, _)| i32::try_from(fd).ok())
            .collect()
    }

    /// A copy for fork(2).
    pub fn copy(&self) -> Files {
        Files { slots: Mutex::new(self.slots.lock().clone()) }
    }

    /// Closes what execve(2) closes.
    pub fn close_for_exec(&self) {
        let closed: Vec<Slot> = {
            let mut slots = self.slots.lock();
            slots.iter_mut().filter_map(|slot| slot.take_if(|slot| slot.close_on_exec)).collect()
        };
        drop(closed);
    }

    /// Closes everything, at exit.
    pub fn clear(&self) {
        let closed = std::mem::take(&mut *self.slots.lock());
        drop(closed);
    }

    fn put(slots: &mut Vec<Option<Slot>>, index: usize, slot: Slot) -> Option<Arc<OpenFile>> {
        if slots.len() <= index {
            slots.resize(index.saturating_add(1), None);
        }
        slots.get_mut(index).and_then(|place| place.replace(slot)).map(|old| old.file)
    }
}
