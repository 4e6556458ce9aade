//! Names in memory, above the names of a lower directory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Weak};

use abi::Errno;

use super::lower::LowerDirectory;
use super::node::{Body, Node};
use crate::sync::Mutex;
use crate::vfs::{Attributes, DirEntry, Inode, NewNode};

/// renameat2(2)'s flag: fail where the new name is taken.
pub(super) const NOREPLACE: u32 = 1;
/// renameat2(2)'s flag: let the names change places.
pub(super) const EXCHANGE: u32 = 2;

/// The names of a directory.
pub(super) struct Directory {
    entries: BTreeMap<Vec<u8>, Entry>,
    lower: Option<Arc<dyn LowerDirectory>>,
    /// Unchanged nodes that were found below and are still in use.
    clean: HashMap<Vec<u8>, Weak<Node>>,
    removed: bool,
}

enum Entry {
    /// A node that lives here.
    Held(Arc<Node>),
    /// A name that is below and was removed.
    Hidden,
}

impl Directory {
    pub(super) fn above(lower: Option<Arc<dyn LowerDirectory>>) -> Directory {
        Directory { entries: BTreeMap::new(), lower, clean: HashMap::new(), removed: false }
    }

    /// The size that stat(2) shows: 20 bytes a name, as tmpfs has it.
    pub(super) fn size(&self) -> u64 {
        (self.entries.len() as u64).saturating_add(2).saturating_mul(20)
    }

    pub(super) fn take_children(&mut self) -> Vec<Arc<Node>> {
        let held = std::mem::take(&mut self.entries).into_values();
        held.filter_map(|entry| match entry {
            Entry::Held(node) => Some(node),
            Entry::Hidden => None,
        })
        .collect()
    }
}

/// What is known of a name without asking below.
enum Known {
    Node(Arc<Node>),
    Absent,
    Below(Arc<dyn LowerDirectory>),
}

