//! An inode in memory: attributes and the [`Inode`] contract.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::{S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, Stat};
use abi::time::Timespec;

use super::Tmpfs;
use super::content::Content;
use super::directory::Directory;
use super::file::{DirectoryFile, RegularFile};
use super::lower::LowerDirectory;
use crate::fs::space::PAGE;
use crate::sync::Mutex;
use crate::task::Task;
use crate::vfs::{Attributes, File, FileSystem, Inode, NewNode, OpenFlags, SetAttributes, Slot, Xattrs};

/// An inode in memory.
pub struct Node {
    pub(super) this: Weak<Node>,
    pub(super) fs: Arc<Tmpfs>,
    ino: u64,
    kind: u32,
    pub(super) body: Body,
    slot: Slot,
    /// Where an unchanged node of a lower layer was found; `None` once it is claimed.
    pub(super) origin: Mutex<Option<Origin>>,
    /// Whether it is a lower file with several names.
    several: bool,
    /// Whether it counts as one of the file system's inodes.
    counted: AtomicBool,
    pub(super) meta: Mutex<Meta>,
}

/// The name that an unchanged node was found under.
pub(super) struct Origin {
    pub(super) parent: Arc<Node>,
    pub(super) name: Vec<u8>,
}

/// What an inode holds.
pub(super) enum Body {
    Directory(Mutex<Directory>),
    Regular(Mutex<Content>),
    Symlink(Vec<u8>),
    Special,
}

impl Body {
    pub(super) fn directory(lower: Option<Arc<dyn LowerDirectory>>) -> Body {
        Body::Directory(Mutex::new(Directory::above(lower)))
    }
}

/// What stat(2) and getxattr(2) tell and chmod(2), chown(2), utimensat(2) and setxattr(2) change.
#[derive(Default)]
pub(super) struct Meta {
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) nlink: u64,
    pub(super) rdev: u64,
    pub(super) atime: Timespec,
    pub(super) mtime: Timespec,
    pub(super) ctime: Timespec,
    pub(super) xattrs: Xattrs,
}

impl Node {
    pub(super) fn root(fs: Arc<Tmpfs>, ino: u64, meta: Meta, lower: Option<Arc<dyn LowerDirectory>>) -> Arc<Node> {
        Node::build(fs, ino, S_IFDIR, Body::directory(lower), meta, None, false)
    }

    /// The unchanged node of a lower object.
    pub(super) fn below(
        fs: Arc<Tmpfs>,
        parent: &Arc<Node>,
        name: &[u8],
        stat: &Stat,
        body: Body,
        several: bool,
    ) -> Arc<Node> {
        let origin = Origin { parent: Arc::clone(parent), name: name.to_vec() };
        Node::build(fs, stat.ino, stat.mode & S_IFMT, body, Meta::of(stat), Some(origin), several)
    }

    /// A new inode without a name; `ENOSPC` where there are enough.
    pub(super) fn fresh(fs: &Arc<Tmpfs>, node: NewNode, attributes: Attributes) -> Result<Arc<Node>, Errno> {
        fs.space.inodes.take(1)?;
        let (kind, body, rdev, nlink) = match node {
            NewNode::Regular => (S_IFREG, Body::Regular(Mutex::new(Content::empty())), 0, 1),
            NewNode::Directory => (S_IFDIR, Body::directory(None), 0, 2),
            NewNode::Symlink(target) => (S_IFLNK, Body::Symlink(target), 0, 1),
            NewNode::Fifo => (S_IFIFO, Body::Special, 0, 1),
            NewNode::Socket => (S_IFSOCK, Body::Special, 0, 1),
            NewNode::CharDevice(rdev) => (S_IFCHR, Body::Special, rdev, 1),
            NewNode::BlockDevice(rdev) => (S_IFBLK, Body::Special, rdev, 1),
        };
        let now = crate::time::now();
        let meta = Meta {
            mode: attributes.mode & 0o7777,
            uid: attributes.uid,
            gid: attributes.gid,
            nlink,
            rdev,
            atime: now,
            mtime: now,
            ctime: now,
            xattrs: Xattrs::default(),
        };
        let node = Node::build(Arc::clone(fs), fs.next_ino(), kind, body, meta, None, false);
        node.counted.store(true, Ordering::Release);
        Ok(node)
    }

