//! The pid namespace that the containers of a pod share, Kubernetes' `shareProcessNamespace`.
//!
//! Owns: its first process, which is nobody's container and no process of the host: it takes in
//! orphans and forgets them when they end, as the pause container of Kubernetes does. Does not own:
//! how containers end (`container`): each ends with its own first process.

use std::sync::Arc;

use platform::HostTask;

use crate::container::{Container, ContainerLimits};
use crate::fs::tmpfs::{Options, Tmpfs};
use crate::kernel::Kernel;
use crate::loader::Program;
use crate::sync::Mutex;
use crate::task::signals::ChildSignal;
use crate::task::{Credentials, Files, FsContext, Limits, Pid, Pids, Process, Settings, Start, Task};
use crate::tty::Session;
use crate::vfs::{Mount, MountFlags, Mounts};

/// No process of the host has this id: ids end at 4194304, proc_sys_kernel(5).
const NOBODY: HostTask = HostTask(i32::MAX);
/// The user of Kubernetes' own pause container.
const USER: u32 = 65535;

/// A namespace with the placeholder in it.
pub fn namespace(kernel: &Arc<Kernel>) -> Arc<Pids> {
    let pids = Pids::shared();
    let root = Tmpfs::new(Options { mode: 0o555, ..Options::sized(0) });
    let mounts = Mounts::new(Mount::new(root, b"pause", MountFlags::RDONLY));
    let top = mounts.root();
    let container = Container::new(kernel, "", mounts, Arc::clone(&pids), ContainerLimits::default());
    let program = Program { arguments: vec![b"/pause".to_vec()], name: b"pause".to_vec(), ..Program::default() };
    let process = Process::new(Start {
        pid: Pid(1),
        host: NOBODY,
        container,
        parent: None,
        group: Pid(1),
        session: Session::new(Pid(1)),
        files: Arc::new(Files::new()),
        fs: Arc::new(FsContext { root: Mutex::new(top.clone()), cwd: Mutex::new(top), umask: Mutex::new(0o022) }),
        credentials: Arc::new(Credentials::user(USER, USER, Vec::new())),
        limits: Limits::default(),
        settings: Settings::default(),
        program: Arc::new(program),
        child_signal: ChildSignal { ignored: true, ..ChildSignal::default() },
        exit_signal: None,
    });
    process.add_task(&Task::new(Pid(1), NOBODY, Arc::clone(&process), b"pause".to_vec()));
    pids
}
