//! Connections of pods that the machine's network makes: to the API server, and to what is outside of the cluster.
//!
//! Owns: opening them, and handing over those that stand. Does not own: whether they may be made (`tables`, `egress`).

use std::net::SocketAddr;
use std::os::fd::AsFd;

use abi::Errno;
use platform::outward;
use rustix::event::epoll::EventFlags;

use crate::opening::Wish;
use crate::server::{Switch, seconds};

impl Switch {
    /// Whether the machine may be asked for an address outside, once it is known whether that is one of its own.
    pub(crate) fn leave(&self, to: SocketAddr) -> Result<SocketAddr, Errno> {
        let source = outward::source(to)?;
        if self.bounds.permit_from(to.ip(), source) { Ok(to) } else { Err(Errno::ENETUNREACH) }
    }

    /// Begins a connection to `host`; its answer comes once it stands, or never will.
    pub(crate) fn open(&mut self, wish: Wish, number: u32, host: SocketAddr) {
        let now = seconds();
        let begun = if self.openings.has_room(wish.0, now) { outward::begin(host) } else { Err(Errno::EAGAIN) };
        let settled = begun.and_then(|socket| match outward::settle(socket.as_fd(), host) {
            Ok(()) => Ok(Ok(socket)),
            Err(Errno::EAGAIN) => Ok(Err(socket)),
            Err(errno) => Err(errno),
        });
        match settled {
            Ok(Ok(socket)) => self.tell(wish.0, number, Ok((wire::IN_PROGRESS, socket))),
            Ok(Err(socket)) => match self.watch(&socket, EventFlags::OUT) {
                Ok(token) => self.openings.add(token, wish, number, now, (socket, host)),
                Err(_) => self.tell(wish.0, number, Err(Errno::EAGAIN)),
            },
            Err(errno) => self.tell(wish.0, number, Err(errno)),
        }
    }

    /// Something has become of a connection that is being made.
    pub(crate) fn settle(&mut self, token: u64) {
        let Some(opening) = self.openings.get(token) else { return };
        let outcome = match outward::settle(opening.socket.as_fd(), opening.to) {
            Err(Errno::EAGAIN) => return,
            other => other,
        };
        let Some(opening) = self.openings.take(token) else { return };
        self.unwatch(&opening.socket);
        let end = outcome.map(|()| (wire::IN_PROGRESS, opening.socket));
        self.tell(opening.wish.0, opening.number, end);
    }
}
