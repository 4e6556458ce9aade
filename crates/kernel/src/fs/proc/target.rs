//! Which process or thread a directory of /proc is about.

use std::sync::{Arc, Weak};

use abi::Errno;

use crate::task::{Credentials, Pid, Process, Task};

/// A process, or one thread of it.
#[derive(Clone)]
pub(super) struct Target {
    process: Weak<Process>,
    /// The process's id, also when it is gone.
    pub(super) pid: Pid,
    /// The thread, below /proc/PID/task.
    pub(super) tid: Option<Pid>,
    /// The descriptor, below /proc/PID/fdinfo.
    pub(super) fd: Option<i32>,
}

impl Target {
    /// The whole process.
    pub(super) fn process_of(process: &Arc<Process>) -> Target {
        Target { process: Arc::downgrade(process), pid: process.pid, tid: None, fd: None }
    }

    /// One thread of it.
    pub(super) fn thread(&self, tid: Pid) -> Target {
        Target { tid: Some(tid), ..self.clone() }
    }

    /// One descriptor of it.
    pub(super) fn descriptor(&self, fd: i32) -> Target {
        Target { fd: Some(fd), ..self.clone() }
    }

    /// The id that the directory is called by.
    pub(super) fn id(&self) -> Pid {
        self.tid.unwrap_or(self.pid)
    }

    /// The process, or `ESRCH` where it is gone.
    pub(super) fn process(&self) -> Result<Arc<Process>, Errno> {
        let process = self.process.upgrade().ok_or(Errno::ESRCH)?;
        let known = process.pids().get(self.pid).is_some_and(|known| Arc::ptr_eq(&known, &process));
        if known { Ok(process) } else { Err(Errno::ESRCH) }
    }

    /// The process while it has memory and files: `ESRCH` for a zombie, too.
    pub(super) fn living(&self) -> Result<Arc<Process>, Errno> {
        let process = self.process()?;
        if process.is_zombie() { Err(Errno::ESRCH) } else { Ok(process) }
    }

    /// The thread, or the process's first.
    pub(super) fn task(&self) -> Result<Arc<Task>, Errno> {
        let process = self.living()?;
        process.kernel().thread(&process, self.id()).ok_or(Errno::ESRCH)
    }

    /// The text of a file of the host's about it, empty where it is gone.
    pub(super) fn host_file(&self, name: &str) -> Vec<u8> {
        let Ok(process) = self.living() else { return Vec::new() };
        let kernel = process.kernel();
        let host = match self.tid {
            Some(tid) => kernel.thread(&process, tid).map(|task| task.host),
            None => Some(process.host),
        };
        match (host, self.tid) {
            (Some(host), Some(_)) => kernel.platform.proc_file(host, &format!("task/{}/{name}", host.0)),
            (Some(host), None) => kernel.platform.proc_file(host, name),
            (None, _) => Vec::new(),
        }
    }

    /// The thread's credentials, or those of the process's first.
    pub(super) fn credentials(&self, process: &Process) -> Arc<Credentials> {
        let thread = self.tid.and_then(|tid| process.task(tid));
        thread.map_or_else(|| process.credentials(), |task| task.credentials())
    }

    /// Its effective user and group, who own its public directories.
    pub(super) fn user(&self) -> (u32, u32) {
        self.process().map_or((0, 0), |process| {
            let who = self.credentials(&process);
            (who.euid, who.egid)
        })
    }

    /// Who owns its files: its effective user, or root where it made itself undumpable.
    pub(super) fn owner(&self) -> (u32, u32) {
        match self.process() {
            Ok(process) if process.settings.lock().dumpable == 1 => self.user(),
            _ => (0, 0),
        }
    }

    /// The ids of the process's threads.
    pub(super) fn threads(&self) -> Vec<Pid> {
        let Ok(process) = self.process() else { return Vec::new() };
        if process.is_zombie() {
            return vec![self.pid];
        }
        process.meet_threads();
        let tids: Vec<Pid> = process.tasks().iter().map(|task| task.tid).collect();
        if tids.is_empty() { vec![self.pid] } else { tids }
    }
}
