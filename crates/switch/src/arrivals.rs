//! Connections that come in by a port of the machine: node ports, load balancers, host ports.
//!
//! Owns: the listeners that the node has opened, and handing what they take in to a pod's kernel. Does not own: which
//! ports there are (the node), and where they lead (`tables`).
//!
//! The host has established a connection before anybody is asked: a client that nobody takes is told of a reset, where
//! a packet filter would have dropped or refused its first packet.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use abi::Errno;
use platform::{outward, packet};
use rustix::event::epoll::EventFlags;
use wire::Tell;

use crate::network::Network;
use crate::requests::{Listen, Nothing, Outcome};
use crate::server::{Switch, TURN, chance, seconds};
use crate::tables::{Client, Port};

/// A port of the machine.
pub(crate) struct Listener {
    name: String,
    socket: OwnedFd,
    to: Port,
    node: IpAddr,
    local: bool,
    sources: Vec<Network>,
}

impl Listener {
    /// Whether a client may come in.
    fn admits(&self, client: Client) -> bool {
        match client {
            Client::Outside(ip) if !self.sources.is_empty() => self.sources.iter().any(|network| network.contains(ip)),
            _ => true,
        }
    }

    /// Whom the pod at `to` sees.
    fn shown(&self, client: Client, port: u16, to: SocketAddr) -> SocketAddr {
        match client {
            Client::Outside(ip) if self.local && ip.is_ipv4() == to.is_ipv4() => SocketAddr::new(ip, port),
            _ => SocketAddr::new(self.node, port),
        }
    }
}

impl Switch {
    pub(crate) fn listen(&mut self, listen: Listen, descriptors: Vec<OwnedFd>) -> Outcome {
        let Listen { listener: name, to, node, local, sources } = listen;
        let mut descriptors = descriptors.into_iter();
        let (Some(socket), None) = (descriptors.next(), descriptors.next()) else {
            return Outcome::invalid(format!("listener {name}: exactly one descriptor must come with it"));
        };
        let Some(sources) = sources.iter().map(|text| Network::parse(text)).collect() else {
            return Outcome::invalid(format!("listener {name}: sources: not all are networks"));
        };
        self.unlisten(&name);
        match self.watch(&socket, EventFlags::IN) {
            Ok(token) => {
                let to = Port::from(&to);
                self.listeners.insert(token, Listener { name, socket, to, node, local, sources });
                Outcome::Ok(Nothing {})
            }
            Err(error) => Outcome::invalid(format!("listener {name}: {error}")),
        }
    }

    pub(crate) fn unlisten(&mut self, name: &str) {
        let token = self.listeners.iter().find(|(_, listener)| listener.name == name).map(|(token, _)| *token);
        if let Some(listener) = token.and_then(|token| self.listeners.remove(&token)) {
            self.unwatch(&listener.socket);
        }
    }

    /// Takes in who waits at a port of the machine.
    pub(crate) fn take_in(&mut self, token: u64) {
        for _ in 0..TURN {
            let Some(listener) = self.listeners.get(&token) else { return };
            match outward::accept(listener.socket.as_fd()) {
                Ok((socket, from)) => {
                    if self.hand_over(token, &socket, from).is_err() {
                        outward::reset(socket);
                    }
                }
                // Somebody has given up meanwhile: the next may be there.
                Err(Errno::ECONNREFUSED) => {}
                Err(_) => return,
            }
        }
    }

    fn hand_over(&mut self, token: u64, socket: &OwnedFd, from: SocketAddr) -> Result<(), Errno> {
        let listener = self.listeners.get(&token).ok_or(Errno::ECONNREFUSED)?;
        let ip = from.ip();
        let on_machine = ip.is_loopback() || outward::local(socket.as_fd())? == ip;
        let client = if on_machine { Client::Node(ip) } else { Client::Outside(ip) };
        if !listener.admits(client) {
            return Err(Errno::ECONNREFUSED);
        }
        let (pod, to) = self.tables.admit(client, listener.to, seconds(), chance())?;
        let tell = Tell::Arrived { from: listener.shown(client, from.port(), to), to };
        let kernel = self.pods.get(&pod).ok_or(Errno::EHOSTUNREACH)?;
        packet::send(kernel.as_fd(), &tell.write(), Some(socket.as_fd()))
    }
}
