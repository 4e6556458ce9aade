//! By which way a socket's datagrams leave.
//!
//! Owns: [`Path`], found from what is known, and the questions where something is not. Does not own: what is known of
//! addresses (`flows`) and the channels (`channels`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use abi::Errno;
use abi::socket::{IP_MULTICAST_IF, SOL_IP};

use super::UdpSocket;
use super::flows::Step;
use crate::net::inet::Route;
use crate::net::inet::channels::Channel;
use crate::net::inet::reach::Alarm;
use crate::time::{self, SECOND};
use crate::wait::Events;

/// Where a datagram goes next.
pub(super) enum Path {
    /// To sockets of this pod at that address, and from this one where the socket has none.
    Inner(SocketAddr, IpAddr),
    /// To the other end of a channel; the addresses are the own and the far one.
    Outer(Arc<Channel>, SocketAddr, SocketAddr),
    /// Nobody serves there.
    Refused,
    /// To nobody, and nobody hears of it.
    Lost,
}

impl UdpSocket {
    /// How `to` is reached. `EAGAIN` while that is being asked; the socket's queue then hears of it.
    pub(super) fn path(&self, to: SocketAddr) -> Result<Path, Errno> {
        if to.ip().is_multicast() {
            return self.to_group(to).map(|own| Path::Inner(to, own));
        }
        let from = match self.inet.way(to)? {
            Route::Inner(to, from) => return Ok(Path::Inner(to, from)),
            Route::Outer(from) => from,
        };
        let local = self.state.lock().local;
        // What is bound to loopback cannot leave, ip(7).
        if local.is_some_and(|local| local.ip().is_loopback()) {
            return Err(Errno::EINVAL);
        }
        let own = SocketAddr::new(from, local.map_or(0, |local| local.port()));
        if let Some(channel) = self.inet.channels.back(own, to.ip()) {
            return Ok(Path::Outer(channel, own, to));
        }
        let endpoint = match self.endpoint(to) {
            Err(Errno::ECONNREFUSED) => return Ok(Path::Refused),
            Ok(None) => return Ok(Path::Lost),
            Ok(Some(endpoint)) => endpoint,
            Err(errno) => return Err(errno),
        };
        if let Ok(Route::Inner(to, from)) = self.inet.way(endpoint) {
            return Ok(Path::Inner(to, from));
        }
        match self.inet.channels.to(&self.inet, endpoint, &self.base.queue) {
            Ok(None) => Ok(Path::Lost),
            Ok(Some(channel)) => {
                self.state.lock().alarm = None;
                Ok(Path::Outer(channel, own, endpoint))
            }
            Err(Errno::EAGAIN) => {
                self.set_alarm();
                Err(Errno::EAGAIN)
            }
            Err(Errno::ECONNREFUSED) => Ok(Path::Refused),
            Err(errno) => Err(errno),
        }
    }

    /// What connect(2) has to know: where `to` is, and from which address it is reached.
    pub(super) fn look_up(&self, to: SocketAddr) -> Result<(SocketAddr, IpAddr), Errno> {
        if to.ip().is_multicast() {
            return self.to_group(to).map(|own| (to, own));
        }
        let from = match self.inet.way(to)? {
            Route::Inner(to, from) => return Ok((to, from)),
            Route::Outer(from) => from,
        };
        if self.state.lock().local.is_some_and(|local| local.ip().is_loopback()) {
            return Err(Errno::EINVAL);
        }
        match self.endpoint(to) {
            // Whether anybody serves there the first datagram finds out.
            Ok(_) | Err(Errno::EAGAIN | Errno::ECONNREFUSED) => Ok((to, from)),
            Err(errno) => Err(errno),
        }
    }

    /// `EAGAIN` while the switch is asked which pod is behind `to`.
    pub(super) fn settle_endpoint(&self, to: SocketAddr) -> Result<(), Errno> {
        match self.inet.way(to)? {
            Route::Outer(_) if !to.ip().is_multicast() => self.endpoint(to).map(drop),
            _ => Ok(()),
        }
    }

    /// True if a datagram to the peer would have to wait.
    pub(super) fn is_waiting(&self) -> bool {
        let peer = {
            let state = self.state.lock();
            state.peer.filter(|_| state.alarm.is_some())
        };
        peer.is_some_and(|peer| matches!(self.path(peer), Err(Errno::EAGAIN)))
    }

    /// The pod behind `to`; none where what is sent there is lost.
    fn endpoint(&self, to: SocketAddr) -> Result<Option<SocketAddr>, Errno> {
        let direct = self.inet.channels.is_open(to);
        let step = self.state.lock().flows.step(to, direct, time::monotonic());
        match step {
            Step::Go(endpoint) => Ok(Some(endpoint)),
            Step::Lose => Ok(None),
            Step::GoAndAsk(endpoint) => {
                self.ask(to, Some(endpoint));
                Ok(Some(endpoint))
            }
            Step::Ask => {
                self.ask(to, None);
                self.set_alarm();
                Err(Errno::EAGAIN)
            }
            Step::Wait => Err(Errno::EAGAIN),
            Step::Fail(errno) => Err(errno),
        }
    }

    fn ask(&self, to: SocketAddr, before: Option<SocketAddr>) {
        let mut state = self.state.lock();
        let number = self.inet.uplink.ask_route(&self.me, to, before);
        state.flows.asked(to, number, time::monotonic());
    }

    /// Who waits is told to look again in a second.
    fn set_alarm(&self) {
        if let Some(kernel) = self.inet.uplink.kernel() {
            let when = time::monotonic().saturating_add(SECOND);
            let alarm = kernel.timers.at(when, Arc::new(Alarm(Arc::clone(&self.base.queue))));
            self.state.lock().alarm = Some(alarm);
        }
    }

    /// The switch has said which pod is behind `to`, or that none is.
    pub(in crate::net::inet) fn routed(&self, to: SocketAddr, number: u32, answer: Result<SocketAddr, Errno>) {
        self.state.lock().flows.answered(to, number, answer, time::monotonic());
        self.base.queue.announce(Events::OUT | Events::WRNORM);
    }

    /// There is a new switch, which knows nothing of what was asked about `to`.
    pub(in crate::net::inet) fn ask_route_again(&self, to: SocketAddr) {
        self.state.lock().flows.ask_again(to);
        self.base.queue.announce(Events::OUT | Events::WRNORM);
    }

    /// A group is reached by the interface of IP_MULTICAST_IF, the socket's own address, or the one that leads out.
    fn to_group(&self, to: SocketAddr) -> Result<IpAddr, Errno> {
        let chosen = self.base.options.lock().kept(SOL_IP, IP_MULTICAST_IF).filter(|_| to.is_ipv4());
        let chosen = chosen.map(|bits| IpAddr::V4(Ipv4Addr::from(bits.to_ne_bytes())));
        let bound = self.state.lock().local.map(|local| local.ip());
        let own = [chosen, bound].into_iter().flatten().find(|ip| !ip.is_unspecified() && !ip.is_multicast());
        let outside = || self.inet.addresses().into_iter().find(|ip| ip.is_ipv4() == to.is_ipv4());
        own.or_else(outside).ok_or(Errno::ENETUNREACH)
    }
}
