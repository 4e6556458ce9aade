//! Devices: null(4), random(4), tty(4), and the tree below /dev.
//!
//! Owns: what opening a device number gives, and which nodes a container's /dev starts with. /dev
//! itself is a tmpfs, as container runtimes make it, so mknod(2) works there for numbers that are
//! known here; every other number answers `ENXIO`. Does not own: terminals (`tty`, `fs::devpts`).

mod memory;

use std::sync::Arc;

use abi::Errno;

use crate::fs::tmpfs::{Options, Tmpfs};
use crate::fs::{device_number, devpts};
use crate::task::Task;
use crate::vfs::{Attributes, File, FileSystem, FileSystemStat, Inode, MappedSpace, NewNode, OpenFlags};

/// The devices by major, minor and name below /dev.
const DEVICES: &[(u64, u64, &str)] = &[
    (1, 3, "null"),
    (1, 5, "zero"),
    (1, 7, "full"),
    (1, 8, "random"),
    (1, 9, "urandom"),
    (5, 0, "tty"),
    (5, 1, "console"),
];

/// The links of a container's /dev.
const LINKS: &[(&str, &str)] = &[
    ("core", "/proc/kcore"),
    ("fd", "/proc/self/fd"),
    ("ptmx", "pts/ptmx"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];

/// The directories that other file systems are mounted on.
const DIRECTORIES: &[&str] = &["mqueue", "pts", "shm"];

/// How large the files below /dev may get: it is for nodes, as in other container runtimes.
const SIZE: u64 = 64 << 20;

/// A container's /dev.
pub fn new() -> Result<Arc<dyn FileSystem>, Errno> {
    let files = Tmpfs::new(Options { mode: 0o755, ..Options::sized(SIZE) });
    let root = files.root();
    let with_mode = |mode| Attributes { mode, uid: 0, gid: 0 };
    for (major, minor, name) in DEVICES {
        root.create(name.as_bytes(), NewNode::CharDevice(device_number(*major, *minor)), with_mode(0o666))?;
    }
    for (name, target) in LINKS {
        root.create(name.as_bytes(), NewNode::Symlink(target.as_bytes().to_vec()), with_mode(0o777))?;
    }
    for name in DIRECTORIES {
        root.create(name.as_bytes(), NewNode::Directory, with_mode(0o755))?;
    }
    Ok(Arc::new(DevFs { files, root }))
}

/// A tmpfs with its top directory, which a tmpfs alone leaves to who mounts it.
struct DevFs {
    files: Arc<Tmpfs>,
    root: Arc<dyn Inode>,
}

impl FileSystem for DevFs {
    fn name(&self) -> &'static str {
        self.files.name()
    }

    fn device(&self) -> u64 {
        self.files.device()
    }

    fn root(&self) -> Arc<dyn Inode> {
        Arc::clone(&self.root)
    }

    fn stat(&self) -> FileSystemStat {
        FileSystem::stat(&*self.files)
    }

    fn memory_bytes(&self) -> u64 {
        self.files.memory_bytes()
    }

    fn mapped_space(&self) -> Option<MappedSpace> {
        self.files.mapped_space()
    }

    fn bytes_in_kernel(&self) -> u64 {
        self.files.bytes_in_kernel()
    }

    fn stable_names(&self) -> bool {
        self.files.stable_names()
    }

    fn mounted(&self) {
        self.files.mounted();
    }

    fn forget(&self) {
        self.files.forget();
    }

    fn options(&self) -> String {
        self.files.options()
    }
}

/// Opens a character device by the number in `inode`'s status.
pub fn open(inode: Arc<dyn Inode>, task: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
    let number = inode.stat()?.rdev;
    let known = DEVICES.iter().find(|(major, minor, _)| device_number(*major, *minor) == number);
    let kind = match known.map(|(_, _, name)| *name) {
        Some("null") => memory::Kind::Null,
        Some("zero") => memory::Kind::Zero,
        Some("full") => memory::Kind::Full,
        Some("random" | "urandom") => memory::Kind::Random,
        Some("tty" | "console") => return devpts::open_controlling(inode, task),
        _ => return Err(Errno::ENXIO),
    };
    Ok(Arc::new(memory::Device::new(kind, inode)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::{Mount, MountFlags};

    #[test]
    fn the_tree_goes_with_its_mount() {
        let devices = new().expect("an empty tmpfs has room");
        let top = Arc::downgrade(&devices.root());
        let mount = Mount::new(devices, b"dev", MountFlags::empty());
        assert!(top.upgrade().is_some());
        drop(mount);
        assert!(top.upgrade().is_none());
    }
}
