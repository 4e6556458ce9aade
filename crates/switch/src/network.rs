//! Networks: addresses that begin with the same bits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// The network of `text`, as in `10.0.0.0/8`.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, bits) = text.split_once('/')?;
        let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
        (bits <= longest(address)).then_some(Network { address, bits })
    }

    pub(crate) const fn v4(address: [u8; 4], bits: u8) -> Network {
        let [a, b, c, d] = address;
        Network { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    pub(crate) const fn v6(parts: [u16; 8], bits: u8) -> Network {
        let [a, b, c, d, e, f, g, h] = parts;
        Network { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), bits }
    }

    /// Whether `ip` is one of its addresses.
    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        let differ = match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => u128::from(own.to_bits() ^ ip.to_bits()) << 96,
            (IpAddr::V6(own), IpAddr::V6(ip)) => own.to_bits() ^ ip.to_bits(),
            _ => return false,
        };
        differ.leading_zeros() >= u32::from(self.bits)
    }

    /// Whether all of its addresses are the other's too.
    pub(crate) fn is_within(&self, other: &Network) -> bool {
        self.bits >= other.bits && other.contains(self.address)
    }

    /// Whether it is one address.
    pub(crate) fn is_single(&self) -> bool {
        self.bits == longest(self.address)
    }
}

fn longest(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).expect("it is a network")
    }

    #[test]
    fn networks_are_what_their_text_says() {
        for (text, ip, inside) in [
            ("0.0.0.0/0", "203.0.113.9", true),
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3/32", "10.1.2.2", false),
            ("10.1.2.3/24", "10.1.2.77", true),
            ("::/0", "10.0.0.1", false),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fdff::1", true),
            ("2001:db8::1/128", "2001:db8::2", false),
        ] {
            assert_eq!(network(text).contains(ip.parse().expect("it is an address")), inside, "{ip} in {text}");
        }
        for text in ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "x/8", "/8", "10.0.0.0/8/8", ""] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_network_is_within_those_that_begin_with_less_of_it() {
        for (inner, outer, within) in [
            ("127.0.0.2/32", "127.0.0.0/8", true),
            ("127.0.0.0/8", "127.0.0.0/8", true),
            ("0.0.0.0/0", "127.0.0.0/8", false),
            ("126.0.0.0/7", "127.0.0.0/8", false),
            ("10.0.0.0/8", "127.0.0.0/8", false),
        ] {
            assert_eq!(network(inner).is_within(&network(outer)), within, "{inner} in {outer}");
        }
    }
}
