//! The loop: the node's requests change the tables, the kernels' questions are answered from them.
//!
//! Owns: the sockets of all pods, each of which speaks for its pod alone. A kernel that sends what means nothing, or
//! does not read what it is told, loses by it what it asked for, and nobody else anything.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use abi::Errno;
use control::{Closed, Frame, Socket};
use platform::packet;
use rustix::event::epoll;
use wire::{Ask, Tell, Transport};

use crate::arrivals::Listener;
use crate::egress::Bounds;
use crate::opening::Openings;
use crate::requests::{Answer, Nothing, Operation, Outcome, Pod, Request};
use crate::tables::{PodId, Port, Tables, Target};

/// The token of the control socket; pods, listeners and connections that are being made are numbered above.
const CONTROL: u64 = 0;
/// How many questions of one pod are answered, or connections taken in, before another gets its turn.
pub(crate) const TURN: usize = 64;

/// Serves until the other side of `control` is gone. `host` is the one address of the machine that pods may be led to,
/// `bounds` what they may reach outside of the cluster.
///
/// # Errors
/// Where the host fails, or what arrives is no request.
pub fn serve(control: OwnedFd, host: Option<SocketAddr>, bounds: Bounds) -> std::io::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &control, epoll::EventData::new_u64(CONTROL), epoll::EventFlags::IN)?;
    let mut switch = Switch {
        epoll,
        control: Socket::new(control),
        tables: Tables::new(host, bounds.clone()),
        bounds,
        listeners: HashMap::new(),
        openings: Openings::default(),
        pods: HashMap::new(),
        names: HashMap::new(),
        last: CONTROL,
    };
    loop {
        let mut events = [MaybeUninit::uninit(); 64];
        let (ready, _) = match epoll::wait(&switch.epoll, &mut events, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let tokens = ready.iter().map(|event| event.data.u64()).collect::<Vec<_>>();
        // What the node has said counts for questions that were asked at the same time.
        match switch.listen_to_node() {
            Ok(()) => {}
            Err(Closed::End) => return Ok(()),
            Err(Closed::Broken(error)) => return Err(std::io::Error::other(error.to_string())),
            Err(Closed::Host(error)) => return Err(error),
        }
        for token in tokens.into_iter().filter(|token| *token != CONTROL) {
            if switch.openings.get(token).is_some() {
                switch.settle(token);
            } else if switch.listeners.contains_key(&token) {
                switch.take_in(token);
            } else {
                switch.listen_to_pod(PodId(token));
            }
        }
    }
}

pub(crate) struct Switch {
    epoll: OwnedFd,
    control: Socket,
    pub(crate) tables: Tables,
    pub(crate) bounds: Bounds,
    pub(crate) pods: HashMap<PodId, OwnedFd>,
    names: HashMap<String, PodId>,
    pub(crate) listeners: HashMap<u64, Listener>,
    pub(crate) openings: Openings,
    last: u64,
}

/// The end of a connection, and the errno that its answer brings: 0, or `IN_PROGRESS`.
pub(crate) type End = (u16, OwnedFd);

impl Switch {
    fn listen_to_node(&mut self) -> Result<(), Closed> {
        while let Some(Frame { body, descriptors }) = self.control.receive(false)? {
            match serde_json::from_slice::<Request>(&body) {
                Ok(Request { id, operation }) => {
                    let result = self.perform(operation, descriptors);
                    self.control.send(&Answer { id, result });
                }
                Err(error) => return Err(Closed::Host(std::io::Error::other(format!("no request: {error}")))),
            }
        }
        Ok(())
    }

    fn perform(&mut self, operation: Operation, descriptors: Vec<OwnedFd>) -> Outcome {
        match operation {
            Operation::Pod(pod) => return self.add(pod, descriptors),
            Operation::Forget(forget) => self.remove(&forget.pod),
            Operation::Services(services) => {
                services.remove.iter().for_each(|place| self.tables.remove_service(Port::from(place)));
                for (port, service) in services.set.into_iter().map(|entry| entry.service()) {
                    self.tables.set_service(port, service);
                }
            }
            Operation::Policies(changes) => {
                if let Err(wrong) = changes.perform(&mut self.tables.policies) {
                    return Outcome::invalid(wrong);
                }
                self.tell_of_change();
            }
            Operation::Listen(listen) => return self.listen(listen, descriptors),
            Operation::Unlisten(unlisten) => self.unlisten(&unlisten.listener),
            Operation::Ping => {}
        }
        Outcome::Ok(Nothing {})
    }

    fn add(&mut self, pod: Pod, descriptors: Vec<OwnedFd>) -> Outcome {
        let mut descriptors = descriptors.into_iter();
        let (Some(socket), None) = (descriptors.next(), descriptors.next()) else {
            return Outcome::invalid(format!("pod {}: exactly one descriptor must come with it", pod.pod));
        };
        self.remove(&pod.pod);
        let id = match self.watch(&socket, epoll::EventFlags::IN) {
            Ok(token) => PodId(token),
            Err(error) => return Outcome::invalid(format!("pod {}: {error}", pod.pod)),
        };
        self.tables.add_pod(id, pod.pod.clone(), pod.addresses);
        self.pods.insert(id, socket);
        self.names.insert(pod.pod, id);
        Outcome::Ok(Nothing {})
    }

