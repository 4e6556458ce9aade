//! sendfile, copy_file_range, splice, tee, vmsplice: sendfile(2), copy_file_range(2), splice(2), tee(2).

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG};

use super::paths::{offset, only};
use super::segments::Segments;
use super::transfer::{self, CHUNK, Options, Scratch};
use super::{Answer, Args, Call};
use crate::fs::pipe::{Pipe, PipeEnd};
use crate::task::{Cut, Fault, Task, UserPtr};
use crate::vfs::{OpenFile, OpenFlags};
use crate::wait::Events;
use crate::waits;

pub(super) const CALLS: &[Call] = &[
    waits!(SENDFILE, sendfile),
    waits!(COPY_FILE_RANGE, copy_file_range),
    waits!(SPLICE, splice),
    waits!(TEE, tee),
    waits!(VMSPLICE, vmsplice, "pages are copied, never given"),
];

/// The known flags of splice(2).
const SPLICE_FLAGS: u32 = 0xf;
/// SPLICE_F_NONBLOCK.
const NONBLOCK: u32 = 2;

/// A position that a call keeps in the guest's memory, or the description's own.
struct Position {
    address: u64,
    value: u64,
}

impl Position {
    fn read(task: &Arc<Task>, open: &OpenFile, address: u64) -> Result<Position, Errno> {
        if address == 0 {
            return Ok(Position { address, value: open.position() });
        }
        if !open.file().seekable() {
            return Err(Errno::ESPIPE);
        }
        let value = offset(task.read(UserPtr::<u64>::new(address))?)?;
        Ok(Position { address, value })
    }

    fn advance(&mut self, bytes: usize) {
        self.value = self.value.saturating_add(bytes as u64);
    }

    fn store(&self, task: &Arc<Task>, open: &OpenFile) -> Result<(), Errno> {
        if self.address != 0 {
            return task.write(UserPtr::new(self.address), &self.value);
        }
        if open.file().seekable() {
            open.set_position(self.value);
        }
        Ok(())
    }
}

fn kind(open: &OpenFile) -> Result<u32, Errno> {
    Ok(open.file().stat()?.mode & S_IFMT)
}

/// Both descriptors, the first readable and the second writable.
fn both(task: &Arc<Task>, from: u64, to: u64) -> Result<(Arc<OpenFile>, Arc<OpenFile>), Errno> {
    let (from, to) = (task.files().get(from as i32)?, task.files().get(to as i32)?);
    if from.flags().readable() && to.flags().writable() { Ok((from, to)) } else { Err(Errno::EBADF) }
}

async fn sendfile(task: Arc<Task>, [to, from, position, count, ..]: Args) -> Answer {
    let (from, to) = both(&task, from, to)?;
    if !from.file().seekable() || kind(&from)? == S_IFDIR || to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EINVAL.into());
    }
    let mut position = Position::read(&task, &from, position)?;
    let done = copy(&task, &from, &mut position, &to, Options::default(), count).await?;
    position.store(&task, &from)?;
    Ok(done)
}

/// Copies up to `count` bytes from a file with positions; an error only where nothing was copied.
async fn copy(
    task: &Arc<Task>,
    from: &Arc<OpenFile>,
    position: &mut Position,
    to: &Arc<OpenFile>,
    options: Options,
    count: u64,
) -> Result<u64, Fault> {
    let count = count.min(super::segments::MAX_BYTES);
    let mut scratch = Scratch::of(count.min(CHUNK));
    let mut done: u64 = 0;
    while done < count {
        let room = usize::try_from(count.saturating_sub(done)).unwrap_or(usize::MAX);
        let length = scratch.bytes().len().min(room);
        let buffer = scratch.bytes().get_mut(..length).unwrap_or_default();
        let allowed = from.file().before_io(task, false);
        let read = match allowed.and_then(|()| Ok(from.file().read(buffer, position.value)?)) {
            Ok(0) => break,
            Ok(read) => read,
            Err(_) if done > 0 => break,
            Err(fault) => return Err(fault),
        };
        let bytes = scratch.bytes().get(..read).unwrap_or_default();
        let at = Options { position: options.position.map(|at| at.saturating_add(done)), ..options };
        let written = match transfer::write_bytes(task, to, bytes, at).await {
            Ok(written) => written,
            Err(_) if done > 0 => break,
            Err(fault) => return Err(fault),
        };
        position.advance(written);
        done = done.saturating_add(written as u64);
        if written < read || !transfer::next_turn(task, done, written as u64).await {
            break;
        }
    }
    Ok(done)
}

