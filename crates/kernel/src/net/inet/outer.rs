//! The end of a connection whose other end is another kernel, or the machine: a stream socket of the host.
//!
//! Owns: [`Outer`], what tcp(7) promises over such a socket. The host holds the bytes, so that nobody copies them
//! between the two kernels. Does not own: how it came to be (`reach`, `outside`).
//!
//! A guest's shutdown(SHUT_RD) and SO_LINGER of zero stay on this side: the host's sockets would tell the other end
//! at once, where TCP tells it nothing.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::MSG_PEEK;

use crate::kernel::Kernel;
use crate::net::inet::traffic::Traffic;
use crate::net::message::{Outgoing, Received};
use crate::sync::Mutex;
use crate::wait::{Events, WaitQueue};

/// How much of what waits is looked at to say how much it is, FIONREAD.
const LOOK: usize = 64 << 10;

/// One end.
pub(super) struct Outer {
    fd: OwnedFd,
    kernel: Weak<Kernel>,
    watch: Option<u64>,
    queue: Arc<WaitQueue>,
    traffic: Arc<Traffic>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    read_shut: bool,
    write_shut: bool,
    /// The other end writes no more.
    ended: bool,
    reset: bool,
    error: Option<Errno>,
}

impl Outer {
    /// The end `fd`, which announces on `queue`.
    pub(super) fn new(kernel: &Arc<Kernel>, fd: OwnedFd, queue: &Arc<WaitQueue>) -> Arc<Outer> {
        let watch = kernel.watch_host_for(fd.as_fd(), queue);
        let traffic = Arc::clone(&kernel.net.inet.traffic);
        let (kernel, queue) = (Arc::downgrade(kernel), Arc::clone(queue));
        Arc::new(Outer { fd, kernel, watch, queue, traffic, state: Mutex::default() })
    }

    /// Takes in one byte; nothing at the end.
    pub(super) fn first_byte(&self) -> Result<Option<u8>, Errno> {
        let mut byte = [0];
        let count = platform::stream::receive(self.fd.as_fd(), &mut byte, false)?;
        self.traffic.note_received(count);
        Ok(byte.first().copied().filter(|_| count == 1))
    }

    /// How a connection to the machine stands that was begun: `EAGAIN` while it is not known.
    pub(super) fn established(&self) -> Result<(), Errno> {
        let ready = self.ready();
        if ready.intersects(Events::ERR | Events::HUP) {
            // The error is what the next call says.
            let told = platform::stream::receive(self.fd.as_fd(), &mut [0], true);
            return Err(told.err().filter(|errno| *errno != Errno::EAGAIN).unwrap_or(Errno::ECONNREFUSED));
        }
        if ready.contains(Events::OUT) { Ok(()) } else { Err(Errno::EAGAIN) }
    }

    fn ready(&self) -> Events {
        Events::from_bits_truncate(u32::from(platform::stream::ready(self.fd.as_fd())))
    }

    /// Sends bytes. `EPIPE` after this end's last, `EAGAIN` where there is no room.
    pub(super) fn send(&self, message: &Outgoing) -> Result<usize, Errno> {
        {
            let mut state = self.state.lock();
            if let Some(errno) = state.error.take() {
                return Err(errno);
            }
            if state.write_shut || state.reset {
                return Err(Errno::EPIPE);
            }
        }
        if message.bytes.is_empty() {
            return Ok(0);
        }
        match platform::stream::send(self.fd.as_fd(), message.bytes) {
            // The first bytes to a socket that has closed are sent, and answered by a reset.
            Err(Errno::EPIPE) => {
                let mut state = self.state.lock();
                (state.reset, state.error) = (true, Some(Errno::EPIPE));
                Ok(message.bytes.len())
            }
            Err(Errno::ECONNRESET) => {
                self.state.lock().reset = true;
                Err(Errno::ECONNRESET)
            }
            Ok(count) => {
                self.traffic.note_sent(count);
                Ok(count)
            }
            Err(other) => Err(other),
        }
    }

    /// Receives bytes; nothing at the end of the stream, `EAGAIN` where more may come.
    pub(super) fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        let outcome = platform::stream::receive(self.fd.as_fd(), buffer, flags & MSG_PEEK != 0);
        let mut state = self.state.lock();
        let count = match outcome {
            Ok(0) if !buffer.is_empty() => {
                state.ended = true;
                match state.error.take() {
                    Some(errno) if state.reset => return Err(errno),
                    _ => 0,
                }
            }
            Err(Errno::EAGAIN) if state.read_shut || state.reset => 0,
            Err(Errno::ECONNRESET) => {
                (state.ended, state.reset) = (true, true);
                return Err(Errno::ECONNRESET);
            }
            other => other?,
        };
        if flags & MSG_PEEK == 0 {
            self.traffic.note_received(count);
        }
        Ok(Received { count, full: count, ..Received::default() })
    }

    /// shutdown(2).
    pub(super) fn shut(&self, read: bool, write: bool) {
        {
            let mut state = self.state.lock();
            state.read_shut |= read;
            state.write_shut |= write;
        }
        if write {
            platform::stream::end_sending(self.fd.as_fd());
        }
        self.queue.announce(Events::IN | Events::RDNORM | Events::RDHUP | Events::OUT | Events::HUP);
    }

    /// What poll(2) says.
    pub(super) fn poll(&self) -> Events {
        let ready = self.ready();
        let state = self.state.lock();
        let over = ready.intersects(Events::RDHUP | Events::HUP);
        let no_more = over || state.read_shut || state.ended || state.reset;
        let no_writing = state.write_shut || state.reset;
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, no_more || ready.contains(Events::IN));
        events.set(Events::RDHUP, no_more);
        events.set(Events::HUP, no_more && no_writing);
        events.set(Events::OUT | Events::WRNORM, no_writing || ready.intersects(Events::OUT | Events::HUP));
        events.set(Events::ERR, state.error.is_some() || ready.contains(Events::ERR));
        events
    }

    /// SO_ERROR, once.
    pub(super) fn take_error(&self) -> Option<Errno> {
        let noted = self.state.lock().error.take();
        if noted.is_some() || !self.ready().contains(Events::ERR) {
            return noted;
        }
        match platform::stream::receive(self.fd.as_fd(), &mut [0], true) {
            Err(Errno::EAGAIN) | Ok(_) => None,
            Err(errno) => {
                let mut state = self.state.lock();
                (state.ended, state.reset) = (true, true);
                Some(errno)
            }
        }
    }

    /// Whether it was reset.
    pub(super) fn is_reset(&self) -> bool {
        self.state.lock().reset
    }

    /// The bytes that can be read, as far as they are looked at.
    pub(super) fn pending(&self) -> usize {
        if !self.ready().contains(Events::IN) {
            return 0;
        }
        platform::stream::receive(self.fd.as_fd(), &mut vec![0; LOOK], true).unwrap_or(0)
    }

    /// How both ends stand: (this end wrote its last, the other did).
    pub(super) fn ended(&self) -> (bool, bool) {
        let over = self.ready().intersects(Events::RDHUP | Events::HUP);
        let state = self.state.lock();
        (state.write_shut, state.ended || over)
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        if let (Some(token), Some(kernel)) = (self.watch, self.kernel.upgrade()) {
            kernel.unwatch_host(token, self.fd.as_fd());
        }
    }
}
