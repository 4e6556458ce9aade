//! Connections: two ends that write to each other.
//!
//! Owns: [`Connection`], the bytes or records under way between two sockets of this kernel, and what
//! shutting down, closing and resetting do. Does not own: how the ends found each other (`unix`,
//! `inet`). This is where a stream between two kernels will join: an end sees nothing of the other
//! but what a [`Link`] tells.

use std::collections::VecDeque;
use std::sync::Arc;

use abi::Errno;
use abi::socket::{MSG_PEEK, Ucred};

use crate::net::flight::Flying;
use crate::net::message::{Outgoing, Received};
use crate::sync::Mutex;
use crate::wait::{Events, WaitQueue};

/// How a connection carries what is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Unix stream: bytes, with the files of a message between those of its neighbours.
    Bytes,
    /// Unix seqpacket: records.
    Records,
    /// TCP: bytes; a shut reader still takes them in; closing with unread bytes resets.
    Tcp,
}

/// What was written at once.
struct Segment {
    bytes: Vec<u8>,
    taken: usize,
    from: Ucred,
    files: Vec<Flying>,
}

impl Segment {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }
}

/// What flows to one end, and that end's state.
struct Side {
    inbox: VecDeque<Segment>,
    /// Bytes in the inbox.
    held: usize,
    /// The most bytes that the other end may have under way.
    capacity: usize,
    /// This end will not read any more.
    read_shut: bool,
    /// This end will not write any more.
    write_shut: bool,
    /// This end's socket is closed.
    closed: bool,
    /// The connection was reset: this end's next call says why.
    error: Option<Errno>,
    reset: bool,
    /// This end asks who sends: SO_PASSCRED, or nobody has accepted its socket yet.
    asks_sender: bool,
    queue: Arc<WaitQueue>,
}

impl Side {
    fn new(queue: Arc<WaitQueue>, capacity: usize) -> Side {
        Side {
            inbox: VecDeque::new(),
            held: 0,
            capacity,
            read_shut: false,
            write_shut: false,
            closed: false,
            error: None,
            reset: false,
            asks_sender: false,
            queue,
        }
    }

    fn free(&self) -> usize {
        self.capacity.saturating_sub(self.held)
    }

    /// Whether poll(2) calls the way to this side open, which Linux does once most of it is free.
    fn roomy(&self) -> bool {
        self.held.saturating_mul(4) <= self.capacity.saturating_mul(if self.capacity < 8192 { 2 } else { 1 })
    }
}

/// The two ends of a connection.
struct Connection {
    style: Style,
    sides: Mutex<(Side, Side)>,
}

/// One end of a connection.
#[derive(Clone)]
pub struct Link {
    connection: Arc<Connection>,
    second: bool,
}

/// How an end of a connection is to be made: where it announces, and how much it takes in.
pub struct End {
    /// The socket's queue.
    pub queue: Arc<WaitQueue>,
    /// The most bytes under way to it.
    pub capacity: usize,
}

impl Link {
    /// Two ends that are connected.
    pub fn pair(style: Style, first: End, second: End) -> (Link, Link) {
        let sides = (Side::new(first.queue, first.capacity), Side::new(second.queue, second.capacity));
        let connection = Arc::new(Connection { style, sides: Mutex::new(sides) });
        (Link { connection: Arc::clone(&connection), second: false }, Link { connection, second: true })
    }

    /// Asks or changes this end and the other.
    fn with<T>(&self, act: impl FnOnce(&mut Side, &mut Side) -> T) -> T {
        let mut sides = self.connection.sides.lock();
        let (first, second) = &mut *sides;
        if self.second { act(second, first) } else { act(first, second) }
    }

    fn tell_other(&self, events: Events) {
        let queue = self.with(|_, other| Arc::clone(&other.queue));
        queue.announce(events);
    }

    fn tell_own(&self, events: Events) {
        let queue = self.with(|own, _| Arc::clone(&own.queue));
        queue.announce(events);
    }

