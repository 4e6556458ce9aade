//! Options of sockets: getsockopt(2), setsockopt(2), socket(7), ip(7), ipv6(7), tcp(7).
//!
//! Owns: what each option means and which are only kept: packets do not exist here, so an option about
//! them is stored and answered and changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use abi::Errno;
use abi::socket::*;
use abi::time::Timeval;
use zerocopy::{FromBytes, IntoBytes};

use crate::net::inet::multicast::is_membership;
use crate::net::socket::{Base, Endpoint};
use crate::time::{Nanos, SECOND};

/// /proc/sys/net/core/{w,r}mem_default.
const BUFFER: usize = 212_992;
/// The smallest and the largest buffers that Linux sets.
const LEAST_SEND: usize = 4608;
const LEAST_RECEIVE: usize = 2304;
const MOST_BUFFER: usize = 2 * BUFFER;

/// What setsockopt(2) set and the kernel acts on; the rest is in `kept`.
#[derive(Clone, Debug)]
pub struct Options {
    /// SO_REUSEADDR.
    pub reuse_address: bool,
    /// SO_REUSEPORT.
    pub reuse_port: bool,
    /// SO_BROADCAST.
    pub broadcast: bool,
    /// SO_PASSCRED.
    pub pass_credentials: bool,
    /// IPV6_V6ONLY.
    pub v6_only: bool,
    /// SO_LINGER.
    pub linger: Linger,
    /// SO_SNDBUF in bytes, as getsockopt tells it.
    pub send_buffer: usize,
    /// SO_RCVBUF, likewise.
    pub receive_buffer: usize,
    /// SO_SNDTIMEO.
    pub send_timeout: Option<Nanos>,
    /// SO_RCVTIMEO.
    pub receive_timeout: Option<Nanos>,
    filtered: bool,
    /// The place in `CONGESTION`.
    congestion: usize,
    kept: BTreeMap<(i32, i32), i32>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            reuse_address: false,
            reuse_port: false,
            broadcast: false,
            pass_credentials: false,
            v6_only: false,
            linger: Linger::default(),
            send_buffer: BUFFER,
            receive_buffer: BUFFER,
            send_timeout: None,
            receive_timeout: None,
            filtered: false,
            congestion: 0,
            kept: BTreeMap::new(),
        }
    }
}

/// What TCP_CONGESTION may name; nothing is ever congested.
const CONGESTION: [&str; 2] = ["cubic", "reno"];

/// An option that is kept and answered: level, name, what it is before it is set.
type Kept = (i32, i32, i32);

const KEPT_SOCKET: &[Kept] = &[
    (SOL_SOCKET, SO_DEBUG, 0),
    (SOL_SOCKET, SO_DONTROUTE, 0),
    (SOL_SOCKET, SO_KEEPALIVE, 0),
    (SOL_SOCKET, SO_OOBINLINE, 0),
    (SOL_SOCKET, SO_NO_CHECK, 0),
    (SOL_SOCKET, SO_PRIORITY, 0),
    (SOL_SOCKET, SO_RCVLOWAT, 1),
    (SOL_SOCKET, SO_TIMESTAMP, 0),
    (SOL_SOCKET, SO_TIMESTAMPNS, 0),
    (SOL_SOCKET, SO_PASSSEC, 0),
    (SOL_SOCKET, SO_PEEK_OFF, -1),
    (SOL_SOCKET, SO_INCOMING_CPU, 0),
    (SOL_SOCKET, SO_ZEROCOPY, 0),
    (SOL_SOCKET, SO_BUSY_POLL, 0),
    (SOL_SOCKET, SO_PREFER_BUSY_POLL, 0),
    (SOL_SOCKET, SO_LOCK_FILTER, 0),
];

const KEPT_IP: &[Kept] = &[
    (SOL_IP, IP_TOS, 0),
    (SOL_IP, IP_TTL, 64),
    (SOL_IP, IP_PKTINFO, 0),
    (SOL_IP, IP_MTU_DISCOVER, 1),
    (SOL_IP, 11, 0), // IP_RECVERR
    (SOL_IP, IP_RECVTTL, 0),
    (SOL_IP, IP_RECVTOS, 0),
    (SOL_IP, 15, 0), // IP_FREEBIND
    (SOL_IP, 20, 0), // IP_RECVORIGDSTADDR
    (SOL_IP, 24, 0), // IP_BIND_ADDRESS_NO_PORT
    (SOL_IP, IP_MULTICAST_IF, 0),
    (SOL_IP, IP_MULTICAST_TTL, 1),
    (SOL_IP, IP_MULTICAST_LOOP, 1),
    (SOL_IP, IP_MULTICAST_ALL, 1),
];

