//! Files in memory, tmpfs(5), alone or above layers that cannot be written.
//!
//! Owns: [`Tmpfs`]. A directory may begin as the names of a lower layer, a file as its bytes (`lower`): a node is
//! made when such a name is looked up, shows what is below as long as nobody changes it, and is kept only as long
//! as it is used. With the first change it is claimed: from then on it lives here, with the directories above it.
//! So a rename of a lower directory moves a node, a chmod copies no bytes, and a removed lower name leaves a mark.
//! Does not own: what the layers are (`fs::overlay`).
//!
//! Locks: a node's `origin`, `directory`, `content`, `meta`, the file system's `kept`, never two at a time.

mod content;
mod directory;
mod file;
pub mod lower;
mod node;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::{S_IFDIR, Stat};

use self::content::Content;
use self::lower::{LowerContent, LowerNode};
pub use self::node::Node;
use self::node::{Body, Meta};
use crate::fs::space::{self, Quota, Space};
use crate::sync::Mutex;
use crate::vfs::{Attributes, FileSystem, FileSystemStat, Inode, MappedSpace, NewNode, anonymous_device};

/// How many unchanged nodes of lower layers are kept after their last use.
const KEPT: usize = 4096;
/// About what an inode with its name takes of the kernel's own memory.
const NODE_BYTES: u64 = 768;
/// The number of the root directory.
const ROOT_INO: u64 = 1;
/// TMPFS_MAGIC of statfs(2).
const TMPFS_MAGIC: u64 = 0x0102_1994;
/// OVERLAYFS_SUPER_MAGIC of statfs(2).
const OVERLAY_MAGIC: u64 = 0x794c_7630;

/// What a file system in memory may hold.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of files.
    pub bytes: u64,
    /// Inodes.
    pub inodes: u64,
    /// The root's permission bits.
    pub mode: u32,
    /// The root's owner.
    pub uid: u32,
    /// The root's group.
    pub gid: u32,
}

impl Options {
    /// A root directory that everybody may use, and as many inodes as pages.
    pub fn sized(bytes: u64) -> Options {
        Options { bytes, inodes: (bytes / space::PAGE).clamp(1024, 1 << 22), mode: 0o1777, uid: 0, gid: 0 }
    }
}

/// A file system in memory.
pub struct Tmpfs {
    this: Weak<Tmpfs>,
    layered: bool,
    device: u64,
    space: Space,
    next_ino: AtomicU64,
    root: Mutex<Root>,
    kept: Mutex<VecDeque<Arc<Node>>>,
    linked: Mutex<HashMap<u64, Link>>,
}

/// The root directory: held here until it is mounted, then by who mounted it.
enum Root {
    Held(Arc<Node>),
    Handed(Weak<Node>),
}

/// A lower file with several names: one node for all of them.
enum Link {
    Clean(Weak<Node>),
    Claimed(Arc<Node>),
}

impl Tmpfs {
    /// An empty file system.
    pub fn new(options: Options) -> Arc<Tmpfs> {
        let now = crate::time::now();
        let meta = Meta {
            mode: options.mode & 0o7777,
            uid: options.uid,
            gid: options.gid,
            nlink: 2,
            atime: now,
            mtime: now,
            ctime: now,
            ..Meta::default()
        };
        Tmpfs::build(Quota::new(options.bytes), options, false, |fs| Node::root(fs, ROOT_INO, meta, None))
    }

    /// A file system whose root begins as `lower`; of `options`, the sizes count. Large files lie in
    /// the host's directory `disk`, where there is one.
    pub fn above(lower: LowerNode, options: Options, disk: Option<OwnedFd>) -> Result<Arc<Tmpfs>, Errno> {
        let LowerContent::Directory(names) = lower.content else { return Err(Errno::ENOTDIR) };
        let meta = Meta { xattrs: lower.xattrs, ..Meta::of(&lower.stat) };
        let bytes = Quota::with_disk(options.bytes, disk);
        Ok(Tmpfs::build(bytes, options, true, |fs| Node::root(fs, lower.stat.ino, meta, Some(names))))
    }

    /// A regular file without a name; `sealable` where seals may be added.
    pub fn nameless(self: &Arc<Self>, sealable: bool, options: Options) -> Result<Arc<dyn Inode>, Errno> {
        let attributes = Attributes { mode: options.mode, uid: options.uid, gid: options.gid };
        let node = Node::fresh(self, NewNode::Regular, attributes)?;
        node.meta.lock().nlink = 0;
        if sealable {
            node.content()?.lock().allow_sealing();
        }
        Ok(node)
    }

    fn build(bytes: Quota, options: Options, layered: bool, root: impl FnOnce(Arc<Tmpfs>) -> Arc<Node>) -> Arc<Tmpfs> {
        let fs = Arc::new_cyclic(|this| Tmpfs {
            this: Weak::clone(this),
            layered,
            device: anonymous_device(),
            space: Space { bytes, inodes: Quota::new(options.inodes) },
            next_ino: AtomicU64::new(ROOT_INO + 1),
            root: Mutex::new(Root::Handed(Weak::new())),
            kept: Mutex::default(),
            linked: Mutex::default(),
        });
        let root = root(Arc::clone(&fs));
        *fs.root.lock() = Root::Held(root);
        fs
    }

