//! Connections from outside the pod: a stream socket of the host becomes the other end of a TCP socket of the pod.
//!
//! Owns: [`Way`], where such a connection leads, and [`serve`], which finds a listener for it. Does not own: who may
//! connect (the node by `dial`, other pods through the switch), and the bytes (`outer`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use abi::Errno;

use super::outer::Outer;
use super::{Inet, TcpSocket};
use crate::kernel::Kernel;
use crate::wait::{WaitQueue, either};

/// From where to where a connection leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Who the server sees as its peer.
    pub from: SocketAddr,
    /// Where it listens.
    pub to: SocketAddr,
}

impl Way {
    /// To `port` at `address`, which is the pod's first where nothing is said; from `source`, which is
    /// then the first address of the pod's network, where its node is taken to be.
    pub fn new(inet: &Inet, port: u16, address: Option<IpAddr>, source: Option<IpAddr>) -> Way {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        const FIRST: u16 = 32768;
        const COUNT: u16 = 28232;
        let own = inet.addresses().first().copied();
        let to = address.or(own).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let from = source.filter(|source| source.is_ipv4() == to.is_ipv4()).unwrap_or_else(|| neighbour(to));
        let from_port = FIRST.saturating_add(NEXT.fetch_add(1, Ordering::Relaxed) % COUNT);
        Way { from: SocketAddr::new(from, from_port), to: SocketAddr::new(to, port) }
    }
}

fn neighbour(ip: IpAddr) -> IpAddr {
    match ip {
        ip if ip.is_loopback() => ip,
        IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & !0xff | 1)),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !0xffff_ffff_ffff_ffff | 1)),
    }
}

/// Gives `host` to a listener as the other end of a connection by `way`; where its queue is full waits for room, until
/// `host` is given up. With `greet` the first byte on `host` says how it went, as `wire` has it.
pub async fn serve(kernel: Arc<Kernel>, way: Way, host: OwnedFd, greet: bool) -> Result<(), Errno> {
    let room = Arc::new(WaitQueue::new());
    let mut offer = Offer { kernel: Arc::clone(&kernel), greet, host: Some(host) };
    let outcome = loop {
        match TcpSocket::take_offer(&kernel.net.inet, way, &room, &mut offer) {
            Err(Errno::EAGAIN) => {}
            other => break other,
        }
        let Some(host) = &offer.host else { break Err(Errno::ECONNREFUSED) };
        let Some((token, queue)) = kernel.watch_host(host.as_fd()) else { break Err(Errno::ECANCELED) };
        let go_on = either(&room, &queue, || {
            let full = TcpSocket::admits(&kernel.net.inet, way, &room) == Err(Errno::EAGAIN);
            (!full || is_given_up(host)).then_some(())
        });
        go_on.await;
        kernel.unwatch_host(token, host.as_fd());
        if is_given_up(host) {
            break Err(Errno::ECANCELED);
        }
    };
    if let (Err(errno), Some(host), true) = (outcome, &offer.host, greet) {
        let _ = platform::stream::send(host.as_fd(), &[u8::try_from(errno.0).unwrap_or(wire::BUSY)]);
    }
    outcome
}

/// A stream socket of the host that a listener may have.
pub(super) struct Offer {
    kernel: Arc<Kernel>,
    greet: bool,
    host: Option<OwnedFd>,
}

impl Offer {
    /// The end of it that announces on `queue`; greets who is at the other end first, before anybody can write there.
    pub(super) fn take(&mut self, queue: &Arc<WaitQueue>) -> Option<Arc<Outer>> {
        let host = self.host.take()?;
        if self.greet {
            platform::stream::send(host.as_fd(), &[wire::CONNECTED]).ok()?;
        }
        Some(Outer::new(&self.kernel, host, queue))
    }
}

fn is_given_up(host: &OwnedFd) -> bool {
    const HANG_UP: u16 = 0x10;
    platform::stream::ready(host.as_fd()) & HANG_UP != 0
}
