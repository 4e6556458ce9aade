//! Processes (thread groups).

use std::sync::{Arc, Weak};

use super::{Credentials, Files, Limits, Pid, Resource, Settings, Task};
use crate::container::Container;
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::vfs::Path;

/// Root, working directory and umask, shared by clone(2)'s CLONE_FS.
pub struct FsContext {
    /// The root of absolute paths.
    pub root: Mutex<Path>,
    /// The start of relative paths.
    pub cwd: Mutex<Path>,
    /// The bits that new files do not get.
    pub umask: Mutex<u32>,
}

/// A process.
pub struct Process {
    /// Its id, getpid(2).
    pub pid: Pid,
    /// Its resource limits.
    pub limits: Limits,
    /// What it set for itself.
    pub settings: Mutex<Settings>,
    kernel: Weak<Kernel>,
    container: Arc<Container>,
    state: Mutex<State>,
}

struct State {
    files: Arc<Files>,
    fs: Arc<FsContext>,
    credentials: Arc<Credentials>,
}

impl Process {
    /// The kernel of this pod.
    pub fn kernel(&self) -> &Arc<Kernel> {
        self.container.kernel()
    }

    /// The container it lives in.
    pub fn container(&self) -> &Arc<Container> {
        &self.container
    }

    /// The descriptor table.
    pub fn files(&self) -> Arc<Files> {
        Arc::clone(&self.state.lock().files)
    }

    /// Root, working directory and umask.
    pub fn fs(&self) -> Arc<FsContext> {
        Arc::clone(&self.state.lock().fs)
    }

    /// The credentials.
    pub fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.state.lock().credentials)
    }

    /// Sets the credentials of the whole process.
    pub fn set_credentials(&self, credentials: Credentials) {
        self.state.lock().credentials = Arc::new(credentials);
    }

    /// The soft limit of `resource`.
    pub fn limit(&self, resource: Resource) -> u64 {
        self.limits.soft(resource)
    }

    /// Whether `task` has a signal to handle now.
    pub fn interrupts(&self, _task: &Task) -> bool {
        false
    }
}

#[cfg(test)]
impl Process {
    pub(crate) fn for_tests(
        pid: Pid,
        container: Arc<Container>,
        fs: FsContext,
        credentials: Credentials,
    ) -> Arc<Process> {
        let state = State { files: Arc::default(), fs: Arc::new(fs), credentials: Arc::new(credentials) };
        let kernel = Arc::downgrade(container.kernel());
        let (limits, settings) = (Limits::default(), Mutex::new(Settings::default()));
        Arc::new(Process { pid, limits, settings, kernel, container, state: Mutex::new(state) })
    }
}
