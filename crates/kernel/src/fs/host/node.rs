//! An inode of a volume.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock, Weak};

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, Stat};
use platform::host::{self, Open};

use super::errno;
use super::file::{VolumeDirectory, VolumeFile};
use super::size::NAME_BYTES;
use super::volume::{HostFs, Key};
use crate::sync::Mutex;
use crate::task::Task;
use crate::vfs::{Attributes, File, FileSystem, Inode, NewNode, OpenFlags, SetAttributes, Slot, Xattrs};

/// What the owner may do with every file on the host.
const OWNER: u32 = 0o600;
/// What the owner may do with every directory on the host.
const OWNER_OF_DIRECTORY: u32 = 0o700;

/// An inode of a volume: a host directory with its descriptor, or a name in one.
pub(super) struct HostNode {
    this: Weak<HostNode>,
    fs: Arc<HostFs>,
    key: Key,
    kind: u32,
    /// Whether it is the top of the volume.
    root: bool,
    /// For directories: a descriptor to look names up in.
    directory: Option<OwnedFd>,
    /// Where it was last known to be; `None` for the root and for what was removed.
    place: Mutex<Option<(Arc<HostNode>, Vec<u8>)>>,
    /// The descriptor of an open regular file: what is asked about the node is asked of it.
    opened: Mutex<Weak<OwnedFd>>,
    /// The file itself, for one that is mounted alone: a mount holds the file, whatever becomes of its name.
    pinned: OnceLock<OwnedFd>,
    children: Mutex<HashMap<Vec<u8>, Weak<HostNode>>>,
    slot: Slot,
}

impl HostNode {
    pub(super) fn root(fs: Arc<HostFs>) -> Arc<HostNode> {
        let stat = host::stat(fs.top()).unwrap_or_default();
        HostNode::build(fs, stat, None, None)
    }

    fn build(
        fs: Arc<HostFs>,
        stat: Stat,
        directory: Option<OwnedFd>,
        place: Option<(Arc<HostNode>, Vec<u8>)>,
    ) -> Arc<HostNode> {
        let key = (stat.dev, stat.ino);
        let kind = fs.shown(stat).mode & S_IFMT;
        Arc::new_cyclic(|this| HostNode {
            this: Weak::clone(this),
            fs,
            key,
            kind,
            root: place.is_none(),
            directory,
            place: Mutex::new(place),
            opened: Mutex::default(),
            pinned: OnceLock::new(),
            children: Mutex::default(),
            slot: Slot::default(),
        })
    }

    fn strong(&self) -> Result<Arc<HostNode>, Errno> {
        self.this.upgrade().ok_or(Errno::EIO)
    }

