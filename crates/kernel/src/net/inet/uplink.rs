//! The pod's way out: its socket to the node's switch.
//!
//! Owns: [`Uplink`], the questions that were asked and not yet answered, and what comes in from other pods. Does not
//! own: what becomes of an answer (`reach`) or of a connection from outside (`outside`).
//!
//! The switch may end at any time and the node then joins another one: what was asked meanwhile is asked again. What
//! the switch sends is hostile input: a packet that means nothing ends the way until the next.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Weak};

use abi::Errno;
use platform::packet;
use wire::{Ask, Tell, Transport};

use super::channels::refusal;
use super::outside::{self, Way};
use super::reach::Answer;
use super::{TcpSocket, UdpSocket};
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::wait::{WaitQueue, either};

/// How many connections from other pods wait at once for room in a listener's queue.
const MOST_WAITING: usize = 1024;

/// The way out of the pod.
#[derive(Default)]
pub struct Uplink(Mutex<State>);

#[derive(Default)]
struct State {
    kernel: Weak<Kernel>,
    /// The socket of the current switch.
    socket: Option<Arc<OwnedFd>>,
    /// Packets that it has not taken yet.
    unsent: VecDeque<[u8; wire::SIZE]>,
    next: u32,
    asked: HashMap<u32, Asker>,
    waiting: usize,
}

/// Who waits for an answer.
pub(super) enum Asker {
    /// A socket that connects.
    Stream(Weak<TcpSocket>),
    /// A socket that sends datagrams to that address.
    Route(Weak<UdpSocket>, SocketAddr),
    /// All that send datagrams to that pod.
    Channel(SocketAddr),
}

impl Asker {
    /// True if nobody is there any more to hear an answer.
    fn is_gone(&self) -> bool {
        match self {
            Asker::Stream(socket) => socket.strong_count() == 0,
            Asker::Route(socket, _) => socket.strong_count() == 0,
            Asker::Channel(_) => false,
        }
    }

    /// There is a new switch, which knows nothing of what was asked.
    fn ask_again(self, kernel: &Kernel) {
        match self {
            Asker::Stream(socket) => socket.upgrade().iter().for_each(|socket| socket.ask_again()),
            Asker::Route(socket, to) => socket.upgrade().iter().for_each(|socket| socket.ask_route_again(to)),
            Asker::Channel(to) => kernel.net.inet.channels.ask_again(to),
        }
    }

    /// The switch has answered.
    fn hear(self, kernel: &Arc<Kernel>, answer: Answer) {
        match self {
            Asker::Stream(socket) => {
                if let Some(socket) = socket.upgrade() {
                    socket.answered(kernel, answer);
                }
            }
            Asker::Channel(to) => kernel.net.inet.channels.answered(kernel, to, answer),
            Asker::Route(socket, to) => {
                if let Some(socket) = socket.upgrade() {
                    socket.routed(to, answer.number, Err(refusal(answer.errno)));
                }
            }
        }
    }
}

impl Uplink {
    /// Takes `socket` for the way out, in place of an earlier one.
    pub fn join(&self, kernel: &Arc<Kernel>, socket: OwnedFd) {
        let socket = Arc::new(socket);
        let asked = {
            let mut state = self.0.lock();
            state.kernel = Arc::downgrade(kernel);
            state.socket = Some(Arc::clone(&socket));
            state.unsent.clear();
            std::mem::take(&mut state.asked)
        };
        asked.into_values().for_each(|asker| asker.ask_again(kernel));
        kernel.runtime.spawn(listen(Arc::clone(kernel), socket));
    }

    /// Whether the pod has a way out, or had one.
    pub(super) fn is_joined(&self) -> bool {
        self.0.lock().kernel.strong_count() > 0
    }

    /// The kernel, once there is a way out.
    pub(super) fn kernel(&self) -> Option<Arc<Kernel>> {
        self.0.lock().kernel.upgrade()
    }

    /// Asks for a connection of `socket`, at `port`, to `to`; answers the question's number.
    pub(super) fn ask(&self, socket: Weak<TcpSocket>, port: u16, to: SocketAddr) -> u32 {
        let transport = Transport::Tcp;
        self.put(Asker::Stream(socket), |number| Ask::Connect { number, transport, port, to })
    }

    /// Asks for a channel to the pod at `to`.
    pub(super) fn ask_channel(&self, to: SocketAddr) -> u32 {
        let transport = Transport::Udp;
        self.put(Asker::Channel(to), |number| Ask::Connect { number, transport, port: 0, to })
    }

    /// Asks to which pod datagrams of `socket` to `to` go, which went to `before`.
    pub(super) fn ask_route(&self, socket: &Weak<UdpSocket>, to: SocketAddr, before: Option<SocketAddr>) -> u32 {
        self.put(Asker::Route(Weak::clone(socket), to), |number| Ask::Route { number, to, before })
    }

