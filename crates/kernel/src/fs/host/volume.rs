//! A directory of the host that guests may change: volumes and bind mounts.
//!
//! Owns: [`HostFs`]. Names are looked up on the host each time, since others may change the tree too.
//! What the host will not keep for us is kept here, by device and inode number, as long as the pod
//! lives: the owners that chown(2) sets (on the host everything belongs to whoever runs us),
//! permission bits, extended attributes, and which files stand for a FIFO or a socket: on the host
//! those are empty regular files, so that nothing special ever appears there.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG, S_ISVTX, Stat};
use platform::host;

use super::errno;
use super::node::HostNode;
use super::size::{Size, walk};
use crate::sync::Mutex;
use crate::vfs::{FileSystem, FileSystemStat, Inode, Xattrs, anonymous_device};

/// The magic number that statfs(2) shows: ext4's, which programs expect of a disk.
const MAGIC: u64 = 0xef53;
/// Who owns what belongs to a user that the pod does not know.
const NOBODY: u32 = 65534;

/// A host inode: device and number.
pub(super) type Key = (u64, u64);

thread_local! {
    static SERVED: RefCell<HashMap<(Key, Shown), Weak<HostFs>>> = RefCell::default();
}

/// How a host directory is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The group that owns what nobody has given to another since.
    pub gid: Option<u32>,
    /// Who owns the regular files that have the sticky bit on the host. On a file that bit means nothing to Linux
    /// (inode(7)), so it can mark single files without any right to chown; it is not shown.
    pub uid: Option<u32>,
    /// Nothing is ever written: then that group may only read.
    pub read_only: bool,
    /// How many bytes fit.
    pub bytes: Option<u64>,
}

impl Shown {
    /// The permission bits that the owning group has besides those of the host, as the kubelet sets
    /// them for a Pod's `fsGroup`.
    fn group_bits(self, kind: u32) -> u32 {
        let (file, directory) = if self.read_only { (0o440, 0o2550) } else { (0o660, 0o2770) };
        match (self.gid, kind) {
            (Some(_), S_IFDIR) => directory,
            (Some(_), S_IFREG) => file,
            _ => 0,
        }
    }
}

/// A host directory, or one regular file, as a file system.
pub struct HostFs {
    device: u64,
    shown: Shown,
    size: Option<Size>,
    top: OwnedFd,
    root: Mutex<Weak<HostNode>>,
    this: Weak<HostFs>,
    noted: Mutex<HashMap<Key, Noted>>,
    pub(super) xattrs: Mutex<HashMap<Key, Xattrs>>,
    /// Nodes that stand for FIFOs and sockets, which live as long as their names.
    pub(super) special: Mutex<HashMap<Key, Arc<HostNode>>>,
}

/// What is kept about a host inode beside the host's own status.
#[derive(Clone, Copy, Default)]
pub(super) struct Noted {
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    /// The permission bits that the guest set. On the host the owner may always read and write:
    /// root inside may, and the owner outside is who runs us.
    pub(super) mode: Option<u32>,
    /// The type that an empty file stands for.
    pub(super) kind: Option<u32>,
}

impl HostFs {
    /// The file system of what `fd` is: the one that serves it already, where there is one, so that
    /// containers of a pod that share a volume share its sockets, FIFOs and owners. `EINVAL` where
    /// it is neither a directory nor a regular file.
    pub fn new(fd: OwnedFd, shown: Shown) -> Result<Arc<HostFs>, Errno> {
        let stat = host::stat(fd.as_fd()).map_err(errno)?;
        if !matches!(stat.mode & S_IFMT, S_IFDIR | S_IFREG) {
            return Err(Errno::EINVAL);
        }
        let key = ((stat.dev, stat.ino), shown);
        let served = SERVED.with_borrow(|served| served.get(&key).and_then(Weak::upgrade));
        if let Some(served) = served {
            return Ok(served);
        }
        let size = shown.bytes.map(|bytes| Size::new(bytes, fd.as_fd())).transpose()?;
        let made = Arc::new_cyclic(|this| HostFs {
            device: anonymous_device(),
            shown,
            size,
            top: fd,
            root: Mutex::default(),
            this: Weak::clone(this),
            noted: Mutex::default(),
            xattrs: Mutex::default(),
            special: Mutex::default(),
        });
        SERVED.with_borrow_mut(|served| {
            served.retain(|_, served| served.strong_count() > 0);
            served.insert(key, Arc::downgrade(&made));
        });
        Ok(made)
    }