impl Node {
    fn names(&self) -> Result<&Mutex<Directory>, Errno> {
        match &self.body {
            Body::Directory(names) => Ok(names),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn known(&self, name: &[u8]) -> Result<Known, Errno> {
        let names = self.names()?.lock();
        Ok(match names.entries.get(name) {
            Some(Entry::Held(node)) => Known::Node(Arc::clone(node)),
            Some(Entry::Hidden) => Known::Absent,
            None => match names.clean.get(name).and_then(Weak::upgrade) {
                Some(node) => Known::Node(node),
                None => names.lower.as_ref().map_or(Known::Absent, |lower| Known::Below(Arc::clone(lower))),
            },
        })
    }

    /// The child of that name.
    pub(super) fn child(self: &Arc<Self>, name: &[u8]) -> Result<Arc<Node>, Errno> {
        let lower = match self.known(name)? {
            Known::Node(node) => return Ok(node),
            Known::Absent => return Err(Errno::ENOENT),
            Known::Below(lower) => lower,
        };
        let found = lower.lookup(name)?.ok_or(Errno::ENOENT)?;
        let node = self.fs.raise(self, name, found);
        self.names()?.lock().clean.insert(name.to_vec(), Arc::downgrade(&node));
        self.fs.keep(Arc::clone(&node));
        Ok(node)
    }

    /// Forgets the name of an unchanged node that is gone.
    pub(super) fn forget(&self, name: &[u8]) {
        if let Body::Directory(names) = &self.body {
            let mut names = names.lock();
            if names.clean.get(name).is_some_and(|node| node.strong_count() == 0) {
                names.clean.remove(name);
            }
        }
    }

    /// Keeps `node` under `name` from now on.
    pub(super) fn hold(&self, name: Vec<u8>, node: Arc<Node>) -> Result<(), Errno> {
        let mut names = self.names()?.lock();
        names.clean.remove(&name);
        names.entries.insert(name, Entry::Held(node));
        Ok(())
    }

    /// `EEXIST` where the name is taken, `ENOENT` where the directory itself was removed.
    fn must_be_free(self: &Arc<Self>, name: &[u8]) -> Result<(), Errno> {
        if self.names()?.lock().removed {
            return Err(Errno::ENOENT);
        }
        match self.child(name) {
            Ok(_) => Err(Errno::EEXIST),
            Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn make(
        self: &Arc<Self>,
        name: &[u8],
        node: NewNode,
        attributes: Attributes,
    ) -> Result<Arc<Node>, Errno> {
        self.must_be_free(name)?;
        self.claim()?;
        let child = Node::fresh(&self.fs, node, attributes)?;
        self.put(name, &child)?;
        Ok(child)
    }

    pub(super) fn add_name(self: &Arc<Self>, name: &[u8], target: &Arc<Node>) -> Result<(), Errno> {
        if !Arc::ptr_eq(&self.fs, &target.fs) {
            return Err(Errno::EXDEV);
        }
        if target.is_directory() {
            return Err(Errno::EPERM);
        }
        self.must_be_free(name)?;
        self.claim()?;
        target.claim()?;
        {
            let mut meta = target.meta.lock();
            meta.nlink = meta.nlink.saturating_add(1);
        }
        target.changed();
        self.put(name, target)
    }

    pub(super) fn remove_name(self: &Arc<Self>, name: &[u8]) -> Result<(), Errno> {
        let child = self.child(name)?;
        if child.is_directory() {
            return Err(Errno::EISDIR);
        }
        self.take(name, &child)?;
        child.lose_name();
        Ok(())
    }

    pub(super) fn remove_directory(self: &Arc<Self>, name: &[u8]) -> Result<(), Errno> {
        let child = self.child(name)?;
        child.must_be_empty()?;
        self.take(name, &child)?;
        child.end_directory()
    }

    pub(super) fn move_name(
        self: &Arc<Self>,
        name: &[u8],
        new_parent: &Arc<Node>,
        new_name: &[u8],
        flags: u32,
    ) -> Result<(), Errno> {
        if !Arc::ptr_eq(&self.fs, &new_parent.fs) {
            return Err(Errno::EXDEV);
        }
        if flags & !(NOREPLACE | EXCHANGE) != 0 {
            return Err(Errno::EINVAL);
        }
        let child = self.child(name)?;
        let replaced = match new_parent.child(new_name) {
            Err(Errno::ENOENT) => None,
            other => Some(other?),
        };
        if flags & EXCHANGE != 0 {
            let other = replaced.ok_or(Errno::ENOENT)?;
            self.take(name, &child)?;
            new_parent.take(new_name, &other)?;
            self.put(name, &other)?;
            return new_parent.put(new_name, &child);
        }
        match replaced {
            Some(_) if flags & NOREPLACE != 0 => return Err(Errno::EEXIST),
            Some(other) if Arc::ptr_eq(&other, &child) => return Ok(()),
            Some(other) => new_parent.give_way(new_name, &child, &other)?,
            None if new_parent.names()?.lock().removed => return Err(Errno::ENOENT),
            None => {}
        }
        self.take(name, &child)?;
        child.changed();
        new_parent.put(new_name, &child)
    }

    /// Removes `other`, which `child` is to replace under `name`, where rename(2) allows it.
    fn give_way(self: &Arc<Self>, name: &[u8], child: &Arc<Node>, other: &Arc<Node>) -> Result<(), Errno> {
        match (child.is_directory(), other.is_directory()) {
            (true, false) => return Err(Errno::ENOTDIR),
            (false, true) => return Err(Errno::EISDIR),
            (true, true) => other.must_be_empty()?,
            (false, false) => {}
        }
        self.take(name, other)?;
        if other.is_directory() {
            return other.end_directory();
        }
        other.lose_name();
        Ok(())
    }

    fn lose_name(&self) {
        let mut meta = self.meta.lock();
        meta.nlink = meta.nlink.saturating_sub(1);
        meta.ctime = crate::time::now();
    }

    fn end_directory(&self) -> Result<(), Errno> {
        self.names()?.lock().removed = true;
        self.meta.lock().nlink = 0;
        self.changed();
        Ok(())
    }

    fn must_be_empty(self: &Arc<Self>) -> Result<(), Errno> {
        if self.list()?.is_empty() { Ok(()) } else { Err(Errno::ENOTEMPTY) }
    }

    /// Puts `child` under a free name.
    fn put(&self, name: &[u8], child: &Arc<Node>) -> Result<(), Errno> {
        self.hold(name.to_vec(), Arc::clone(child))?;
        self.count_directory(child, 1);
        self.modified();
        Ok(())
    }

    /// Takes `child` away from its name: from now on it lives by who holds it.
    fn take(self: &Arc<Self>, name: &[u8], child: &Arc<Node>) -> Result<(), Errno> {
        self.claim()?;
        child.claim()?;
        let lower = self.names()?.lock().lower.clone();
        let below = match lower {
            Some(lower) => lower.lookup(name)?.is_some(),
            None => false,
        };
        let old = {
            let mut names = self.names()?.lock();
            if below { names.entries.insert(name.to_vec(), Entry::Hidden) } else { names.entries.remove(name) }
        };
        drop(old);
        self.count_directory(child, -1);
        self.modified();
        Ok(())
    }

    /// Counts the `..` of a child directory; a merged directory says 1 and stays so, as overlayfs.
    fn count_directory(&self, child: &Node, change: i64) {
        let mut meta = self.meta.lock();
        if child.is_directory() && meta.nlink > 1 {
            meta.nlink = meta.nlink.saturating_add_signed(change);
        }
    }

    /// The names without `.` and `..`: those below first, in their order.
    fn list(self: &Arc<Self>) -> Result<Vec<DirEntry>, Errno> {
        let lower = self.names()?.lock().lower.clone();
        let below = lower.map_or(Ok(Vec::new()), |lower| lower.list())?;
        let names = self.names()?.lock();
        let mut shown = HashSet::new();
        let mut list = Vec::with_capacity(below.len().saturating_add(names.entries.len()));
        for entry in below {
            let (ino, kind) = match names.entries.get(&entry.name) {
                Some(Entry::Hidden) => continue,
                Some(Entry::Held(node)) => {
                    shown.insert(entry.name.clone());
                    (node.ino(), node.kind())
                }
                None => (entry.ino, entry.kind),
            };
            list.push(DirEntry { name: entry.name, ino, kind, next: 0 });
        }
        for (name, entry) in &names.entries {
            if let Entry::Held(node) = entry
                && !shown.contains(name)
            {
                list.push(DirEntry { name: name.clone(), ino: node.ino(), kind: node.kind(), next: 0 });
            }
        }
        Ok(list)
    }

    /// All names as getdents64(2) goes through them, numbered.
    pub(super) fn snapshot(self: &Arc<Self>) -> Result<Vec<DirEntry>, Errno> {
        let dot = |name: &[u8]| DirEntry { name: name.to_vec(), ino: self.ino(), kind: self.kind(), next: 0 };
        let mut all = vec![dot(b"."), dot(b"..")];
        if !self.names()?.lock().removed {
            all.extend(self.list()?);
        }
        for (entry, next) in all.iter_mut().zip(1..) {
            entry.next = next;
        }
        Ok(all)
    }
}
