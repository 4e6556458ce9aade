//! Files that no directory names.
//!
//! Owns: the memory files of memfd_create(2) and those behind shared anonymous mappings; a container's lie in
//! one file system, so that they count together. Does not own: pipes, sockets and event files, which
//! their own rooms make.

use std::sync::Arc;

use abi::Errno;

use super::tmpfs::{Options, Tmpfs};
use crate::task::Task;
use crate::vfs::{FileSystem, Mount, MountFlags, OpenFile, OpenFlags, Path};

/// The most bytes that the memory files of a container hold where it has no memory limit.
const UNLIMITED: u64 = 1 << 46;

/// The memory files of a container.
pub struct MemoryFiles {
    files: Arc<Tmpfs>,
    mount: Arc<Mount>,
}

impl MemoryFiles {
    /// None yet, with room for `bytes`.
    pub fn new(bytes: Option<u64>) -> MemoryFiles {
        let files = Tmpfs::new(Options::sized(bytes.unwrap_or(UNLIMITED)));
        let whole = Arc::clone(&files) as Arc<dyn FileSystem>;
        MemoryFiles { files, mount: Mount::new(whole, b"tmpfs", MountFlags::NOSUID | MountFlags::NODEV) }
    }

    /// What they hold, open, mapped, or both.
    pub fn bytes(&self) -> u64 {
        self.files.memory_bytes()
    }

    /// Of these, what lies in the kernel's own memory.
    pub fn bytes_in_kernel(&self) -> u64 {
        self.files.bytes_in_kernel()
    }
}

/// An empty memory file, memfd_create(2), open for reading and writing, with these permission bits;
/// `sealable` where seals may be added.
pub fn memory_file(task: &Arc<Task>, name: &[u8], mode: u32, sealable: bool) -> Result<Arc<OpenFile>, Errno> {
    let credentials = task.credentials();
    let MemoryFiles { files, mount } = &task.process().container().memory_files;
    let options = Options { mode, uid: credentials.fsuid, gid: credentials.fsgid, ..Options::sized(0) };
    let inode = files.nameless(sealable, options)?;
    let label = [b"memfd:", name].concat();
    let dentry = mount.root_dentry().nameless(&label, Arc::clone(&inode));
    let file = Arc::clone(&inode).open(task, OpenFlags::RDWR)?;
    Ok(OpenFile::at_path(file, inode, Path { mount: Arc::clone(mount), dentry }, OpenFlags::RDWR))
}
