//! mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr: mq_overview(7).

use std::sync::Arc;

use abi::Errno;
use abi::ipc::MqAttributes;
use abi::signal::{SigInfo, Signal};
use abi::time::Timespec;
use zerocopy::FromZeros;

use super::event::install;
use super::poll::{Patience, span, wait_for};
use super::{Answer, Args, Call};
use crate::ipc::mqueue::{MOST_PRIORITY, Notify, OpenQueue, Opening};
use crate::task::{Fault, Task, UserPtr};
use crate::vfs::{Access, OpenFile, OpenFlags};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    now!(MQ_OPEN, mq_open),
    now!(MQ_UNLINK, mq_unlink),
    waits!(MQ_TIMEDSEND, mq_timedsend),
    waits!(MQ_TIMEDRECEIVE, mq_timedreceive),
    now!(MQ_NOTIFY, mq_notify, "SIGEV_THREAD is not there"),
    now!(MQ_GETSETATTR, mq_getsetattr),
];

/// A queue's name; the C library has taken its slash off.
fn name(task: &Task, address: u64) -> Result<Vec<u8>, Errno> {
    let name = task.read_path(address)?;
    match name.as_slice() {
        [] => Err(Errno::ENOENT),
        name if name.contains(&b'/') => Err(Errno::EACCES),
        name if name.len() > crate::vfs::NAME_MAX => Err(Errno::ENAMETOOLONG),
        _ => Ok(name),
    }
}

fn mq_open(task: &Arc<Task>, [path, flags, mode, attributes, ..]: Args) -> Answer {
    let flags = OpenFlags::from_bits_truncate(flags as u32);
    let name = name(task, path)?;
    let attributes = match attributes {
        0 => None,
        pointer => Some(task.read(UserPtr::<MqAttributes>::new(pointer))?),
    };
    let mut access = Access::empty();
    access.set(Access::READ, flags.readable());
    access.set(Access::WRITE, flags.writable());
    let umask = *task.fs().umask.lock();
    let opening = Opening {
        create: flags.contains(OpenFlags::CREAT),
        exclusive: flags.contains(OpenFlags::EXCL),
        access,
        mode: mode as u32 & 0o777 & !umask,
    };
    let queue = task.kernel().ipc.mqueues.open(&task.credentials(), &name, opening, attributes)?;
    // The C library's descriptors of queues are closed on execve(2).
    install(task, OpenFile::anonymous(Arc::new(OpenQueue(queue)), flags), true)
}

fn mq_unlink(task: &Arc<Task>, [path, ..]: Args) -> Answer {
    let name = name(task, path)?;
    task.kernel().ipc.mqueues.unlink(&task.credentials(), &name)?;
    Ok(0)
}

/// Until when a call waits: not at all where the description says so, else until a time of
/// CLOCK_REALTIME.
fn patience(task: &Task, file: &OpenFile, timeout: u64) -> Result<Patience, Errno> {
    if file.flags().contains(OpenFlags::NONBLOCK) {
        return Ok(Patience::None);
    }
    if timeout == 0 {
        return Ok(Patience::Endless);
    }
    let until = span(task.read(UserPtr::<Timespec>::new(timeout))?)?;
    Ok(Patience::of(Some(until.saturating_sub(crate::time::realtime()))))
}

/// The errno of a wait that was in vain.
fn in_vain(patience: Patience, file: &OpenFile) -> Fault {
    let nonblocking = patience == Patience::None && file.flags().contains(OpenFlags::NONBLOCK);
    Fault::Errno(if nonblocking { Errno::EAGAIN } else { Errno::ETIMEDOUT })
}

async fn mq_timedsend(task: Arc<Task>, [fd, message, length, priority, timeout, _]: Args) -> Answer {
    let priority = Some(priority as u32).filter(|priority| *priority < MOST_PRIORITY).ok_or(Errno::EINVAL)?;
    let file = task.files().get(fd as i32)?;
    let queue = file.downcast::<OpenQueue>().filter(|_| file.flags().writable()).ok_or(Errno::EBADF)?;
    let length = usize::try_from(length).ok().filter(|n| *n <= 16 << 20).ok_or(Errno::EMSGSIZE)?;
    let mut bytes = vec![0; length];
    task.read_bytes(message, &mut bytes)?;
    let patience = patience(&task, &file, timeout)?;
    let attempt = || match queue.0.send(&bytes, priority) {
        Err(Errno::EAGAIN) => None,
        outcome => Some(outcome),
    };
    let done = wait_for(&task, &[&queue.0.queue], patience, attempt).await.map_err(restartable)?;
    if let Some(notify) = done.ok_or_else(|| in_vain(patience, &file))?? {
        tell(&task, &notify);
    }
    Ok(0)
}

