//! /proc/PID/ns: which namespaces a process is in, namespaces(7). All of a pod are in the same; they
//! can be opened and compared, not entered.

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFREG, Stat};

use super::entries::{Entry, entry};
use super::process;
use crate::fs::pseudo::{self, PseudoFs};
use crate::task::Task;
use crate::vfs::{File, FileSystem, Inode, OpenFlags};

/// NSFS_MAGIC of statfs(2).
const MAGIC: u64 = 0x6e73_6673;

/// A kind of namespace, and the inode number of the one that there is.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    name: &'static str,
    ino: u64,
}

const fn namespace(name: &'static str, ino: u64) -> Entry {
    entry(name, 0o777, process::Kind::Namespace(Kind { name, ino }))
}

pub(super) const ENTRIES: &[Entry] = &[
    namespace("cgroup", 4_026_531_835),
    namespace("ipc", 4_026_531_839),
    namespace("mnt", 4_026_531_841),
    namespace("net", 4_026_531_840),
    namespace("pid", 4_026_531_836),
    namespace("time", 4_026_531_834),
    namespace("user", 4_026_531_837),
    namespace("uts", 4_026_531_838),
];

impl Kind {
    /// What the link shows.
    pub(super) fn label(self) -> Vec<u8> {
        format!("{}:[{}]", self.name, self.ino).into_bytes()
    }
}

impl Inode for Kind {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        PseudoFs::new("nsfs", MAGIC, |fs| pseudo::empty(fs))
    }

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(Stat { dev: 4, ino: self.ino, nlink: 1, mode: S_IFREG | 0o444, blksize: 4096, ..Stat::default() })
    }

    fn open(self: Arc<Self>, _: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        if flags.writable() { Err(Errno::EPERM) } else { Ok(Arc::new(*self)) }
    }
}

impl File for Kind {
    fn stat(&self) -> Result<Stat, Errno> {
        Inode::stat(self)
    }

    fn label(&self) -> String {
        String::from_utf8_lossy(&Kind::label(*self)).into_owned()
    }
}
