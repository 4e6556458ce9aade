//! System calls: the table and one file per family.
//!
//! Owns: what each call does with its arguments: parse, resolve, ask the room, answer. Does not own:
//! any state. Rooms never call this one.

mod attributes;
mod capability;
mod descriptor;
mod directory;
mod epoll;
mod event;
mod exec;
#[cfg(test)]
mod file_tests;
mod identity;
mod inotify;
mod ioctl;
mod limits;
mod link;
mod lock;
mod memory;
mod message;
mod message_control;
mod mount;
mod mqueue;
mod open;
mod paths;
mod pidfd;
mod pipe;
mod poll;
mod prctl;
mod process;
mod random;
mod rw;
mod sched;
mod segments;
mod signal;
mod size;
mod socket;
mod socket_address;
#[cfg(test)]
mod socket_tests;
mod splice;
mod stat;
mod system;
mod sysv_msg;
mod sysv_sem;
mod sysv_shm;
pub mod table;
mod time;
mod timer;
mod transfer;
mod xattr;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use abi::Errno;

use crate::task::{Fault, Pid, Process, Task};

/// The six argument registers.
pub type Args = [u64; 6];

/// What a handler answers: the call's return value, or why there is none.
pub type Answer = Result<u64, Fault>;

/// A handler that may wait.
pub type Waiting = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// How a call is handled.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Never waits.
    Now(fn(&Arc<Task>, Args) -> Answer),
    /// May wait.
    Waits(fn(Arc<Task>, Args) -> Waiting),
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Call {
    /// The number.
    pub number: u32,
    /// The name of syscalls(2).
    pub name: &'static str,
    /// What it does.
    pub handler: Handler,
    /// What is not as on Linux; empty where all is.
    pub gap: &'static str,
}

/// The process that a call names by the id of one of its threads, zombies left out; 0 is the
/// caller's own.
fn find_process(task: &Arc<Task>, pid: Pid) -> Result<Arc<Process>, Errno> {
    let own = task.process();
    if pid.0 == 0 || pid == task.tid || pid == own.pid {
        return Ok(Arc::clone(own));
    }
    let pids = own.pids();
    let found =
        pids.get(pid).or_else(|| pids.all().into_iter().find(|process| task.kernel().thread(process, pid).is_some()));
    found.filter(|process| !process.is_zombie()).ok_or(Errno::ESRCH)
}

/// The thread that a call names; 0 is the caller. A process's id names its first thread.
fn find_task(task: &Arc<Task>, tid: Pid) -> Result<Arc<Task>, Errno> {
    if tid.0 == 0 || tid == task.tid {
        return Ok(Arc::clone(task));
    }
    let process = find_process(task, tid)?;
    task.kernel().thread(&process, tid).ok_or(Errno::ESRCH)
}

/// A row for a handler `fn(&Arc<Task>, Args) -> Answer`.
#[macro_export]
macro_rules! now {
    ($name:ident, $handler:path) => {
        $crate::now!($name, $handler, "")
    };
    ($name:ident, $handler:path, $gap:literal) => {
        $crate::syscalls::Call {
            number: abi::nr::$name,
            name: match abi::nr::name(abi::nr::$name) {
                Some(name) => name,
                None => "",
            },
            handler: $crate::syscalls::Handler::Now($handler),
            gap: $gap,
        }
    };
}

/// A row for a handler `async fn(Arc<Task>, Args) -> Answer`.
#[macro_export]
macro_rules! waits {
    ($name:ident, $handler:path) => {
        $crate::waits!($name, $handler, "")
    };
    ($name:ident, $handler:path, $gap:literal) => {
        $crate::syscalls::Call {
            number: abi::nr::$name,
            name: match abi::nr::name(abi::nr::$name) {
                Some(name) => name,
                None => "",
            },
            handler: $crate::syscalls::Handler::Waits(|task, args| Box::pin($handler(task, args))),
            gap: $gap,
        }
    };
}
