//! A channel: datagrams to and from one other pod, in frames on a socket of the host (`wire::datagrams`).
//!
//! Owns: [`Channel`], what is sent on it, and the task that takes in what comes. Does not own: which channel a datagram
//! takes (`channels`) and who gets it (`udp`).
//!
//! The other kernel is hostile. It is heard a few datagrams at a time, so that guests get their turn; one whose
//! datagrams all are thrown away is left alone for a while, in which the host's socket fills and it loses them itself.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use abi::Errno;
use platform::packet;
use wire::datagrams::{Frame, LONGEST};

use crate::kernel::Kernel;
use crate::net::inet::Inet;
use crate::net::inet::reach::Alarm;
use crate::net::inet::udp::{self, Delivered};
use crate::time::{self, Nanos, Timer};
use crate::wait::{Events, WaitQueue, either};

/// How many frames are taken in before guests get their turn.
const TURN: usize = 64;
/// For how long a channel rests of which a whole turn was thrown away.
const REST: Nanos = 10_000_000;

/// Who opened a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::net::inet) enum Side {
    /// This pod, which sends to `far`.
    Opened {
        /// The pod's own address.
        own: IpAddr,
        /// Where it sends to.
        far: SocketAddr,
    },
    /// The pod at `far`, which sends to `own`.
    Accepted {
        /// Who sends.
        far: IpAddr,
        /// The address of this pod that it sends to.
        own: SocketAddr,
    },
}

/// What a turn came to.
enum Turn {
    /// Nothing more is there.
    Idle,
    /// There may be more.
    More,
    /// Everything was thrown away.
    InVain,
    /// The channel has ended.
    Over,
}

/// One end of a channel.
pub(in crate::net::inet) struct Channel {
    fd: OwnedFd,
    side: Side,
    queue: Arc<WaitQueue>,
    closed: AtomicBool,
    sent: AtomicBool,
    used: AtomicU64,
}

impl Side {
    /// The far and the own end of what a frame of `port` says.
    fn ends(self, port: u16) -> (SocketAddr, SocketAddr) {
        match self {
            Side::Opened { own, far } => (far, SocketAddr::new(own, port)),
            Side::Accepted { far, own } => (SocketAddr::new(far, port), own),
        }
    }
}

impl Channel {
    /// The end `fd` of a channel.
    pub(super) fn new(fd: OwnedFd, side: Side) -> Arc<Channel> {
        let (queue, used) = (Arc::new(WaitQueue::new()), AtomicU64::new(time::monotonic()));
        Arc::new(Channel { fd, side, queue, closed: AtomicBool::new(false), sent: AtomicBool::new(false), used })
    }

    /// Takes in whatever comes, until it ends or is closed. To be called with no lock held.
    pub(super) fn start(self: &Arc<Self>, kernel: &Arc<Kernel>) {
        kernel.runtime.spawn(take_in(Arc::clone(kernel), Arc::clone(self)));
    }

    /// Who opened it.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// When something was last sent on it.
    pub(super) fn used(&self) -> Nanos {
        self.used.load(Ordering::Relaxed)
    }

