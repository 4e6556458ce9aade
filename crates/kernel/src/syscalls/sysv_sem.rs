//! semget, semop, semtimedop, semctl: semget(2), semop(2), semctl(2).

use std::sync::Arc;

use abi::Errno;
use abi::ipc::*;
use zerocopy::IntoBytes;

use super::poll::{Patience, wait_for};
use super::{Answer, Args, Call};
use crate::ipc::Object;
use crate::ipc::sem::{self, Outcome, Set};
use crate::task::{Fault, Task, UserPtr};
use crate::{now, waits};

pub(super) const CALLS: &[Call] =
    &[now!(SEMGET, semget), waits!(SEMOP, semop), waits!(SEMTIMEDOP, semtimedop), now!(SEMCTL, semctl)];

fn semget(task: &Arc<Task>, [key, count, flags, ..]: Args) -> Answer {
    let count = usize::try_from(count as i32).map_err(|_| Errno::EINVAL)?;
    let make = |permissions| Set::new(permissions, count);
    let fits = |set: &Set| if count > set.count() { Err(Errno::EINVAL) } else { Ok(()) };
    let id = task.kernel().ipc.sem.get(&task.credentials(), key as i32, flags as u32, make, fits)?;
    Ok(u64::from(id.unsigned_abs()))
}

async fn semop(task: Arc<Task>, [id, operations, count, ..]: Args) -> Answer {
    operate(&task, id as i32, operations, count, Patience::Endless).await
}

async fn semtimedop(task: Arc<Task>, [id, operations, count, timeout, ..]: Args) -> Answer {
    let patience = Patience::read(&task, timeout)?;
    operate(&task, id as i32, operations, count, patience).await
}

async fn operate(task: &Arc<Task>, id: i32, operations: u64, count: u64, patience: Patience) -> Answer {
    let count = match usize::try_from(count) {
        Ok(0) | Err(_) => return Err(Errno::EINVAL.into()),
        Ok(count) if count > sem::MOST_OPERATIONS => return Err(Errno::E2BIG.into()),
        Ok(count) => count,
    };
    let operations = task.read_array(UserPtr::<SemOperation>::new(operations), count)?;
    let ipc = &task.kernel().ipc;
    let set = ipc.sem.find(id)?;
    let changes = operations.iter().any(|operation| operation.change != 0);
    set.permissions().check(&task.credentials(), if changes { 2 } else { 4 })?;
    let pid = task.process().pid;
    let mut waiting = None;
    let attempt = || match set.attempt(&operations, pid) {
        Ok(Outcome::Done) => Some(Ok(())),
        Ok(Outcome::Blocked(on)) if sem::must_not_wait(&on) => Some(Err(Errno::EAGAIN)),
        Ok(Outcome::Blocked(on)) => {
            waiting = None;
            waiting = Some(set.wait_for(&on));
            None
        }
        Err(errno) => Some(Err(errno)),
    };
    wait_for(task, &[&set.queue], patience, attempt).await?.ok_or(Fault::Errno(Errno::EAGAIN))??;
    ipc.undo.note(task.process(), id, &operations);
    Ok(0)
}

fn semctl(task: &Arc<Task>, [id, number, command, argument, ..]: Args) -> Answer {
    let (who, id, table) = (task.credentials(), id as i32, &task.kernel().ipc.sem);
    let command = command as u32;
    match command {
        IPC_INFO | SEM_INFO => {
            let (highest, used) = table.extent();
            let all: usize = table.all().iter().map(|(_, set)| set.count()).sum();
            let (a, b) = if command == SEM_INFO { (used as i32, all as i32) } else { (20, 32767) };
            // struct seminfo: map, mni, mns, mnu, msl, opm, ume, usz, vmx, aem.
            let info: [i32; 10] = [1_024_000_000, 32000, 1_024_000_000, 1_024_000_000, 32000, 500, 500, a, 32767, b];
            task.write(UserPtr::new(argument), &info)?;
            return Ok(highest);
        }
        SEM_STAT | SEM_STAT_ANY => {
            let (id, set) = table.at(id)?;
            if command == SEM_STAT {
                set.permissions().check(&who, 4)?;
            }
            task.write(UserPtr::new(argument), &set.status())?;
            return Ok(u64::from(id.unsigned_abs()));
        }
        _ => {}
    }
    let set = table.find(id)?;
    let number = usize::try_from(number as i32).unwrap_or(usize::MAX);
    match command {
        IPC_STAT | GETVAL | GETPID | GETALL | GETNCNT | GETZCNT => {
            set.permissions().check(&who, 4)?;
            look(task, &set, command, number, argument)
        }
        SETVAL | SETALL => {
            set.permissions().check(&who, 2)?;
            set_values(task, &set, id, if command == SETVAL { Some(number) } else { None }, argument)
        }
        IPC_SET => {
            let status: SemStatus = task.read(UserPtr::new(argument))?;
            set.permissions().check_owner(&who)?;
            set.set(&status.perm);
            Ok(0)
        }
        IPC_RMID => {
            set.permissions().check_owner(&who)?;
            drop(table.remove(id));
            task.kernel().ipc.undo.forget(id, |_| true);
            set.removed();
            Ok(0)
        }
        _ => Err(Errno::EINVAL.into()),
    }
}

/// The commands that change nothing.
fn look(task: &Arc<Task>, set: &Set, command: u32, number: usize, argument: u64) -> Answer {
    match command {
        GETVAL => Ok(u64::from(set.value(number)?.0.unsigned_abs())),
        GETPID => Ok(u64::from(set.value(number)?.1.unsigned_abs())),
        GETNCNT => Ok(set.waiters(number, false)?),
        GETZCNT => Ok(set.waiters(number, true)?),
        GETALL => {
            task.write_bytes(argument, set.values().as_slice().as_bytes())?;
            Ok(0)
        }
        _ => {
            task.write(UserPtr::new(argument), &set.status())?;
            Ok(0)
        }
    }
}

/// SETVAL of one semaphore, or SETALL where `number` is `None`.
fn set_values(task: &Arc<Task>, set: &Set, id: i32, number: Option<usize>, argument: u64) -> Answer {
    let pid = task.process().pid;
    let undo = &task.kernel().ipc.undo;
    match number {
        Some(number) => {
            set.set_values(number, &[argument as i32], pid)?;
            undo.forget(id, |other| usize::from(other) == number);
        }
        None => {
            let values = task.read_array(UserPtr::<u16>::new(argument), set.count())?;
            let values: Vec<i32> = values.into_iter().map(i32::from).collect();
            set.set_values(0, &values, pid)?;
            undo.forget(id, |_| true);
        }
    }
    Ok(0)
}
