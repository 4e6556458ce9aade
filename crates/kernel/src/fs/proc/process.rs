//! The directory of a process, /proc/PID, and of a thread, /proc/PID/task/TID.

use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, Stat};

use super::target::Target;
use super::{descriptors, maps, mounts, namespace, net, status, task};
use crate::fs::pseudo::{self, OpenDirectory, OpenText, PseudoFs, entries, ino_of};
use crate::task::{Pid, Process, Task};
use crate::vfs::{File, FileSystem, Inode, OpenFlags, Path};

/// The inode number of a process's directory.
pub(super) fn ino(pid: Pid) -> u64 {
    ino_of(0, &pid.0.to_le_bytes())
}

/// The directory of `process`.
pub(super) fn directory(fs: &Arc<PseudoFs>, process: &Arc<Process>) -> Arc<dyn Inode> {
    let target = Target::process_of(process);
    Node::new(fs, ino(target.pid), target, S_IFDIR | 0o555, Kind::Table(ENTRIES))
}

/// The directory of a thread.
pub(super) fn thread_directory(fs: &Arc<PseudoFs>, target: Target) -> Arc<dyn Inode> {
    let number = ino_of(ino(target.pid), &target.id().0.to_le_bytes());
    Node::new(fs, number, target, S_IFDIR | 0o555, Kind::Table(ENTRIES))
}

/// Makes a file's text: about whom, for whom.
pub(super) type Text = fn(&Target, &Arc<Task>) -> Result<Vec<u8>, Errno>;

/// Takes what is written to a file: about whom, by whom.
pub(super) type Accept = fn(&Target, &Arc<Task>, &[u8]) -> Result<(), Errno>;

/// Opens a file in a way of its own.
pub(super) type Open = fn(&Target, &Arc<Task>, OpenFlags) -> Result<Arc<dyn File>, Errno>;

/// What an entry is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A file of text.
    Text(Text),
    /// A file of text that can be written.
    Writable(Text, Accept),
    /// A file that opens in a way of its own.
    Special(Open),
    /// A link to a place.
    Link(fn(&Target) -> Result<Path, Errno>),
    /// A link that only has a text.
    Label(fn(&Target) -> Result<Vec<u8>, Errno>),
    /// A directory of fixed entries.
    Table(&'static [Entry]),
    /// A directory whose names come and go.
    Directory(&'static dyn Listing),
}

/// A directory whose names come and go.
pub(super) trait Listing: Send + Sync {
    /// Its names now.
    fn names(&self, target: &Target) -> Vec<Vec<u8>>;
    /// The mode and kind of each of its entries.
    fn entry(&self) -> u32;
    /// The child of that name.
    fn child(&self, fs: &Arc<PseudoFs>, own: u64, target: &Target, name: &[u8]) -> Result<Arc<dyn Inode>, Errno>;
}

/// A name in a process's directory.
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// Permission bits.
    pub(super) mode: u32,
    pub(super) kind: Kind,
}

pub(super) const fn entry(name: &'static str, mode: u32, kind: Kind) -> Entry {
    Entry { name, mode, kind }
}

/// The process whose /proc directory `inode` is: pidfd_send_signal(2) takes that, too.
pub fn process_of(inode: &Arc<dyn Inode>) -> Option<Arc<Process>> {
    let inode: &dyn std::any::Any = &**inode;
    let node: &Node = inode.downcast_ref()?;
    let whole = node.target.tid.is_none() && node.ino == ino(node.target.pid);
    if whole { node.target.process().ok() } else { None }
}

