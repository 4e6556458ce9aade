//! Unix datagrams.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::{AF_UNIX, MSG_DONTWAIT, MSG_PEEK, SOCK_DGRAM, Ucred};

use super::names::{Bound, NOBODY, Names};
use crate::net::address::{Address, UnixName};
use crate::net::flight::Flying;
use crate::net::message::{Caller, Outgoing, Received, UNTOLD};
use crate::net::socket::{Base, Endpoint};
use crate::net::stream::copy;
use crate::sync::Mutex;
use crate::wait::{Events, WaitQueue};

/// How many datagrams a socket holds before its senders wait.
const MOST_HELD: usize = 512;

/// A datagram socket.
pub struct DatagramSocket {
    base: Base,
    names: Arc<Names>,
    me: Weak<DatagramSocket>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    name: UnixName,
    peer: Option<Weak<DatagramSocket>>,
    peer_ucred: Option<Ucred>,
    inbox: VecDeque<Datagram>,
    held: usize,
    /// Who could not send because the inbox was full.
    blocked: Vec<Arc<WaitQueue>>,
    read_shut: bool,
    write_shut: bool,
    error: Option<Errno>,
}

struct Datagram {
    bytes: Vec<u8>,
    from: UnixName,
    ucred: Ucred,
    files: Vec<Flying>,
}

impl State {
    fn is_full(&self, bytes: usize, limit: usize) -> bool {
        self.inbox.len() >= MOST_HELD || (self.held > 0 && self.held.saturating_add(bytes) > limit)
    }

    fn block(&mut self, queue: &Arc<WaitQueue>) {
        self.blocked.retain(|other| !Arc::ptr_eq(other, queue));
        self.blocked.push(Arc::clone(queue));
    }
}

impl DatagramSocket {
    /// A socket without name or peer.
    pub(super) fn new(names: &Arc<Names>, caller: &Caller) -> Arc<DatagramSocket> {
        let socket = Arc::new_cyclic(|me: &Weak<DatagramSocket>| DatagramSocket {
            base: Base::new(AF_UNIX, SOCK_DGRAM, 0, caller.ucred),
            names: Arc::clone(names),
            me: Weak::clone(me),
            state: Mutex::default(),
        });
        names.enlist(Arc::downgrade(&socket) as Weak<dyn Endpoint>);
        socket
    }

    /// Two sockets that are each other's peer.
    pub(super) fn pair(names: &Arc<Names>, caller: &Caller) -> (Arc<DatagramSocket>, Arc<DatagramSocket>) {
        let (a, b) = (DatagramSocket::new(names, caller), DatagramSocket::new(names, caller));
        for (own, other) in [(&a, &b), (&b, &a)] {
            let mut state = own.state.lock();
            state.peer = Some(Arc::downgrade(other));
            state.peer_ucred = Some(caller.ucred);
        }
        (a, b)
    }

    fn find(&self, name: &UnixName) -> Result<Arc<DatagramSocket>, Errno> {
        match self.names.find(name)? {
            Bound::Datagram(socket) => socket.upgrade().ok_or(Errno::ECONNREFUSED),
            Bound::Stream(_) => Err(Errno::EPROTOTYPE),
        }
    }

    /// Where a message goes.
    fn target(&self, to: Option<&Address>) -> Result<Arc<DatagramSocket>, Errno> {
        match to {
            Some(Address::Unix(name)) => self.find(name),
            Some(_) => Err(Errno::EINVAL),
            None => {
                let mut state = self.state.lock();
                let peer = state.peer.as_ref().ok_or(Errno::ENOTCONN)?;
                match peer.upgrade() {
                    Some(peer) => Ok(peer),
                    None => {
                        state.peer = None;
                        Err(Errno::ECONNREFUSED)
                    }
                }
            }
        }
    }

