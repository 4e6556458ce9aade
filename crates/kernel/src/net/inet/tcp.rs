//! TCP sockets within the pod, tcp(7): what the protocol promises, without segments.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::{AF_INET, AF_INET6, IPPROTO_TCP, SOCK_STREAM, Ucred};

use super::ports::Binding;
use super::{Inet, own_family, wildcard};
use crate::net::address::{Address, shown_to};
use crate::net::message::{Caller, Outgoing, Received};
use crate::net::socket::{Base, Endpoint};
use crate::net::stream::{End, Link, Style};
use crate::sync::Mutex;
use crate::wait::{Events, WaitQueue};

/// /proc/sys/net/core/somaxconn.
const SOMAXCONN: usize = 4096;

/// A TCP socket.
pub struct TcpSocket {
    base: Base,
    inet: Arc<Inet>,
    me: Weak<TcpSocket>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The address of this end; for AF_INET6 too without its mapping.
    local: Option<SocketAddr>,
    binding: Option<Binding<TcpSocket>>,
    /// The port was found by us: it goes with a connection that fails.
    found_port: bool,
    phase: Phase,
    /// Why a connection that was not waited for failed: SO_ERROR.
    error: Option<Errno>,
}

#[derive(Default)]
enum Phase {
    #[default]
    Idle,
    /// A connection is wanted, and the listener's queue was full.
    Connecting(SocketAddr, Caller),
    Connected(Peer),
    Listening(Listener),
    /// A connection that nobody waited for failed: nothing comes any more until connect(2) is told.
    Failed,
}

struct Peer {
    link: Link,
    address: SocketAddr,
    /// Whether connect(2) has answered for it.
    told: bool,
}

struct Listener {
    backlog: usize,
    pending: VecDeque<Arc<TcpSocket>>,
    blocked: Vec<Arc<WaitQueue>>,
    shut: bool,
}

impl State {
    /// A connection failed: the socket is as bound as before.
    fn unconnect(&mut self) {
        self.phase = Phase::Idle;
        if std::mem::take(&mut self.found_port) {
            self.binding = None;
        }
        self.local = self.binding.as_ref().map(|binding| binding.address);
    }

    fn is_listener(&self) -> bool {
        matches!(self.phase, Phase::Listening(_))
    }
}

/// How a socket stands, in the numbers of /proc/net/tcp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the TCP state of that name")]
pub enum TcpState {
    Established = 1,
    SynSent = 2,
    FinWait2 = 5,
    Close = 7,
    CloseWait = 8,
    Listen = 10,
}

impl TcpSocket {
    /// A socket that is neither bound nor connected.
    pub(super) fn new(inet: &Arc<Inet>, caller: &Caller, domain: u16) -> Arc<TcpSocket> {
        TcpSocket::with(inet, Base::new(domain, SOCK_STREAM, IPPROTO_TCP, caller.ucred), State::default())
    }

    fn with(inet: &Arc<Inet>, base: Base, state: State) -> Arc<TcpSocket> {
        let socket = Arc::new_cyclic(|me: &Weak<TcpSocket>| TcpSocket {
            base,
            inet: Arc::clone(inet),
            me: Weak::clone(me),
            state: Mutex::new(state),
        });
        let mut all = inet.all_tcp.lock();
        if all.len() == all.capacity() {
            all.retain(|socket| socket.strong_count() > 0);
        }
        all.push(Weak::clone(&socket.me));
        socket
    }

    fn link(&self) -> Option<Link> {
        match &self.state.lock().phase {
            Phase::Connected(peer) => Some(peer.link.clone()),
            _ => None,
        }
    }

    /// Both addresses without mapping, and how the socket stands: for /proc/net/tcp.
    pub fn facts(&self) -> (SocketAddr, SocketAddr, TcpState) {
        let none = SocketAddr::new(wildcard(self.base.domain), 0);
        let state = self.state.lock();
        let local = state.local.unwrap_or(none);
        match &state.phase {
            Phase::Idle | Phase::Failed => (local, none, TcpState::Close),
            Phase::Connecting(to, _) => (local, *to, TcpState::SynSent),
            Phase::Listening(_) => (local, none, TcpState::Listen),
            Phase::Connected(peer) => {
                let stands = match peer.link.ended() {
                    (false, false) => TcpState::Established,
                    (true, false) => TcpState::FinWait2,
                    (false, true) => TcpState::CloseWait,
                    (true, true) => TcpState::Close,
                };
                (local, peer.address, stands)
            }
        }
    }

    /// Whether it is of AF_INET6.
    pub fn is_v6(&self) -> bool {
        self.base.domain == AF_INET6
    }

