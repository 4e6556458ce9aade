//! What the node asks of the switch: JSON in the frames of the control protocol.
//!
//! Owns: the shapes. Does not own: what they do (`server`).

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use wire::Transport;

use crate::policy_request;
use crate::tables::{Port, Service};

/// One request. Every one is answered by its number.
#[derive(Deserialize, Debug)]
pub(crate) struct Request {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) operation: Operation,
}

#[derive(Deserialize, Debug)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Operation {
    /// A pod, whose kernel has the other end of the message's one descriptor; in place of one of that name.
    Pod(Pod),
    /// A pod is gone.
    Forget(Forget),
    /// Ports of Services: new, changed, gone.
    Services(Services),
    /// NetworkPolicies: what pods may do, and the groups of pods that this names.
    Policies(policy_request::Changes),
    /// A port of the machine, whose listening socket is the message's one descriptor, leads to pods; in place of an
    /// earlier one of that name.
    Listen(Listen),
    /// It leads nowhere any more.
    Unlisten(Unlisten),
    /// Asks whether the switch still answers.
    Ping,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pod {
    pub(crate) pod: String,
    pub(crate) addresses: Vec<IpAddr>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forget {
    pub(crate) pod: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Services {
    #[serde(default)]
    pub(crate) set: Vec<Entry>,
    #[serde(default)]
    pub(crate) remove: Vec<Place>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    pub(crate) listener: String,
    pub(crate) to: Place,
    /// Whom pods see in place of a client that is on the machine, or of every one.
    pub(crate) node: IpAddr,
    /// Pods see the client's own address.
    #[serde(default)]
    pub(crate) local: bool,
    /// Networks of the clients that may come in; all where there are none.
    #[serde(default)]
    pub(crate) sources: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unlisten {
    pub(crate) listener: String,
}

/// A port of a Service.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    protocol: Protocol,
    address: IpAddr,
    port: u16,
}

/// What stands behind one.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    at: Place,
    #[serde(default)]
    endpoints: Vec<(IpAddr, u16)>,
    #[serde(default)]
    host: bool,
    #[serde(default)]
    affinity: Option<u64>,
}

#[derive(Deserialize, Debug, Clone, Copy)]
pub(crate) enum Protocol {
    #[serde(rename = "TCP")]
    Tcp,
    #[serde(rename = "UDP")]
    Udp,
}

impl From<Protocol> for Transport {
    fn from(protocol: Protocol) -> Transport {
        match protocol {
            Protocol::Tcp => Transport::Tcp,
            Protocol::Udp => Transport::Udp,
        }
    }
}

impl From<&Place> for Port {
    fn from(place: &Place) -> Port {
        Port { transport: place.protocol.into(), at: SocketAddr::new(place.address, place.port) }
    }
}

impl Entry {
    pub(crate) fn service(self) -> (Port, Service) {
        let endpoints = self.endpoints.into_iter().map(SocketAddr::from).collect();
        (Port::from(&self.at), Service { endpoints, host: self.host, affinity: self.affinity })
    }
}

/// An answer.
#[derive(Serialize)]
pub(crate) struct Answer {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) result: Outcome,
}

/// Done, or why not.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ok(Nothing),
    Error(Failure),
}

#[derive(Serialize)]
pub(crate) struct Nothing {}

#[derive(Serialize)]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
}

impl Outcome {
    pub(crate) fn invalid(message: impl Into<String>) -> Outcome {
        Outcome::Error(Failure { kind: "Invalid", message: message.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn requests_are_what_the_document_says_and_nothing_else() {
        let good = [
            r#"{"id":1,"op":"pod","pod":"u","addresses":["10.42.0.2"]}"#,
            r#"{"id":2,"op":"forget","pod":"u"}"#,
            r#"{"id":3,"op":"services","set":[{"at":{"protocol":"TCP","address":"10.96.0.1","port":443},"host":true}]}"#,
            r#"{"id":4,"op":"services","remove":[{"protocol":"UDP","address":"10.96.0.10","port":53}]}"#,
            r#"{"id":5,"op":"ping"}"#,
            r#"{"id":7,"op":"listen","listener":"l","to":{"protocol":"TCP","address":"10.96.0.1","port":443},
                "node":"10.42.0.1","local":true,"sources":["10.0.0.0/8"]}"#,
            r#"{"id":8,"op":"unlisten","listener":"l"}"#,
            r#"{"id":6,"op":"policies","rules":[{"pod":"u","ingress":[{"ports":[["TCP",80,90]],"groups":["g"],
                "blocks":[{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}]}],"egress":null}],"gone":["h"]}"#,
        ];
        for text in good {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text).err());
        }
        let bad = [
            r#"{"op":"ping"}"#,
            r#"{"id":1,"op":"pong"}"#,
            r#"{"id":1,"op":"forget"}"#,
            r#"{"id":1,"op":"pod","pod":"u","addresses":["here"]}"#,
            r#"{"id":1,"op":"policies","rules":[{"pod":"u","ingress":[{"ports":[["SCTP",80,90]]}]}]}"#,
            r#"{"id":1,"op":"services","set":[{"at":{"protocol":"SCTP","address":"10.96.0.1","port":443}}]}"#,
        ];
        for text in bad {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
