//! Moving bytes between guests and open files.
//!
//! Owns: [`read`] and [`write`], which wait, go through large buffers piece by piece, move positions, keep to
//! RLIMIT_FSIZE and send SIGPIPE. Does not own: which call does what of it (`syscalls::rw`, `syscalls::splice`).

use std::cell::RefCell;
use std::sync::Arc;

use abi::Errno;
use abi::resource::RLIM_INFINITY;
use abi::signal::Signal;

use super::segments::Segments;
use crate::task::{Cut, Fault, Resource, Task};
use crate::time;
use crate::vfs::notify::FileEvents;
use crate::vfs::{OpenFile, OpenFlags, change};

/// The most bytes that are moved at once from and to files.
pub(super) const CHUNK: u64 = 256 * 1024;
/// The same for streams, where one call is one transfer.
const STREAM_CHUNK: u64 = 1 << 20;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of `length` bytes that is given back when dropped.
pub(super) struct Scratch(Vec<u8>);

impl Scratch {
    pub(super) fn of(length: u64) -> Scratch {
        let mut buffer = SCRATCH.take();
        buffer.resize(usize::try_from(length).unwrap_or(0), 0);
        Scratch(buffer)
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        const KEPT: usize = 256 * 1024;
        if self.0.capacity() <= KEPT {
            SCRATCH.set(std::mem::take(&mut self.0));
        }
    }
}

/// How a transfer differs from plain read(2) and write(2).
#[derive(Clone, Copy, Default)]
pub(super) struct Options {
    /// Where, instead of the description's position, which then stays.
    pub(super) position: Option<u64>,
    /// Never wait.
    pub(super) no_wait: bool,
    /// Write at the end.
    pub(super) append: bool,
    /// Write at the position although the description has O_APPEND.
    pub(super) no_append: bool,
}

impl Options {
    pub(super) fn at(position: u64) -> Options {
        Options { position: Some(position), ..Options::default() }
    }
}

/// How much one call moves before others get their turn.
const TURN: u64 = 8 << 20;

/// Lets other guests be served in the middle of a long transfer; whether it shall go on.
pub(super) async fn next_turn(task: &Arc<Task>, done: u64, step: u64) -> bool {
    if done / TURN == done.saturating_sub(step) / TURN {
        return true;
    }
    let soon = time::monotonic().saturating_add(1);
    task.wait(&[], Some(soon), || None::<()>).await == Err(Cut::Deadline)
}

/// `ESPIPE` where a position is asked of something without.
fn positioned(open: &OpenFile, options: Options) -> Result<(), Errno> {
    if options.position.is_some() && !open.file().seekable() { Err(Errno::ESPIPE) } else { Ok(()) }
}

/// Asks `ready` until it no longer answers `EAGAIN`, waiting in between unless that is not wanted.
async fn patiently<T>(
    task: &Arc<Task>,
    open: &OpenFile,
    writing: bool,
    no_wait: bool,
    mut ready: impl FnMut() -> Result<T, Fault> + Send,
) -> Result<T, Fault>
where
    T: Send,
{
    let first = ready();
    let waits = matches!(first, Err(Fault::Errno(Errno::EAGAIN)));
    let (true, Some(queue)) = (waits, open.file().queue()) else { return first };
    if no_wait || open.flags().contains(OpenFlags::NONBLOCK) {
        return first;
    }
    let deadline = open.file().timeout(writing).map(|patience| time::monotonic().saturating_add(patience));
    let again = || match ready() {
        Err(Fault::Errno(Errno::EAGAIN)) => None,
        other => Some(other),
    };
    match task.wait(&[queue], deadline, again).await {
        Ok(answer) => answer,
        Err(Cut::Signal) if deadline.is_some() => Err(Fault::InterruptedAlways),
        Err(cut) => Err(cut.restartable()),
    }
}

/// Reads into `segments` what there is; 0 at the end.
pub(super) async fn read(
    task: &Arc<Task>,
    open: &Arc<OpenFile>,
    segments: &Segments,
    options: Options,
) -> Result<u64, Fault> {
    positioned(open, options)?;
    if !open.flags().readable() {
        return Err(Errno::EBADF.into());
    }
    if segments.total == 0 {
        return Ok(0);
    }
    let file = open.file();
    let seekable = file.seekable();
    let start = options.position.unwrap_or_else(|| open.position());
    let mut scratch = Scratch::of(segments.total.min(if seekable { CHUNK } else { STREAM_CHUNK }));
    let mut done: u64 = 0;
    while done < segments.total {
        let room = usize::try_from(segments.total.saturating_sub(done)).unwrap_or(usize::MAX);
        let length = scratch.bytes().len().min(room);
        let buffer = scratch.bytes().get_mut(..length).unwrap_or_default();
        let at = start.saturating_add(done);
        let attempt = patiently(task, open, false, options.no_wait, || {
            file.before_io(task, false)?;
            Ok(file.read(buffer, at)?)
        });
        let read = match attempt.await {
            Ok(read) => read,
            Err(_) if done > 0 => break,
            Err(fault) => return Err(fault),
        };
        let copied = match segments.fill(task, done, scratch.bytes().get(..read).unwrap_or_default()) {
            Ok(copied) => copied,
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno.into()),
        };
        done = done.saturating_add(copied as u64);
        if !seekable || copied < length || !next_turn(task, done, copied as u64).await {
            break;
        }
    }
    if options.position.is_none() && seekable {
        open.set_position(start.saturating_add(done));
    }
    if done > 0 {
        used(task, open, FileEvents::ACCESS);
    }
    Ok(done)
}

