//! Sockets.
//!
//! Owns: every socket of the pod, their names and their buffers. Does not own: copying from and to
//! guests (`syscalls::message`), descriptors. Everything stays inside this kernel: no host network
//! is ever touched.

/// The pod's network: one port space and one space of abstract names for all containers.
#[derive(Default)]
pub struct Stack {}
