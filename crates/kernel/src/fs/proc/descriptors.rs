//! /proc/PID/fd and /proc/PID/fdinfo: the open files of a process.

use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::{S_IFCHR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, Stat};

use super::process::{Kind, Listing, Node};
use super::target::Target;
use super::{access, text};
use crate::fs::pseudo::{self, PseudoFs, ino_of};
use crate::task::{Pid, Task};
use crate::vfs::{File, FileSystem, FileSystemStat, Inode, Mount, MountFlags, OpenFile, OpenFlags, Path};

fn open_file(target: &Target, fd: i32) -> Result<Arc<OpenFile>, Errno> {
    target.living()?.files().get(fd).map_err(|_| Errno::ENOENT)
}

fn numbers(target: &Target) -> Vec<Vec<u8>> {
    let Ok(process) = target.living() else { return Vec::new() };
    process.files().open().into_iter().map(|fd| fd.to_string().into_bytes()).collect()
}

/// Links to the open files.
pub(super) struct Fd;

impl Listing for Fd {
    fn names(&self, target: &Target) -> Vec<Vec<u8>> {
        numbers(target)
    }

    fn entry(&self) -> u32 {
        S_IFLNK | 0o700
    }

    fn admits(&self, target: &Target, task: &Task) -> Option<bool> {
        let own = target.process().is_ok_and(|process| Arc::ptr_eq(&process, task.process()));
        own.then_some(true)
    }

    fn child(&self, fs: &Arc<PseudoFs>, own: u64, target: &Target, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        let Pid(fd) = text::id(name).ok_or(Errno::ENOENT)?;
        open_file(target, fd)?;
        Ok(Arc::new(FdLink { fs: Arc::downgrade(fs), ino: ino_of(own, name), target: target.clone(), fd }))
    }
}

/// The link of one descriptor.
struct FdLink {
    fs: Weak<PseudoFs>,
    ino: u64,
    target: Target,
    fd: i32,
}

impl Inode for FdLink {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        match self.fs.upgrade() {
            Some(fs) => fs,
            None => PseudoFs::new("none", 0, |fs| pseudo::empty(fs)),
        }
    }

    fn stat(&self) -> Result<Stat, Errno> {
        let flags = open_file(&self.target, self.fd)?.flags();
        let read = if flags.readable() { 0o500 } else { 0o100 };
        let write = if flags.writable() { 0o300 } else { 0o100 };
        let fs = self.fs.upgrade().ok_or(Errno::ENODEV)?;
        Ok(Stat { size: 64, ..fs.stat_of(self.ino, S_IFLNK | read | write, self.target.owner()) })
    }

    fn kind(&self) -> u32 {
        S_IFLNK
    }

    fn read_link(&self, task: &Arc<Task>) -> Result<Vec<u8>, Errno> {
        access::check(&self.target, task)?;
        let open = open_file(&self.target, self.fd)?;
        Ok(match open.path() {
            Some(path) => path.describe(&task.fs().root.lock().clone()),
            None => open.file().label().into_bytes(),
        })
    }

    fn follow(&self, task: &Arc<Task>) -> Option<Result<Path, Errno>> {
        let open = access::check(&self.target, task).and_then(|()| open_file(&self.target, self.fd));
        Some(open.and_then(|open| place_of(&open)))
    }

    fn open(self: Arc<Self>, _: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        Err(Errno::ELOOP)
    }
}

/// Where following the link leads. A file without a place gets one outside of the tree, where
/// pipes, terminals and memory files can be opened once more; sockets and the like answer `ENXIO`.
fn place_of(open: &Arc<OpenFile>) -> Result<Path, Errno> {
    if let Some(path) = open.path() {
        return Ok(path.clone());
    }
    let inode = match open.inode() {
        Some(inode) => Arc::clone(inode),
        None => Arc::new(Again(Arc::clone(open.file()))),
    };
    Ok(outside(inode))
}

/// A place outside of the tree for an inode that has none in it.
pub(super) fn outside(inode: Arc<dyn Inode>) -> Path {
    let alone: Arc<dyn FileSystem> = Arc::new(Alone(inode));
    Mount::new(alone, b"none", MountFlags::empty()).root()
}

/// A file system of one inode, which belongs to another.
struct Alone(Arc<dyn Inode>);

impl FileSystem for Alone {
    fn name(&self) -> &'static str {
        "none"
    }

    fn device(&self) -> u64 {
        self.0.stat().map_or(0, |stat| stat.dev)
    }

    fn root(&self) -> Arc<dyn Inode> {
        Arc::clone(&self.0)
    }

    fn stat(&self) -> FileSystemStat {
        self.0.file_system().stat()
    }
}

/// The inode of an open file that has none of its own.
struct Again(Arc<dyn File>);

impl Inode for Again {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        PseudoFs::new("none", 0, |fs| pseudo::empty(fs))
    }

    fn stat(&self) -> Result<Stat, Errno> {
        self.0.stat()
    }

    fn open(self: Arc<Self>, _: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        match self.0.stat()?.mode & S_IFMT {
            S_IFREG | S_IFCHR | S_IFIFO => Ok(Arc::clone(&self.0)),
            _ => Err(Errno::ENXIO),
        }
    }

    fn truncate(&self, length: u64) -> Result<(), Errno> {
        self.0.truncate(length)
    }
}

/// A text per open file, proc_pid_fdinfo(5).
pub(super) struct FdInfo;

impl Listing for FdInfo {
    fn names(&self, target: &Target) -> Vec<Vec<u8>> {
        numbers(target)
    }

    fn entry(&self) -> u32 {
        S_IFREG | 0o444
    }

    fn admits(&self, target: &Target, task: &Task) -> Option<bool> {
        match access::check(target, task) {
            Ok(()) => None,
            Err(_) => Some(false),
        }
    }

    fn child(&self, fs: &Arc<PseudoFs>, own: u64, target: &Target, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        let fd = text::id(name).ok_or(Errno::ENOENT)?;
        open_file(target, fd.0)?;
        let about = target.descriptor(fd.0);
        Ok(Node::new(fs, ino_of(own, name), about, self.entry(), Kind::Checked(access::check, info)))
    }
}

fn info(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let fd = target.fd.ok_or(Errno::ENOENT)?;
    let open = open_file(target, fd)?;
    let close = target.living()?.files().close_on_exec(fd).unwrap_or(false);
    let mut flags = open.flags();
    flags.set(OpenFlags::CLOEXEC, close);
    if open.path().is_some() {
        flags |= OpenFlags::LARGEFILE;
    }
    let flags = flags.bits();
    let mount = open.path().map_or(0, |path| path.mount.id);
    let ino = open.file().stat().map_or(0, |stat| stat.ino);
    Ok(format!("pos:\t{}\nflags:\t0{flags:o}\nmnt_id:\t{mount}\nino:\t{ino}\n", open.position()).into_bytes())
}