/// What every process shows. Threads show the same, which for a few files is more than on Linux.
const ENTRIES: &[Entry] = &[
    entry("attr", 0o555, Kind::Table(&[])),
    entry("auxv", 0o400, Kind::Text(status::auxv)),
    entry("cgroup", 0o444, Kind::Text(status::cgroup)),
    entry("cmdline", 0o444, Kind::Text(status::cmdline)),
    entry("comm", 0o644, Kind::Writable(status::comm, status::set_comm)),
    entry("coredump_filter", 0o644, Kind::Text(|_, _| Ok(b"00000033\n".to_vec()))),
    entry("cpuset", 0o444, Kind::Text(|_, _| Ok(b"/\n".to_vec()))),
    entry("cwd", 0o777, Kind::Link(status::cwd)),
    entry("environ", 0o400, Kind::Text(status::environ)),
    entry("exe", 0o777, Kind::Link(status::exe)),
    entry("fd", 0o500, Kind::Directory(&descriptors::Fd)),
    entry("fdinfo", 0o555, Kind::Directory(&descriptors::FdInfo)),
    entry("gid_map", 0o644, Kind::Text(status::id_map)),
    entry("io", 0o400, Kind::Text(status::io)),
    entry("limits", 0o444, Kind::Text(status::limits)),
    entry("loginuid", 0o644, Kind::Text(|_, _| Ok(u32::MAX.to_string().into_bytes()))),
    entry("maps", 0o444, Kind::Text(maps::maps)),
    entry("mem", 0o600, Kind::Special(maps::memory)),
    entry("mountinfo", 0o444, Kind::Text(mounts::mountinfo)),
    entry("mounts", 0o444, Kind::Text(mounts::mounts)),
    entry("mountstats", 0o400, Kind::Text(mounts::mountstats)),
    entry("net", 0o555, Kind::Table(net::ENTRIES)),
    entry("ns", 0o511, Kind::Table(namespace::ENTRIES)),
    entry("oom_adj", 0o644, Kind::Text(|_, _| Ok(b"0\n".to_vec()))),
    entry("oom_score", 0o444, Kind::Text(status::oom_score)),
    entry("oom_score_adj", 0o644, Kind::Writable(status::oom_score_adj, status::set_oom_score_adj)),
    entry("personality", 0o400, Kind::Text(status::personality)),
    entry("projid_map", 0o644, Kind::Text(status::id_map)),
    entry("root", 0o777, Kind::Link(status::root)),
    entry("sched", 0o644, Kind::Text(status::sched)),
    entry("schedstat", 0o444, Kind::Text(|target, _| Ok(target.host_file("schedstat")))),
    entry("sessionid", 0o444, Kind::Text(|_, _| Ok(u32::MAX.to_string().into_bytes()))),
    entry("setgroups", 0o644, Kind::Text(|_, _| Ok(b"allow\n".to_vec()))),
    entry("smaps", 0o444, Kind::Text(maps::smaps)),
    entry("smaps_rollup", 0o444, Kind::Text(maps::smaps_rollup)),
    entry("stat", 0o444, Kind::Text(status::stat)),
    entry("statm", 0o444, Kind::Text(status::statm)),
    entry("status", 0o444, Kind::Text(status::status)),
    entry("task", 0o555, Kind::Directory(&task::Threads)),
    entry("timers", 0o444, Kind::Text(|_, _| Ok(Vec::new()))),
    entry("timerslack_ns", 0o666, Kind::Text(status::timer_slack)),
    entry("uid_map", 0o644, Kind::Text(status::id_map)),
    entry("wchan", 0o444, Kind::Text(|_, _| Ok(b"0".to_vec()))),
];

/// An inode about a process.
pub(super) struct Node {
    fs: Weak<PseudoFs>,
    ino: u64,
    target: Target,
    mode: u32,
    kind: Kind,
}

impl Node {
    pub(super) fn new(fs: &Arc<PseudoFs>, ino: u64, target: Target, mode: u32, kind: Kind) -> Arc<Node> {
        Arc::new(Node { fs: Arc::downgrade(fs), ino, target, mode, kind })
    }

    fn fs(&self) -> Result<Arc<PseudoFs>, Errno> {
        self.fs.upgrade().ok_or(Errno::ENODEV)
    }

    fn of_entry(&self, fs: &Arc<PseudoFs>, entry: &Entry) -> Arc<Node> {
        let number = ino_of(self.ino, entry.name.as_bytes());
        Node::new(fs, number, self.target.clone(), mode_of(entry), entry.kind)
    }