const KEPT_IPV6: &[Kept] = &[
    (SOL_IPV6, IPV6_UNICAST_HOPS, 64),
    (SOL_IPV6, 17, 0), // IPV6_MULTICAST_IF
    (SOL_IPV6, IPV6_MULTICAST_HOPS, 1),
    (SOL_IPV6, IPV6_MULTICAST_LOOP, 1),
    (SOL_IPV6, IPV6_MTU_DISCOVER, 1),
    (SOL_IPV6, 25, 0), // IPV6_RECVERR
    (SOL_IPV6, IPV6_MULTICAST_ALL, 1),
    (SOL_IPV6, IPV6_RECVPKTINFO, 0),
    (SOL_IPV6, IPV6_RECVHOPLIMIT, 0),
    (SOL_IPV6, 62, 0), // IPV6_DONTFRAG
    (SOL_IPV6, IPV6_RECVTCLASS, 0),
    (SOL_IPV6, IPV6_TCLASS, 0),
    (SOL_IPV6, 70, 1), // IPV6_AUTOFLOWLABEL
    (SOL_IPV6, 72, 0), // IPV6_ADDR_PREFERENCES
    (SOL_IPV6, 78, 0), // IPV6_FREEBIND
];

const KEPT_TCP: &[Kept] = &[
    (SOL_TCP, TCP_NODELAY, 0),
    (SOL_TCP, TCP_MAXSEG, 65483),
    (SOL_TCP, TCP_CORK, 0),
    (SOL_TCP, TCP_KEEPIDLE, 7200),
    (SOL_TCP, TCP_KEEPINTVL, 75),
    (SOL_TCP, TCP_KEEPCNT, 9),
    (SOL_TCP, TCP_SYNCNT, 6),
    (SOL_TCP, TCP_LINGER2, 60),
    (SOL_TCP, TCP_DEFER_ACCEPT, 0),
    (SOL_TCP, TCP_WINDOW_CLAMP, 0),
    (SOL_TCP, TCP_QUICKACK, 1),
    (SOL_TCP, TCP_USER_TIMEOUT, 0),
    (SOL_TCP, TCP_FASTOPEN, 0),
    (SOL_TCP, TCP_NOTSENT_LOWAT, -1),
    (SOL_TCP, 30, 0), // TCP_FASTOPEN_CONNECT
    (SOL_TCP, 36, 0), // TCP_INQ
    (SOL_TCP, 37, 0), // TCP_TX_DELAY
];

const KEPT_UDP: &[Kept] = &[(SOL_UDP, 1, 0), (SOL_UDP, 103, 0), (SOL_UDP, 104, 0)];

/// What `endpoint` keeps under that number.
fn kept_default(endpoint: &dyn Endpoint, level: i32, name: i32) -> Option<i32> {
    let base = endpoint.base();
    let inet = matches!(base.domain, AF_INET | AF_INET6);
    let table = match level {
        SOL_SOCKET => KEPT_SOCKET,
        SOL_IP if inet => KEPT_IP,
        SOL_IPV6 if base.domain == AF_INET6 => KEPT_IPV6,
        SOL_TCP if inet && base.kind == SOCK_STREAM => KEPT_TCP,
        SOL_UDP if inet && base.kind == SOCK_DGRAM => KEPT_UDP,
        _ => return None,
    };
    table.iter().find(|kept| (kept.0, kept.1) == (level, name)).map(|kept| kept.2)
}

/// True if a socket of AF_INET has options of that level.
fn inet(base: &Base, level: i32) -> bool {
    base.domain == AF_INET && level == SOL_IP
}

/// The errno for an option that is not known at all.
fn unknown(endpoint: &dyn Endpoint, level: i32) -> Errno {
    match (endpoint.base().domain, level) {
        (_, SOL_SOCKET) | (AF_INET | AF_INET6 | AF_NETLINK, _) => Errno::ENOPROTOOPT,
        _ => Errno::EOPNOTSUPP,
    }
}

