//! The pod's network interfaces: `lo`, and `eth0` where the pod has addresses. netdevice(7).

use std::net::IpAddr;
use std::sync::Arc;

use abi::Errno;
use abi::socket::*;
use zerocopy::IntoBytes;

use crate::net::inet::Inet;
use crate::task::{Task, UserPtr};

/// IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST
const ETHERNET_FLAGS: u32 = 0x1 | 0x2 | 0x40 | 0x1000;
/// IFF_UP | IFF_LOOPBACK | IFF_RUNNING
const LOOPBACK_FLAGS: u32 = 0x1 | 0x8 | 0x40;

/// The interface that leads out of the pod.
pub const OUTWARD: &str = "eth0";

/// A network interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: &'static str,
    /// IFF_UP and so on.
    pub flags: u32,
    /// The longest packet.
    pub mtu: u32,
    /// The type of its hardware: ARPHRD_LOOPBACK, ARPHRD_ETHER.
    pub hardware: u16,
    /// Its hardware address.
    pub mac: [u8; 6],
    /// Its addresses with the length of their prefix.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// The pod's interfaces, by number.
pub fn all(inet: &Inet) -> Vec<Interface> {
    let localhost =
        vec![(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8), (IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), 128)];
    let mut list = vec![Interface {
        index: 1,
        name: "lo",
        flags: LOOPBACK_FLAGS,
        mtu: 65536,
        hardware: 772,
        mac: [0; 6],
        addresses: localhost,
    }];
    let pod = inet.addresses();
    if !pod.is_empty() {
        let mac = pod.iter().find_map(|ip| match ip {
            IpAddr::V4(ip) => Some(ip.octets()),
            IpAddr::V6(_) => None,
        });
        let [a, b, c, d] = mac.unwrap_or_default();
        list.push(Interface {
            index: 2,
            name: OUTWARD,
            flags: ETHERNET_FLAGS,
            mtu: 1500,
            hardware: 1,
            mac: [0x02, 0x42, a, b, c, d],
            addresses: pod.into_iter().map(|ip| (ip, if ip.is_ipv4() { 24 } else { 64 })).collect(),
        });
    }
    list
}

/// `struct ifreq`: 16 bytes of name, 24 of answer.
const REQUEST: usize = 40;

/// What would change an interface, by netdevice(7) and Linux's own list: it needs CAP_NET_ADMIN.
const CHANGES: &[u32] = &[
    0x8914, 0x891e, 0x8922, 0x8923, 0x8924, 0x8930, 0x8931, 0x8932, 0x8937, 0x8943, 0x8947, 0x8948, 0x8949, 0x894c,
    0x8971, 0x8990, 0x8991, 0x8992, 0x8995, 0x89a0, 0x89a1, 0x89a2, 0x89a3, 0x89b0,
];

/// The same of addresses, routes and ARP, which a socket of that family alone knows.
const fn changes_of(domain: u16) -> &'static [u32] {
    match domain {
        AF_INET => &[0x890b, 0x890c, 0x8916, 0x8918, 0x891a, 0x891c, 0x8953, 0x8955],
        AF_INET6 => &[0x890b, 0x890c, 0x8916, 0x8936],
        _ => &[],
    }
}

/// What an interface that has no driver does not support: SIOCETHTOOL, bonding, time stamps, private requests.
fn is_of_drivers(request: u32) -> bool {
    matches!(request, 0x8940 | 0x8941 | 0x8946 | 0x894a | 0x8993 | 0x8994 | 0x89b1 | 0x89f0..=0x89ff)
}

/// The requests that read something of an interface that has been found.
fn is_of_interfaces(request: u32, domain: u16) -> bool {
    let any = [SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFTXQLEN];
    let addresses = [SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK];
    any.contains(&request)
        || request == SIOCGIFMAP
        || (domain == AF_INET && addresses.contains(&request))
        || is_of_drivers(request)
}

