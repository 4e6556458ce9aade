//! Where the datagrams of one socket go: for the address that a guest names, the pod behind it.
//!
//! Owns: [`Flows`], what is known, a function of the switch's answers and of time. It is what conntrack is on a node of
//! kube-proxy's: a socket keeps to its endpoint of a Service while that serves, and what comes back is shown as coming
//! from the Service. Does not own: asking.

use std::collections::HashMap;
use std::net::SocketAddr;

use abi::Errno;

use crate::time::{Nanos, SECOND};

/// How many addresses a socket knows the way to; the one that has rested longest is forgotten.
const MOST: usize = 1024;
/// How long an endpoint of a Service is taken for good, while datagrams go to it.
const FRESH: Nanos = SECOND;
/// After how long the switch is asked again, and how often.
const AGAIN: Nanos = SECOND;
const TRIES: u32 = 3;
/// For how long it is not asked again after it has said no.
const REFUSED: Nanos = 20_000_000;

/// What to do for a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Send it there.
    Go(SocketAddr),
    /// Send it there, and ask whether that still serves.
    GoAndAsk(SocketAddr),
    /// Ask, and wait.
    Ask,
    /// Wait.
    Wait,
    /// It is lost on the way, as a policy has it.
    Lose,
    /// It cannot be sent.
    Fail(Errno),
}

#[derive(Default)]
struct Flow {
    endpoint: Option<SocketAddr>,
    failed: Option<(Errno, Nanos)>,
    asked: Option<Question>,
    known: Nanos,
    used: Nanos,
}

#[derive(Clone, Copy)]
struct Question {
    number: u32,
    again: Nanos,
    tries: u32,
}

/// What one socket knows.
#[derive(Default)]
pub(super) struct Flows(HashMap<SocketAddr, Flow>);

impl Flows {
    /// What to do for a datagram to `to`. `direct` says that a pod at that very address is known.
    pub(super) fn step(&mut self, to: SocketAddr, direct: bool, now: Nanos) -> Step {
        if !self.0.contains_key(&to) {
            self.make_room();
        }
        let flow = self.0.entry(to).or_default();
        flow.used = now;
        if direct && flow.endpoint.is_none() {
            *flow = Flow { endpoint: Some(to), known: now, used: now, ..Flow::default() };
        }
        match (flow.endpoint, flow.failed, flow.asked) {
            (Some(endpoint), ..) if endpoint == to => Step::Go(endpoint),
            (Some(endpoint), ..) if now < flow.known.saturating_add(FRESH) => Step::Go(endpoint),
            (Some(endpoint), ..) => Step::GoAndAsk(endpoint),
            (None, Some((Errno::EAGAIN, until)), _) if now < until => Step::Lose,
            (None, Some((errno, until)), _) if now < until => Step::Fail(errno),
            (None, _, Some(question)) if now < question.again => Step::Wait,
            (None, _, Some(question)) if question.tries >= TRIES => {
                flow.asked = None;
                Step::Fail(Errno::EHOSTUNREACH)
            }
            (None, ..) => Step::Ask,
        }
    }

    /// The switch was asked about `to`.
    pub(super) fn asked(&mut self, to: SocketAddr, number: u32, now: Nanos) {
        let flow = self.0.entry(to).or_default();
        let tries = flow.asked.map_or(0, |question| question.tries).saturating_add(1);
        flow.asked = Some(Question { number, again: now.saturating_add(AGAIN), tries });
        flow.known = now;
    }

    /// The switch has answered a question about `to`.
    pub(super) fn answered(&mut self, to: SocketAddr, number: u32, answer: Result<SocketAddr, Errno>, now: Nanos) {
        let Some(flow) = self.0.get_mut(&to) else { return };
        if flow.asked.is_none_or(|question| question.number != number) {
            return;
        }
        flow.asked = None;
        flow.known = now;
        (flow.endpoint, flow.failed) = match answer {
            Ok(endpoint) => (Some(endpoint), None),
            Err(errno) => (None, Some((errno, now.saturating_add(REFUSED)))),
        };
    }