    /// Sends bytes or a record. `EPIPE` where nobody will read, `EAGAIN` where there is no room.
    pub fn send(&self, message: &mut Outgoing) -> Result<usize, Errno> {
        let style = self.connection.style;
        let sent = self.with(|own, other| {
            if let Some(errno) = own.error.take() {
                return Err(errno);
            }
            let deaf = match style {
                Style::Tcp => own.reset,
                Style::Bytes | Style::Records => other.read_shut || other.closed,
            };
            if own.write_shut || deaf {
                return Err(Errno::EPIPE);
            }
            if style == Style::Tcp && other.closed {
                // The first bytes to a socket that has closed are sent, and answered by a reset.
                own.reset = true;
                own.error = Some(Errno::EPIPE);
                return Ok(message.bytes.len());
            }
            push(style, other, message)
        })?;
        self.tell_other(Events::IN | Events::RDNORM);
        Ok(sent)
    }

    /// Receives bytes or a record; nothing at the end of the stream, `EAGAIN` where more may come.
    /// With `tell_ucred`, bytes of different senders are not mixed.
    pub fn receive(&self, buffer: &mut [u8], flags: u32, tell_ucred: bool) -> Result<Received, Errno> {
        let style = self.connection.style;
        let peek = flags & MSG_PEEK != 0;
        let got = self.with(|own, other| {
            if own.inbox.is_empty() {
                return match own.error.take() {
                    Some(errno) => Err(errno),
                    None if own.read_shut || other.write_shut || other.closed || own.reset => Ok(Received::default()),
                    None => Err(Errno::EAGAIN),
                };
            }
            if style == Style::Records {
                return Ok(pull_record(own, buffer, peek));
            }
            Ok(pull_bytes(own, buffer, peek, tell_ucred))
        })?;
        if !peek {
            self.tell_other(Events::OUT | Events::WRNORM);
        }
        Ok(got)
    }

    /// shutdown(2).
    pub fn shut(&self, read: bool, write: bool) {
        self.with(|own, _| {
            own.read_shut |= read;
            own.write_shut |= write;
        });
        self.tell_other(Events::IN | Events::RDNORM | Events::RDHUP | Events::OUT | Events::HUP);
        self.tell_own(Events::IN | Events::RDNORM | Events::RDHUP | Events::OUT | Events::HUP);
    }

    /// The socket of this end is closed. The other end reads what is under way, then an end of file; an
    /// error where this end had bytes unread, or where `abort`.
    pub fn close(&self, abort: bool) {
        let style = self.connection.style;
        let unread = self.with(|own, other| {
            own.closed = true;
            own.read_shut = true;
            own.write_shut = true;
            if (abort || own.held > 0 || !own.inbox.is_empty()) && !other.closed {
                other.error = Some(Errno::ECONNRESET);
                other.reset = style == Style::Tcp;
            }
            own.held = 0;
            std::mem::take(&mut own.inbox)
        });
        self.tell_other(Events::all());
        drop(unread);
    }

    /// What poll(2) says of this end.
    pub fn poll(&self) -> Events {
        let tcp = self.connection.style == Style::Tcp;
        self.with(|own, other| {
            let mut events = Events::empty();
            let no_more = own.read_shut || other.write_shut || other.closed || own.reset;
            let no_writing = own.write_shut || own.reset || (!tcp && (other.read_shut || other.closed));
            events.set(Events::IN | Events::RDNORM, no_more || !own.inbox.is_empty());
            events.set(Events::RDHUP, no_more);
            events.set(Events::HUP, no_more && no_writing);
            events.set(Events::OUT | Events::WRNORM, other.roomy() || other.closed || (tcp && no_writing));
            events.set(Events::ERR, own.error.is_some());
            events
        })
    }

    /// SO_ERROR: why the connection was reset, once.
    pub fn take_error(&self) -> Option<Errno> {
        self.with(|own, _| own.error.take())
    }

    /// Whether it was reset, so that it has no peer any more.
    pub fn is_reset(&self) -> bool {
        self.with(|own, _| own.reset)
    }

    /// The bytes that can be read, FIONREAD.
    pub fn pending(&self) -> usize {
        match self.connection.style {
            Style::Records => self.with(|own, _| own.inbox.front().map_or(0, |record| record.rest().len())),
            _ => self.with(|own, _| own.held),
        }
    }

    /// The bytes that the other end has not read, SIOCOUTQ.
    pub fn unsent(&self) -> usize {
        self.with(|_, other| other.held)
    }

