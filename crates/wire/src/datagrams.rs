//! Datagrams between two pods: what travels on a channel, docs/network.md "Datagrams".
//!
//! Owns: the few bytes before each datagram. A channel is a SOCK_SEQPACKET socket between the kernels of two pods, one
//! for each address that the one who opened it sends to, so that a frame need not say who speaks: only which port of
//! the one who opened it is meant. Each side takes what the other sends for hostile.

/// The length of what comes before a datagram's bytes.
pub const HEAD: usize = 4;

/// The longest frame: a datagram as long as IP allows, and what comes before it.
pub const LONGEST: usize = HEAD + 65507;

/// What a packet on a channel says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// A datagram from or to `port` of the one who opened the channel.
    Datagram {
        /// A port of the one who opened the channel.
        port: u16,
        /// What the guest sent.
        bytes: &'a [u8],
    },
    /// Nobody takes what was sent from or to that port; with port 0, whatever is sent on this channel.
    Refused {
        /// A port of the one who opened the channel, or 0.
        port: u16,
    },
}

const DATAGRAM: u8 = 1;
const REFUSED: u8 = 2;

impl<'a> Frame<'a> {
    /// What a packet means; nothing where it is no frame.
    pub fn read(packet: &'a [u8]) -> Option<Frame<'a>> {
        let ([kind, 0, low, high], bytes) = packet.split_first_chunk::<HEAD>()? else { return None };
        let port = u16::from_ne_bytes([*low, *high]);
        match *kind {
            DATAGRAM if port != 0 => Some(Frame::Datagram { port, bytes }),
            REFUSED if bytes.is_empty() => Some(Frame::Refused { port }),
            _ => None,
        }
    }

    /// Its packet, in two parts.
    pub fn parts(&self) -> ([u8; HEAD], &'a [u8]) {
        let (kind, port, bytes) = match *self {
            Frame::Datagram { port, bytes } => (DATAGRAM, port, bytes),
            Frame::Refused { port } => (REFUSED, port, [].as_slice()),
        };
        let [low, high] = port.to_ne_bytes();
        ([kind, 0, low, high], bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(frame: Frame<'_>) -> Vec<u8> {
        let (head, bytes) = frame.parts();
        [head.as_slice(), bytes].concat()
    }

    #[test]
    fn frames_survive_the_way() {
        let frames = [
            Frame::Datagram { port: 5353, bytes: b"question" },
            Frame::Datagram { port: 1, bytes: b"" },
            Frame::Refused { port: 53 },
            Frame::Refused { port: 0 },
        ];
        for frame in frames {
            assert_eq!(Frame::read(&packet(frame)), Some(frame));
        }
    }

    #[test]
    fn what_is_no_frame_means_nothing() {
        let long_refusal = [packet(Frame::Refused { port: 53 }), b"x".to_vec()].concat();
        let of_no_port = packet(Frame::Datagram { port: 0, bytes: b"x" });
        for bytes in [b"".as_slice(), b"\x01\0\x01", b"\x01\x01\x01\0", b"\x03\0\x01\0", &long_refusal, &of_no_port] {
            assert_eq!(Frame::read(bytes), None, "{bytes:?}");
        }
    }
}
