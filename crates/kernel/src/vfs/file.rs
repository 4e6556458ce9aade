//! Open files: the contract of everything that a descriptor can stand for.
//!
//! Owns: [`File`], what an object answers without ever waiting, and [`OpenFile`], Linux's open file
//! description: object, position, flags, and the path it was opened by. Does not own: waiting
//! (`syscalls` asks again after the file's queue announced a change), descriptors (`task::files`).

use std::any::Any;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use abi::Errno;
use abi::stat::Stat;

use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::Task;
use crate::vfs::locks::Owner;
use crate::vfs::notify::FileEvents;
use crate::vfs::{Inode, Path, change};
use crate::wait::{Events, WaitQueue};

bitflags::bitflags! {
    /// The flags of open(2), as x86-64 numbers them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct OpenFlags: u32 {
        /// Writing only.
        const WRONLY = 0o1;
        /// Reading and writing.
        const RDWR = 0o2;
        /// Make the file if it is not there.
        const CREAT = 0o100;
        /// With `CREAT`: it must not be there.
        const EXCL = 0o200;
        /// Do not make it the controlling terminal.
        const NOCTTY = 0o400;
        /// Cut to length 0.
        const TRUNC = 0o1000;
        /// Write at the end.
        const APPEND = 0o2000;
        /// Calls answer EAGAIN instead of waiting.
        const NONBLOCK = 0o4000;
        /// Data is on the medium when write returns.
        const DSYNC = 0o10000;
        /// SIGIO when ready.
        const ASYNC = 0o20000;
        /// No page cache.
        const DIRECT = 0o40000;
        /// Files over 2 GiB; always so.
        const LARGEFILE = 0o100000;
        /// It must be a directory.
        const DIRECTORY = 0o200000;
        /// The last component must not be a symbolic link.
        const NOFOLLOW = 0o400000;
        /// The access time stays.
        const NOATIME = 0o1000000;
        /// Closed on execve(2).
        const CLOEXEC = 0o2000000;
        /// Data and attributes are on the medium when write returns.
        const SYNC = 0o4010000;
        /// A place in the tree only.
        const PATH = 0o10000000;
        /// A file without a name.
        const TMPFILE = 0o20200000;
    }
}

impl OpenFlags {
    /// Whether the description may be read.
    pub fn readable(self) -> bool {
        !self.contains(OpenFlags::WRONLY) && !self.contains(OpenFlags::PATH)
    }

    /// Whether the description may be written.
    pub fn writable(self) -> bool {
        self.intersects(OpenFlags::WRONLY | OpenFlags::RDWR) && !self.contains(OpenFlags::PATH)
    }
}

/// A directory entry as getdents64(2) reports it.
#[derive(Clone, Debug)]
pub struct DirEntry {
    /// The name, without slashes.
    pub name: Vec<u8>,
    /// The inode number.
    pub ino: u64,
    /// The file type: `st_mode & S_IFMT`.
    pub kind: u32,
    /// Where reading goes on after this entry.
    pub next: u64,
}

/// Where a file's bytes lie on the host.
#[derive(Clone, Debug)]
pub struct HostMapping {
    /// The host file.
    pub file: Arc<OwnedFd>,
    /// The position of the first byte there, at the beginning of a page.
    pub offset: u64,
    /// How many bytes of it are the file's; `u64::MAX` where all are, also those that will be.
    pub length: u64,
}

impl HostMapping {
    /// All of a host file.
    pub fn whole(file: Arc<OwnedFd>) -> HostMapping {
        HostMapping { file, offset: 0, length: u64::MAX }
    }
}

/// What an open object answers. Nothing here waits: a call that would have to answers `EAGAIN`, and
/// the caller listens on [`File::queue`] and asks again.
///
/// Reading and writing get a position; streams (pipes, sockets, terminals) ignore it. The flags of
/// the description are passed where the answer depends on them; `NONBLOCK` is the caller's affair.
pub trait File: Send + Sync + Any {
    /// The file's status, as fstat(2).
    fn stat(&self) -> Result<Stat, Errno>;

    /// Reads at `position` into `buffer`; 0 at the end.
    fn read(&self, _buffer: &mut [u8], _position: u64) -> Result<usize, Errno> {
        Err(Errno::EINVAL)
    }

