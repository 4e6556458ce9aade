//! AF_INET and AF_INET6: ip(7), ipv6(7), tcp(7), udp(7).
//!
//! Owns: [`Inet`], the pod's addresses and its port space, which all containers share; streams and
//! datagrams between sockets of the pod, and those that leave it. Does not own: who is reached outside,
//! which the switch decides; without one every address but the pod's own is unreachable.

mod channels;
mod line;
pub mod multicast;
mod outer;
pub mod outside;
mod ports;
mod reach;
mod tcp;
pub mod traffic;
mod udp;
pub mod uplink;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::{
    AF_INET, AF_INET6, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_RAW,
    SOCK_STREAM,
};

pub use self::tcp::TcpSocket;
pub use self::udp::UdpSocket;
use crate::net::address::{Address, unmapped};
use crate::net::message::Caller;
use crate::net::socket::{Base, Endpoint};
use crate::sync::Mutex;

/// The pod's addresses and ports.
#[derive(Default)]
pub struct Inet {
    /// The addresses beside loopback: those of `eth0`.
    addresses: Mutex<Vec<IpAddr>>,
    tcp: ports::Ports<TcpSocket>,
    udp: ports::Ports<UdpSocket>,
    all_tcp: Mutex<Vec<Weak<TcpSocket>>>,
    all_udp: Mutex<Vec<Weak<UdpSocket>>>,
    channels: channels::Channels,
    /// The way out of the pod.
    pub uplink: uplink::Uplink,
    /// What went over `eth0`.
    pub traffic: Arc<traffic::Traffic>,
}

/// Where a destination is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Route {
    /// In this pod, at that address, and reached from this one.
    Inner(SocketAddr, IpAddr),
    /// Outside, and reached from this address.
    Outer(IpAddr),
}

impl Inet {
    /// The pod's addresses beside loopback.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.addresses.lock().clone()
    }

    /// Gives the pod its addresses.
    pub fn set_addresses(&self, addresses: Vec<IpAddr>) {
        *self.addresses.lock() = addresses;
    }

    /// Every open TCP socket, for /proc/net/tcp.
    pub fn tcp_sockets(&self) -> Vec<Arc<TcpSocket>> {
        self.all_tcp.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Every open UDP socket, for /proc/net/udp.
    pub fn udp_sockets(&self) -> Vec<Arc<UdpSocket>> {
        self.all_udp.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether `ip` is one of the pod's.
    fn is_own(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.addresses.lock().contains(&ip)
    }

    /// Whether a socket may be bound to `ip`: `EADDRNOTAVAIL` otherwise.
    fn check_bindable(&self, ip: IpAddr) -> Result<(), Errno> {
        if ip.is_unspecified() || ip.is_multicast() || self.is_own(ip) { Ok(()) } else { Err(Errno::EADDRNOTAVAIL) }
    }

    /// Where a socket reaches `to`, and from which address. An address that is not the pod's is `ENETUNREACH`
    /// where the pod has no way out, or no address of that family. The unspecified address means this host.
    fn way(&self, to: SocketAddr) -> Result<Route, Errno> {
        let ip = match to.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        if !self.is_own(ip) {
            let like = |own: &IpAddr| own.is_ipv4() == ip.is_ipv4();
            let from = self.addresses.lock().iter().copied().find(like).filter(|_| self.uplink.is_joined());
            return from.map(Route::Outer).ok_or(Errno::ENETUNREACH);
        }
        let from = match ip {
            IpAddr::V4(ip) if ip.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        Ok(Route::Inner(SocketAddr::new(ip, to.port()), from))
    }

    /// The same for what stays within the pod: everything else is `ENETUNREACH`.
    fn route(&self, to: SocketAddr) -> Result<(SocketAddr, IpAddr), Errno> {
        match self.way(to)? {
            Route::Inner(to, from) => Ok((to, from)),
            Route::Outer(_) => Err(Errno::ENETUNREACH),
        }
    }
}

/// A new socket of `domain`, AF_INET or AF_INET6.
pub fn socket(
    inet: &Arc<Inet>,
    caller: &Caller,
    domain: u16,
    kind: u32,
    protocol: i32,
) -> Result<Arc<dyn Endpoint>, Errno> {
    match (kind, protocol) {
        (SOCK_STREAM, IPPROTO_IP | IPPROTO_TCP) => Ok(TcpSocket::new(inet, caller, domain)),
        (SOCK_DGRAM, IPPROTO_IP | IPPROTO_UDP) => Ok(UdpSocket::new(inet, caller, domain)),
        // ping_group_range admits nobody; raw sockets need a network to be raw on.
        (SOCK_DGRAM, IPPROTO_ICMP | IPPROTO_ICMPV6) => Err(Errno::EACCES),
        (SOCK_RAW, _) => Err(Errno::EPERM),
        (SOCK_STREAM | SOCK_DGRAM, _) => Err(Errno::EPROTONOSUPPORT),
        _ => Err(Errno::ESOCKTNOSUPPORT),
    }
}

/// The address that a call names, without its mapping; checked against the socket's family.
fn own_family(base: &Base, address: &Address) -> Result<SocketAddr, Errno> {
    let Address::Inet(address) = address else { return Err(Errno::EAFNOSUPPORT) };
    if address.is_ipv4() != (base.domain == AF_INET) {
        return Err(Errno::EAFNOSUPPORT);
    }
    let plain = unmapped(*address);
    if base.options.lock().v6_only && plain.is_ipv4() {
        return Err(Errno::ENETUNREACH);
    }
    Ok(plain)
}

/// The same for datagrams: a socket of AF_INET6 also takes an address of AF_INET, on which
/// getaddrinfo(3) relies.
fn either_family(base: &Base, address: &Address) -> Result<SocketAddr, Errno> {
    match address {
        Address::Inet(to @ SocketAddr::V4(_)) if base.domain == AF_INET6 => {
            if base.options.lock().v6_only {
                Err(Errno::ENETUNREACH)
            } else {
                Ok(*to)
            }
        }
        _ => own_family(base, address),
    }
}

/// The wildcard address of a socket of `domain`.
fn wildcard(domain: u16) -> IpAddr {
    if domain == AF_INET { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) }
}

#[cfg(test)]
mod tests;
