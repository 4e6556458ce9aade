//! Names: which inode is reached under which name of which directory.
//!
//! Owns: [`Dentry`], one per name in use, so that everybody who holds a place sees it move with a
//! rename and sees it deleted with an unlink: getcwd(2), `..` and /proc/PID/fd need no more. Does
//! not own: inodes. A file system that says its names are `stable` is asked once per name;
//! others are asked each time. Directories that were walked lately are kept.
//!
//! Locks: a dentry's children before a dentry's place; no dentry is dropped under either.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::S_IFDIR;

use crate::sync::Mutex;
use crate::vfs::Inode;

/// How many directories are kept after their last use.
const RECENT: usize = 1024;

thread_local! {
    static RECENTLY: RefCell<VecDeque<Arc<Dentry>>> = const { RefCell::new(VecDeque::new()) };
}

/// A name and its inode.
pub struct Dentry {
    inode: Arc<dyn Inode>,
    kind: u32,
    stable: bool,
    children: Mutex<HashMap<Vec<u8>, Weak<Dentry>>>,
    place: Mutex<Place>,
    mounts: AtomicU32,
}

struct Place {
    parent: Option<Arc<Dentry>>,
    name: Vec<u8>,
    deleted: bool,
}

impl Dentry {
    /// The top of a file system; `stable` where names change through the kernel only.
    pub fn root(inode: Arc<dyn Inode>, stable: bool) -> Arc<Dentry> {
        Dentry::build(inode, stable, None, Vec::new())
    }

    fn build(inode: Arc<dyn Inode>, stable: bool, parent: Option<Arc<Dentry>>, name: Vec<u8>) -> Arc<Dentry> {
        let kind = inode.kind();
        Arc::new(Dentry {
            inode,
            kind,
            stable,
            children: Mutex::default(),
            place: Mutex::new(Place { parent, name, deleted: false }),
            mounts: AtomicU32::new(0),
        })
    }

    /// What is there.
    pub fn inode(&self) -> &Arc<dyn Inode> {
        &self.inode
    }

    /// The file type, `st_mode & S_IFMT`.
    pub fn kind(&self) -> u32 {
        self.kind
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == S_IFDIR
    }

    /// The directory that holds the name; `None` at the top of a file system.
    pub fn parent(&self) -> Option<Arc<Dentry>> {
        self.place.lock().parent.clone()
    }

    /// The name, empty at the top of a file system.
    pub fn name(&self) -> Vec<u8> {
        self.place.lock().name.clone()
    }

    /// Whether the name was removed.
    pub fn is_deleted(&self) -> bool {
        self.place.lock().deleted
    }

    /// Whether `other` is this dentry or lies above it.
    pub fn is_below(self: &Arc<Self>, other: &Arc<Dentry>) -> bool {
        let mut at = Some(Arc::clone(self));
        while let Some(dentry) = at {
            if Arc::ptr_eq(&dentry, other) {
                return true;
            }
            at = dentry.parent();
        }
        false
    }

    /// Whether a file system is mounted over this dentry, in some container.
    pub fn is_mountpoint(&self) -> bool {
        self.mounts.load(Ordering::Acquire) > 0
    }

    pub(super) fn count_mount(&self, one_more: bool) {
        match one_more {
            true => self.mounts.fetch_add(1, Ordering::AcqRel),
            false => self.mounts.fetch_sub(1, Ordering::AcqRel),
        };
    }

    fn known(&self, name: &[u8]) -> Option<Arc<Dentry>> {
        self.children.lock().get(name).and_then(Weak::upgrade)
    }

    /// The child of that name, `ENOENT` where there is none.
    pub fn child(self: &Arc<Self>, name: &[u8]) -> Result<Arc<Dentry>, Errno> {
        let known = self.known(name);
        if self.stable
            && let Some(child) = known
        {
            return Ok(child);
        }
        match (self.inode.lookup(name), known) {
            (Ok(inode), Some(child)) if same(&inode, &child.inode) => Ok(child),
            (Ok(inode), _) => Ok(self.adopt(name, inode)),
            (Err(errno), known) => {
                if known.is_some() {
                    self.removed(name);
                }
                Err(errno)
            }
        }
    }