    /// Writes `buffer` at `position`.
    fn write(&self, _buffer: &[u8], _position: u64) -> Result<usize, Errno> {
        Err(Errno::EINVAL)
    }

    /// Writes at the end in one step (`O_APPEND`); answers the bytes written and the position after.
    fn append(&self, buffer: &[u8]) -> Result<(usize, u64), Errno> {
        let end = u64::try_from(self.stat()?.size).unwrap_or(0);
        let written = self.write(buffer, end)?;
        Ok((written, end.saturating_add(written as u64)))
    }

    /// Whether positions mean anything; otherwise lseek and pread answer `ESPIPE`.
    fn seekable(&self) -> bool {
        false
    }

    /// What can be done now.
    fn poll(&self) -> Events {
        Events::IN | Events::OUT | Events::RDNORM | Events::WRNORM
    }

    /// Where changes are announced; `None` where the file is always ready (epoll answers `EPERM`).
    fn queue(&self) -> Option<&WaitQueue> {
        None
    }

    /// The entries from `position` on (0 = the start) of a directory, in one stable order, `.` and `..` first.
    fn read_dir(&self, _position: u64) -> Result<Vec<DirEntry>, Errno> {
        Err(Errno::ENOTDIR)
    }

    /// ioctl(2) with its raw number and argument, which may point into the caller's memory.
    fn ioctl(&self, _task: &Arc<Task>, _request: u32, _argument: u64) -> Result<u64, Errno> {
        Err(Errno::ENOTTY)
    }

    /// Cuts or grows to `length` bytes, as ftruncate(2).
    fn truncate(&self, _length: u64) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }

    /// lseek(2)'s SEEK_DATA, or SEEK_HOLE where `hole`: where the next data (or hole) begins.
    fn seek_data(&self, offset: u64, hole: bool) -> Result<u64, Errno> {
        let size = u64::try_from(self.stat()?.size).unwrap_or(0);
        if offset >= size { Err(Errno::ENXIO) } else { Ok(if hole { size } else { offset }) }
    }

    /// F_GET_SEALS of fcntl(2).
    fn seals(&self) -> Result<u32, Errno> {
        Err(Errno::EINVAL)
    }

    /// F_ADD_SEALS of fcntl(2).
    fn add_seals(&self, _seals: u32) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }

    /// fallocate(2) with its raw mode.
    fn allocate(&self, _mode: u32, _offset: u64, _length: u64) -> Result<(), Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    /// fsync(2).
    fn sync(&self) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }

    /// The host file that holds the file's bytes, for mmap(2). `writable`
    /// asks for one that a shared writable mapping accepts. A file that lives in our memory moves
    /// into a memfd at the first call.
    fn host_mapping(&self, _writable: bool) -> Result<HostMapping, Errno> {
        Err(Errno::ENODEV)
    }

    /// Whether mmap(2) of it is a mapping of fresh memory, as that of /dev/zero.
    fn maps_as_memory(&self) -> bool {
        false
    }

    /// Called before a task's read or write, where the object has a say about who may (a terminal
    /// stops background jobs here). Answers the errno of the call.
    fn before_io(&self, _task: &Arc<Task>, _write: bool) -> Result<(), crate::task::Fault> {
        Ok(())
    }

    /// Called before a task's ioctl, where the object has a say about who may change it (a terminal
    /// stops background jobs here, too).
    fn before_ioctl(&self, _task: &Arc<Task>, _request: u32) -> Result<(), crate::task::Fault> {
        Ok(())
    }

    /// Asked by open(2) after [`Inode::open`], until it is no longer `EAGAIN`: a FIFO waits here for its
    /// other side, as fifo(7). With `NONBLOCK` in `flags` the answer is never `EAGAIN`.
    fn opening(&self, _flags: OpenFlags) -> Result<(), Errno> {
        Ok(())
    }

    /// How many nanoseconds a read (or a write) waits at most: SO_RCVTIMEO and SO_SNDTIMEO of
    /// socket(7). The call then answers `EAGAIN`.
    fn timeout(&self, _write: bool) -> Option<crate::time::Nanos> {
        None
    }

    /// What /proc/PID/fd shows where the file has no path: `pipe:[7]`, `anon_inode:[eventfd]`.
    fn label(&self) -> String {
        "anon_inode:[unknown]".to_owned()
    }

    /// The description was opened for the last time by this flag set and is gone.
    fn released(&self, _flags: OpenFlags) {}
}

