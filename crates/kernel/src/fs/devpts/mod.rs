//! The file system of pseudo-terminals, pts(4): ptmx and one node per terminal.
//!
//! Owns: numbers and nodes of terminals; one instance per container. Does not own: terminals (`tty`).

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::stat::{S_IFCHR, S_IFDIR, Stat};
use abi::time::Timespec;

use crate::fs::device_number;
use crate::fs::pseudo::{OpenDirectory, entries};
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::{Credentials, Task, capability};
use crate::tty::{HostTerminal, MAJOR, Master, Tty};
use crate::vfs::walk::Walk;
use crate::vfs::{File, FileSystem, FileSystemStat, Inode, OpenFile, OpenFlags, Path, SetAttributes, anonymous_device};

/// statfs(2)'s number of it: DEVPTS_SUPER_MAGIC.
const MAGIC: u64 = 0x1cd1;
/// The most terminals of one container, /proc/sys/kernel/pty/max.
pub const MOST: usize = 4096;
/// The group that owns terminals in the common distributions: tty.
const TTY_GROUP: u32 = 5;
/// Inode numbers: 1 is the directory, 2 is ptmx, terminal N is N + 3.
const FIRST_INO: u64 = 3;

/// One instance.
pub struct DevPts {
    this: Weak<DevPts>,
    kernel: Weak<Kernel>,
    device: u64,
    mounted: Timespec,
    terminals: Mutex<BTreeMap<u32, Arc<Terminal>>>,
}

impl DevPts {
    /// An instance without terminals.
    pub fn new(kernel: &Arc<Kernel>) -> Arc<DevPts> {
        Arc::new_cyclic(|this| DevPts {
            this: Weak::clone(this),
            kernel: Arc::downgrade(kernel),
            device: anonymous_device(),
            mounted: crate::time::now(),
            terminals: Mutex::default(),
        })
    }

    /// The instance that is mounted at /dev/pts below `root`.
    pub fn below(root: &Path) -> Option<Arc<DevPts>> {
        let anybody = Arc::new(Credentials::user(0, 0, Vec::new()));
        let ptmx = Walk::from_root(root, anybody).find(b"/dev/pts/ptmx", true).ok()?;
        let inode: &dyn std::any::Any = &**ptmx.inode();
        inode.downcast_ref::<Ptmx>().map(|ptmx| Arc::clone(&ptmx.0))
    }

    /// A new terminal of that owner; `ENOSPC` where there are too many.
    fn allocate(self: &Arc<Self>, uid: u32) -> Result<Arc<Tty>, Errno> {
        let kernel = self.kernel.upgrade().ok_or(Errno::ENODEV)?;
        let mut terminals = self.terminals.lock();
        if terminals.len() >= MOST {
            return Err(Errno::ENOSPC);
        }
        let index = (0..).find(|index| !terminals.contains_key(index)).unwrap_or_default();
        let tty = Tty::new(index, &kernel);
        let attributes = Mutex::new(Attributes { mode: 0o620, uid, gid: TTY_GROUP, changed: crate::time::now() });
        terminals.insert(index, Arc::new(Terminal { fs: Arc::clone(self), tty: Arc::clone(&tty), attributes }));
        Ok(tty)
    }

    /// Lets go of a terminal whose master is gone.
    fn release(&self, index: u32) {
        let gone = self.terminals.lock().remove(&index);
        drop(gone);
    }

    /// How a master lets go of its terminal here.
    fn releaser(&self) -> Box<dyn Fn(u32) + Send + Sync> {
        let this = Weak::clone(&self.this);
        Box::new(move |index| {
            if let Some(fs) = this.upgrade() {
                fs.release(index);
            }
        })
    }

    /// A new terminal whose master is the sandbox itself; the guest opens it as /dev/pts/N.
    pub fn host_terminal(self: &Arc<Self>, uid: u32) -> Result<HostTerminal, Errno> {
        Ok(HostTerminal::new(self.allocate(uid)?, self.releaser()))
    }

    /// Numbers of the terminals, lowest first.
    pub fn numbers(&self) -> Vec<u32> {
        self.terminals.lock().keys().copied().collect()
    }

    fn stat_of(&self, ino: u64, mode: u32) -> Stat {
        let time = self.mounted;
        let nlink = if mode & S_IFDIR != 0 { 2 } else { 1 };
        Stat {
            dev: self.device,
            ino,
            nlink,
            mode,
            blksize: 1024,
            atime: time,
            mtime: time,
            ctime: time,
            ..Stat::default()
        }
    }
}

impl FileSystem for DevPts {
    fn name(&self) -> &'static str {
        "devpts"
    }

    fn device(&self) -> u64 {
        self.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        match self.this.upgrade() {
            Some(fs) => Arc::new(Top(fs)),
            None => unreachable!("asked through an Arc"),
        }
    }

    fn stat(&self) -> FileSystemStat {
        FileSystemStat { magic: MAGIC, block_size: 4096, ..FileSystemStat::default() }
    }

    fn options(&self) -> String {
        format!(",gid={TTY_GROUP},mode=620,ptmxmode=666")
    }
}