    fn build(
        fs: Arc<Tmpfs>,
        ino: u64,
        kind: u32,
        body: Body,
        meta: Meta,
        origin: Option<Origin>,
        several: bool,
    ) -> Arc<Node> {
        Arc::new_cyclic(|this| Node {
            this: Weak::clone(this),
            fs,
            ino,
            kind,
            body,
            slot: Slot::default(),
            origin: Mutex::new(origin),
            several,
            counted: AtomicBool::new(false),
            meta: Mutex::new(meta),
        })
    }

    pub(super) fn ino(&self) -> u64 {
        self.ino
    }

    pub(super) fn is_directory(&self) -> bool {
        self.kind == S_IFDIR
    }

    pub(super) fn strong(&self) -> Result<Arc<Node>, Errno> {
        self.this.upgrade().ok_or(Errno::EIO)
    }

    /// Makes the node one that may be changed: it and the directories above it are kept from now on.
    pub(super) fn claim(&self) -> Result<(), Errno> {
        let mut next = Some(self.strong()?);
        while let Some(node) = next.take() {
            let Some(Origin { parent, name }) = node.origin.lock().take() else { break };
            if node.several {
                node.fs.claim_link(&node);
            }
            node.fs.space.inodes.force(1);
            node.counted.store(true, Ordering::Release);
            parent.hold(name, node)?;
            next = Some(parent);
        }
        Ok(())
    }

    /// Whether it still shows what is below.
    pub(super) fn is_clean(&self) -> bool {
        self.origin.lock().is_some()
    }

    /// Notes a change of content.
    pub(super) fn modified(&self) {
        let now = crate::time::now();
        let mut meta = self.meta.lock();
        (meta.mtime, meta.ctime) = (now, now);
    }

    /// Notes a change of attributes.
    pub(super) fn changed(&self) {
        self.meta.lock().ctime = crate::time::now();
    }

    /// Notes a read, as mount(8)'s relatime: where the access time would be older than the last
    /// change, or a day old.
    pub(super) fn accessed(&self) {
        const DAY: i64 = 24 * 60 * 60;
        if self.is_clean() {
            return;
        }
        let now = crate::time::now();
        let mut meta = self.meta.lock();
        let order = |time: Timespec| (time.seconds, time.nanoseconds);
        let stale = order(meta.atime) <= order(meta.mtime).max(order(meta.ctime));
        if stale || now.seconds.saturating_sub(meta.atime.seconds) >= DAY {
            meta.atime = now;
        }
    }

