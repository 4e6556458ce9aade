//! Pipes and FIFOs, pipe(7) and fifo(7).
//!
//! Owns: [`Pipe`] (the buffer and who has it open), [`PipeEnd`] (an open side) and the inodes that
//! /proc/PID/fd/N opens once more. Does not own: a FIFO's name, which a file system's inode holds
//! beside an `Arc<Pipe>`; SIGPIPE, which the caller sends where a write answers `EPIPE`.

mod buffer;
mod end;
mod inode;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use abi::stat::{S_IFIFO, Stat};

pub use self::end::PipeEnd;
pub use self::inode::{PipeFs, PipeInode};
use crate::fs::pipe::buffer::Buffer;
use crate::sync::Mutex;
use crate::task::Credentials;
use crate::vfs::{OpenFile, OpenFlags};
use crate::wait::{Events, WaitQueue};

/// Writes up to this size are not mixed with others, pipe(7).
pub const PIPE_BUF: usize = 4096;
/// What a pipe holds unless told otherwise.
pub const DEFAULT_CAPACITY: usize = 16 * PIPE_BUF;
/// What F_SETPIPE_SZ grants without CAP_SYS_RESOURCE: /proc/sys/fs/pipe-max-size.
pub const MAX_CAPACITY: usize = 1 << 20;
/// The device number of pipes' inodes.
pub const DEVICE: u64 = 0xd;

/// A pipe: bytes between those who write and those who read.
pub struct Pipe {
    state: Mutex<State>,
    queue: WaitQueue,
    stat: Stat,
}

struct State {
    buffer: Buffer,
    readers: usize,
    writers: usize,
    /// How often a reading side was ever opened, so that an opener who waits sees one that has gone.
    read_opens: u64,
    /// As `read_opens`, for writing sides.
    write_opens: u64,
}

impl Pipe {
    /// A pipe that nobody has open, owned by `credentials`.
    pub fn new(credentials: &Credentials) -> Arc<Pipe> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let now = crate::time::now();
        let stat = Stat {
            dev: DEVICE,
            ino: NEXT.fetch_add(1, Ordering::Relaxed),
            nlink: 1,
            mode: S_IFIFO | 0o600,
            uid: credentials.fsuid,
            gid: credentials.fsgid,
            blksize: PIPE_BUF as i64,
            atime: now,
            mtime: now,
            ctime: now,
            ..Stat::default()
        };
        let state =
            State { buffer: Buffer::new(DEFAULT_CAPACITY), readers: 0, writers: 0, read_opens: 0, write_opens: 0 };
        Arc::new(Pipe { state: Mutex::new(state), queue: WaitQueue::new(), stat })
    }

    /// Both sides of a new pipe, as pipe2(2) answers them: reading, writing. Of `flags`, `NONBLOCK`
    /// and `DIRECT` (packets) count.
    pub fn pair(credentials: &Credentials, flags: OpenFlags) -> (Arc<OpenFile>, Arc<OpenFile>) {
        let pipe = Pipe::new(credentials);
        let inode: Arc<PipeInode> = PipeInode::new(Arc::clone(&pipe));
        let kept = flags & (OpenFlags::NONBLOCK | OpenFlags::DIRECT);
        let side = |access: OpenFlags| {
            let end = PipeEnd::open(Arc::clone(&pipe), None, kept | access);
            OpenFile::of_inode(end, Arc::clone(&inode) as _, kept | access)
        };
        (side(OpenFlags::empty()), side(OpenFlags::WRONLY))
    }

    /// The bytes that it can hold, fcntl(F_GETPIPE_SZ).
    pub fn capacity(&self) -> usize {
        self.state.lock().buffer.capacity()
    }

    /// fcntl(F_SETPIPE_SZ): at least `wanted` bytes, in powers of two of pages; answers the size.
    pub fn set_capacity(&self, wanted: u64, privileged: bool) -> Result<usize, Errno> {
        let rounded = usize::try_from(wanted)
            .ok()
            .filter(|bytes| *bytes <= 1 << 31)
            .and_then(|bytes| bytes.max(PIPE_BUF).checked_next_power_of_two())
            .ok_or(Errno::EINVAL)?;
        if rounded > MAX_CAPACITY && !privileged {
            return Err(Errno::EPERM);
        }
        self.state.lock().buffer.set_capacity(rounded)?;
        self.queue.announce(Events::OUT | Events::WRNORM);
        Ok(rounded)
    }

    /// The bytes that can be read now, FIONREAD.
    pub fn pending(&self) -> usize {
        self.state.lock().buffer.len()
    }

    /// The bytes at the front, without taking them: for tee(2) and splice(2).
    pub fn peek(&self, buffer: &mut [u8]) -> usize {
        self.state.lock().buffer.peek(buffer)
    }
}

#[cfg(test)]
mod tests;
