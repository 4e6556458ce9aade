//! read, write and their forms, lseek: read(2), readv(2), pread(2), lseek(2).

use std::sync::Arc;

use abi::Errno;

use super::paths::offset;
use super::segments::Segments;
use super::transfer::{self, Options};
use super::{Answer, Args, Call};
use crate::task::Task;
use crate::vfs::{OpenFile, OpenFlags};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    waits!(READ, read),
    waits!(WRITE, write),
    waits!(READV, readv),
    waits!(WRITEV, writev),
    waits!(PREAD64, pread64),
    waits!(PWRITE64, pwrite64),
    waits!(PREADV, preadv),
    waits!(PWRITEV, pwritev),
    waits!(PREADV2, preadv2),
    waits!(PWRITEV2, pwritev2),
    now!(LSEEK, lseek),
];

fn file(task: &Arc<Task>, fd: u64) -> Result<Arc<OpenFile>, Errno> {
    task.files().get(fd as i32)
}

async fn read(task: Arc<Task>, [fd, buffer, length, ..]: Args) -> Answer {
    transfer::read(&task, &file(&task, fd)?, &Segments::one(buffer, length), Options::default()).await
}

async fn write(task: Arc<Task>, [fd, buffer, length, ..]: Args) -> Answer {
    transfer::write(&task, &file(&task, fd)?, &Segments::one(buffer, length), Options::default()).await
}

async fn readv(task: Arc<Task>, [fd, vector, count, ..]: Args) -> Answer {
    let open = file(&task, fd)?;
    transfer::read(&task, &open, &Segments::read(&task, vector, count)?, Options::default()).await
}

async fn writev(task: Arc<Task>, [fd, vector, count, ..]: Args) -> Answer {
    let open = file(&task, fd)?;
    transfer::write(&task, &open, &Segments::read(&task, vector, count)?, Options::default()).await
}

async fn pread64(task: Arc<Task>, [fd, buffer, length, position, ..]: Args) -> Answer {
    let (position, open) = (offset(position)?, file(&task, fd)?);
    transfer::read(&task, &open, &Segments::one(buffer, length), Options::at(position)).await
}

async fn pwrite64(task: Arc<Task>, [fd, buffer, length, position, ..]: Args) -> Answer {
    let (position, open) = (offset(position)?, file(&task, fd)?);
    transfer::write(&task, &open, &Segments::one(buffer, length), Options::at(position)).await
}

async fn preadv(task: Arc<Task>, [fd, vector, count, position, ..]: Args) -> Answer {
    let (position, open) = (offset(position)?, file(&task, fd)?);
    transfer::read(&task, &open, &Segments::read(&task, vector, count)?, Options::at(position)).await
}

async fn pwritev(task: Arc<Task>, [fd, vector, count, position, ..]: Args) -> Answer {
    let (position, open) = (offset(position)?, file(&task, fd)?);
    transfer::write(&task, &open, &Segments::read(&task, vector, count)?, Options::at(position)).await
}

async fn preadv2(task: Arc<Task>, [fd, vector, count, position, _, flags]: Args) -> Answer {
    let (options, open) = (options(position, flags, false)?, file(&task, fd)?);
    transfer::read(&task, &open, &Segments::read(&task, vector, count)?, options).await
}

async fn pwritev2(task: Arc<Task>, [fd, vector, count, position, _, flags]: Args) -> Answer {
    let (options, open) = (options(position, flags, true)?, file(&task, fd)?);
    transfer::write(&task, &open, &Segments::read(&task, vector, count)?, options).await
}

/// The RWF flags; position -1 is the description's own.
fn options(position: u64, flags: u64, writing: bool) -> Result<Options, Errno> {
    const HINTS: u32 = 0x1 | 0x2 | 0x4;
    const NOWAIT: u32 = 0x8;
    const APPEND: u32 = 0x10;
    const NOAPPEND: u32 = 0x20;
    let flags = flags as u32;
    let known = HINTS | NOWAIT | if writing { APPEND | NOAPPEND } else { 0 };
    if flags & !known != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    if flags & APPEND != 0 && flags & NOAPPEND != 0 {
        return Err(Errno::EINVAL);
    }
    let position = if position == u64::MAX { None } else { Some(offset(position)?) };
    Ok(Options {
        position,
        no_wait: flags & NOWAIT != 0,
        append: flags & APPEND != 0,
        no_append: flags & NOAPPEND != 0,
    })
}

fn lseek(task: &Arc<Task>, [fd, distance, whence, ..]: Args) -> Answer {
    const SET: u64 = 0;
    const CUR: u64 = 1;
    const END: u64 = 2;
    const DATA: u64 = 3;
    const HOLE: u64 = 4;
    let open = file(task, fd)?;
    if open.flags().contains(OpenFlags::PATH) {
        return Err(Errno::EBADF.into());
    }
    if !open.file().seekable() {
        return Err(Errno::ESPIPE.into());
    }
    let from = |base: u64| {
        let base = i64::try_from(base).unwrap_or(i64::MAX);
        let sum = base.checked_add(distance as i64).ok_or(Errno::EINVAL)?;
        u64::try_from(sum).map_err(|_| Errno::EINVAL)
    };
    let position = match whence {
        SET => from(0)?,
        CUR => from(open.position())?,
        END => from(open.file().stat()?.size.unsigned_abs())?,
        DATA | HOLE if (distance as i64) < 0 => return Err(Errno::ENXIO.into()),
        DATA | HOLE => open.file().seek_data(distance, whence == HOLE)?,
        _ => return Err(Errno::EINVAL.into()),
    };
    open.set_position(position);
    Ok(position)
}
