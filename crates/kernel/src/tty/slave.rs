//! The end of a pty(7) pair that programs take for their terminal.

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFCHR, Stat};

use super::Tty;
use super::job::Use;
use crate::task::{Fault, Task};
use crate::vfs::{File, Inode};
use crate::wait::{Events, WaitQueue};

/// The major device number of terminals below /dev/pts.
pub const MAJOR: u64 = 136;

/// An open terminal.
pub struct Slave {
    tty: Arc<Tty>,
    generation: u64,
    node: Option<Arc<dyn Inode>>,
}

impl Slave {
    pub(super) fn new(tty: Arc<Tty>, generation: u64) -> Slave {
        Slave { tty, generation, node: None }
    }

    /// The same, opened by the name of `node`, whose status is the file's.
    pub fn by_name(mut self, node: Arc<dyn Inode>) -> Slave {
        self.node = Some(node);
        self
    }

    /// The terminal.
    pub fn tty(&self) -> &Arc<Tty> {
        &self.tty
    }

    /// Whether the terminal was hung up since this was opened.
    fn is_dead(&self) -> bool {
        self.tty.state.lock().generation != self.generation
    }
}

impl Drop for Slave {
    fn drop(&mut self) {
        self.tty.slave_closed();
    }
}

impl File for Slave {
    fn stat(&self) -> Result<Stat, Errno> {
        if let Some(node) = &self.node {
            return node.stat();
        }
        let rdev = crate::fs::device_number(MAJOR, self.tty.index.into());
        Ok(Stat { mode: S_IFCHR | 0o620, rdev, nlink: 1, blksize: 1024, ..Stat::default() })
    }

    fn read(&self, buffer: &mut [u8], _: u64) -> Result<usize, Errno> {
        if self.is_dead() || buffer.is_empty() {
            return Ok(0);
        }
        self.tty.read_input(buffer).ok_or(Errno::EAGAIN)
    }

    fn write(&self, buffer: &[u8], _: u64) -> Result<usize, Errno> {
        if self.is_dead() {
            return Err(Errno::EIO);
        }
        let written = {
            let mut state = self.tty.state.lock();
            if state.discipline.stopped {
                return Err(Errno::EAGAIN);
            }
            let termios = state.discipline.termios;
            state.screen.write(buffer, &termios)
        };
        if written == 0 && !buffer.is_empty() {
            return Err(Errno::EAGAIN);
        }
        self.tty.master_queue.announce(Events::IN);
        Ok(written)
    }

    fn poll(&self) -> Events {
        if self.is_dead() {
            return Events::IN | Events::OUT | Events::RDNORM | Events::WRNORM | Events::ERR | Events::HUP;
        }
        let state = self.tty.state.lock();
        let mut events = Events::empty();
        if state.discipline.has_input(usize::MAX) || state.patience_over {
            events |= Events::IN | Events::RDNORM;
        }
        if state.screen.has_room() && !state.discipline.stopped {
            events |= Events::OUT | Events::WRNORM;
        }
        events
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.tty.slave_queue)
    }

    fn before_io(&self, task: &Arc<Task>, write: bool) -> Result<(), Fault> {
        if self.is_dead() {
            return Ok(());
        }
        self.tty.check_job(task, if write { Use::Write } else { Use::Read })
    }

    fn before_ioctl(&self, task: &Arc<Task>, request: u32) -> Result<(), Fault> {
        if self.is_dead() || !super::ioctl::changes(request) {
            return Ok(());
        }
        self.tty.check_job(task, Use::Change)
    }

    fn ioctl(&self, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
        if self.is_dead() {
            return Err(Errno::EIO);
        }
        super::ioctl::slave(&self.tty, task, request, argument)
    }
}
