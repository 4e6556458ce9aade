//! Descriptors of processes: pidfd_open(2) and what is done with them.

use std::sync::Arc;

use abi::Errno;
use abi::signal::{SI_USER, Signal};
use abi::stat::Stat;

use super::signal::permitted;
use super::{Answer, Args, Call};
use crate::now;
use crate::task::signals::from_process;
use crate::task::{Pid, Process, Resource, Task};
use crate::vfs::{File, OpenFile, OpenFlags};
use crate::wait::{Events, WaitQueue};

pub(super) const CALLS: &[Call] =
    &[now!(PIDFD_OPEN, pidfd_open), now!(PIDFD_SEND_SIGNAL, pidfd_send_signal, "siginfo is not taken")];

const PIDFD_NONBLOCK: u64 = 0o4000;

/// A process as a file: readable once it has ended.
struct PidFile {
    process: Arc<Process>,
}

impl File for PidFile {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(Stat { mode: 0o600, ino: self.process.pid.0 as u64, nlink: 1, ..Stat::default() })
    }

    fn poll(&self) -> Events {
        if self.process.is_zombie() { Events::IN | Events::RDNORM } else { Events::empty() }
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.process.ended)
    }
}

fn pidfd_open(task: &Arc<Task>, [pid, flags, ..]: Args) -> Answer {
    if flags & !PIDFD_NONBLOCK != 0 || pid as i32 <= 0 {
        return Err(Errno::EINVAL.into());
    }
    let process = task.process().pids().get(Pid(pid as i32)).ok_or(Errno::ESRCH)?;
    let file = OpenFile::anonymous(Arc::new(PidFile { process }), OpenFlags::RDWR);
    Ok(task.files().add(file, true, 0, task.process().limit(Resource::NoFile))? as u64)
}

/// The process that the descriptor stands for.
pub(super) fn process_of(task: &Arc<Task>, fd: i32) -> Result<Arc<Process>, Errno> {
    let open = task.files().get(fd)?;
    open.downcast::<PidFile>().map(|file| Arc::clone(&file.process)).ok_or(Errno::EBADF)
}

fn pidfd_send_signal(task: &Arc<Task>, [fd, number, _, flags, ..]: Args) -> Answer {
    if flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    let target = match process_of(task, fd as i32) {
        Err(Errno::EBADF) => {
            let open = task.files().get(fd as i32)?;
            open.inode().and_then(crate::fs::proc::process_of).ok_or(Errno::EBADF)?
        }
        found => found?,
    };
    if target.is_zombie() {
        return Err(Errno::ESRCH.into());
    }
    let signal = match number {
        0 => None,
        number => Some(Signal::new(number as u32).ok_or(Errno::EINVAL)?),
    };
    if !permitted(task, &target, signal) {
        return Err(Errno::EPERM.into());
    }
    if let Some(signal) = signal {
        target.send_signal(signal, from_process(signal, SI_USER, task));
    }
    Ok(0)
}