    pub(super) fn content(&self) -> Result<&Mutex<Content>, Errno> {
        match &self.body {
            Body::Regular(content) => Ok(content),
            Body::Directory(_) => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Size and bytes held.
    fn extent(&self) -> (u64, u64) {
        match &self.body {
            Body::Directory(names) => (names.lock().size(), 0),
            Body::Regular(content) => {
                let mut content = content.lock();
                let _ = content.recount(&self.fs.space.bytes);
                (content.size(), content.held())
            }
            Body::Symlink(target) => (target.len() as u64, 0),
            Body::Special => (0, 0),
        }
    }
}

impl Inode for Node {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        Arc::clone(&self.fs) as Arc<dyn FileSystem>
    }

    fn stat(&self) -> Result<Stat, Errno> {
        let (size, held) = self.extent();
        let meta = self.meta.lock();
        Ok(Stat {
            dev: self.fs.device,
            ino: self.ino,
            nlink: meta.nlink,
            mode: self.kind | meta.mode,
            uid: meta.uid,
            gid: meta.gid,
            rdev: meta.rdev,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            blksize: PAGE as i64,
            blocks: i64::try_from(held / 512).unwrap_or(i64::MAX),
            atime: meta.atime,
            mtime: meta.mtime,
            ctime: meta.ctime,
            ..Stat::default()
        })
    }

    fn kind(&self) -> u32 {
        self.kind
    }

    fn slot(&self) -> Option<&Slot> {
        Some(&self.slot)
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        Ok(self.strong()?.child(name)?)
    }

    fn create(&self, name: &[u8], node: NewNode, attributes: Attributes) -> Result<Arc<dyn Inode>, Errno> {
        Ok(self.strong()?.make(name, node, attributes)?)
    }

    fn create_nameless(&self, attributes: Attributes) -> Result<Arc<dyn Inode>, Errno> {
        let node = Node::fresh(&self.fs, NewNode::Regular, attributes)?;
        node.meta.lock().nlink = 0;
        Ok(node)
    }

    fn link(&self, name: &[u8], target: &Arc<dyn Inode>) -> Result<(), Errno> {
        self.strong()?.add_name(name, &of_inode(target)?)
    }

    fn unlink(&self, name: &[u8]) -> Result<(), Errno> {
        self.strong()?.remove_name(name)
    }

    fn rmdir(&self, name: &[u8]) -> Result<(), Errno> {
        self.strong()?.remove_directory(name)
    }

    fn rename(&self, name: &[u8], new_parent: &Arc<dyn Inode>, new_name: &[u8], flags: u32) -> Result<(), Errno> {
        self.strong()?.move_name(name, &of_inode(new_parent)?, new_name, flags)
    }

    fn link_text(&self) -> Result<Vec<u8>, Errno> {
        match &self.body {
            Body::Symlink(target) => Ok(target.clone()),
            _ => Err(Errno::EINVAL),
        }
    }

    fn set_attributes(&self, change: SetAttributes) -> Result<(), Errno> {
        self.claim()?;
        let mut meta = self.meta.lock();
        let SetAttributes { mode, uid, gid, atime, mtime } = change;
        meta.mode = mode.map_or(meta.mode, |mode| mode & 0o7777);
        meta.uid = uid.unwrap_or(meta.uid);
        meta.gid = gid.unwrap_or(meta.gid);
        meta.atime = atime.unwrap_or(meta.atime);
        meta.mtime = mtime.unwrap_or(meta.mtime);
        meta.ctime = crate::time::now();
        Ok(())
    }

    fn truncate(&self, length: u64) -> Result<(), Errno> {
        let content = self.content()?;
        self.claim()?;
        content.lock().truncate(&self.fs.space.bytes, length)?;
        self.modified();
        Ok(())
    }

    fn open(self: Arc<Self>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        match &self.body {
            Body::Directory(_) => Ok(Arc::new(DirectoryFile::new(self))),
            Body::Regular(_) => Ok(Arc::new(RegularFile::new(self, flags)?)),
            Body::Symlink(_) => Err(Errno::ELOOP),
            Body::Special => crate::fs::open_special(self, task, flags),
        }
    }

    fn get_xattr(&self, name: &[u8]) -> Result<Vec<u8>, Errno> {
        self.meta.lock().xattrs.get(name)
    }

    fn set_xattr(&self, name: &[u8], value: &[u8], flags: u32) -> Result<(), Errno> {
        self.claim()?;
        self.meta.lock().xattrs.set(name, value, flags)?;
        self.changed();
        Ok(())
    }

    fn list_xattr(&self) -> Result<Vec<Vec<u8>>, Errno> {
        Ok(self.meta.lock().xattrs.names())
    }

    fn remove_xattr(&self, name: &[u8]) -> Result<(), Errno> {
        self.claim()?;
        self.meta.lock().xattrs.remove(name)?;
        self.changed();
        Ok(())
    }
}

/// `inode` as one of ours; `EXDEV` for another file system's.
fn of_inode(inode: &Arc<dyn Inode>) -> Result<Arc<Node>, Errno> {
    let any: &dyn std::any::Any = &**inode;
    any.downcast_ref::<Node>().ok_or(Errno::EXDEV)?.strong()
}

impl Drop for Node {
    /// Gives its space back, and lets go of what is below it one by one: a guest can nest
    /// directories deep enough to exhaust a stack.
    fn drop(&mut self) {
        if let Some(Origin { parent, name }) = self.origin.get_mut().take() {
            parent.forget(&name);
        }
        let mut pending = self.let_go();
        while let Some(node) = pending.pop() {
            if let Some(mut last) = Arc::into_inner(node) {
                pending.extend(last.let_go());
            }
        }
    }
}

impl Node {
    /// Gives its space back and takes the children out.
    fn let_go(&mut self) -> Vec<Arc<Node>> {
        if self.counted.swap(false, Ordering::AcqRel) {
            self.fs.space.inodes.give(1);
        }
        match &mut self.body {
            Body::Directory(names) => names.get_mut().take_children(),
            Body::Regular(content) => {
                content.get_mut().release(&self.fs.space.bytes);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}