    /// The descriptor to look names up in.
    pub(super) fn directory(&self) -> Result<BorrowedFd<'_>, Errno> {
        if self.kind != S_IFDIR {
            return Err(Errno::ENOTDIR);
        }
        Ok(self.directory.as_ref().map_or_else(|| self.fs.top(), AsFd::as_fd))
    }

    fn place(&self) -> Result<(Arc<HostNode>, Vec<u8>), Errno> {
        self.place.lock().clone().ok_or(Errno::ESTALE)
    }

    /// The host's own status.
    pub(super) fn host_stat(&self) -> Result<Stat, Errno> {
        if let Some(fd) = self.opened.lock().upgrade() {
            return host::stat(fd.as_fd()).map_err(errno);
        }
        if let Some(fd) = self.directory.as_ref().or(self.pinned.get()) {
            return host::stat(fd.as_fd()).map_err(errno);
        }
        match self.place.lock().clone() {
            Some((parent, name)) => host::stat_at(parent.directory()?, &name).map_err(errno),
            None if self.root => host::stat(self.fs.top()).map_err(errno),
            None => Err(Errno::ESTALE),
        }
    }

    pub(super) fn fs(&self) -> &Arc<HostFs> {
        &self.fs
    }

    fn child(self: &Arc<Self>, name: &[u8]) -> Result<Arc<HostNode>, Errno> {
        let stat = host::stat_at(self.directory()?, name).map_err(errno)?;
        let key = (stat.dev, stat.ino);
        let known = self.children.lock().get(name).and_then(Weak::upgrade);
        if let Some(node) = known.filter(|node| node.key == key && node.place.lock().is_some()) {
            return Ok(node);
        }
        let special = self.fs.special.lock().get(&key).cloned();
        if let Some(node) = special {
            return Ok(node);
        }
        let directory = match stat.mode & S_IFMT {
            S_IFDIR => Some(host::open(self.directory()?, name, Open::Directory).map_err(errno)?),
            _ => None,
        };
        let node = HostNode::build(self.fs.strong()?, stat, directory, Some((Arc::clone(self), name.to_vec())));
        let mut children = self.children.lock();
        if children.len() > 64 {
            children.retain(|_, child| child.strong_count() > 0);
        }
        children.insert(name.to_vec(), Arc::downgrade(&node));
        Ok(node)
    }

    fn make(self: &Arc<Self>, name: &[u8], node: NewNode, attributes: Attributes) -> Result<Arc<HostNode>, Errno> {
        match node {
            NewNode::Regular => {
                host::create(self.directory()?, name, attributes.mode | OWNER).map_err(errno)?;
                self.child(name)
            }
            NewNode::Directory => {
                host::make_directory(self.directory()?, name, attributes.mode | OWNER_OF_DIRECTORY).map_err(errno)?;
                self.child(name)
            }
            NewNode::Symlink(target) => {
                host::make_link(self.directory()?, name, &target).map_err(errno)?;
                self.child(name)
            }
            NewNode::Fifo => self.make_special(name, S_IFIFO),
            NewNode::Socket => self.make_special(name, S_IFSOCK),
            NewNode::CharDevice(_) | NewNode::BlockDevice(_) => Err(Errno::EPERM),
        }
    }

    /// An empty file that stands for a FIFO or a socket.
    fn make_special(self: &Arc<Self>, name: &[u8], kind: u32) -> Result<Arc<HostNode>, Errno> {
        let file = host::create(self.directory()?, name, OWNER).map_err(errno)?;
        let stat = host::stat(file.as_fd()).map_err(errno)?;
        let key = (stat.dev, stat.ino);
        self.fs.note(key, |noted| noted.kind = Some(kind));
        let node = self.child(name)?;
        self.fs.special.lock().insert(key, Arc::clone(&node));
        Ok(node)
    }

    /// A name of it was removed; `before` is its status from then.
    fn lost_name(&self, before: &Stat) {
        let place = self.place.lock().take();
        drop(place);
        if before.nlink <= 1 {
            if self.pinned.get().is_none() {
                self.fs.forget_key(self.key);
            }
            if let Some(size) = self.fs.size() {
                size.lost_last_name(self.key, before);
            }
        } else {
            self.fs.discharge(NAME_BYTES);
        }
    }

    /// Another node has its name now; `before` is its status from then.
    fn replaced(&self, before: Option<&Stat>) {
        match before {
            Some(_) if self.kind == S_IFDIR => {
                self.fs.forget_key(self.key);
                self.fs.discharge(NAME_BYTES);
            }
            Some(before) => self.lost_name(before),
            None => {}
        }
    }

    /// Its device and number on the host.
    pub(super) fn key(&self) -> Key {
        self.key
    }

    /// Makes a child by `make` where the volume has room for it.
    fn charged<T>(&self, make: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
        self.fs.charge(NAME_BYTES)?;
        make().inspect_err(|_| self.fs.discharge(NAME_BYTES))
    }

    /// Opens the bytes, for reading or for both.
    fn open_bytes(&self, write: bool) -> Result<Arc<OwnedFd>, Errno> {
        let how = if write { Open::Write } else { Open::Read };
        let fd = match (self.pinned.get(), self.place.lock().clone()) {
            (Some(pinned), _) => host::reopen(pinned.as_fd(), how).map_err(errno)?,
            (None, Some((parent, name))) => host::open(parent.directory()?, &name, how).map_err(errno)?,
            (None, None) if self.root => host::reopen(self.fs.top(), how).map_err(errno)?,
            (None, None) => return Err(Errno::ESTALE),
        };
        let fd = Arc::new(fd);
        *self.opened.lock() = Arc::downgrade(&fd);
        Ok(fd)
    }

    fn set_host_mode(&self, mode: u32) -> Result<(), Errno> {
        let mode = mode | if self.kind == S_IFDIR { OWNER_OF_DIRECTORY } else { OWNER };
        if let Some(fd) = self.opened.lock().upgrade() {
            return host::set_mode(fd.as_fd(), mode).map_err(errno);
        }
        if let Some(fd) = self.pinned.get() {
            return host::set_mode(fd.as_fd(), mode).map_err(errno);
        }
        match self.place() {
            Ok((parent, name)) => host::set_mode_at(parent.directory()?, &name, mode).map_err(errno),
            Err(_) if self.root => host::set_mode(self.fs.top(), mode).map_err(errno),
            Err(errno) => Err(errno),
        }
    }
}

