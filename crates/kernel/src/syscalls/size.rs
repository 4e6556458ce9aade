//! truncate, fallocate, the sync and advice calls: truncate(2), fallocate(2), fsync(2), sync(2), posix_fadvise(2).

use std::sync::Arc;

use abi::Errno;
use abi::resource::RLIM_INFINITY;
use abi::signal::Signal;
use abi::stat::{S_IFDIR, S_IFREG};

use super::paths::{self, CWD, offset, only};
use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Fault, Resource, Task};
use crate::vfs::notify::FileEvents;
use crate::vfs::{Access, OpenFile, OpenFlags, change, permission};

pub(super) const CALLS: &[Call] = &[
    now!(TRUNCATE, truncate),
    now!(FTRUNCATE, ftruncate),
    now!(FALLOCATE, fallocate),
    now!(FSYNC, fsync),
    now!(FDATASYNC, fsync),
    now!(SYNC, sync),
    now!(SYNCFS, syncfs),
    now!(SYNC_FILE_RANGE, sync_file_range),
    now!(FADVISE64, fadvise64, "advice changes nothing"),
    now!(READAHEAD, readahead, "nothing is read ahead"),
];

/// RLIMIT_FSIZE.
fn may_be(task: &Arc<Task>, size: u64) -> Result<(), Fault> {
    let limit = task.process().limit(Resource::FileSize);
    if limit != RLIM_INFINITY && size > limit {
        task.raise(Signal::SIGXFSZ);
        return Err(Errno::EFBIG.into());
    }
    Ok(())
}

fn truncate(task: &Arc<Task>, [path, length, ..]: Args) -> Answer {
    let length = offset(length)?;
    let path = paths::find(task, CWD, path, true)?;
    match path.dentry.kind() {
        S_IFDIR => return Err(Errno::EISDIR.into()),
        S_IFREG => {}
        _ => return Err(Errno::EINVAL.into()),
    }
    permission::check(&task.credentials(), &path.stat()?, Access::WRITE)?;
    path.mount.writable()?;
    may_be(task, length)?;
    path.inode().truncate(length)?;
    change::written(task, &path);
    change::used(task.kernel(), &path, FileEvents::MODIFY);
    Ok(0)
}

fn ftruncate(task: &Arc<Task>, [fd, length, ..]: Args) -> Answer {
    let length = offset(length)?;
    let open = written(task, fd, Errno::EINVAL)?;
    may_be(task, length)?;
    open.file().truncate(length)?;
    if let Some(path) = open.path() {
        change::written(task, path);
        change::used(task.kernel(), path, FileEvents::MODIFY);
    }
    Ok(0)
}

/// An open file that may be written; `errno` otherwise.
fn written(task: &Arc<Task>, fd: u64, errno: Errno) -> Result<Arc<OpenFile>, Errno> {
    let open = task.files().get(fd as i32)?;
    if open.flags().contains(OpenFlags::PATH) {
        return Err(Errno::EBADF);
    }
    if open.flags().writable() { Ok(open) } else { Err(errno) }
}

fn fallocate(task: &Arc<Task>, [fd, mode, start, length, ..]: Args) -> Answer {
    let (start, length) = (offset(start)?, offset(length)?);
    if length == 0 {
        return Err(Errno::EINVAL.into());
    }
    let open = written(task, fd, Errno::EBADF)?;
    if !open.file().seekable() {
        return Err(Errno::ESPIPE.into());
    }
    may_be(task, start.checked_add(length).ok_or(Errno::EFBIG)?)?;
    open.file().allocate(mode as u32, start, length)?;
    if let Some(path) = open.path() {
        change::used(task.kernel(), path, FileEvents::MODIFY);
    }
    Ok(0)
}

/// An open file that is more than a place.
fn usable(task: &Arc<Task>, fd: u64) -> Result<Arc<OpenFile>, Errno> {
    let open = task.files().get(fd as i32)?;
    if open.flags().contains(OpenFlags::PATH) { Err(Errno::EBADF) } else { Ok(open) }
}

fn fsync(task: &Arc<Task>, [fd, ..]: Args) -> Answer {
    usable(task, fd)?.file().sync()?;
    Ok(0)
}

fn sync(task: &Arc<Task>, _: Args) -> Answer {
    let root = task.fs().root.lock().clone();
    for (_, mount) in crate::vfs::Mounts::list(&root) {
        let _ = mount.file_system().sync();
    }
    Ok(0)
}

fn syncfs(task: &Arc<Task>, [fd, ..]: Args) -> Answer {
    if let Some(path) = usable(task, fd)?.path() {
        path.mount.file_system().sync()?;
    }
    Ok(0)
}

fn sync_file_range(task: &Arc<Task>, [fd, start, length, flags, ..]: Args) -> Answer {
    only(flags, 0x7)?;
    offset(start)?;
    offset(length)?;
    let open = usable(task, fd)?;
    if !open.file().seekable() {
        return Err(Errno::ESPIPE.into());
    }
    open.file().sync()?;
    Ok(0)
}

fn fadvise64(task: &Arc<Task>, [fd, _, length, advice, ..]: Args) -> Answer {
    const LAST: u64 = 5;
    let open = usable(task, fd)?;
    if !open.file().seekable() {
        return Err(Errno::ESPIPE.into());
    }
    offset(length)?;
    if advice > LAST { Err(Errno::EINVAL.into()) } else { Ok(0) }
}

fn readahead(task: &Arc<Task>, [fd, ..]: Args) -> Answer {
    let open = usable(task, fd)?;
    if !open.flags().readable() {
        return Err(Errno::EBADF.into());
    }
    if open.file().seekable() { Ok(0) } else { Err(Errno::EINVAL.into()) }
}
