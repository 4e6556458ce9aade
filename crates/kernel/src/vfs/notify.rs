//! Telling who watches the tree: the source of inotify(7)'s events.
//!
//! Owns: [`Notifier`], which inode is watched by whom, and the events' bits. Does not own: what a
//! watcher does with an event (`event::inotify`). Called by: the calls of `syscalls` and `vfs` that
//! change or use a file, after the change was made and with no lock held. Costs one atomic load
//! while nothing is watched.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use abi::Errno;

use crate::sync::Mutex;
use crate::vfs::Inode;

bitflags::bitflags! {
    /// What happened, in the bits of inotify(7).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct FileEvents: u32 {
        /// The file was read.
        const ACCESS = 0x1;
        /// The file was written or cut.
        const MODIFY = 0x2;
        /// Its attributes changed.
        const ATTRIB = 0x4;
        /// A description that could write was closed.
        const CLOSE_WRITE = 0x8;
        /// A description that could not write was closed.
        const CLOSE_NOWRITE = 0x10;
        /// The file was opened.
        const OPEN = 0x20;
        /// A child left the directory.
        const MOVED_FROM = 0x40;
        /// A child came into the directory.
        const MOVED_TO = 0x80;
        /// A child was made.
        const CREATE = 0x100;
        /// A child was removed.
        const DELETE = 0x200;
        /// The watched object itself is gone.
        const DELETE_SELF = 0x400;
        /// The watched object itself was moved.
        const MOVE_SELF = 0x800;
        /// The file system was unmounted.
        const UNMOUNT = 0x2000;
        /// The object is a directory.
        const ISDIR = 0x4000_0000;
    }
}

/// What happened to a watched inode, or to a child of a watched directory.
#[derive(Clone, Debug)]
pub struct FileEvent {
    /// What.
    pub what: FileEvents,
    /// The child's name, where it happened to a child.
    pub name: Option<Vec<u8>>,
    /// Joins the two halves of a rename; 0 otherwise.
    pub cookie: u32,
}

/// Somebody who watches an inode.
pub trait Watcher: Send + Sync {
    /// Something happened.
    fn happened(&self, event: &FileEvent);
}

/// Device and inode number.
type Key = (u64, u64);

/// A watcher and the number by which it is taken out again.
type Numbered = (u64, Arc<dyn Watcher>);

#[derive(Default)]
struct Watches {
    next: u64,
    by_inode: HashMap<Key, Vec<Numbered>>,
}

/// Who watches what in this pod.
#[derive(Default)]
pub struct Notifier {
    watches: Arc<Mutex<Watches>>,
    count: Arc<AtomicUsize>,
    cookie: AtomicU32,
}

/// A watch, ended when dropped.
pub struct Watch {
    watches: Weak<Mutex<Watches>>,
    count: Arc<AtomicUsize>,
    /// The inode, by device and number.
    pub key: Key,
    number: u64,
}

impl Notifier {
    /// Whether nothing is watched, so that callers need not gather what they would tell.
    pub fn is_quiet(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// The device and number that tell `inode` from all others.
    pub fn key(inode: &Arc<dyn Inode>) -> Result<Key, Errno> {
        Ok((inode.file_system().device(), inode.stat()?.ino))
    }

    /// Watches `inode` until the answer is dropped.
    pub fn watch(&self, inode: &Arc<dyn Inode>, watcher: Arc<dyn Watcher>) -> Result<Watch, Errno> {
        let key = Notifier::key(inode)?;
        let mut watches = self.watches.lock();
        let number = watches.next;
        watches.next = number.wrapping_add(1);
        watches.by_inode.entry(key).or_default().push((number, watcher));
        self.count.fetch_add(1, Ordering::AcqRel);
        Ok(Watch { watches: Arc::downgrade(&self.watches), count: Arc::clone(&self.count), key, number })
    }

    /// Something happened to `inode` itself.
    pub fn node(&self, inode: &Arc<dyn Inode>, what: FileEvents) {
        self.tell(inode, what, None, 0);
    }

    /// Something happened to the child `name` of `parent`; `ISDIR` in `what` where it is a directory.
    pub fn child(&self, parent: &Arc<dyn Inode>, name: &[u8], what: FileEvents) {
        self.tell(parent, what, Some(name), 0);
    }

    /// Something happened to `inode` that its directory's watchers also hear (open, read, write,
    /// attributes, close). `place` is the parent and the name it was reached by, where there is one.
    pub fn used(&self, inode: &Arc<dyn Inode>, place: Option<(&Arc<dyn Inode>, &[u8])>, what: FileEvents) {
        if self.is_quiet() {
            return;
        }
        if let Some((parent, name)) = place {
            self.child(parent, name, what);
        }
        self.node(inode, what);
    }

    /// `inode` was renamed. `what` is empty or `ISDIR`.
    pub fn moved(
        &self,
        inode: &Arc<dyn Inode>,
        old: (&Arc<dyn Inode>, &[u8]),
        new: (&Arc<dyn Inode>, &[u8]),
        what: FileEvents,
    ) {
        if self.is_quiet() {
            return;
        }
        let cookie = self.cookie.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        self.tell(old.0, FileEvents::MOVED_FROM | what, Some(old.1), cookie);
        self.tell(new.0, FileEvents::MOVED_TO | what, Some(new.1), cookie);
        self.node(inode, FileEvents::MOVE_SELF | what);
    }

    /// Others than guests have removed inodes of `device`: of those that are watched, the ones that
    /// `is_there` does not know.
    pub fn removed(&self, device: u64, is_there: impl Fn(u64) -> bool) {
        let gone: Vec<Arc<dyn Watcher>> = {
            let watches = self.watches.lock();
            let of_device = watches.by_inode.iter().filter(|((at, ino), _)| *at == device && !is_there(*ino));
            of_device.flat_map(|(_, list)| list.iter().map(|(_, watcher)| Arc::clone(watcher))).collect()
        };
        for watcher in gone {
            for what in [FileEvents::ATTRIB, FileEvents::DELETE_SELF] {
                watcher.happened(&FileEvent { what, name: None, cookie: 0 });
            }
        }
    }

    fn tell(&self, inode: &Arc<dyn Inode>, what: FileEvents, name: Option<&[u8]>, cookie: u32) {
        if self.is_quiet() {
            return;
        }
        let Ok(key) = Notifier::key(inode) else { return };
        let watchers: Vec<Arc<dyn Watcher>> = match self.watches.lock().by_inode.get(&key) {
            Some(list) => list.iter().map(|(_, watcher)| Arc::clone(watcher)).collect(),
            None => return,
        };
        let event = FileEvent { what, name: name.map(<[u8]>::to_vec), cookie };
        for watcher in watchers {
            watcher.happened(&event);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(watches) = self.watches.upgrade() else { return };
        let mut watches = watches.lock();
        if let Some(list) = watches.by_inode.get_mut(&self.key) {
            list.retain(|(number, _)| *number != self.number);
            if list.is_empty() {
                watches.by_inode.remove(&self.key);
            }
        }
        self.count.fetch_sub(1, Ordering::AcqRel);
    }
}
