//! What a pod's kernel and the node's switch say to each other: docs/network.md.
//!
//! Owns: the layout of both kinds of message, and the first byte of a stream between two pods. Does not own: sockets
//! and descriptors. Either side takes what the other sends for hostile: a message is [`SIZE`] bytes that mean exactly
//! one thing, or nothing. Each is one packet of a SOCK_SEQPACKET socket. The socket itself says which pod speaks.

pub mod datagrams;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The length of every message.
pub const SIZE: usize = 48;

/// The first byte of a stream between two pods, from who is reached to who connects: the connection stands. Any other
/// byte is the errno that connect(2) answers with; [`BUSY`] means that it is to be tried again.
pub const CONNECTED: u8 = 0;

/// EAGAIN: the listener's queue is full, or a socket of the way is. As for a lost SYN, the connection is asked for again.
pub const BUSY: u8 = 11;

/// EINPROGRESS, in an answer that brings a descriptor: it is a connection that the machine's network has made. It has no
/// first byte of ours; it stands once it can be written to, which it can from the beginning.
pub const IN_PROGRESS: u16 = 115;

/// What travels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// A stream socket: bytes.
    Tcp,
    /// A socket of datagrams.
    Udp,
}

/// What a kernel asks of the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Who of us at `port` wants to reach `to`.
    Connect {
        /// Chosen by the kernel, and given back.
        number: u32,
        /// What is to travel.
        transport: Transport,
        /// The port on this side.
        port: u16,
        /// The address that the guest named: a pod's or a Service's. Of datagrams a pod's.
        to: SocketAddr,
    },
    /// To which pod datagrams to an address go.
    Route {
        /// Chosen by the kernel, and given back.
        number: u32,
        /// The address that the guest named: a pod's or a Service's.
        to: SocketAddr,
        /// Where they went before, which is answered again while it serves.
        before: Option<SocketAddr>,
    },
}

/// What the switch tells a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tell {
    /// How it went: a descriptor comes along where `errno` is 0 or [`IN_PROGRESS`].
    Answer {
        /// The question's number.
        number: u32,
        /// What connect(2) fails with.
        errno: u16,
    },
    /// Another pod's end of a connection comes along.
    Incoming {
        /// What travels.
        transport: Transport,
        /// Who connects.
        from: SocketAddr,
        /// The pod's own address and port that are meant.
        to: SocketAddr,
    },
    /// A connection of TCP comes along that the machine's network has made: it has no first byte of ours.
    Arrived {
        /// Whom the pod is to see.
        from: SocketAddr,
        /// The pod's own address and port that are meant.
        to: SocketAddr,
    },
    /// To which pod datagrams go.
    Route {
        /// The question's number.
        number: u32,
        /// A pod's address.
        to: SocketAddr,
    },
    /// Who may send datagrams to whom has changed: channels are to be asked for anew.
    Changed,
}

const CONNECT: u8 = 1;
const ANSWER: u8 = 2;
const INCOMING: u8 = 3;
const ARRIVED: u8 = 4;
const ASK_ROUTE: u8 = 5;
const TELL_ROUTE: u8 = 6;
const CHANGED: u8 = 7;

const TCP: u8 = 6;
const UDP: u8 = 17;

#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Raw {
    kind: u8,
    transport: u8,
    errno: u16,
    number: u32,
    from: [u8; 16],
    to: [u8; 16],
    from_port: u16,
    to_port: u16,
    zero: [u8; 4],
}

const _: () = assert!(size_of::<Raw>() == SIZE);

impl Raw {
    fn read(bytes: &[u8]) -> Option<Raw> {
        Raw::read_from_bytes(bytes).ok().filter(|raw| raw.zero == [0; 4])
    }

    fn write(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes.copy_from_slice(self.as_bytes());
        bytes
    }
}

impl Transport {
    fn number(self) -> u8 {
        match self {
            Transport::Tcp => TCP,
            Transport::Udp => UDP,
        }
    }

    fn read(number: u8) -> Option<Transport> {
        match number {
            TCP => Some(Transport::Tcp),
            UDP => Some(Transport::Udp),
            _ => None,
        }
    }
}

/// An address as it travels: one of IPv4 is mapped into IPv6, as in ipv6(7).
fn bits(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

fn address(bits: [u8; 16], port: u16) -> SocketAddr {
    let ip = Ipv6Addr::from(bits);
    SocketAddr::new(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4), port)
}

impl Ask {
    /// The message of a packet; nothing where it is none.
    pub fn read(bytes: &[u8]) -> Option<Ask> {
        let raw = Raw::read(bytes)?;
        let (transport, to) = (Transport::read(raw.transport)?, address(raw.to, raw.to_port));
        let ask = match raw.kind {
            CONNECT => Ask::Connect { number: raw.number, transport, port: raw.from_port, to },
            ASK_ROUTE => {
                let before = (raw.from != [0; 16]).then(|| address(raw.from, raw.from_port));
                Ask::Route { number: raw.number, to, before }
            }
            _ => return None,
        };
        (ask.write() == raw.write()).then_some(ask)
    }

