//! Multicast groups, ip(7) "IP_ADD_MEMBERSHIP" and ipv6(7): which a socket is in, and what the options say.
//!
//! Owns: the options taken apart, and the groups of one socket. A group reaches the sockets of the pod;
//! nothing leaves it. Does not own: delivery (`udp`).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::Errno;
use abi::socket::*;

use super::Inet;
use crate::net::interface;

/// The groups that a socket is in, each by an interface.
#[derive(Default)]
pub(super) struct Groups(BTreeSet<(IpAddr, u32)>);

/// A group and the interface that an option names; an index of 0 and no address mean any.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    group: IpAddr,
    index: u32,
    address: Option<Ipv4Addr>,
}

impl Groups {
    /// Whether the socket is in `group` by any interface.
    pub(super) fn contain(&self, group: IpAddr) -> bool {
        self.0.iter().any(|(joined, _)| *joined == group)
    }

    /// What setsockopt(2) asks: to join or to leave a group.
    pub(super) fn change(&mut self, inet: &Inet, (level, name): (i32, i32), value: &[u8]) -> Result<(), Errno> {
        let named = parse(level, name, value).ok_or(Errno::EINVAL)?;
        if !named.group.is_multicast() {
            return Err(Errno::EINVAL);
        }
        let key = (named.group, interface_of(inet, &named).ok_or(Errno::ENODEV)?);
        let joins = matches!((level, name), (_, MCAST_JOIN_GROUP) | (SOL_IP, IP_ADD_MEMBERSHIP))
            || (level, name) == (SOL_IPV6, IPV6_ADD_MEMBERSHIP);
        match joins {
            true if !self.0.insert(key) => Err(Errno::EADDRINUSE),
            false if !self.0.remove(&key) => Err(Errno::EADDRNOTAVAIL),
            _ => Ok(()),
        }
    }
}

/// True for the options that change memberships.
pub fn is_membership(level: i32, name: i32) -> bool {
    match level {
        SOL_IP => matches!(name, IP_ADD_MEMBERSHIP | IP_DROP_MEMBERSHIP | MCAST_JOIN_GROUP | MCAST_LEAVE_GROUP),
        SOL_IPV6 => matches!(name, IPV6_ADD_MEMBERSHIP | IPV6_DROP_MEMBERSHIP | MCAST_JOIN_GROUP | MCAST_LEAVE_GROUP),
        _ => false,
    }
}

/// `struct ip_mreq` or `ip_mreqn`, `struct ipv6_mreq`, or `struct group_req` with its socket address.
fn parse(level: i32, name: i32, value: &[u8]) -> Option<Named> {
    let v4 = |at: usize| Some(Ipv4Addr::from(*value.get(at..)?.first_chunk::<4>()?));
    let v6 = |at: usize| Some(Ipv6Addr::from(*value.get(at..)?.first_chunk::<16>()?));
    let word = |at: usize| Some(u32::from_ne_bytes(*value.get(at..)?.first_chunk::<4>()?));
    let index_first = matches!(name, MCAST_JOIN_GROUP | MCAST_LEAVE_GROUP);
    Some(match (level, index_first) {
        (SOL_IP, true) => Named { group: v4(12)?.into(), index: word(0)?, address: None },
        (SOL_IP, false) => {
            let address = Some(v4(4)?).filter(|address| !address.is_unspecified());
            Named { group: v4(0)?.into(), index: word(8).unwrap_or(0), address }
        }
        (_, true) => Named { group: v6(16)?.into(), index: word(0)?, address: None },
        (_, false) => Named { group: v6(0)?.into(), index: word(16)?, address: None },
    })
}

/// The number of the interface, by its index, its address or the route that all others take.
fn interface_of(inet: &Inet, named: &Named) -> Option<u32> {
    let interfaces = interface::all(inet);
    let found = interfaces.iter().find(|interface| match (named.index, named.address) {
        (0, Some(address)) => interface.addresses.iter().any(|(ip, _)| *ip == IpAddr::V4(address)),
        (0, None) => interface.index != 1,
        (index, _) => interface.index == index,
    });
    found.map(|interface| interface.index)
}

/// The address of IP_MULTICAST_IF's value, whose interface is to be there: `EADDRNOTAVAIL` otherwise.
pub fn outgoing(inet: &Inet, value: &[u8]) -> Result<i32, Errno> {
    let at = if value.len() >= 8 { 4 } else { 0 };
    let address = *value.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or(Errno::EINVAL)?;
    let index = value.get(8..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |index| u32::from_ne_bytes(*index));
    let ip = Ipv4Addr::from(address);
    let named = Named { group: ip.into(), index, address: Some(ip) };
    let any = ip.is_unspecified() && index == 0;
    if any || interface_of(inet, &named).is_some() {
        Ok(i32::from_ne_bytes(address))
    } else {
        Err(Errno::EADDRNOTAVAIL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_from_every_form_of_the_option() {
        let group = Ipv4Addr::new(224, 0, 0, 251);
        let by_address = [group.octets(), [127, 0, 0, 1]].concat();
        let named = parse(SOL_IP, IP_ADD_MEMBERSHIP, &by_address).expect("it is long enough");
        assert_eq!((named.group, named.address), (group.into(), Some(Ipv4Addr::LOCALHOST)));
        let mut request = vec![2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
        request.extend(group.octets());
        let named = parse(SOL_IP, MCAST_JOIN_GROUP, &request).expect("it is long enough");
        assert_eq!((named.group, named.index), (group.into(), 2));
        assert_eq!(parse(SOL_IP, IP_ADD_MEMBERSHIP, &by_address[..7]), None);
    }

    #[test]
    fn a_group_is_joined_once_and_left_once() {
        let (inet, mut groups) = (Inet::default(), Groups::default());
        let value = [224, 0, 0, 251, 127, 0, 0, 1];
        let (join, leave) = ((SOL_IP, IP_ADD_MEMBERSHIP), (SOL_IP, IP_DROP_MEMBERSHIP));
        assert_eq!(groups.change(&inet, join, &value), Ok(()));
        assert_eq!(groups.change(&inet, join, &value), Err(Errno::EADDRINUSE));
        assert_eq!(groups.change(&inet, leave, &value), Ok(()));
        assert_eq!(groups.change(&inet, leave, &value), Err(Errno::EADDRNOTAVAIL));
        assert_eq!(groups.change(&inet, join, &[10, 0, 0, 1, 127, 0, 0, 1]), Err(Errno::EINVAL));
        assert_eq!(groups.change(&inet, join, &[224, 0, 0, 251, 0, 0, 0, 0]), Err(Errno::ENODEV));
    }
}
