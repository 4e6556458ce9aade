//! mount, umount2, pivot_root and the newer mount calls: mount(2), umount(2), pivot_root(2).

use std::sync::Arc;

use abi::Errno;

use super::paths::{self, CWD, only};
use super::{Answer, Args, Call};
use crate::fs::tmpfs::{Options, Tmpfs};
use crate::now;
use crate::task::{Task, capability};
use crate::vfs::{Mount, MountFlags, Path};

pub(super) const CALLS: &[Call] = &[
    now!(MOUNT, mount, "tmpfs, bind mounts, remounts and moves; every mount is private"),
    now!(UMOUNT2, umount2),
    now!(PIVOT_ROOT, refused, "not without mount namespaces"),
    now!(OPEN_TREE, refused, "not without mount namespaces"),
    now!(MOVE_MOUNT, refused, "not without mount namespaces"),
    now!(FSOPEN, refused, "not without mount namespaces"),
    now!(FSCONFIG, refused, "not without mount namespaces"),
    now!(FSMOUNT, refused, "not without mount namespaces"),
    now!(FSPICK, refused, "not without mount namespaces"),
    now!(MOUNT_SETATTR, refused, "not without mount namespaces"),
    now!(QUOTACTL, refused, "there are no quotas"),
];

const MS_REMOUNT: u64 = 32;
const MS_BIND: u64 = 4096;
const MS_MOVE: u64 = 8192;
const MS_REC: u64 = 16384;
const MS_SILENT: u64 = 32768;
const MS_PROPAGATION: u64 = (1 << 17) | (1 << 18) | (1 << 19) | (1 << 20);

fn refused(_: &Arc<Task>, _: Args) -> Answer {
    Err(Errno::EPERM.into())
}

fn may_mount(task: &Arc<Task>) -> Result<(), Errno> {
    if task.credentials().capable(capability::SYS_ADMIN) { Ok(()) } else { Err(Errno::EPERM) }
}

fn mount(task: &Arc<Task>, [source, target, kind, flags, data, ..]: Args) -> Answer {
    may_mount(task)?;
    let place = paths::find(task, CWD, target, true)?;
    let wanted = MountFlags::from_bits_truncate(flags as u32);
    if flags & MS_REMOUNT != 0 {
        if !place.is_mount_root() {
            return Err(Errno::EINVAL.into());
        }
        place.mount.set_flags(wanted);
        return Ok(0);
    }
    if flags & MS_PROPAGATION != 0 {
        return Ok(0);
    }
    let made = if flags & MS_BIND != 0 {
        let made = Mount::bind(&paths::find(task, CWD, source, true)?);
        if made.root().is_directory() != place.is_directory() {
            return Err(Errno::ENOTDIR.into());
        }
        made
    } else if flags & MS_MOVE != 0 {
        let moved = paths::find(task, CWD, source, true)?;
        if !moved.is_mount_root() {
            return Err(Errno::EINVAL.into());
        }
        moved.mount.detach()?;
        moved.mount
    } else {
        fresh(task, kind, source, data, wanted, flags)?
    };
    attach(&made, &place)?;
    Ok(0)
}

fn attach(mount: &Arc<Mount>, place: &Path) -> Result<(), Errno> {
    if place.dentry.is_deleted() {
        return Err(Errno::ENOENT);
    }
    mount.attach(place);
    Ok(())
}

/// A new file system of a type that a guest may mount.
fn fresh(
    task: &Arc<Task>,
    kind: u64,
    source: u64,
    data: u64,
    wanted: MountFlags,
    flags: u64,
) -> Result<Arc<Mount>, Errno> {
    const KIND_MAX: usize = 64;
    if flags & !(u64::from(MountFlags::all().bits()) | MS_REC | MS_SILENT) != 0 {
        return Err(Errno::EINVAL);
    }
    let kind = task.read_string(kind, KIND_MAX, Errno::EINVAL)?;
    if kind != b"tmpfs" && kind != b"ramfs" {
        return Err(Errno::ENODEV);
    }
    let source = if source == 0 { b"none".to_vec() } else { task.read_path(source)? };
    let text = if data == 0 { Vec::new() } else { task.read_path(data)? };
    let limit = task.process().container().memory().total / 2;
    let options = tmpfs_options(&String::from_utf8_lossy(&text), limit).ok_or(Errno::EINVAL)?;
    Ok(Mount::new(Tmpfs::new(options), &source, wanted | MountFlags::RELATIME))
}

/// The options of tmpfs(5): size, nr_blocks, nr_inodes, mode, uid, gid; `None` where one is not known.
fn tmpfs_options(text: &str, limit: u64) -> Option<Options> {
    let mut options = Options::sized(limit);
    for option in text.split(',').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=')?;
        match name {
            "size" => options.bytes = amount(value, limit)?.min(limit),
            "nr_blocks" => options.bytes = amount(value, limit)?.saturating_mul(4096).min(limit),
            "nr_inodes" => options.inodes = amount(value, options.inodes)?.min(options.inodes),
            "mode" => options.mode = u32::from_str_radix(value, 8).ok()?,
            "uid" => options.uid = value.parse().ok()?,
            "gid" => options.gid = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

/// A number with k, m, g or %.
fn amount(text: &str, whole: u64) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let number: u64 = digits.parse().ok()?;
    match text.get(digits.len()..)? {
        "" => Some(number),
        "k" | "K" => number.checked_mul(1 << 10),
        "m" | "M" => number.checked_mul(1 << 20),
        "g" | "G" => number.checked_mul(1 << 30),
        "%" => Some((whole / 100).saturating_mul(number)),
        _ => None,
    }
}

fn umount2(task: &Arc<Task>, [target, flags, ..]: Args) -> Answer {
    const FORCE: u32 = 1;
    const DETACH: u32 = 2;
    const EXPIRE: u32 = 4;
    const NOFOLLOW: u32 = 8;
    let flags = only(flags, FORCE | DETACH | EXPIRE | NOFOLLOW)?;
    may_mount(task)?;
    let path = paths::find(task, CWD, target, flags & NOFOLLOW == 0)?;
    if !path.is_mount_root() {
        return Err(Errno::EINVAL.into());
    }
    if flags & DETACH == 0 && !path.mount.children().is_empty() {
        return Err(Errno::EBUSY.into());
    }
    path.mount.detach()?;
    Ok(0)
}
