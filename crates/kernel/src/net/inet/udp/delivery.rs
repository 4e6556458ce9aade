//! Who gets a datagram, and who hears that nobody did.

use std::net::SocketAddr;
use std::sync::Arc;

use abi::Errno;

use super::UdpSocket;
use crate::net::inet::Inet;
use crate::wait::Events;

/// From where to where a datagram goes.
#[derive(Clone, Copy, Debug)]
pub(in crate::net::inet) struct Way {
    pub(in crate::net::inet) from: SocketAddr,
    pub(in crate::net::inet) to: SocketAddr,
    /// Only who has sent there gets it: what a pod sends back is no way into this one.
    pub(in crate::net::inet) answers_only: bool,
}

/// What became of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::net::inet) enum Delivered {
    /// A socket has it.
    Taken,
    /// The socket's queue was full.
    Lost,
    /// No socket takes it.
    Refused,
}

/// Gives a datagram to the socket that takes it.
pub(in crate::net::inet) fn deliver(inet: &Inet, bytes: &[u8], way: Way) -> Delivered {
    let mut takers: Vec<(Arc<UdpSocket>, SocketAddr)> = inet
        .udp
        .find(way.to)
        .into_iter()
        .filter_map(|socket| socket.shown(way).map(|from| (socket, from)))
        .filter(|(socket, from)| socket.takes_from(*from))
        .collect();
    // A socket that is connected to the sender comes before one that takes from anybody.
    takers.sort_by_key(|(socket, _)| socket.state.lock().peer.is_none());
    match takers.first() {
        None => Delivered::Refused,
        Some((taker, from)) => {
            let sender = Some(way.from.ip()).filter(|ip| !inet.is_own(*ip));
            match taker.take_in(bytes, *from, way.to, sender) {
                true => Delivered::Taken,
                false => Delivered::Lost,
            }
        }
    }
}

/// True if a socket is bound to `to`.
pub(in crate::net::inet) fn is_bound(inet: &Inet, to: SocketAddr) -> bool {
    !inet.udp.find(to).is_empty()
}

/// Nobody at `far` takes what was sent there from `own`, or from anywhere: udp(7), ECONNREFUSED is for who is connected.
pub(in crate::net::inet) fn refused(inet: &Inet, far: SocketAddr, own: Option<SocketAddr>) {
    let senders = match own {
        Some(own) => inet.udp.find(own),
        None => inet.udp_sockets(),
    };
    senders.iter().for_each(|socket| socket.hear_refusal(far));
}

impl UdpSocket {
    /// As whose a datagram of `way.from` is shown: the Service's that was asked. Nothing where it is not for this socket.
    fn shown(&self, way: Way) -> Option<SocketAddr> {
        let named = self.state.lock().flows.named(way.from);
        named.or(Some(way.from).filter(|_| !way.answers_only))
    }

    /// Nobody at `far` takes what was sent there.
    fn hear_refusal(&self, far: SocketAddr) {
        {
            let mut state = self.state.lock();
            let named = state.flows.named(far).unwrap_or(far);
            if state.peer != Some(named) {
                return;
            }
            state.error = Some(Errno::ECONNREFUSED);
        }
        self.base.queue.announce(Events::ERR);
    }
}
