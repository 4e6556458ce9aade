//! Starting a process from outside: a container's first one, and those of exec.
//!
//! Owns: finding the program, its user, directory and streams, and the words of what can be wrong,
//! which are runc's. Called by: `sandbox`.

use std::sync::Arc;

use abi::Errno;
use abi::resource::Rlimit;

use crate::container::Container;
use crate::kernel::Kernel;
use crate::loader::{self, Request};
use crate::sync::Mutex;
use crate::task::signals::ChildSignal;
use crate::task::{Credentials, Expected, Files, FsContext, Limits, Pid, Process, Resource, Settings, Start, Task};
use crate::tty::Session;
use crate::vfs::walk::Walk;
use crate::vfs::{OpenFile, Path};

/// The PATH of a process that is given none.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A process to start.
pub struct ProcessSpec {
    /// The program and its arguments.
    pub arguments: Vec<Vec<u8>>,
    /// `NAME=value`.
    pub environment: Vec<Vec<u8>>,
    /// The working directory, absolute.
    pub directory: Vec<u8>,
    /// Who it runs as.
    pub credentials: Credentials,
    /// The file mode creation mask.
    pub umask: u32,
    /// Descriptors 0, 1 and 2.
    pub streams: [Arc<OpenFile>; 3],
    /// Limits other than the defaults.
    pub limits: Vec<(Resource, Rlimit)>,
}

/// Why a process did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The program is not there.
    NotFound(String),
    /// The program may not or cannot be executed.
    NotExecutable(String),
    /// The request makes no sense in this image.
    Invalid(String),
    /// The host refused.
    Host(String),
}

impl Kernel {
    /// Starts a process in `container`; answers it before it has run.
    pub fn start(self: &Arc<Self>, container: &Arc<Container>, spec: ProcessSpec) -> Result<Arc<Process>, StartError> {
        let root = container.mounts.root();
        let directory = working_directory(&root, &spec)?;
        let refuse = |error: std::io::Error| StartError::Host(format!("cannot start a guest process: {error}"));
        let host = self.platform.spawn(container.pids().number).map_err(refuse)?;
        let Some(identity) = self.platform.identify(host) else {
            return Err(StartError::Host("the guest's first process ended before it ran".into()));
        };
        let pid = container.pids().guest_id(identity.inner);
        let process = first_process(pid, host, container, &root, directory, &spec);
        self.add_process(&process);
        let task = Task::new(pid, host, Arc::clone(&process), Vec::new());
        task.expect(Expected::First(abi::nr::EXECVEAT));
        self.add_task(&task);
        match plan(&task, spec) {
            Ok(plan) => {
                process.set_plan(Some(plan));
                container.announce_end_of(pid);
                Ok(process)
            }
            Err(error) => {
                self.discard(&process);
                Err(error)
            }
        }
    }

    /// Takes back a process that never ran.
    fn discard(&self, process: &Arc<Process>) {
        process.kill();
        self.take_process(process.host);
        for task in process.tasks() {
            task.abandon();
            process.remove_task(task.tid);
        }
        process.pids().remove(process.pid);
    }
}

fn working_directory(root: &Path, spec: &ProcessSpec) -> Result<Path, StartError> {
    let who = Arc::new(spec.credentials.clone());
    let found = Walk::from_root(root, who).find(&spec.directory, true);
    let found = found.and_then(|path| if path.is_directory() { Ok(path) } else { Err(Errno::ENOTDIR) });
    found.map_err(|errno| {
        let directory = String::from_utf8_lossy(&spec.directory);
        StartError::Invalid(format!("chdir to cwd (\"{directory}\") set in config.json failed: {}", words(errno)))
    })
}

fn first_process(
    pid: Pid,
    host: platform::HostTask,
    container: &Arc<Container>,
    root: &Path,
    directory: Path,
    spec: &ProcessSpec,
) -> Arc<Process> {
    let files = Files::new();
    for (fd, stream) in (0..).zip(&spec.streams) {
        let _ = files.set(fd, Arc::clone(stream), false, 3);
    }
    let limits = Limits::default();
    for (resource, limit) in &spec.limits {
        limits.set(*resource, *limit);
    }
    Process::new(Start {
        pid,
        host,
        container: Arc::clone(container),
        parent: None,
        group: pid,
        session: Session::new(pid),
        files: Arc::new(files),
        fs: Arc::new(FsContext {
            root: Mutex::new(root.clone()),
            cwd: Mutex::new(directory),
            umask: Mutex::new(spec.umask),
        }),
        credentials: Arc::new(spec.credentials.clone()),
        limits,
        settings: Settings::default(),
        program: Arc::default(),
        child_signal: ChildSignal::default(),
        exit_signal: None,
    })
}

fn plan(task: &Arc<Task>, spec: ProcessSpec) -> Result<loader::Plan, StartError> {
    let Some(name) = spec.arguments.first().filter(|name| !name.is_empty()) else {
        return Err(StartError::Invalid("no command was given".into()));
    };
    let shown = String::from_utf8_lossy(name).into_owned();
    let (path, called) = find(task, name, &spec.environment)?;
    let request = Request { path, called, arguments: spec.arguments, environment: spec.environment };
    loader::prepare(task, request).map_err(|errno| match errno {
        Errno::ENOENT => StartError::NotFound(format!("exec {shown}: no such file or directory")),
        Errno::ENOEXEC => StartError::NotExecutable(format!("exec {shown}: exec format error")),
        Errno::EACCES => StartError::NotExecutable(format!("exec: \"{shown}\": permission denied")),
        errno => StartError::NotExecutable(format!("exec {shown}: {}", words(errno))),
    })
}

/// Where the program is: by its path, or in PATH.
fn find(task: &Arc<Task>, name: &[u8], environment: &[Vec<u8>]) -> Result<(Path, Vec<u8>), StartError> {
    let shown = String::from_utf8_lossy(name);
    if name.contains(&b'/') {
        let path = Walk::of(task).find(name, true).map_err(|errno| match errno {
            Errno::ENOENT | Errno::ENOTDIR => StartError::NotFound(format!("exec: \"{shown}\": stat {shown}: {}", words(errno))),
            errno => StartError::NotExecutable(format!("exec: \"{shown}\": {}", words(errno))),
        })?;
        if path.is_directory() {
            return Err(StartError::NotExecutable(format!("exec: \"{shown}\": is a directory")));
        }
        return Ok((path, name.to_vec()));
    }
    let list = environment.iter().find_map(|entry| entry.strip_prefix(b"PATH=")).unwrap_or(DEFAULT_PATH.as_bytes());
    let mut denied = false;
    for directory in list.split(|byte| *byte == b':') {
        let directory = if directory.is_empty() { b"." } else { directory };
        let candidate = [directory, b"/", name].concat();
        let Ok(path) = Walk::of(task).find(&candidate, true) else { continue };
        match loader::may_execute(task, &path) {
            Ok(()) => return Ok((path, candidate)),
            Err(_) => denied |= !path.is_directory(),
        }
    }
    if denied {
        return Err(StartError::NotExecutable(format!("exec: \"{shown}\": permission denied")));
    }
    Err(StartError::NotFound(format!("exec: \"{shown}\": executable file not found in $PATH")))
}

/// An error in the words that Go's runtimes print.
fn words(errno: Errno) -> String {
    errno.text().to_lowercase()
}
