//! link, unlink, symlink, readlink, rename, mknod: link(2), unlink(2), symlink(2), readlink(2), rename(2), mknod(2).

use std::sync::Arc;

use abi::Errno;
use abi::file::{AT_EMPTY_PATH, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW};
use abi::stat::{S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK};

use super::paths::{self, CWD, Target, only};
use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Task, capability};
use crate::vfs::{NewNode, change};

pub(super) const CALLS: &[Call] = &[
    now!(LINK, link),
    now!(LINKAT, linkat),
    now!(UNLINK, unlink),
    now!(UNLINKAT, unlinkat),
    now!(SYMLINK, symlink),
    now!(SYMLINKAT, symlinkat),
    now!(READLINK, readlink),
    now!(READLINKAT, readlinkat),
    now!(RENAME, rename),
    now!(RENAMEAT, renameat),
    now!(RENAMEAT2, renameat2, "RENAME_WHITEOUT is refused"),
    now!(MKNOD, mknod),
    now!(MKNODAT, mknodat),
];

fn link(task: &Arc<Task>, [old, new, ..]: Args) -> Answer {
    linkat(task, [CWD, old, CWD, new, 0, 0])
}

fn linkat(task: &Arc<Task>, [old_dirfd, old, new_dirfd, new, flags, ..]: Args) -> Answer {
    let flags = only(flags, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)?;
    let follow = if flags & AT_SYMLINK_FOLLOW != 0 { 0 } else { AT_SYMLINK_NOFOLLOW };
    let target = paths::target(task, old_dirfd, old, flags & AT_EMPTY_PATH | follow)?;
    let by_descriptor = matches!(target, Target::File(_));
    if by_descriptor && !task.credentials().capable(capability::DAC_READ_SEARCH) {
        return Err(Errno::ENOENT.into());
    }
    change::link(task, &target.path(Errno::EXDEV)?, &paths::place(task, new_dirfd, new)?)?;
    Ok(0)
}

fn unlink(task: &Arc<Task>, [path, ..]: Args) -> Answer {
    unlinkat(task, [CWD, path, 0, 0, 0, 0])
}

fn unlinkat(task: &Arc<Task>, [dirfd, path, flags, ..]: Args) -> Answer {
    let flags = only(flags, AT_REMOVEDIR)?;
    let place = paths::place(task, dirfd, path)?;
    if flags & AT_REMOVEDIR != 0 {
        change::rmdir(task, &place)?;
    } else {
        change::unlink(task, &place)?;
    }
    Ok(0)
}

fn symlink(task: &Arc<Task>, [target, path, ..]: Args) -> Answer {
    symlinkat(task, [target, CWD, path, 0, 0, 0])
}

fn symlinkat(task: &Arc<Task>, [target, dirfd, path, ..]: Args) -> Answer {
    let target = task.read_path(target)?;
    if target.is_empty() {
        return Err(Errno::ENOENT.into());
    }
    change::create(task, &paths::place(task, dirfd, path)?, NewNode::Symlink(target), 0o777)?;
    Ok(0)
}

fn readlink(task: &Arc<Task>, [path, buffer, size, ..]: Args) -> Answer {
    readlinkat(task, [CWD, path, buffer, size, 0, 0])
}

fn readlinkat(task: &Arc<Task>, [dirfd, address, buffer, size, ..]: Args) -> Answer {
    if (size as i32) <= 0 {
        return Err(Errno::EINVAL.into());
    }
    let target = paths::target(task, dirfd, address, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)?;
    let path = target.path(Errno::EINVAL)?;
    if path.dentry.kind() != S_IFLNK {
        let named = !task.read_path(address)?.is_empty();
        return Err(if named { Errno::EINVAL } else { Errno::ENOENT }.into());
    }
    let mut text = path.inode().read_link(task)?;
    text.truncate(usize::try_from(size as i32).unwrap_or(0));
    task.write_bytes(buffer, &text)?;
    Ok(text.len() as u64)
}

fn rename(task: &Arc<Task>, [old, new, ..]: Args) -> Answer {
    renameat2(task, [CWD, old, CWD, new, 0, 0])
}

fn renameat(task: &Arc<Task>, [old_dirfd, old, new_dirfd, new, ..]: Args) -> Answer {
    renameat2(task, [old_dirfd, old, new_dirfd, new, 0, 0])
}

fn renameat2(task: &Arc<Task>, [old_dirfd, old, new_dirfd, new, flags, ..]: Args) -> Answer {
    let (old, new) = (paths::place(task, old_dirfd, old)?, paths::place(task, new_dirfd, new)?);
    change::rename(task, &old, &new, flags as u32)?;
    Ok(0)
}

fn mknod(task: &Arc<Task>, [path, mode, device, ..]: Args) -> Answer {
    mknodat(task, [CWD, path, mode, device, 0, 0])
}

fn mknodat(task: &Arc<Task>, [dirfd, path, mode, device, ..]: Args) -> Answer {
    let mode = mode as u32;
    let device = u64::from(device as u32);
    let node = match mode & S_IFMT {
        0 | S_IFREG => NewNode::Regular,
        S_IFIFO => NewNode::Fifo,
        S_IFSOCK => NewNode::Socket,
        S_IFCHR => NewNode::CharDevice(device),
        S_IFBLK => NewNode::BlockDevice(device),
        S_IFDIR => return Err(Errno::EPERM.into()),
        _ => return Err(Errno::EINVAL.into()),
    };
    let place = paths::place(task, dirfd, path)?;
    let is_device = matches!(node, NewNode::CharDevice(_) | NewNode::BlockDevice(_));
    if is_device && !task.credentials().capable(capability::MKNOD) {
        return Err(Errno::EPERM.into());
    }
    change::create(task, &place, node, mode & 0o7777)?;
    Ok(0)
}