    /// Its packet.
    pub fn write(&self) -> [u8; SIZE] {
        let raw = match *self {
            Ask::Connect { number, transport, port, .. } => {
                Raw { kind: CONNECT, transport: transport.number(), number, from_port: port, ..Raw::default() }
            }
            Ask::Route { number, before, .. } => Raw {
                kind: ASK_ROUTE,
                transport: UDP,
                number,
                from: before.map_or([0; 16], |before| bits(before.ip())),
                from_port: before.map_or(0, |before| before.port()),
                ..Raw::default()
            },
        };
        let (Ask::Connect { to, .. } | Ask::Route { to, .. }) = *self;
        Raw { to: bits(to.ip()), to_port: to.port(), ..raw }.write()
    }
}

impl Tell {
    /// The message of a packet; nothing where it is none.
    pub fn read(bytes: &[u8]) -> Option<Tell> {
        let raw = Raw::read(bytes)?;
        let tell = match raw.kind {
            ANSWER => Tell::Answer { number: raw.number, errno: raw.errno },
            INCOMING => Tell::Incoming {
                transport: Transport::read(raw.transport)?,
                from: address(raw.from, raw.from_port),
                to: address(raw.to, raw.to_port),
            },
            ARRIVED => Tell::Arrived { from: address(raw.from, raw.from_port), to: address(raw.to, raw.to_port) },
            TELL_ROUTE => Tell::Route { number: raw.number, to: address(raw.to, raw.to_port) },
            CHANGED => Tell::Changed,
            _ => return None,
        };
        (tell.write() == raw.write()).then_some(tell)
    }

    /// Its packet.
    pub fn write(&self) -> [u8; SIZE] {
        match *self {
            Tell::Answer { number, errno } => Raw { kind: ANSWER, number, errno, ..Raw::default() },
            Tell::Incoming { transport, from, to } => Raw {
                kind: INCOMING,
                transport: transport.number(),
                from: bits(from.ip()),
                to: bits(to.ip()),
                from_port: from.port(),
                to_port: to.port(),
                ..Raw::default()
            },
            Tell::Arrived { from, to } => Raw {
                kind: ARRIVED,
                transport: TCP,
                from: bits(from.ip()),
                to: bits(to.ip()),
                from_port: from.port(),
                to_port: to.port(),
                ..Raw::default()
            },
            Tell::Route { number, to } => {
                Raw { kind: TELL_ROUTE, number, to: bits(to.ip()), to_port: to.port(), ..Raw::default() }
            }
            Tell::Changed => Raw { kind: CHANGED, ..Raw::default() },
        }
        .write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("it is an address")
    }

    #[test]
    fn messages_survive_the_way() {
        let asks = [("10.42.0.2:80", Transport::Tcp), ("[fd00::7]:53", Transport::Udp)]
            .map(|(to, transport)| Ask::Connect { number: 0xdead_beef, transport, port: 32768, to: at(to) });
        let routes =
            [None, Some(at("10.42.0.3:53"))].map(|before| Ask::Route { number: 9, to: at("10.96.0.10:53"), before });
        for ask in asks.into_iter().chain(routes) {
            assert_eq!(Ask::read(&ask.write()), Some(ask));
            assert_eq!(Tell::read(&ask.write()), None);
        }
        let incoming = Tell::Incoming { transport: Transport::Tcp, from: at("10.42.0.3:40000"), to: at("[::1]:80") };
        let arrived = Tell::Arrived { from: at("192.0.2.1:40000"), to: at("10.42.0.3:80") };
        let route = Tell::Route { number: 7, to: at("10.42.0.3:53") };
        for tell in [Tell::Answer { number: 7, errno: 111 }, incoming, arrived, route, Tell::Changed] {
            assert_eq!(Tell::read(&tell.write()), Some(tell));
            assert_eq!(Ask::read(&tell.write()), None);
        }
    }

    /// A small generator whose numbers are the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
    }

    #[test]
    fn bytes_mean_one_message_or_none() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let good = Ask::Connect { number: 1, transport: Transport::Tcp, port: 2, to: at("10.0.0.1:3") }.write();
        for round in 0..20_000 {
            let mut bytes: Vec<u8> = if round % 2 == 0 { good.to_vec() } else { vec![0; SIZE] };
            for _ in 0..numbers.next() % 6 {
                let (index, byte) = (numbers.next() as usize % SIZE, numbers.next() as u8);
                bytes[index] = byte;
            }
            bytes.truncate(if numbers.next().is_multiple_of(8) { numbers.next() as usize % SIZE } else { SIZE });
            if let Some(ask) = Ask::read(&bytes) {
                assert_eq!(ask.write()[..], bytes);
            }
            if let Some(tell) = Tell::read(&bytes) {
                assert_eq!(tell.write()[..], bytes);
            }
        }
        assert_eq!(Ask::read(&[good.as_slice(), b"x"].concat()), None);
    }
}
