//! Changing the tree: making, naming, removing, and attributes.
//!
//! Owns: the checks that every change passes (write permission on the directory, read-only mounts, the sticky bit,
//! mount points), the names' bookkeeping, and telling who watches. Does not own: what a file system then does.

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG, S_ISGID, S_ISUID, Stat};

use crate::kernel::Kernel;
use crate::task::{Credentials, Task, capability};
use crate::vfs::notify::FileEvents;
use crate::vfs::permission::{self, Access};
use crate::vfs::walk::{Last, Place};
use crate::vfs::{Attributes, NewNode, Path, SetAttributes};

/// renameat2(2)'s flag: fail where the new name is taken.
const NOREPLACE: u32 = 1;
/// renameat2(2)'s flag: let the names change places.
const EXCHANGE: u32 = 2;

/// Owner, group and bits of a new node in `directory`, with the umask applied. A directory with the set-group-id bit
/// passes its group on, and to directories the bit, inode(7).
pub fn new_attributes(task: &Arc<Task>, directory: &Path, node: &NewNode, mode: u32) -> Result<Attributes, Errno> {
    let who = task.credentials();
    let umask = *task.fs().umask.lock();
    let mut attributes = Attributes { mode: mode & 0o7777 & !umask, uid: who.fsuid, gid: who.fsgid };
    if matches!(node, NewNode::Symlink(_)) {
        attributes.mode = 0o777;
    }
    let parent = directory.stat()?;
    if parent.mode & S_ISGID != 0 {
        attributes.gid = parent.gid;
        if matches!(node, NewNode::Directory) {
            attributes.mode |= S_ISGID;
        }
    }
    Ok(attributes)
}

/// Whether names of `directory` may be changed: `EROFS`, `EACCES`, or `ENOENT` where it was removed.
pub fn may_change(task: &Arc<Task>, directory: &Path) -> Result<(), Errno> {
    directory.mount.writable()?;
    if directory.dentry.is_deleted() {
        return Err(Errno::ENOENT);
    }
    permission::check(&task.credentials(), &directory.stat()?, Access::WRITE | Access::EXEC)
}

/// Makes `node` at `place`; `EEXIST` where something is there.
pub fn create(task: &Arc<Task>, place: &Place, node: NewNode, mode: u32) -> Result<Path, Errno> {
    let directory = &place.directory;
    let name = place.name(Errno::EEXIST)?;
    must_be_free(directory, name)?;
    if place.slash && !matches!(node, NewNode::Directory) {
        return Err(Errno::ENOENT);
    }
    may_change(task, directory)?;
    let attributes = new_attributes(task, directory, &node, mode)?;
    let is_directory = matches!(node, NewNode::Directory);
    let inode = directory.inode().create(name, node, attributes)?;
    let dentry = directory.dentry.adopt(name, inode);
    let what = if is_directory { FileEvents::CREATE | FileEvents::ISDIR } else { FileEvents::CREATE };
    task.kernel().notifier.child(directory.inode(), name, what);
    Ok(Path { mount: Arc::clone(&directory.mount), dentry })
}

