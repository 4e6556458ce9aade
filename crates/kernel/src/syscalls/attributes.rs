//! chmod, chown, utimensat and their forms, umask: chmod(2), chown(2), utimensat(2), utime(2), umask(2).

use std::sync::Arc;

use abi::Errno;
use abi::file::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};
use abi::stat::S_IFLNK;
use abi::time::{Timespec, Timeval};

use super::paths::{self, CWD, only};
use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Task, UserPtr};
use crate::time;
use crate::vfs::{Access, OpenFlags, Path, SetAttributes, change, permission};

pub(super) const CALLS: &[Call] = &[
    now!(CHMOD, chmod),
    now!(FCHMOD, fchmod),
    now!(FCHMODAT, fchmodat),
    now!(FCHMODAT2, fchmodat2),
    now!(CHOWN, chown),
    now!(LCHOWN, lchown),
    now!(FCHOWN, fchown),
    now!(FCHOWNAT, fchownat),
    now!(UTIME, utime),
    now!(UTIMES, utimes),
    now!(FUTIMESAT, futimesat),
    now!(UTIMENSAT, utimensat),
    now!(UMASK, umask),
];

/// The place of an open file; `EBADF` for one that only names a place, `EPERM` for one without.
fn opened(task: &Arc<Task>, fd: u64) -> Result<Path, Errno> {
    let open = task.files().get(fd as i32)?;
    if open.flags().contains(OpenFlags::PATH) {
        return Err(Errno::EBADF);
    }
    open.path().cloned().ok_or(Errno::EPERM)
}

fn chmod(task: &Arc<Task>, [path, mode, ..]: Args) -> Answer {
    fchmodat2(task, [CWD, path, mode, 0, 0, 0])
}

fn fchmod(task: &Arc<Task>, [fd, mode, ..]: Args) -> Answer {
    change::set_mode(task, &opened(task, fd)?, mode as u32)?;
    Ok(0)
}

fn fchmodat(task: &Arc<Task>, [dirfd, path, mode, ..]: Args) -> Answer {
    fchmodat2(task, [dirfd, path, mode, 0, 0, 0])
}

fn fchmodat2(task: &Arc<Task>, [dirfd, path, mode, flags, ..]: Args) -> Answer {
    let flags = only(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    let path = paths::target(task, dirfd, path, flags)?.path(Errno::EPERM)?;
    if path.dentry.kind() == S_IFLNK {
        return Err(Errno::EOPNOTSUPP.into());
    }
    change::set_mode(task, &path, mode as u32)?;
    Ok(0)
}

fn chown(task: &Arc<Task>, [path, uid, gid, ..]: Args) -> Answer {
    fchownat(task, [CWD, path, uid, gid, 0, 0])
}

fn lchown(task: &Arc<Task>, [path, uid, gid, ..]: Args) -> Answer {
    fchownat(task, [CWD, path, uid, gid, u64::from(AT_SYMLINK_NOFOLLOW), 0])
}

/// An id as chown(2) takes it: -1 leaves it alone.
fn id(value: u64) -> Option<u32> {
    Some(value as u32).filter(|id| *id != u32::MAX)
}

fn fchown(task: &Arc<Task>, [fd, uid, gid, ..]: Args) -> Answer {
    change::set_owner(task, &opened(task, fd)?, id(uid), id(gid))?;
    Ok(0)
}

fn fchownat(task: &Arc<Task>, [dirfd, path, uid, gid, flags, ..]: Args) -> Answer {
    let flags = only(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    let path = paths::target(task, dirfd, path, flags)?.path(Errno::EPERM)?;
    change::set_owner(task, &path, id(uid), id(gid))?;
    Ok(0)
}

/// What a call sets a time to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    Omit,
    At(Timespec),
}

/// Sets access and modification time with the permission rules of utimensat(2): now needs write
/// permission, everything else ownership.
fn set_times(task: &Arc<Task>, path: &Path, [atime, mtime]: [When; 2]) -> Answer {
    if (atime, mtime) == (When::Omit, When::Omit) {
        return Ok(0);
    }
    path.mount.writable()?;
    let (who, stat) = (task.credentials(), path.stat()?);
    if !permission::owns(&who, &stat) {
        if (atime, mtime) != (When::Now, When::Now) {
            return Err(Errno::EPERM.into());
        }
        permission::check(&who, &stat, Access::WRITE)?;
    }
    let now = time::now();
    let value = |when| match when {
        When::Now => Some(now),
        When::Omit => None,
        When::At(time) => Some(time),
    };
    let change = SetAttributes { atime: value(atime), mtime: value(mtime), ..SetAttributes::default() };
    change::apply(task, path, change)?;
    Ok(0)
}

fn utime(task: &Arc<Task>, [path, times, ..]: Args) -> Answer {
    let path = paths::find(task, CWD, path, true)?;
    let at = |seconds| When::At(Timespec { seconds, nanoseconds: 0 });
    let times = match times {
        0 => [When::Now; 2],
        address => task.read(UserPtr::<[i64; 2]>::new(address))?.map(at),
    };
    set_times(task, &path, times)
}

fn utimes(task: &Arc<Task>, [path, times, ..]: Args) -> Answer {
    futimesat(task, [CWD, path, times, 0, 0, 0])
}

fn futimesat(task: &Arc<Task>, [dirfd, path, times, ..]: Args) -> Answer {
    let times = match times {
        0 => [When::Now; 2],
        address => {
            let [atime, mtime] = task.read(UserPtr::<[Timeval; 2]>::new(address))?;
            [of_microseconds(atime)?, of_microseconds(mtime)?]
        }
    };
    let flags = if path == 0 { AT_EMPTY_PATH } else { 0 };
    let path = paths::target(task, dirfd, path, flags)?.path(Errno::EPERM)?;
    set_times(task, &path, times)
}

fn of_microseconds(time: Timeval) -> Result<When, Errno> {
    if !(0..1_000_000).contains(&time.microseconds) {
        return Err(Errno::EINVAL);
    }
    Ok(When::At(Timespec { seconds: time.seconds, nanoseconds: time.microseconds.saturating_mul(1000) }))
}

fn utimensat(task: &Arc<Task>, [dirfd, path, times, flags, ..]: Args) -> Answer {
    let flags = only(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    let times = match times {
        0 => [When::Now; 2],
        address => {
            let [atime, mtime] = task.read(UserPtr::<[Timespec; 2]>::new(address))?;
            [of_nanoseconds(atime)?, of_nanoseconds(mtime)?]
        }
    };
    let flags = if path == 0 { flags | AT_EMPTY_PATH } else { flags };
    let path = paths::target(task, dirfd, path, flags)?.path(Errno::EPERM)?;
    set_times(task, &path, times)
}

fn of_nanoseconds(time: Timespec) -> Result<When, Errno> {
    const UTIME_NOW: i64 = (1 << 30) - 1;
    const UTIME_OMIT: i64 = (1 << 30) - 2;
    match time.nanoseconds {
        UTIME_NOW => Ok(When::Now),
        UTIME_OMIT => Ok(When::Omit),
        0..1_000_000_000 => Ok(When::At(time)),
        _ => Err(Errno::EINVAL),
    }
}

fn umask(task: &Arc<Task>, [mask, ..]: Args) -> Answer {
    let old = std::mem::replace(&mut *task.fs().umask.lock(), mask as u32 & 0o777);
    Ok(u64::from(old))
}
