//! Opening what a path names: open(2).
//!
//! Owns: [`open`]: making the file where it is asked for, permissions, truncation. Does not own: waiting for a FIFO's
//! other side ([`crate::vfs::File::opening`], asked by the caller), descriptors.

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG};

use crate::task::Task;
use crate::vfs::change::{self, new_attributes};
use crate::vfs::notify::FileEvents;
use crate::vfs::permission::{self, Access};
use crate::vfs::walk::{Last, Place, Reached, Walk};
use crate::vfs::{Dentry, File, MountFlags, NewNode, OpenFile, OpenFlags, Path};

/// Opens `path` by `walk`; a file that is made gets `mode` without the umask's bits.
pub fn open(
    task: &Arc<Task>,
    walk: Walk<'_>,
    path: &[u8],
    flags: OpenFlags,
    mode: u32,
) -> Result<Arc<OpenFile>, Errno> {
    let follow = !flags.contains(OpenFlags::NOFOLLOW);
    if flags.contains(OpenFlags::PATH) {
        return open_place(walk.find(path, follow)?, flags);
    }
    if flags.contains(OpenFlags::TMPFILE) {
        if !flags.writable() {
            return Err(Errno::EINVAL);
        }
        return open_nameless(task, walk.find(path, follow)?, flags, mode);
    }
    if !flags.contains(OpenFlags::CREAT) {
        return open_found(task, walk.find(path, follow)?, flags);
    }
    if flags.contains(OpenFlags::DIRECTORY) {
        return Err(Errno::EINVAL);
    }
    if path.ends_with(b"/") {
        let root = walk.place(path)?.last == Last::Root;
        return Err(if root && flags.contains(OpenFlags::EXCL) { Errno::EEXIST } else { Errno::EISDIR });
    }
    let exclusive = flags.contains(OpenFlags::EXCL);
    match walk.find_or_place(path, follow && !exclusive)? {
        Reached::Found(_) if exclusive => Err(Errno::EEXIST),
        Reached::Found(found) if found.is_directory() => Err(Errno::EISDIR),
        Reached::Found(found) => open_found(task, found, flags),
        Reached::Place(place) if place.slash => Err(Errno::EISDIR),
        Reached::Place(place) => open_new(task, &place, flags, mode),
    }
}

fn open_new(task: &Arc<Task>, place: &Place, flags: OpenFlags, mode: u32) -> Result<Arc<OpenFile>, Errno> {
    let made = change::create(task, place, NewNode::Regular, mode)?;
    let file = Arc::clone(made.inode()).open(task, flags)?;
    Ok(opened(task, file, made, flags))
}

/// Opens what is at `path`, with the checks of open(2).
pub fn open_found(task: &Arc<Task>, path: Path, flags: OpenFlags) -> Result<Arc<OpenFile>, Errno> {
    let kind = path.dentry.kind();
    let changes = flags.writable() || flags.contains(OpenFlags::TRUNC);
    match kind {
        S_IFLNK => return Err(Errno::ELOOP),
        S_IFDIR if changes => return Err(Errno::EISDIR),
        _ if kind != S_IFDIR && flags.contains(OpenFlags::DIRECTORY) => return Err(Errno::ENOTDIR),
        _ => {}
    }
    may_open(task, &path, flags)?;
    if changes && kind == S_IFREG {
        path.mount.writable()?;
    }
    if matches!(kind, S_IFCHR | S_IFBLK) && path.mount.flags().contains(MountFlags::NODEV) {
        return Err(Errno::EACCES);
    }
    let file = Arc::clone(path.inode()).open(task, flags)?;
    if flags.contains(OpenFlags::TRUNC) && kind == S_IFREG {
        path.inode().truncate(0)?;
        change::used(task.kernel(), &path, FileEvents::MODIFY);
    }
    Ok(opened(task, file, path, flags))
}

fn may_open(task: &Arc<Task>, path: &Path, flags: OpenFlags) -> Result<(), Errno> {
    let who = task.credentials();
    let mut wanted = Access::empty();
    wanted.set(Access::READ, flags.readable());
    wanted.set(Access::WRITE, flags.writable() || flags.contains(OpenFlags::TRUNC));
    let stat = path.stat()?;
    match path.inode().admits(task) {
        Some(true) => {}
        Some(false) => return Err(Errno::EACCES),
        None => permission::check(&who, &stat, wanted)?,
    }
    if flags.contains(OpenFlags::NOATIME) && !permission::owns(&who, &stat) {
        return Err(Errno::EPERM);
    }
    Ok(())
}

fn opened(task: &Arc<Task>, file: Arc<dyn File>, path: Path, flags: OpenFlags) -> Arc<OpenFile> {
    change::used(task.kernel(), &path, FileEvents::OPEN);
    let inode = Arc::clone(path.inode());
    let open = OpenFile::at_path(file, inode, path, flags);
    open.remember(task.kernel());
    open
}

/// A description with O_PATH: a place, which nothing is read from.
struct PlaceFile(Path);

impl File for PlaceFile {
    fn stat(&self) -> Result<abi::stat::Stat, Errno> {
        self.0.stat()
    }

    fn read(&self, _: &mut [u8], _: u64) -> Result<usize, Errno> {
        Err(Errno::EBADF)
    }

    fn write(&self, _: &[u8], _: u64) -> Result<usize, Errno> {
        Err(Errno::EBADF)
    }

    fn truncate(&self, _: u64) -> Result<(), Errno> {
        Err(Errno::EBADF)
    }
}

fn open_place(path: Path, flags: OpenFlags) -> Result<Arc<OpenFile>, Errno> {
    if flags.contains(OpenFlags::DIRECTORY) && !path.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    let inode = Arc::clone(path.inode());
    let kept = flags & (OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::NOFOLLOW | OpenFlags::CLOEXEC);
    Ok(OpenFile::at_path(Arc::new(PlaceFile(path.clone())), inode, path, kept))
}

fn open_nameless(task: &Arc<Task>, path: Path, flags: OpenFlags, mode: u32) -> Result<Arc<OpenFile>, Errno> {
    if !path.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    change::may_change(task, &path)?;
    let attributes = new_attributes(task, &path, &NewNode::Regular, mode)?;
    let inode = path.inode().create_nameless(attributes)?;
    let name = format!("#{}", inode.stat()?.ino);
    let dentry = Dentry::nameless(&path.dentry, name.as_bytes(), Arc::clone(&inode));
    let flags = flags - (OpenFlags::TMPFILE - OpenFlags::DIRECTORY) - OpenFlags::DIRECTORY;
    let file = Arc::clone(&inode).open(task, flags)?;
    Ok(OpenFile::at_path(file, inode, Path { mount: path.mount, dentry }, flags))
}