    /// Whether the other end asks who sends.
    pub fn asks_sender(&self) -> bool {
        self.with(|_, other| other.asks_sender)
    }

    /// From now on this end asks who sends, or does not.
    pub fn ask_sender(&self, on: bool) {
        self.with(|own, _| own.asks_sender = on);
    }

    /// How much may be under way to the other end, SO_SNDBUF.
    pub fn set_capacity(&self, bytes: usize) {
        self.with(|_, other| other.capacity = bytes);
        self.tell_own(Events::OUT | Events::WRNORM);
    }

    /// The files in what this end has not read, by address.
    pub fn flying(&self) -> Vec<usize> {
        self.with(|own, _| own.inbox.iter().flat_map(|segment| &segment.files).filter_map(Flying::key).collect())
    }

    /// Takes the files out of what this end has not read.
    pub fn take_flying(&self) -> Vec<Flying> {
        self.with(|own, _| own.inbox.iter_mut().flat_map(|segment| std::mem::take(&mut segment.files)).collect())
    }

    /// How both ends stand, for /proc/net: (this end wrote its last, the other did).
    pub fn ended(&self) -> (bool, bool) {
        self.with(|own, other| (own.write_shut, other.write_shut || other.closed))
    }
}

/// Puts what fits into `to`'s inbox.
fn push(style: Style, to: &mut Side, message: &mut Outgoing) -> Result<usize, Errno> {
    let free = to.free();
    let fits = match style {
        Style::Records if message.bytes.len() > to.capacity => return Err(Errno::EMSGSIZE),
        Style::Records if message.bytes.len() > free && to.held > 0 => return Err(Errno::EAGAIN),
        Style::Records => message.bytes.len(),
        _ if message.bytes.is_empty() => return Ok(0),
        _ if free == 0 => return Err(Errno::EAGAIN),
        _ => message.bytes.len().min(free),
    };
    let piece = message.bytes.get(..fits).unwrap_or_default();
    let files = std::mem::take(&mut message.files);
    to.held = to.held.saturating_add(fits);
    match to.inbox.back_mut() {
        Some(last) if style != Style::Records && may_join(last, message, &files, fits) => {
            last.bytes.extend_from_slice(piece);
        }
        _ => to.inbox.push_back(Segment { bytes: piece.to_vec(), taken: 0, from: message.from, files }),
    }
    Ok(fits)
}

/// Whether bytes may be put behind those of `last`, so that many small writes cost little.
fn may_join(last: &Segment, message: &Outgoing, files: &[Flying], count: usize) -> bool {
    const SMALL: usize = 16384;
    let together = last.bytes.len().saturating_add(count);
    together <= SMALL && files.is_empty() && last.files.is_empty() && last.from == message.from
}

/// Gives out the front record; what does not fit is lost.
fn pull_record(side: &mut Side, buffer: &mut [u8], peek: bool) -> Received {
    let Some(front) = side.inbox.front_mut() else { return Received::default() };
    let mut got = Received { ucred: Some(front.from), end_of_record: true, ..Received::default() };
    got.full = front.rest().len();
    got.count = copy(front.rest(), buffer);
    got.files = deliver(&mut front.files, peek);
    if !peek {
        side.held = side.held.saturating_sub(got.full);
        side.inbox.pop_front();
    }
    got
}

/// Gives out bytes until the buffer is full or a message with files has been begun.
fn pull_bytes(side: &mut Side, buffer: &mut [u8], peek: bool, tell_ucred: bool) -> Received {
    let mut got = Received::default();
    let mut done_segments = 0;
    for segment in &mut side.inbox {
        let Some(place) = buffer.get_mut(got.count..).filter(|place| !place.is_empty()) else { break };
        if tell_ucred && got.ucred.is_some_and(|ucred| ucred != segment.from) {
            break;
        }
        got.ucred = Some(segment.from);
        let count = copy(segment.rest(), place);
        got.count = got.count.saturating_add(count);
        got.files = deliver(&mut segment.files, peek);
        if !peek {
            segment.taken = segment.taken.saturating_add(count);
            done_segments += usize::from(segment.rest().is_empty());
        }
        if !got.files.is_empty() {
            break;
        }
    }
    if !peek {
        side.held = side.held.saturating_sub(got.count);
        side.inbox.drain(..done_segments);
    }
    got.full = got.count;
    got
}