/// Linux's open file description, shared by dup(2) and fork(2).
pub struct OpenFile {
    file: Arc<dyn File>,
    inode: Option<Arc<dyn Inode>>,
    path: Option<Path>,
    flags: AtomicU32,
    position: AtomicU64,
    id: u64,
    kernel: OnceLock<Weak<Kernel>>,
    /// The process or group that F_SETOWN named, for SIGIO.
    pub owner: Mutex<i32>,
}

impl OpenFile {
    /// A description of `file` that has no place in the tree (pipe, socket, eventfd …).
    pub fn anonymous(file: Arc<dyn File>, flags: OpenFlags) -> Arc<OpenFile> {
        OpenFile::build(file, None, None, flags)
    }

    /// A description of the object that was opened at `path`.
    pub fn at_path(file: Arc<dyn File>, inode: Arc<dyn Inode>, path: Path, flags: OpenFlags) -> Arc<OpenFile> {
        OpenFile::build(file, Some(inode), Some(path), flags)
    }

    /// A description of an object that has an inode but no place in the tree: a pipe, which
    /// /proc/PID/fd/N can open once more.
    pub fn of_inode(file: Arc<dyn File>, inode: Arc<dyn Inode>, flags: OpenFlags) -> Arc<OpenFile> {
        OpenFile::build(file, Some(inode), None, flags)
    }

    fn build(
        file: Arc<dyn File>,
        inode: Option<Arc<dyn Inode>>,
        path: Option<Path>,
        flags: OpenFlags,
    ) -> Arc<OpenFile> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let kept =
            flags - OpenFlags::CREAT - OpenFlags::EXCL - OpenFlags::NOCTTY - OpenFlags::TRUNC - OpenFlags::CLOEXEC;
        Arc::new(OpenFile {
            file,
            inode,
            path,
            flags: AtomicU32::new(kept.bits()),
            position: AtomicU64::new(0),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            kernel: OnceLock::new(),
            owner: Mutex::new(0),
        })
    }

    /// A number that no other description of this kernel has or had.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// From now on the kernel hears of the last close: who watches the file is told, locks go.
    pub fn remember(&self, kernel: &Arc<Kernel>) {
        self.kernel.get_or_init(|| Arc::downgrade(kernel));
    }

    fn tell_closed(&self, kernel: &Kernel) {
        let (what, locks) = (FileEvents::CLOSE_NOWRITE, &kernel.locks);
        if !locks.is_quiet()
            && let Ok(stat) = self.file.stat()
        {
            let key = (stat.dev, stat.ino);
            locks.release_all(key, Owner::Description(self.id));
            locks.release_all(key, Owner::Whole(self.id));
        }
        let what = if self.flags().writable() { FileEvents::CLOSE_WRITE } else { what };
        if let Some(path) = self.path().filter(|_| !self.flags().contains(OpenFlags::PATH)) {
            change::used(kernel, path, what);
        }
    }

    /// The object.
    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// The object as `T`, where it is one.
    pub fn downcast<T: File>(&self) -> Option<&T> {
        let any: &dyn Any = &*self.file;
        any.downcast_ref::<T>()
    }

    /// The inode, where the description was opened by a path.
    pub fn inode(&self) -> Option<&Arc<dyn Inode>> {
        self.inode.as_ref()
    }

    /// Where it was opened.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    /// The status flags and access mode.
    pub fn flags(&self) -> OpenFlags {
        OpenFlags::from_bits_retain(self.flags.load(Ordering::Acquire))
    }

    /// Sets the flags that fcntl(F_SETFL) may change.
    pub fn set_flags(&self, flags: OpenFlags) {
        let changeable =
            OpenFlags::APPEND | OpenFlags::NONBLOCK | OpenFlags::ASYNC | OpenFlags::DIRECT | OpenFlags::NOATIME;
        self.flags.store(((self.flags() - changeable) | (flags & changeable)).bits(), Ordering::Release);
    }

    /// The position of the next read or write, in bytes (or a directory's cookie).
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Moves the position.
    pub fn set_position(&self, position: u64) {
        self.position.store(position, Ordering::Release);
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if let Some(kernel) = self.kernel.get().and_then(Weak::upgrade) {
            self.tell_closed(&kernel);
        }
        self.file.released(self.flags());
    }
}
