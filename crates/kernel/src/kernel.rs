//! The kernel of one pod: what its containers share.

use std::sync::Arc;

use crate::pod::Pod;
use crate::runtime::Runtime;
use crate::time::Timers;

/// One pod's kernel.
pub struct Kernel {
    /// How guests are run and reached.
    pub platform: Arc<dyn platform::Platform>,
    /// Names and sizes.
    pub pod: Pod,
    /// The handlers that wait.
    pub runtime: Arc<Runtime>,
    /// What is due later.
    pub timers: Timers,
    /// Sockets and addresses.
    pub net: crate::net::Stack,
    /// System V and POSIX IPC.
    pub ipc: crate::ipc::Ipc,
    /// Who watches files.
    pub notifier: crate::vfs::notify::Notifier,
}

#[cfg(test)]
impl Kernel {
    pub(crate) fn for_tests(platform: Arc<dyn platform::Platform>) -> Arc<Kernel> {
        Arc::new(Kernel {
            platform,
            pod: Pod::new("test"),
            runtime: Runtime::new(),
            timers: Timers::default(),
            net: Default::default(),
            ipc: Default::default(),
            notifier: Default::default(),
        })
    }
}
