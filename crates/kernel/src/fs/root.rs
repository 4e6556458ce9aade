//! A container's tree: its root file system and what is mounted in it.
//!
//! Owns: [`RootSpec`] and [`build`]. Does not own: where the descriptors come from (`sandbox`'s control server).
//! Called by: whoever starts a container.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use abi::Errno;
use abi::stat::S_IFDIR;

use super::host::{HostFs, Shown};
use super::overlay::{self, Layer, Source};
use super::tmpfs::{Options, Tmpfs};
use crate::task::Credentials;
use crate::vfs::walk::{Reached, Walk};
use crate::vfs::{Attributes, FileSystem, Mount, MountFlags, Mounts, NewNode, Path};

/// How much a container may write to its root where nothing is said, in memory and on a disk.
const DEFAULT_UPPER: u64 = 1 << 30;
const DEFAULT_ON_DISK: u64 = 16 << 30;
/// What a directory is that is made for a mount.
const DIRECTORY: Attributes = Attributes { mode: 0o755, uid: 0, gid: 0 };

/// What a container's tree is made of.
pub struct RootSpec {
    /// The root's layers, topmost first; none of them is changed.
    pub layers: Vec<Layer>,
    /// How many bytes may be written above the layers.
    pub upper_bytes: Option<u64>,
    /// A directory of the host where large files lie without names; all is in memory without it.
    pub upper: Option<OwnedFd>,
    /// Nothing of the root can be changed.
    pub read_only: bool,
    /// What is mounted, in this order.
    pub mounts: Vec<MountSpec>,
    /// Paths that show nothing: files are empty, directories have no names.
    pub masked_paths: Vec<Vec<u8>>,
    /// Paths that cannot be changed.
    pub read_only_paths: Vec<Vec<u8>>,
}

/// One mount.
pub struct MountSpec {
    /// Where; made where it is not there.
    pub target: Vec<u8>,
    /// What.
    pub what: MountSource,
}

/// What is mounted.
pub enum MountSource {
    /// A directory or regular file of the host.
    Host {
        /// Its descriptor.
        fd: OwnedFd,
        /// Writing answers `EROFS`.
        read_only: bool,
    },
    /// A volume of the pod, or a part of one.
    Volume {
        /// What is shown.
        place: Path,
        /// Writing answers `EROFS`.
        read_only: bool,
    },
    /// An empty file system in memory.
    Memory {
        /// Its size.
        bytes: u64,
        /// The permission bits of its root.
        mode: u32,
    },
    /// A file with these bytes.
    Bytes {
        /// The bytes.
        bytes: Arc<[u8]>,
        /// Permission bits.
        mode: u32,
    },
    /// A file system of the kernel's own: proc, sysfs, devices, terminals.
    System(Arc<dyn FileSystem>),
}

/// Why a tree could not be built: which path, and the error.
#[derive(Debug)]
pub struct BuildError {
    /// The mount's target, or `/`.
    pub path: String,
    /// What went wrong.
    pub errno: Errno,
}

/// Builds the tree, with a /tmp where the layers have none. What guests may later do to it follows
/// from the mounts' flags.
pub fn build(spec: RootSpec) -> Result<Arc<Mounts>, BuildError> {
    let at_root = |errno| BuildError { path: "/".to_owned(), errno };
    let mut layers = spec.layers;
    layers.push(Layer { at: b"/tmp".to_vec(), source: Source::Directory { mode: 0o1777 } });
    let lower = overlay::union(layers).map_err(at_root)?;
    let default = if spec.upper.is_some() { DEFAULT_ON_DISK } else { DEFAULT_UPPER };
    let options = Options::sized(spec.upper_bytes.unwrap_or(default));
    let file_system = Tmpfs::above(lower, options, spec.upper).map_err(at_root)?;
    let top = Mount::new(file_system, b"overlay", MountFlags::RELATIME);
    let mounts = Mounts::new(Arc::clone(&top));
    let root = mounts.root();
    for mount in spec.mounts {
        let path = String::from_utf8_lossy(&mount.target).into_owned();
        attach(&root, mount).map_err(|errno| BuildError { path, errno })?;
    }
    for path in &spec.masked_paths {
        mask(&root, path).map_err(|errno| BuildError { path: String::from_utf8_lossy(path).into_owned(), errno })?;
    }
    for path in &spec.read_only_paths {
        freeze(&root, path).map_err(|errno| BuildError { path: String::from_utf8_lossy(path).into_owned(), errno })?;
    }
    if spec.read_only {
        top.set_flags(top.flags() | MountFlags::RDONLY);
    }
    Ok(mounts)
}

