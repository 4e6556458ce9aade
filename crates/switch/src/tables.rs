//! Where an address leads: pods by their addresses, Services by theirs.
//!
//! Owns: [`Tables`], a function of what the node has told and of chance. Does not own: sockets.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use abi::Errno;
use wire::Transport;

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
}

/// A client's endpoint of a Service, and until when it keeps to it.
struct Kept {
    endpoint: SocketAddr,
    until: u64,
}

/// What the switch knows.
#[derive(Default)]
pub(crate) struct Tables {
    addresses: HashMap<PodId, Vec<IpAddr>>,
    pods: HashMap<IpAddr, PodId>,
    services: HashMap<Port, Service>,
    /// How many ports each address of a Service has.
    service_addresses: HashMap<IpAddr, usize>,
    kept: HashMap<(Port, IpAddr), Kept>,
    host: Option<SocketAddr>,
}

impl Tables {
    /// Tables with nothing in them; `host` is what a Service of the machine leads to.
    pub(crate) fn new(host: Option<SocketAddr>) -> Tables {
        Tables { host, ..Tables::default() }
    }

    /// Enters a pod; of two that have one address it is the later one's.
    pub(crate) fn add_pod(&mut self, pod: PodId, addresses: Vec<IpAddr>) {
        self.pods.extend(addresses.iter().map(|ip| (*ip, pod)));
        self.addresses.insert(pod, addresses);
    }

    /// Forgets a pod.
    pub(crate) fn remove_pod(&mut self, pod: PodId) {
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

    /// Where `pod` gets when it connects to `to` at `now` (seconds); `chance` chooses among endpoints.
    ///
    /// As with kube-proxy a Service without endpoints refuses, and so does a port that it does not have. An address
    /// that is nobody's is unreachable: nothing leads out of the node.
    pub(crate) fn route(&mut self, pod: PodId, port: Port, now: u64, chance: u64) -> Result<Target, Errno> {
        let source = self.address_of(pod, port.at.ip()).ok_or(Errno::ENETUNREACH)?;
        if let Some(target) = self.pods.get(&port.at.ip()) {
            return Ok(Target::Pod(*target, port.at));
        }
        let Some(service) = self.services.get(&port) else {
            let known = self.service_addresses.contains_key(&port.at.ip());
            return Err(if known { Errno::ECONNREFUSED } else { Errno::ENETUNREACH });
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
        let mut tables = Tables::new(Some(at("127.0.0.1:6443")));
        for (pod, ip) in [(CLIENT, "10.42.0.2"), (SERVER, "10.42.0.3"), (OTHER, "10.42.0.4")] {
            tables.add_pod(pod, vec![ip.parse().expect("it is an address")]);
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
        tables.add_pod(late, vec!["10.42.0.3".parse().expect("it is an address")]);
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
        let mut without = Tables::new(None);
        without.add_pod(CLIENT, vec!["10.42.0.2".parse().expect("it is an address")]);
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
}
