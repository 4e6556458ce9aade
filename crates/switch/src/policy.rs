//! NetworkPolicies, as flat rules: who may connect to whom.
//!
//! Owns: [`Policies`], and the check of one connection. Does not own: what the API's policies come to, which the node
//! decides (docs/network.md). A pod is known by its name, not by its address: an address is given again, and what was
//! allowed to the pod that had it is not allowed to the one that has it.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use wire::Transport;

use crate::network::Network;

/// Who takes part in a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Party<'a> {
    /// A pod, and the address that it has.
    Pod(&'a str, IpAddr),
    /// An address that is no pod's.
    Outside(IpAddr),
}

/// Ports of one kind of transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ports {
    pub(crate) transport: Transport,
    pub(crate) first: u16,
    pub(crate) last: u16,
}

/// Addresses, without some of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    pub(crate) whole: Network,
    pub(crate) except: Vec<Network>,
}

/// Connections that are allowed: with any of these, at any of these ports.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rule {
    pub(crate) anyone: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) blocks: Vec<Block>,
    /// Every port, where there is no list.
    pub(crate) ports: Option<Vec<Ports>>,
}

/// What a pod may do; nothing is said of a direction in which it is not isolated.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) ingress: Option<Vec<Rule>>,
    pub(crate) egress: Option<Vec<Rule>>,
}

/// What the node has told of policies.
#[derive(Default)]
pub(crate) struct Policies {
    rules: HashMap<String, Rules>,
    groups: HashMap<String, HashSet<String>>,
}

impl Block {
    fn contains(&self, ip: IpAddr) -> bool {
        self.whole.contains(ip) && !self.except.iter().any(|network| network.contains(ip))
    }
}

impl Policies {
    /// The rules of a pod, in place of those that it had.
    pub(crate) fn set_rules(&mut self, pod: String, rules: Rules) {
        self.rules.insert(pod, rules);
    }

    /// From now on a pod is open.
    pub(crate) fn remove_rules(&mut self, pod: &str) {
        self.rules.remove(pod);
    }

    /// The pods of a group.
    pub(crate) fn set_group(&mut self, group: String, pods: HashSet<String>) {
        self.groups.insert(group, pods);
    }

    /// No rule names this group any more.
    pub(crate) fn remove_group(&mut self, group: &str) {
        self.groups.remove(group);
    }

    /// Whether `from` may connect to `port` of `to`, which is where a Service's address has led. Both sides must allow
    /// it; a pod reaches itself whatever they say.
    pub(crate) fn allow(&self, from: Party<'_>, to: Party<'_>, transport: Transport, port: u16) -> bool {
        if from == to {
            return true;
        }
        let rules = |party| match party {
            Party::Pod(name, _) => self.rules.get(name),
            Party::Outside(_) => None,
        };
        let opens = |rules: Option<&Vec<Rule>>, peer| {
            rules.is_none_or(|rules| rules.iter().any(|rule| self.opens(rule, peer, transport, port)))
        };
        opens(rules(from).and_then(|rules| rules.egress.as_ref()), to)
            && opens(rules(to).and_then(|rules| rules.ingress.as_ref()), from)
    }

