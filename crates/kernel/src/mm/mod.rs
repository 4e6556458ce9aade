//! Memory of guests.
//!
//! Owns: keeping containers and the pod within their memory limits, and file systems within their sizes where files are
//! mapped. Does not own: the mappings
//! themselves, which are the host's, and file contents (`fs`).

mod limit;
mod measure;
mod space;

pub use limit::Watch;