fn deliver(files: &mut Vec<Flying>, peek: bool) -> Vec<Arc<crate::vfs::OpenFile>> {
    if peek {
        return files.iter().filter_map(Flying::file).map(Arc::clone).collect();
    }
    std::mem::take(files).into_iter().filter_map(Flying::land).collect()
}

/// Copies what fits; answers how much.
pub fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..count), to.get_mut(..count)) {
        to.copy_from_slice(from);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(style: Style) -> (Link, Link) {
        let end = || End { queue: Arc::new(WaitQueue::new()), capacity: 1000 };
        Link::pair(style, end(), end())
    }

    fn send(link: &Link, bytes: &[u8]) -> Result<usize, Errno> {
        link.send(&mut Outgoing { from: Ucred::default(), bytes, to: None, claimed: false, files: Vec::new() })
    }

    fn receive(link: &Link, most: usize) -> Result<Vec<u8>, Errno> {
        let mut buffer = vec![0; most];
        let got = link.receive(&mut buffer, 0, false)?;
        buffer.truncate(got.count);
        Ok(buffer)
    }

    #[test]
    fn bytes_lose_their_borders_and_records_keep_them() {
        let (a, b) = pair(Style::Bytes);
        assert_eq!((send(&a, b"one"), send(&a, b"two")), (Ok(3), Ok(3)));
        assert_eq!(receive(&b, 10), Ok(b"onetwo".to_vec()));
        assert_eq!(receive(&b, 10), Err(Errno::EAGAIN));
        let (a, b) = pair(Style::Records);
        assert_eq!((send(&a, b"one"), send(&a, b"two")), (Ok(3), Ok(3)));
        assert_eq!(receive(&b, 2), Ok(b"on".to_vec()));
        assert_eq!(receive(&b, 10), Ok(b"two".to_vec()));
        assert_eq!(send(&a, &[0; 2000]), Err(Errno::EMSGSIZE));
    }

    #[test]
    fn a_full_way_takes_a_part_and_then_nothing() {
        let (a, b) = pair(Style::Bytes);
        assert_eq!(send(&a, &[1; 1500]), Ok(1000));
        assert_eq!(send(&a, &[1; 5]), Err(Errno::EAGAIN));
        assert!(!a.poll().contains(Events::OUT));
        assert_eq!(receive(&b, 1000).map(|all| all.len()), Ok(1000));
        assert!(a.poll().contains(Events::OUT));
    }

    #[test]
    fn half_a_connection_can_be_shut() {
        let (a, b) = pair(Style::Tcp);
        send(&a, b"last").expect("there is room");
        a.shut(false, true);
        assert_eq!(send(&a, b"more"), Err(Errno::EPIPE));
        assert_eq!(receive(&b, 10), Ok(b"last".to_vec()));
        assert_eq!(receive(&b, 10), Ok(Vec::new()));
        assert_eq!(send(&b, b"answer"), Ok(6));
        assert_eq!(receive(&a, 10), Ok(b"answer".to_vec()));
        assert!(b.poll().contains(Events::RDHUP) && !b.poll().contains(Events::HUP));
    }

    #[test]
    fn closing_with_bytes_unread_resets_the_other_end() {
        let (a, b) = pair(Style::Tcp);
        send(&a, b"unread").expect("there is room");
        b.close(false);
        assert!(a.poll().contains(Events::ERR | Events::HUP));
        assert_eq!(receive(&a, 1), Err(Errno::ECONNRESET));
        assert_eq!(receive(&a, 1), Ok(Vec::new()));
        assert_eq!(send(&a, b"x"), Err(Errno::EPIPE));
    }

    #[test]
    fn the_first_bytes_to_a_closed_tcp_socket_are_sent_and_the_next_are_not() {
        let (a, b) = pair(Style::Tcp);
        b.close(false);
        assert_eq!(receive(&a, 1), Ok(Vec::new()));
        assert_eq!(send(&a, b"x"), Ok(1));
        assert_eq!(send(&a, b"x"), Err(Errno::EPIPE));
        let (a, b) = pair(Style::Bytes);
        b.close(false);
        assert_eq!(send(&a, b"x"), Err(Errno::EPIPE));
    }
}