    /// Binds to `address` where nothing is bound yet.
    fn bind_to(&self, caller: &Caller, address: SocketAddr) -> Result<(), Errno> {
        if self.state.lock().binding.is_some() {
            return Ok(());
        }
        let binding = self.inet.tcp.bind(&self.base, caller, address, Weak::clone(&self.me))?;
        let mut state = self.state.lock();
        state.found_port = address.port() == 0;
        state.local = Some(binding.address);
        state.binding = Some(binding);
        Ok(())
    }

    /// Tries to connect to `to`. `EAGAIN` where a listener's queue is full.
    fn reach(&self, caller: &Caller, to: SocketAddr) -> Result<(), Errno> {
        let (to, from) = self.inet.route(to)?;
        self.bind_to(caller, SocketAddr::new(wildcard(self.base.domain), 0)).map_err(|errno| match errno {
            Errno::EADDRINUSE => Errno::EADDRNOTAVAIL,
            other => other,
        })?;
        let own = {
            let mut state = self.state.lock();
            let port = state.local.map_or(0, |local| local.port());
            let ip = state.local.map(|local| local.ip()).filter(|ip| !ip.is_unspecified()).unwrap_or(from);
            let own = SocketAddr::new(ip, port);
            state.local = Some(own);
            own
        };
        self.ask_a_listener(own, to)
    }

    /// The end of a connection that comes from outside the pod, which has no part in its ports.
    pub(super) fn stranger(inet: &Arc<Inet>, from: SocketAddr) -> Arc<TcpSocket> {
        let domain = if from.is_ipv4() { AF_INET } else { AF_INET6 };
        let nobody = Ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
        Arc::new_cyclic(|me: &Weak<TcpSocket>| TcpSocket {
            base: Base::new(domain, SOCK_STREAM, IPPROTO_TCP, nobody),
            inet: Arc::clone(inet),
            me: Weak::clone(me),
            state: Mutex::new(State { local: Some(from), ..State::default() }),
        })
    }

    /// Tries to connect a stranger to `to`: `ECONNREFUSED` where nobody listens there, `EAGAIN` where
    /// the listener's queue is full.
    pub(super) fn reach_in(&self, to: SocketAddr) -> Result<(), Errno> {
        let own = self.state.lock().local.ok_or(Errno::EINVAL)?;
        let (to, _) = self.inet.route(to)?;
        self.ask_a_listener(own, to)
    }

    fn ask_a_listener(&self, own: SocketAddr, to: SocketAddr) -> Result<(), Errno> {
        let listeners: Vec<_> = self.inet.tcp.find(to).into_iter().filter(|socket| socket.listening()).collect();
        // Sockets that share a port take turns, by the caller's port.
        let turn = usize::from(own.port()).checked_rem(listeners.len()).ok_or(Errno::ECONNREFUSED)?;
        listeners.get(turn).ok_or(Errno::ECONNREFUSED)?.take_in(self, own, to)
    }

    /// Takes in a connection of `client`, which reached this listener as `to`.
    fn take_in(&self, client: &TcpSocket, from: SocketAddr, to: SocketAddr) -> Result<(), Errno> {
        match &mut self.state.lock().phase {
            Phase::Listening(listener) if listener.shut => return Err(Errno::ECONNREFUSED),
            Phase::Listening(listener) if listener.pending.len() > listener.backlog => {
                listener.blocked.retain(|queue| !Arc::ptr_eq(queue, &client.base.queue));
                listener.blocked.push(Arc::clone(&client.base.queue));
                return Err(Errno::EAGAIN);
            }
            Phase::Listening(_) => {}
            _ => return Err(Errno::ECONNREFUSED),
        }
        let base = Base::accepted(&self.base, self.base.maker);
        let end = |to: &Base, from: &Base| {
            let capacity = from.options.lock().send_buffer.saturating_add(to.options.lock().receive_buffer);
            End { queue: Arc::clone(&to.queue), capacity }
        };
        let (near, far) = Link::pair(Style::Tcp, end(&client.base, &base), end(&base, &client.base));
        let served = TcpSocket::with(
            &self.inet,
            base,
            State {
                local: Some(to),
                phase: Phase::Connected(Peer { link: far, address: from, told: true }),
                ..State::default()
            },
        );
        client.state.lock().phase = Phase::Connected(Peer { link: near, address: to, told: false });
        if let Phase::Listening(listener) = &mut self.state.lock().phase {
            listener.pending.push_back(served);
        }
        self.base.queue.announce(Events::IN | Events::RDNORM);
        Ok(())
    }

    /// Goes on with a connection that nobody waits for.
    fn go_on(&self) {
        let (to, caller) = match &self.state.lock().phase {
            Phase::Connecting(to, caller) => (*to, *caller),
            _ => return,
        };
        match self.reach(&caller, to) {
            Ok(()) | Err(Errno::EAGAIN) => {}
            Err(errno) => self.fail(errno),
        }
    }

