//! The port space of one transport: who is bound where.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};

use abi::Errno;

use crate::net::message::Caller;
use crate::net::socket::Base;
use crate::sync::Mutex;

/// The ports that are given out, /proc/sys/net/ipv4/ip_local_port_range.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32768..=60999;
/// Below this a port needs CAP_NET_BIND_SERVICE.
const UNPRIVILEGED: u16 = 1024;

/// The bound sockets of a transport.
pub(super) struct Ports<S>(Arc<Mutex<Table<S>>>);

struct Table<S> {
    by_port: HashMap<u16, Vec<Bound<S>>>,
    next_number: u64,
    next_port: u16,
}

/// A socket's place in the port space.
struct Bound<S> {
    number: u64,
    ip: IpAddr,
    v6_only: bool,
    reuse_address: bool,
    reuse_port: bool,
    uid: u32,
    listening: bool,
    socket: Weak<S>,
}

/// A held port, freed when dropped.
pub(super) struct Binding<S> {
    table: Weak<Mutex<Table<S>>>,
    /// The address, with the port that was found.
    pub(super) address: SocketAddr,
    number: u64,
}

impl<S> Default for Ports<S> {
    fn default() -> Ports<S> {
        let table = Table { by_port: HashMap::new(), next_number: 0, next_port: *EPHEMERAL.start() };
        Ports(Arc::new(Mutex::new(table)))
    }
}

impl<S> Bound<S> {
    /// Whether what comes for `ip` is for this socket.
    fn covers(&self, ip: IpAddr) -> bool {
        match self.ip {
            own if own == ip => true,
            IpAddr::V4(own) => own.is_unspecified() && ip.is_ipv4(),
            IpAddr::V6(own) => own.is_unspecified() && (ip.is_ipv6() || !self.v6_only),
        }
    }

    /// Whether both cannot have the same port, socket(7) SO_REUSEADDR and SO_REUSEPORT.
    fn conflicts(&self, new: &Bound<S>) -> bool {
        let overlap = self.covers(new.ip) || new.covers(self.ip);
        let by_address = self.reuse_address && new.reuse_address && !self.listening && !new.listening;
        let by_port = self.reuse_port && new.reuse_port && self.uid == new.uid;
        overlap && !by_address && !by_port
    }
}

impl<S> Ports<S> {
    /// Binds `socket` to `address`, or to a free port where its port is 0.
    pub(super) fn bind(
        &self,
        base: &Base,
        caller: &Caller,
        address: SocketAddr,
        socket: Weak<S>,
    ) -> Result<Binding<S>, Errno> {
        if (1..UNPRIVILEGED).contains(&address.port()) && !caller.low_ports {
            return Err(Errno::EACCES);
        }
        let options = base.options.lock().clone();
        let mut table = self.0.lock();
        let mut bound = Bound {
            number: table.next_number,
            ip: address.ip(),
            v6_only: options.v6_only,
            reuse_address: options.reuse_address,
            reuse_port: options.reuse_port,
            uid: base.maker.uid,
            listening: false,
            socket,
        };
        let port = match address.port() {
            0 => table.free_port(&mut bound).ok_or(Errno::EADDRINUSE)?,
            port if table.is_free(port, &bound) => port,
            _ => return Err(Errno::EADDRINUSE),
        };
        table.next_number = table.next_number.wrapping_add(1);
        let number = bound.number;
        table.by_port.entry(port).or_default().push(bound);
        let address = SocketAddr::new(address.ip(), port);
        Ok(Binding { table: Arc::downgrade(&self.0), address, number })
    }

    /// The sockets that what comes for `to` is for, those bound to its very address first.
    pub(super) fn find(&self, to: SocketAddr) -> Vec<Arc<S>> {
        let table = self.0.lock();
        let Some(bound) = table.by_port.get(&to.port()) else { return Vec::new() };
        let exact = bound.iter().filter(|bound| bound.ip == to.ip());
        let wide = bound.iter().filter(|bound| bound.ip != to.ip() && bound.covers(to.ip()));
        exact.chain(wide).filter_map(|bound| bound.socket.upgrade()).collect()
    }
}

impl<S> Table<S> {
    fn is_free(&self, port: u16, new: &Bound<S>) -> bool {
        self.by_port.get(&port).is_none_or(|bound| !bound.iter().any(|old| old.conflicts(new)))
    }

    /// A port of the range that nobody has, whatever may be shared.
    fn free_port(&mut self, new: &mut Bound<S>) -> Option<u16> {
        let sharing = (std::mem::take(&mut new.reuse_address), std::mem::take(&mut new.reuse_port));
        let mut found = None;
        for _ in EPHEMERAL {
            let port = self.next_port;
            self.next_port = if port >= *EPHEMERAL.end() { *EPHEMERAL.start() } else { port.saturating_add(1) };
            if self.is_free(port, new) {
                found = Some(port);
                break;
            }
        }
        (new.reuse_address, new.reuse_port) = sharing;
        found
    }
}

impl<S> Binding<S> {
    /// listen(2): `EADDRINUSE` where another socket listens there and the port is not shared.
    pub(super) fn start_listening(&self) -> Result<(), Errno> {
        let Some(table) = self.table.upgrade() else { return Err(Errno::EADDRINUSE) };
        let mut table = table.lock();
        let list = table.by_port.get_mut(&self.address.port()).ok_or(Errno::EADDRINUSE)?;
        let (mut own, others): (Vec<_>, Vec<_>) = list.iter_mut().partition(|bound| bound.number == self.number);
        let own = own.first_mut().ok_or(Errno::EADDRINUSE)?;
        own.listening = true;
        if others.iter().any(|other| other.listening && other.conflicts(own)) {
            own.listening = false;
            return Err(Errno::EADDRINUSE);
        }
        Ok(())
    }
}

impl<S> Drop for Binding<S> {
    fn drop(&mut self) {
        let Some(table) = self.table.upgrade() else { return };
        let mut table = table.lock();
        if let Some(list) = table.by_port.get_mut(&self.address.port()) {
            list.retain(|bound| bound.number != self.number);
            if list.is_empty() {
                table.by_port.remove(&self.address.port());
            }
        }
    }
}
