//! Memory of guests.
//!
//! Owns: keeping containers and the pod within their memory limits. Does not own: the mappings
//! themselves, which are the host's, and file contents (`fs`).

mod limit;
mod measure;

pub use limit::Watch;
