//! Connecting to what is outside of the pod: asked for, waited for, asked for again.
//!
//! Owns: [`Reach`], how far such a connection is. It goes on whenever somebody asks how it stands, and its socket's
//! queue announces when there is something new: an answer, the time to ask again, the time to give up.
//!
//! As in Linux a connection that nobody refuses is tried again after 1, 2, 4 … seconds, tcp(7) tcp_syn_retries, and
//! fails with `ETIMEDOUT` after about two minutes.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use abi::Errno;

use super::TcpSocket;
use super::outer::Outer;
use super::uplink::Uplink;
use crate::kernel::Kernel;
use crate::time::{self, Nanos, SECOND, Timer};
use crate::wait::{Events, Listener, WaitQueue};

/// How long a connection is tried: what six repetitions of a SYN come to.
const GIVE_UP: Nanos = 127 * SECOND;

/// What the switch has answered.
pub(super) struct Answer {
    /// To which question.
    pub(super) number: u32,
    /// 0, `IN_PROGRESS`, or why not.
    pub(super) errno: u16,
    /// The end of a stream.
    pub(super) passed: Option<OwnedFd>,
}

/// A connection that does not stand yet.
pub(super) struct Reach {
    /// Where to.
    pub(super) to: SocketAddr,
    port: u16,
    /// Of the last question.
    number: Option<u32>,
    begun: Nanos,
    tries: u32,
    stage: Stage,
    timer: Option<Timer>,
}

enum Stage {
    /// The switch is to answer; where it does not, it is asked again at that time.
    Asked(Nanos),
    /// The other kernel is to say whether it takes the connection.
    Offered(Arc<Outer>),
    /// The machine's network is to say so.
    Opening(Arc<Outer>),
    /// The switch has refused.
    Refused(Errno),
}

/// A queue that is told when a time has come.
pub(super) struct Alarm(pub(super) Arc<WaitQueue>);

impl Listener for Alarm {
    fn notify(&self, _: Events) {
        self.0.announce(Events::all());
    }
}

impl Reach {
    /// Asks for a connection of `socket`, at `port`, to `to`.
    pub(super) fn begin(
        uplink: &Uplink,
        socket: &Weak<TcpSocket>,
        queue: &Arc<WaitQueue>,
        port: u16,
        to: SocketAddr,
    ) -> Reach {
        let begun = time::monotonic();
        let mut reach = Reach { to, port, number: None, begun, tries: 0, stage: Stage::Asked(begun), timer: None };
        reach.ask(uplink, socket, queue);
        reach
    }

    /// Asks once more.
    pub(super) fn ask(&mut self, uplink: &Uplink, socket: &Weak<TcpSocket>, queue: &Arc<WaitQueue>) {
        self.give_up(uplink);
        let again = time::monotonic().saturating_add(SECOND << self.tries.min(6));
        self.tries = self.tries.saturating_add(1);
        self.stage = Stage::Asked(again);
        self.number = Some(uplink.ask(Weak::clone(socket), self.port, self.to));
        self.set_alarm(uplink, queue, again);
    }

    fn set_alarm(&mut self, uplink: &Uplink, queue: &Arc<WaitQueue>, when: Nanos) {
        let when = when.min(self.begun.saturating_add(GIVE_UP));
        self.timer = uplink.kernel().map(|kernel| kernel.timers.at(when, Arc::new(Alarm(Arc::clone(queue)))));
    }

    /// Takes in what the switch has answered to its last question.
    pub(super) fn answered(&mut self, kernel: &Arc<Kernel>, queue: &Arc<WaitQueue>, answer: Answer) {
        if self.number != Some(answer.number) {
            return;
        }
        self.stage = match (answer.errno, answer.passed) {
            (0, Some(fd)) => Stage::Offered(Outer::new(kernel, fd, queue)),
            (wire::IN_PROGRESS, Some(fd)) => Stage::Opening(Outer::new(kernel, fd, queue)),
            // The descriptor was lost, or a socket of the way was full.
            (0 | wire::IN_PROGRESS, None) => return,
            (errno, _) if errno == u16::from(wire::BUSY) => return,
            (errno, _) => Stage::Refused(known(errno)),
        };
        self.set_alarm(&kernel.net.inet.uplink, queue, Nanos::MAX);
    }

    /// How it stands: the connection, why there will be none, or `EAGAIN`.
    pub(super) fn advance(
        &mut self,
        uplink: &Uplink,
        socket: &Weak<TcpSocket>,
        queue: &Arc<WaitQueue>,
    ) -> Result<Arc<Outer>, Errno> {
        let now = time::monotonic();
        let verdict = match &self.stage {
            Stage::Refused(errno) => Err(*errno),
            Stage::Asked(again) if now >= *again => {
                self.ask(uplink, socket, queue);
                Err(Errno::EAGAIN)
            }
            Stage::Asked(_) => Err(Errno::EAGAIN),
            Stage::Opening(outer) => outer.established().map(|()| Arc::clone(outer)),
            Stage::Offered(outer) => match outer.first_byte() {
                Ok(Some(wire::CONNECTED)) => Ok(Arc::clone(outer)),
                Ok(Some(wire::BUSY)) => {
                    let again = now.saturating_add(SECOND << self.tries.saturating_sub(1).min(6));
                    self.stage = Stage::Asked(again);
                    self.set_alarm(uplink, queue, again);
                    Err(Errno::EAGAIN)
                }
                Ok(Some(errno)) => Err(known(u16::from(errno))),
                // The pod has gone, and nobody listens there any more.
                Ok(None) => Err(Errno::ECONNREFUSED),
                Err(Errno::EAGAIN) => Err(Errno::EAGAIN),
                Err(_) => Err(Errno::ECONNREFUSED),
            },
        };
        match verdict {
            Err(Errno::EAGAIN) if now >= self.begun.saturating_add(GIVE_UP) => Err(Errno::ETIMEDOUT),
            other => other,
        }
    }

    /// Nobody waits for an answer any more.
    pub(super) fn give_up(&self, uplink: &Uplink) {
        if let Some(number) = self.number {
            uplink.forget(number);
        }
    }
}

/// What others may have connect(2) say.
pub(super) fn known(errno: u16) -> Errno {
    match Errno(errno) {
        known @ (Errno::ECONNREFUSED | Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::ETIMEDOUT | Errno::EACCES) => {
            known
        }
        _ => Errno::ECONNREFUSED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_choose_among_the_errors_of_a_connection_only() {
        assert_eq!(known(113), Errno::EHOSTUNREACH);
        for strange in [0, 4, 9, 512, u16::MAX] {
            assert_eq!(known(strange), Errno::ECONNREFUSED);
        }
    }
}