/// The directory.
struct Top(Arc<DevPts>);

impl Inode for Top {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        Arc::clone(&self.0) as Arc<dyn FileSystem>
    }

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.0.stat_of(1, S_IFDIR | 0o755))
    }

    fn kind(&self) -> u32 {
        S_IFDIR
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        if name == b"ptmx" {
            return Ok(Arc::new(Ptmx(Arc::clone(&self.0))));
        }
        let text = std::str::from_utf8(name).map_err(|_| Errno::ENOENT)?;
        let number: u32 = text.parse().map_err(|_| Errno::ENOENT)?;
        if number.to_string() != text {
            return Err(Errno::ENOENT);
        }
        let terminal = self.0.terminals.lock().get(&number).cloned();
        terminal.map(|terminal| terminal as Arc<dyn Inode>).ok_or(Errno::ENOENT)
    }

    fn open(self: Arc<Self>, _: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        let stat = self.stat()?;
        Ok(Arc::new(OpenDirectory(stat, move |position| {
            let ptmx = std::iter::once((b"ptmx".to_vec(), 2, S_IFCHR));
            let numbers = self.0.numbers().into_iter();
            let terminals = numbers.map(|n| (n.to_string().into_bytes(), FIRST_INO + u64::from(n), S_IFCHR));
            Ok(entries(1, ptmx.chain(terminals), position))
        })))
    }
}

/// The node that makes a new terminal each time it is opened.
struct Ptmx(Arc<DevPts>);

impl Inode for Ptmx {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        Arc::clone(&self.0) as Arc<dyn FileSystem>
    }

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(Stat { rdev: device_number(5, 2), ..self.0.stat_of(2, S_IFCHR | 0o666) })
    }

    fn open(self: Arc<Self>, task: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        let tty = self.0.allocate(task.credentials().fsuid)?;
        Ok(Arc::new(Master::new(tty, self.0.releaser())))
    }

    fn set_attributes(&self, _: SetAttributes) -> Result<(), Errno> {
        Ok(())
    }
}

struct Attributes {
    mode: u32,
    uid: u32,
    gid: u32,
    changed: Timespec,
}

/// The node of a terminal.
struct Terminal {
    fs: Arc<DevPts>,
    tty: Arc<Tty>,
    attributes: Mutex<Attributes>,
}

impl Inode for Terminal {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        Arc::clone(&self.fs) as Arc<dyn FileSystem>
    }

    fn stat(&self) -> Result<Stat, Errno> {
        let attributes = self.attributes.lock();
        let index = u64::from(self.tty.index);
        Ok(Stat {
            rdev: device_number(MAJOR, index),
            uid: attributes.uid,
            gid: attributes.gid,
            ctime: attributes.changed,
            ..self.fs.stat_of(FIRST_INO + index, S_IFCHR | attributes.mode)
        })
    }

    fn kind(&self) -> u32 {
        S_IFCHR
    }

    fn open(self: Arc<Self>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        let slave = self.tty.open(task.credentials().capable(capability::SYS_ADMIN))?;
        if !flags.contains(OpenFlags::NOCTTY) && self.tty.session().is_none() {
            // A session leader without a terminal takes it, tty(4); for all others nothing changes.
            let _ = self.tty.control(task, false);
        }
        Ok(Arc::new(slave.by_name(self)))
    }

    fn set_attributes(&self, change: SetAttributes) -> Result<(), Errno> {
        let mut attributes = self.attributes.lock();
        attributes.mode = change.mode.map_or(attributes.mode, |mode| mode & 0o7777);
        attributes.uid = change.uid.unwrap_or(attributes.uid);
        attributes.gid = change.gid.unwrap_or(attributes.gid);
        attributes.changed = crate::time::now();
        Ok(())
    }
}

/// Opens the caller's controlling terminal, tty(4): `ENXIO` where it has none.
pub(super) fn open_controlling(node: Arc<dyn Inode>, task: &Arc<Task>) -> Result<Arc<dyn File>, Errno> {
    let tty = task.process().session().tty().ok_or(Errno::ENXIO)?;
    Ok(Arc::new(tty.open(true)?.by_name(node)))
}

/// The terminal end of `tty` as TIOCGPTPEER opens it: under its name where the caller can see that.
pub(crate) fn open_peer(tty: &Arc<Tty>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<OpenFile>, Errno> {
    let slave = tty.open(task.credentials().capable(capability::SYS_ADMIN))?;
    let name = format!("/dev/pts/{}", tty.index);
    let path = Walk::of(task).find(name.as_bytes(), true).ok();
    let here = path.filter(|path| {
        let inode: &dyn std::any::Any = &**path.inode();
        inode.downcast_ref::<Terminal>().is_some_and(|terminal| Arc::ptr_eq(&terminal.tty, tty))
    });
    match here {
        Some(path) => {
            let node = Arc::clone(path.inode());
            let file = Arc::new(slave.by_name(Arc::clone(&node)));
            Ok(OpenFile::at_path(file, node, path, flags))
        }
        None => Ok(OpenFile::anonymous(Arc::new(slave), flags)),
    }
}