    /// Notes that `name` is `inode` now.
    pub fn adopt(self: &Arc<Self>, name: &[u8], inode: Arc<dyn Inode>) -> Arc<Dentry> {
        let child = Dentry::build(inode, self.stable, Some(Arc::clone(self)), name.to_vec());
        self.children.lock().insert(name.to_vec(), Arc::downgrade(&child));
        if child.is_directory() {
            remember(&child);
        }
        child
    }

    /// A place in this directory that no look-up finds, for an inode without a name.
    pub fn nameless(self: &Arc<Self>, name: &[u8], inode: Arc<dyn Inode>) -> Arc<Dentry> {
        let dentry = Dentry::build(inode, self.stable, Some(Arc::clone(self)), name.to_vec());
        dentry.place.lock().deleted = true;
        dentry
    }

    /// Notes that `name` was removed.
    pub fn removed(&self, name: &[u8]) {
        let child = self.children.lock().remove(name).and_then(|child| child.upgrade());
        if let Some(child) = child {
            child.place.lock().deleted = true;
        }
    }

    /// Notes that `name` is called `new_name` in `new_parent` now, and what had that name is gone.
    pub fn renamed(self: &Arc<Self>, name: &[u8], new_parent: &Arc<Dentry>, new_name: &[u8]) {
        new_parent.removed(new_name);
        let child = self.children.lock().remove(name).and_then(|child| child.upgrade());
        if let Some(child) = child {
            child.move_to(new_parent, new_name);
        }
    }

    /// Notes that two names changed places, renameat2(2)'s RENAME_EXCHANGE.
    pub fn exchanged(self: &Arc<Self>, name: &[u8], other: &Arc<Dentry>, other_name: &[u8]) {
        let one = self.children.lock().remove(name).and_then(|child| child.upgrade());
        let two = other.children.lock().remove(other_name).and_then(|child| child.upgrade());
        if let Some(one) = one {
            one.move_to(other, other_name);
        }
        if let Some(two) = two {
            two.move_to(self, name);
        }
    }

    fn move_to(self: &Arc<Self>, parent: &Arc<Dentry>, name: &[u8]) {
        parent.children.lock().insert(name.to_vec(), Arc::downgrade(self));
        let old = {
            let mut place = self.place.lock();
            place.name = name.to_vec();
            place.parent.replace(Arc::clone(parent))
        };
        drop(old);
    }
}

/// Whether both are the one inode.
pub(super) fn same(one: &Arc<dyn Inode>, other: &Arc<dyn Inode>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

fn remember(dentry: &Arc<Dentry>) {
    let oldest = RECENTLY.with_borrow_mut(|recent| {
        recent.push_back(Arc::clone(dentry));
        if recent.len() > RECENT { recent.pop_front() } else { None }
    });
    drop(oldest);
}

/// Lets go of directories that are kept for speed only, so that an unmounted file system can go.
pub(super) fn forget_recent() {
    let all = RECENTLY.take();
    drop(all);
}

impl Drop for Dentry {
    /// Leaves its parent's table and lets go of the chain above it one by one: a guest can make it
    /// long enough to exhaust a stack.
    fn drop(&mut self) {
        let Place { parent, name, .. } =
            std::mem::replace(self.place.get_mut(), Place { parent: None, name: Vec::new(), deleted: true });
        let mut next = parent.map(|parent| (parent, name));
        while let Some((parent, name)) = next.take() {
            {
                let mut children = parent.children.lock();
                if children.get(&name).is_some_and(|child| child.strong_count() == 0) {
                    children.remove(&name);
                }
            }
            if let Some(mut last) = Arc::into_inner(parent) {
                let place = last.place.get_mut();
                next = place.parent.take().map(|above| (above, std::mem::take(&mut place.name)));
            }
        }
    }
}
