//! UDP sockets within the pod, udp(7).

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::{AF_INET6, IPPROTO_UDP, MSG_PEEK, SOCK_DGRAM};

use super::ports::Binding;
use super::{Inet, own_family, wildcard};
use crate::net::address::{Address, shown_to};
use crate::net::message::{Caller, Outgoing, Received};
use crate::net::socket::{Base, Endpoint};
use crate::net::stream::copy;
use crate::sync::Mutex;
use crate::wait::Events;

/// The most bytes of a datagram: 65535 less the headers of IP and UDP.
const LONGEST: usize = 65507;

/// A UDP socket.
pub struct UdpSocket {
    base: Base,
    inet: Arc<Inet>,
    me: Weak<UdpSocket>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    local: Option<SocketAddr>,
    binding: Option<Binding<UdpSocket>>,
    peer: Option<SocketAddr>,
    inbox: VecDeque<(Vec<u8>, SocketAddr)>,
    held: usize,
    read_shut: bool,
    write_shut: bool,
    /// Nobody listened where a connected socket sent to.
    error: Option<Errno>,
}

impl UdpSocket {
    /// A socket that is neither bound nor connected.
    pub(super) fn new(inet: &Arc<Inet>, caller: &Caller, domain: u16) -> Arc<UdpSocket> {
        let socket = Arc::new_cyclic(|me: &Weak<UdpSocket>| UdpSocket {
            base: Base::new(domain, SOCK_DGRAM, IPPROTO_UDP, caller.ucred),
            inet: Arc::clone(inet),
            me: Weak::clone(me),
            state: Mutex::default(),
        });
        let mut all = inet.all_udp.lock();
        if all.len() == all.capacity() {
            all.retain(|socket| socket.strong_count() > 0);
        }
        all.push(Weak::clone(&socket.me));
        socket
    }

    /// Both addresses without mapping, and the bytes held: for /proc/net/udp.
    pub fn facts(&self) -> (SocketAddr, SocketAddr, usize) {
        let none = SocketAddr::new(wildcard(self.base.domain), 0);
        let state = self.state.lock();
        (state.local.unwrap_or(none), state.peer.unwrap_or(none), state.held)
    }

    /// Whether it is of AF_INET6.
    pub fn is_v6(&self) -> bool {
        self.base.domain == AF_INET6
    }

    fn bind_to(&self, caller: &Caller, address: SocketAddr) -> Result<(), Errno> {
        if self.state.lock().binding.is_some() {
            return Ok(());
        }
        let binding = self.inet.udp.bind(&self.base, caller, address, Weak::clone(&self.me))?;
        let mut state = self.state.lock();
        state.local = Some(binding.address);
        state.binding = Some(binding);
        Ok(())
    }

    /// Where a message goes, and whether the socket is connected there.
    fn target(&self, to: Option<&Address>) -> Result<(SocketAddr, bool), Errno> {
        match to {
            None | Some(Address::Unspecified) => {
                let peer = self.state.lock().peer.ok_or(Errno::EDESTADDRREQ)?;
                Ok((peer, true))
            }
            Some(address) => Ok((own_family(&self.base, address)?, false)),
        }
    }

    /// Whether it takes what comes from `from`.
    fn takes_from(&self, from: SocketAddr) -> bool {
        self.state.lock().peer.is_none_or(|peer| peer == from)
    }

    /// Takes a datagram in; one that does not fit is lost, as on any network.
    fn take_in(&self, bytes: &[u8], from: SocketAddr) {
        let limit = self.base.options.lock().receive_buffer;
        {
            let mut state = self.state.lock();
            if state.read_shut || (state.held > 0 && state.held.saturating_add(bytes.len()) > limit) {
                return;
            }
            state.held = state.held.saturating_add(bytes.len());
            state.inbox.push_back((bytes.to_vec(), from));
        }
        self.base.queue.announce(Events::IN | Events::RDNORM);
    }
}

impl Endpoint for UdpSocket {
    fn base(&self) -> &Base {
        &self.base
    }

    fn bind(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        let address = own_family(&self.base, address)?;
        self.inet.check_bindable(address.ip())?;
        if self.state.lock().binding.is_some() {
            return Err(Errno::EINVAL);
        }
        self.bind_to(caller, address)
    }

