//! The Linux system call interface as plain data: error and call numbers, flags, layouts.
//!
//! Owns: every number and structure that crosses the border between a guest and our kernel, for
//! x86-64. Does not own: behaviour. Called by: `kernel` and `platform`.

pub mod capability;
mod errno;
pub mod event;
pub mod file;
pub mod ipc;
pub mod netlink;
pub mod nr;
pub mod poll;
pub mod prctl;
pub mod process;
pub mod resource;
pub mod sched;
pub mod signal;
pub mod socket;
pub mod stat;
pub mod system;
pub mod termios;
pub mod time;

pub use errno::Errno;
