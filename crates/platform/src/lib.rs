//! How guests are run on the host, and everything that is `unsafe`.
//!
//! Owns: the [`Platform`] contract and its implementations, the guest's system call filter, host
//! files and clocks, the confinement of the kernel's own process. Does not own: what a call means.

pub mod clock;
pub mod host;
pub mod machine;
pub mod random;

use std::os::fd::OwnedFd;

/// The host's id of a guest thread, as the kernel's process sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HostTask(pub i32);

/// A guest address that cannot be reached.
#[derive(Clone, Copy, Debug)]
pub struct BadAddress;

/// What the kernel needs of the host to run guests.
pub trait Platform: Send + Sync {
    /// Reads guest memory from `address` on, as far as it is mapped; at least one byte.
    fn read_memory(&self, task: HostTask, address: u64, buffer: &mut [u8]) -> Result<usize, BadAddress>;

    /// Writes guest memory from `address` on, as far as it is mapped and writable; at least one byte.
    fn write_memory(&self, task: HostTask, address: u64, bytes: &[u8]) -> Result<usize, BadAddress>;

    /// A host file that mmap(2) of a guest may use.
    fn memory_file(&self, name: &str) -> std::io::Result<OwnedFd>;
}
