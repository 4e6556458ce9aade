//! Unix streams and seqpackets.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::{AF_UNIX, SOCK_SEQPACKET, Ucred};

use super::names::{Bound, NOBODY, Names};
use crate::net::address::{Address, UnixName};
use crate::net::flight::Flying;
use crate::net::message::{Caller, Outgoing, Received, UNTOLD};
use crate::net::socket::{Base, Endpoint};
use crate::net::stream::{End, Link, Style};
use crate::sync::Mutex;
use crate::wait::{Events, WaitQueue};

/// The longest queue of connections, /proc/sys/net/core/somaxconn.
pub(crate) const SOMAXCONN: usize = 4096;

/// A stream or seqpacket socket.
pub struct StreamSocket {
    base: Base,
    names: Arc<Names>,
    me: Weak<StreamSocket>,
    name: Mutex<UnixName>,
    state: Mutex<State>,
}

enum State {
    Idle,
    Listening(Listener),
    Connected(Peer),
}

struct Listener {
    backlog: usize,
    pending: VecDeque<Arc<StreamSocket>>,
    /// Who could not connect because the queue was full.
    blocked: Vec<Arc<WaitQueue>>,
    ucred: Ucred,
    shut: bool,
}

#[derive(Clone)]
struct Peer {
    link: Link,
    name: UnixName,
    ucred: Ucred,
}

impl StreamSocket {
    /// A socket without name or peer.
    pub(super) fn new(names: &Arc<Names>, caller: &Caller, kind: u32) -> Arc<StreamSocket> {
        StreamSocket::with(names, Base::new(AF_UNIX, kind, 0, caller.ucred), UnixName::Unnamed)
    }

    fn with(names: &Arc<Names>, base: Base, name: UnixName) -> Arc<StreamSocket> {
        let socket = Arc::new_cyclic(|me: &Weak<StreamSocket>| StreamSocket {
            base,
            names: Arc::clone(names),
            me: Weak::clone(me),
            name: Mutex::new(name),
            state: Mutex::new(State::Idle),
        });
        names.enlist(Arc::downgrade(&socket) as Weak<dyn Endpoint>);
        socket
    }

    /// Two connected sockets.
    pub(super) fn pair(names: &Arc<Names>, caller: &Caller, kind: u32) -> (Arc<StreamSocket>, Arc<StreamSocket>) {
        let (a, b) = (StreamSocket::new(names, caller, kind), StreamSocket::new(names, caller, kind));
        a.join(&b, caller.ucred, caller.ucred);
        (a, b)
    }

    /// Connects two idle sockets, whose makers were `own` and `other`.
    fn join(&self, peer: &StreamSocket, own: Ucred, other: Ucred) {
        let style = if self.base.kind == SOCK_SEQPACKET { Style::Records } else { Style::Bytes };
        // What flows to an end is bounded by the send buffer of the other.
        let end = |to: &StreamSocket, from: &StreamSocket| End {
            queue: Arc::clone(&to.base.queue),
            capacity: from.base.options.lock().send_buffer,
        };
        let (first, second) = Link::pair(style, end(self, peer), end(peer, self));
        first.ask_sender(self.base.options.lock().pass_credentials);
        let (own_name, peer_name) = (self.name.lock().clone(), peer.name.lock().clone());
        *self.state.lock() = State::Connected(Peer { link: first, name: peer_name, ucred: other });
        *peer.state.lock() = State::Connected(Peer { link: second, name: own_name, ucred: own });
    }

    fn connected(&self) -> Option<Peer> {
        match &*self.state.lock() {
            State::Connected(peer) => Some(peer.clone()),
            _ => None,
        }
    }

