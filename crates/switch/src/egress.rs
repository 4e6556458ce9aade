//! The operator's bounds: which addresses outside of the cluster a pod may be led to at all.
//!
//! Owns: [`Bounds`], given once when the switch starts, which nothing that it is told later can widen: docs/adr/0010.
//! Does not own: NetworkPolicies (`policy`), and sockets.
//!
//! It is addresses that are judged, when a connection is made: what a name has meant earlier does not matter.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::network::Network;

/// Addresses that lead to no other machine, whatever the operator says: this host (Linux leads 0.0.0.0 and :: to its
/// loopback), multicast, what is reserved, broadcast.
const NEVER: &[Network] = &[
    Network::v4([0, 0, 0, 0], 8),
    Network::v4([224, 0, 0, 0], 4),
    Network::v4([240, 0, 0, 0], 4),
    Network::v6([0, 0, 0, 0, 0, 0, 0, 0], 128),
    Network::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// Addresses that an operator must name, and not only include: loopback, link-local addresses, and where clouds tell
/// a machine its secrets.
const RESERVED: &[Network] = &[
    Network::v4([127, 0, 0, 0], 8),
    Network::v4([169, 254, 0, 0], 16),
    // Metadata of Azure, Alibaba and Oracle.
    Network::v4([168, 63, 129, 16], 32),
    Network::v4([100, 100, 100, 200], 32),
    Network::v4([192, 0, 0, 192], 32),
    Network::v6([0, 0, 0, 0, 0, 0, 0, 1], 128),
    Network::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    // Site-local addresses are what link-local ones are to some machines yet.
    Network::v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
    // Metadata of Amazon and Google.
    Network::v6([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254], 128),
    Network::v6([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254], 128),
];

/// Where an address of IPv4 stands in one of IPv6 (RFC 4291, RFC 6052, RFC 3056), and at which bit.
const EMBEDDING: &[(Network, u32)] = &[
    (Network::v6([0, 0, 0, 0, 0, 0, 0, 0], 96), 96),
    (Network::v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), 96),
    (Network::v6([0x0064, 0xff9b, 0, 0, 0, 0, 0, 0], 96), 96),
    (Network::v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), 16),
];

/// What the operator allows and denies. By default nothing is allowed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bounds {
    /// Networks that pods may reach.
    pub allow: Vec<Network>,
    /// Networks that they may not, whatever is allowed.
    pub deny: Vec<Network>,
}

impl Bounds {
    /// Whether a pod may be led to `ip`.
    pub(crate) fn permit(&self, ip: IpAddr) -> bool {
        if NEVER.iter().chain(&self.deny).any(|network| network.contains(ip)) {
            return false;
        }
        if let Some(inner) = embedded(ip)
            && !self.permit(inner)
        {
            return false;
        }
        match RESERVED.iter().find(|reserved| reserved.contains(ip)) {
            Some(reserved) => self.allow.iter().any(|allowed| allowed.contains(ip) && allowed.is_within(reserved)),
            None => self.allow.iter().any(|allowed| allowed.contains(ip)),
        }
    }

    /// Whether a pod may be led to `ip`, which the machine reaches from `source`. What the machine serves on its own
    /// addresses is meant for who is on it, and not for its pods: such an address must be named as it is.
    pub(crate) fn permit_from(&self, ip: IpAddr, source: IpAddr) -> bool {
        let named = |single: &Network| single.contains(ip) && single.is_single();
        let reserved = RESERVED.iter().any(|network| network.contains(ip));
        let own = source == ip || source.is_loopback();
        !own || reserved || self.allow.iter().any(named)
    }
}

fn embedded(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(ip) = ip else { return None };
    if ip == Ipv6Addr::LOCALHOST {
        return None;
    }
    let (_, at) = EMBEDDING.iter().find(|(network, _)| network.contains(IpAddr::V6(ip)))?;
    Some(IpAddr::V4(Ipv4Addr::from_bits((ip.to_bits() << at >> 96) as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| Network::parse(text).expect("it is a network")).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("it is an address")
    }

    fn all() -> Bounds {
        Bounds { allow: networks(&["0.0.0.0/0", "::/0"]), deny: vec![] }
    }

    #[test]
    fn nothing_is_allowed_unless_it_is_said() {
        for text in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "127.0.0.1", "::1"] {
            assert!(!Bounds::default().permit(ip(text)), "{text}");
        }
    }

    #[test]
    fn everything_leaves_out_what_is_the_machines_own() {
        for text in ["192.0.2.1", "10.0.0.1", "128.0.0.1", "2001:db8::1", "fd00::1", "64:ff9b::c000:201"] {
            assert!(all().permit(ip(text)), "{text}");
        }
        let barred = [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "169.254.0.1",
            "168.63.129.16",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
        ];
        for text in barred {
            assert!(!all().permit(ip(text)), "{text}");
        }
    }

    #[test]
    fn an_address_of_ipv4_in_one_of_ipv6_is_judged_too() {
        for text in [
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0.0.0.0",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
        ] {
            assert!(!all().permit(ip(text)), "{text}");
        }
        let bounds = Bounds { deny: networks(&["10.0.0.0/8"]), ..all() };
        assert!(!bounds.permit(ip("64:ff9b::a00:1")));
        assert!(!bounds.permit(ip("::ffff:10.0.0.1")));
    }

    #[test]
    fn what_is_reserved_must_be_named_and_denying_wins() {
        let named = Bounds { allow: networks(&["0.0.0.0/0", "127.0.0.2/32", "169.254.7.0/24"]), deny: vec![] };
        assert!(named.permit(ip("127.0.0.2")));
        assert!(named.permit(ip("169.254.7.9")));
        assert!(!named.permit(ip("127.0.0.1")));
        assert!(!named.permit(ip("169.254.169.254")));
        let denied = Bounds { deny: networks(&["127.0.0.0/8"]), ..named };
        assert!(!denied.permit(ip("127.0.0.2")));
        let never = Bounds { allow: networks(&["0.0.0.0/32", "::/128", "224.0.0.0/4"]), deny: vec![] };
        assert!(!["0.0.0.0", "::", "224.0.0.1"].iter().any(|text| never.permit(ip(text))));
    }

    #[test]
    fn an_address_of_the_machine_must_be_named_as_it_is() {
        let own = ip("192.0.2.5");
        assert!(!all().permit_from(own, own));
        assert!(!all().permit_from(own, ip("127.0.0.1")));
        assert!(all().permit_from(ip("192.0.2.6"), own));
        let wide = Bounds { allow: networks(&["192.0.2.0/24"]), deny: vec![] };
        assert!(!wide.permit_from(own, own));
        let named = Bounds { allow: networks(&["192.0.2.5/32"]), deny: vec![] };
        assert!(named.permit_from(own, own));
    }
}