    /// Takes a datagram from `sender` into the inbox.
    fn take_in(&self, sender: &DatagramSocket, message: &mut Outgoing, from: UnixName) -> Result<(), Errno> {
        let (limit, told) = {
            let options = sender.base.options.lock();
            (options.send_buffer, message.claimed || options.pass_credentials)
        };
        if !told && !self.base.options.lock().pass_credentials {
            message.from = UNTOLD;
        }
        let mut state = self.state.lock();
        if state.peer.as_ref().is_some_and(|peer| !peer.ptr_eq(&sender.me)) {
            return Err(Errno::EPERM);
        }
        if state.read_shut {
            return Err(Errno::EPIPE);
        }
        if state.is_full(message.bytes.len(), limit) {
            state.block(&sender.base.queue);
            return Err(Errno::EAGAIN);
        }
        state.held = state.held.saturating_add(message.bytes.len());
        let files = std::mem::take(&mut message.files);
        state.inbox.push_back(Datagram { bytes: message.bytes.to_vec(), from, ucred: message.from, files });
        Ok(())
    }
}

impl Endpoint for DatagramSocket {
    fn base(&self) -> &Base {
        &self.base
    }

    fn bind(self: Arc<Self>, _caller: &Caller, address: &Address) -> Result<(), Errno> {
        let Address::Unix(name) = address else { return Err(Errno::EINVAL) };
        if !matches!(self.state.lock().name, UnixName::Unnamed) {
            return Err(Errno::EINVAL);
        }
        let bound = Bound::Datagram(Arc::downgrade(&self));
        let name = match name {
            UnixName::Unnamed => self.names.autobind(&bound)?,
            name => self.names.bind(name, bound).map(|()| name.clone())?,
        };
        self.state.lock().name = name;
        Ok(())
    }

    fn connect(self: Arc<Self>, _caller: &Caller, address: &Address) -> Result<(), Errno> {
        let peer = match address {
            Address::Unspecified => None,
            Address::Unix(name) => Some(self.find(name)?),
            _ => return Err(Errno::EINVAL),
        };
        if let Some(peer) = &peer
            && !Arc::ptr_eq(peer, &self)
            && peer.state.lock().peer.as_ref().is_some_and(|other| !other.ptr_eq(&self.me))
        {
            return Err(Errno::EPERM);
        }
        let old = {
            let mut state = self.state.lock();
            state.peer_ucred = None;
            std::mem::replace(&mut state.peer, peer.as_ref().map(Arc::downgrade))
        };
        if let Some(old) =
            old.as_ref().and_then(Weak::upgrade).filter(|old| !peer.iter().any(|new| Arc::ptr_eq(new, old)))
        {
            self.leave(&old);
        }
        Ok(())
    }

    fn send(&self, message: &mut Outgoing) -> Result<usize, Errno> {
        const HEADER: usize = 32;
        let from = {
            let mut state = self.state.lock();
            if let Some(errno) = state.error.take() {
                return Err(errno);
            }
            if state.write_shut {
                return Err(Errno::EPIPE);
            }
            state.name.clone()
        };
        let target = self.target(message.to)?;
        let limit = self.base.options.lock().send_buffer;
        if message.bytes.len() > limit.saturating_sub(HEADER) {
            return Err(Errno::EMSGSIZE);
        }
        target.take_in(self, message, from)?;
        target.base.queue.announce(Events::IN | Events::RDNORM);
        Ok(message.bytes.len())
    }

    fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        let peek = flags & MSG_PEEK != 0;
        let (got, blocked) = {
            let mut state = self.state.lock();
            let Some(front) = state.inbox.front_mut() else {
                return match state.error.take() {
                    Some(errno) => Err(errno),
                    None if state.read_shut && flags & MSG_DONTWAIT == 0 => Ok(Received::default()),
                    None => Err(Errno::EAGAIN),
                };
            };
            let mut got = Received {
                count: copy(&front.bytes, buffer),
                full: front.bytes.len(),
                from: (!matches!(front.from, UnixName::Unnamed)).then(|| Address::Unix(front.from.clone())),
                ucred: Some(front.ucred),
                ..Received::default()
            };
            if peek {
                got.files = front.files.iter().filter_map(Flying::file).map(Arc::clone).collect();
                (got, Vec::new())
            } else {
                got.files = std::mem::take(&mut front.files).into_iter().filter_map(Flying::land).collect();
                state.held = state.held.saturating_sub(got.full);
                state.inbox.pop_front();
                (got, std::mem::take(&mut state.blocked))
            }
        };
        blocked.iter().for_each(|queue| queue.announce(Events::OUT | Events::WRNORM));
        Ok(got)
    }

    fn shutdown(&self, read: bool, write: bool) -> Result<(), Errno> {
        {
            let mut state = self.state.lock();
            if state.peer.is_none() {
                return Err(Errno::ENOTCONN);
            }
            state.read_shut |= read;
            state.write_shut |= write;
        }
        self.base.queue.announce(Events::all());
        Ok(())
    }

    fn name(&self) -> Address {
        Address::Unix(self.state.lock().name.clone())
    }

    fn peer(&self) -> Result<Address, Errno> {
        let peer = self.state.lock().peer.as_ref().and_then(Weak::upgrade).ok_or(Errno::ENOTCONN)?;
        Ok(if Arc::as_ptr(&peer) == self.me.as_ptr() { self.name() } else { peer.name() })
    }

    fn poll(&self) -> Events {
        let (mut events, peer) = {
            let state = self.state.lock();
            let mut events = Events::empty();
            events.set(Events::IN | Events::RDNORM, state.read_shut || !state.inbox.is_empty());
            events.set(Events::RDHUP, state.read_shut);
            events.set(Events::HUP, state.read_shut && state.write_shut);
            events.set(Events::ERR, state.error.is_some());
            (events, state.peer.as_ref().and_then(Weak::upgrade))
        };
        let room = peer.is_none_or(|peer| {
            let limit = self.base.options.lock().send_buffer;
            let mut state = peer.state.lock();
            let full = state.is_full(1, limit);
            if full {
                state.block(&self.base.queue);
            }
            !full
        });
        events.set(Events::OUT | Events::WRNORM, room);
        events
    }

    fn peer_ucred(&self) -> Ucred {
        self.state.lock().peer_ucred.unwrap_or(NOBODY)
    }

    fn take_error(&self) -> Option<Errno> {
        self.state.lock().error.take()
    }

    fn pending(&self) -> Result<usize, Errno> {
        Ok(self.state.lock().inbox.front().map_or(0, |datagram| datagram.bytes.len()))
    }

    fn unsent(&self) -> Result<usize, Errno> {
        Ok(0)
    }

    fn flying(&self) -> Vec<usize> {
        let state = self.state.lock();
        state.inbox.iter().flat_map(|datagram| &datagram.files).filter_map(Flying::key).collect()
    }

    fn take_flying(&self) -> Vec<Flying> {
        let mut state = self.state.lock();
        state.inbox.iter_mut().flat_map(|datagram| std::mem::take(&mut datagram.files)).collect()
    }

    fn close(&self) {
        let state = std::mem::take(&mut *self.state.lock());
        self.names.free(&state.name, |bound| matches!(bound, Bound::Datagram(socket) if socket.ptr_eq(&self.me)));
        state.blocked.iter().for_each(|queue| queue.announce(Events::OUT | Events::WRNORM));
        if let Some(peer) = state.peer.as_ref().and_then(Weak::upgrade) {
            peer.lost(&self.me);
        }
    }
}

impl DatagramSocket {
    /// Another peer is taken: what the old one sent is lost, and it hears of that, as on Linux.
    fn leave(&self, old: &DatagramSocket) {
        let unread = {
            let mut state = self.state.lock();
            state.held = 0;
            std::mem::take(&mut state.inbox)
        };
        if unread.is_empty() {
            return;
        }
        {
            let mut state = old.state.lock();
            if state.peer.as_ref().is_some_and(|peer| peer.ptr_eq(&self.me)) {
                state.error = Some(Errno::ECONNRESET);
            }
        }
        old.base.queue.announce(Events::all());
    }

    /// The peer is closed: who waits for room in it hears so.
    fn lost(&self, peer: &Weak<DatagramSocket>) {
        if self.state.lock().peer.as_ref().is_some_and(|own| own.ptr_eq(peer)) {
            self.base.queue.announce(Events::all());
        }
    }
}
