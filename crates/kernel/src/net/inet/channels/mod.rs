//! The channels of the pod: by which one a datagram leaves it.
//!
//! Owns: [`Channels`], one channel for each address that sockets of the pod send to, and one for each that others send
//! to here. Answers take the channel of the question, so that they come from where was asked, whatever the switch says
//! by then. Does not own: what is on a channel (`channel`), and which pod is behind the address of a Service (`udp`).
//!
//! A channel that is open needs no switch. One that is asked for is asked for again after a second, and given up after
//! three, as Linux does with a neighbour that does not answer, arp(7).

mod channel;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use abi::Errno;

pub(super) use self::channel::Channel;
use self::channel::Side;
use super::reach::{Answer, known};
use super::{Inet, udp};
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::time::{self, Nanos, SECOND};
use crate::wait::{Events, WaitQueue};

/// How many addresses the pod sends to at once; the one that has rested longest gives way.
const MOST_OPENED: usize = 256;
/// At how many of the pod's ports one other pod is heard at once.
const MOST_OF_ONE: usize = 64;
/// At how many all others.
const MOST_ACCEPTED: usize = 1024;
/// How often a channel is asked for, once a second.
const TRIES: u32 = 3;
/// For how long it is not asked for again after a refusal.
const FAILED: Nanos = 20_000_000;

/// The channels of the pod.
#[derive(Default)]
pub(super) struct Channels {
    table: Mutex<Table>,
    buffer: Mutex<Vec<u8>>,
}

#[derive(Default)]
struct Table {
    opened: HashMap<SocketAddr, Opening>,
    accepted: HashMap<(IpAddr, SocketAddr), Arc<Channel>>,
}

/// How far a channel is that the pod needs.
enum Opening {
    Asked(Question),
    Open(Arc<Channel>),
    Failed(Errno, Nanos),
}

#[derive(Default)]
struct Question {
    number: u32,
    again: Nanos,
    tries: u32,
    waiting: Vec<Arc<WaitQueue>>,
}

/// What an answer of the switch means for datagrams: `EAGAIN` is that they are lost, as a policy has them.
pub(super) fn refusal(errno: u16) -> Errno {
    if errno == u16::from(wire::BUSY) { Errno::EAGAIN } else { known(errno) }
}

impl Channels {
    /// The channel by which `far` has sent to `own`: the way back.
    pub(super) fn back(&self, own: SocketAddr, far: IpAddr) -> Option<Arc<Channel>> {
        self.table.lock().accepted.get(&(far, own)).filter(|channel| !channel.is_closed()).cloned()
    }

    /// True if the pod sends to `far` already.
    pub(super) fn is_open(&self, far: SocketAddr) -> bool {
        matches!(self.table.lock().opened.get(&far), Some(Opening::Open(channel)) if !channel.is_closed())
    }

    /// The channel to `far`; none where datagrams are lost on the way, as a policy has them. `EAGAIN` while it is asked
    /// for; `queue` hears of it, and its owner asks again after a second.
    pub(super) fn to(
        &self,
        inet: &Inet,
        far: SocketAddr,
        queue: &Arc<WaitQueue>,
    ) -> Result<Option<Arc<Channel>>, Errno> {
        let (now, mut table) = (time::monotonic(), self.table.lock());
        let mut question = match table.opened.remove(&far) {
            Some(Opening::Open(channel)) if !channel.is_closed() => {
                table.opened.insert(far, Opening::Open(Arc::clone(&channel)));
                return Ok(Some(channel));
            }
            Some(Opening::Failed(errno, until)) if now < until => {
                table.opened.insert(far, Opening::Failed(errno, until));
                return if errno == Errno::EAGAIN { Ok(None) } else { Err(errno) };
            }
            Some(Opening::Asked(question)) => question,
            _ => Question::default(),
        };
        if now >= question.again {
            if question.tries >= TRIES {
                table.opened.insert(far, Opening::failed(Errno::EHOSTUNREACH));
                return Err(Errno::EHOSTUNREACH);
            }
            if question.tries > 0 {
                inet.uplink.forget(question.number);
            }
            question.number = inet.uplink.ask_channel(far);
            question.again = now.saturating_add(SECOND);
            question.tries = question.tries.saturating_add(1);
        }
        if !question.waiting.iter().any(|known| Arc::ptr_eq(known, queue)) {
            question.waiting.push(Arc::clone(queue));
        }
        table.make_room();
        table.opened.insert(far, Opening::Asked(question));
        Err(Errno::EAGAIN)
    }