fn number(value: &[u8]) -> Result<i32, Errno> {
    value.first_chunk::<4>().map(|bytes| i32::from_ne_bytes(*bytes)).ok_or(Errno::EINVAL)
}

/// setsockopt(2).
pub fn set(endpoint: &Arc<dyn Endpoint>, level: i32, name: i32, value: &[u8]) -> Result<(), Errno> {
    let base = endpoint.base();
    let mut options = base.options.lock();
    match (level, name) {
        (SOL_SOCKET, SO_REUSEADDR) => options.reuse_address = number(value)? != 0,
        (SOL_SOCKET, SO_REUSEPORT) if matches!(base.domain, AF_INET | AF_INET6) => {
            options.reuse_port = number(value)? != 0;
        }
        (SOL_SOCKET, SO_REUSEPORT) => return Err(Errno::EOPNOTSUPP),
        (SOL_SOCKET, SO_BROADCAST) => options.broadcast = number(value)? != 0,
        (SOL_SOCKET, SO_PASSCRED) if base.domain == AF_UNIX || base.domain == AF_NETLINK => {
            let on = number(value)? != 0;
            options.pass_credentials = on;
            drop(options);
            endpoint.tell_senders(on);
        }
        (SOL_SOCKET, SO_PASSCRED) => return Err(Errno::EOPNOTSUPP),
        (SOL_SOCKET, SO_LINGER) => {
            let (linger, _) = Linger::read_from_prefix(value).map_err(|_| Errno::EINVAL)?;
            options.linger = Linger { on: i32::from(linger.on != 0), seconds: linger.seconds };
        }
        (SOL_SOCKET, SO_SNDBUF | SO_SNDBUFFORCE) => {
            let bytes = doubled(number(value)?, LEAST_SEND);
            options.send_buffer = bytes;
            drop(options);
            endpoint.resize(bytes);
        }
        (SOL_SOCKET, SO_RCVBUF | SO_RCVBUFFORCE) => options.receive_buffer = doubled(number(value)?, LEAST_RECEIVE),
        (SOL_SOCKET, SO_SNDTIMEO) => options.send_timeout = timeout(value)?,
        (SOL_SOCKET, SO_RCVTIMEO) => options.receive_timeout = timeout(value)?,
        (SOL_SOCKET, SO_TYPE | SO_PROTOCOL | SO_DOMAIN | SO_ERROR | SO_ACCEPTCONN | SO_PEERCRED | SO_COOKIE) => {
            return Err(Errno::ENOPROTOOPT);
        }
        // What needs CAP_NET_ADMIN or CAP_NET_RAW over the host's devices.
        (SOL_SOCKET, SO_MARK | SO_BINDTODEVICE) => return Err(Errno::EPERM),
        // A filter sees packets; there are none, so that one which is accepted changes nothing.
        (SOL_SOCKET, SO_ATTACH_FILTER) => options.filtered = true,
        (SOL_SOCKET, SO_DETACH_FILTER) if !std::mem::take(&mut options.filtered) => return Err(Errno::ENOENT),
        (SOL_SOCKET, SO_DETACH_FILTER) => {}
        (SOL_IPV6, IPV6_V6ONLY) if base.domain == AF_INET6 => options.v6_only = number(value)? != 0,
        (SOL_TCP, TCP_CONGESTION) if base.kind == SOCK_STREAM && base.domain != AF_UNIX => {
            let name = value.split(|byte| *byte == 0).next().unwrap_or_default();
            options.congestion = CONGESTION.iter().position(|known| known.as_bytes() == name).ok_or(Errno::ENOENT)?;
        }
        (SOL_IP, _) | (SOL_IPV6, _) if is_membership(level, name) && (base.domain == AF_INET6 || inet(base, level)) => {
            drop(options);
            endpoint.change_groups((level, name), value)?;
        }
        (SOL_IP, IP_MULTICAST_IF) if matches!(base.domain, AF_INET | AF_INET6) => {
            options.kept.insert((level, name), endpoint.outgoing(value)?);
        }
        (SOL_NETLINK, _) if base.domain == AF_NETLINK => {
            options.kept.insert((level, name), number(value)?);
        }
        _ => {
            kept_default(&**endpoint, level, name).ok_or_else(|| unknown(&**endpoint, level))?;
            // The options of IP also take one byte.
            let value = match value {
                [] if (level, name) == (SOL_IP, IP_TOS) => 0,
                [one] | [one, _] | [one, _, _] if level == SOL_IP => i32::from(*one),
                _ => number(value)?,
            };
            if value == -1 && back_to_default(level, name) {
                options.kept.remove(&(level, name));
            } else {
                options.kept.insert((level, name), checked(level, name, value)?);
            }
        }
    }
    Ok(())
}

