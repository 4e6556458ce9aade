//! UDP sockets, udp(7).
//!
//! Owns: [`UdpSocket`]. Does not own: what lies between two pods (`channels`).

mod delivery;
mod flows;
mod inbox;
mod path;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::*;
use zerocopy::IntoBytes;

pub(super) use self::delivery::{Delivered, Way, deliver, is_bound, refused};
use self::flows::Flows;
use self::inbox::{Datagram, Inbox};
use self::path::Path;
use super::multicast::{self, Groups};
use super::ports::Binding;
use super::{Inet, either_family, own_family, wildcard};
use crate::net::address::{Address, shown_to};
use crate::net::message::{Caller, Outgoing, Received};
use crate::net::socket::{Base, Endpoint, Purpose};
use crate::net::stream::copy;
use crate::sync::Mutex;
use crate::time::{SECOND, Timer};
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
    inbox: Inbox,
    flows: Flows,
    /// The port was found by us: it goes with the association.
    found_port: bool,
    read_shut: bool,
    write_shut: bool,
    groups: Groups,
    /// Nobody listened where a connected socket sent to.
    error: Option<Errno>,
    /// When who waits for an answer of the switch looks again.
    alarm: Option<Timer>,
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
        (state.local.unwrap_or(none), state.peer.unwrap_or(none), state.inbox.held())
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
        state.found_port = address.port() == 0;
        state.local = Some(binding.address);
        state.binding = Some(binding);
        Ok(())
    }

    /// What a receiver asked to be told of each datagram: ip(7), ipv6(7), socket(7).
    fn controls(&self, datagram: &Datagram) -> Vec<(i32, i32, Vec<u8>)> {
        const HOPS: i32 = 64;
        let options = self.base.options.lock();
        let mut told = Vec::new();
        let mut tell = |asked: (i32, i32), kind: i32, body: Vec<u8>| {
            if options.asked(asked.0, asked.1) {
                told.push((asked.0, kind, body));
            }
        };
        let (seconds, nanos) = ((datagram.came / SECOND) as i64, (datagram.came % SECOND) as i64);
        tell((SOL_SOCKET, SO_TIMESTAMP), SO_TIMESTAMP, [seconds, nanos / 1000].as_bytes().to_vec());
        tell((SOL_SOCKET, SO_TIMESTAMPNS), SO_TIMESTAMPNS, [seconds, nanos].as_bytes().to_vec());
        let index: u32 = if datagram.to.ip().is_loopback() { 1 } else { 2 };
        match shown_to(self.base.domain, datagram.to).ip() {
            IpAddr::V4(ip) => {
                let info = [index.as_bytes(), &ip.octets(), &ip.octets()].concat();
                tell((SOL_IP, IP_PKTINFO), IP_PKTINFO, info);
                tell((SOL_IP, IP_RECVTTL), IP_TTL, HOPS.as_bytes().to_vec());
                tell((SOL_IP, IP_RECVTOS), IP_TOS, vec![0]);
            }
            IpAddr::V6(ip) => {
                let info = [ip.octets().as_slice(), index.as_bytes()].concat();
                tell((SOL_IPV6, IPV6_RECVPKTINFO), IPV6_PKTINFO, info);
                tell((SOL_IPV6, IPV6_RECVHOPLIMIT), IPV6_HOPLIMIT, HOPS.as_bytes().to_vec());
                tell((SOL_IPV6, IPV6_RECVTCLASS), IPV6_TCLASS, 0i32.as_bytes().to_vec());
            }
        }
        told
    }

    /// Where a message goes, and whether the socket is connected there.
    fn target(&self, to: Option<&Address>) -> Result<(SocketAddr, bool), Errno> {
        match to {
            None | Some(Address::Unspecified) => {
                let peer = self.state.lock().peer.ok_or(Errno::EDESTADDRREQ)?;
                Ok((peer, true))
            }
            Some(address) => Ok((either_family(&self.base, address)?, false)),
        }
    }

    /// Gives a datagram to every socket of the pod that takes it: those in the group, and, once
    /// somebody is, those that did not take IP_MULTICAST_ALL back.
    fn send_to_group(&self, bytes: &[u8], from: SocketAddr, to: SocketAddr) {
        let (level, looped, all) = match to.is_ipv4() {
            true => (SOL_IP, IP_MULTICAST_LOOP, IP_MULTICAST_ALL),
            false => (SOL_IPV6, IPV6_MULTICAST_LOOP, IPV6_MULTICAST_ALL),
        };
        let kept = |socket: &UdpSocket, name| socket.base.options.lock().kept(level, name) != Some(0);
        let is_member = |socket: &UdpSocket| socket.state.lock().groups.contain(to.ip());
        // What goes out by the loopback interface comes back in any case.
        let looped = from.ip().is_loopback() || kept(self, looped);
        if !looped || !self.inet.udp_sockets().iter().any(|socket| is_member(socket)) {
            return;
        }
        for socket in self.inet.udp.find(to) {
            if (is_member(&socket) || kept(&socket, all)) && socket.takes_from(from) {
                socket.take_in(bytes, from, to, None);
            }
        }
    }

    /// Whether it takes what comes from `from`.
    fn takes_from(&self, from: SocketAddr) -> bool {
        self.state.lock().peer.is_none_or(|peer| peer == from)
    }

    /// Takes a datagram in, of `sender` where another pod sent it; false where it is lost for want of room.
    fn take_in(&self, bytes: &[u8], from: SocketAddr, to: SocketAddr, sender: Option<IpAddr>) -> bool {
        let limit = self.base.options.lock().receive_buffer;
        let came = crate::time::realtime();
        {
            let mut state = self.state.lock();
            let datagram = Datagram { bytes: bytes.to_vec(), from, to, came, sender };
            if state.read_shut || !state.inbox.push(datagram, limit) {
                return false;
            }
        }
        self.base.queue.announce(Events::IN | Events::RDNORM);
        true
    }

    /// The address that a datagram to `to` shows as its sender's; `other` where the socket has none of its own.
    fn source(&self, other: IpAddr) -> Result<SocketAddr, Errno> {
        let local = self.state.lock().local.ok_or(Errno::EINVAL)?;
        let own = Some(local.ip()).filter(|ip| !ip.is_unspecified() && !ip.is_multicast());
        Ok(SocketAddr::new(own.unwrap_or(other), local.port()))
    }

    /// Gives a datagram to who takes it in this pod.
    fn send_within(&self, bytes: &[u8], from: SocketAddr, to: SocketAddr) -> Delivered {
        if to.ip().is_multicast() {
            self.send_to_group(bytes, from, to);
            return Delivered::Taken;
        }
        deliver(&self.inet, bytes, Way { from, to, answers_only: false })
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
            let found = std::mem::take(&mut state.found_port);
            let ended = state.binding.take_if(|_| found);
            state.local = state.binding.as_ref().map(|binding| binding.address);
            drop(state);
            drop(ended);
            return Ok(());
        }
        let (to, from) = self.look_up(either_family(&self.base, address)?)?;
        self.bind_to(caller, SocketAddr::new(wildcard(self.base.domain), 0))?;
        let mut state = self.state.lock();
        // Port 0 is nobody's: the socket only has an address of its own from now on.
        state.peer = Some(to).filter(|to| to.port() != 0);
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
        let caller = Caller { ucred: message.from, low_ports: false };
        self.bind_to(&caller, SocketAddr::new(wildcard(self.base.domain), 0))?;
        let peer = self.state.lock().peer;
        let (sent, connected) = match self.path(to)? {
            Path::Outer(channel, own, far) => {
                channel.send(&self.inet, (own, far), message.bytes);
                (Delivered::Taken, connected)
            }
            Path::Inner(to, other) => {
                let from = self.source(other)?;
                (self.send_within(message.bytes, from, to), connected || peer == Some(to))
            }
            Path::Refused => (Delivered::Refused, connected || peer == Some(to)),
            Path::Lost => (Delivered::Lost, connected),
        };
        if sent == Delivered::Refused && connected {
            self.state.lock().error = Some(Errno::ECONNREFUSED);
            self.base.queue.announce(Events::ERR);
        }
        Ok(message.bytes.len())
    }

    fn settle(&self, to: Option<&Address>, purpose: Purpose) -> Result<(), Errno> {
        let outcome = match (purpose, to) {
            (Purpose::Connect, Some(Address::Inet(_))) => self.target(to).and_then(|(to, _)| self.settle_endpoint(to)),
            (Purpose::Connect, _) => Ok(()),
            (Purpose::Send, _) => self.target(to).and_then(|(to, _)| self.path(to).map(drop)),
        };
        // Whatever else is wrong the call itself says.
        outcome.or_else(|errno| if errno == Errno::EAGAIN { Err(errno) } else { Ok(()) })
    }

    fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        let mut state = self.state.lock();
        if let Some(errno) = state.error.take() {
            return Err(errno);
        }
        let Some(front) = state.inbox.front() else {
            let ended = state.read_shut && flags & MSG_DONTWAIT == 0;
            return if ended { Ok(Received::default()) } else { Err(Errno::EAGAIN) };
        };
        let got = Received {
            count: copy(&front.bytes, buffer),
            full: front.bytes.len(),
            from: Some(Address::Inet(shown_to(self.base.domain, front.from))),
            controls: self.controls(front),
            ..Received::default()
        };
        if flags & MSG_PEEK == 0 {
            state.inbox.pop();
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
        let writable = !self.is_waiting();
        let state = self.state.lock();
        let mut events = Events::empty();
        events.set(Events::OUT | Events::WRNORM, writable);
        events.set(Events::IN | Events::RDNORM, state.read_shut || state.inbox.front().is_some());
        events.set(Events::RDHUP, state.read_shut);
        events.set(Events::HUP, state.read_shut && state.write_shut);
        events.set(Events::ERR, state.error.is_some());
        events
    }

    fn take_error(&self) -> Option<Errno> {
        self.state.lock().error.take()
    }

    fn pending(&self) -> Result<usize, Errno> {
        Ok(self.state.lock().inbox.front().map_or(0, |front| front.bytes.len()))
    }

    fn unsent(&self) -> Result<usize, Errno> {
        Ok(0)
    }

    fn change_groups(&self, option: (i32, i32), value: &[u8]) -> Result<(), Errno> {
        self.state.lock().groups.change(&self.inet, option, value)
    }

    fn outgoing(&self, value: &[u8]) -> Result<i32, Errno> {
        multicast::outgoing(&self.inet, value)
    }

    fn close(&self) {
        let state = std::mem::take(&mut *self.state.lock());
        drop(state);
    }
}
