//! Paths as calls name them: a descriptor or the working directory, a string, flags.

use std::sync::Arc;

use abi::Errno;
use abi::file::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW};
use abi::stat::Stat;

use crate::task::Task;
use crate::vfs::walk::{Place, Walk};
use crate::vfs::{OpenFile, Path};

/// A walk that begins at `dirfd` where `path` is relative.
pub(super) fn walk_from<'a>(task: &'a Arc<Task>, dirfd: u64, path: &[u8]) -> Result<Walk<'a>, Errno> {
    let walk = Walk::of(task);
    if path.starts_with(b"/") || dirfd as i32 == AT_FDCWD {
        return Ok(walk);
    }
    let open = task.files().get(dirfd as i32)?;
    Ok(walk.from(open.path().ok_or(Errno::ENOTDIR)?.clone()))
}

/// What is at the path that a call names; a symbolic link at its end is followed where `follow`.
pub(super) fn find(task: &Arc<Task>, dirfd: u64, address: u64, follow: bool) -> Result<Path, Errno> {
    let path = task.read_path(address)?;
    walk_from(task, dirfd, &path)?.find(&path, follow)
}

/// The directory and the name that a call names.
pub(super) fn place(task: &Arc<Task>, dirfd: u64, address: u64) -> Result<Place, Errno> {
    let path = task.read_path(address)?;
    walk_from(task, dirfd, &path)?.place(&path)
}

/// What a call with AT_EMPTY_PATH names.
pub(super) enum Target {
    /// A place in the tree.
    Path(Path),
    /// An open file that has none.
    File(Arc<OpenFile>),
}

impl Target {
    /// Its status.
    pub(super) fn stat(&self) -> Result<Stat, Errno> {
        match self {
            Target::Path(path) => path.stat(),
            Target::File(file) => file.file().stat(),
        }
    }

    /// The place; `errno` where there is none.
    pub(super) fn path(self, errno: Errno) -> Result<Path, Errno> {
        match self {
            Target::Path(path) => Ok(path),
            Target::File(file) => file.path().cloned().ok_or(errno),
        }
    }
}

/// What `dirfd`, a path and AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW in `flags` name.
pub(super) fn target(task: &Arc<Task>, dirfd: u64, address: u64, flags: u32) -> Result<Target, Errno> {
    let empty_allowed = flags & AT_EMPTY_PATH != 0;
    let path = if empty_allowed && address == 0 { Vec::new() } else { task.read_path(address)? };
    if path.is_empty() && empty_allowed {
        if dirfd as i32 == AT_FDCWD {
            return Ok(Target::Path(task.fs().cwd.lock().clone()));
        }
        return task.files().get(dirfd as i32).map(Target::File);
    }
    let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
    walk_from(task, dirfd, &path)?.find(&path, follow).map(Target::Path)
}

/// `EINVAL` where `flags` has bits beside `known`.
pub(super) fn only(flags: u64, known: u32) -> Result<u32, Errno> {
    let flags = flags as u32;
    if flags & !known != 0 { Err(Errno::EINVAL) } else { Ok(flags) }
}

/// A length or offset as calls pass it; `EINVAL` where it is negative.
pub(super) fn offset(value: u64) -> Result<u64, Errno> {
    if (value as i64) < 0 { Err(Errno::EINVAL) } else { Ok(value) }
}

/// The working directory's number as a register has it.
pub(super) const CWD: u64 = AT_FDCWD as i64 as u64;