    pub(super) fn top(&self) -> BorrowedFd<'_> {
        self.top.as_fd()
    }

    /// Takes `bytes` of the volume's size, or `ENOSPC` and nothing.
    pub(super) fn charge(&self, bytes: u64) -> Result<(), Errno> {
        self.size.as_ref().map_or(Ok(()), |size| size.take(bytes))
    }

    /// Gives `bytes` of the volume's size back.
    pub(super) fn discharge(&self, bytes: u64) {
        if let Some(size) = &self.size {
            size.give(bytes);
        }
    }

    /// The count of what is used, where the size is limited.
    pub(super) fn size(&self) -> Option<&Size> {
        self.size.as_ref()
    }

    pub(super) fn noted(&self, key: Key) -> Noted {
        self.noted.lock().get(&key).copied().unwrap_or_default()
    }

    pub(super) fn note(&self, key: Key, change: impl FnOnce(&mut Noted)) {
        change(self.noted.lock().entry(key).or_default());
    }

    pub(super) fn forget_key(&self, key: Key) {
        self.noted.lock().remove(&key);
        self.xattrs.lock().remove(&key);
        let special = self.special.lock().remove(&key);
        drop(special);
    }

    /// The host's status as guests see it.
    pub(super) fn shown(&self, mut stat: Stat) -> Stat {
        let noted = self.noted((stat.dev, stat.ino));
        let (own_uid, own_gid) = host::own_ids();
        let id = |id: u32, own: u32| {
            if id == own {
                0
            } else if id == 0 {
                NOBODY
            } else {
                id
            }
        };
        stat.dev = self.device;
        let marked = stat.mode & S_IFMT == S_IFREG && stat.mode & S_ISVTX != 0;
        let given = self.shown.uid.filter(|_| marked);
        if given.is_some() {
            stat.mode &= !S_ISVTX;
        }
        stat.uid = noted.uid.or(given).unwrap_or_else(|| id(stat.uid, own_uid));
        stat.gid = noted.gid.or(self.shown.gid).unwrap_or_else(|| id(stat.gid, own_gid));
        stat.mode = match noted.mode {
            Some(mode) => stat.mode & !0o7777 | mode,
            None => stat.mode | self.shown.group_bits(stat.mode & S_IFMT),
        };
        let stands_for_another = stat.mode & S_IFMT == S_IFREG && stat.size == 0;
        if let Some(kind) = noted.kind.filter(|_| stands_for_another) {
            stat.mode = stat.mode & !S_IFMT | kind;
        }
        stat
    }

    pub(super) fn strong(&self) -> Result<Arc<HostFs>, Errno> {
        self.this.upgrade().ok_or(Errno::EIO)
    }
}

impl FileSystem for HostFs {
    fn name(&self) -> &'static str {
        "ext4"
    }

    fn device(&self) -> u64 {
        self.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        let mut root = self.root.lock();
        if let Some(node) = root.upgrade() {
            return node;
        }
        let this = self.this.upgrade().unwrap_or_else(|| unreachable!("a file system is used after it was dropped"));
        let node = HostNode::root(this);
        *root = Arc::downgrade(&node);
        node
    }

    fn stat(&self) -> FileSystemStat {
        let [block_size, mut blocks, mut free, files, files_free] =
            host::space(self.top()).unwrap_or([4096, 0, 0, 0, 0]);
        if let Some((limit, room)) = self.size.as_ref().map(Size::limit_and_room) {
            let block = block_size.max(1);
            (blocks, free) = (limit / block, free.min(room / block));
        }
        FileSystemStat { magic: MAGIC, block_size, blocks, free, files, files_free }
    }

    fn used_of(&self) -> Option<(u64, u64)> {
        let (limit, room) = self.size.as_ref()?.limit_and_room();
        Some((limit.saturating_sub(room), limit))
    }

    fn sync(&self) -> Result<(), Errno> {
        host::sync(self.top()).map_err(errno)
    }

    fn numbers(&self) -> Option<BTreeSet<u64>> {
        let mut found: BTreeSet<u64> = host::stat(self.top()).ok().map(|stat| stat.ino).into_iter().collect();
        walk(self.top(), |stat| {
            found.insert(stat.ino);
        });
        Some(found)
    }

    fn forget(&self) {
        let special = std::mem::take(&mut *self.special.lock());
        drop(special);
    }
}