    /// Takes in a connection from `client`; `EAGAIN` where the queue is full.
    fn take_in(&self, client: &StreamSocket, caller: &Caller) -> Result<(), Errno> {
        let ucred = match &mut *self.state.lock() {
            State::Listening(listener) if !listener.shut => {
                if listener.pending.len() > listener.backlog {
                    listener.blocked.retain(|queue| !Arc::ptr_eq(queue, &client.base.queue));
                    listener.blocked.push(Arc::clone(&client.base.queue));
                    return Err(Errno::EAGAIN);
                }
                listener.ucred
            }
            _ => return Err(Errno::ECONNREFUSED),
        };
        let served = StreamSocket::with(&self.names, Base::accepted(&self.base, ucred), self.name.lock().clone());
        client.join(&served, caller.ucred, ucred);
        served.tell_senders(true);
        if let State::Listening(listener) = &mut *self.state.lock() {
            listener.pending.push_back(served);
        }
        self.base.queue.announce(Events::IN | Events::RDNORM);
        Ok(())
    }
}

impl Endpoint for StreamSocket {
    fn base(&self) -> &Base {
        &self.base
    }

    fn bind(self: Arc<Self>, _caller: &Caller, address: &Address) -> Result<(), Errno> {
        let Address::Unix(name) = address else { return Err(Errno::EINVAL) };
        if !matches!(*self.name.lock(), UnixName::Unnamed) {
            return Err(Errno::EINVAL);
        }
        let bound = Bound::Stream(Arc::downgrade(&self));
        let name = match name {
            UnixName::Unnamed => self.names.autobind(&bound)?,
            name => self.names.bind(name, bound).map(|()| name.clone())?,
        };
        *self.name.lock() = name;
        Ok(())
    }

    fn connect(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        let Address::Unix(name) = address else { return Err(Errno::EINVAL) };
        match *self.state.lock() {
            State::Idle => {}
            State::Listening(_) => return Err(Errno::EINVAL),
            State::Connected(_) => return Err(Errno::EISCONN),
        }
        match self.names.find(name)? {
            Bound::Stream(listener) => {
                let listener = listener.upgrade().ok_or(Errno::ECONNREFUSED)?;
                if listener.base.kind != self.base.kind {
                    return Err(Errno::EPROTOTYPE);
                }
                listener.take_in(&self, caller)
            }
            Bound::Datagram(_) => Err(Errno::EPROTOTYPE),
        }
    }

    fn listen(self: Arc<Self>, caller: &Caller, backlog: i32) -> Result<(), Errno> {
        let backlog = usize::try_from(backlog).unwrap_or(SOMAXCONN).min(SOMAXCONN);
        if matches!(*self.name.lock(), UnixName::Unnamed) {
            return Err(Errno::EINVAL);
        }
        let blocked = match &mut *self.state.lock() {
            State::Connected(_) => return Err(Errno::EINVAL),
            State::Listening(listener) => {
                listener.backlog = backlog;
                std::mem::take(&mut listener.blocked)
            }
            idle => {
                let (pending, blocked) = (VecDeque::new(), Vec::new());
                *idle = State::Listening(Listener { backlog, pending, blocked, ucred: caller.ucred, shut: false });
                Vec::new()
            }
        };
        blocked.iter().for_each(|queue| queue.announce(Events::OUT));
        Ok(())
    }

    fn accept(&self) -> Result<Arc<dyn Endpoint>, Errno> {
        let (socket, blocked) = match &mut *self.state.lock() {
            State::Listening(listener) => match listener.pending.pop_front() {
                Some(socket) => (socket, std::mem::take(&mut listener.blocked)),
                None if listener.shut => return Err(Errno::EINVAL),
                None => return Err(Errno::EAGAIN),
            },
            _ => return Err(Errno::EINVAL),
        };
        blocked.iter().for_each(|queue| queue.announce(Events::OUT));
        socket.tell_senders(socket.base.options.lock().pass_credentials);
        Ok(socket)
    }

    fn listening(&self) -> bool {
        matches!(*self.state.lock(), State::Listening(_))
    }