    fn put(&self, asker: Asker, ask: impl FnOnce(u32) -> Ask) -> u32 {
        let mut state = self.0.lock();
        let number = state.next;
        state.next = number.wrapping_add(1);
        if state.asked.len() == state.asked.capacity() {
            state.asked.retain(|_, asker| !asker.is_gone());
        }
        state.asked.insert(number, asker);
        state.unsent.push_back(ask(number).write());
        state.flush();
        number
    }

    /// Nobody waits for that answer any more.
    pub(super) fn forget(&self, number: u32) {
        self.0.lock().asked.remove(&number);
    }

    fn take(&self, number: u32) -> Option<Asker> {
        self.0.lock().asked.remove(&number)
    }

    /// Whether `socket` is still the way out; sends what waits.
    fn is_current(&self, socket: &Arc<OwnedFd>) -> bool {
        let mut state = self.0.lock();
        let current = state.socket.as_ref().is_some_and(|current| Arc::ptr_eq(current, socket));
        if current {
            state.flush();
        }
        current
    }

    fn leave(&self, socket: &Arc<OwnedFd>) {
        let mut state = self.0.lock();
        if state.socket.as_ref().is_some_and(|current| Arc::ptr_eq(current, socket)) {
            state.socket = None;
        }
    }

    /// True if one more connection may wait for a listener; it is then counted.
    fn may_wait(&self) -> bool {
        let mut state = self.0.lock();
        let may = state.waiting < MOST_WAITING;
        state.waiting = state.waiting.saturating_add(usize::from(may));
        may
    }

    fn end_waiting(&self) {
        let mut state = self.0.lock();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

impl State {
    /// Sends what the switch takes. Without one it stays: the next is asked by who waits.
    fn flush(&mut self) {
        let Some(socket) = &self.socket else {
            self.unsent.clear();
            return;
        };
        while let Some(packet) = self.unsent.front() {
            if packet::send(socket.as_fd(), packet, None) == Err(Errno::EAGAIN) {
                return;
            }
            self.unsent.pop_front();
        }
    }
}

/// Takes in what the switch sends until it ends, or until another takes its place.
async fn listen(kernel: Arc<Kernel>, socket: Arc<OwnedFd>) {
    let Some((token, queue)) = kernel.watch_host(socket.as_fd()) else { return };
    let uplink = &kernel.net.inet.uplink;
    let nothing = WaitQueue::new();
    either(&queue, &nothing, || {
        loop {
            if !uplink.is_current(&socket) {
                return Some(());
            }
            let mut packet = [0; wire::SIZE];
            match packet::receive(socket.as_fd(), &mut packet) {
                Err(Errno::EAGAIN) => return None,
                Ok((wire::SIZE, passed)) => match Tell::read(&packet) {
                    Some(tell) => hear(&kernel, tell, passed),
                    None => return Some(()),
                },
                _ => return Some(()),
            }
        }
    })
    .await;
    uplink.leave(&socket);
    kernel.unwatch_host(token, socket.as_fd());
}

fn hear(kernel: &Arc<Kernel>, tell: Tell, passed: Option<OwnedFd>) {
    let uplink = &kernel.net.inet.uplink;
    match (tell, passed) {
        (Tell::Answer { number, errno }, passed) => {
            if let Some(asker) = uplink.take(number) {
                asker.hear(kernel, Answer { number, errno, passed });
            }
        }
        (Tell::Route { number, to }, None) => {
            if let Some(Asker::Route(socket, named)) = uplink.take(number)
                && let Some(socket) = socket.upgrade()
            {
                socket.routed(named, number, Ok(to));
            }
        }
        (Tell::Incoming { transport: Transport::Udp, from, to }, Some(fd)) => {
            kernel.net.inet.channels.accept(kernel, from.ip(), to, fd);
        }
        (Tell::Incoming { transport: Transport::Tcp, from, to }, Some(host)) => {
            if !uplink.may_wait() {
                let _ = platform::stream::send(host.as_fd(), &[wire::BUSY]);
                return;
            }
            serve(kernel, Way { from, to }, host, true);
        }
        (Tell::Arrived { from, to }, Some(host)) => {
            // One that does not wait is reset: who is outside knows no other "ask again".
            if uplink.may_wait() {
                serve(kernel, Way { from, to }, host, false);
            }
        }
        (Tell::Changed, _) => kernel.net.inet.channels.close_all(),
        (Tell::Incoming { .. } | Tell::Arrived { .. } | Tell::Route { .. }, _) => {}
    }
}

fn serve(kernel: &Arc<Kernel>, way: Way, host: OwnedFd, greet: bool) {
    let done = Arc::clone(kernel);
    let serve = outside::serve(Arc::clone(kernel), way, host, greet);
    kernel.runtime.spawn(async move {
        let _ = serve.await;
        done.net.inet.uplink.end_waiting();
    });
}