async fn copy_file_range(task: Arc<Task>, [from, from_at, to, to_at, count, flags]: Args) -> Answer {
    only(flags, 0)?;
    let (from, to) = both(&task, from, to)?;
    for open in [&from, &to] {
        match kind(open)? {
            S_IFREG => {}
            S_IFDIR => return Err(Errno::EISDIR.into()),
            _ => return Err(Errno::EINVAL.into()),
        }
    }
    if to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EBADF.into());
    }
    let mut source = Position::read(&task, &from, from_at)?;
    let mut target = Position::read(&task, &to, to_at)?;
    let (one, other) = (from.file().stat()?, to.file().stat()?);
    let apart = source.value.abs_diff(target.value);
    if (one.dev, one.ino) == (other.dev, other.ino) && apart < count {
        return Err(Errno::EINVAL.into());
    }
    let done = copy(&task, &from, &mut source, &to, Options::at(target.value), count).await?;
    target.advance(usize::try_from(done).unwrap_or(usize::MAX));
    source.store(&task, &from)?;
    target.store(&task, &to)?;
    Ok(done)
}

fn pipe_of(open: &OpenFile) -> Option<&Arc<Pipe>> {
    open.downcast::<PipeEnd>().map(PipeEnd::pipe)
}

/// Waits until `open` answers one of `events`, or an end or error; `EAGAIN` where that is not wanted.
async fn until(task: &Arc<Task>, open: &OpenFile, events: Events, no_wait: bool) -> Result<(), Fault> {
    let events = events | Events::ERR | Events::HUP;
    let ready = || open.file().poll().intersects(events).then_some(());
    if ready().is_some() {
        return Ok(());
    }
    let Some(queue) = open.file().queue().filter(|_| !no_wait) else { return Err(Errno::EAGAIN.into()) };
    task.wait(&[queue], None, ready).await.map_err(Cut::restartable)
}

async fn splice(task: Arc<Task>, [from, from_at, to, to_at, count, flags]: Args) -> Answer {
    let flags = only(flags, SPLICE_FLAGS)?;
    if count == 0 {
        return Ok(0);
    }
    let (from, to) = both(&task, from, to)?;
    let no_wait = flags & NONBLOCK != 0;
    let (source, sink) = (pipe_of(&from).is_some(), pipe_of(&to).is_some());
    if (source && from_at != 0) || (sink && to_at != 0) {
        return Err(Errno::ESPIPE.into());
    }
    if !source && !sink {
        return Err(Errno::EINVAL.into());
    }
    if source {
        return from_pipe(&task, &from, &to, to_at, count, no_wait).await;
    }
    let mut position = Position::read(&task, &from, from_at)?;
    until(&task, &to, Events::OUT, no_wait || to.flags().contains(OpenFlags::NONBLOCK)).await?;
    let room = pipe_of(&to).map_or(0, |pipe| pipe.capacity().saturating_sub(pipe.pending()) as u64);
    let done = if from.file().seekable() {
        copy(&task, &from, &mut position, &to, Options::default(), count.min(room.max(1))).await?
    } else {
        from_stream(&task, &from, &to, count.min(room.max(1)), no_wait).await?
    };
    position.store(&task, &from)?;
    Ok(done)
}

/// Reads once from a stream and puts it into a pipe that has room for it.
async fn from_stream(task: &Arc<Task>, from: &Arc<OpenFile>, to: &Arc<OpenFile>, count: u64, no_wait: bool) -> Answer {
    until(task, from, Events::IN, no_wait || from.flags().contains(OpenFlags::NONBLOCK)).await?;
    let mut scratch = Scratch::of(count.min(CHUNK));
    from.file().before_io(task, false)?;
    let read = from.file().read(scratch.bytes(), 0)?;
    let bytes = scratch.bytes().get(..read).unwrap_or_default();
    if bytes.is_empty() {
        return Ok(0);
    }
    Ok(transfer::write_bytes(task, to, bytes, Options::default()).await? as u64)
}

