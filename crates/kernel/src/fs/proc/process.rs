//! The directory of a process, /proc/PID, and of a thread, /proc/PID/task/TID.

use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, Stat};

use super::access::{self, Memory};
use super::entries::{ENTRIES, Entry};
use super::target::Target;
use super::{descriptors, namespace};
use crate::fs::pseudo::{self, Content, OpenDirectory, OpenText, PseudoFs, entries, ino_of};
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

/// The errno where a task may not read or write a file about somebody, asked at each reading and writing.
pub(super) type Guard = fn(&Target, &Task) -> Result<(), Errno>;

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
    /// A file of text for those whom the guard lets.
    Checked(Guard, Text),
    /// The same that can be written.
    CheckedWritable(Guard, Text, Accept),
    /// A file of text about the memory that the process has when it is opened.
    Memory(Text, Lost),
    /// A file that opens in a way of its own.
    Special(Open),
    /// A link to a place, for those who may look into the process.
    Link(fn(&Target) -> Result<Path, Errno>),
    /// A link to a namespace.
    Namespace(namespace::Kind),
    /// A directory of fixed entries.
    Table(&'static [Entry]),
    /// A directory whose names come and go.
    Directory(&'static dyn Listing),
}

/// What a file about memory answers where the process has none, or another than it was opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nothing.
    Empty,
    /// Nothing; but a process without memory does not let it be opened.
    Unopened,
    /// `ESRCH`.
    Error,
}

/// A directory whose names come and go.
pub(super) trait Listing: Send + Sync {
    /// Its names now.
    fn names(&self, target: &Target) -> Vec<Vec<u8>>;
    /// Who may list it and look names up, where its mode does not decide; as [`Inode::admits`].
    fn admits(&self, _target: &Target, _task: &Task) -> Option<bool> {
        None
    }
    /// The mode and kind of each of its entries.
    fn entry(&self) -> u32;
    /// The child of that name.
    fn child(&self, fs: &Arc<PseudoFs>, own: u64, target: &Target, name: &[u8]) -> Result<Arc<dyn Inode>, Errno>;
}

/// The process whose /proc directory `inode` is: pidfd_send_signal(2) takes that, too.
pub fn process_of(inode: &Arc<dyn Inode>) -> Option<Arc<Process>> {
    let inode: &dyn std::any::Any = &**inode;
    let node: &Node = inode.downcast_ref()?;
    let whole = node.target.tid.is_none() && node.ino == ino(node.target.pid);
    if whole { node.target.process().ok() } else { None }
}

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
        Node::new(fs, number, self.target.clone(), entry.mode(), entry.kind)
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
                        (name, ino, entry.mode() & S_IFMT)
                    };
                    table.iter().filter(|entry| entry.is_of(&self.target)).map(row).collect()
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

    fn open_text(&self, task: &Arc<Task>, content: Content) -> Result<Arc<dyn File>, Errno> {
        Ok(OpenText::new(self.stat()?, task, content))
    }

    fn content(&self, read: Text) -> Content {
        let target = self.target.clone();
        Content::read_only(move |task| read(&target, task))
    }

    fn writable(&self, read: Text, write: Accept) -> Content {
        let target = self.target.clone();
        self.content(read).accepting(move |task, bytes| write(&target, task, bytes))
    }

    fn about_memory(&self, task: &Arc<Task>, read: Text, lost: Lost) -> Result<Content, Errno> {
        let (target, memory) = (self.target.clone(), Memory::open(&self.target, task)?);
        if lost != Lost::Empty && !memory.is_there() {
            return Err(Errno::ESRCH);
        }
        Ok(Content::read_only(move |task| match memory.process() {
            Some(_) => read(&target, task),
            None if lost == Lost::Error => Err(Errno::ESRCH),
            None => Ok(Vec::new()),
        }))
    }

    fn guarded(&self, guard: Guard, content: Content) -> Content {
        let target = self.target.clone();
        content.guarded(move |task| guard(&target, task))
    }
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
        let public = self.mode == S_IFDIR | 0o555;
        let owner = if public { self.target.user() } else { self.target.owner() };
        Ok(self.fs()?.stat_of(self.ino, self.mode, owner))
    }

    fn kind(&self) -> u32 {
        self.mode & S_IFMT
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        let fs = self.fs()?;
        self.target.process().map_err(|_| Errno::ENOENT)?;
        match self.kind {
            Kind::Table(table) => {
                let found = table.iter().find(|entry| entry.name.as_bytes() == name && entry.is_of(&self.target));
                Ok(self.of_entry(&fs, found.ok_or(Errno::ENOENT)?))
            }
            Kind::Directory(listing) => listing.child(&fs, self.ino, &self.target, name),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn read_link(&self, task: &Arc<Task>) -> Result<Vec<u8>, Errno> {
        access::check(&self.target, task)?;
        match self.kind {
            Kind::Link(target) => Ok(target(&self.target)?.describe(&task.fs().root.lock().clone())),
            Kind::Namespace(kind) => Ok(kind.label()),
            _ => Err(Errno::EINVAL),
        }
    }

    fn follow(&self, task: &Arc<Task>) -> Option<Result<Path, Errno>> {
        let allowed = access::check(&self.target, task);
        match self.kind {
            Kind::Link(target) => Some(allowed.and_then(|()| target(&self.target))),
            Kind::Namespace(kind) => Some(allowed.map(|()| descriptors::outside(Arc::new(kind)))),
            _ => None,
        }
    }

    fn admits(&self, task: &Arc<Task>) -> Option<bool> {
        match self.kind {
            Kind::Directory(listing) => listing.admits(&self.target, task),
            _ => None,
        }
    }

    fn truncate(&self, _: u64) -> Result<(), Errno> {
        Ok(())
    }

    fn open(self: Arc<Self>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        let content = match self.kind {
            Kind::Text(read) => self.content(read),
            Kind::Writable(read, write) => self.writable(read, write),
            Kind::Checked(guard, read) => self.guarded(guard, self.content(read)),
            Kind::CheckedWritable(guard, read, write) => self.guarded(guard, self.writable(read, write)),
            Kind::Memory(read, lost) => self.about_memory(task, read, lost)?,
            Kind::Special(open) => return open(&self.target, task, flags),
            Kind::Table(_) | Kind::Directory(_) => return self.open_directory(),
            Kind::Link(_) | Kind::Namespace(_) => return Err(Errno::ELOOP),
        };
        if flags.writable() && !content.is_writable() {
            return Err(Errno::EACCES);
        }
        self.open_text(task, content)
    }
}
