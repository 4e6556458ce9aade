//! The proc file system, proc(5).
//!
//! Owns: what a container's /proc shows: the processes of its pid namespace, the machine as its
//! guests see it, and the settings below /proc/sys. Does not own: the figures of a running guest,
//! which are the host's (`Platform::proc_file`), with every id, name and path put in our terms.

mod access;
mod descriptors;
mod entries;
mod machine;
mod maps;
mod memory;
mod mounts;
mod namespace;
mod net;
mod process;
mod status;
mod sys;
mod target;
mod task;
mod text;

pub use process::process_of;

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, Stat};

use crate::fs::pseudo::{Directory, Link, OpenDirectory, PseudoFs, entries, ino_of};
use crate::task::{Pid, Pids, Task};
use crate::vfs::{File, FileSystem, Inode, OpenFlags};

/// PROC_SUPER_MAGIC of statfs(2).
const MAGIC: u64 = 0x9fa0;
/// The inode number of the top directory.
const TOP: u64 = 1;

/// The /proc of a pid namespace.
pub fn new(pids: &Arc<Pids>) -> Arc<dyn FileSystem> {
    PseudoFs::new("proc", MAGIC, |fs| {
        let mut fixed = machine::files(fs);
        fixed.push(("self", own(fs, "self", |task| task.process().pid.0.to_string())));
        let thread = |task: &Arc<Task>| format!("{}/task/{}", task.process().pid.0, task.tid.0);
        fixed.push(("thread-self", own(fs, "thread-self", thread)));
        fixed.push(("mounts", own(fs, "mounts", |_| "self/mounts".to_owned())));
        fixed.push(("net", own(fs, "net", |_| "self/net".to_owned())));
        fixed.push(("sys", sys::directory(fs)));
        let fixed = Directory::new(fs, TOP, fixed);
        Arc::new(Top { fs: Arc::downgrade(fs), pids: Arc::clone(pids), fixed })
    })
}

fn own(fs: &Arc<PseudoFs>, name: &str, target: fn(&Arc<Task>) -> String) -> Arc<dyn Inode> {
    Link::new(fs, ino_of(TOP, name.as_bytes()), move |task| Ok(target(task).into_bytes()))
}

/// The top directory: fixed names and one directory per process.
struct Top {
    fs: std::sync::Weak<PseudoFs>,
    pids: Arc<Pids>,
    fixed: Arc<Directory>,
}

impl Inode for Top {
    fn file_system(&self) -> Arc<dyn FileSystem> {
        self.fixed.file_system()
    }

    fn stat(&self) -> Result<Stat, Errno> {
        let fs = self.fs.upgrade().ok_or(Errno::ENODEV)?;
        Ok(fs.stat_of(TOP, S_IFDIR | 0o555, (0, 0)))
    }

    fn kind(&self) -> u32 {
        S_IFDIR
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        if let Some(fixed) = self.fixed.child(name) {
            return Ok(fixed);
        }
        let fs = self.fs.upgrade().ok_or(Errno::ENODEV)?;
        let pid = text::id(name).ok_or(Errno::ENOENT)?;
        let process = self.pids.get(pid).ok_or(Errno::ENOENT)?;
        Ok(process::directory(&fs, &process))
    }

    fn open(self: Arc<Self>, _: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        let stat = self.stat()?;
        Ok(Arc::new(OpenDirectory(stat, move |position| {
            let fixed = self.fixed.listing();
            let number = |Pid(pid)| (pid.to_string().into_bytes(), process::ino(Pid(pid)), S_IFDIR);
            let processes = self.pids.all().into_iter().map(|process| number(process.pid));
            Ok(entries(TOP, fixed.into_iter().chain(processes), position))
        })))
    }
}
