//! flock and fcntl's record locks: flock(2), fcntl(2).

use std::sync::Arc;

use abi::Errno;
use abi::file::{F_RDLCK, F_UNLCK, F_WRLCK, Flock};

use super::{Answer, Args, Call};
use crate::task::{Cut, Fault, Task, UserPtr};
use crate::vfs::locks::{Held, Key, Owner, Range};
use crate::vfs::{OpenFile, OpenFlags};
use crate::waits;

pub(super) const CALLS: &[Call] = &[waits!(FLOCK, flock)];

async fn flock(task: Arc<Task>, [fd, operation, ..]: Args) -> Answer {
    const SHARED: u64 = 1;
    const EXCLUSIVE: u64 = 2;
    const NONBLOCK: u64 = 4;
    const UNLOCK: u64 = 8;
    let open = task.files().get(fd as i32)?;
    if open.flags().contains(OpenFlags::PATH) {
        return Err(Errno::EBADF.into());
    }
    let key = key(&open)?;
    let owner = Owner::Whole(open.id());
    let locks = &task.kernel().locks;
    let exclusive = match operation & !NONBLOCK {
        UNLOCK => {
            locks.release_all(key, owner);
            return Ok(0);
        }
        SHARED => false,
        EXCLUSIVE => true,
        _ => return Err(Errno::EINVAL.into()),
    };
    open.remember(task.kernel());
    let wanted = Held { owner, range: Range::ALL, exclusive };
    if locks.take(key, wanted).is_ok() {
        return Ok(0);
    }
    locks.release_all(key, owner);
    take(&task, key, wanted, operation & NONBLOCK == 0).await
}

async fn take(task: &Arc<Task>, key: Key, wanted: Held, wait: bool) -> Answer {
    let locks = &task.kernel().locks;
    let Some(conflict) = locks.conflict(key, wanted) else { return Ok(locks.take(key, wanted).map(|()| 0)?) };
    if !wait {
        return Err(Errno::EAGAIN.into());
    }
    let _noted = match wanted.owner {
        Owner::Process(..) => Some(locks.wait_for(wanted.owner, conflict.owner)?),
        _ => None,
    };
    let taken = task.wait(&[&locks.released], None, || locks.take(key, wanted).ok()).await;
    taken.map(|()| 0).map_err(Cut::restartable)
}

fn key(open: &OpenFile) -> Result<Key, Errno> {
    let stat = open.file().stat()?;
    Ok((stat.dev, stat.ino))
}

fn process_of(task: &Arc<Task>) -> Owner {
    Owner::Process(Arc::as_ptr(task.process().pids()).addr(), task.process().pid)
}

fn owner(task: &Arc<Task>, open: &OpenFile, by_description: bool) -> Owner {
    if by_description { Owner::Description(open.id()) } else { process_of(task) }
}

/// The bytes that `struct flock` names.
fn range(open: &OpenFile, flock: &Flock) -> Result<Range, Errno> {
    const SET: i16 = 0;
    const CUR: i16 = 1;
    const END: i16 = 2;
    let base = match flock.whence {
        SET => 0,
        CUR => i64::try_from(open.position()).unwrap_or(i64::MAX),
        END => open.file().stat()?.size,
        _ => return Err(Errno::EINVAL),
    };
    let start = base.checked_add(flock.start).ok_or(Errno::EOVERFLOW)?;
    let (start, end) = match flock.length {
        0 => (start, None),
        length if length > 0 => (start, Some(start.checked_add(length).ok_or(Errno::EOVERFLOW)?)),
        length => (start.checked_add(length).ok_or(Errno::EINVAL)?, Some(start)),
    };
    let start = u64::try_from(start).map_err(|_| Errno::EINVAL)?;
    let end = end.map_or(u64::MAX, |end| u64::try_from(end).unwrap_or(u64::MAX));
    Ok(Range { start, end })
}

/// F_GETLK and F_OFD_GETLK: who is in the way.
pub(super) fn get(task: &Arc<Task>, open: &Arc<OpenFile>, by_description: bool, address: u64) -> Answer {
    let pointer: UserPtr<Flock> = UserPtr::new(address);
    let mut flock = task.read(pointer)?;
    if !matches!(flock.kind, F_RDLCK | F_WRLCK) || (by_description && flock.pid != 0) {
        return Err(Errno::EINVAL.into());
    }
    let range = range(open, &flock)?;
    let wanted = Held { owner: owner(task, open, by_description), range, exclusive: flock.kind == F_WRLCK };
    match task.kernel().locks.conflict(key(open)?, wanted) {
        None => flock.kind = F_UNLCK,
        Some(held) => {
            let length = if held.range.end == u64::MAX { 0 } else { held.range.end.saturating_sub(held.range.start) };
            flock = Flock {
                kind: if held.exclusive { F_WRLCK } else { F_RDLCK },
                whence: 0,
                start: held.range.start as i64,
                length: length as i64,
                pid: held.owner.pid(),
                ..flock
            };
        }
    }
    task.write(pointer, &flock)?;
    Ok(0)
}

/// F_SETLK, F_SETLKW and their forms for descriptions.
pub(super) async fn set(
    task: &Arc<Task>,
    open: &Arc<OpenFile>,
    by_description: bool,
    address: u64,
    wait: bool,
) -> Answer {
    let flock: Flock = task.read(UserPtr::new(address))?;
    if by_description && flock.pid != 0 {
        return Err(Errno::EINVAL.into());
    }
    let (key, range) = (key(open)?, range(open, &flock)?);
    let owner = owner(task, open, by_description);
    let allowed = match flock.kind {
        F_UNLCK => {
            task.kernel().locks.release(key, owner, range);
            return Ok(0);
        }
        F_RDLCK => open.flags().readable(),
        F_WRLCK => open.flags().writable(),
        _ => return Err(Errno::EINVAL.into()),
    };
    if !allowed {
        return Err(Fault::Errno(Errno::EBADF));
    }
    open.remember(task.kernel());
    take(task, key, Held { owner, range, exclusive: flock.kind == F_WRLCK }, wait).await
}

/// The process closed a descriptor of `open`: its record locks on the file go.
pub(super) fn closed(task: &Arc<Task>, open: &Arc<OpenFile>) {
    let locks = &task.kernel().locks;
    if locks.is_quiet() {
        return;
    }
    if let Ok(key) = key(open) {
        locks.release_all(key, process_of(task));
    }
}