    /// Notes why a connection that nobody waits for failed.
    fn fail(&self, errno: Errno) {
        let mut state = self.state.lock();
        state.unconnect();
        state.phase = Phase::Failed;
        state.error = Some(errno);
    }

    fn dissolve(&self) {
        let old = std::mem::take(&mut self.state.lock().phase);
        if let Phase::Connected(peer) = old {
            peer.link.close(true);
        }
        let old = std::mem::take(&mut *self.state.lock());
        drop(old);
    }
}

impl Endpoint for TcpSocket {
    fn base(&self) -> &Base {
        &self.base
    }

    fn bind(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        let address = own_family(&self.base, address)?;
        self.inet.check_bindable(address.ip())?;
        if self.state.lock().local.is_some() {
            return Err(Errno::EINVAL);
        }
        self.bind_to(caller, address)
    }

    fn connect(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        if matches!(address, Address::Unspecified) {
            self.dissolve();
            return Ok(());
        }
        let mut state = self.state.lock();
        let error = state.error.take();
        match &mut state.phase {
            Phase::Listening(_) => return Err(Errno::EISCONN),
            Phase::Connected(peer) if peer.told => return Err(Errno::EISCONN),
            Phase::Connected(peer) => {
                peer.told = true;
                return Ok(());
            }
            failed @ Phase::Failed => {
                *failed = Phase::Idle;
                return Err(error.unwrap_or(Errno::ECONNABORTED));
            }
            Phase::Idle | Phase::Connecting(..) => {}
        }
        drop(state);
        let to = own_family(&self.base, address)?;
        let outcome = self.reach(caller, to);
        let mut state = self.state.lock();
        match (&mut state.phase, outcome) {
            (Phase::Connected(peer), Ok(())) => peer.told = true,
            (phase, Err(Errno::EAGAIN)) => *phase = Phase::Connecting(to, *caller),
            (_, Err(_)) => state.unconnect(),
            _ => {}
        }
        outcome
    }

    fn connect_nowait(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        self.go_on();
        let idle = match &self.state.lock().phase {
            Phase::Connecting(..) => return Err(Errno::EALREADY),
            Phase::Idle => true,
            _ => false,
        };
        let fresh = idle && !matches!(address, Address::Unspecified);
        match Arc::clone(&self).connect(caller, address) {
            outcome if !fresh => outcome,
            // As Linux, whose handshake is never over before connect(2) returns.
            Ok(()) => {
                if let Phase::Connected(peer) = &mut self.state.lock().phase {
                    peer.told = false;
                }
                self.base.queue.announce(Events::OUT | Events::WRNORM);
                Err(Errno::EINPROGRESS)
            }
            Err(Errno::EAGAIN) => Err(Errno::EINPROGRESS),
            Err(Errno::ECONNREFUSED) => {
                self.fail(Errno::ECONNREFUSED);
                self.base.queue.announce(Events::all());
                Err(Errno::EINPROGRESS)
            }
            other => other,
        }
    }

    fn listen(self: Arc<Self>, caller: &Caller, backlog: i32) -> Result<(), Errno> {
        let backlog = usize::try_from(backlog).unwrap_or(SOMAXCONN).min(SOMAXCONN);
        if let Phase::Connected(_) | Phase::Connecting(..) = self.state.lock().phase {
            return Err(Errno::EINVAL);
        }
        self.bind_to(caller, SocketAddr::new(wildcard(self.base.domain), 0))?;
        let mut state = self.state.lock();
        let blocked = match &mut state.phase {
            Phase::Listening(listener) => {
                listener.backlog = backlog;
                listener.shut = false;
                std::mem::take(&mut listener.blocked)
            }
            _ => {
                state.binding.as_ref().ok_or(Errno::EINVAL)?.start_listening()?;
                let (pending, blocked) = (VecDeque::new(), Vec::new());
                state.phase = Phase::Listening(Listener { backlog, pending, blocked, shut: false });
                Vec::new()
            }
        };
        drop(state);
        blocked.iter().for_each(|queue| queue.announce(Events::OUT));
        Ok(())
    }

    fn accept(&self) -> Result<Arc<dyn Endpoint>, Errno> {
        let (socket, blocked) = match &mut self.state.lock().phase {
            Phase::Listening(listener) => match listener.pending.pop_front() {
                Some(socket) => (socket, std::mem::take(&mut listener.blocked)),
                None if listener.shut => return Err(Errno::EINVAL),
                None => return Err(Errno::EAGAIN),
            },
            _ => return Err(Errno::EINVAL),
        };
        blocked.iter().for_each(|queue| queue.announce(Events::OUT));
        Ok(socket)
    }

