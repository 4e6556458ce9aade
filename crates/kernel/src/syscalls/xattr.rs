//! Extended attributes: getxattr(2), setxattr(2), listxattr(2), removexattr(2), xattr(7).

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFREG, S_ISVTX, Stat};

use super::paths::{self, CWD};
use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Credentials, Task, capability};
use crate::vfs::notify::FileEvents;
use crate::vfs::{Access, OpenFlags, Path, change, permission};

pub(super) const CALLS: &[Call] = &[
    now!(GETXATTR, getxattr),
    now!(LGETXATTR, lgetxattr),
    now!(FGETXATTR, fgetxattr),
    now!(SETXATTR, setxattr, "access control lists are refused"),
    now!(LSETXATTR, lsetxattr, "access control lists are refused"),
    now!(FSETXATTR, fsetxattr, "access control lists are refused"),
    now!(LISTXATTR, listxattr),
    now!(LLISTXATTR, llistxattr),
    now!(FLISTXATTR, flistxattr),
    now!(REMOVEXATTR, removexattr),
    now!(LREMOVEXATTR, lremovexattr),
    now!(FREMOVEXATTR, fremovexattr),
];

/// The longest name: XATTR_NAME_MAX.
const NAME_MAX: usize = 255;
/// The longest value: XATTR_SIZE_MAX.
const SIZE_MAX: u64 = 65536;

fn opened(task: &Arc<Task>, fd: u64) -> Result<Path, Errno> {
    let open = task.files().get(fd as i32)?;
    if open.flags().contains(OpenFlags::PATH) {
        return Err(Errno::EBADF);
    }
    open.path().cloned().ok_or(Errno::EOPNOTSUPP)
}

/// An attribute's name; `ERANGE` where it is empty or too long.
fn name_at(task: &Arc<Task>, address: u64) -> Result<Vec<u8>, Errno> {
    let name = task.read_string(address, NAME_MAX.saturating_add(1), Errno::ERANGE)?;
    if name.is_empty() { Err(Errno::ERANGE) } else { Ok(name) }
}

/// Whether the attribute may be read (or changed) by `who`, by the rules of its namespace.
fn allowed(who: &Credentials, stat: &Stat, name: &[u8], changing: bool) -> Result<(), Errno> {
    let refused = if changing { Errno::EPERM } else { Errno::ENODATA };
    let kind = stat.mode & abi::stat::S_IFMT;
    if name.starts_with(b"user.") {
        let sticky = kind == S_IFDIR && stat.mode & S_ISVTX != 0 && changing && !permission::owns(who, stat);
        if !matches!(kind, S_IFREG | S_IFDIR) || sticky {
            return Err(refused);
        }
        return permission::check(who, stat, if changing { Access::WRITE } else { Access::READ });
    }
    if name.starts_with(b"trusted.") {
        return if who.capable(capability::SYS_ADMIN) { Ok(()) } else { Err(refused) };
    }
    if name == b"security.capability" {
        let may = !changing || who.capable(capability::SETFCAP);
        return if may { Ok(()) } else { Err(Errno::EPERM) };
    }
    if name.starts_with(b"security.") {
        let may = !changing || who.capable(capability::SYS_ADMIN);
        return if may { Ok(()) } else { Err(Errno::EPERM) };
    }
    Err(Errno::EOPNOTSUPP)
}

/// Copies `bytes` out as these calls do: size 0 asks how many there are.
fn hand_over(task: &Arc<Task>, bytes: &[u8], buffer: u64, size: u64) -> Answer {
    if size != 0 {
        if bytes.len() as u64 > size {
            return Err(Errno::ERANGE.into());
        }
        task.write_bytes(buffer, bytes)?;
    }
    Ok(bytes.len() as u64)
}

fn get(task: &Arc<Task>, path: &Path, [name, buffer, size]: [u64; 3]) -> Answer {
    let name = name_at(task, name)?;
    allowed(&task.credentials(), &path.stat()?, &name, false)?;
    hand_over(task, &path.inode().get_xattr(&name)?, buffer, size)
}

