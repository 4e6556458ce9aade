//! Volumes: files that the containers of a pod share.
//!
//! Owns: [`Volumes`], the pod's volumes by name, each mounted once and shown from there in every
//! container, so that names, FIFOs, sockets, locks and watches are the same for all; and parts of them by
//! path. Does not own: where a container mounts them (`fs::root`) and how files are kept (`fs::host`,
//! `fs::tmpfs`).

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use abi::Errno;

use crate::fs::erofs::ErofsImage;
use crate::fs::host::{self, HostFs, Shown};
use crate::fs::overlay::{self, Layer};
use crate::fs::root;
use crate::fs::tmpfs::{Options, Tmpfs};
use crate::sync::Mutex;
use crate::vfs::notify::{FileEvents, Notifier};
use crate::vfs::{Attributes, FileSystem, Mount, MountFlags, NewNode, Path};

const FLAGS: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::RELATIME);
/// Size of the pod's /dev/shm, as container runtimes have it.
const SHM_BYTES: u64 = 64 << 20;

/// The volumes of a pod.
pub struct Volumes {
    named: Mutex<BTreeMap<String, Arc<Mount>>>,
    shm: Arc<Mount>,
}

/// What a volume is made of.
pub enum Source {
    /// A directory or regular file of the host.
    Host(OwnedFd, Shown),
    /// The tree in an image, read-only; no program of it runs (KEP-4639).
    Image(Arc<ErofsImage>),
    /// Files in memory.
    Memory(Options),
}

impl Default for Volumes {
    fn default() -> Volumes {
        let shm = Tmpfs::new(Options::sized(SHM_BYTES));
        Volumes { named: Mutex::default(), shm: Mount::shared(shm, b"shm", FLAGS | MountFlags::NOEXEC) }
    }
}

impl Volumes {
    /// Makes a volume known; `EEXIST` where there is one of that name, `EINVAL` where a host file is
    /// neither a directory nor a regular file.
    pub fn add(&self, name: &str, source: Source) -> Result<(), Errno> {
        if self.named.lock().contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let mount = match source {
            Source::Host(fd, shown) => {
                let flags = if shown.read_only { FLAGS | MountFlags::RDONLY } else { FLAGS };
                Mount::shared(HostFs::new(fd, shown)?, name.as_bytes(), flags)
            }
            Source::Image(image) => {
                let layer = Layer { at: b"/".to_vec(), source: overlay::Source::Erofs(image) };
                let tree = Tmpfs::above(overlay::union(vec![layer])?, Options::sized(0), None)?;
                Mount::shared(tree, name.as_bytes(), FLAGS | MountFlags::RDONLY | MountFlags::NOEXEC)
            }
            Source::Memory(options) => Mount::shared(Tmpfs::new(options), name.as_bytes(), FLAGS),
        };
        self.named.lock().insert(name.to_owned(), mount);
        Ok(())
    }

    /// The volume of that name, whole.
    pub fn get(&self, name: &str) -> Option<Path> {
        self.named.lock().get(name).map(Mount::root)
    }

    /// The host has put `name` at the top of a volume in place of another, and may have removed what that
    /// led to: whoever watches hears of it as of rename(2) and unlink(2). `ENOENT` where there is no such
    /// volume.
    pub fn changed(&self, notifier: &Notifier, volume: &str, name: &[u8]) -> Result<(), Errno> {
        let top = self.get(volume).ok_or(Errno::ENOENT)?;
        if notifier.is_quiet() {
            return Ok(());
        }
        notifier.child(top.inode(), name, FileEvents::MOVED_TO);
        let file_system = top.mount.file_system();
        if let Some(there) = file_system.numbers() {
            notifier.removed(file_system.device(), |number| there.contains(&number));
        }
        Ok(())
    }

    /// What /dev/shm shows in every container, shm_overview(7).
    pub fn shm(&self) -> Path {
        self.shm.root()
    }

    /// The file system of each that the pod has named.
    pub fn named(&self) -> Vec<(String, Arc<dyn FileSystem>)> {
        let named = self.named.lock();
        named.iter().map(|(name, mount)| (name.clone(), Arc::clone(mount.file_system()))).collect()
    }

    /// How many bytes of memory their files hold.
    pub fn memory_bytes(&self) -> u64 {
        self.sum(|file_system| file_system.memory_bytes())
    }

    /// Of these, what lies in the kernel's own memory.
    pub fn bytes_in_kernel(&self) -> u64 {
        self.sum(|file_system| file_system.bytes_in_kernel())
    }

    /// The file system of each.
    pub fn file_systems(&self) -> Vec<Arc<dyn FileSystem>> {
        let named = self.named.lock();
        named.values().chain(std::iter::once(&self.shm)).map(|mount| Arc::clone(mount.file_system())).collect()
    }

    fn sum(&self, bytes: impl Fn(&dyn FileSystem) -> u64) -> u64 {
        self.file_systems().iter().map(|file_system| bytes(&**file_system)).fold(0, u64::saturating_add)
    }
}

/// What `sub_path` names in a volume, whose top is the root of every link in it: a directory, made with the mode and
/// group of the volume where nothing is there, or a file, which from then on is held whatever becomes of its name.
/// Nothing is made where `read_only`.
pub fn part(volume: &Path, sub_path: &[u8], read_only: bool) -> Result<Path, Errno> {
    if let Some(found) = root::find(volume, sub_path)? {
        host::pin(found.inode())?;
        return Ok(found);
    }
    if read_only || volume.mount.writable().is_err() {
        return Err(Errno::ENOENT);
    }
    let top = volume.stat()?;
    let like_the_volume = Attributes { mode: top.mode & 0o7777, uid: 0, gid: top.gid };
    root::prepare(volume, sub_path, NewNode::Directory, like_the_volume)
}
