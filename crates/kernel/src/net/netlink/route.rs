//! What rtnetlink(7) answers: links, addresses, routes.

use std::net::{IpAddr, Ipv4Addr};

use abi::Errno;
use abi::netlink::*;
use abi::socket::{AF_INET, AF_INET6, AF_UNSPEC};
use zerocopy::{FromBytes, IntoBytes};

use super::{Attributes, Messages};
use crate::net::inet::Inet;
use crate::net::interface::{self, Interface};

/// How a request was answered.
pub(super) enum Answered {
    /// With a list, which an NLMSG_DONE ends.
    Dump,
    /// With one message, or none.
    One,
}

/// Answers `request` into `answers`, whose messages go `to` its sender.
pub(super) fn answer(
    inet: &Inet,
    request: &NetlinkHeader,
    to: &NetlinkHeader,
    body: &[u8],
    answers: &mut Messages,
) -> Result<Answered, Errno> {
    /// The requests come in fours: NEW, DEL, GET, SET.
    const GET: u16 = 2;
    if request.kind % 4 != GET {
        return Err(Errno::EPERM);
    }
    let dump = request.flags & NLM_F_DUMP != 0;
    let family = u16::from(body.first().copied().unwrap_or(0));
    let interfaces = interface::all(inet);
    match request.kind {
        RTM_GETLINK if dump => interfaces.iter().for_each(|one| link(answers, to, NLM_F_MULTI, one)),
        RTM_GETLINK => {
            let (asked, attributes) = LinkMessage::read_from_prefix(body).map_err(|_| Errno::EINVAL)?;
            let name = attribute(attributes, IFLA_IFNAME);
            let named =
                |one: &&Interface| name.is_some_and(|name| name.strip_suffix(b"\0") == Some(one.name.as_bytes()));
            let found = interfaces.iter().find(|one| one.index == asked.index).or(interfaces.iter().find(named));
            link(answers, to, 0, found.ok_or(Errno::ENODEV)?);
            return Ok(Answered::One);
        }
        RTM_GETADDR if dump => interfaces.iter().for_each(|one| addresses(answers, to, family, one)),
        RTM_GETROUTE if dump => interfaces.iter().for_each(|one| routes(answers, to, family, one)),
        RTM_GETROUTE => {
            way(answers, to, &interfaces, family, body)?;
            return Ok(Answered::One);
        }
        _ if dump => {}
        _ => return Err(Errno::EOPNOTSUPP),
    }
    Ok(Answered::Dump)
}

/// The value of an attribute of that kind.
fn attribute(mut rest: &[u8], kind: u16) -> Option<&[u8]> {
    while let Some(([a, b, c, d], _)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_ne_bytes([*a, *b]));
        let value = rest.get(4..length)?;
        if u16::from_ne_bytes([*c, *d]) == kind {
            return Some(value);
        }
        rest = rest.get(super::aligned(length)..)?;
    }
    None
}

