//! The switch of a node: who reaches whom.
//!
//! Owns: the tables of pods and Services, the answer to each connect(2) that leaves a pod, and the loop around both.
//! Does not own: what is in the tables (the node's Python keeps them current, docs/network.md) and the bytes of a
//! connection, which flow from kernel to kernel. It keeps nothing of a connection either: what it has answered, it
//! has forgotten, so its end harms nobody.

mod arrivals;
mod datagrams;
mod departures;
mod egress;
mod network;
mod opening;
mod policy;
mod policy_request;
mod requests;
mod server;
mod tables;

pub use egress::Bounds;
pub use network::Network;
pub use server::serve;
