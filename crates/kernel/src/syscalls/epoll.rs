//! epoll_create, epoll_ctl, epoll_wait and their variants: epoll(7).

use std::sync::Arc;

use abi::Errno;
use abi::poll::{EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_MAX_EVENTS, EpollEvent};
use zerocopy::IntoBytes;

use super::poll::{Patience, mask, wait_for, with_mask};
use super::{Answer, Args, Call};
use crate::event::epoll::Epoll;
use crate::task::{Task, UserPtr};
use crate::vfs::{OpenFile, OpenFlags};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    now!(EPOLL_CREATE, epoll_create),
    now!(EPOLL_CREATE1, epoll_create1),
    now!(EPOLL_CTL, epoll_ctl, "EPOLLEXCLUSIVE wakes every instance"),
    waits!(EPOLL_WAIT, epoll_wait),
    waits!(EPOLL_PWAIT, epoll_pwait),
    waits!(EPOLL_PWAIT2, epoll_pwait2),
];

/// The most reports of one call, however many were asked for.
const AT_ONCE: usize = 4096;

fn epoll_create(task: &Arc<Task>, [size, ..]: Args) -> Answer {
    if (size as i32) <= 0 {
        return Err(Errno::EINVAL.into());
    }
    epoll_create1(task, [0; 6])
}

fn epoll_create1(task: &Arc<Task>, [flags, ..]: Args) -> Answer {
    let flags = flags as u32;
    if flags & !EPOLL_CLOEXEC != 0 {
        return Err(Errno::EINVAL.into());
    }
    let file = OpenFile::anonymous(Epoll::new(), OpenFlags::RDWR);
    super::event::install(task, file, flags & EPOLL_CLOEXEC != 0)
}

fn epoll_ctl(task: &Arc<Task>, [epoll, operation, fd, event, ..]: Args) -> Answer {
    let operation = operation as i32;
    let event = match operation {
        EPOLL_CTL_DEL => EpollEvent::default(),
        _ => task.read(UserPtr::new(event))?,
    };
    let files = task.files();
    let instance = files.get(epoll as i32)?;
    let file = files.get(fd as i32)?;
    if file.file().queue().is_none() {
        return Err(Errno::EPERM.into());
    }
    let epoll = instance.downcast::<Epoll>().filter(|_| !Arc::ptr_eq(&instance, &file)).ok_or(Errno::EINVAL)?;
    match operation {
        EPOLL_CTL_ADD => epoll.add(fd as i32, &file, event)?,
        EPOLL_CTL_MOD => epoll.modify(fd as i32, &file, event)?,
        EPOLL_CTL_DEL => epoll.remove(fd as i32, &file)?,
        _ => return Err(Errno::EINVAL.into()),
    }
    Ok(0)
}

async fn epoll_wait(task: Arc<Task>, [epoll, events, most, timeout, ..]: Args) -> Answer {
    wait(&task, epoll, events, most, Patience::milliseconds(timeout)).await
}

async fn epoll_pwait(task: Arc<Task>, [epoll, events, most, timeout, set, size]: Args) -> Answer {
    let set = mask(&task, set, size)?;
    with_mask(&task, set, wait(&task, epoll, events, most, Patience::milliseconds(timeout))).await
}

async fn epoll_pwait2(task: Arc<Task>, [epoll, events, most, timeout, set, size]: Args) -> Answer {
    let patience = Patience::read(&task, timeout)?;
    let set = mask(&task, set, size)?;
    with_mask(&task, set, wait(&task, epoll, events, most, patience)).await
}

async fn wait(task: &Arc<Task>, epoll: u64, events: u64, most: u64, patience: Patience) -> Answer {
    let most = Some(most as i32).filter(|most| (1..=EPOLL_MAX_EVENTS).contains(most)).ok_or(Errno::EINVAL)?;
    let most = usize::try_from(most).unwrap_or(0).min(AT_ONCE);
    let file = task.files().get(epoll as i32)?;
    let epoll = file.downcast::<Epoll>().ok_or(Errno::EINVAL)?;
    let queue: Vec<_> = file.file().queue().into_iter().collect();
    let some = || Some(epoll.take(most)).filter(|reports| !reports.is_empty());
    let reports = wait_for(task, &queue, patience, some).await?.unwrap_or_default();
    task.write_bytes(events, reports.as_slice().as_bytes())?;
    Ok(reports.len() as u64)
}
