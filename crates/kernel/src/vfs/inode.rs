//! Inodes: the contract between the tree and the file systems.
//!
//! Owns: [`Inode`] and [`FileSystem`], which every `fs/*` implements. Does not own: walking, mounts
//! and permission checks (`vfs::walk`): a file system answers about its own objects only and may
//! trust that the caller was allowed to ask.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFMT, Stat};
use abi::time::Timespec;

use crate::task::Task;
use crate::vfs::{File, OpenFlags, Slot};

/// What `Inode::create` makes.
#[derive(Clone, Debug)]
pub enum NewNode {
    /// An empty regular file.
    Regular,
    /// An empty directory.
    Directory,
    /// A symbolic link to these bytes.
    Symlink(Vec<u8>),
    /// A FIFO.
    Fifo,
    /// A Unix socket's name.
    Socket,
    /// A character device of that number.
    CharDevice(u64),
    /// A block device of that number.
    BlockDevice(u64),
}

/// Who owns a new node, and its permission bits (umask already applied).
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// Permission bits, 0 ..= 0o7777.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A change of attributes; `None` leaves one alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetAttributes {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Access time.
    pub atime: Option<Timespec>,
    /// Modification time.
    pub mtime: Option<Timespec>,
}

/// An object of a file system. Names are single components, never empty, `.` or `..`.
pub trait Inode: Send + Sync + Any {
    /// The file system it belongs to.
    fn file_system(&self) -> Arc<dyn FileSystem>;

    /// Its status.
    fn stat(&self) -> Result<Stat, Errno>;

    /// Its type, `st_mode & S_IFMT`, which never changes.
    fn kind(&self) -> u32 {
        self.stat().map_or(0, |stat| stat.mode & S_IFMT)
    }

    /// Where another room keeps the object behind a FIFO's or a socket's name.
    fn slot(&self) -> Option<&Slot> {
        None
    }

    /// The child of that name.
    fn lookup(&self, _name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        Err(Errno::ENOTDIR)
    }

    /// Makes a child; `EEXIST` where the name is taken.
    fn create(&self, _name: &[u8], _node: NewNode, _attributes: Attributes) -> Result<Arc<dyn Inode>, Errno> {
        Err(Errno::EPERM)
    }

    /// Makes a regular file without a name, which [`Inode::link`] may name later: O_TMPFILE.
    fn create_nameless(&self, _attributes: Attributes) -> Result<Arc<dyn Inode>, Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    /// Another name for `target`, an inode of the same file system.
    fn link(&self, _name: &[u8], _target: &Arc<dyn Inode>) -> Result<(), Errno> {
        Err(Errno::EPERM)
    }

    /// Removes the name of something that is not a directory.
    fn unlink(&self, _name: &[u8]) -> Result<(), Errno> {
        Err(Errno::EPERM)
    }

    /// Removes an empty directory.
    fn rmdir(&self, _name: &[u8]) -> Result<(), Errno> {
        Err(Errno::EPERM)
    }

    /// Moves a child to `new_parent`, of the same file system; `flags` as renameat2(2).
    fn rename(&self, _name: &[u8], _new_parent: &Arc<dyn Inode>, _new_name: &[u8], _flags: u32) -> Result<(), Errno> {
        Err(Errno::EPERM)
    }

    /// The target of a symbolic link that is the same for all who ask.
    fn link_text(&self) -> Result<Vec<u8>, Errno> {
        Err(Errno::EINVAL)
    }

    /// The target of a symbolic link. `task` is who asks (`/proc/self` depends on it).
    fn read_link(&self, _task: &Arc<Task>) -> Result<Vec<u8>, Errno> {
        self.link_text()
    }

    /// For the links of /proc/PID/fd, cwd, root and exe: where following leads, whatever the text says.
    fn follow(&self, _task: &Arc<Task>) -> Option<Result<crate::vfs::Path, Errno>> {
        None
    }

    /// For the directories of /proc/PID: true if they let `task` in whatever their mode says, false if
    /// they keep it out. `None` where the mode decides.
    fn admits(&self, _task: &Arc<Task>) -> Option<bool> {
        None
    }

    /// Changes attributes. The change time is set by the file system; a change of owner by the calls
    /// has cleared the set-id bits in `mode` already.
    fn set_attributes(&self, _change: SetAttributes) -> Result<(), Errno> {
        Err(Errno::EPERM)
    }

    /// Cuts or grows a regular file, as truncate(2).
    fn truncate(&self, _length: u64) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }

    /// An open object; permission has been checked, `TRUNC` is still to be done by the caller.
    fn open(self: Arc<Self>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno>;

    /// The value of an extended attribute.
    fn get_xattr(&self, _name: &[u8]) -> Result<Vec<u8>, Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    /// Sets an extended attribute; `flags` as setxattr(2).
    fn set_xattr(&self, _name: &[u8], _value: &[u8], _flags: u32) -> Result<(), Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    /// The names of the extended attributes.
    fn list_xattr(&self) -> Result<Vec<Vec<u8>>, Errno> {
        Ok(Vec::new())
    }

    /// Removes an extended attribute.
    fn remove_xattr(&self, _name: &[u8]) -> Result<(), Errno> {
        Err(Errno::EOPNOTSUPP)
    }
}

/// How full a file system is of which guests have mapped files, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedSpace {
    /// What its files hold.
    pub used: u64,
    /// What they may.
    pub limit: u64,
}

/// statfs(2)'s figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystemStat {
    /// The magic number, as statfs(2) lists them.
    pub magic: u64,
    /// Bytes of a block.
    pub block_size: u64,
    /// Blocks in all.
    pub blocks: u64,
    /// Blocks free.
    pub free: u64,
    /// Inodes in all.
    pub files: u64,
    /// Inodes free.
    pub files_free: u64,
}

/// A mountable file system.
pub trait FileSystem: Send + Sync {
    /// Its type as /proc/mounts shows it.
    fn name(&self) -> &'static str;

    /// The device number of its inodes.
    fn device(&self) -> u64;

    /// Its top directory.
    fn root(&self) -> Arc<dyn Inode>;

    /// statfs(2).
    fn stat(&self) -> FileSystemStat;

    /// How many bytes of the kernel's memory its files hold.
    fn bytes_in_kernel(&self) -> u64 {
        0
    }

    /// Bytes of memory that its files hold, those that guests hold by mappings included.
    fn memory_bytes(&self) -> u64 {
        0
    }

    /// How many bytes are used of how many there may be, where it has a size of its own.
    fn used_of(&self) -> Option<(u64, u64)> {
        None
    }

    /// What guests hold of it by mappings, where they can: they fill holes of files without a call.
    fn mapped_space(&self) -> Option<MappedSpace> {
        None
    }

    /// Whether names come and go through the calls of [`Inode`] only, so that a name needs no second look-up.
    fn stable_names(&self) -> bool {
        false
    }

    /// A mount keeps the top directory from now on, the file system need not.
    fn mounted(&self) {}

    /// Lets go of what is kept for speed only, when the tree it was mounted in ends.
    fn forget(&self) {}

    /// The numbers of the inodes that are there now, where others than guests change the tree.
    fn numbers(&self) -> Option<BTreeSet<u64>> {
        None
    }

    /// What /proc/mounts shows behind the mount's own options: `,size=1024k`.
    fn options(&self) -> String {
        String::new()
    }

    /// syncfs(2).
    fn sync(&self) -> Result<(), Errno> {
        Ok(())
    }
}
