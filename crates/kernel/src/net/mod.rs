//! Sockets.
//!
//! Owns: every socket of the pod, their names and their buffers. Does not own: copying from and to
//! guests (`syscalls::message`), descriptors. Everything stays inside this kernel: no host network
//! is ever touched. Locks, outermost first: a listener's state, a socket's state, a connection's
//! sides; announcements are made with none held.

pub mod address;
pub mod flight;
pub mod inet;
pub mod interface;
pub mod message;
pub mod netlink;
pub mod options;
pub mod procfs;
pub mod socket;
pub mod stream;
pub mod unix;

use std::sync::Arc;

use abi::Errno;
use abi::socket::{AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX};

pub use self::address::{Address, UnixName};
pub use self::message::Caller;
pub use self::socket::{Endpoint, Socket};

/// Two sockets that are connected.
pub type Pair = (Arc<dyn Endpoint>, Arc<dyn Endpoint>);

/// The pod's network: one port space and one space of abstract names for all containers.
#[derive(Default)]
pub struct Stack {
    /// Open files in messages.
    pub flights: Arc<flight::Flights>,
    /// Unix names.
    pub unix: Arc<unix::Names>,
    /// Addresses and ports.
    pub inet: Arc<inet::Inet>,
    /// Ports of netlink sockets.
    pub netlink: Arc<netlink::Netlink>,
}

impl Stack {
    /// socket(2).
    pub fn socket(&self, caller: &Caller, domain: u32, kind: u32, protocol: i32) -> Result<Arc<dyn Endpoint>, Errno> {
        match u16::try_from(domain).map_err(|_| Errno::EAFNOSUPPORT)? {
            AF_UNIX => unix::socket(&self.unix, caller, kind, protocol),
            domain @ (AF_INET | AF_INET6) => inet::socket(&self.inet, caller, domain, kind, protocol),
            AF_NETLINK => netlink::NetlinkSocket::open(&self.netlink, &self.inet, caller, kind, protocol),
            // As for a process without CAP_NET_RAW: there are no packets to see.
            AF_PACKET => Err(Errno::EPERM),
            _ => Err(Errno::EAFNOSUPPORT),
        }
    }

    /// socketpair(2).
    pub fn pair(&self, caller: &Caller, domain: u32, kind: u32, protocol: i32) -> Result<Pair, Errno> {
        match u16::try_from(domain).map_err(|_| Errno::EAFNOSUPPORT)? {
            AF_UNIX => unix::pair(&self.unix, caller, kind, protocol),
            AF_INET | AF_INET6 => Err(Errno::EOPNOTSUPP),
            _ => Err(Errno::EAFNOSUPPORT),
        }
    }
}