/// True if -1 stands for what the option is before it is set: ip(7), ipv6(7).
fn back_to_default(level: i32, name: i32) -> bool {
    match level {
        SOL_IP => matches!(name, IP_TTL | IP_MULTICAST_TTL),
        SOL_IPV6 => matches!(name, IPV6_UNICAST_HOPS | IPV6_MULTICAST_HOPS | IPV6_TCLASS),
        _ => false,
    }
}

/// A value that is kept, within the bounds that Linux gives it.
fn checked(level: i32, name: i32, value: i32) -> Result<i32, Errno> {
    let allowed = match (level, name) {
        (SOL_TCP, TCP_USER_TIMEOUT) => 0..=i32::MAX,
        (SOL_TCP, TCP_MAXSEG) if value != 0 => 88..=32767,
        (SOL_TCP, TCP_SYNCNT | TCP_KEEPCNT) => 1..=127,
        (SOL_TCP, TCP_KEEPIDLE | TCP_KEEPINTVL) => 1..=32767,
        (SOL_IP, IP_TTL) => 1..=255,
        (SOL_IP, IP_TOS) => return Ok(value & 0xff),
        (SOL_IP, IP_MULTICAST_TTL) | (SOL_IPV6, IPV6_UNICAST_HOPS | IPV6_MULTICAST_HOPS | IPV6_TCLASS) => 0..=255,
        (SOL_IP, IP_MULTICAST_LOOP) => return Ok(i32::from(value != 0)),
        (SOL_IP, IP_MULTICAST_ALL) | (SOL_IPV6, IPV6_MULTICAST_LOOP | IPV6_MULTICAST_ALL) => 0..=1,
        (SOL_IP | SOL_IPV6, IP_MTU_DISCOVER | IPV6_MTU_DISCOVER) => 0..=5,
        (SOL_TCP, TCP_DEFER_ACCEPT) => return Ok(value.max(0)),
        _ => return Ok(value),
    };
    if allowed.contains(&value) { Ok(value) } else { Err(Errno::EINVAL) }
}

impl Options {
    /// What was kept for that option.
    pub fn kept(&self, level: i32, name: i32) -> Option<i32> {
        self.kept.get(&(level, name)).copied()
    }

    /// Whether a flag that is only kept was set: what a receiver wants to be told.
    pub fn asked(&self, level: i32, name: i32) -> bool {
        self.kept.get(&(level, name)).is_some_and(|value| *value != 0)
    }
}