    fn listening(&self) -> bool {
        matches!(&self.state.lock().phase, Phase::Listening(listener) if !listener.shut)
    }

    fn send(&self, message: &mut Outgoing) -> Result<usize, Errno> {
        self.go_on();
        if let Some(errno) = self.state.lock().error.take() {
            return Err(errno);
        }
        if let Phase::Connecting(..) = self.state.lock().phase {
            return Err(Errno::EAGAIN);
        }
        self.link().ok_or(Errno::EPIPE)?.send(message)
    }

    fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        self.go_on();
        if let Some(errno) = self.state.lock().error.take() {
            return Err(errno);
        }
        match self.state.lock().phase {
            Phase::Connecting(..) => return Err(Errno::EAGAIN),
            Phase::Failed => return Ok(Received::default()),
            _ => {}
        }
        let mut got = self.link().ok_or(Errno::ENOTCONN)?.receive(buffer, flags, false)?;
        got.ucred = None;
        Ok(got)
    }

    fn shutdown(&self, read: bool, write: bool) -> Result<(), Errno> {
        if let Phase::Listening(listener) = &mut self.state.lock().phase {
            listener.shut |= read;
        }
        if self.state.lock().is_listener() {
            self.base.queue.announce(Events::IN | Events::HUP);
            return Ok(());
        }
        let given_up = {
            let mut state = self.state.lock();
            let connecting = matches!(state.phase, Phase::Connecting(..));
            if connecting {
                state.unconnect();
                state.phase = Phase::Failed;
                state.error = Some(Errno::ECONNRESET);
            }
            connecting
        };
        if given_up {
            self.base.queue.announce(Events::all());
            return Ok(());
        }
        let link = self.link().ok_or(Errno::ENOTCONN)?;
        if link.is_reset() {
            return Err(Errno::ENOTCONN);
        }
        link.shut(read, write);
        Ok(())
    }

    fn name(&self) -> Address {
        let local = self.state.lock().local.unwrap_or(SocketAddr::new(wildcard(self.base.domain), 0));
        Address::Inet(shown_to(self.base.domain, local))
    }

    fn peer(&self) -> Result<Address, Errno> {
        match &self.state.lock().phase {
            Phase::Connected(peer) if !peer.link.is_reset() => {
                Ok(Address::Inet(shown_to(self.base.domain, peer.address)))
            }
            _ => Err(Errno::ENOTCONN),
        }
    }

    fn poll(&self) -> Events {
        self.go_on();
        let state = self.state.lock();
        match &state.phase {
            Phase::Failed => {
                let ended = Events::IN | Events::RDNORM | Events::RDHUP | Events::HUP;
                let error = if state.error.is_some() { Events::ERR } else { Events::empty() };
                ended | error | Events::OUT | Events::WRNORM
            }
            Phase::Idle => Events::OUT | Events::WRNORM | Events::HUP,
            Phase::Connecting(..) => Events::empty(),
            Phase::Connected(peer) => peer.link.poll(),
            Phase::Listening(listener) if !listener.pending.is_empty() => Events::IN | Events::RDNORM,
            Phase::Listening(listener) if listener.shut => Events::IN | Events::RDNORM | Events::RDHUP | Events::HUP,
            Phase::Listening(_) => Events::empty(),
        }
    }

    fn take_error(&self) -> Option<Errno> {
        self.go_on();
        let error = self.state.lock().error.take();
        error.or_else(|| self.link().and_then(|link| link.take_error()))
    }

    fn resize(&self, send_bytes: usize) {
        if let Some(link) = self.link() {
            link.set_capacity(send_bytes);
        }
    }

    fn pending(&self) -> Result<usize, Errno> {
        match &self.state.lock().phase {
            Phase::Listening(_) => Err(Errno::EINVAL),
            Phase::Connected(peer) => Ok(peer.link.pending()),
            _ => Ok(0),
        }
    }

    fn unsent(&self) -> Result<usize, Errno> {
        match &self.state.lock().phase {
            Phase::Listening(_) => Err(Errno::EINVAL),
            Phase::Connected(peer) => Ok(peer.link.unsent()),
            _ => Ok(0),
        }
    }

    fn close(&self) {
        let linger = self.base.options.lock().linger;
        let abort = linger.on != 0 && linger.seconds == 0;
        let state = std::mem::take(&mut *self.state.lock());
        match state.phase {
            Phase::Connected(peer) => peer.link.close(abort),
            Phase::Listening(listener) => {
                listener.blocked.iter().for_each(|queue| queue.announce(Events::OUT));
                listener.pending.iter().filter_map(|socket| socket.link()).for_each(|link| link.close(true));
            }
            Phase::Idle | Phase::Connecting(..) | Phase::Failed => {}
        }
    }
}
