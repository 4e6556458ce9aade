//! msgget, msgsnd, msgrcv, msgctl: msgget(2), msgop(2), msgctl(2).

use std::sync::Arc;

use abi::Errno;
use abi::ipc::*;

use super::{Answer, Args, Call};
use crate::ipc::Object;
use crate::ipc::msg::{MOST_MESSAGE, MOST_QUEUE, Message, Queue};
use crate::task::{Fault, Task, UserPtr, capability};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    now!(MSGGET, msgget),
    waits!(MSGSND, msgsnd),
    waits!(MSGRCV, msgrcv, "MSG_COPY is not there"),
    now!(MSGCTL, msgctl),
];

fn msgget(task: &Arc<Task>, [key, flags, ..]: Args) -> Answer {
    let make = |permissions| Ok(Queue::new(permissions));
    let id = task.kernel().ipc.msg.get(&task.credentials(), key as i32, flags as u32, make, |_| Ok(()))?;
    Ok(u64::from(id.unsigned_abs()))
}

async fn msgsnd(task: Arc<Task>, [id, pointer, size, flags, ..]: Args) -> Answer {
    let size = usize::try_from(size).ok().filter(|size| *size <= MOST_MESSAGE).ok_or(Errno::EINVAL)?;
    let kind: i64 = task.read(UserPtr::new(pointer))?;
    if kind < 1 {
        return Err(Errno::EINVAL.into());
    }
    let mut bytes = vec![0; size];
    task.read_bytes(pointer.wrapping_add(8), &mut bytes)?;
    let queue = task.kernel().ipc.msg.find(id as i32)?;
    queue.permissions().check(&task.credentials(), 2)?;
    let (message, pid) = (Message { kind, bytes }, task.process().pid);
    let attempt = || match queue.send(&message, pid) {
        Err(Errno::EAGAIN) if flags as u32 & IPC_NOWAIT == 0 => None,
        outcome => Some(outcome),
    };
    task.wait(&[&queue.queue], None, attempt).await.map_err(|_| Fault::InterruptedAlways)??;
    Ok(0)
}

async fn msgrcv(task: Arc<Task>, [id, pointer, size, kind, flags, _]: Args) -> Answer {
    let flags = flags as u32;
    let size = usize::try_from(size).ok().filter(|size| *size <= isize::MAX as usize).ok_or(Errno::EINVAL)?;
    if flags & MSG_COPY != 0 {
        return Err(Errno::ENOSYS.into());
    }
    let queue = task.kernel().ipc.msg.find(id as i32)?;
    queue.permissions().check(&task.credentials(), 4)?;
    let pid = task.process().pid;
    let attempt = || match queue.receive(kind as i64, size, flags, pid) {
        Err(Errno::EAGAIN) if flags & IPC_NOWAIT != 0 => Some(Err(Errno::ENOMSG)),
        Err(Errno::EAGAIN) => None,
        outcome => Some(outcome),
    };
    let message = task.wait(&[&queue.queue], None, attempt).await.map_err(|_| Fault::InterruptedAlways)??;
    task.write(UserPtr::new(pointer), &message.kind)?;
    task.write_bytes(pointer.wrapping_add(8), &message.bytes)?;
    Ok(message.bytes.len() as u64)
}

fn msgctl(task: &Arc<Task>, [id, command, buffer, ..]: Args) -> Answer {
    let (who, id, table) = (task.credentials(), id as i32, &task.kernel().ipc.msg);
    match command as u32 {
        IPC_STAT => {
            let queue = table.find(id)?;
            queue.permissions().check(&who, 4)?;
            task.write(UserPtr::new(buffer), &queue.status())?;
        }
        MSG_STAT | MSG_STAT_ANY => {
            let (id, queue) = table.at(id)?;
            if command as u32 == MSG_STAT {
                queue.permissions().check(&who, 4)?;
            }
            task.write(UserPtr::new(buffer), &queue.status())?;
            return Ok(u64::from(id.unsigned_abs()));
        }
        IPC_SET => {
            let queue = table.find(id)?;
            let status: MsgStatus = task.read(UserPtr::new(buffer))?;
            queue.permissions().check_owner(&who)?;
            queue.set(&status, who.capable(capability::SYS_RESOURCE))?;
        }
        IPC_RMID => {
            let queue = table.find(id)?;
            queue.permissions().check_owner(&who)?;
            drop(table.remove(id));
            queue.removed();
        }
        IPC_INFO | MSG_INFO => {
            // struct msginfo: pool, map, max, mnb, mni, ssz, tql, seg.
            let (most, bytes) = (MOST_MESSAGE as i32, MOST_QUEUE as i32);
            let info: [i32; 8] = [512_000, bytes, most, bytes, 32000, 16, bytes, 0xffff];
            task.write(UserPtr::new(buffer), &info)?;
            return Ok(table.extent().0);
        }
        _ => return Err(Errno::EINVAL.into()),
    }
    Ok(0)
}
