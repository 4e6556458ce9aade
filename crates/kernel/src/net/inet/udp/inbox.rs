//! The datagrams that came and that nobody has received.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use crate::time::Nanos;

/// What a datagram counts beside its bytes, as the host's `struct sk_buff` does on Linux: empty ones fill a queue too.
const OVERHEAD: usize = 512;

/// A datagram that came.
pub(super) struct Datagram {
    pub(super) bytes: Vec<u8>,
    /// Who sent it, as it is shown.
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// When, by CLOCK_REALTIME.
    pub(super) came: Nanos,
    /// The other pod that sent it, if it is another one.
    pub(super) sender: Option<IpAddr>,
}

/// The queue of one socket.
#[derive(Default)]
pub(super) struct Inbox {
    list: VecDeque<Datagram>,
    held: usize,
    by_sender: HashMap<IpAddr, usize>,
}

fn cost(datagram: &Datagram) -> usize {
    datagram.bytes.len().saturating_add(OVERHEAD)
}

impl Inbox {
    /// The oldest.
    pub(super) fn front(&self) -> Option<&Datagram> {
        self.list.front()
    }

    /// What they count together.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Takes one in; false where it is lost. One always fits. Of another pod's at most as much is kept as there would be
    /// room for besides, so that a flood of one leaves room for others, however many there are.
    pub(super) fn push(&mut self, datagram: Datagram, limit: usize) -> bool {
        let cost = cost(&datagram);
        let room = limit.saturating_sub(self.held);
        let of_sender = datagram.sender.map_or(0, |sender| self.by_sender.get(&sender).copied().unwrap_or(0));
        if self.held > 0 && of_sender.saturating_add(cost) > room {
            return false;
        }
        self.held = self.held.saturating_add(cost);
        if let Some(sender) = datagram.sender {
            self.by_sender.insert(sender, of_sender.saturating_add(cost));
        }
        self.list.push_back(datagram);
        true
    }

    /// Takes the oldest out.
    pub(super) fn pop(&mut self) {
        let Some(datagram) = self.list.pop_front() else { return };
        let cost = cost(&datagram);
        self.held = self.held.saturating_sub(cost);
        let Some(sender) = datagram.sender else { return };
        match self.by_sender.get_mut(&sender) {
            Some(count) if *count > cost => *count = count.saturating_sub(cost),
            _ => drop(self.by_sender.remove(&sender)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sender: Option<&str>, length: usize) -> Datagram {
        let at = "10.42.0.2:53".parse().expect("it is an address");
        let sender = sender.map(|text| text.parse().expect("it is an address"));
        Datagram { bytes: vec![0; length], from: at, to: at, came: 0, sender }
    }

    fn fill(inbox: &mut Inbox, sender: Option<&str>, limit: usize) -> usize {
        (0..).take_while(|_| inbox.push(of(sender, 1000), limit)).count()
    }

    #[test]
    fn a_flood_leaves_room_for_others_however_many_flood() {
        let (mut inbox, limit) = (Inbox::default(), 200_000);
        assert!(fill(&mut inbox, Some("10.42.0.3"), limit) > 60);
        assert!(fill(&mut inbox, Some("10.42.0.4"), limit) > 30);
        assert!(fill(&mut inbox, Some("10.42.0.5"), limit) > 15);
        assert!(inbox.push(of(Some("10.42.0.6"), 1000), limit));
        assert!(inbox.held() <= limit);
    }

    #[test]
    fn the_pods_own_fill_it_up_and_one_always_fits() {
        let mut inbox = Inbox::default();
        assert!(inbox.push(of(None, 65507), 2304));
        assert!(!inbox.push(of(None, 0), 2304));
        inbox.pop();
        assert_eq!((inbox.held(), fill(&mut inbox, None, 15_120)), (0, 10));
    }

    #[test]
    fn what_was_received_makes_room_for_who_sent_it() {
        let (mut inbox, limit) = (Inbox::default(), 20_000);
        let first = fill(&mut inbox, Some("10.42.0.3"), limit);
        (0..first).for_each(|_| inbox.pop());
        assert_eq!((inbox.held(), inbox.by_sender.len()), (0, 0));
        assert_eq!(fill(&mut inbox, Some("10.42.0.3"), limit), first);
    }

    #[test]
    fn empty_datagrams_fill_a_queue_too() {
        let mut inbox = Inbox::default();
        assert!((0..1000).take_while(|_| inbox.push(of(None, 0), 20_000)).count() < 100);
    }
}
