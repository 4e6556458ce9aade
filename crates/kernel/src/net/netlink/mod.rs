//! Netlink sockets: netlink(7), of the routing family alone.
//!
//! Owns: sockets and the framing of requests and answers. Does not own: what is answered (`route`).
//! Nothing can be changed through them, and nothing ever happens to be told of: multicast groups are
//! joined and stay silent.

mod route;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use abi::Errno;
use abi::netlink::{
    NETLINK_ROUTE, NLM_F_ACK, NLM_F_MULTI, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_MIN_TYPE, NetlinkHeader,
};
use abi::socket::{AF_NETLINK, MSG_PEEK, SOCK_DGRAM, SOCK_RAW, SockaddrNl};
use zerocopy::{FromBytes, IntoBytes};

use crate::net::address::Address;
use crate::net::inet::Inet;
use crate::net::message::{Caller, Outgoing, Received};
use crate::net::socket::{Base, Endpoint};
use crate::net::stream::copy;
use crate::sync::Mutex;
use crate::wait::Events;

/// The ports of the netlink sockets of a pod.
#[derive(Default)]
pub struct Netlink {
    taken: Mutex<HashSet<u32>>,
}

/// A netlink socket.
pub struct NetlinkSocket {
    base: Base,
    netlink: Arc<Netlink>,
    inet: Arc<Inet>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    name: SockaddrNl,
    bound: bool,
    inbox: VecDeque<Vec<u8>>,
}

/// The messages of a request, or of an answer, one after the other.
pub(super) struct Messages(Vec<u8>);

impl Messages {
    /// Adds a message of `body` with `attributes` behind it.
    pub(super) fn add(&mut self, to: &NetlinkHeader, kind: u16, flags: u16, body: &[u8], attributes: &Attributes) {
        let length = size_of::<NetlinkHeader>().saturating_add(body.len()).saturating_add(attributes.0.len());
        let header = NetlinkHeader { length: length as u32, kind, flags, ..*to };
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(body);
        self.0.extend_from_slice(&attributes.0);
        self.0.resize(aligned(self.0.len()), 0);
    }
}

/// The attributes of a message, rtnetlink(7) `struct rtattr`.
#[derive(Default)]
pub(super) struct Attributes(Vec<u8>);

impl Attributes {
    /// With one more.
    pub(super) fn with(mut self, kind: u16, value: &[u8]) -> Attributes {
        let length = u16::try_from(value.len().saturating_add(4)).unwrap_or(4);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(aligned(self.0.len()), 0);
        self
    }
}

/// NLMSG_ALIGN and RTA_ALIGN.
fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

impl NetlinkSocket {
    /// A socket of `protocol`.
    pub(super) fn open(
        netlink: &Arc<Netlink>,
        inet: &Arc<Inet>,
        caller: &Caller,
        kind: u32,
        protocol: i32,
    ) -> Result<Arc<dyn Endpoint>, Errno> {
        match (kind, protocol) {
            (SOCK_RAW | SOCK_DGRAM, NETLINK_ROUTE) => Ok(Arc::new(NetlinkSocket {
                base: Base::new(AF_NETLINK, kind, protocol, caller.ucred),
                netlink: Arc::clone(netlink),
                inet: Arc::clone(inet),
                state: Mutex::new(State {
                    name: SockaddrNl { family: AF_NETLINK, ..SockaddrNl::default() },
                    ..State::default()
                }),
            })),
            (SOCK_RAW | SOCK_DGRAM, _) => Err(Errno::EPROTONOSUPPORT),
            _ => Err(Errno::ESOCKTNOSUPPORT),
        }
    }

