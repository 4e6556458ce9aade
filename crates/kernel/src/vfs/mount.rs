//! Mounts: file systems joined into one tree, mount_namespaces(7).
//!
//! Owns: [`Mount`] and [`Mounts`], the tree of one container. Does not own: what is mounted where
//! (`fs::root`), who may mount (`syscalls`). Mounts do not propagate: every tree is private.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use abi::Errno;

use super::dentry;
use crate::sync::Mutex;
use crate::vfs::{Dentry, FileSystem, Path};

bitflags::bitflags! {
    /// Per-mount flags, in the bits of mount(2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct MountFlags: u32 {
        /// Nothing can be changed through this mount.
        const RDONLY = 1;
        /// Set-user-id bits mean nothing.
        const NOSUID = 2;
        /// Device files cannot be opened.
        const NODEV = 4;
        /// Programs cannot be executed.
        const NOEXEC = 8;
        /// Access times stay.
        const NOATIME = 1024;
        /// Access times of directories stay.
        const NODIRATIME = 2048;
        /// Access times change when they would be older than the modification.
        const RELATIME = 1 << 21;
    }
}

/// A file system, or a directory of one, in a tree.
pub struct Mount {
    /// mountinfo's number, unique in the pod.
    pub id: u32,
    /// What /proc/mounts shows as the source.
    pub source: Vec<u8>,
    file_system: Arc<dyn FileSystem>,
    /// Whether the file system outlives the tree: a volume of the pod.
    shared: bool,
    root: Arc<Dentry>,
    flags: AtomicU32,
    place: Mutex<Option<(Weak<Mount>, Arc<Dentry>)>>,
    children: Mutex<Vec<(Arc<Dentry>, Arc<Mount>)>>,
}

impl Mount {
    /// The whole of `file_system`, not yet anywhere.
    pub fn new(file_system: Arc<dyn FileSystem>, source: &[u8], flags: MountFlags) -> Arc<Mount> {
        let stable = file_system.stable_names();
        let root = Dentry::root(file_system.root(), stable);
        file_system.mounted();
        Mount::build(file_system, false, root, source, flags)
    }

    /// The same of a file system that other trees show too and that outlives this one: when a tree ends,
    /// it need not let go of anything.
    pub fn shared(file_system: Arc<dyn FileSystem>, source: &[u8], flags: MountFlags) -> Arc<Mount> {
        let root = Dentry::root(file_system.root(), file_system.stable_names());
        file_system.mounted();
        Mount::build(file_system, true, root, source, flags)
    }

    /// What is at `path` once more, as mount(2)'s MS_BIND, not yet anywhere.
    pub fn bind(path: &Path) -> Arc<Mount> {
        let file_system = Arc::clone(&path.mount.file_system);
        let root = Arc::clone(&path.dentry);
        Mount::build(file_system, path.mount.shared, root, &path.mount.source, path.mount.flags())
    }

    fn build(
        file_system: Arc<dyn FileSystem>,
        shared: bool,
        root: Arc<Dentry>,
        source: &[u8],
        flags: MountFlags,
    ) -> Arc<Mount> {
        static NEXT: AtomicU32 = AtomicU32::new(20);
        Arc::new(Mount {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            source: source.to_vec(),
            file_system,
            shared,
            root,
            flags: AtomicU32::new(flags.bits()),
            place: Mutex::new(None),
            children: Mutex::default(),
        })
    }

    /// The file system.
    pub fn file_system(&self) -> &Arc<dyn FileSystem> {
        &self.file_system
    }

    /// Whether the file system is a volume of the pod.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Its top directory as a place.
    pub fn root(self: &Arc<Self>) -> Path {
        Path { mount: Arc::clone(self), dentry: Arc::clone(&self.root) }
    }

    /// The name at its top.
    pub fn root_dentry(&self) -> &Arc<Dentry> {
        &self.root
    }

    /// The flags.
    pub fn flags(&self) -> MountFlags {
        MountFlags::from_bits_retain(self.flags.load(Ordering::Acquire))
    }

    /// Changes the flags, as mount(2)'s MS_REMOUNT.
    pub fn set_flags(&self, flags: MountFlags) {
        self.flags.store(flags.bits(), Ordering::Release);
    }

    /// `EROFS` where nothing may be changed through this mount.
    pub fn writable(&self) -> Result<(), Errno> {
        if self.flags().contains(MountFlags::RDONLY) { Err(Errno::EROFS) } else { Ok(()) }
    }

    /// Where it is mounted; `None` for the top of a tree.
    pub fn place(&self) -> Option<Path> {
        let (mount, dentry) = self.place.lock().clone()?;
        Some(Path { mount: mount.upgrade()?, dentry })
    }

    /// What is mounted at `dentry` of this mount.
    pub fn child_at(&self, dentry: &Arc<Dentry>) -> Option<Arc<Mount>> {
        let children = self.children.lock();
        children.iter().rev().find(|(at, _)| Arc::ptr_eq(at, dentry)).map(|(_, mount)| Arc::clone(mount))
    }

    /// What is mounted inside this mount, in the order of mounting.
    pub fn children(&self) -> Vec<Arc<Mount>> {
        self.children.lock().iter().map(|(_, mount)| Arc::clone(mount)).collect()
    }

    /// Mounts it at `place`, over whatever is there.
    pub fn attach(self: &Arc<Self>, place: &Path) {
        place.dentry.count_mount(true);
        *self.place.lock() = Some((Arc::downgrade(&place.mount), Arc::clone(&place.dentry)));
        place.mount.children.lock().push((Arc::clone(&place.dentry), Arc::clone(self)));
    }

    /// Takes it out of the tree with all that is mounted inside; `EINVAL` at the top of a tree.
    pub fn detach(self: &Arc<Self>) -> Result<(), Errno> {
        let (parent, dentry) = self.place.lock().take().ok_or(Errno::EINVAL)?;
        if let Some(parent) = parent.upgrade() {
            parent.children.lock().retain(|(_, mount)| !Arc::ptr_eq(mount, self));
        }
        dentry.count_mount(false);
        dentry::forget_recent();
        Ok(())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Some((_, dentry)) = self.place.get_mut().take() {
            dentry.count_mount(false);
        }
    }
}

/// The tree of mounts of one container.
pub struct Mounts {
    top: Arc<Mount>,
}

impl Mounts {
    /// A tree with `top` as its root file system.
    pub fn new(top: Arc<Mount>) -> Arc<Mounts> {
        Arc::new(Mounts { top })
    }

    /// The root directory.
    pub fn root(&self) -> Path {
        self.top.root().top()
    }

    /// Every mount with its path, parents first, as somebody with this root directory sees them:
    /// for /proc/PID/mounts and mountinfo.
    pub fn list(root: &Path) -> Vec<(Vec<u8>, Arc<Mount>)> {
        let mut found = Vec::new();
        let mut pending = vec![root.outermost().mount];
        while let Some(mount) = pending.pop() {
            pending.extend(mount.children().into_iter().rev());
            if let Some(path) = mount.root().below(root) {
                found.push((path, mount));
            }
        }
        found
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        dentry::forget_recent();
        for (_, mount) in Mounts::list(&self.root()).into_iter().filter(|(_, mount)| !mount.shared) {
            mount.file_system.forget();
        }
    }
}