    /// There is a new switch, which knows nothing of what was asked about `to`.
    pub(super) fn ask_again(&mut self, to: SocketAddr) {
        if let Some(flow) = self.0.get_mut(&to) {
            flow.asked = None;
        }
    }

    /// The address that was named where `endpoint` is what answers; nothing where nothing was sent there.
    pub(super) fn named(&self, endpoint: SocketAddr) -> Option<SocketAddr> {
        let leads = |flow: &Flow| flow.endpoint == Some(endpoint);
        if self.0.get(&endpoint).is_some_and(leads) {
            return Some(endpoint);
        }
        let flows = self.0.iter().filter(|(_, flow)| leads(flow));
        flows.max_by_key(|(_, flow)| flow.used).map(|(named, _)| *named)
    }

    fn make_room(&mut self) {
        if self.0.len() < MOST {
            return;
        }
        if let Some(oldest) = self.0.iter().min_by_key(|(_, flow)| flow.used).map(|(to, _)| *to) {
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("it is an address")
    }

    const MINUTE: Nanos = 60 * SECOND;

    #[test]
    fn a_socket_keeps_to_its_endpoint_and_asks_now_and_then() {
        let (mut flows, service, first, second) =
            (Flows::default(), at("10.96.0.9:53"), at("10.42.0.3:53"), at("10.42.0.4:53"));
        assert_eq!(flows.step(service, false, 0), Step::Ask);
        flows.asked(service, 1, 0);
        assert_eq!(flows.step(service, false, 1), Step::Wait);
        flows.answered(service, 9, Ok(second), 2);
        assert_eq!(flows.step(service, false, 2), Step::Wait, "an answer to another question is none");
        flows.answered(service, 1, Ok(first), 2);
        assert_eq!(flows.step(service, false, 3), Step::Go(first));
        assert_eq!(flows.named(first), Some(service));
        assert_eq!(flows.named(second), None);
        assert_eq!(flows.step(service, false, MINUTE), Step::GoAndAsk(first));
        flows.asked(service, 2, MINUTE);
        assert_eq!(flows.step(service, false, MINUTE + 1), Step::Go(first));
        flows.answered(service, 2, Ok(second), MINUTE + 2);
        assert_eq!(flows.step(service, false, MINUTE + 3), Step::Go(second));
        assert_eq!((flows.named(first), flows.named(second)), (None, Some(service)));
    }

    #[test]
    fn a_pod_that_is_known_needs_no_question() {
        let (mut flows, pod) = (Flows::default(), at("10.42.0.3:53"));
        assert_eq!(flows.step(pod, true, 0), Step::Go(pod));
        assert_eq!(flows.step(pod, false, MINUTE), Step::Go(pod));
        assert_eq!(flows.named(pod), Some(pod));
    }

    #[test]
    fn a_refusal_holds_for_a_moment_and_a_silent_switch_is_given_up() {
        let (mut flows, to) = (Flows::default(), at("192.0.2.1:53"));
        flows.step(to, false, 0);
        flows.asked(to, 1, 0);
        flows.answered(to, 1, Err(Errno::ENETUNREACH), 0);
        assert_eq!(flows.step(to, false, 1), Step::Fail(Errno::ENETUNREACH));
        assert_eq!(flows.step(to, false, SECOND), Step::Ask);
        flows.asked(to, 1, SECOND);
        flows.answered(to, 1, Err(Errno::EAGAIN), SECOND);
        assert_eq!(flows.step(to, false, SECOND + 1), Step::Lose);
        for number in 2..5 {
            assert_eq!(flows.step(to, false, SECOND * u64::from(number)), Step::Ask);
            flows.asked(to, number, SECOND * u64::from(number));
        }
        assert_eq!(flows.step(to, false, SECOND * 5), Step::Fail(Errno::EHOSTUNREACH));
    }

    #[test]
    fn a_socket_that_sends_everywhere_keeps_a_bounded_number() {
        let mut flows = Flows::default();
        for port in 1..5000 {
            flows.step(SocketAddr::new("10.42.0.3".parse().expect("it is an address"), port), true, u64::from(port));
        }
        assert_eq!(flows.0.len(), MOST);
    }
}
