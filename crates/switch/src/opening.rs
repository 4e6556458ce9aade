//! Connections to the machine's network that are being made.
//!
//! Owns: [`Openings`], which pod waits for which, and how many a pod may wait for. Does not own: where they may lead
//! (`egress`, `policy`).
//!
//! A kernel asks again after 1, 2, 4 … seconds while nobody has answered; the host sends its own SYNs again meanwhile.
//! So a question from the same port for the same address is the same connection, and its answer the last question's.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use crate::tables::PodId;

/// How many a pod may wait for at once; one more is a lost packet, which its kernel sends again.
pub(crate) const MOST: usize = 128;
/// After how many seconds one is given up that nobody has asked for again: a kernel asks at least each 64.
const FORGOTTEN: u64 = 70;

/// What a pod asked for: from its port, where to.
pub(crate) type Wish = (PodId, u16, SocketAddr);

/// A connection that does not stand yet.
pub(crate) struct Opening {
    pub(crate) wish: Wish,
    /// The last question's.
    pub(crate) number: u32,
    pub(crate) socket: OwnedFd,
    /// Where the socket is connected to.
    pub(crate) to: SocketAddr,
    /// When it was asked for last, in seconds.
    asked: u64,
}

/// All of them, by their tokens.
#[derive(Default)]
pub(crate) struct Openings {
    all: HashMap<u64, Opening>,
    tokens: HashMap<Wish, u64>,
    counts: HashMap<PodId, usize>,
}

impl Openings {
    /// Whether that is being made already; its answer is then that of `number`.
    pub(crate) fn ask_again(&mut self, wish: Wish, number: u32, now: u64) -> bool {
        let opening = self.tokens.get(&wish).and_then(|token| self.all.get_mut(token));
        opening.map(|opening| (opening.number, opening.asked) = (number, now)).is_some()
    }

    /// Whether a pod may wait for one more, once those are given up that nobody asks for any more.
    pub(crate) fn has_room(&mut self, pod: PodId, now: u64) -> bool {
        if self.counts.get(&pod).is_none_or(|count| *count < MOST) {
            return true;
        }
        let old = |opening: &Opening| opening.wish.0 == pod && now.saturating_sub(opening.asked) >= FORGOTTEN;
        let given_up: Vec<u64> = self.all.iter().filter(|(_, opening)| old(opening)).map(|(token, _)| *token).collect();
        given_up.iter().filter_map(|token| self.take(*token)).count() > 0
    }

    /// One more.
    pub(crate) fn add(&mut self, token: u64, wish: Wish, number: u32, now: u64, (socket, to): (OwnedFd, SocketAddr)) {
        self.tokens.insert(wish, token);
        *self.counts.entry(wish.0).or_default() += 1;
        self.all.insert(token, Opening { wish, number, socket, to, asked: now });
    }

    /// The one of that token.
    pub(crate) fn get(&self, token: u64) -> Option<&Opening> {
        self.all.get(&token)
    }

    /// It is over, or stands.
    pub(crate) fn take(&mut self, token: u64) -> Option<Opening> {
        let opening = self.all.remove(&token)?;
        self.tokens.remove(&opening.wish);
        let pod = opening.wish.0;
        if let Some(count) = self.counts.get_mut(&pod) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&pod);
            }
        }
        Some(opening)
    }

    /// The pod is gone, and with it all that it waits for.
    pub(crate) fn remove_pod(&mut self, pod: PodId) {
        if !self.counts.contains_key(&pod) {
            return;
        }
        let own: Vec<u64> = self.all.iter().filter(|(_, one)| one.wish.0 == pod).map(|(token, _)| *token).collect();
        own.into_iter().for_each(|token| drop(self.take(token)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: PodId = PodId(1);
    const OTHER: PodId = PodId(2);

    fn wish(pod: PodId, port: u16) -> Wish {
        (pod, port, "192.0.2.1:80".parse().expect("it is an address"))
    }

    fn add(openings: &mut Openings, token: u64, wish: Wish, now: u64) {
        let (socket, _) = platform::packet::stream_pair().expect("the host has sockets");
        openings.add(token, wish, 7, now, (socket, wish.2));
    }

    #[test]
    fn the_same_wish_is_the_same_connection_and_the_last_question_is_answered() {
        let mut openings = Openings::default();
        assert!(!openings.ask_again(wish(POD, 1), 8, 0));
        add(&mut openings, 10, wish(POD, 1), 0);
        assert!(openings.ask_again(wish(POD, 1), 8, 1));
        assert!(!openings.ask_again(wish(OTHER, 1), 9, 1), "another pod's is another");
        assert_eq!(openings.take(10).map(|opening| opening.number), Some(8));
        assert!(!openings.ask_again(wish(POD, 1), 8, 2));
    }

    #[test]
    fn a_pod_waits_for_so_many_and_costs_no_other_its_own() {
        let mut openings = Openings::default();
        for port in 0..MOST as u16 {
            assert!(openings.has_room(POD, 0));
            add(&mut openings, u64::from(port), wish(POD, port), 0);
        }
        assert!(!openings.has_room(POD, FORGOTTEN - 1));
        assert!(openings.has_room(OTHER, FORGOTTEN - 1));
        openings.ask_again(wish(POD, 5), 8, FORGOTTEN - 1);
        assert!(openings.has_room(POD, FORGOTTEN));
        assert!(openings.get(5).is_some(), "it was asked for again");
        assert!(openings.get(6).is_none());
        add(&mut openings, 1000, wish(OTHER, 1), 0);
        openings.remove_pod(POD);
        assert!(openings.get(5).is_none() && openings.get(1000).is_some());
        assert!(openings.counts.keys().eq([&OTHER]));
    }
}