fn bytes_of(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn family_of(ip: IpAddr) -> u16 {
    if ip.is_ipv4() { AF_INET } else { AF_INET6 }
}

fn wanted(family: u16, ip: IpAddr) -> bool {
    family == AF_UNSPEC || family == family_of(ip)
}

fn link(answers: &mut Messages, to: &NetlinkHeader, flags: u16, of: &Interface) {
    const LOWER_UP: u32 = 0x10000;
    const OPERSTATE_UNKNOWN: u8 = 0;
    const OPERSTATE_UP: u8 = 6;
    let message =
        LinkMessage { hardware: of.hardware, index: of.index, flags: of.flags | LOWER_UP, ..LinkMessage::default() };
    let state = if of.index == 1 { OPERSTATE_UNKNOWN } else { OPERSTATE_UP };
    let broadcast = if of.index == 1 { [0; 6] } else { [0xff; 6] };
    let attributes = Attributes::default()
        .with(IFLA_IFNAME, &[of.name.as_bytes(), b"\0"].concat())
        .with(IFLA_TXQLEN, &1000u32.to_ne_bytes())
        .with(IFLA_OPERSTATE, &[state])
        .with(IFLA_LINKMODE, &[0])
        .with(IFLA_MTU, &of.mtu.to_ne_bytes())
        .with(IFLA_ADDRESS, &of.mac)
        .with(IFLA_BROADCAST, &broadcast)
        .with(IFLA_QDISC, b"noqueue\0");
    answers.add(to, RTM_NEWLINK, flags, message.as_bytes(), &attributes);
}

fn addresses(answers: &mut Messages, to: &NetlinkHeader, family: u16, of: &Interface) {
    for (ip, prefix) in of.addresses.iter().filter(|(ip, _)| wanted(family, *ip)) {
        let message = AddressMessage {
            family: family_of(*ip) as u8,
            prefix: *prefix,
            flags: IFA_F_PERMANENT,
            scope: if ip.is_loopback() { RT_SCOPE_HOST } else { RT_SCOPE_UNIVERSE },
            index: of.index,
        };
        let mut attributes = Attributes::default().with(IFA_ADDRESS, &bytes_of(*ip));
        if ip.is_ipv4() {
            attributes =
                attributes.with(IFA_LOCAL, &bytes_of(*ip)).with(IFA_LABEL, &[of.name.as_bytes(), b"\0"].concat());
        }
        attributes = attributes
            .with(IFA_FLAGS, &u32::from(IFA_F_PERMANENT).to_ne_bytes())
            .with(IFA_CACHEINFO, &[u32::MAX, u32::MAX, 0, 0].map(u32::to_ne_bytes).concat());
        answers.add(to, RTM_NEWADDR, NLM_F_MULTI, message.as_bytes(), &attributes);
    }
}

/// The first address of the network that `ip` is in: where its gateway is taken to be.
pub(super) fn gateway(ip: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(ip.to_bits() & !0xff | 1)
}

/// The way to one address: `ENETUNREACH` where it is not the pod's own.
fn way(
    answers: &mut Messages,
    to: &NetlinkHeader,
    interfaces: &[Interface],
    family: u16,
    body: &[u8],
) -> Result<(), Errno> {
    let attributes = body.get(size_of::<RouteMessage>()..).ok_or(Errno::EINVAL)?;
    let asked = attribute(attributes, RTA_DST).ok_or(Errno::EINVAL)?;
    let ip = match family {
        AF_INET => IpAddr::from(<[u8; 4]>::try_from(asked).map_err(|_| Errno::EINVAL)?),
        AF_INET6 => IpAddr::from(<[u8; 16]>::try_from(asked).map_err(|_| Errno::EINVAL)?),
        _ => return Err(Errno::EAFNOSUPPORT),
    };
    let own = |one: &&Interface| one.addresses.iter().any(|(own, _)| *own == ip) || ip.is_loopback() && one.index == 1;
    interfaces.iter().find(own).ok_or(Errno::ENETUNREACH)?;
    const LOOPBACK: u32 = 1;
    let message = RouteMessage {
        family: family as u8,
        destination: if ip.is_ipv4() { 32 } else { 128 },
        table: RT_TABLE_LOCAL,
        kind: RTN_LOCAL,
        ..RouteMessage::default()
    };
    let attributes = Attributes::default()
        .with(RTA_TABLE, &u32::from(RT_TABLE_LOCAL).to_ne_bytes())
        .with(RTA_DST, asked)
        .with(RTA_OIF, &LOOPBACK.to_ne_bytes())
        .with(RTA_PREFSRC, asked);
    answers.add(to, RTM_NEWROUTE, 0, message.as_bytes(), &attributes);
    Ok(())
}

/// The route to an interface's network and, for IPv4, the default route.
fn routes(answers: &mut Messages, to: &NetlinkHeader, family: u16, of: &Interface) {
    for (ip, prefix) in of.addresses.iter().filter(|(ip, _)| !ip.is_loopback() && wanted(family, *ip)) {
        let message = RouteMessage {
            family: family_of(*ip) as u8,
            table: RT_TABLE_MAIN,
            kind: RTN_UNICAST,
            ..RouteMessage::default()
        };
        let common = || {
            Attributes::default()
                .with(RTA_TABLE, &u32::from(RT_TABLE_MAIN).to_ne_bytes())
                .with(RTA_OIF, &of.index.to_ne_bytes())
        };
        if let IpAddr::V4(v4) = ip {
            let message = RouteMessage { protocol: RTPROT_BOOT, scope: RT_SCOPE_UNIVERSE, ..message };
            let attributes = common().with(RTA_GATEWAY, &gateway(*v4).octets());
            answers.add(to, RTM_NEWROUTE, NLM_F_MULTI, message.as_bytes(), &attributes);
        }
        let message = RouteMessage { destination: *prefix, protocol: RTPROT_KERNEL, scope: RT_SCOPE_LINK, ..message };
        let attributes = common().with(RTA_DST, &network(*ip, *prefix)).with(RTA_PREFSRC, &bytes_of(*ip));
        answers.add(to, RTM_NEWROUTE, NLM_F_MULTI, message.as_bytes(), &attributes);
    }
}

/// The address of the network: what is behind the prefix is zero.
fn network(ip: IpAddr, prefix: u8) -> Vec<u8> {
    let mut bytes = bytes_of(ip);
    for (index, byte) in bytes.iter_mut().enumerate() {
        let kept = u32::from(prefix).saturating_sub(index as u32 * 8).min(8);
        *byte &= 0xffu8.checked_shl(8 - kept).unwrap_or(0);
    }
    bytes
}
