//! Datagrams: to which pod they go, and the channels that carry them between two kernels.
//!
//! Owns: the answers to [`wire::Ask::Route`] and to [`wire::Ask::Connect`] of UDP. Does not own: who is behind an
//! address (`tables`), and the datagrams, which flow from kernel to kernel.

use std::net::SocketAddr;

use abi::Errno;
use platform::packet;
use wire::{Tell, Transport};

use crate::server::{self, End, Switch};
use crate::tables::{PodId, Port, Target};

impl Switch {
    /// Says to which pod datagrams to `to` go: `before`, as long as it serves, as kube-proxy keeps to an endpoint for
    /// as long as a client goes on sending.
    pub(crate) fn tell_route(&mut self, id: PodId, number: u32, to: SocketAddr, before: Option<SocketAddr>) {
        let port = Port { transport: Transport::Udp, at: to };
        let chance = before.and_then(|before| self.tables.chance_of(port, before));
        let chance = chance.unwrap_or_else(server::chance);
        let tell = match self.tables.route(id, port, server::seconds(), chance) {
            Ok(Target::Pod(_, to)) => Tell::Route { number, to },
            Ok(Target::Host(_)) => Tell::Answer { number, errno: Errno::ECONNREFUSED.0 },
            // Datagrams do not leave the node yet.
            Ok(Target::Outside(_)) => Tell::Answer { number, errno: Errno::ENETUNREACH.0 },
            Err(errno) => Tell::Answer { number, errno: errno.0 },
        };
        self.send(id, tell, None);
    }

    /// Hands the kernel behind `to` one end of a channel; answers the other one. All sockets of the pod that send there
    /// share it, so that a pod has as many as there are addresses that it sends to.
    pub(crate) fn open_channel(&mut self, id: PodId, to: SocketAddr) -> Result<End, Errno> {
        let transport = Transport::Udp;
        let port = Port { transport, at: to };
        let target = self.tables.route(id, port, server::seconds(), server::chance())?;
        // Of a Service the kernel asks for the pod behind it first, and for a channel to that.
        let Target::Pod(pod, reached) = target else { return Err(Errno::ECONNREFUSED) };
        let from = self.tables.address_of(id, to.ip()).filter(|_| reached == to).ok_or(Errno::ENETUNREACH)?;
        let (near, far) = packet::packet_pair().map_err(|_| Errno::EAGAIN)?;
        self.offer(pod, Tell::Incoming { transport, from: SocketAddr::new(from, 0), to }, far)?;
        Ok((0, near))
    }

    /// Has every kernel ask anew for its channels: policies have changed, and a channel that stands asks nobody.
    pub(crate) fn tell_of_change(&self) {
        self.pods.keys().for_each(|id| self.send(*id, Tell::Changed, None));
    }
}