async fn mq_timedreceive(task: Arc<Task>, [fd, message, room, priority, timeout, _]: Args) -> Answer {
    let file = task.files().get(fd as i32)?;
    let queue = file.downcast::<OpenQueue>().filter(|_| file.flags().readable()).ok_or(Errno::EBADF)?;
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let patience = patience(&task, &file, timeout)?;
    let attempt = || match queue.0.receive(room) {
        Err(Errno::EAGAIN) => None,
        outcome => Some(outcome),
    };
    let done = wait_for(&task, &[&queue.0.queue], patience, attempt).await.map_err(restartable)?;
    let (bytes, of) = done.ok_or_else(|| in_vain(patience, &file))??;
    task.write_bytes(message, &bytes)?;
    if priority != 0 {
        task.write(UserPtr::new(priority), &of)?;
    }
    Ok(bytes.len() as u64)
}

/// These calls are made again after a handler with SA_RESTART, signal(7).
fn restartable(fault: Fault) -> Fault {
    if fault == Fault::InterruptedAlways { Fault::Interrupted } else { fault }
}

/// Sends the signal that mq_notify(3) was asked for.
fn tell(task: &Task, notify: &Notify) {
    const SI_MESGQ: i32 = -3;
    let (Some(process), Some((signal, value))) = (notify.process.upgrade(), notify.signal) else { return };
    let info = SigInfo {
        signo: signal.number() as i32,
        code: SI_MESGQ,
        pid: task.process().pid.0,
        uid: task.credentials().uid,
        status: value as i32,
        value_high: (value >> 32) as i32,
        ..SigInfo::new_zeroed()
    };
    process.send_signal(signal, info);
}

fn mq_notify(task: &Arc<Task>, [fd, event, ..]: Args) -> Answer {
    const SIGEV_SIGNAL: i32 = 0;
    const SIGEV_NONE: i32 = 1;
    let file = task.files().get(fd as i32)?;
    let queue = file.downcast::<OpenQueue>().ok_or(Errno::EBADF)?;
    let notify = match event {
        0 => None,
        pointer => {
            // The head of struct sigevent: value, signal number, how to tell.
            let [low, high, signal, how] = task.read(UserPtr::<[i32; 4]>::new(pointer))?;
            let value = u64::from(low as u32) | u64::from(high as u32) << 32;
            let signal = match how {
                SIGEV_NONE => None,
                SIGEV_SIGNAL => Some((Signal::new(signal as u32).ok_or(Errno::EINVAL)?, value)),
                _ => return Err(Errno::EINVAL.into()),
            };
            Some(Notify { process: Arc::downgrade(task.process()), signal })
        }
    };
    queue.0.set_notify(task.process(), notify)?;
    Ok(0)
}

fn mq_getsetattr(task: &Arc<Task>, [fd, new, old, ..]: Args) -> Answer {
    let file = task.files().get(fd as i32)?;
    let queue = file.downcast::<OpenQueue>().ok_or(Errno::EBADF)?;
    let before = i64::from((file.flags() & OpenFlags::NONBLOCK).bits());
    if new != 0 {
        let asked: MqAttributes = task.read(UserPtr::new(new))?;
        if asked.flags & !i64::from(OpenFlags::NONBLOCK.bits()) != 0 {
            return Err(Errno::EINVAL.into());
        }
        let status = OpenFlags::from_bits_truncate(asked.flags as u32);
        file.set_flags((file.flags() - OpenFlags::NONBLOCK) | status);
    }
    if old != 0 {
        task.write(UserPtr::new(old), &MqAttributes { flags: before, ..queue.0.attributes() })?;
    }
    Ok(0)
}
