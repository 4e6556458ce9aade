//! File systems: what implements the contracts of `vfs`.
//!
//! Owns: every file system that can be mounted and how a container's tree is put together (`root`).
//! Does not own: walking, permissions, mounts (`vfs`). Called by: `syscalls`, `loader`, `control`'s server.

pub mod anon;
pub mod cgroup;
pub mod dev;
pub mod devpts;
pub mod erofs;
pub mod host;
pub(crate) mod mapped;
pub mod overlay;
pub mod pipe;
pub mod proc;
pub mod pseudo;
pub mod root;
mod space;
pub mod stream;
pub mod sysfs;
pub mod tmpfs;

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFCHR, S_IFIFO};

use crate::task::Task;
use crate::vfs::{File, Inode, OpenFlags};

/// Opens what a file system only names: a FIFO. Devices are opened by `fs::dev`.
pub(crate) fn open_special(inode: Arc<dyn Inode>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
    match (inode.kind(), inode.slot()) {
        (S_IFIFO, Some(slot)) => {
            let pipe = slot.get_or_put(|| pipe::Pipe::new(&task.credentials()));
            Ok(pipe::PipeEnd::open(pipe, Some(inode), flags))
        }
        (S_IFCHR, _) => dev::open(inode, task, flags),
        _ => Err(Errno::ENXIO),
    }
}

/// A device number of its two parts, makedev(3).
pub(crate) const fn device_number(major: u64, minor: u64) -> u64 {
    (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12 | (major & !0xfff) << 32
}

/// Major and minor of a device number.
pub(crate) const fn device_parts(number: u64) -> (u64, u64) {
    ((number >> 8) & 0xfff | (number >> 32) & !0xfff, (number & 0xff) | (number >> 12) & 0xffff_ff00)
}
