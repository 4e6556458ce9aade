//! A place in a tree of mounts.

use std::sync::Arc;

use crate::vfs::Inode;

/// A place: an inode seen through a mount, under a name in a parent. (Written out by the walk.)
#[derive(Clone)]
pub struct Path {
    /// What is there.
    pub inode: Arc<dyn Inode>,
}