impl Inode for HostNode {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        Arc::clone(&self.fs) as Arc<dyn FileSystem>
    }

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.fs.shown(self.host_stat()?))
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
        let this = self.strong()?;
        let made = self.charged(|| this.make(name, node, attributes))?;
        let Attributes { mode, uid, gid } = attributes;
        self.fs.note(made.key, |noted| {
            (noted.uid, noted.gid) = (Some(uid), Some(gid));
            noted.mode = Some(mode & 0o7777);
        });
        Ok(made)
    }

    fn link(&self, name: &[u8], target: &Arc<dyn Inode>) -> Result<(), Errno> {
        let (parent, old) = of_inode(target)?.place()?;
        self.charged(|| host::link(parent.directory()?, &old, self.directory()?, name).map_err(errno))
    }

    fn unlink(&self, name: &[u8]) -> Result<(), Errno> {
        let child = self.strong()?.child(name)?;
        let before = child.host_stat()?;
        host::remove(self.directory()?, name, false).map_err(errno)?;
        child.lost_name(&before);
        Ok(())
    }

    fn rmdir(&self, name: &[u8]) -> Result<(), Errno> {
        let child = self.strong()?.child(name)?;
        host::remove(self.directory()?, name, true).map_err(errno)?;
        self.fs.forget_key(child.key);
        self.fs.discharge(NAME_BYTES);
        Ok(())
    }

    fn rename(&self, name: &[u8], new_parent: &Arc<dyn Inode>, new_name: &[u8], flags: u32) -> Result<(), Errno> {
        const NOREPLACE: u32 = 1;
        const EXCHANGE: u32 = 2;
        if flags & !(NOREPLACE | EXCHANGE) != 0 {
            return Err(Errno::EINVAL);
        }
        let new_parent = of_inode(new_parent)?;
        let child = self.strong()?.child(name)?;
        let replaced = new_parent.child(new_name).ok();
        let before = replaced.as_ref().map(|replaced| replaced.host_stat()).transpose()?;
        host::rename(self.directory()?, name, new_parent.directory()?, new_name, flags).map_err(errno)?;
        *child.place.lock() = Some((Arc::clone(&new_parent), new_name.to_vec()));
        self.children.lock().remove(name);
        new_parent.children.lock().insert(new_name.to_vec(), Arc::downgrade(&child));
        match replaced {
            Some(other) if flags & EXCHANGE != 0 => {
                *other.place.lock() = Some((self.strong()?, name.to_vec()));
                self.children.lock().insert(name.to_vec(), Arc::downgrade(&other));
            }
            Some(other) if other.key != child.key => other.replaced(before.as_ref()),
            _ => {}
        }
        Ok(())
    }

    fn link_text(&self) -> Result<Vec<u8>, Errno> {
        if self.kind != S_IFLNK {
            return Err(Errno::EINVAL);
        }
        let (parent, name) = self.place()?;
        host::read_link(parent.directory()?, &name).map_err(errno)
    }

    fn set_attributes(&self, change: SetAttributes) -> Result<(), Errno> {
        let SetAttributes { mode, uid, gid, atime, mtime } = change;
        if let Some(mode) = mode {
            if self.kind != S_IFLNK {
                self.set_host_mode(mode)?;
            }
            self.fs.note(self.key, |noted| noted.mode = Some(mode & 0o7777));
        }
        if uid.is_some() || gid.is_some() {
            self.fs.note(self.key, |noted| {
                noted.uid = uid.or(noted.uid);
                noted.gid = gid.or(noted.gid);
            });
        }
        if atime.is_some() || mtime.is_some() {
            let opened = self.opened.lock().upgrade();
            let held = opened.as_ref().map(|fd| fd.as_fd()).or(self.pinned.get().map(AsFd::as_fd));
            return match (held, self.place()) {
                (Some(fd), _) => host::set_times(fd, atime, mtime).map_err(errno),
                (None, Ok((parent, name))) => {
                    host::set_times_at(parent.directory()?, &name, atime, mtime).map_err(errno)
                }
                (None, Err(_)) if self.root => host::set_times(self.fs.top(), atime, mtime).map_err(errno),
                (None, Err(errno)) => Err(errno),
            };
        }
        Ok(())
    }

    fn get_xattr(&self, name: &[u8]) -> Result<Vec<u8>, Errno> {
        self.fs.xattrs.lock().get(&self.key).ok_or(Errno::ENODATA)?.get(name)
    }

    fn set_xattr(&self, name: &[u8], value: &[u8], flags: u32) -> Result<(), Errno> {
        self.fs.xattrs.lock().entry(self.key).or_default().set(name, value, flags)
    }

    fn list_xattr(&self) -> Result<Vec<Vec<u8>>, Errno> {
        Ok(self.fs.xattrs.lock().get(&self.key).map(Xattrs::names).unwrap_or_default())
    }

    fn remove_xattr(&self, name: &[u8]) -> Result<(), Errno> {
        self.fs.xattrs.lock().get_mut(&self.key).ok_or(Errno::ENODATA)?.remove(name)
    }

    fn truncate(&self, length: u64) -> Result<(), Errno> {
        match self.kind {
            S_IFREG => self.resize(self.open_bytes(true)?.as_fd(), length),
            S_IFDIR => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    fn open(self: Arc<Self>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        match self.kind {
            S_IFDIR => Ok(Arc::new(VolumeDirectory::new(self))),
            S_IFREG => {
                let fd = self.open_bytes(flags.writable())?;
                Ok(Arc::new(VolumeFile::new(self, fd)))
            }
            S_IFLNK => Err(Errno::ELOOP),
            _ => crate::fs::open_special(self, task, flags),
        }
    }
}

impl HostNode {
    /// Cuts or grows the file behind `fd` within the volume's size.
    pub(super) fn resize(&self, fd: BorrowedFd<'_>, length: u64) -> Result<(), Errno> {
        let before = host::stat(fd).map_err(errno)?.size.unsigned_abs();
        let more = length.saturating_sub(before);
        self.fs.charge(more)?;
        match host::truncate(fd, length).map_err(errno) {
            Ok(()) => self.fs.discharge(before.saturating_sub(length)),
            Err(errno) => {
                self.fs.discharge(more);
                return Err(errno);
            }
        }
        Ok(())
    }
}

impl Drop for HostNode {
    fn drop(&mut self) {
        if let (Some(size), Some(fd)) = (self.fs.size(), self.pinned.get()) {
            size.closed(self.key, fd.as_fd());
        }
    }
}

/// Holds on to a regular file of a volume itself rather than to its name, as a bind mount of it does; what is
/// anything else, or of another file system, holds itself.
pub fn pin(inode: &Arc<dyn Inode>) -> Result<(), Errno> {
    let Ok(node) = of_inode(inode) else { return Ok(()) };
    if node.kind != S_IFREG || node.pinned.get().is_some() {
        return Ok(());
    }
    let file = match node.place.lock().clone() {
        Some((parent, name)) => host::open(parent.directory()?, &name, Open::Read).map_err(errno)?,
        None => return Ok(()),
    };
    if let Some(size) = node.fs.size() {
        size.opened(node.key);
    }
    let _ = node.pinned.set(file);
    Ok(())
}

fn of_inode(inode: &Arc<dyn Inode>) -> Result<Arc<HostNode>, Errno> {
    let any: &dyn std::any::Any = &**inode;
    any.downcast_ref::<HostNode>().ok_or(Errno::EXDEV)?.strong()
}