    /// The switch has answered what was asked about `far`.
    pub(super) fn answered(&self, kernel: &Arc<Kernel>, far: SocketAddr, answer: Answer) {
        let own = kernel.net.inet.addresses().into_iter().find(|own| own.is_ipv4() == far.is_ipv4());
        let opened = match (answer.errno, answer.passed, own) {
            (0, Some(fd), Some(own)) => Ok(Channel::new(fd, Side::Opened { own, far })),
            // The descriptor was lost: this process has no room for it.
            (0, ..) => Err(Errno::EHOSTUNREACH),
            (errno, ..) => Err(refusal(errno)),
        };
        let waiting = match self.table.lock().opened.get_mut(&far) {
            Some(opening @ Opening::Asked(_)) => {
                let next = match &opened {
                    Ok(channel) => Opening::Open(Arc::clone(channel)),
                    Err(errno) => Opening::failed(*errno),
                };
                match std::mem::replace(opening, next) {
                    Opening::Asked(question) => question.waiting,
                    _ => Vec::new(),
                }
            }
            _ => return,
        };
        if let Ok(channel) = &opened {
            channel.start(kernel);
        }
        waiting.iter().for_each(|queue| queue.announce(Events::OUT | Events::WRNORM));
    }

    /// Nobody takes what is sent on a channel that this pod has opened.
    fn refused(&self, channel: &Channel) {
        let Side::Opened { far, .. } = channel.side() else { return };
        let mut table = self.table.lock();
        if matches!(table.opened.get(&far), Some(Opening::Open(current)) if std::ptr::eq(&**current, channel)) {
            table.opened.insert(far, Opening::failed(Errno::ECONNREFUSED));
        }
    }

    /// There is a new switch: what the last one was asked is asked again by who waits.
    pub(super) fn ask_again(&self, far: SocketAddr) {
        let waiting = match self.table.lock().opened.get_mut(&far) {
            Some(Opening::Asked(question)) => {
                (question.again, question.tries) = (0, 0);
                question.waiting.clone()
            }
            _ => Vec::new(),
        };
        waiting.iter().for_each(|queue| queue.announce(Events::OUT | Events::WRNORM));
    }

    /// Another pod sends to `own`; `fd` is this end of the channel. It takes the place of an earlier one.
    pub(super) fn accept(&self, kernel: &Arc<Kernel>, far: IpAddr, own: SocketAddr, fd: OwnedFd) {
        let inet = &kernel.net.inet;
        if !inet.addresses().contains(&own.ip()) || !udp::is_bound(inet, own) {
            return channel::refuse(&fd);
        }
        let channel = Channel::new(fd, Side::Accepted { far, own });
        {
            let mut table = self.table.lock();
            if let Some(earlier) = table.accepted.remove(&(far, own)) {
                earlier.close();
            }
            if !table.make_room_for(far) {
                return;
            }
            table.accepted.insert((far, own), Arc::clone(&channel));
        }
        channel.start(kernel);
    }

    /// Who may send to whom has changed: every channel is asked for anew. What is on them is lost.
    pub(super) fn close_all(&self) {
        let mut table = self.table.lock();
        table.accepted.drain().for_each(|(_, channel)| channel.close());
        table.opened.retain(|_, opening| match opening {
            Opening::Asked(_) => true,
            Opening::Open(channel) => {
                channel.close();
                false
            }
            Opening::Failed(..) => false,
        });
    }

    /// A channel has ended.
    pub(super) fn gone(&self, channel: &Arc<Channel>) {
        let mut table = self.table.lock();
        match channel.side() {
            Side::Opened { far, .. } => {
                if matches!(table.opened.get(&far), Some(Opening::Open(current)) if Arc::ptr_eq(current, channel)) {
                    table.opened.remove(&far);
                }
            }
            Side::Accepted { far, own } => {
                if table.accepted.get(&(far, own)).is_some_and(|current| Arc::ptr_eq(current, channel)) {
                    table.accepted.remove(&(far, own));
                }
            }
        }
    }

    /// A buffer of `length` bytes, to be given back: one serves all channels, which take turns.
    fn take_buffer(&self, length: usize) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut *self.buffer.lock());
        buffer.resize(length, 0);
        buffer
    }

    fn give_buffer(&self, buffer: Vec<u8>) {
        *self.buffer.lock() = buffer;
    }
}

impl Opening {
    /// It has just failed.
    fn failed(errno: Errno) -> Opening {
        Opening::Failed(errno, time::monotonic().saturating_add(FAILED))
    }
}

impl Table {
    /// Makes room for one more address that the pod sends to.
    fn make_room(&mut self) {
        if self.opened.len() < MOST_OPENED {
            return;
        }
        self.opened.retain(|_, opening| !matches!(opening, Opening::Failed(..)));
        let open = self.opened.iter().filter_map(|(far, opening)| match opening {
            Opening::Open(channel) => Some((*far, channel.used())),
            _ => None,
        });
        if let Some((far, _)) = open.min_by_key(|(_, used)| *used)
            && let Some(Opening::Open(channel)) = self.opened.remove(&far)
        {
            channel.close();
        }
    }

    /// Makes room for one more port at which `far` is heard; false where the others leave none.
    fn make_room_for(&mut self, far: IpAddr) -> bool {
        let of_one = self.accepted.iter().filter(|((from, _), _)| *from == far);
        let (count, oldest) = (of_one.clone().count(), of_one.min_by_key(|(_, channel)| channel.used()));
        let oldest = oldest.map(|(key, _)| *key);
        if count >= MOST_OF_ONE
            && let Some(channel) = oldest.and_then(|key| self.accepted.remove(&key))
        {
            channel.close();
        }
        self.accepted.len() < MOST_ACCEPTED
    }
}
