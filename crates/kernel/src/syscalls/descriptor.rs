//! close, close_range, dup, dup2, dup3, fcntl: close(2), close_range(2), dup(2), fcntl(2).

use std::sync::Arc;

use abi::Errno;
use abi::signal::Signal;
use zerocopy::{Immutable, IntoBytes};

use super::paths::only;
use super::{Answer, Args, Call, find_task, lock};
use crate::fs::pipe::PipeEnd;
use crate::task::{Fault, Pid, Resource, Task, UserPtr, capability};
use crate::vfs::{OpenFile, OpenFlags};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    now!(CLOSE, close),
    now!(CLOSE_RANGE, close_range),
    now!(DUP, dup),
    now!(DUP2, dup2),
    now!(DUP3, dup3),
    waits!(FCNTL, fcntl, "no SIGIO, no leases, no dnotify"),
];

/// Does what a close means beside the descriptor: the process's record locks on the file go.
fn closed(task: &Arc<Task>, file: Arc<OpenFile>) {
    lock::closed(task, &file);
    drop(file);
}

fn close(task: &Arc<Task>, [fd, ..]: Args) -> Answer {
    let file = task.files().remove(fd as i32)?;
    closed(task, file);
    Ok(0)
}

fn close_range(task: &Arc<Task>, [first, last, flags, ..]: Args) -> Answer {
    const UNSHARE: u32 = 2;
    const CLOEXEC: u32 = 4;
    let flags = only(flags, UNSHARE | CLOEXEC)?;
    let (first, last) = (first as u32, last as u32);
    if first > last {
        return Err(Errno::EINVAL.into());
    }
    let files = if flags & UNSHARE != 0 { task.process().unshare_files() } else { task.files() };
    let named = files.open().into_iter().filter(|fd| (first..=last).contains(&fd.unsigned_abs()));
    for fd in named {
        if flags & CLOEXEC != 0 {
            files.set_close_on_exec(fd, true)?;
        } else {
            closed(task, files.remove(fd)?);
        }
    }
    Ok(0)
}

fn dup(task: &Arc<Task>, [fd, ..]: Args) -> Answer {
    duplicate(task, fd as i32, 0, false)
}

/// The lowest free descriptor from `least` on for the same description.
fn duplicate(task: &Arc<Task>, fd: i32, least: u64, close_on_exec: bool) -> Answer {
    let files = task.files();
    let file = files.get(fd)?;
    let limit = task.process().limit(Resource::NoFile);
    let least = i32::try_from(least as i64).ok().filter(|least| *least >= 0 && (*least as u64) < limit);
    Ok(files.add(file, close_on_exec, least.ok_or(Errno::EINVAL)?, limit)? as u64)
}

fn dup2(task: &Arc<Task>, [old, new, ..]: Args) -> Answer {
    if old as i32 == new as i32 {
        task.files().get(old as i32)?;
        return Ok(u64::from(new as u32));
    }
    put_over(task, old as i32, new as i32, false)
}

fn dup3(task: &Arc<Task>, [old, new, flags, ..]: Args) -> Answer {
    let flags = only(flags, OpenFlags::CLOEXEC.bits())?;
    if old as i32 == new as i32 {
        return Err(Errno::EINVAL.into());
    }
    put_over(task, old as i32, new as i32, flags != 0)
}

fn put_over(task: &Arc<Task>, old: i32, new: i32, close_on_exec: bool) -> Answer {
    let files = task.files();
    let file = files.get(old)?;
    if let Some(replaced) = files.set(new, file, close_on_exec, task.process().limit(Resource::NoFile))? {
        closed(task, replaced);
    }
    Ok(u64::from(new as u32))
}

/// The commands of fcntl(2).
mod command {
    pub(super) const DUPFD: u64 = 0;
    pub(super) const GETFD: u64 = 1;
    pub(super) const SETFD: u64 = 2;
    pub(super) const GETFL: u64 = 3;
    pub(super) const SETFL: u64 = 4;
    pub(super) const GETLK: u64 = 5;
    pub(super) const SETLK: u64 = 6;
    pub(super) const SETLKW: u64 = 7;
    pub(super) const SETOWN: u64 = 8;
    pub(super) const GETOWN: u64 = 9;
    pub(super) const SETSIG: u64 = 10;
    pub(super) const GETSIG: u64 = 11;
    pub(super) const SETOWN_EX: u64 = 15;
    pub(super) const GETOWN_EX: u64 = 16;
    pub(super) const OFD_GETLK: u64 = 36;
    pub(super) const OFD_SETLK: u64 = 37;
    pub(super) const OFD_SETLKW: u64 = 38;
    pub(super) const SETLEASE: u64 = 1024;
    pub(super) const GETLEASE: u64 = 1025;
    pub(super) const NOTIFY: u64 = 1026;
    pub(super) const DUPFD_CLOEXEC: u64 = 1030;
    pub(super) const SETPIPE_SZ: u64 = 1031;
    pub(super) const GETPIPE_SZ: u64 = 1032;
    pub(super) const ADD_SEALS: u64 = 1033;
    pub(super) const GET_SEALS: u64 = 1034;
}

/// What works on a description that was opened with O_PATH.
const ON_PLACES: [u64; 5] = [command::DUPFD, command::DUPFD_CLOEXEC, command::GETFD, command::SETFD, command::GETFL];

