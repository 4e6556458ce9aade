//! What the calls about files pass: vectors, locks, statx, statfs, open_how.
//!
//! Owns: layouts and the numbers that more than one call uses. Does not own: what a flag means.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Relative to the working directory.
pub const AT_FDCWD: i32 = -100;
/// The last component is not followed.
pub const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
/// unlinkat(2) removes a directory.
pub const AT_REMOVEDIR: u32 = 0x200;
/// faccessat(2) asks with the effective ids.
pub const AT_EACCESS: u32 = 0x200;
/// linkat(2) follows the last component.
pub const AT_SYMLINK_FOLLOW: u32 = 0x400;
/// Nothing is mounted for the asking; nothing ever is.
pub const AT_NO_AUTOMOUNT: u32 = 0x800;
/// An empty path means the descriptor itself.
pub const AT_EMPTY_PATH: u32 = 0x1000;
/// How fresh statx(2)'s answer must be; ours always is.
pub const AT_STATX_SYNC_TYPE: u32 = 0x6000;

/// A shared lock, fcntl(2)'s `l_type`.
pub const F_RDLCK: i16 = 0;
/// An exclusive lock.
pub const F_WRLCK: i16 = 1;
/// No lock.
pub const F_UNLCK: i16 = 2;

/// `struct flock` of fcntl(2).
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the one of that name in fcntl(2), without `l_`")]
pub struct Flock {
    pub kind: i16,
    pub whence: i16,
    pub pad: u32,
    pub start: i64,
    pub length: i64,
    pub pid: i32,
    pub pad_end: u32,
}

/// `struct open_how` of openat2(2).
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct OpenHow {
    /// As open(2), but unknown bits are refused.
    pub flags: u64,
    /// Permission bits of a new file.
    pub mode: u64,
    /// How the path may be resolved.
    pub resolve: u64,
}

/// `struct statx_timestamp`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct StatxTime {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds.
    pub nanoseconds: u32,
    /// Unused.
    pub reserved: i32,
}

/// `struct statx`, 256 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the one of that name in statx(2), without `stx_`")]
pub struct Statx {
    pub mask: u32,
    pub blksize: u32,
    pub attributes: u64,
    pub nlink: u32,
    pub uid: u32,
    pub gid: u32,
    pub mode: u16,
    pub spare: u16,
    pub ino: u64,
    pub size: u64,
    pub blocks: u64,
    pub attributes_mask: u64,
    pub atime: StatxTime,
    pub btime: StatxTime,
    pub ctime: StatxTime,
    pub mtime: StatxTime,
    pub rdev_major: u32,
    pub rdev_minor: u32,
    pub dev_major: u32,
    pub dev_minor: u32,
    pub mount_id: u64,
    pub reserved: [u64; 13],
}

/// The mask of what stat(2) tells: STATX_BASIC_STATS.
pub const STATX_BASIC_STATS: u32 = 0x7ff;
/// STATX_MNT_ID.
pub const STATX_MNT_ID: u32 = 0x1000;
/// STATX_ATTR_MOUNT_ROOT.
pub const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;

/// `struct statfs`, 120 bytes.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the one of that name in statfs(2), without `f_`")]
pub struct Statfs {
    pub kind: u64,
    pub bsize: u64,
    pub blocks: u64,
    pub bfree: u64,
    pub bavail: u64,
    pub files: u64,
    pub ffree: u64,
    pub fsid: u64,
    pub namelen: u64,
    pub frsize: u64,
    pub flags: u64,
    pub spare: [u64; 4],
}

const _: () = assert!(size_of::<Statx>() == 256 && size_of::<Statfs>() == 120 && size_of::<Flock>() == 32);