fn set(task: &Arc<Task>, path: &Path, [name, value, size, flags]: [u64; 4]) -> Answer {
    const CREATE_REPLACE: u64 = 3;
    if flags & !CREATE_REPLACE != 0 || flags == CREATE_REPLACE {
        return Err(Errno::EINVAL.into());
    }
    let name = name_at(task, name)?;
    if size > SIZE_MAX {
        return Err(Errno::E2BIG.into());
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    task.read_bytes(value, &mut bytes)?;
    path.mount.writable()?;
    allowed(&task.credentials(), &path.stat()?, &name, true)?;
    path.inode().set_xattr(&name, &bytes, flags as u32)?;
    change::used(task.kernel(), path, FileEvents::ATTRIB);
    Ok(0)
}

fn list(task: &Arc<Task>, path: &Path, [buffer, size]: [u64; 2]) -> Answer {
    let privileged = task.credentials().capable(capability::SYS_ADMIN);
    let names = path.inode().list_xattr()?.into_iter();
    let shown = names.filter(|name| privileged || !name.starts_with(b"trusted."));
    let bytes: Vec<u8> = shown.flat_map(|name| [name.as_slice(), b"\0"].concat()).collect();
    hand_over(task, &bytes, buffer, size)
}

fn remove(task: &Arc<Task>, path: &Path, name: u64) -> Answer {
    let name = name_at(task, name)?;
    path.mount.writable()?;
    allowed(&task.credentials(), &path.stat()?, &name, true)?;
    path.inode().remove_xattr(&name)?;
    change::used(task.kernel(), path, FileEvents::ATTRIB);
    Ok(0)
}

fn getxattr(task: &Arc<Task>, [path, name, value, size, ..]: Args) -> Answer {
    get(task, &paths::find(task, CWD, path, true)?, [name, value, size])
}

fn lgetxattr(task: &Arc<Task>, [path, name, value, size, ..]: Args) -> Answer {
    get(task, &paths::find(task, CWD, path, false)?, [name, value, size])
}

fn fgetxattr(task: &Arc<Task>, [fd, name, value, size, ..]: Args) -> Answer {
    get(task, &opened(task, fd)?, [name, value, size])
}

fn setxattr(task: &Arc<Task>, [path, name, value, size, flags, ..]: Args) -> Answer {
    set(task, &paths::find(task, CWD, path, true)?, [name, value, size, flags])
}

fn lsetxattr(task: &Arc<Task>, [path, name, value, size, flags, ..]: Args) -> Answer {
    set(task, &paths::find(task, CWD, path, false)?, [name, value, size, flags])
}

fn fsetxattr(task: &Arc<Task>, [fd, name, value, size, flags, ..]: Args) -> Answer {
    set(task, &opened(task, fd)?, [name, value, size, flags])
}

fn listxattr(task: &Arc<Task>, [path, buffer, size, ..]: Args) -> Answer {
    list(task, &paths::find(task, CWD, path, true)?, [buffer, size])
}

fn llistxattr(task: &Arc<Task>, [path, buffer, size, ..]: Args) -> Answer {
    list(task, &paths::find(task, CWD, path, false)?, [buffer, size])
}

fn flistxattr(task: &Arc<Task>, [fd, buffer, size, ..]: Args) -> Answer {
    list(task, &opened(task, fd)?, [buffer, size])
}

fn removexattr(task: &Arc<Task>, [path, name, ..]: Args) -> Answer {
    remove(task, &paths::find(task, CWD, path, true)?, name)
}

fn lremovexattr(task: &Arc<Task>, [path, name, ..]: Args) -> Answer {
    remove(task, &paths::find(task, CWD, path, false)?, name)
}

fn fremovexattr(task: &Arc<Task>, [fd, name, ..]: Args) -> Answer {
    remove(task, &opened(task, fd)?, name)
}