    /// True if nothing goes over it any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends it.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.queue.announce(Events::HUP);
    }

    /// Sends a datagram from `own` to `far`. One for which there is no room is lost, as on any network.
    pub(in crate::net::inet) fn send(&self, inet: &Inet, (own, far): (SocketAddr, SocketAddr), bytes: &[u8]) {
        let port = match self.side {
            Side::Opened { .. } => own.port(),
            Side::Accepted { .. } => far.port(),
        };
        self.used.store(time::monotonic(), Ordering::Relaxed);
        self.sent.store(true, Ordering::Relaxed);
        inet.traffic.note_sent(bytes.len());
        self.write(Frame::Datagram { port, bytes });
    }

    fn write(&self, frame: Frame<'_>) {
        let (head, body) = frame.parts();
        match packet::send_parts(self.fd.as_fd(), &head, body) {
            Ok(()) | Err(Errno::EAGAIN) => {}
            // The task hears it too, but maybe only after the next datagram has been sent.
            Err(_) => self.close(),
        }
    }

    /// Takes in what is there, at most a turn of it.
    fn turn(&self, inet: &Inet, buffer: &mut [u8]) -> Turn {
        let mut in_vain: usize = 0;
        for _ in 0..TURN {
            if self.is_closed() {
                self.hear_refusals(inet, buffer);
                return Turn::Over;
            }
            let count = match packet::receive(self.fd.as_fd(), buffer) {
                Err(Errno::EAGAIN) => return Turn::Idle,
                // The host says once that the other end was closed with something unread, before what it had sent.
                Err(Errno::ECONNRESET) => continue,
                Ok((0, _)) | Err(_) => return Turn::Over,
                Ok((count, _)) => count,
            };
            match buffer.get(..count).and_then(Frame::read) {
                Some(frame) => in_vain = in_vain.saturating_add(usize::from(!self.hear(inet, frame))),
                None => return Turn::Over,
            }
        }
        if in_vain == TURN { Turn::InVain } else { Turn::More }
    }

    /// Takes in why the other end has gone, where it has said so: a datagram that came too late finds out by its error.
    fn hear_refusals(&self, inet: &Inet, buffer: &mut [u8]) {
        for _ in 0..TURN {
            let count = match packet::receive(self.fd.as_fd(), buffer) {
                Err(Errno::ECONNRESET) => continue,
                Ok((0, _)) | Err(_) => return,
                Ok((count, _)) => count,
            };
            if let Some(frame @ Frame::Refused { .. }) = buffer.get(..count).and_then(Frame::read) {
                self.hear(inet, frame);
            }
        }
    }

    /// Does what a frame says; answers whether anybody got anything by it.
    fn hear(&self, inet: &Inet, frame: Frame<'_>) -> bool {
        match frame {
            Frame::Datagram { port, bytes } => {
                let (far, own) = self.side.ends(port);
                let opened = matches!(self.side, Side::Opened { .. });
                inet.traffic.note_received(bytes.len());
                let delivered = udp::deliver(inet, bytes, udp::Way { from: far, to: own, answers_only: opened });
                if delivered == Delivered::Refused {
                    self.write(Frame::Refused { port });
                    if !opened && !udp::is_bound(inet, own) {
                        self.close();
                    }
                }
                delivered == Delivered::Taken
            }
            Frame::Refused { port: 0 } => {
                let (far, _) = self.side.ends(0);
                inet.channels.refused(self);
                // Who has sent nothing yet hears it of the first datagram.
                if self.sent.load(Ordering::Relaxed) {
                    udp::refused(inet, far, None);
                }
                false
            }
            Frame::Refused { port } => {
                let (far, own) = self.side.ends(port);
                udp::refused(inet, far, Some(own));
                false
            }
        }
    }
}

/// Tells who is at the other end of `fd` that nobody takes what is sent on it.
pub(super) fn refuse(fd: &OwnedFd) {
    let (head, body) = Frame::Refused { port: 0 }.parts();
    let _ = packet::send_parts(fd.as_fd(), &head, body);
}

/// Takes in what comes on a channel until it is over.
async fn take_in(kernel: Arc<Kernel>, channel: Arc<Channel>) {
    let (inet, rest) = (&kernel.net.inet, Arc::new(WaitQueue::new()));
    let watch = kernel.watch_host_for(channel.fd.as_fd(), &channel.queue);
    let mut resting: Option<(Nanos, Timer)> = None;
    if let Some(token) = watch {
        let turn = || {
            if resting.as_ref().is_some_and(|(until, _)| time::monotonic() < *until) && !channel.is_closed() {
                return None;
            }
            resting = None;
            let mut buffer = inet.channels.take_buffer(LONGEST);
            let turn = channel.turn(inet, &mut buffer);
            inet.channels.give_buffer(buffer);
            match turn {
                Turn::Over => return Some(()),
                Turn::Idle => {}
                Turn::More => channel.queue.announce(Events::IN),
                Turn::InVain => {
                    let until = time::monotonic().saturating_add(REST);
                    resting = Some((until, kernel.timers.at(until, Arc::new(Alarm(Arc::clone(&rest))))));
                }
            }
            None
        };
        either(&channel.queue, &rest, turn).await;
        kernel.unwatch_host(token, channel.fd.as_fd());
    }
    channel.close();
    inet.channels.gone(&channel);
}
