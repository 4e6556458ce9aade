//! A stream of the host that a guest was given: a pipe, socket, terminal or file as descriptor 0, 1 or 2.
//!
//! Owns: reading and writing it without ever waiting. Does not own: terminals of our own (`tty`):
//! a host terminal behind such a stream is no terminal to the guest.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFCHR, S_IFIFO, S_IFMT, Stat};

use crate::kernel::Kernel;
use crate::vfs::File;
use crate::wait::{Events, WaitQueue};

/// A host stream.
pub struct HostStream {
    fd: OwnedFd,
    kernel: Arc<Kernel>,
    watch: Option<(u64, Arc<WaitQueue>)>,
    stat: Stat,
}

impl HostStream {
    /// The stream behind `fd`.
    pub fn new(kernel: &Arc<Kernel>, fd: OwnedFd) -> Result<Arc<HostStream>, Errno> {
        let mut stat = platform::host::stat(fd.as_fd()).map_err(super::host::errno)?;
        if stat.mode & S_IFMT == S_IFCHR {
            stat.mode = S_IFIFO | 0o600;
        }
        let watch = kernel.watch_host(fd.as_fd());
        Ok(Arc::new(HostStream { fd, kernel: Arc::clone(kernel), watch, stat }))
    }
}

impl File for HostStream {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.stat)
    }

    fn label(&self) -> String {
        format!("pipe:[{}]", self.stat.ino)
    }

    fn read(&self, buffer: &mut [u8], _: u64) -> Result<usize, Errno> {
        platform::stream::read(self.fd.as_fd(), buffer)
    }

    fn write(&self, bytes: &[u8], _: u64) -> Result<usize, Errno> {
        platform::stream::write(self.fd.as_fd(), bytes)
    }

    fn append(&self, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        self.write(bytes, 0).map(|written| (written, 0))
    }

    fn poll(&self) -> Events {
        let ready = platform::stream::ready(self.fd.as_fd());
        Events::from_bits_truncate(u32::from(ready))
    }

    fn queue(&self) -> Option<&WaitQueue> {
        self.watch.as_ref().map(|(_, queue)| &**queue)
    }
}

impl Drop for HostStream {
    fn drop(&mut self) {
        if let Some((token, _)) = &self.watch {
            self.kernel.unwatch_host(*token, self.fd.as_fd());
        }
    }
}
