//! The end of a pty(7) pair that a terminal emulator, sshd or script holds.

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFCHR, Stat};
use abi::termios::TIOCPKT_DATA;

use super::Tty;
use crate::task::Task;
use crate::vfs::File;
use crate::wait::{Events, WaitQueue};

/// What is done when a master is gone, with the terminal's number.
pub(super) type Release = Box<dyn Fn(u32) + Send + Sync>;

/// An open master: what opening /dev/ptmx gives.
pub struct Master {
    tty: Arc<Tty>,
    release: Release,
}

impl Master {
    /// The master of a new terminal; `release` is called when it is gone.
    pub fn new(tty: Arc<Tty>, release: Release) -> Master {
        Master { tty, release }
    }

    /// The terminal.
    pub fn tty(&self) -> &Arc<Tty> {
        &self.tty
    }

    /// In packet mode: the byte that goes ahead, TIOCPKT in ioctl_tty(2); `None` where there is nothing.
    fn packet_header(&self) -> Option<u8> {
        let mut state = self.tty.state.lock();
        match std::mem::take(&mut state.packet) {
            0 if state.screen.bytes.is_empty() => None,
            status => Some(status),
        }
    }

    fn nothing(&self) -> Errno {
        let state = self.tty.state.lock();
        if state.was_opened && state.slaves == 0 { Errno::EIO } else { Errno::EAGAIN }
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.tty.master_closed();
        (self.release)(self.tty.index);
    }
}

impl File for Master {
    fn stat(&self) -> Result<Stat, Errno> {
        let rdev = crate::fs::device_number(5, 2);
        Ok(Stat { mode: S_IFCHR | 0o666, rdev, nlink: 1, blksize: 1024, ..Stat::default() })
    }

    fn read(&self, buffer: &mut [u8], _: u64) -> Result<usize, Errno> {
        let packets = self.tty.state.lock().packet_mode;
        if !packets {
            return match self.tty.take_output(buffer) {
                0 if !buffer.is_empty() => Err(self.nothing()),
                count => Ok(count),
            };
        }
        let Some((first, rest)) = buffer.split_first_mut() else { return Ok(0) };
        *first = self.packet_header().ok_or_else(|| self.nothing())?;
        Ok(if *first == TIOCPKT_DATA { 1 + self.tty.take_output(rest) } else { 1 })
    }

    fn write(&self, buffer: &[u8], _: u64) -> Result<usize, Errno> {
        match self.tty.type_in(buffer) {
            0 if !buffer.is_empty() => Err(Errno::EAGAIN),
            taken => Ok(taken),
        }
    }

    fn poll(&self) -> Events {
        let state = self.tty.state.lock();
        let mut events = Events::empty();
        if !state.screen.bytes.is_empty() || state.packet != 0 {
            events |= Events::IN | Events::RDNORM;
        }
        if state.packet != 0 {
            events |= Events::PRI;
        }
        if state.discipline.has_room() {
            events |= Events::OUT | Events::WRNORM;
        }
        if state.was_opened && state.slaves == 0 {
            events |= Events::HUP;
        }
        events
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.tty.master_queue)
    }

    fn ioctl(&self, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
        super::ioctl::master(&self.tty, task, request, argument)
    }
}
