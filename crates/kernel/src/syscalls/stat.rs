//! stat, lstat, fstat, newfstatat, statx, access, faccessat, statfs: stat(2), statx(2), access(2), statfs(2).

use std::sync::Arc;

use abi::Errno;
use abi::file::{
    AT_EACCESS, AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_STATX_SYNC_TYPE, AT_SYMLINK_NOFOLLOW, STATX_ATTR_MOUNT_ROOT,
    STATX_BASIC_STATS, STATX_MNT_ID, Statfs, Statx, StatxTime,
};
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG, Stat};
use abi::time::Timespec;

use super::paths::{self, CWD, Target, only};
use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Credentials, Task, UserPtr};
use crate::vfs::walk::Walk;
use crate::vfs::{Access, FileSystem, MountFlags, Path, permission};

pub(super) const CALLS: &[Call] = &[
    now!(STAT, stat),
    now!(LSTAT, lstat),
    now!(FSTAT, fstat),
    now!(NEWFSTATAT, newfstatat),
    now!(STATX, statx, "no birth time"),
    now!(ACCESS, access),
    now!(FACCESSAT, faccessat),
    now!(FACCESSAT2, faccessat2),
    now!(STATFS, statfs),
    now!(FSTATFS, fstatfs),
];

fn put(task: &Arc<Task>, address: u64, stat: &Stat) -> Answer {
    task.write(UserPtr::new(address), stat)?;
    Ok(0)
}

fn stat(task: &Arc<Task>, [path, buffer, ..]: Args) -> Answer {
    put(task, buffer, &paths::find(task, CWD, path, true)?.stat()?)
}

fn lstat(task: &Arc<Task>, [path, buffer, ..]: Args) -> Answer {
    put(task, buffer, &paths::find(task, CWD, path, false)?.stat()?)
}

fn fstat(task: &Arc<Task>, [fd, buffer, ..]: Args) -> Answer {
    put(task, buffer, &task.files().get(fd as i32)?.file().stat()?)
}

fn newfstatat(task: &Arc<Task>, [dirfd, path, buffer, flags, ..]: Args) -> Answer {
    let flags = only(flags, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)?;
    put(task, buffer, &paths::target(task, dirfd, path, flags)?.stat()?)
}

fn statx(task: &Arc<Task>, [dirfd, path, flags, mask, buffer, ..]: Args) -> Answer {
    const RESERVED: u64 = 0x8000_0000;
    let known = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE;
    let flags = only(flags, known)?;
    if mask & RESERVED != 0 || flags & AT_STATX_SYNC_TYPE == AT_STATX_SYNC_TYPE {
        return Err(Errno::EINVAL.into());
    }
    let target = paths::target(task, dirfd, path, flags)?;
    let stat = target.stat()?;
    let place = match &target {
        Target::Path(path) => Some(path),
        Target::File(file) => file.path(),
    };
    task.write(UserPtr::new(buffer), &extended(&stat, place))?;
    Ok(0)
}

fn extended(stat: &Stat, place: Option<&Path>) -> Statx {
    let time = |time: Timespec| StatxTime { seconds: time.seconds, nanoseconds: time.nanoseconds as u32, reserved: 0 };
    let root = place.is_some_and(Path::is_mount_root);
    Statx {
        mask: STATX_BASIC_STATS | if place.is_some() { STATX_MNT_ID } else { 0 },
        blksize: stat.blksize as u32,
        attributes: if root { STATX_ATTR_MOUNT_ROOT } else { 0 },
        nlink: stat.nlink as u32,
        uid: stat.uid,
        gid: stat.gid,
        mode: stat.mode as u16,
        spare: 0,
        ino: stat.ino,
        size: stat.size as u64,
        blocks: stat.blocks as u64,
        attributes_mask: STATX_ATTR_MOUNT_ROOT,
        atime: time(stat.atime),
        btime: StatxTime::default(),
        ctime: time(stat.ctime),
        mtime: time(stat.mtime),
        rdev_major: major(stat.rdev),
        rdev_minor: minor(stat.rdev),
        dev_major: major(stat.dev),
        dev_minor: minor(stat.dev),
        mount_id: place.map_or(0, |place| u64::from(place.mount.id)),
        reserved: [0; 13],
    }
}

fn major(device: u64) -> u32 {
    ((device >> 8 & 0xfff) | (device >> 32 & !0xfff)) as u32
}

fn minor(device: u64) -> u32 {
    ((device & 0xff) | (device >> 12 & !0xff)) as u32
}

