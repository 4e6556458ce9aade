//! Socket addresses as values: read from and written to their guests' layouts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::sync::Arc;

use abi::Errno;
use abi::socket::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, AF_UNSPEC, SockaddrIn, SockaddrIn6, SockaddrNl, UNIX_PATH_MAX,
};
use zerocopy::{FromBytes, IntoBytes};

use crate::vfs::Inode;

/// A Unix socket's name, unix(7) "Address format".
#[derive(Clone, Default)]
pub enum UnixName {
    /// None.
    #[default]
    Unnamed,
    /// A name in the pod's own space, without the leading zero byte.
    Abstract(Vec<u8>),
    /// A path as it was given, and the inode that it led to once somebody looked.
    Path(Vec<u8>, Option<Arc<dyn Inode>>),
}

/// The address of a socket.
#[derive(Clone)]
pub enum Address {
    /// AF_UNSPEC: connect(2) dissolves the association.
    Unspecified,
    /// AF_UNIX.
    Unix(UnixName),
    /// AF_INET or AF_INET6.
    Inet(SocketAddr),
    /// AF_NETLINK.
    Netlink(SockaddrNl),
}

impl Address {
    /// Reads a guest's address; `EINVAL` where it is too short for its family.
    pub fn parse(bytes: &[u8]) -> Result<Address, Errno> {
        let family = u16::from_ne_bytes(*bytes.first_chunk::<2>().ok_or(Errno::EINVAL)?);
        match family {
            AF_UNSPEC => Ok(Address::Unspecified),
            AF_UNIX => UnixName::parse(bytes.get(2..).unwrap_or_default()).map(Address::Unix),
            AF_INET => {
                let (raw, _) = SockaddrIn::read_from_prefix(bytes).map_err(|_| Errno::EINVAL)?;
                let address = SocketAddrV4::new(Ipv4Addr::from(raw.address), u16::from_be_bytes(raw.port));
                Ok(Address::Inet(address.into()))
            }
            AF_INET6 => {
                // Linux takes the 24 bytes of an old layout that has no scope.
                let mut padded = [0; size_of::<SockaddrIn6>()];
                let given = bytes.len().min(padded.len());
                if given < 24 {
                    return Err(Errno::EINVAL);
                }
                padded.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                let raw = SockaddrIn6::read_from_bytes(&padded).map_err(|_| Errno::EINVAL)?;
                let (port, flow) = (u16::from_be_bytes(raw.port), u32::from_be_bytes(raw.flow));
                let address = SocketAddrV6::new(Ipv6Addr::from(raw.address), port, flow, raw.scope);
                Ok(Address::Inet(address.into()))
            }
            AF_NETLINK => {
                let (raw, _) = SockaddrNl::read_from_prefix(bytes).map_err(|_| Errno::EINVAL)?;
                Ok(Address::Netlink(raw))
            }
            _ => Err(Errno::EAFNOSUPPORT),
        }
    }

    /// The guest's layout of it.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Address::Unspecified => AF_UNSPEC.to_ne_bytes().to_vec(),
            Address::Unix(name) => name.encode(),
            Address::Inet(SocketAddr::V4(address)) => SockaddrIn {
                family: AF_INET,
                port: address.port().to_be_bytes(),
                address: address.ip().octets(),
                zero: [0; 8],
            }
            .as_bytes()
            .to_vec(),
            Address::Inet(SocketAddr::V6(address)) => SockaddrIn6 {
                family: AF_INET6,
                port: address.port().to_be_bytes(),
                flow: address.flowinfo().to_be_bytes(),
                address: address.ip().octets(),
                scope: address.scope_id(),
            }
            .as_bytes()
            .to_vec(),
            Address::Netlink(raw) => raw.as_bytes().to_vec(),
        }
    }
}

impl UnixName {
    fn parse(name: &[u8]) -> Result<UnixName, Errno> {
        if name.len() > UNIX_PATH_MAX {
            return Err(Errno::EINVAL);
        }
        Ok(match name {
            [] => UnixName::Unnamed,
            [0, rest @ ..] => UnixName::Abstract(rest.to_vec()),
            path => {
                let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
                UnixName::Path(path.iter().copied().take(end).collect(), None)
            }
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = AF_UNIX.to_ne_bytes().to_vec();
        match self {
            UnixName::Unnamed => {}
            UnixName::Abstract(name) => {
                bytes.push(0);
                bytes.extend_from_slice(name);
            }
            UnixName::Path(path, _) => {
                bytes.extend_from_slice(path);
                bytes.push(0);
            }
        }
        bytes
    }

    /// The name as /proc/net/unix shows it: `@` for the zero byte of an abstract name.
    pub fn shown(&self) -> Vec<u8> {
        match self {
            UnixName::Unnamed => Vec::new(),
            UnixName::Abstract(name) => {
                let mut text = vec![b'@'];
                text.extend(name.iter().map(|byte| if *byte == 0 { b'@' } else { *byte }));
                text
            }
            UnixName::Path(path, _) => path.clone(),
        }
    }
}

/// An address without its mapping: `::ffff:a.b.c.d` is `a.b.c.d`, ipv6(7).
pub fn unmapped(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => SocketAddr::new(IpAddr::V4(ip), address.port()),
            None => address,
        },
        IpAddr::V4(_) => address,
    }
}

/// An address as a socket of `family` shows it: mapped for AF_INET6.
pub fn shown_to(family: u16, address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if family == AF_INET6 && !ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V6(ip.to_ipv6_mapped()), address.port())
        }
        IpAddr::V4(_) if family == AF_INET6 => SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), address.port()),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_way_to_a_guest_and_back() {
        for text in ["127.0.0.1:80", "[::1]:8080", "0.0.0.0:0"] {
            let address = Address::Inet(text.parse().expect("it is an address"));
            match Address::parse(&address.encode()) {
                Ok(Address::Inet(back)) => assert_eq!(back.to_string(), text),
                _ => panic!("{text} came back as something else"),
            }
        }
    }

    #[test]
    fn unix_names_are_unnamed_abstract_or_a_path_up_to_its_zero() {
        let parse = |name: &[u8]| UnixName::parse(name).map(|name| name.shown());
        assert_eq!(parse(b""), Ok(b"".to_vec()));
        assert_eq!(parse(b"\0a\0b"), Ok(b"@a@b".to_vec()));
        assert_eq!(parse(b"/tmp/s\0rubbish"), Ok(b"/tmp/s".to_vec()));
        assert_eq!(parse(&[b'x'; 109]), Err(Errno::EINVAL));
    }

    #[test]
    fn an_address_too_short_for_its_family_is_refused() {
        assert_eq!(Address::parse(&[1]).err(), Some(Errno::EINVAL));
        assert_eq!(Address::parse(&[2, 0, 1, 1, 127, 0, 0, 1]).err(), Some(Errno::EINVAL));
        assert_eq!(Address::parse(&[99, 0, 0, 0]).err(), Some(Errno::EAFNOSUPPORT));
    }
}
