//! The virtual file system: contracts and walking.
//!
//! Owns: the traits that file systems implement ([`Inode`], [`FileSystem`], [`File`]), open file
//! descriptions, mounts, path walking with permissions. Does not own: any file system (`fs`), any
//! descriptor table (`task::files`). `vfs` names no file system. Called by: `syscalls`, `loader`, `fs`.

mod file;
mod inode;
pub mod notify;
mod path;

pub use file::{DirEntry, File, OpenFile, OpenFlags};
pub use inode::{Attributes, FileSystem, FileSystemStat, Inode, NewNode, SetAttributes};
pub use path::Path;
