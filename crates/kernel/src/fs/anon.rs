//! Files that no directory names.
//!
//! Owns: the memory files of memfd_create(2). Does not own: pipes, sockets and event files, which
//! their own rooms make.

use std::sync::Arc;

use abi::Errno;

use super::tmpfs::{Options, Tmpfs};
use crate::task::Task;
use crate::vfs::{Mount, MountFlags, OpenFile, OpenFlags, Path};

/// The most bytes that one memory file holds where the pod has no memory limit.
const UNLIMITED: u64 = 1 << 40;

/// An empty memory file, memfd_create(2), open for reading and writing, with these permission bits;
/// `sealable` where seals may be added.
pub fn memory_file(task: &Arc<Task>, name: &[u8], mode: u32, sealable: bool) -> Result<Arc<OpenFile>, Errno> {
    let credentials = task.credentials();
    let bytes = task.kernel().pod.memory_bytes.unwrap_or(UNLIMITED);
    let options = Options { mode, uid: credentials.fsuid, gid: credentials.fsgid, ..Options::sized(bytes) };
    let file_system = Tmpfs::new(options);
    let inode = file_system.nameless(sealable, options)?;
    let mount = Mount::new(file_system, b"tmpfs", MountFlags::NOSUID | MountFlags::NODEV);
    let label = [b"memfd:", name].concat();
    let dentry = mount.root_dentry().nameless(&label, Arc::clone(&inode));
    let file = Arc::clone(&inode).open(task, OpenFlags::RDWR)?;
    Ok(OpenFile::at_path(file, inode, Path { mount, dentry }, OpenFlags::RDWR))
}