/// Moves what a pipe holds; what the other side does not take stays in the pipe.
async fn from_pipe(
    task: &Arc<Task>,
    from: &Arc<OpenFile>,
    to: &Arc<OpenFile>,
    to_at: u64,
    count: u64,
    no_wait: bool,
) -> Answer {
    let pipe = pipe_of(from).ok_or(Errno::EINVAL)?;
    if pipe_of(to).is_some_and(|other| Arc::ptr_eq(other, pipe)) || to.flags().contains(OpenFlags::APPEND) {
        return Err(Errno::EINVAL.into());
    }
    let mut position = Position::read(task, to, to_at)?;
    until(task, from, Events::IN, no_wait || from.flags().contains(OpenFlags::NONBLOCK)).await?;
    if let Some(sink) = pipe_of(to) {
        until(task, to, Events::OUT, no_wait || to.flags().contains(OpenFlags::NONBLOCK)).await?;
        let room = sink.capacity().saturating_sub(sink.pending()) as u64;
        return move_on(task, from, to, Options::default(), count.min(room.max(1)), true).await;
    }
    let options = if to.file().seekable() { Options::at(position.value) } else { Options::default() };
    let done = move_on(task, from, to, Options { no_wait, ..options }, count, true).await?;
    position.advance(usize::try_from(done).unwrap_or(usize::MAX));
    position.store(task, to)?;
    Ok(done)
}

/// Writes the front of a pipe to `to`; where `take`, takes what was written out of the pipe.
async fn move_on(
    task: &Arc<Task>,
    from: &Arc<OpenFile>,
    to: &Arc<OpenFile>,
    options: Options,
    count: u64,
    take: bool,
) -> Answer {
    let pipe = pipe_of(from).ok_or(Errno::EINVAL)?;
    let mut scratch = Scratch::of(count.min(CHUNK));
    let found = pipe.peek(scratch.bytes());
    let bytes = scratch.bytes().get(..found).unwrap_or_default();
    if bytes.is_empty() {
        return Ok(0);
    }
    let written = transfer::write_bytes(task, to, bytes, options).await?;
    if take {
        let gone = scratch.bytes().get_mut(..written).unwrap_or_default();
        from.file().read(gone, 0)?;
    }
    Ok(written as u64)
}

async fn tee(task: Arc<Task>, [from, to, count, flags, ..]: Args) -> Answer {
    let flags = only(flags, SPLICE_FLAGS)?;
    let (from, to) = both(&task, from, to)?;
    let (Some(source), Some(sink)) = (pipe_of(&from), pipe_of(&to)) else { return Err(Errno::EINVAL.into()) };
    if Arc::ptr_eq(source, sink) {
        return Err(Errno::EINVAL.into());
    }
    let no_wait = flags & NONBLOCK != 0;
    until(&task, &from, Events::IN, no_wait || from.flags().contains(OpenFlags::NONBLOCK)).await?;
    until(&task, &to, Events::OUT, no_wait || to.flags().contains(OpenFlags::NONBLOCK)).await?;
    let room = sink.capacity().saturating_sub(sink.pending()) as u64;
    move_on(&task, &from, &to, Options::default(), count.min(room.max(1)), false).await
}

async fn vmsplice(task: Arc<Task>, [fd, vector, count, flags, ..]: Args) -> Answer {
    let flags = only(flags, SPLICE_FLAGS)?;
    let open = task.files().get(fd as i32)?;
    if pipe_of(&open).is_none() {
        return Err(Errno::EBADF.into());
    }
    let segments = Segments::read(&task, vector, count)?;
    let options = Options { no_wait: flags & NONBLOCK != 0, ..Options::default() };
    if open.flags().writable() {
        transfer::write(&task, &open, &segments, options).await
    } else {
        transfer::read(&task, &open, &segments, options).await
    }
}
