//! TCP sockets, tcp(7): what the protocol promises, without segments.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::{AF_INET6, IPPROTO_TCP, SOCK_STREAM};

use super::line::Line;
use super::outside::{Offer, Way};
use super::ports::Binding;
use super::reach::{Answer, Reach};
use super::{Inet, Route, own_family, wildcard};
use crate::kernel::Kernel;
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
    /// A connection is wanted to somebody outside.
    Reaching(Box<Reach>),
    Connected(Peer),
    Listening(Listener),
    /// A connection that nobody waited for failed: nothing comes any more until connect(2) is told.
    Failed,
}

struct Peer {
    link: Line,
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

    fn link(&self) -> Option<Line> {
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
            Phase::Reaching(reach) => (local, reach.to, TcpState::SynSent),
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
        let way = self.inet.way(to)?;
        let bound = self.state.lock().local.map(|local| local.ip());
        if matches!(way, Route::Outer(_)) && bound.is_some_and(|ip| ip.is_loopback()) {
            return Err(Errno::EINVAL);
        }
        self.bind_to(caller, SocketAddr::new(wildcard(self.base.domain), 0)).map_err(|errno| match errno {
            Errno::EADDRINUSE => Errno::EADDRNOTAVAIL,
            other => other,
        })?;
        let (Route::Inner(_, from) | Route::Outer(from)) = way;
        let own = {
            let mut state = self.state.lock();
            let port = state.local.map_or(0, |local| local.port());
            let ip = state.local.map(|local| local.ip()).filter(|ip| !ip.is_unspecified()).unwrap_or(from);
            let own = SocketAddr::new(ip, port);
            state.local = Some(own);
            own
        };
        match way {
            Route::Inner(to, _) => self.ask_a_listener(own, to),
            Route::Outer(_) => {
                let reach = Reach::begin(&self.inet.uplink, &self.me, &self.base.queue, own.port(), to);
                self.state.lock().phase = Phase::Reaching(Box::new(reach));
                Err(Errno::EAGAIN)
            }
        }
    }

    fn ask_a_listener(&self, own: SocketAddr, to: SocketAddr) -> Result<(), Errno> {
        let listener = TcpSocket::listener(&self.inet, Way { from: own, to })?;
        listener.check_room(&self.base.queue)?;
        let served = Base::accepted(&listener.base, listener.base.maker);
        let end = |to: &Base, from: &Base| {
            let capacity = from.options.lock().send_buffer.saturating_add(to.options.lock().receive_buffer);
            End { queue: Arc::clone(&to.queue), capacity }
        };
        let (near, far) = Link::pair(Style::Tcp, end(&self.base, &served), end(&served, &self.base));
        self.state.lock().phase = Phase::Connected(Peer { link: Line::Inner(near), address: to, told: false });
        listener.take_in(served, Line::Inner(far), Way { from: own, to });
        Ok(())
    }

    /// The listener that a connection by `way` is for: `ECONNREFUSED` where nobody listens there.
    fn listener(inet: &Arc<Inet>, way: Way) -> Result<Arc<TcpSocket>, Errno> {
        let listeners: Vec<_> = inet.tcp.find(way.to).into_iter().filter(|socket| socket.listening()).collect();
        // Sockets that share a port take turns, by the caller's port.
        let turn = usize::from(way.from.port()).checked_rem(listeners.len()).ok_or(Errno::ECONNREFUSED)?;
        listeners.into_iter().nth(turn).ok_or(Errno::ECONNREFUSED)
    }

    /// Whether this listener takes in one more connection; where its queue is full, `EAGAIN`, and `queue` hears of room.
    fn check_room(&self, queue: &Arc<WaitQueue>) -> Result<(), Errno> {
        match &mut self.state.lock().phase {
            Phase::Listening(listener) if listener.shut => Err(Errno::ECONNREFUSED),
            Phase::Listening(listener) if listener.pending.len() > listener.backlog => {
                listener.blocked.retain(|known| !Arc::ptr_eq(known, queue));
                listener.blocked.push(Arc::clone(queue));
                Err(Errno::EAGAIN)
            }
            Phase::Listening(_) => Ok(()),
            _ => Err(Errno::ECONNREFUSED),
        }
    }

    /// Takes in a connection by `way`, whose end here is `link`.
    fn take_in(&self, base: Base, link: Line, way: Way) {
        let phase = Phase::Connected(Peer { link, address: way.from, told: true });
        let served = TcpSocket::with(&self.inet, base, State { local: Some(way.to), phase, ..State::default() });
        if let Phase::Listening(listener) = &mut self.state.lock().phase {
            listener.pending.push_back(served);
        }
        self.base.queue.announce(Events::IN | Events::RDNORM);
    }

