//! getdents, mkdir, rmdir, chdir, getcwd, chroot and their forms: getdents(2), mkdir(2), chdir(2),
//! getcwd(3), chroot(2).

use std::sync::Arc;

use abi::Errno;
use abi::stat::S_IFDIR;

use super::paths::{self, CWD};
use super::{Answer, Args, Call};
use crate::now;
use crate::task::{PATH_MAX, Task, capability};
use crate::vfs::{Access, DirEntry, NewNode, OpenFile, Path, change, permission};

pub(super) const CALLS: &[Call] = &[
    now!(GETDENTS, getdents),
    now!(GETDENTS64, getdents64),
    now!(MKDIR, mkdir),
    now!(MKDIRAT, mkdirat),
    now!(RMDIR, rmdir),
    now!(CHDIR, chdir),
    now!(FCHDIR, fchdir),
    now!(GETCWD, getcwd),
    now!(CHROOT, chroot),
];

/// Lays out one entry; the record's length is a multiple of 8.
type Layout = fn(&DirEntry) -> Vec<u8>;

/// `struct linux_dirent64`: number, offset, length, type, name.
fn modern(entry: &DirEntry) -> Vec<u8> {
    let length = (20_usize.saturating_add(entry.name.len())) & !7;
    let length = if length < 19_usize.saturating_add(entry.name.len()).saturating_add(1) {
        length.saturating_add(8)
    } else {
        length
    };
    let mut record = Vec::with_capacity(length);
    record.extend_from_slice(&entry.ino.to_ne_bytes());
    record.extend_from_slice(&entry.next.to_ne_bytes());
    record.extend_from_slice(&(length as u16).to_ne_bytes());
    record.push((entry.kind >> 12) as u8);
    record.extend_from_slice(&entry.name);
    record.resize(length, 0);
    record
}

/// `struct linux_dirent`: number, offset, length, name, and the type in the last byte.
fn ancient(entry: &DirEntry) -> Vec<u8> {
    let length = 27_usize.saturating_add(entry.name.len()) & !7;
    let mut record = Vec::with_capacity(length);
    record.extend_from_slice(&entry.ino.to_ne_bytes());
    record.extend_from_slice(&entry.next.to_ne_bytes());
    record.extend_from_slice(&(length as u16).to_ne_bytes());
    record.extend_from_slice(&entry.name);
    record.resize(length.saturating_sub(1), 0);
    record.push((entry.kind >> 12) as u8);
    record
}

fn getdents(task: &Arc<Task>, args: Args) -> Answer {
    list(task, args, ancient)
}

fn getdents64(task: &Arc<Task>, args: Args) -> Answer {
    list(task, args, modern)
}

fn list(task: &Arc<Task>, [fd, buffer, size, ..]: Args, layout: Layout) -> Answer {
    let open: Arc<OpenFile> = task.files().get(fd as i32)?;
    if !open.flags().readable() {
        return Err(Errno::EBADF.into());
    }
    let room = usize::try_from(size as u32).unwrap_or(0).min(1 << 20);
    let (mut records, mut next) = (Vec::new(), open.position());
    'full: loop {
        let entries = open.file().read_dir(next)?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            let record = layout(entry);
            if records.len().saturating_add(record.len()) > room {
                break 'full;
            }
            records.extend(record);
            next = entry.next;
        }
    }
    if records.is_empty() && !open.file().read_dir(next)?.is_empty() {
        return Err(Errno::EINVAL.into());
    }
    task.write_bytes(buffer, &records)?;
    open.set_position(next);
    if let Some(path) = open.path() {
        change::used(task.kernel(), path, crate::vfs::notify::FileEvents::ACCESS);
    }
    Ok(records.len() as u64)
}

fn mkdir(task: &Arc<Task>, [path, mode, ..]: Args) -> Answer {
    mkdirat(task, [CWD, path, mode, 0, 0, 0])
}

fn mkdirat(task: &Arc<Task>, [dirfd, path, mode, ..]: Args) -> Answer {
    let place = paths::place(task, dirfd, path)?;
    change::create(task, &place, NewNode::Directory, mode as u32 & 0o1777)?;
    Ok(0)
}

fn rmdir(task: &Arc<Task>, [path, ..]: Args) -> Answer {
    change::rmdir(task, &paths::place(task, CWD, path)?)?;
    Ok(0)
}

/// `path` as a directory that the caller may enter.
fn enterable(task: &Arc<Task>, path: &Path) -> Result<(), Errno> {
    if path.dentry.kind() != S_IFDIR {
        return Err(Errno::ENOTDIR);
    }
    permission::check(&task.credentials(), &path.stat()?, Access::EXEC)
}

fn chdir(task: &Arc<Task>, [path, ..]: Args) -> Answer {
    let path = paths::find(task, CWD, path, true)?;
    enter(task, path)
}

fn fchdir(task: &Arc<Task>, [fd, ..]: Args) -> Answer {
    let open = task.files().get(fd as i32)?;
    enter(task, open.path().ok_or(Errno::ENOTDIR)?.clone())
}

fn enter(task: &Arc<Task>, path: Path) -> Answer {
    enterable(task, &path)?;
    let old = std::mem::replace(&mut *task.fs().cwd.lock(), path);
    drop(old);
    Ok(0)
}

fn getcwd(task: &Arc<Task>, [buffer, size, ..]: Args) -> Answer {
    let fs = task.fs();
    let (cwd, root) = (fs.cwd.lock().clone(), fs.root.lock().clone());
    if cwd.dentry.is_deleted() {
        return Err(Errno::ENOENT.into());
    }
    let mut text = cwd.describe(&root);
    text.push(0);
    if text.len() > PATH_MAX {
        return Err(Errno::ENAMETOOLONG.into());
    }
    if text.len() as u64 > size {
        return Err(Errno::ERANGE.into());
    }
    task.write_bytes(buffer, &text)?;
    Ok(text.len() as u64)
}

fn chroot(task: &Arc<Task>, [path, ..]: Args) -> Answer {
    let path = paths::find(task, CWD, path, true)?;
    enterable(task, &path)?;
    if !task.credentials().capable(capability::SYS_CHROOT) {
        return Err(Errno::EPERM.into());
    }
    let old = std::mem::replace(&mut *task.fs().root.lock(), path);
    drop(old);
    Ok(0)
}