    fn send(&self, message: &mut Outgoing) -> Result<usize, Errno> {
        let peer = self.connected();
        if message.to.is_some() && self.base.kind != SOCK_SEQPACKET {
            return Err(if peer.is_some() { Errno::EISCONN } else { Errno::EOPNOTSUPP });
        }
        let peer = peer.ok_or(Errno::ENOTCONN)?;
        if !message.claimed && !self.base.options.lock().pass_credentials && !peer.link.asks_sender() {
            message.from = UNTOLD;
        }
        peer.link.send(message)
    }

    fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        let not_connected = if self.base.kind == SOCK_SEQPACKET { Errno::ENOTCONN } else { Errno::EINVAL };
        let peer = self.connected().ok_or(not_connected)?;
        let tell_ucred = self.base.options.lock().pass_credentials;
        let mut got = peer.link.receive(buffer, flags, tell_ucred)?;
        got.from = (!matches!(peer.name, UnixName::Unnamed)).then_some(Address::Unix(peer.name));
        Ok(got)
    }

    fn shutdown(&self, read: bool, write: bool) -> Result<(), Errno> {
        match &mut *self.state.lock() {
            State::Idle => return Ok(()),
            State::Listening(listener) => listener.shut |= read,
            State::Connected(_) => {}
        }
        match self.connected() {
            Some(peer) => peer.link.shut(read, write),
            None => self.base.queue.announce(Events::IN | Events::HUP),
        }
        Ok(())
    }

    fn name(&self) -> Address {
        Address::Unix(self.name.lock().clone())
    }

    fn peer(&self) -> Result<Address, Errno> {
        self.connected().map(|peer| Address::Unix(peer.name)).ok_or(Errno::ENOTCONN)
    }

    fn poll(&self) -> Events {
        match &*self.state.lock() {
            State::Idle => Events::OUT | Events::WRNORM | Events::HUP,
            State::Listening(listener) => {
                let mut events = Events::empty();
                events.set(Events::IN | Events::RDNORM, !listener.pending.is_empty() || listener.shut);
                events
            }
            State::Connected(peer) => peer.link.poll(),
        }
    }

    fn tell_senders(&self, on: bool) {
        if let Some(peer) = self.connected() {
            peer.link.ask_sender(on);
        }
    }

    fn peer_ucred(&self) -> Ucred {
        match &*self.state.lock() {
            State::Idle => NOBODY,
            State::Listening(listener) => listener.ucred,
            State::Connected(peer) => peer.ucred,
        }
    }

    fn take_error(&self) -> Option<Errno> {
        self.connected().and_then(|peer| peer.link.take_error())
    }

    fn resize(&self, send_bytes: usize) {
        if let Some(peer) = self.connected() {
            peer.link.set_capacity(send_bytes);
        }
    }

    fn pending(&self) -> Result<usize, Errno> {
        match &*self.state.lock() {
            State::Listening(_) => Err(Errno::EINVAL),
            State::Idle => Ok(0),
            State::Connected(peer) => Ok(peer.link.pending()),
        }
    }

    fn unsent(&self) -> Result<usize, Errno> {
        Ok(self.connected().map_or(0, |peer| peer.link.unsent()))
    }

    fn flying(&self) -> Vec<usize> {
        self.connected().map(|peer| peer.link.flying()).unwrap_or_default()
    }

    fn take_flying(&self) -> Vec<Flying> {
        self.connected().map(|peer| peer.link.take_flying()).unwrap_or_default()
    }

    fn close(&self) {
        let name = self.name.lock().clone();
        self.names.free(&name, |bound| matches!(bound, Bound::Stream(socket) if socket.ptr_eq(&self.me)));
        let state = std::mem::replace(&mut *self.state.lock(), State::Idle);
        match state {
            State::Idle => {}
            State::Connected(peer) => peer.link.close(false),
            State::Listening(listener) => {
                listener.blocked.iter().for_each(|queue| queue.announce(Events::OUT));
                for socket in listener.pending {
                    if let Some(peer) = socket.connected() {
                        peer.link.close(true);
                    }
                }
            }
        }
    }
}