fn attach(root: &Path, spec: MountSpec) -> Result<(), Errno> {
    let mount = match spec.what {
        MountSource::Host { fd, read_only } => {
            let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::RELATIME;
            let flags = if read_only { flags | MountFlags::RDONLY } else { flags };
            Mount::shared(HostFs::new(fd, Shown::default())?, b"volume", flags)
        }
        MountSource::Volume { place, read_only } => {
            let mount = Mount::bind(&place);
            if read_only {
                mount.set_flags(mount.flags() | MountFlags::RDONLY);
            }
            mount
        }
        MountSource::Memory { bytes, mode } => {
            let options = Options { mode, ..Options::sized(bytes) };
            Mount::new(Tmpfs::new(options), b"tmpfs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::RELATIME)
        }
        MountSource::Bytes { bytes, mode } => file_of(bytes, mode)?,
        MountSource::System(file_system) => {
            let source = file_system.name().as_bytes().to_vec();
            Mount::new(file_system, &source, MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::RELATIME)
        }
    };
    let kind = mount.root().dentry.kind();
    let node = if kind == S_IFDIR { NewNode::Directory } else { NewNode::Regular };
    let place = prepare(root, &spec.target, node, DIRECTORY)?;
    mount.attach(&place);
    Ok(())
}

/// A mount whose root is a file with these bytes.
fn file_of(bytes: Arc<[u8]>, mode: u32) -> Result<Arc<Mount>, Errno> {
    let holder = Layer { at: b"/file".to_vec(), source: Source::Bytes { bytes, mode } };
    let file_system = Tmpfs::above(overlay::union(vec![holder])?, Options::sized(1 << 20), None)?;
    let whole = Mount::new(file_system, b"tmpfs", MountFlags::RDONLY | MountFlags::RELATIME);
    Ok(Mount::bind(&whole.root().child(b"file")?))
}

/// Makes `path` a directory of root's where nothing is there, as container runtimes do for the working directory of
/// a container; also where guests may change nothing. What is in the way is for chdir(2) to tell.
pub fn make_working_directory(mounts: &Mounts, path: &[u8]) {
    let _ = prepare(&mounts.root(), path, NewNode::Directory, DIRECTORY);
}

/// The place of `target`, made with the directories above it where it is not there; `directory` is how those are.
pub(crate) fn prepare(root: &Path, target: &[u8], node: NewNode, directory: Attributes) -> Result<Path, Errno> {
    let who = Arc::new(Credentials::user(0, 0, Vec::new()));
    let names: Vec<&[u8]> = target.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).collect();
    let mut at = root.clone();
    for (index, name) in (1..).zip(&names) {
        let walk = Walk::from_root(root, Arc::clone(&who)).from(at.clone());
        at = match walk.find_or_place(name, true)? {
            Reached::Found(path) => path,
            Reached::Place(place) => {
                let wanted = if index == names.len() { node.clone() } else { NewNode::Directory };
                let file = Attributes { mode: 0o644, uid: 0, gid: 0 };
                let attributes = if matches!(wanted, NewNode::Directory) { directory } else { file };
                let parent = &place.directory;
                let inode = parent.inode().create(place.name(Errno::EEXIST)?, wanted, attributes)?;
                let dentry = parent.dentry.adopt(place.name(Errno::EEXIST)?, inode);
                Path { mount: Arc::clone(&parent.mount), dentry }
            }
        };
    }
    let directory = at.is_directory();
    match node {
        NewNode::Directory if !directory => Err(Errno::ENOTDIR),
        NewNode::Regular if directory => Err(Errno::EISDIR),
        _ => Ok(at),
    }
}

/// What is at `path` below `root`, where anything is.
pub(crate) fn find(root: &Path, path: &[u8]) -> Result<Option<Path>, Errno> {
    let walk = Walk::from_root(root, Arc::new(Credentials::user(0, 0, Vec::new())));
    match walk.find(path, true) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
        other => other.map(Some),
    }
}

fn mask(root: &Path, path: &[u8]) -> Result<(), Errno> {
    let Some(place) = find(root, path)? else { return Ok(()) };
    let cover = if place.is_directory() {
        let options = Options { mode: 0o755, ..Options::sized(0) };
        Mount::new(Tmpfs::new(options), b"tmpfs", MountFlags::RDONLY | MountFlags::RELATIME)
    } else {
        file_of(Arc::from(Vec::new()), 0o444)?
    };
    cover.attach(&place);
    Ok(())
}

fn freeze(root: &Path, path: &[u8]) -> Result<(), Errno> {
    let Some(place) = find(root, path)? else { return Ok(()) };
    let mount = Mount::bind(&place);
    mount.set_flags(mount.flags() | MountFlags::RDONLY);
    mount.attach(&place);
    Ok(())
}