    /// Whether somebody outside may connect by `way`: `ECONNREFUSED` where nobody listens, `EAGAIN` where the
    /// listener's queue is full; `queue` then hears of room.
    pub(super) fn admits(inet: &Arc<Inet>, way: Way, queue: &Arc<WaitQueue>) -> Result<(), Errno> {
        TcpSocket::listener(inet, way)?.check_room(queue)
    }

    /// Takes in a connection from outside, as `admits` says.
    pub(super) fn take_offer(
        inet: &Arc<Inet>,
        way: Way,
        queue: &Arc<WaitQueue>,
        offer: &mut Offer,
    ) -> Result<(), Errno> {
        let (to, _) = inet.route(way.to)?;
        let way = Way { to, ..way };
        let listener = TcpSocket::listener(inet, way)?;
        listener.check_room(queue)?;
        let served = Base::accepted(&listener.base, listener.base.maker);
        let outer = offer.take(&served.queue).ok_or(Errno::ECANCELED)?;
        listener.take_in(served, Line::Outer(outer), way);
        Ok(())
    }

    /// The switch has answered what this socket asked it.
    pub(super) fn answered(&self, kernel: &Arc<Kernel>, answer: Answer) {
        if let Phase::Reaching(reach) = &mut self.state.lock().phase {
            reach.answered(kernel, &self.base.queue, answer);
        }
        self.base.queue.announce(Events::all());
    }

    /// There is a new switch, which knows nothing of what was asked.
    pub(super) fn ask_again(&self) {
        if let Phase::Reaching(reach) = &mut self.state.lock().phase {
            reach.ask(&self.inet.uplink, &self.me, &self.base.queue);
        }
    }

    /// Goes on with a connection to somebody outside.
    fn go_on_reaching(&self) {
        let mut state = self.state.lock();
        let Phase::Reaching(reach) = &mut state.phase else { return };
        let to = reach.to;
        match reach.advance(&self.inet.uplink, &self.me, &self.base.queue) {
            Ok(outer) => state.phase = Phase::Connected(Peer { link: Line::Outer(outer), address: to, told: false }),
            Err(Errno::EAGAIN) => {}
            Err(errno) => {
                state.unconnect();
                state.phase = Phase::Failed;
                state.error = Some(errno);
            }
        }
    }

    /// Goes on with a connection that nobody waits for.
    fn go_on(&self) {
        self.go_on_reaching();
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
        match old {
            Phase::Connected(peer) => peer.link.close(true),
            Phase::Reaching(reach) => reach.give_up(&self.inet.uplink),
            _ => {}
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
        self.go_on_reaching();
        let mut state = self.state.lock();
        if let Phase::Reaching(_) = state.phase {
            return Err(Errno::EAGAIN);
        }
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
            Phase::Idle | Phase::Connecting(..) | Phase::Reaching(_) => {}
        }
        drop(state);
        let to = own_family(&self.base, address)?;
        let outcome = self.reach(caller, to);
        let mut state = self.state.lock();
        match (&mut state.phase, outcome) {
            (Phase::Connected(peer), Ok(())) => peer.told = true,
            (Phase::Reaching(_), Err(Errno::EAGAIN)) => {}
            (phase, Err(Errno::EAGAIN)) => *phase = Phase::Connecting(to, *caller),
            (_, Err(_)) => state.unconnect(),
            _ => {}
        }
        outcome
    }

    fn connect_nowait(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        self.go_on();
        let idle = match &self.state.lock().phase {
            Phase::Connecting(..) | Phase::Reaching(_) => return Err(Errno::EALREADY),
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
        if let Phase::Connected(_) | Phase::Connecting(..) | Phase::Reaching(_) = self.state.lock().phase {
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
        if let Phase::Connecting(..) | Phase::Reaching(_) = self.state.lock().phase {
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
            Phase::Connecting(..) | Phase::Reaching(_) => return Err(Errno::EAGAIN),
            Phase::Failed => return Ok(Received::default()),
            _ => {}
        }
        let mut got = self.link().ok_or(Errno::ENOTCONN)?.receive(buffer, flags)?;
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
            let connecting = matches!(state.phase, Phase::Connecting(..) | Phase::Reaching(_));
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
            Phase::Connecting(..) | Phase::Reaching(_) => Events::empty(),
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
            Phase::Reaching(reach) => reach.give_up(&self.inet.uplink),
            Phase::Idle | Phase::Connecting(..) | Phase::Failed => {}
        }
    }
}
