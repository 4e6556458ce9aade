//! The user-space kernel of a pod.
//!
//! Owns: everything that a guest's system calls mean. Does not own: how a guest is run, stopped,
//! read and written (`platform`), and who tells it what to run (`control`, `sandbox`). Rooms:
//! `syscalls` is the door and calls the others; `fs/*` implements the contracts of `vfs`.

#![forbid(unsafe_code)]

pub mod activity;
pub mod container;
pub mod event;
pub mod fs;
pub mod ipc;
pub mod kernel;
pub mod loader;
pub mod machine;
pub mod mm;
pub mod net;
pub mod pause;
pub mod pod;
pub mod random;
pub mod runtime;
pub mod start;
pub mod sync;
pub mod syscalls;
pub mod task;
#[cfg(test)]
pub(crate) mod testing;
pub mod throttle;
pub mod time;
pub mod tty;
pub mod users;
pub mod vfs;
pub mod volume;
pub mod wait;
