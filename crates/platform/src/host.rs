//! Host files, by descriptor only.
//!
//! Owns: safe calls on directories and files of the host that were handed to us, and memory files.
//! Does not own: what a guest sees of them (`kernel::fs`). A name is one component below a
//! descriptor: every look-up is beneath it and follows no link, so nothing outside is reached
//! whatever the host or a guest does to the tree meanwhile.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use abi::stat::Stat;
use abi::time::Timespec;
use rustix::fs::{
    AtFlags, FallocateFlags, MemfdFlags, Mode, OFlags, RawDir, RenameFlags, ResolveFlags, SealFlags, SeekFrom,
    Timestamps,
};
use rustix::io::Errno;

/// An error number of the host, which is not yet anything that a guest may see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostError(pub i32);

impl From<Errno> for HostError {
    fn from(errno: Errno) -> HostError {
        HostError(errno.raw_os_error())
    }
}

type Answer<T> = Result<T, HostError>;

/// How a name is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    /// A directory, to look names up in.
    Directory,
    /// A file, for reading.
    Read,
    /// A file, for reading and writing.
    Write,
}

/// One entry of a host directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub name: Vec<u8>,
    /// The inode number.
    pub ino: u64,
    /// The file type, `st_mode & S_IFMT`; 0 where the host does not say.
    pub kind: u32,
}

/// A name as the host wants it; `EINVAL` for one that is not a single component.
fn component(name: &[u8]) -> Answer<CString> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(Errno::INVAL.into());
    }
    CString::new(name).map_err(|_| Errno::INVAL.into())
}

/// Opens `name` in `directory`. A file that is not regular is refused with `ENXIO`.
pub fn open(directory: BorrowedFd<'_>, name: &[u8], how: Open) -> Answer<OwnedFd> {
    let flags = match how {
        Open::Directory => OFlags::PATH | OFlags::DIRECTORY,
        Open::Read => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
        Open::Write => OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY,
    };
    let name = component(name)?;
    if how != Open::Directory {
        only_regular(stat_of(directory, &name)?)?;
    }
    let file = beneath(directory, &name, flags)?;
    if how != Open::Directory {
        only_regular(stat(file.as_fd())?)?;
    }
    Ok(file)
}

/// As [`crate::process::within_reserve`].
fn kept(file: OwnedFd) -> Answer<OwnedFd> {
    crate::process::within_reserve(file).map_err(|_| Errno::MFILE.into())
}

fn beneath(directory: BorrowedFd<'_>, name: &CString, flags: OFlags) -> Answer<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    loop {
        match rustix::fs::openat2(directory, name, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return kept(other?),
        }
    }
}

fn only_regular(stat: Stat) -> Answer<()> {
    match stat.mode & abi::stat::S_IFMT {
        abi::stat::S_IFREG => Ok(()),
        abi::stat::S_IFDIR => Err(Errno::ISDIR.into()),
        abi::stat::S_IFLNK => Err(Errno::LOOP.into()),
        _ => Err(Errno::NXIO.into()),
    }
}

/// Makes the regular file `name`, which must not be there, and opens it for reading and writing.
pub fn create(directory: BorrowedFd<'_>, name: &[u8], mode: u32) -> Answer<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    let mode = Mode::from_raw_mode(mode & 0o777);
    kept(rustix::fs::openat2(directory, &component(name)?, flags, mode, resolve)?)
}

/// A regular file in `directory` without a name, open for reading and writing: it goes when it is closed.
pub fn nameless_file(directory: BorrowedFd<'_>) -> Answer<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    kept(rustix::fs::openat2(directory, c".", flags, Mode::from_raw_mode(0o600), resolve)?)
}

/// The status of `name` in `directory`, not following a link.
pub fn stat_at(directory: BorrowedFd<'_>, name: &[u8]) -> Answer<Stat> {
    stat_of(directory, &component(name)?)
}

fn stat_of(directory: BorrowedFd<'_>, name: &CString) -> Answer<Stat> {
    Ok(status(rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?))
}

/// The status of an open file.
pub fn stat(file: BorrowedFd<'_>) -> Answer<Stat> {
    Ok(status(rustix::fs::fstat(file)?))
}

fn status(host: rustix::fs::Stat) -> Stat {
    let time = |seconds: i64, nanoseconds: u64| Timespec { seconds, nanoseconds: nanoseconds as i64 };
    Stat {
        dev: host.st_dev,
        ino: host.st_ino,
        nlink: host.st_nlink,
        mode: host.st_mode,
        uid: host.st_uid,
        gid: host.st_gid,
        rdev: host.st_rdev,
        size: host.st_size,
        blksize: host.st_blksize,
        blocks: host.st_blocks,
        atime: time(host.st_atime, host.st_atime_nsec),
        mtime: time(host.st_mtime, host.st_mtime_nsec),
        ctime: time(host.st_ctime, host.st_ctime_nsec),
        ..Stat::default()
    }
}