fn used(task: &Arc<Task>, open: &OpenFile, what: FileEvents) {
    if let Some(path) = open.path() {
        change::used(task.kernel(), path, what);
    }
}

/// Writes the bytes of `segments`: all of them, unless the file is full, a signal comes, or the
/// caller does not want to wait.
pub(super) async fn write(
    task: &Arc<Task>,
    open: &Arc<OpenFile>,
    segments: &Segments,
    options: Options,
) -> Result<u64, Fault> {
    positioned(open, options)?;
    if !open.flags().writable() {
        return Err(Errno::EBADF.into());
    }
    let seekable = open.file().seekable();
    if segments.total == 0 && seekable {
        return Ok(0);
    }
    let mut scratch = Scratch::of(segments.total.min(if seekable { CHUNK } else { STREAM_CHUNK }));
    let mut done: u64 = 0;
    loop {
        let room = usize::try_from(segments.total.saturating_sub(done)).unwrap_or(usize::MAX);
        let length = scratch.bytes().len().min(room);
        let buffer = scratch.bytes().get_mut(..length).unwrap_or_default();
        let gathered = match segments.gather(task, done, buffer) {
            Ok(gathered) => gathered,
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno.into()),
        };
        let bytes = scratch.bytes().get(..gathered).unwrap_or_default();
        let at = Options { position: options.position.map(|at| at.saturating_add(done)), ..options };
        let written = match write_bytes(task, open, bytes, at).await {
            Ok(written) => written,
            Err(_) if done > 0 => break,
            Err(fault) => return Err(fault),
        };
        done = done.saturating_add(written as u64);
        let all = done >= segments.total || written < gathered || gathered < length;
        if all || !next_turn(task, done, written as u64).await {
            break;
        }
    }
    Ok(done)
}

/// Writes bytes that are ours: as many as go in one piece of a file, or all of them where a stream
/// takes them one after the other. Answers how many; an error only where none were written.
pub(super) async fn write_bytes(
    task: &Arc<Task>,
    open: &Arc<OpenFile>,
    bytes: &[u8],
    options: Options,
) -> Result<usize, Fault> {
    if open.file().seekable() {
        let written = write_file(task, open, bytes, options)?;
        if let Some(path) = open.path() {
            change::written(task, path);
        }
        if written > 0 {
            used(task, open, FileEvents::MODIFY);
        }
        return Ok(written);
    }
    let file = open.file();
    let mut done: usize = 0;
    loop {
        let rest = bytes.get(done..).unwrap_or_default();
        let attempt = patiently(task, open, true, options.no_wait, || {
            file.before_io(task, true)?;
            Ok(file.write(rest, 0)?)
        });
        match attempt.await {
            // No file takes nothing for ever: asking again would never end.
            Ok(0) if !rest.is_empty() => return Ok(done),
            Ok(written) => done = done.saturating_add(written),
            Err(fault) => {
                if fault == Fault::Errno(Errno::EPIPE) {
                    task.raise(Signal::SIGPIPE);
                }
                return if done > 0 { Ok(done) } else { Err(fault) };
            }
        }
        if done >= bytes.len() {
            used(task, open, FileEvents::MODIFY);
            return Ok(done);
        }
    }
}

/// Writes to a file that has positions.
fn write_file(task: &Arc<Task>, open: &Arc<OpenFile>, bytes: &[u8], options: Options) -> Result<usize, Fault> {
    let file = open.file();
    file.before_io(task, true)?;
    let at_end = options.append || (open.flags().contains(OpenFlags::APPEND) && !options.no_append);
    let at = match (at_end, options.position) {
        (true, _) => u64::try_from(file.stat()?.size).unwrap_or(0),
        (false, Some(position)) => position,
        (false, None) => open.position(),
    };
    let limit = task.process().limit(Resource::FileSize);
    let room = if limit == RLIM_INFINITY { u64::MAX } else { limit.saturating_sub(at) };
    if room == 0 && !bytes.is_empty() {
        task.raise(Signal::SIGXFSZ);
        return Err(Errno::EFBIG.into());
    }
    let fitting = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
    let bytes = bytes.get(..fitting).unwrap_or_default();
    let (written, end) = if at_end {
        file.append(bytes)?
    } else {
        let written = file.write(bytes, at)?;
        (written, at.saturating_add(written as u64))
    };
    if options.position.is_none() {
        open.set_position(end);
    }
    Ok(written)
}
