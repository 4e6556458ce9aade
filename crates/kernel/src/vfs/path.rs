//! A place in a tree of mounts.

use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;

use crate::vfs::{Dentry, Inode, Mount};

/// A place: a name seen through a mount.
#[derive(Clone)]
pub struct Path {
    /// The mount.
    pub mount: Arc<Mount>,
    /// The name within the mounted file system.
    pub dentry: Arc<Dentry>,
}

impl Path {
    /// What is there.
    pub fn inode(&self) -> &Arc<dyn Inode> {
        self.dentry.inode()
    }

    /// The status of what is there.
    pub fn stat(&self) -> Result<Stat, Errno> {
        self.inode().stat()
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.dentry.is_directory()
    }

    /// Whether both are the same place.
    pub fn is(&self, other: &Path) -> bool {
        Arc::ptr_eq(&self.mount, &other.mount) && Arc::ptr_eq(&self.dentry, &other.dentry)
    }

    /// The directory above, through mounts; itself at the top of the tree.
    pub fn above(&self) -> Path {
        let mut at = self.clone();
        while at.is_mount_root() {
            match at.mount.place() {
                Some(place) => at = place,
                None => return at,
            }
        }
        match at.dentry.parent() {
            Some(dentry) => Path { mount: at.mount, dentry },
            None => at,
        }
    }

    /// What is mounted here, seen last first; itself where nothing is.
    pub fn top(mut self) -> Path {
        while self.dentry.is_mountpoint() {
            match self.mount.child_at(&self.dentry) {
                Some(mount) => self = mount.root(),
                None => break,
            }
        }
        self
    }

    /// Whether it is the root of its mount.
    pub fn is_mount_root(&self) -> bool {
        Arc::ptr_eq(&self.dentry, self.mount.root_dentry())
    }

    /// The place below by that name, through what is mounted there.
    pub fn child(&self, name: &[u8]) -> Result<Path, Errno> {
        let dentry = self.dentry.child(name)?;
        Ok(Path { mount: Arc::clone(&self.mount), dentry }.top())
    }

    /// The absolute path as somebody with this root directory sees it; `None` where it lies outside
    /// of that root. " (deleted)" is not appended.
    pub fn below(&self, root: &Path) -> Option<Vec<u8>> {
        let mut names = Vec::new();
        let mut at = self.clone();
        while !at.is(root) {
            if at.is_mount_root() {
                at = at.mount.place()?;
                continue;
            }
            names.push(at.dentry.name());
            at.dentry = at.dentry.parent()?;
        }
        if names.is_empty() {
            return Some(b"/".to_vec());
        }
        let mut text = Vec::new();
        for name in names.iter().rev() {
            text.push(b'/');
            text.extend_from_slice(name);
        }
        Some(text)
    }

    /// The text that readlink(2) gives for /proc/PID/cwd, fd/N and the like, proc(5). What is in no
    /// tree at all, as a memory file, has its own name.
    pub fn describe(&self, root: &Path) -> Vec<u8> {
        let mut text = self.below(root).unwrap_or_else(|| {
            let top = self.outermost();
            let elsewhere = Arc::ptr_eq(&top.mount, &root.outermost().mount);
            let mut text = if elsewhere { b"(unreachable)".to_vec() } else { Vec::new() };
            text.extend(self.below(&top).unwrap_or_default());
            text
        });
        if self.dentry.is_deleted() {
            text.extend_from_slice(b" (deleted)");
        }
        text
    }

    /// The top of the whole tree of mounts that this place is in.
    pub fn outermost(&self) -> Path {
        let mut mount = Arc::clone(&self.mount);
        while let Some(place) = mount.place() {
            mount = place.mount;
        }
        mount.root()
    }
}