/// The entries of an open directory without `.` and `..`, in the host's order.
pub fn list(directory: BorrowedFd<'_>) -> Answer<Vec<Entry>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = rustix::fs::openat(directory, c".", flags, Mode::empty())?;
    let mut buffer = vec![MaybeUninit::uninit(); 32 * 1024];
    let mut entries = RawDir::new(&open, &mut buffer);
    let mut found = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let kind = entry.file_type().as_raw_mode() & abi::stat::S_IFMT;
            found.push(Entry { name: name.to_vec(), ino: entry.ino(), kind });
        }
    }
    Ok(found)
}

/// The target of the symbolic link `name`.
pub fn read_link(directory: BorrowedFd<'_>, name: &[u8]) -> Answer<Vec<u8>> {
    Ok(rustix::fs::readlinkat(directory, &component(name)?, Vec::new())?.into_bytes())
}

/// Reads at `position`; 0 at the end.
pub fn read_at(file: BorrowedFd<'_>, buffer: &mut [u8], position: u64) -> Answer<usize> {
    loop {
        match rustix::io::pread(file, &mut *buffer, position) {
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Writes at `position`.
pub fn write_at(file: BorrowedFd<'_>, bytes: &[u8], position: u64) -> Answer<usize> {
    loop {
        match rustix::io::pwrite(file, bytes, position) {
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Cuts or grows a file.
pub fn truncate(file: BorrowedFd<'_>, length: u64) -> Answer<()> {
    Ok(rustix::fs::ftruncate(file, length)?)
}

/// fallocate(2) with its raw mode.
pub fn allocate(file: BorrowedFd<'_>, mode: u32, offset: u64, length: u64) -> Answer<()> {
    Ok(rustix::fs::fallocate(file, FallocateFlags::from_bits_retain(mode), offset, length)?)
}

/// fsync(2) of a file or directory.
pub fn sync(file: BorrowedFd<'_>) -> Answer<()> {
    match rustix::fs::fsync(file) {
        Err(Errno::BADF) => Ok(()),
        other => Ok(other?),
    }
}

/// Where the next data (or hole) begins at or after `offset`, lseek(2)'s SEEK_DATA and SEEK_HOLE.
/// Moves the host's own position, which nothing else uses.
pub fn seek_data(file: BorrowedFd<'_>, offset: u64, hole: bool) -> Answer<u64> {
    Ok(rustix::fs::seek(file, if hole { SeekFrom::Hole(offset) } else { SeekFrom::Data(offset) })?)
}

/// Makes a directory.
pub fn make_directory(directory: BorrowedFd<'_>, name: &[u8], mode: u32) -> Answer<()> {
    Ok(rustix::fs::mkdirat(directory, &component(name)?, Mode::from_raw_mode(mode & 0o777))?)
}

/// Makes a symbolic link to `target`.
pub fn make_link(directory: BorrowedFd<'_>, name: &[u8], target: &[u8]) -> Answer<()> {
    let target = CString::new(target).map_err(|_| HostError::from(Errno::INVAL))?;
    Ok(rustix::fs::symlinkat(&target, directory, &component(name)?)?)
}

/// Gives `name` in `directory` another name in `new_directory`.
pub fn link(directory: BorrowedFd<'_>, name: &[u8], new_directory: BorrowedFd<'_>, new_name: &[u8]) -> Answer<()> {
    let (name, new_name) = (component(name)?, component(new_name)?);
    Ok(rustix::fs::linkat(directory, &name, new_directory, &new_name, AtFlags::empty())?)
}

/// Removes a name; `directory_itself` where it is a directory.
pub fn remove(directory: BorrowedFd<'_>, name: &[u8], is_directory: bool) -> Answer<()> {
    let flags = if is_directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
    Ok(rustix::fs::unlinkat(directory, &component(name)?, flags)?)
}

/// renameat2(2) with its raw flags.
pub fn rename(
    directory: BorrowedFd<'_>,
    name: &[u8],
    new_directory: BorrowedFd<'_>,
    new_name: &[u8],
    flags: u32,
) -> Answer<()> {
    let (name, new_name) = (component(name)?, component(new_name)?);
    let flags = RenameFlags::from_bits_retain(flags);
    Ok(rustix::fs::renameat_with(directory, &name, new_directory, &new_name, flags)?)
}

/// Sets the permission bits of an open file: 0 ..= 0o777, since set-id bits of a guest's file must
/// mean nothing on the host.
pub fn set_mode(file: BorrowedFd<'_>, mode: u32) -> Answer<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode & 0o777))?)
}

/// Sets the permission bits of `name`, which must not be a symbolic link.
pub fn set_mode_at(directory: BorrowedFd<'_>, name: &[u8], mode: u32) -> Answer<()> {
    let place = beneath(directory, &component(name)?, OFlags::PATH)?;
    if stat(place.as_fd())?.mode & abi::stat::S_IFMT == abi::stat::S_IFLNK {
        return Err(Errno::OPNOTSUPP.into());
    }
    let mode = Mode::from_raw_mode(mode & 0o777);
    Ok(rustix::fs::chmodat(own_descriptors()?, own_name(place.as_fd()), mode, AtFlags::empty())?)
}

/// Sets access and modification time of `name`, not following a link; `None` leaves one alone.
pub fn set_times_at(
    directory: BorrowedFd<'_>,
    name: &[u8],
    atime: Option<Timespec>,
    mtime: Option<Timespec>,
) -> Answer<()> {
    let times = timestamps(atime, mtime);
    Ok(rustix::fs::utimensat(directory, &component(name)?, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Sets access and modification time of an open file.
pub fn set_times(file: BorrowedFd<'_>, atime: Option<Timespec>, mtime: Option<Timespec>) -> Answer<()> {
    Ok(rustix::fs::futimens(file, &timestamps(atime, mtime))?)
}

fn timestamps(atime: Option<Timespec>, mtime: Option<Timespec>) -> Timestamps {
    let time = |time: Option<Timespec>| match time {
        Some(time) => rustix::fs::Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds },
        None => rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
    };
    Timestamps { last_access: time(atime), last_modification: time(mtime) }
}

/// The figures of statfs(2): block size, blocks, free blocks, inodes, free inodes.
pub fn space(file: BorrowedFd<'_>) -> Answer<[u64; 5]> {
    let host = rustix::fs::fstatfs(file)?;
    Ok([host.f_bsize as u64, host.f_blocks, host.f_bavail, host.f_files, host.f_ffree])
}

/// An empty memory file that can be sealed.
pub fn memory_file(name: &str) -> Answer<OwnedFd> {
    kept(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

/// Whether anybody but the holder of `file`, a description that nobody shares, has that file open or mapped: a
/// write lease is granted where nobody has, fcntl(2) F_SETLEASE. A host without leases says no.
pub fn is_held_elsewhere(file: BorrowedFd<'_>) -> bool {
    // SAFETY: no pointers are passed.
    let granted = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) } == 0;
    if granted {
        // SAFETY: no pointers are passed.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK) };
        return false;
    }
    matches!(crate::last_errno(), libc::EAGAIN | libc::EBUSY)
}

/// Seals a memory file, fcntl(2)'s F_ADD_SEALS with its raw bits.
pub fn add_seals(file: BorrowedFd<'_>, seals: u32) -> Answer<()> {
    Ok(rustix::fs::fcntl_add_seals(file, SealFlags::from_bits_retain(seals))?)
}

/// Another description of what `file` is open at: a regular file, or a directory.
pub fn reopen(file: BorrowedFd<'_>, how: Open) -> Answer<OwnedFd> {
    let flags = match how {
        Open::Directory => OFlags::PATH | OFlags::DIRECTORY,
        Open::Read => OFlags::RDONLY | OFlags::NONBLOCK,
        Open::Write => OFlags::RDWR | OFlags::NONBLOCK,
    };
    if how != Open::Directory {
        only_regular(stat(file)?)?;
    }
    let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
    kept(rustix::fs::openat(own_descriptors()?, own_name(file), flags, Mode::empty())?)
}

/// The ids that new host files get: those of this process.
pub fn own_ids() -> (u32, u32) {
    static IDS: OnceLock<(u32, u32)> = OnceLock::new();
    *IDS.get_or_init(|| (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()))
}

/// /proc/self/fd, opened once: before the process confines itself, if [`prepare`] was called.
fn own_descriptors() -> Answer<BorrowedFd<'static>> {
    static DIRECTORY: OnceLock<Result<OwnedFd, i32>> = OnceLock::new();
    let opened = DIRECTORY.get_or_init(|| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(c"/proc/self/fd", flags, Mode::empty()).map_err(Errno::raw_os_error)
    });
    opened.as_ref().map(AsFd::as_fd).map_err(|error| HostError(*error))
}

fn own_name(file: BorrowedFd<'_>) -> String {
    file.as_raw_fd().to_string()
}

/// Opens what later calls need of the host's own tree. To be called before confinement.
pub fn prepare() -> Result<(), HostError> {
    own_descriptors().map(drop)
}
