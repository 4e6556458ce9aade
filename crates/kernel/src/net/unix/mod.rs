//! Unix sockets, unix(7).
//!
//! Owns: streams, seqpackets and datagrams between sockets of the pod, and [`Names`], who is bound
//! where. Does not own: making and finding a path's node, which the caller does.

mod datagram;
mod names;
mod stream;

use std::sync::Arc;

use abi::Errno;
use abi::socket::{SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM};

pub use self::datagram::DatagramSocket;
pub use self::names::Names;
pub use self::stream::StreamSocket;
use crate::net::message::Caller;
use crate::net::socket::Endpoint;

/// A new Unix socket. SOCK_RAW is another word for SOCK_DGRAM here, as on Linux.
pub fn socket(names: &Arc<Names>, caller: &Caller, kind: u32, protocol: i32) -> Result<Arc<dyn Endpoint>, Errno> {
    check_protocol(protocol)?;
    match kind {
        SOCK_STREAM | SOCK_SEQPACKET => Ok(StreamSocket::new(names, caller, kind)),
        SOCK_DGRAM | SOCK_RAW => Ok(DatagramSocket::new(names, caller)),
        _ => Err(Errno::ESOCKTNOSUPPORT),
    }
}

/// Two new sockets that are connected, socketpair(2).
pub fn pair(names: &Arc<Names>, caller: &Caller, kind: u32, protocol: i32) -> Result<super::Pair, Errno> {
    check_protocol(protocol)?;
    match kind {
        SOCK_STREAM | SOCK_SEQPACKET => {
            let (a, b) = StreamSocket::pair(names, caller, kind);
            Ok((a, b))
        }
        SOCK_DGRAM | SOCK_RAW => {
            let (a, b) = DatagramSocket::pair(names, caller);
            Ok((a, b))
        }
        _ => Err(Errno::ESOCKTNOSUPPORT),
    }
}

fn check_protocol(protocol: i32) -> Result<(), Errno> {
    match protocol {
        0 | 1 => Ok(()),
        _ => Err(Errno::EPROTONOSUPPORT),
    }
}

#[cfg(test)]
mod tests;