/// The SIOCGIF requests of netdevice(7) on a socket of `domain`. What would change an interface is
/// `EPERM`, what no interface of ours can do `EOPNOTSUPP`, and what is no request at all `ENOTTY`.
pub fn ioctl(inet: &Inet, domain: u16, task: &Arc<Task>, (request, argument): (u32, u64)) -> Result<u64, Errno> {
    match request {
        SIOCGIFCONF => return list(inet, task, argument),
        SIOCGSTAMP if matches!(domain, AF_INET | AF_INET6) => return Err(Errno::ENOENT),
        _ if CHANGES.contains(&request) || changes_of(domain).contains(&request) => return Err(Errno::EPERM),
        _ if is_of_interfaces(request, domain) => {}
        _ => return Err(Errno::ENOTTY),
    }
    let mut raw = [0u8; REQUEST];
    task.read_bytes(argument, &mut raw)?;
    let (name, rest) = raw.split_at_mut(16);
    let rest = rest.first_chunk_mut::<24>().ok_or(Errno::EINVAL)?;
    if request == SIOCGIFNAME {
        let index = u32::from_ne_bytes(*rest.first_chunk::<4>().ok_or(Errno::EINVAL)?);
        let found = all(inet).into_iter().find(|one| one.index == index).ok_or(Errno::ENODEV)?;
        name.fill(0);
        name.iter_mut().zip(found.name.bytes()).for_each(|(to, from)| *to = from);
    } else {
        let wanted = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let found = all(inet).into_iter().find(|one| one.name.as_bytes() == wanted).ok_or(Errno::ENODEV)?;
        let answer = answer(&found, request)?;
        rest.fill(0);
        rest.iter_mut().zip(answer).for_each(|(to, from)| *to = from);
    }
    task.write_bytes(argument, &raw)?;
    Ok(0)
}

fn answer(of: &Interface, request: u32) -> Result<Vec<u8>, Errno> {
    let v4 = of.addresses.iter().find_map(|(ip, length)| match ip {
        IpAddr::V4(ip) => Some((ip.to_bits(), *length)),
        IpAddr::V6(_) => None,
    });
    let mask = |length: u8| u32::MAX.checked_shl(32u32.saturating_sub(u32::from(length))).unwrap_or(0);
    let address = |bits: u32| {
        SockaddrIn { family: AF_INET, address: bits.to_be_bytes(), ..SockaddrIn::default() }.as_bytes().to_vec()
    };
    let (ip, length) = v4.ok_or(Errno::EADDRNOTAVAIL).or_else(|errno| match request {
        SIOCGIFADDR | SIOCGIFDSTADDR | SIOCGIFBRDADDR | SIOCGIFNETMASK => Err(errno),
        _ => Ok((0, 0)),
    })?;
    Ok(match request {
        SIOCGIFFLAGS => (of.flags as u16).to_ne_bytes().to_vec(),
        SIOCGIFADDR | SIOCGIFDSTADDR => address(ip),
        SIOCGIFNETMASK => address(mask(length)),
        SIOCGIFBRDADDR if of.index == 1 => address(0),
        SIOCGIFBRDADDR => address(ip | !mask(length)),
        SIOCGIFMETRIC => 0u32.to_ne_bytes().to_vec(),
        SIOCGIFMTU => of.mtu.to_ne_bytes().to_vec(),
        SIOCGIFINDEX => of.index.to_ne_bytes().to_vec(),
        SIOCGIFTXQLEN => 1000u32.to_ne_bytes().to_vec(),
        SIOCGIFHWADDR => [of.hardware.to_ne_bytes().as_slice(), of.mac.as_slice()].concat(),
        SIOCGIFMAP => vec![0; 24],
        _ => return Err(Errno::EOPNOTSUPP),
    })
}

/// SIOCGIFCONF: the interfaces that have an IPv4 address.
fn list(inet: &Inet, task: &Arc<Task>, argument: u64) -> Result<u64, Errno> {
    let [length, _pad, low, high] = task.read(UserPtr::<[u32; 4]>::new(argument))?;
    let buffer = u64::from(low) | u64::from(high) << 32;
    let mut bytes = Vec::new();
    for one in all(inet) {
        for (ip, _) in &one.addresses {
            let IpAddr::V4(ip) = ip else { continue };
            let mut name = [0u8; 16];
            name.iter_mut().zip(one.name.bytes()).for_each(|(to, from)| *to = from);
            bytes.extend_from_slice(&name);
            let address = SockaddrIn { family: AF_INET, address: ip.octets(), ..SockaddrIn::default() };
            bytes.extend_from_slice(address.as_bytes());
            bytes.extend_from_slice(&[0; 8]);
        }
    }
    if buffer != 0 {
        bytes.truncate(length as usize / REQUEST * REQUEST);
        task.write_bytes(buffer, &bytes)?;
    }
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    task.write(UserPtr::new(argument), &length)?;
    Ok(0)
}
