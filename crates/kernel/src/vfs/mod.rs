//! The virtual file system: contracts and walking.
//!
//! Owns: the traits that file systems implement ([`Inode`], [`FileSystem`], [`File`]), open file
//! descriptions, mounts, path walking with permissions. Does not own: any file system (`fs`), any
//! descriptor table (`task::files`). `vfs` names no file system. Called by: `syscalls`, `loader`, `fs`.

pub mod change;
mod dentry;
mod file;
mod inode;
pub mod locks;
mod mount;
pub mod notify;
pub mod open;
mod path;
pub mod permission;
mod slot;
pub mod walk;
mod xattrs;

use std::sync::atomic::{AtomicU64, Ordering};

pub use dentry::Dentry;
pub use file::{DirEntry, File, HostMapping, OpenFile, OpenFlags};
pub use inode::{Attributes, FileSystem, FileSystemStat, Inode, MappedSpace, NewNode, SetAttributes};
pub use mount::{Mount, MountFlags, Mounts};
pub use path::Path;
pub use permission::Access;
pub use slot::Slot;
pub use xattrs::Xattrs;

/// The longest name of a directory entry.
pub const NAME_MAX: usize = 255;

/// A device number for a file system that has no device: major 0 and a minor of its own.
pub fn anonymous_device() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(64);
    let minor = NEXT.fetch_add(1, Ordering::Relaxed);
    (minor & 0xff) | ((minor & 0xf_ff00) << 12)
}