    fn next_ino(&self) -> u64 {
        self.next_ino.fetch_add(1, Ordering::Relaxed)
    }

    /// The node of a lower object that was found under `name` of `parent`.
    fn raise(&self, parent: &Arc<Node>, name: &[u8], lower: LowerNode) -> Arc<Node> {
        let LowerNode { stat, content, xattrs } = lower;
        let several = stat.nlink > 1 && stat.mode & abi::stat::S_IFMT != S_IFDIR;
        if several && let Some(node) = self.linked_node(stat.ino) {
            return node;
        }
        let body = match content {
            LowerContent::Directory(names) => Body::directory(Some(names)),
            LowerContent::File(file) => Body::Regular(Mutex::new(Content::lower(file, stat.size.unsigned_abs()))),
            LowerContent::Bytes(bytes) => Body::Regular(Mutex::new(Content::of(bytes.to_vec()))),
            LowerContent::Symlink(target) => Body::Symlink(target),
            LowerContent::Special => Body::Special,
        };
        let node = Node::below(self.strong(), parent, name, &stat, body, several);
        node.meta.lock().xattrs = xattrs;
        if several {
            self.linked.lock().insert(stat.ino, Link::Clean(Arc::downgrade(&node)));
        }
        node
    }

    fn linked_node(&self, ino: u64) -> Option<Arc<Node>> {
        match self.linked.lock().get(&ino)? {
            Link::Clean(node) => node.upgrade(),
            Link::Claimed(node) => Some(Arc::clone(node)),
        }
    }

    fn claim_link(&self, node: &Arc<Node>) {
        self.linked.lock().insert(node.ino(), Link::Claimed(Arc::clone(node)));
    }

    /// Keeps an unchanged node for a while.
    fn keep(&self, node: Arc<Node>) {
        let oldest = {
            let mut kept = self.kept.lock();
            kept.push_back(node);
            if kept.len() > KEPT { kept.pop_front() } else { None }
        };
        drop(oldest);
    }

    fn strong(&self) -> Arc<Tmpfs> {
        self.this.upgrade().unwrap_or_else(|| unreachable!("a file system is used after it was dropped"))
    }
}

impl FileSystem for Tmpfs {
    fn name(&self) -> &'static str {
        if self.layered { "overlay" } else { "tmpfs" }
    }

    fn device(&self) -> u64 {
        self.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        let node = match &*self.root.lock() {
            Root::Held(node) => Some(Arc::clone(node)),
            Root::Handed(node) => node.upgrade(),
        };
        node.unwrap_or_else(|| Node::root(self.strong(), ROOT_INO, Meta::default(), None))
    }

    fn memory_bytes(&self) -> u64 {
        self.space.bytes.recount_mapped();
        let inodes = self.space.inodes.used().saturating_mul(NODE_BYTES);
        self.space.bytes.in_memory().saturating_add(inodes)
    }

    fn mapped_space(&self) -> Option<MappedSpace> {
        let bytes = &self.space.bytes;
        if !bytes.is_mapped() {
            return None;
        }
        bytes.recount_mapped();
        Some(MappedSpace { used: bytes.used(), limit: bytes.limit })
    }

    fn bytes_in_kernel(&self) -> u64 {
        let inodes = self.space.inodes.used().saturating_mul(NODE_BYTES);
        self.space.bytes.in_kernel().saturating_add(inodes)
    }

    fn mounted(&self) {
        let held = {
            let mut root = self.root.lock();
            let handed = match &*root {
                Root::Held(node) => Arc::downgrade(node),
                Root::Handed(node) => Weak::clone(node),
            };
            std::mem::replace(&mut *root, Root::Handed(handed))
        };
        drop(held);
    }

    fn stat(&self) -> FileSystemStat {
        FileSystemStat {
            magic: if self.layered { OVERLAY_MAGIC } else { TMPFS_MAGIC },
            block_size: space::PAGE,
            blocks: self.space.bytes.limit / space::PAGE,
            free: self.space.bytes.free() / space::PAGE,
            files: self.space.inodes.limit,
            files_free: self.space.inodes.free(),
        }
    }

    fn used_of(&self) -> Option<(u64, u64)> {
        Some((self.space.bytes.used(), self.space.bytes.limit))
    }

    fn stable_names(&self) -> bool {
        true
    }

    fn forget(&self) {
        let kept = std::mem::take(&mut *self.kept.lock());
        let linked = std::mem::take(&mut *self.linked.lock());
        drop((kept, linked));
    }

    fn options(&self) -> String {
        if self.layered { String::new() } else { format!(",size={}k", self.space.bytes.limit / 1024) }
    }
}

impl Meta {
    /// The attributes that `stat` shows.
    fn of(stat: &Stat) -> Meta {
        Meta {
            mode: stat.mode & 0o7777,
            uid: stat.uid,
            gid: stat.gid,
            nlink: stat.nlink,
            rdev: stat.rdev,
            atime: stat.atime,
            mtime: stat.mtime,
            ctime: stat.ctime,
            xattrs: Default::default(),
        }
    }
}