fn must_be_free(directory: &Path, name: &[u8]) -> Result<(), Errno> {
    match directory.dentry.child(name) {
        Ok(_) => Err(Errno::EEXIST),
        Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Gives what is at `target` another name, link(2).
pub fn link(task: &Arc<Task>, target: &Path, place: &Place) -> Result<(), Errno> {
    let directory = &place.directory;
    let name = place.name(Errno::EEXIST)?;
    must_be_free(directory, name)?;
    if place.slash {
        return Err(Errno::ENOENT);
    }
    if !Arc::ptr_eq(&target.mount, &directory.mount) {
        return Err(Errno::EXDEV);
    }
    if target.is_directory() {
        return Err(Errno::EPERM);
    }
    may_change(task, directory)?;
    may_link(&task.credentials(), &target.stat()?)?;
    directory.inode().link(name, target.inode())?;
    directory.dentry.adopt(name, Arc::clone(target.inode()));
    task.kernel().notifier.node(target.inode(), FileEvents::ATTRIB);
    task.kernel().notifier.child(directory.inode(), name, FileEvents::CREATE);
    Ok(())
}

/// protected_hardlinks of proc_sys_fs(5), as distributions set it.
fn may_link(who: &Credentials, stat: &Stat) -> Result<(), Errno> {
    if permission::owns(who, stat) {
        return Ok(());
    }
    let plain =
        stat.mode & S_IFMT == S_IFREG && stat.mode & S_ISUID == 0 && stat.mode & (S_ISGID | 0o010) != S_ISGID | 0o010;
    let usable = permission::check(who, stat, Access::READ | Access::WRITE).is_ok();
    if plain && usable { Ok(()) } else { Err(Errno::EPERM) }
}

/// Removes the name of something that is not a directory, unlink(2).
pub fn unlink(task: &Arc<Task>, place: &Place) -> Result<(), Errno> {
    let name = place.name(Errno::EISDIR)?;
    let child = place.directory.dentry.child(name)?;
    if child.is_directory() {
        return Err(Errno::EISDIR);
    }
    if place.slash {
        return Err(Errno::ENOTDIR);
    }
    may_remove(task, &place.directory, &child.inode().stat()?)?;
    if child.is_mountpoint() {
        return Err(Errno::EBUSY);
    }
    place.directory.inode().unlink(name)?;
    place.directory.dentry.removed(name);
    let notifier = &task.kernel().notifier;
    if !notifier.is_quiet() {
        notifier.node(child.inode(), FileEvents::ATTRIB);
        if child.inode().stat().is_ok_and(|stat| stat.nlink == 0) {
            notifier.node(child.inode(), FileEvents::DELETE_SELF);
        }
        notifier.child(place.directory.inode(), name, FileEvents::DELETE);
    }
    Ok(())
}

/// Removes an empty directory, rmdir(2).
pub fn rmdir(task: &Arc<Task>, place: &Place) -> Result<(), Errno> {
    let name = match &place.last {
        Last::Name(name) => name,
        Last::Dot => return Err(Errno::EINVAL),
        Last::DotDot => return Err(Errno::ENOTEMPTY),
        Last::Root => return Err(Errno::EBUSY),
    };
    let child = place.directory.dentry.child(name)?;
    may_remove(task, &place.directory, &child.inode().stat()?)?;
    if !child.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    if child.is_mountpoint() {
        return Err(Errno::EBUSY);
    }
    place.directory.inode().rmdir(name)?;
    place.directory.dentry.removed(name);
    let notifier = &task.kernel().notifier;
    notifier.node(child.inode(), FileEvents::DELETE_SELF | FileEvents::ISDIR);
    notifier.child(place.directory.inode(), name, FileEvents::DELETE | FileEvents::ISDIR);
    Ok(())
}

fn may_remove(task: &Arc<Task>, directory: &Path, child: &Stat) -> Result<(), Errno> {
    may_change(task, directory)?;
    permission::may_remove(&task.credentials(), &directory.stat()?, child)
}

/// rename(2), with the raw flags of renameat2.
pub fn rename(task: &Arc<Task>, old: &Place, new: &Place, flags: u32) -> Result<(), Errno> {
    if flags & !(NOREPLACE | EXCHANGE) != 0 || flags == NOREPLACE | EXCHANGE {
        return Err(Errno::EINVAL);
    }
    if !Arc::ptr_eq(&old.directory.mount, &new.directory.mount) {
        return Err(Errno::EXDEV);
    }
    let (name, new_name) = (old.name(Errno::EBUSY)?, new.name(Errno::EBUSY)?);
    let (from, to) = (&old.directory, &new.directory);
    from.mount.writable()?;
    let child = from.dentry.child(name)?;
    let replaced = match to.dentry.child(new_name) {
        Err(Errno::ENOENT) => None,
        other => Some(other?),
    };
    if flags & NOREPLACE != 0 && replaced.is_some() {
        return Err(Errno::EEXIST);
    }
    let slash = (old.slash || new.slash) && !child.is_directory();
    if slash {
        return Err(Errno::ENOTDIR);
    }
    if to.dentry.is_below(&child) {
        return Err(Errno::EINVAL);
    }
    if replaced.as_ref().is_some_and(|replaced| from.dentry.is_below(replaced)) {
        return Err(if flags & EXCHANGE != 0 { Errno::EINVAL } else { Errno::ENOTEMPTY });
    }
    let stat = child.inode().stat()?;
    may_remove(task, from, &stat)?;
    match &replaced {
        Some(replaced) => may_remove(task, to, &replaced.inode().stat()?)?,
        None => may_change(task, to)?,
    }
    if child.is_directory() && !Arc::ptr_eq(&from.dentry, &to.dentry) {
        permission::check(&task.credentials(), &stat, Access::WRITE)?;
    }
    if child.is_mountpoint() || replaced.as_ref().is_some_and(|replaced| replaced.is_mountpoint()) {
        return Err(Errno::EBUSY);
    }
    if let (Some(replaced), 0) = (&replaced, flags & EXCHANGE) {
        match (child.is_directory(), replaced.is_directory()) {
            (true, false) => return Err(Errno::ENOTDIR),
            (false, true) => return Err(Errno::EISDIR),
            _ => {}
        }
        let (one, other) = (&stat, replaced.inode().stat()?);
        if (one.dev, one.ino) == (other.dev, other.ino) {
            return Ok(());
        }
    }
    from.inode().rename(name, to.inode(), new_name, flags)?;
    if flags & EXCHANGE != 0 {
        from.dentry.exchanged(name, &to.dentry, new_name);
    } else {
        from.dentry.renamed(name, &to.dentry, new_name);
    }
    let what = if stat.mode & S_IFMT == S_IFDIR { FileEvents::ISDIR } else { FileEvents::empty() };
    let notifier = &task.kernel().notifier;
    notifier.moved(child.inode(), (from.inode(), name), (to.inode(), new_name), what);
    if let (Some(replaced), 0) = (replaced, flags & EXCHANGE)
        && replaced.inode().stat().is_ok_and(|stat| stat.nlink == 0)
    {
        notifier.node(replaced.inode(), FileEvents::DELETE_SELF);
    }
    Ok(())
}

/// chmod(2).
pub fn set_mode(task: &Arc<Task>, path: &Path, mode: u32) -> Result<(), Errno> {
    path.mount.writable()?;
    let (who, stat) = (task.credentials(), path.stat()?);
    if !permission::owns(&who, &stat) {
        return Err(Errno::EPERM);
    }
    let mode = permission::allowed_mode(&who, &stat, mode & 0o7777);
    apply(task, path, SetAttributes { mode: Some(mode), ..SetAttributes::default() })
}

/// chown(2). The set-id bits of a file that can be executed go, unless the caller may keep them.
pub fn set_owner(task: &Arc<Task>, path: &Path, uid: Option<u32>, gid: Option<u32>) -> Result<(), Errno> {
    path.mount.writable()?;
    let (who, stat) = (task.credentials(), path.stat()?);
    permission::may_chown(&who, &stat, uid, gid)?;
    let mut change = SetAttributes { uid, gid, ..SetAttributes::default() };
    if stat.mode & S_IFMT != S_IFDIR && (uid.is_some() || gid.is_some()) {
        change.mode = without_set_ids(stat.mode);
    }
    apply(task, path, change)
}

/// The permission bits without set-user-id, and without set-group-id where the group may execute;
/// `None` where neither is set.
fn without_set_ids(mode: u32) -> Option<u32> {
    let executable_by_group = if mode & 0o010 != 0 { S_ISGID } else { 0 };
    let cleared = mode & !(S_ISUID | executable_by_group);
    (cleared != mode).then_some(cleared & 0o7777)
}

/// What a write by somebody without CAP_FSETID takes from a file: its set-id bits, inode(7).
pub fn written(task: &Arc<Task>, path: &Path) {
    if task.credentials().capable(capability::FSETID) || path.dentry.kind() != S_IFREG {
        return;
    }
    if let Ok(stat) = path.stat()
        && let Some(mode) = without_set_ids(stat.mode)
    {
        let _ = path.inode().set_attributes(SetAttributes { mode: Some(mode), ..SetAttributes::default() });
    }
}

/// Makes an attribute change that was allowed.
pub fn apply(task: &Arc<Task>, path: &Path, change: SetAttributes) -> Result<(), Errno> {
    path.inode().set_attributes(change)?;
    used(task.kernel(), path, FileEvents::ATTRIB);
    Ok(())
}

/// Tells who watches `path` or its directory that it was used so.
pub fn used(kernel: &Kernel, path: &Path, what: FileEvents) {
    let notifier = &kernel.notifier;
    if notifier.is_quiet() {
        return;
    }
    let what = if path.is_directory() { what | FileEvents::ISDIR } else { what };
    let name = path.dentry.name();
    let parent = path.dentry.parent().filter(|_| !path.dentry.is_deleted());
    notifier.used(path.inode(), parent.as_ref().map(|parent| (parent.inode(), name.as_slice())), what);
}