    fn connect(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        if matches!(address, Address::Unspecified) {
            let mut state = self.state.lock();
            state.peer = None;
            state.local = state.binding.as_ref().map(|binding| binding.address);
            return Ok(());
        }
        let (to, from) = self.inet.route(own_family(&self.base, address)?)?;
        self.bind_to(caller, SocketAddr::new(wildcard(self.base.domain), 0))?;
        let mut state = self.state.lock();
        state.peer = Some(to);
        if let Some(local) = state.local.filter(|local| local.ip().is_unspecified()) {
            state.local = Some(SocketAddr::new(from, local.port()));
        }
        Ok(())
    }

    fn send(&self, message: &mut Outgoing) -> Result<usize, Errno> {
        {
            let mut state = self.state.lock();
            if let Some(errno) = state.error.take() {
                return Err(errno);
            }
            if state.write_shut {
                return Err(Errno::EPIPE);
            }
        }
        if message.bytes.len() > LONGEST {
            return Err(Errno::EMSGSIZE);
        }
        let (to, connected) = self.target(message.to)?;
        if to.port() == 0 {
            return Err(Errno::EINVAL);
        }
        if matches!(to.ip(), IpAddr::V4(ip) if ip.is_broadcast()) && !self.base.options.lock().broadcast {
            return Err(Errno::EACCES);
        }
        let (to, source) = self.inet.route(to)?;
        let caller = Caller { ucred: message.from, low_ports: false };
        self.bind_to(&caller, SocketAddr::new(wildcard(self.base.domain), 0))?;
        let local = self.state.lock().local.ok_or(Errno::EINVAL)?;
        let ip = if local.ip().is_unspecified() { source } else { local.ip() };
        let from = SocketAddr::new(ip, local.port());
        let mut takers: Vec<_> = self.inet.udp.find(to).into_iter().filter(|socket| socket.takes_from(from)).collect();
        // A socket that is connected to the sender comes before one that takes from anybody.
        takers.sort_by_key(|socket| socket.state.lock().peer.is_none());
        match takers.first() {
            Some(taker) => taker.take_in(message.bytes, from),
            None if connected => {
                self.state.lock().error = Some(Errno::ECONNREFUSED);
                self.base.queue.announce(Events::ERR);
            }
            None => {}
        }
        Ok(message.bytes.len())
    }

    fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        let mut state = self.state.lock();
        if let Some(errno) = state.error.take() {
            return Err(errno);
        }
        let Some((bytes, from)) = state.inbox.front() else {
            return if state.read_shut { Ok(Received::default()) } else { Err(Errno::EAGAIN) };
        };
        let got = Received {
            count: copy(bytes, buffer),
            full: bytes.len(),
            from: Some(Address::Inet(shown_to(self.base.domain, *from))),
            ..Received::default()
        };
        if flags & MSG_PEEK == 0 {
            state.held = state.held.saturating_sub(got.full);
            state.inbox.pop_front();
        }
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
        let local = self.state.lock().local.unwrap_or(SocketAddr::new(wildcard(self.base.domain), 0));
        Address::Inet(shown_to(self.base.domain, local))
    }

    fn peer(&self) -> Result<Address, Errno> {
        let peer = self.state.lock().peer.ok_or(Errno::ENOTCONN)?;
        Ok(Address::Inet(shown_to(self.base.domain, peer)))
    }

    fn poll(&self) -> Events {
        let state = self.state.lock();
        let mut events = Events::OUT | Events::WRNORM;
        events.set(Events::IN | Events::RDNORM, state.read_shut || !state.inbox.is_empty());
        events.set(Events::RDHUP, state.read_shut);
        events.set(Events::HUP, state.read_shut && state.write_shut);
        events.set(Events::ERR, state.error.is_some());
        events
    }

    fn take_error(&self) -> Option<Errno> {
        self.state.lock().error.take()
    }

    fn pending(&self) -> Result<usize, Errno> {
        Ok(self.state.lock().inbox.front().map_or(0, |(bytes, _)| bytes.len()))
    }

    fn unsent(&self) -> Result<usize, Errno> {
        Ok(0)
    }

    fn ioctl(&self, task: &Arc<crate::task::Task>, request: u32, argument: u64) -> Result<u64, Errno> {
        crate::net::interface::ioctl(&self.inet, task, request, argument)
    }

    fn close(&self) {
        let state = std::mem::take(&mut *self.state.lock());
        drop(state);
    }
}