    fn open_directory(self: Arc<Self>) -> Result<Arc<dyn File>, Errno> {
        let stat = self.stat()?;
        Ok(Arc::new(OpenDirectory(stat, move |position| {
            let number = |name: &[u8]| ino_of(self.ino, name);
            let names: Vec<pseudo::Name> = match self.kind {
                Kind::Table(table) => {
                    let row = |entry: &Entry| {
                        let name = entry.name.as_bytes().to_vec();
                        let ino = number(&name);
                        (name, ino, mode_of(entry) & S_IFMT)
                    };
                    table.iter().map(row).collect()
                }
                Kind::Directory(listing) => {
                    let kind = listing.entry() & S_IFMT;
                    let names = listing.names(&self.target).into_iter();
                    names.map(|name| (name.clone(), number(&name), kind)).collect()
                }
                _ => Vec::new(),
            };
            Ok(entries(self.ino, names.into_iter(), position))
        })))
    }

    fn open_text(
        self: Arc<Self>,
        task: &Arc<Task>,
        flags: OpenFlags,
        read: Text,
        write: Option<Accept>,
    ) -> Result<Arc<dyn File>, Errno> {
        if flags.writable() && write.is_none() {
            return Err(Errno::EACCES);
        }
        let (target, written) = (self.target.clone(), self.target.clone());
        let generate = Box::new(move |task: &Arc<Task>| read(&target, task));
        let accept = Box::new(move |task: &Arc<Task>, bytes: &[u8]| match write {
            Some(write) => write(&written, task, bytes),
            None => Err(Errno::EIO),
        });
        Ok(OpenText::new(self.stat()?, task, generate, accept))
    }
}

/// Type and permissions of an entry.
fn mode_of(entry: &Entry) -> u32 {
    let kind = match entry.kind {
        Kind::Text(_) | Kind::Writable(..) | Kind::Special(_) => S_IFREG,
        Kind::Link(_) | Kind::Label(_) => S_IFLNK,
        Kind::Table(_) | Kind::Directory(_) => S_IFDIR,
    };
    kind | entry.mode
}

impl Inode for Node {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        match self.fs.upgrade() {
            Some(fs) => fs,
            None => PseudoFs::new("none", 0, |fs| pseudo::empty(fs)),
        }
    }

    fn stat(&self) -> Result<Stat, Errno> {
        self.target.process().map_err(|_| Errno::ENOENT)?;
        // The directory itself and its public files stay visible whoever owns them.
        Ok(self.fs()?.stat_of(self.ino, self.mode, self.target.owner()))
    }

    fn kind(&self) -> u32 {
        self.mode & S_IFMT
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        let fs = self.fs()?;
        self.target.process().map_err(|_| Errno::ENOENT)?;
        match self.kind {
            Kind::Table(table) => {
                let found = table.iter().find(|entry| entry.name.as_bytes() == name);
                Ok(self.of_entry(&fs, found.ok_or(Errno::ENOENT)?))
            }
            Kind::Directory(listing) => listing.child(&fs, self.ino, &self.target, name),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn read_link(&self, task: &Arc<Task>) -> Result<Vec<u8>, Errno> {
        match self.kind {
            Kind::Link(target) => Ok(target(&self.target)?.describe(&task.fs().root.lock().clone())),
            Kind::Label(label) => label(&self.target),
            _ => Err(Errno::EINVAL),
        }
    }

    fn follow(&self, _: &Arc<Task>) -> Option<Result<Path, Errno>> {
        match self.kind {
            Kind::Link(target) => Some(target(&self.target)),
            _ => None,
        }
    }

    fn truncate(&self, _: u64) -> Result<(), Errno> {
        Ok(())
    }

    fn open(self: Arc<Self>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        match self.kind {
            Kind::Text(read) => self.open_text(task, flags, read, None),
            Kind::Writable(read, write) => self.open_text(task, flags, read, Some(write)),
            Kind::Special(open) => open(&self.target, task, flags),
            Kind::Table(_) | Kind::Directory(_) => self.open_directory(),
            Kind::Link(_) | Kind::Label(_) => Err(Errno::ELOOP),
        }
    }
}
