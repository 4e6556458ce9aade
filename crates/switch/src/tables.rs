//! Where an address leads: pods by their addresses, Services by theirs.
//!
//! Owns: [`Tables`], a function of what the node has told and of chance. Does not own: sockets.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use abi::Errno;
use wire::Transport;

use crate::egress::Bounds;
use crate::policy::{Party, Policies};

/// A pod, by the number that the switch gave it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct PodId(pub(crate) u64);

/// One port of a Service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Port {
    pub(crate) transport: Transport,
    pub(crate) at: SocketAddr,
}

/// What stands behind a port of a Service.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Service {
    /// Where it is served: addresses of pods.
    pub(crate) endpoints: Vec<SocketAddr>,
    /// It is served by the machine, at the address that the switch was started with.
    pub(crate) host: bool,
    /// For how many seconds a client keeps to its endpoint: sessionAffinity ClientIP.
    pub(crate) affinity: Option<u64>,
}

/// Where a connection leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// To a pod, which knows itself by that address.
    Pod(PodId, SocketAddr),
    /// To the one address of the machine.
    Host(SocketAddr),
    /// To an address outside of the cluster, which is within the operator's bounds.
    Outside(SocketAddr),
}

/// A client's endpoint of a Service, and until when it keeps to it.
struct Kept {
    endpoint: SocketAddr,
    until: u64,
}

/// What the switch knows.
#[derive(Default)]
pub(crate) struct Tables {
    /// Who may connect to whom.
    pub(crate) policies: Policies,
    names: HashMap<PodId, String>,
    addresses: HashMap<PodId, Vec<IpAddr>>,
    pods: HashMap<IpAddr, PodId>,
    services: HashMap<Port, Service>,
    /// How many ports each address of a Service has.
    service_addresses: HashMap<IpAddr, usize>,
    kept: HashMap<(Port, IpAddr), Kept>,
    host: Option<SocketAddr>,
    bounds: Bounds,
}

/// Who connects to a port of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Client {
    /// Somebody who is on the machine, as the node is: no policy bars him.
    Node(IpAddr),
    /// Somebody elsewhere.
    Outside(IpAddr),
}

impl Tables {
    /// Tables with nothing in them; `host` is what a Service of the machine leads to, `bounds` is what lies outside.
    pub(crate) fn new(host: Option<SocketAddr>, bounds: Bounds) -> Tables {
        Tables { host, bounds, ..Tables::default() }
    }

    /// Enters a pod; of two that have one address it is the later one's.
    pub(crate) fn add_pod(&mut self, pod: PodId, name: String, addresses: Vec<IpAddr>) {
        self.names.insert(pod, name);
        self.pods.extend(addresses.iter().map(|ip| (*ip, pod)));
        self.addresses.insert(pod, addresses);
    }

    /// Forgets a pod.
    pub(crate) fn remove_pod(&mut self, pod: PodId) {
        self.names.remove(&pod);
        for ip in self.addresses.remove(&pod).unwrap_or_default() {
            if self.pods.get(&ip) == Some(&pod) {
                self.pods.remove(&ip);
            }
        }
    }

    /// Enters a port of a Service, or what it has become.
    pub(crate) fn set_service(&mut self, port: Port, service: Service) {
        self.kept.retain(|(kept, _), _| *kept != port);
        if self.services.insert(port, service).is_none() {
            *self.service_addresses.entry(port.at.ip()).or_default() += 1;
        }
    }

    /// Forgets a port of a Service.
    pub(crate) fn remove_service(&mut self, port: Port) {
        self.kept.retain(|(kept, _), _| *kept != port);
        if self.services.remove(&port).is_none() {
            return;
        }
        if let Some(ports) = self.service_addresses.get_mut(&port.at.ip()) {
            *ports -= 1;
            if *ports == 0 {
                self.service_addresses.remove(&port.at.ip());
            }
        }
    }

    /// The address by which `pod` is known to those that it connects to at `like`.
    pub(crate) fn address_of(&self, pod: PodId, like: IpAddr) -> Option<IpAddr> {
        self.addresses.get(&pod)?.iter().copied().find(|ip| ip.is_ipv4() == like.is_ipv4())
    }

    /// The chance by which [`Tables::route`] chooses `endpoint`; nothing where that does not serve `port`.
    pub(crate) fn chance_of(&self, port: Port, endpoint: SocketAddr) -> Option<u64> {
        let index = self.services.get(&port)?.endpoints.iter().position(|serving| *serving == endpoint)?;
        Some(index as u64)
    }

