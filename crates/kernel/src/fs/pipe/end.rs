//! An open side of a pipe.

use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;

use super::Pipe;
use crate::task::{Task, UserPtr};
use crate::vfs::{File, Inode, OpenFlags};
use crate::wait::{Events, WaitQueue};

/// An open side: reading, writing, or both where a FIFO was opened so.
pub struct PipeEnd {
    pipe: Arc<Pipe>,
    /// The name's inode, for a FIFO.
    inode: Option<Arc<dyn Inode>>,
    flags: OpenFlags,
    /// How often the other side had been opened when this one was; `None` where it was open then.
    seen: Option<u64>,
}

impl PipeEnd {
    /// Opens a side as the access mode in `flags` says. `inode` is a FIFO's, for fstat(2).
    pub fn open(pipe: Arc<Pipe>, inode: Option<Arc<dyn Inode>>, flags: OpenFlags) -> Arc<PipeEnd> {
        let seen = {
            let mut state = pipe.state.lock();
            let (others, opens) = match flags.readable() {
                true => (state.writers, state.write_opens),
                false => (state.readers, state.read_opens),
            };
            let seen = (others == 0).then_some(opens);
            if flags.readable() {
                state.readers = state.readers.saturating_add(1);
                state.read_opens = state.read_opens.wrapping_add(1);
            }
            if flags.writable() {
                state.writers = state.writers.saturating_add(1);
                state.write_opens = state.write_opens.wrapping_add(1);
            }
            seen
        };
        pipe.queue.announce(Events::IN | Events::OUT);
        Arc::new(PipeEnd { pipe, inode, flags, seen })
    }

    /// The pipe.
    pub fn pipe(&self) -> &Arc<Pipe> {
        &self.pipe
    }
}

impl File for PipeEnd {
    fn stat(&self) -> Result<Stat, Errno> {
        match &self.inode {
            Some(inode) => inode.stat(),
            None => Ok(self.pipe.stat),
        }
    }

    fn read(&self, buffer: &mut [u8], _position: u64) -> Result<usize, Errno> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = {
            let mut state = self.pipe.state.lock();
            if state.buffer.len() == 0 {
                return if state.writers == 0 { Ok(0) } else { Err(Errno::EAGAIN) };
            }
            state.buffer.pull(buffer)
        };
        self.pipe.queue.announce(Events::OUT | Events::WRNORM);
        Ok(count)
    }

    fn write(&self, bytes: &[u8], _position: u64) -> Result<usize, Errno> {
        let count = {
            let mut state = self.pipe.state.lock();
            if bytes.is_empty() {
                return Ok(0);
            }
            if state.readers == 0 {
                return Err(Errno::EPIPE);
            }
            state.buffer.push(bytes, self.flags.contains(OpenFlags::DIRECT)).ok_or(Errno::EAGAIN)?
        };
        self.pipe.queue.announce(Events::IN | Events::RDNORM);
        Ok(count)
    }

    fn append(&self, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        self.write(bytes, 0).map(|count| (count, 0))
    }

    fn poll(&self) -> Events {
        let state = self.pipe.state.lock();
        let mut events = Events::empty();
        if self.flags.readable() {
            if state.buffer.len() > 0 {
                events |= Events::IN | Events::RDNORM;
            }
            // A FIFO that was opened before any writer came has not been hung up on.
            if state.writers == 0 && (self.inode.is_none() || Some(state.write_opens) != self.seen) {
                events |= Events::HUP;
            }
        }
        if self.flags.writable() {
            if state.buffer.has_room() {
                events |= Events::OUT | Events::WRNORM;
            }
            if state.readers == 0 {
                events |= Events::ERR;
            }
        }
        events
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.pipe.queue)
    }

    fn ioctl(&self, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
        match request {
            abi::socket::FIONREAD => {
                let pending = i32::try_from(self.pipe.pending()).unwrap_or(i32::MAX);
                task.write(UserPtr::new(argument), &pending)?;
                Ok(0)
            }
            _ => Err(Errno::ENOTTY),
        }
    }

    fn opening(&self, flags: OpenFlags) -> Result<(), Errno> {
        let state = self.pipe.state.lock();
        let nonblocking = flags.contains(OpenFlags::NONBLOCK);
        match (flags.readable(), flags.writable()) {
            _ if self.inode.is_none() => Ok(()),
            (true, true) => Ok(()),
            (true, false) if nonblocking || state.writers > 0 || Some(state.write_opens) != self.seen => Ok(()),
            (false, true) if state.readers > 0 || Some(state.read_opens) != self.seen => Ok(()),
            (false, true) if nonblocking => Err(Errno::ENXIO),
            _ => Err(Errno::EAGAIN),
        }
    }

    fn label(&self) -> String {
        format!("pipe:[{}]", self.pipe.stat.ino)
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        {
            let mut state = self.pipe.state.lock();
            if self.flags.readable() {
                state.readers = state.readers.saturating_sub(1);
            }
            if self.flags.writable() {
                state.writers = state.writers.saturating_sub(1);
            }
            // A FIFO forgets what nobody is left to read.
            if state.readers == 0 && state.writers == 0 {
                let capacity = state.buffer.capacity();
                state.buffer = super::buffer::Buffer::new(capacity);
            }
        }
        self.pipe.queue.announce(Events::IN | Events::OUT | Events::HUP | Events::ERR);
    }
}