    fn opens(&self, rule: &Rule, peer: Party<'_>, transport: Transport, port: u16) -> bool {
        let fits = |ports: &Ports| ports.transport == transport && (ports.first..=ports.last).contains(&port);
        if !rule.ports.as_ref().is_none_or(|all| all.iter().any(fits)) {
            return false;
        }
        let (Party::Pod(_, ip) | Party::Outside(ip)) = peer;
        let is_member = |group: &String| match peer {
            Party::Pod(name, _) => self.groups.get(group).is_some_and(|pods| pods.contains(name)),
            Party::Outside(_) => false,
        };
        rule.anyone || rule.groups.iter().any(is_member) || rule.blocks.iter().any(|block| block.contains(ip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: Party<'_> = Party::Pod("web", IpAddr::V4(std::net::Ipv4Addr::new(10, 42, 0, 2)));
    const API: Party<'_> = Party::Pod("api", IpAddr::V4(std::net::Ipv4Addr::new(10, 42, 0, 3)));

    fn outside(text: &str) -> Party<'static> {
        Party::Outside(text.parse().expect("it is an address"))
    }

    fn network(text: &str) -> Network {
        Network::parse(text).expect("it is a network")
    }

    fn tcp(first: u16, last: u16) -> Option<Vec<Ports>> {
        Some(vec![Ports { transport: Transport::Tcp, first, last }])
    }

    fn isolated(ingress: Vec<Rule>) -> Policies {
        let mut policies = Policies::default();
        policies.set_rules("api".to_owned(), Rules { ingress: Some(ingress), egress: None });
        policies.set_group("webs".to_owned(), HashSet::from(["web".to_owned()]));
        policies
    }

    #[test]
    fn who_is_not_isolated_is_open_and_who_is_isolated_without_a_rule_is_shut() {
        let policies = isolated(vec![]);
        assert!(policies.allow(API, WEB, Transport::Tcp, 80));
        assert!(!policies.allow(WEB, API, Transport::Tcp, 80));
        assert!(!policies.allow(outside("192.0.2.1"), API, Transport::Udp, 80));
        assert!(policies.allow(API, API, Transport::Tcp, 80), "a pod cannot block itself");
    }

    #[test]
    fn rules_add_up_and_each_says_with_whom_at_which_ports() {
        let webs = Rule { groups: vec!["webs".to_owned()], ports: tcp(80, 90), ..Rule::default() };
        let any = Rule { anyone: true, ports: tcp(443, 443), ..Rule::default() };
        let policies = isolated(vec![webs, any]);
        for (port, from_web, from_outside) in
            [(79, false, false), (80, true, false), (90, true, false), (91, false, false), (443, true, true)]
        {
            assert_eq!(policies.allow(WEB, API, Transport::Tcp, port), from_web, "{port}");
            assert_eq!(policies.allow(outside("192.0.2.1"), API, Transport::Tcp, port), from_outside, "{port}");
        }
        assert!(!policies.allow(WEB, API, Transport::Udp, 80));
        let stranger = Party::Pod("other", IpAddr::V4(std::net::Ipv4Addr::new(10, 42, 0, 2)));
        assert!(!policies.allow(stranger, API, Transport::Tcp, 80), "an address is no name");
    }

    #[test]
    fn a_list_without_a_port_that_is_known_opens_none() {
        let policies = isolated(vec![Rule { anyone: true, ports: Some(vec![]), ..Rule::default() }]);
        assert!(!policies.allow(WEB, API, Transport::Tcp, 80));
    }

    #[test]
    fn blocks_count_for_pods_too_and_leave_out_what_they_except() {
        let block = Block { whole: network("10.42.0.0/16"), except: vec![network("10.42.0.2/32")] };
        let policies = isolated(vec![Rule { blocks: vec![block], ..Rule::default() }]);
        assert!(!policies.allow(WEB, API, Transport::Tcp, 80));
        assert!(policies.allow(outside("10.42.7.1"), API, Transport::Tcp, 80));
        assert!(!policies.allow(outside("10.43.0.1"), API, Transport::Tcp, 80));
    }

    #[test]
    fn both_sides_must_allow_it() {
        let mut policies = isolated(vec![Rule { anyone: true, ..Rule::default() }]);
        assert!(policies.allow(WEB, API, Transport::Tcp, 80));
        policies.set_rules("web".to_owned(), Rules { ingress: None, egress: Some(vec![]) });
        assert!(!policies.allow(WEB, API, Transport::Tcp, 80));
        policies.remove_rules("web");
        assert!(policies.allow(WEB, API, Transport::Tcp, 80));
        policies.set_rules("web".to_owned(), Rules { ingress: None, egress: Some(vec![]) });
        assert!(!policies.allow(WEB, outside("192.0.2.1"), Transport::Tcp, 80));
    }
}