/// getsockopt(2): the value's bytes.
pub fn get(endpoint: &Arc<dyn Endpoint>, level: i32, name: i32) -> Result<Vec<u8>, Errno> {
    let base = endpoint.base();
    let options = base.options.lock().clone();
    let flag = |value: bool| Ok(i32::from(value).as_bytes().to_vec());
    let size = |value: usize| Ok(i32::try_from(value).unwrap_or(i32::MAX).as_bytes().to_vec());
    let unix = base.domain == AF_UNIX;
    match (level, name) {
        (SOL_SOCKET, SO_REUSEADDR) => flag(options.reuse_address),
        (SOL_SOCKET, SO_REUSEPORT) => flag(options.reuse_port),
        (SOL_SOCKET, SO_BROADCAST) => flag(options.broadcast),
        (SOL_SOCKET, SO_PASSCRED) if unix || base.domain == AF_NETLINK => flag(options.pass_credentials),
        (SOL_SOCKET, SO_PASSCRED) => Err(Errno::EOPNOTSUPP),
        (SOL_SOCKET, SO_ACCEPTCONN) => flag(endpoint.listening()),
        (SOL_SOCKET, SO_LINGER) => Ok(options.linger.as_bytes().to_vec()),
        (SOL_SOCKET, SO_SNDBUF) => size(options.send_buffer),
        (SOL_SOCKET, SO_RCVBUF) => size(options.receive_buffer),
        (SOL_SOCKET, SO_SNDTIMEO) => Ok(timeval(options.send_timeout).as_bytes().to_vec()),
        (SOL_SOCKET, SO_RCVTIMEO) => Ok(timeval(options.receive_timeout).as_bytes().to_vec()),
        (SOL_SOCKET, SO_SNDLOWAT) => flag(true),
        (SOL_SOCKET, SO_TYPE) => Ok(base.kind.as_bytes().to_vec()),
        (SOL_SOCKET, SO_PROTOCOL) => Ok(base.protocol.as_bytes().to_vec()),
        (SOL_SOCKET, SO_DOMAIN) => Ok(i32::from(base.domain).as_bytes().to_vec()),
        (SOL_SOCKET, SO_MARK) => flag(false),
        (SOL_SOCKET, SO_BINDTODEVICE) => Ok(Vec::new()),
        (SOL_SOCKET, SO_COOKIE) => Ok(base.ino.as_bytes().to_vec()),
        (SOL_SOCKET, SO_PEERCRED) => Ok(endpoint.peer_ucred().as_bytes().to_vec()),
        (SOL_SOCKET, SO_PEERGROUPS) if unix => endpoint.peer().map(|_| Vec::new()),
        (SOL_SOCKET, SO_ERROR) => {
            let errno = endpoint.take_error();
            Ok(errno.map_or(0, |errno| i32::from(errno.0)).as_bytes().to_vec())
        }
        (SOL_IPV6, IPV6_V6ONLY) if base.domain == AF_INET6 => flag(options.v6_only),
        (SOL_TCP, TCP_CONGESTION) if !unix && base.kind == SOCK_STREAM => {
            let mut name = CONGESTION.get(options.congestion).map(|name| name.as_bytes().to_vec()).unwrap_or_default();
            name.resize(16, 0);
            Ok(name)
        }
        // Before there is a connection nobody knows how much it will carry at once.
        (SOL_TCP, TCP_MAXSEG) if !unix && base.kind == SOCK_STREAM && endpoint.peer().is_err() => {
            Ok(options.kept.get(&(level, name)).copied().unwrap_or(536).as_bytes().to_vec())
        }
        (SOL_TCP, TCP_INFO) if !unix && base.kind == SOCK_STREAM => Ok(tcp_info(&**endpoint)),
        _ => {
            let before = match kept_default(&**endpoint, level, name) {
                Some(before) => before,
                None if level == SOL_NETLINK && base.domain == AF_NETLINK => 0,
                None => return Err(unknown(&**endpoint, level)),
            };
            Ok(options.kept.get(&(level, name)).copied().unwrap_or(before).as_bytes().to_vec())
        }
    }
}

/// Linux doubles what is asked, for its own bookkeeping.
fn doubled(asked: i32, least: usize) -> usize {
    let asked = usize::try_from(asked).unwrap_or(MOST_BUFFER);
    asked.saturating_mul(2).clamp(least, MOST_BUFFER)
}

fn timeout(value: &[u8]) -> Result<Option<Nanos>, Errno> {
    let (time, _) = Timeval::read_from_prefix(value).map_err(|_| Errno::EINVAL)?;
    let micros = u64::try_from(time.microseconds).ok().filter(|micros| *micros < 1_000_000).ok_or(Errno::EDOM)?;
    // A negative span is none at all: the call does not wait.
    let seconds = match u64::try_from(time.seconds) {
        Ok(seconds) => seconds,
        Err(_) => return Ok(Some(1)),
    };
    Ok(Some(seconds.saturating_mul(SECOND).saturating_add(micros.saturating_mul(1000))).filter(|span| *span > 0))
}

fn timeval(span: Option<Nanos>) -> Timeval {
    let span = span.unwrap_or(0);
    Timeval { seconds: (span / SECOND) as i64, microseconds: (span % SECOND / 1000) as i64 }
}

/// The head of `struct tcp_info`: its state, with figures of a connection that loses nothing.
fn tcp_info(endpoint: &dyn Endpoint) -> Vec<u8> {
    const ESTABLISHED: u8 = 1;
    const CLOSE: u8 = 7;
    const LISTEN: u8 = 10;
    let state = match endpoint {
        listening if listening.listening() => LISTEN,
        connected if connected.peer().is_ok() => ESTABLISHED,
        _ => CLOSE,
    };
    let mut info = vec![0; 104];
    if let Some(first) = info.first_mut() {
        *first = state;
    }
    info
}