    /// Where `pod` gets when it connects to `to` at `now` (seconds); `chance` chooses among endpoints.
    ///
    /// What a NetworkPolicy bars is `EAGAIN`, which has the kernel ask again after 1, 2, 4 … seconds and give up with
    /// `ETIMEDOUT`: network plugins drop the packet, so that a client sees a lost SYN, and a connection that becomes
    /// allowed meanwhile is made (docs/adr/0010). What is asked is the pod that a Service's address has led to.
    pub(crate) fn route(&mut self, pod: PodId, port: Port, now: u64, chance: u64) -> Result<Target, Errno> {
        let source = self.address_of(pod, port.at.ip()).ok_or(Errno::ENETUNREACH)?;
        let target = self.lead(source, port, now, chance)?;
        let to = match target {
            Target::Pod(_, at) | Target::Host(at) | Target::Outside(at) => at,
        };
        let from = Party::Pod(self.name(pod), source);
        let party = match target {
            Target::Pod(pod, at) => Party::Pod(self.name(pod), at.ip()),
            Target::Host(at) | Target::Outside(at) => Party::Outside(at.ip()),
        };
        let allowed = self.policies.allow(from, party, port.transport, to.port());
        if allowed { Ok(target) } else { Err(Errno::EAGAIN) }
    }

    /// Where somebody gets who connects to a port of the machine that leads to `port`.
    pub(crate) fn admit(
        &mut self,
        client: Client,
        port: Port,
        now: u64,
        chance: u64,
    ) -> Result<(PodId, SocketAddr), Errno> {
        let (Client::Node(ip) | Client::Outside(ip)) = client;
        let Target::Pod(pod, to) = self.lead(ip, port, now, chance)? else { return Err(Errno::ECONNREFUSED) };
        let party = Party::Pod(self.name(pod), to.ip());
        let barred = matches!(client, Client::Outside(_))
            && !self.policies.allow(Party::Outside(ip), party, port.transport, to.port());
        if barred { Err(Errno::EAGAIN) } else { Ok((pod, to)) }
    }

    fn name(&self, pod: PodId) -> &str {
        self.names.get(&pod).map_or("", String::as_str)
    }

    /// Where an address leads for a client at `source`, whatever policies say.
    ///
    /// As with kube-proxy a Service without endpoints refuses, and so does a port that it does not have. An address
    /// that is nobody's leads out of the node; what is beyond the operator's bounds is unreachable.
    fn lead(&mut self, source: IpAddr, port: Port, now: u64, chance: u64) -> Result<Target, Errno> {
        if let Some(target) = self.pods.get(&port.at.ip()) {
            return Ok(Target::Pod(*target, port.at));
        }
        let Some(service) = self.services.get(&port) else {
            let known = self.service_addresses.contains_key(&port.at.ip());
            return match (known, self.bounds.permit(port.at.ip())) {
                (true, _) => Err(Errno::ECONNREFUSED),
                (false, true) => Ok(Target::Outside(port.at)),
                (false, false) => Err(Errno::ENETUNREACH),
            };
        };
        if service.host {
            return self.host.map(Target::Host).ok_or(Errno::ECONNREFUSED);
        }
        let endpoint = match (service.affinity, self.kept.get(&(port, source))) {
            (Some(_), Some(kept)) if kept.until > now && service.endpoints.contains(&kept.endpoint) => kept.endpoint,
            _ => *choose(&service.endpoints, chance).ok_or(Errno::ECONNREFUSED)?,
        };
        if let Some(seconds) = service.affinity {
            self.kept.insert((port, source), Kept { endpoint, until: now.saturating_add(seconds) });
        }
        let target = self.pods.get(&endpoint.ip()).ok_or(Errno::EHOSTUNREACH)?;
        Ok(Target::Pod(*target, endpoint))
    }
}