    /// Takes the port that is asked for, or one of its own: the process's id where that is free.
    fn bind_to(&self, wanted: SockaddrNl) -> Result<(), Errno> {
        let mut state = self.state.lock();
        if state.bound && wanted.port != 0 && wanted.port != state.name.port {
            return Err(Errno::EINVAL);
        }
        state.name.groups = wanted.groups;
        if state.bound {
            return Ok(());
        }
        let mut taken = self.netlink.taken.lock();
        let port = match wanted.port {
            0 => {
                let own = self.base.maker.pid.unsigned_abs();
                let others = (0..u32::MAX / 2).map(|number| u32::MAX.wrapping_sub(4096).wrapping_sub(number));
                std::iter::once(own).chain(others).find(|port| !taken.contains(port)).ok_or(Errno::EADDRINUSE)?
            }
            port if taken.contains(&port) => return Err(Errno::EADDRINUSE),
            port => port,
        };
        taken.insert(port);
        state.name.port = port;
        state.bound = true;
        Ok(())
    }

    /// Answers one request.
    fn answer(&self, request: &NetlinkHeader, body: &[u8]) {
        let to = NetlinkHeader { sequence: request.sequence, port: self.state.lock().name.port, ..*request };
        let mut answers = Messages(Vec::new());
        let outcome = route::answer(&self.inet, request, &to, body, &mut answers);
        let mut inbox = Vec::new();
        if !answers.0.is_empty() {
            inbox.push(answers.0);
        }
        let mut last = Messages(Vec::new());
        let none = Attributes::default();
        match outcome {
            Ok(route::Answered::Dump) => last.add(&to, NLMSG_DONE, NLM_F_MULTI, &0i32.to_ne_bytes(), &none),
            Ok(route::Answered::One) if request.flags & NLM_F_ACK == 0 => {}
            Ok(route::Answered::One) => last.add(&to, NLMSG_ERROR, 0, &error_body(0, request), &none),
            Err(errno) => {
                let code = i32::from(errno.0).wrapping_neg();
                last.add(&to, NLMSG_ERROR, 0, &error_body(code, request), &none);
            }
        }
        if !last.0.is_empty() {
            inbox.push(last.0);
        }
        self.state.lock().inbox.extend(inbox);
    }
}

/// `struct nlmsgerr`: the error and the head of what it answers.
fn error_body(code: i32, request: &NetlinkHeader) -> Vec<u8> {
    [code.as_bytes(), request.as_bytes()].concat()
}

impl Endpoint for NetlinkSocket {
    fn base(&self) -> &Base {
        &self.base
    }

    fn bind(self: Arc<Self>, _caller: &Caller, address: &Address) -> Result<(), Errno> {
        match address {
            Address::Netlink(wanted) => self.bind_to(*wanted),
            _ => Err(Errno::EINVAL),
        }
    }

    fn connect(self: Arc<Self>, _caller: &Caller, address: &Address) -> Result<(), Errno> {
        match address {
            Address::Netlink(to) if to.port == 0 && to.groups == 0 => self.bind_to(SockaddrNl::default()),
            Address::Netlink(_) => Err(Errno::ECONNREFUSED),
            Address::Unspecified => Ok(()),
            _ => Err(Errno::EINVAL),
        }
    }

    fn send(&self, message: &mut Outgoing) -> Result<usize, Errno> {
        match message.to {
            Some(Address::Netlink(to)) if to.port != 0 => return Err(Errno::ECONNREFUSED),
            Some(Address::Netlink(_)) | None => {}
            Some(_) => return Err(Errno::EINVAL),
        }
        let groups = self.state.lock().name.groups;
        self.bind_to(SockaddrNl { groups, ..SockaddrNl::default() })?;
        let mut rest = message.bytes;
        while let Ok((header, body)) = NetlinkHeader::read_from_prefix(rest) {
            let length = header.length as usize;
            let Some(body) = length.checked_sub(size_of::<NetlinkHeader>()).and_then(|n| body.get(..n)) else { break };
            if header.flags & NLM_F_REQUEST != 0 && header.kind >= NLMSG_MIN_TYPE {
                self.answer(&header, body);
            }
            rest = rest.get(aligned(length)..).unwrap_or_default();
        }
        self.base.queue.announce(Events::IN | Events::RDNORM);
        Ok(message.bytes.len())
    }

    fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        let mut state = self.state.lock();
        let front = state.inbox.front().ok_or(Errno::EAGAIN)?;
        let kernel = SockaddrNl { family: AF_NETLINK, ..SockaddrNl::default() };
        let got = Received {
            count: copy(front, buffer),
            full: front.len(),
            from: Some(Address::Netlink(kernel)),
            ucred: Some(abi::socket::Ucred::default()),
            ..Received::default()
        };
        if flags & MSG_PEEK == 0 {
            state.inbox.pop_front();
        }
        Ok(got)
    }

    fn shutdown(&self, _read: bool, _write: bool) -> Result<(), Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    fn name(&self) -> Address {
        Address::Netlink(self.state.lock().name)
    }

    fn peer(&self) -> Result<Address, Errno> {
        Ok(Address::Netlink(SockaddrNl { family: AF_NETLINK, ..SockaddrNl::default() }))
    }

    fn poll(&self) -> Events {
        let mut events = Events::OUT | Events::WRNORM;
        events.set(Events::IN | Events::RDNORM, !self.state.lock().inbox.is_empty());
        events
    }

    fn pending(&self) -> Result<usize, Errno> {
        Ok(self.state.lock().inbox.front().map_or(0, Vec::len))
    }

    fn unsent(&self) -> Result<usize, Errno> {
        Ok(0)
    }

    fn close(&self) {
        let state = std::mem::take(&mut *self.state.lock());
        if state.bound {
            self.netlink.taken.lock().remove(&state.name.port);
        }
    }
}

#[cfg(test)]
mod tests {
    use abi::netlink::{NLM_F_DUMP, RTM_GETADDR, RTM_GETLINK, RTM_NEWADDR};

    use super::*;

    /// Sends a request and answers the kinds of the messages that come back, with the bodies.
    fn ask(socket: &dyn Endpoint, kind: u16, flags: u16) -> Vec<(u16, Vec<u8>)> {
        let header = NetlinkHeader { length: 20, kind, flags: NLM_F_REQUEST | flags, sequence: 7, port: 0 };
        let bytes = [header.as_bytes(), &[0; 4]].concat();
        socket
            .send(&mut Outgoing {
                from: Default::default(),
                bytes: &bytes,
                to: None,
                claimed: false,
                files: Vec::new(),
            })
            .expect("it is taken");
        let mut found = Vec::new();
        let mut buffer = vec![0; 8192];
        while let Ok(got) = socket.receive(&mut buffer, 0) {
            let mut rest = &buffer[..got.count];
            while let Ok((header, _)) = NetlinkHeader::read_from_prefix(rest) {
                assert_eq!((header.sequence, header.port), (7, 5));
                found.push((header.kind, rest[16..header.length as usize].to_vec()));
                rest = &rest[aligned(header.length as usize)..];
            }
        }
        found
    }

    #[test]
    fn links_and_addresses_are_listed_and_nothing_can_be_changed() {
        let inet = Arc::<Inet>::default();
        inet.set_addresses(vec!["10.1.2.3".parse().expect("an address")]);
        let caller = Caller { ucred: abi::socket::Ucred { pid: 5, uid: 0, gid: 0 }, low_ports: false };
        let socket = NetlinkSocket::open(&Arc::default(), &inet, &caller, SOCK_RAW, 0).expect("a socket");
        let kinds = |list: &[(u16, Vec<u8>)]| list.iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
        let links = ask(&*socket, RTM_GETLINK, NLM_F_DUMP);
        assert_eq!(kinds(&links), [16, 16, NLMSG_DONE]);
        assert!(links[1].1.windows(5).any(|text| text == b"eth0\0"));
        let addresses = ask(&*socket, RTM_GETADDR, NLM_F_DUMP);
        assert_eq!(kinds(&addresses), [20, 20, 20, NLMSG_DONE]);
        assert!(addresses.iter().any(|(_, body)| body.windows(4).any(|ip| ip == [10, 1, 2, 3])));
        let refused = ask(&*socket, RTM_NEWADDR, NLM_F_ACK);
        assert_eq!(refused[0].0, NLMSG_ERROR);
        assert_eq!(refused[0].1[..4], (-1i32).to_ne_bytes());
    }
}