fn access(task: &Arc<Task>, [path, mode, ..]: Args) -> Answer {
    faccessat2(task, [CWD, path, mode, 0, 0, 0])
}

fn faccessat(task: &Arc<Task>, [dirfd, path, mode, ..]: Args) -> Answer {
    faccessat2(task, [dirfd, path, mode, 0, 0, 0])
}

fn faccessat2(task: &Arc<Task>, [dirfd, path, mode, flags, ..]: Args) -> Answer {
    let flags = only(flags, AT_EACCESS | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)?;
    let wanted = Access::from_bits(mode as u32).ok_or(Errno::EINVAL)?;
    let who = if flags & AT_EACCESS != 0 { task.credentials() } else { Arc::new(real(&task.credentials())) };
    let found = if flags & AT_EMPTY_PATH != 0 {
        paths::target(task, dirfd, path, flags)?
    } else {
        let path = task.read_path(path)?;
        let walk: Walk<'_> = paths::walk_from(task, dirfd, &path)?.acting_as(Arc::clone(&who));
        Target::Path(walk.find(&path, flags & AT_SYMLINK_NOFOLLOW == 0)?)
    };
    let stat = found.stat()?;
    if let Target::Path(path) = &found {
        may_ever(path, &stat, wanted)?;
    }
    permission::check(&who, &stat, wanted)?;
    Ok(0)
}

/// What the mount denies whoever asks.
fn may_ever(path: &Path, stat: &Stat, wanted: Access) -> Result<(), Errno> {
    let kind = stat.mode & S_IFMT;
    if wanted.contains(Access::WRITE) && matches!(kind, S_IFREG | S_IFDIR) {
        path.mount.writable()?;
    }
    let noexec = path.mount.flags().contains(MountFlags::NOEXEC);
    if wanted.contains(Access::EXEC) && kind == S_IFREG && noexec { Err(Errno::EACCES) } else { Ok(()) }
}

/// The credentials with which access(2) asks: real ids, and root's capabilities by the real user id.
fn real(who: &Credentials) -> Credentials {
    let effective = if who.uid == 0 { who.permitted } else { 0 };
    Credentials { fsuid: who.uid, fsgid: who.gid, effective, ..who.clone() }
}

fn statfs(task: &Arc<Task>, [path, buffer, ..]: Args) -> Answer {
    let path = paths::find(task, CWD, path, true)?;
    figures(task, &**path.mount.file_system(), path.mount.flags(), buffer)
}

fn fstatfs(task: &Arc<Task>, [fd, buffer, ..]: Args) -> Answer {
    let open = task.files().get(fd as i32)?;
    match (open.path(), open.inode()) {
        (Some(path), _) => figures(task, &**path.mount.file_system(), path.mount.flags(), buffer),
        (None, Some(inode)) => figures(task, &*inode.file_system(), MountFlags::empty(), buffer),
        (None, None) => nameless(task, buffer),
    }
}

/// The figures of what has no file system of its own: ANON_INODE_FS_MAGIC.
fn nameless(task: &Arc<Task>, buffer: u64) -> Answer {
    let figures = Statfs { kind: 0x0904_1934, bsize: 4096, namelen: 255, frsize: 4096, ..Statfs::default() };
    task.write(UserPtr::new(buffer), &figures)?;
    Ok(0)
}

fn figures(task: &Arc<Task>, file_system: &dyn FileSystem, flags: MountFlags, buffer: u64) -> Answer {
    const VALID: u64 = 0x20;
    let stat = file_system.stat();
    let bits = [
        (MountFlags::RDONLY, 1),
        (MountFlags::NOSUID, 2),
        (MountFlags::NODEV, 4),
        (MountFlags::NOEXEC, 8),
        (MountFlags::NOATIME, 1024),
        (MountFlags::NODIRATIME, 2048),
        (MountFlags::RELATIME, 4096),
    ];
    let shown = bits.iter().filter(|(flag, _)| flags.contains(*flag)).fold(VALID, |sum, (_, bit)| sum | bit);
    let answer = Statfs {
        kind: stat.magic,
        bsize: stat.block_size,
        blocks: stat.blocks,
        bfree: stat.free,
        bavail: stat.free,
        files: stat.files,
        ffree: stat.files_free,
        fsid: file_system.device(),
        namelen: 255,
        frsize: stat.block_size,
        flags: shown,
        spare: [0; 4],
    };
    task.write(UserPtr::new(buffer), &answer)?;
    Ok(0)
}