    /// Watches a descriptor: the token that it announces.
    pub(crate) fn watch(&mut self, socket: &OwnedFd, what: epoll::EventFlags) -> rustix::io::Result<u64> {
        self.last += 1;
        epoll::add(&self.epoll, socket, epoll::EventData::new_u64(self.last), what)?;
        Ok(self.last)
    }

    /// A descriptor that may live on elsewhere is to announce nothing here any more.
    pub(crate) fn unwatch(&self, socket: &OwnedFd) {
        let _ = epoll::delete(&self.epoll, socket);
    }

    fn remove(&mut self, name: &str) {
        if let Some(id) = self.names.remove(name) {
            self.tables.remove_pod(id);
            self.openings.remove_pod(id);
            self.hang_up(id);
        }
    }

    /// Closes a pod's socket. Its address stays its own until the node says that it is gone.
    fn hang_up(&mut self, id: PodId) {
        if let Some(socket) = self.pods.remove(&id) {
            self.unwatch(&socket);
        }
    }

    fn listen_to_pod(&mut self, id: PodId) {
        for _ in 0..TURN {
            let Some(socket) = self.pods.get(&id) else { return };
            let mut packet = [0; wire::SIZE];
            match packet::receive(socket.as_fd(), &mut packet) {
                Err(Errno::EAGAIN) => return,
                Ok((wire::SIZE, None)) => match Ask::read(&packet) {
                    Some(ask) => self.answer(id, ask),
                    None => return self.hang_up(id),
                },
                _ => return self.hang_up(id),
            }
        }
    }

    fn answer(&mut self, id: PodId, ask: Ask) {
        let (number, transport, port, to) = match ask {
            Ask::Connect { number, transport, port, to } => (number, transport, port, to),
            Ask::Route { number, to, before } => return self.tell_route(id, number, to, before),
        };
        if transport == Transport::Udp {
            let outcome = self.open_channel(id, to);
            return self.tell(id, number, outcome);
        }
        if self.openings.ask_again((id, port, to), number, seconds()) {
            return;
        }
        match self.connect(id, port, to) {
            Ok(Way::Pod(end)) => self.tell(id, number, Ok(end)),
            Ok(Way::Machine(host)) => self.open((id, port, to), number, host),
            Err(errno) => self.tell(id, number, Err(errno)),
        }
    }

    /// Answers a question.
    pub(crate) fn tell(&self, id: PodId, number: u32, outcome: Result<End, Errno>) {
        let (errno, end) = match outcome {
            Ok((errno, end)) => (errno, Some(end)),
            Err(errno) => (errno.0, None),
        };
        self.send(id, Tell::Answer { number, errno }, end);
    }

    /// Tells a kernel. One that does not read its answers does without them: it asks again.
    pub(crate) fn send(&self, id: PodId, tell: Tell, end: Option<OwnedFd>) {
        if let Some(socket) = self.pods.get(&id) {
            let _ = packet::send(socket.as_fd(), &tell.write(), end.as_ref().map(AsFd::as_fd));
        }
    }

    /// Tells the kernel of `pod` of somebody who wants to reach `to` there, and hands it its end.
    pub(crate) fn offer(&self, pod: PodId, tell: Tell, end: OwnedFd) -> Result<(), Errno> {
        let socket = self.pods.get(&pod).ok_or(Errno::EHOSTUNREACH)?;
        match packet::send(socket.as_fd(), &tell.write(), Some(end.as_fd())) {
            Err(Errno::EAGAIN) => Err(Errno::EAGAIN),
            other => other.map_err(|_| Errno::EHOSTUNREACH),
        }
    }

    /// Has the kernel behind `to` told of a connection; answers the other end of it.
    fn connect(&mut self, id: PodId, port: u16, to: SocketAddr) -> Result<Way, Errno> {
        let transport = Transport::Tcp;
        match self.tables.route(id, Port { transport, at: to }, seconds(), chance())? {
            Target::Host(host) => Ok(Way::Machine(host)),
            Target::Outside(to) => self.leave(to).map(Way::Machine),
            Target::Pod(pod, to) => {
                let from = self.tables.address_of(id, to.ip()).ok_or(Errno::ENETUNREACH)?;
                // Where the host has no descriptors left it may have some soon.
                let (near, far) = packet::stream_pair().map_err(|_| Errno::EAGAIN)?;
                self.offer(pod, Tell::Incoming { transport, from: SocketAddr::new(from, port), to }, far)?;
                Ok(Way::Pod((0, near)))
            }
        }
    }
}

/// Where a connection is made.
enum Way {
    /// To a pod, whose kernel has been told; this is the other end.
    Pod(End),
    /// By the machine's network.
    Machine(SocketAddr),
}

pub(crate) fn seconds() -> u64 {
    platform::clock::read(platform::clock::MONOTONIC) / 1_000_000_000
}

pub(crate) fn chance() -> u64 {
    let mut chance = [0; 8];
    platform::random::fill(&mut chance);
    u64::from_ne_bytes(chance)
}