fn choose(endpoints: &[SocketAddr], chance: u64) -> Option<&SocketAddr> {
    let index = chance.checked_rem(endpoints.len() as u64)?;
    endpoints.get(index as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: PodId = PodId(1);
    const SERVER: PodId = PodId(2);
    const OTHER: PodId = PodId(3);

    fn tcp(at: &str) -> Port {
        Port { transport: Transport::Tcp, at: at.parse().expect("it is an address") }
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("it is an address")
    }

    fn tables() -> Tables {
        let mut tables = Tables::new(Some(at("127.0.0.1:6443")), Bounds::default());
        for (pod, ip) in [(CLIENT, "10.42.0.2"), (SERVER, "10.42.0.3"), (OTHER, "10.42.0.4")] {
            tables.add_pod(pod, format!("pod {}", pod.0), vec![ip.parse().expect("it is an address")]);
        }
        tables
    }

    fn serving(endpoints: &[&str]) -> Service {
        Service { endpoints: endpoints.iter().map(|text| at(text)).collect(), ..Service::default() }
    }

    #[test]
    fn an_address_leads_to_its_pod_and_no_other_anywhere() {
        let mut tables = tables();
        let to_server = Ok(Target::Pod(SERVER, at("10.42.0.3:80")));
        assert_eq!(tables.route(CLIENT, tcp("10.42.0.3:80"), 0, 0), to_server);
        for nobody in ["10.42.0.9:80", "127.0.0.1:6443", "192.0.2.1:80", "169.254.169.254:80", "0.0.0.0:80"] {
            assert_eq!(tables.route(CLIENT, tcp(nobody), 0, 0), Err(Errno::ENETUNREACH), "{nobody}");
        }
        assert_eq!(tables.route(CLIENT, tcp("[fd00::3]:80"), 0, 0), Err(Errno::ENETUNREACH));
        tables.remove_pod(SERVER);
        assert_eq!(tables.route(CLIENT, tcp("10.42.0.3:80"), 0, 0), Err(Errno::ENETUNREACH));
    }

    #[test]
    fn an_address_that_was_given_again_stays_with_who_has_it_now() {
        let mut tables = tables();
        let late = PodId(4);
        tables.add_pod(late, "late".to_owned(), vec!["10.42.0.3".parse().expect("it is an address")]);
        tables.remove_pod(SERVER);
        assert_eq!(tables.route(CLIENT, tcp("10.42.0.3:80"), 0, 0), Ok(Target::Pod(late, at("10.42.0.3:80"))));
    }

    #[test]
    fn a_service_leads_to_each_of_its_endpoints_and_refuses_without() {
        let mut tables = tables();
        let port = tcp("10.96.0.10:80");
        tables.set_service(port, serving(&["10.42.0.3:8080", "10.42.0.4:8080"]));
        let found = [0, 1, 2].map(|chance| tables.route(CLIENT, port, 0, chance));
        let (first, second) = (Target::Pod(SERVER, at("10.42.0.3:8080")), Target::Pod(OTHER, at("10.42.0.4:8080")));
        assert_eq!(found, [Ok(first), Ok(second), Ok(first)]);
        assert_eq!(tables.route(CLIENT, tcp("10.96.0.10:81"), 0, 0), Err(Errno::ECONNREFUSED));
        let udp = Port { transport: Transport::Udp, ..port };
        assert_eq!(tables.route(CLIENT, udp, 0, 0), Err(Errno::ECONNREFUSED));
        tables.set_service(port, serving(&[]));
        assert_eq!(tables.route(CLIENT, port, 0, 0), Err(Errno::ECONNREFUSED));
        tables.set_service(port, serving(&["10.42.0.77:8080"]));
        assert_eq!(tables.route(CLIENT, port, 0, 0), Err(Errno::EHOSTUNREACH));
        tables.remove_service(port);
        assert_eq!(tables.route(CLIENT, port, 0, 0), Err(Errno::ENETUNREACH));
    }

    #[test]
    fn endpoints_on_the_machine_are_not_reached_whoever_names_them() {
        let mut tables = tables();
        let port = tcp("10.96.0.10:80");
        tables.set_service(port, serving(&["127.0.0.1:22"]));
        assert_eq!(tables.route(CLIENT, port, 0, 0), Err(Errno::EHOSTUNREACH));
        let host = Service { host: true, ..Service::default() };
        tables.set_service(port, host.clone());
        assert_eq!(tables.route(CLIENT, port, 0, 0), Ok(Target::Host(at("127.0.0.1:6443"))));
        let mut without = Tables::new(None, Bounds::default());
        without.add_pod(CLIENT, "client".to_owned(), vec!["10.42.0.2".parse().expect("it is an address")]);
        without.set_service(port, host);
        assert_eq!(without.route(CLIENT, port, 0, 0), Err(Errno::ECONNREFUSED));
    }

    #[test]
    fn a_client_keeps_to_its_endpoint_while_that_is_there() {
        let mut tables = tables();
        let port = tcp("10.96.0.10:80");
        let two = Service { affinity: Some(60), ..serving(&["10.42.0.3:80", "10.42.0.4:80"]) };
        tables.set_service(port, two.clone());
        let first = tables.route(CLIENT, port, 0, 0);
        assert_eq!(tables.route(CLIENT, port, 59, 1), first);
        assert_eq!(tables.route(CLIENT, port, 118, 1), first, "each connection begins the time anew");
        assert_ne!(tables.route(CLIENT, port, 500, 1), first);
        let kept = tables.route(CLIENT, port, 501, 0);
        tables.set_service(port, Service { affinity: Some(60), ..serving(&["10.42.0.3:80"]) });
        assert_ne!(tables.route(CLIENT, port, 502, 0), kept);
    }
    #[test]
    fn what_a_policy_bars_is_a_lost_packet_and_asked_of_the_pod_behind_a_service() {
        use crate::policy::{Ports, Rule, Rules};
        let mut tables = tables();
        let service = tcp("10.96.0.10:80");
        tables.set_service(service, serving(&["10.42.0.3:8080"]));
        let ports = Some(vec![Ports { transport: Transport::Tcp, first: 80, last: 80 }]);
        let only_80 = Rules { ingress: Some(vec![Rule { anyone: true, ports, ..Rule::default() }]), egress: None };
        tables.policies.set_rules("pod 2".to_owned(), only_80);
        assert_eq!(tables.route(CLIENT, service, 0, 0), Err(Errno::EAGAIN), "its pods serve at port 8080");
        assert_eq!(tables.route(CLIENT, tcp("10.42.0.3:80"), 0, 0), Ok(Target::Pod(SERVER, at("10.42.0.3:80"))));
        assert_eq!(tables.route(SERVER, service, 0, 0), Ok(Target::Pod(SERVER, at("10.42.0.3:8080"))), "itself");
    }

    #[test]
    fn the_api_server_is_an_address_like_others_to_a_policy() {
        use crate::network::Network;
        use crate::policy::{Block, Rule, Rules};
        let mut tables = tables();
        let port = tcp("10.96.0.1:443");
        tables.set_service(port, Service { host: true, ..Service::default() });
        tables.policies.set_rules("pod 1".to_owned(), Rules { ingress: None, egress: Some(vec![]) });
        assert_eq!(tables.route(CLIENT, port, 0, 0), Err(Errno::EAGAIN));
        let whole = Network::parse("127.0.0.1/32").expect("it is a network");
        let rule = Rule { blocks: vec![Block { whole, except: vec![] }], ..Rule::default() };
        tables.policies.set_rules("pod 1".to_owned(), Rules { ingress: None, egress: Some(vec![rule]) });
        assert_eq!(tables.route(CLIENT, port, 0, 0), Ok(Target::Host(at("127.0.0.1:6443"))));
    }
    #[test]
    fn what_is_nobodys_leads_out_where_the_operator_and_the_policies_allow_it() {
        use crate::network::Network;
        use crate::policy::Rules;
        let mut tables = tables();
        let network = |text| Network::parse(text).expect("it is a network");
        tables.bounds = Bounds { allow: vec![network("192.0.2.0/24")], deny: vec![network("192.0.2.7/32")] };
        assert_eq!(tables.route(CLIENT, tcp("192.0.2.1:80"), 0, 0), Ok(Target::Outside(at("192.0.2.1:80"))));
        for barred in ["192.0.2.7:80", "198.51.100.1:80", "127.0.0.1:6443"] {
            assert_eq!(tables.route(CLIENT, tcp(barred), 0, 0), Err(Errno::ENETUNREACH), "{barred}");
        }
        tables.policies.set_rules("pod 1".to_owned(), Rules { ingress: None, egress: Some(vec![]) });
        assert_eq!(tables.route(CLIENT, tcp("192.0.2.1:80"), 0, 0), Err(Errno::EAGAIN));
        assert_eq!(tables.route(CLIENT, tcp("192.0.2.7:80"), 0, 0), Err(Errno::ENETUNREACH), "no policy can allow it");
    }

    #[test]
    fn a_port_of_the_machine_leads_to_pods_alone_and_policies_judge_who_comes_from_elsewhere() {
        use crate::policy::Rules;
        let mut tables = tables();
        let (service, api) = (tcp("10.96.0.10:80"), tcp("10.96.0.1:443"));
        tables.set_service(service, serving(&["10.42.0.3:8080"]));
        tables.set_service(api, Service { host: true, ..Service::default() });
        let outside = Client::Outside("192.0.2.1".parse().expect("it is an address"));
        let node = Client::Node("127.0.0.1".parse().expect("it is an address"));
        let there = Ok((SERVER, at("10.42.0.3:8080")));
        assert_eq!([outside, node].map(|client| tables.admit(client, service, 0, 0)), [there, there]);
        assert_eq!(tables.admit(node, tcp("10.42.0.4:80"), 0, 0), Ok((OTHER, at("10.42.0.4:80"))));
        assert_eq!(tables.admit(node, api, 0, 0), Err(Errno::ECONNREFUSED), "the API server is no pod");
        tables.policies.set_rules("pod 2".to_owned(), Rules { ingress: Some(vec![]), egress: None });
        assert_eq!([outside, node].map(|client| tables.admit(client, service, 0, 0)), [Err(Errno::EAGAIN), there]);
    }
}