async fn fcntl(task: Arc<Task>, [fd, command, argument, ..]: Args) -> Answer {
    let open = task.files().get(fd as i32)?;
    if open.flags().contains(OpenFlags::PATH) && !ON_PLACES.contains(&command) {
        return Err(Errno::EBADF.into());
    }
    match command {
        command::GETLK | command::OFD_GETLK => lock::get(&task, &open, command == command::OFD_GETLK, argument),
        command::SETLK | command::OFD_SETLK => {
            lock::set(&task, &open, command == command::OFD_SETLK, argument, false).await
        }
        command::SETLKW | command::OFD_SETLKW => {
            lock::set(&task, &open, command == command::OFD_SETLKW, argument, true).await
        }
        _ => at_once(&task, fd as i32, &open, command, argument),
    }
}

fn at_once(task: &Arc<Task>, fd: i32, open: &Arc<OpenFile>, command: u64, argument: u64) -> Answer {
    const FD_CLOEXEC: u64 = 1;
    match command {
        command::DUPFD => duplicate(task, fd, u64::from(argument as u32), false),
        command::DUPFD_CLOEXEC => duplicate(task, fd, u64::from(argument as u32), true),
        command::GETFD => Ok(u64::from(task.files().close_on_exec(fd)?)),
        command::SETFD => Ok(task.files().set_close_on_exec(fd, argument & FD_CLOEXEC != 0).map(|()| 0)?),
        command::GETFL if open.flags().contains(OpenFlags::PATH) => Ok(u64::from(open.flags().bits())),
        // open(2) sets it on every file; pipes and sockets do not have it.
        command::GETFL if open.path().is_some() => Ok(u64::from((open.flags() | OpenFlags::LARGEFILE).bits())),
        command::GETFL => Ok(u64::from(open.flags().bits())),
        command::SETFL => {
            open.set_flags(OpenFlags::from_bits_truncate(argument as u32));
            Ok(0)
        }
        command::SETOWN => {
            set_owner(task, open, argument as i32)?;
            Ok(0)
        }
        command::GETOWN => Ok(i64::from(*open.owner.lock()) as u64),
        command::SETOWN_EX | command::GETOWN_EX => owner(task, open, argument, command == command::SETOWN_EX),
        command::SETSIG if argument == 0 || Signal::new(argument as u32).is_some() => Ok(0),
        command::GETSIG => Ok(0),
        command::GETLEASE => Ok(abi::file::F_UNLCK as u64),
        command::SETLEASE | command::NOTIFY => Err(Errno::EINVAL.into()),
        command::SETPIPE_SZ | command::GETPIPE_SZ => pipe_size(task, open, argument, command == command::SETPIPE_SZ),
        command::ADD_SEALS if !open.flags().writable() => Err(Errno::EPERM.into()),
        command::ADD_SEALS => Ok(open.file().add_seals(argument as u32).map(|()| 0)?),
        command::GET_SEALS => Ok(u64::from(open.file().seals()?)),
        _ => Err(Errno::EINVAL.into()),
    }
}

fn pipe_size(task: &Arc<Task>, open: &Arc<OpenFile>, wanted: u64, set: bool) -> Answer {
    let pipe = open.downcast::<PipeEnd>().ok_or(Errno::EBADF)?.pipe();
    if !set {
        return Ok(pipe.capacity() as u64);
    }
    let privileged = task.credentials().capable(capability::SYS_RESOURCE);
    Ok(pipe.set_capacity(u64::from(wanted as u32), privileged)? as u64)
}

/// F_SETOWN: the process, or the group where the number is negative, that is told by SIGIO; 0 is nobody.
pub(super) fn set_owner(task: &Arc<Task>, open: &Arc<OpenFile>, who: i32) -> Result<(), Errno> {
    let pids = task.process().pids();
    let found = match who {
        0 => true,
        i32::MIN => return Err(Errno::EINVAL),
        pid if pid > 0 => pids.get(Pid(pid)).is_some(),
        group => !pids.group(Pid(-group)).is_empty(),
    };
    if !found {
        return Err(Errno::ESRCH);
    }
    *open.owner.lock() = who;
    Ok(())
}

/// F_SETOWN_EX and F_GETOWN_EX, whose process groups F_SETOWN knows as negative numbers.
fn owner(task: &Arc<Task>, open: &Arc<OpenFile>, address: u64, set: bool) -> Answer {
    const PROCESS: i32 = 1;
    const GROUP: i32 = 2;
    let pointer: UserPtr<[i32; 2]> = UserPtr::new(address);
    if set {
        let [kind, id] = task.read(pointer)?;
        if !(0..=GROUP).contains(&kind) {
            return Err(Errno::EINVAL.into());
        }
        match kind {
            GROUP => set_owner(task, open, id.saturating_neg())?,
            PROCESS => set_owner(task, open, id)?,
            _ => *open.owner.lock() = find_task(task, Pid(id)).map(|_| id)?,
        }
        return Ok(0);
    }
    let owner = *open.owner.lock();
    let answer = if owner < 0 { [GROUP, owner.saturating_neg()] } else { [PROCESS, owner] };
    write(task, pointer, &answer)
}

fn write<T: IntoBytes + Immutable>(task: &Arc<Task>, pointer: UserPtr<T>, value: &T) -> Result<u64, Fault> {
    task.write(pointer, value)?;
    Ok(0)
}
