//! Connections from outside the pod: a stream socket of the host joined to a TCP socket of the pod.
//!
//! Owns: [`Way`], where such a connection leads, and [`dial`]: connecting, and copying both ways with
//! half-closes until both sides have ended or one breaks. Does not own: who may dial (`sandbox`'s
//! control server, which hands in the host's socket). Nothing of the host's network is touched here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use abi::Errno;
use abi::socket::Ucred;

use super::{Inet, TcpSocket};
use crate::kernel::Kernel;
use crate::net::message::Outgoing;
use crate::net::socket::Endpoint;
use crate::sync::Mutex;
use crate::wait::either;

/// How much is copied at once.
const PIECE: usize = 64 << 10;
const NOBODY: Ucred = Ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };

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

/// Connects `way`, tells how that went, and copies between the server and `host` until both have ended.
pub async fn dial(kernel: Arc<Kernel>, way: Way, host: OwnedFd, tell: impl FnOnce(Result<(), Errno>) + Send) {
    let client = TcpSocket::stranger(&kernel.net.inet, way.from);
    let watch = kernel.watch_host(host.as_fd());
    let queue = watch.as_ref().map(|(_, queue)| Arc::clone(queue)).unwrap_or_default();
    let connected = either(&client.base().queue, &queue, || match client.reach_in(way.to) {
        Err(Errno::EAGAIN) if is_given_up(&host) => Some(Err(Errno::ECANCELED)),
        Err(Errno::EAGAIN) => None,
        other => Some(other),
    });
    let connected = connected.await;
    tell(connected);
    if connected.is_ok() {
        let joined = Joined { client, host: &host, inward: Mutex::default(), outward: Mutex::default() };
        either(&joined.client.base().queue, &queue, || joined.copy()).await;
        joined.client.close();
    }
    if let Some((token, _)) = watch {
        kernel.unwatch_host(token, host.as_fd());
    }
}

fn is_given_up(host: &OwnedFd) -> bool {
    const HANG_UP: u16 = 0x10;
    platform::stream::ready(host.as_fd()) & HANG_UP != 0
}

/// Both ends, and what was taken from one and not yet handed to the other.
struct Joined<'h> {
    client: Arc<TcpSocket>,
    host: &'h OwnedFd,
    inward: Mutex<Flow>,
    outward: Mutex<Flow>,
}

#[derive(Default)]
struct Flow {
    bytes: Vec<u8>,
    /// The source has ended.
    last: bool,
    /// The destination was told so.
    done: bool,
}

impl Flow {
    /// Moves what can be moved: takes in by `take`, hands on by `give`, ends by `end`.
    fn advance(
        &mut self,
        mut take: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
        mut give: impl FnMut(&[u8]) -> Result<usize, Errno>,
        end: impl FnOnce(),
    ) -> Result<(), Errno> {
        let mut piece = vec![0; PIECE];
        while !self.done {
            if self.bytes.is_empty() && !self.last {
                match take(&mut piece)? {
                    0 => self.last = true,
                    count => self.bytes.extend(piece.iter().take(count)),
                }
            }
            if self.bytes.is_empty() && self.last {
                self.done = true;
                end();
                return Ok(());
            }
            let given = give(&self.bytes)?.min(self.bytes.len());
            self.bytes.drain(..given);
        }
        Ok(())
    }
}

impl Joined<'_> {
    /// Copies until nothing more can be; `Some` once both directions have ended or one is broken.
    fn copy(&self) -> Option<()> {
        let (mut inward, mut outward) = (self.inward.lock(), self.outward.lock());
        let host = self.host.as_fd();
        let client = &self.client;
        let into = inward.advance(
            |piece| platform::stream::receive(host, piece),
            |bytes| client.send(&mut Outgoing { from: NOBODY, bytes, to: None, claimed: false, files: Vec::new() }),
            || {
                let _ = client.shutdown(false, true);
            },
        );
        let out = outward.advance(
            |piece| client.receive(piece, 0).map(|got| got.count),
            |bytes| platform::stream::send(host, bytes),
            || platform::stream::end_sending(host),
        );
        let broken = [into, out].iter().any(|flow| !matches!(flow, Ok(()) | Err(Errno::EAGAIN)));
        (broken || inward.done && outward.done).then_some(())
    }
}
