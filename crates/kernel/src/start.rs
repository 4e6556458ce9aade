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
use crate::task::{Credentials, Files, FsContext, Limits, Pid, Process, Resource, Settings, Start, Task};
use crate::tty::{Session, Tty};
use crate::users;
use crate::vfs::walk::Walk;
use crate::vfs::{OpenFile, OpenFlags, Path};

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
    /// Who it runs as: `UID[:GID]`, `NAME[:GROUP]` or nothing for root.
    pub user: String,
    /// Supplementary groups beside those of the image.
    pub groups: Vec<u32>,
    /// Whether execve(2) may raise privileges.
    pub no_new_privs: bool,
    /// The file mode creation mask.
    pub umask: u32,
    /// Descriptors 0, 1 and 2.
    pub streams: Streams,
    /// Limits other than the defaults.
    pub limits: Vec<(Resource, Rlimit)>,
}

/// What a process gets as descriptors 0, 1 and 2.
pub enum Streams {
    /// These; where there is none, the guest's /dev/null.
    Files([Option<Arc<OpenFile>>; 3]),
    /// The guest's end of this terminal, which becomes the controlling terminal of its session.
    Terminal(Arc<Tty>),
}

/// Why a process did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The program is not there.
    NotFound(String),
    /// The program may not or cannot be executed.
    NotExecutable(String),
    /// The image does not know the user or group.
    NoUser(String),
    /// The request makes no sense in this image.
    Invalid(String),
    /// The container has ended, or is about to.
    Stopped(String),
    /// The host refused.
    Host(String),
}

impl Kernel {
    /// Starts a process in `container`; answers it before it has run.
    pub fn start(self: &Arc<Self>, container: &Arc<Container>, spec: ProcessSpec) -> Result<Arc<Process>, StartError> {
        if container.is_ending() {
            let message = format!("container {}: cannot exec in a stopped container", container.name);
            return Err(StartError::Stopped(message));
        }
        let root = container.mounts.root();
        let refuse =
            |error: std::io::Error| StartError::Host(format!("cannot start a guest process: {}", lacking(&error)));
        let limits = first_limits(&spec);
        let host = self.platform.spawn(container.pids().number, limits.of_host()).map_err(refuse)?;
        let Some(identity) = self.platform.identify(host) else {
            return Err(StartError::Host("the guest's first process ended before it ran".into()));
        };
        let pid = container.pids().guest_id(identity.inner);
        let process = first_process(pid, host, container, &root, &spec);
        process.keep_to_processor_limit();
        self.add_process(&process);
        let task = Task::new(pid, host, Arc::clone(&process), Vec::new());
        task.expect_first(abi::nr::EXECVEAT);
        self.add_task(&task);
        match prepare(&task, spec) {
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
        self.platform.discard(process.host);
        self.take_process(process.host);
        for task in process.tasks() {
            task.abandon();
            process.remove_task(task.tid);
        }
        process.pids().remove(process.pid);
    }
}

/// Gives the process its user, directory and streams, and finds its program.
fn prepare(task: &Arc<Task>, mut spec: ProcessSpec) -> Result<loader::Plan, StartError> {
    let user = users::resolve(task, &spec.user, &spec.groups).map_err(StartError::NoUser)?;
    let credentials = Credentials { no_new_privs: spec.no_new_privs, ..user.credentials };
    task.process().set_credentials(credentials);
    if !spec.environment.iter().any(|entry| entry.starts_with(b"HOME=")) {
        spec.environment.push(format!("HOME={}", user.home).into_bytes());
    }
    *task.fs().cwd.lock() = working_directory(task, &spec.directory)?;
    give_streams(task, &spec.streams)
        .map_err(|errno| StartError::Host(format!("standard streams: {}", words(errno))))?;
    plan(task, spec)
}

fn null(task: &Arc<Task>) -> Result<Arc<OpenFile>, Errno> {
    let path = Walk::of(task).find(b"/dev/null", true)?;
    let file = Arc::clone(path.inode()).open(task, OpenFlags::RDWR)?;
    Ok(OpenFile::at_path(file, Arc::clone(path.inode()), path, OpenFlags::RDWR))
}

fn working_directory(task: &Arc<Task>, directory: &[u8]) -> Result<Path, StartError> {
    let found = Walk::of(task).find(directory, true);
    let found = found.and_then(|path| if path.is_directory() { Ok(path) } else { Err(Errno::ENOTDIR) });
    found.map_err(|errno| {
        let directory = String::from_utf8_lossy(directory);
        StartError::Invalid(format!("chdir to cwd (\"{directory}\") set in config.json failed: {}", words(errno)))
    })
}

fn give_streams(task: &Arc<Task>, streams: &Streams) -> Result<(), Errno> {
    let files = task.files();
    let streams = match streams {
        Streams::Files(streams) => {
            let [input, output, error] = streams.clone().map(|stream| stream.map_or_else(|| null(task), Ok));
            [input?, output?, error?]
        }
        Streams::Terminal(tty) => {
            let path = Walk::of(task).find(format!("/dev/pts/{}", tty.index).as_bytes(), true)?;
            let file = Arc::clone(path.inode()).open(task, OpenFlags::RDWR)?;
            tty.control(task, false)?;
            let open = OpenFile::at_path(file, Arc::clone(path.inode()), path, OpenFlags::RDWR);
            [Arc::clone(&open), Arc::clone(&open), open]
        }
    };
    for (fd, stream) in (0..).zip(streams) {
        files.set(fd, stream, false, 3)?;
    }
    Ok(())
}

fn first_limits(spec: &ProcessSpec) -> Limits {
    let limits = Limits::default();
    spec.limits.iter().for_each(|(resource, limit)| limits.set(*resource, *limit));
    limits
}

fn first_process(
    pid: Pid,
    host: platform::HostTask,
    container: &Arc<Container>,
    root: &Path,
    spec: &ProcessSpec,
) -> Arc<Process> {
    Process::new(Start {
        pid,
        host,
        container: Arc::clone(container),
        parent: None,
        group: pid,
        session: Session::new(pid),
        files: Arc::new(Files::new()),
        fs: Arc::new(FsContext {
            root: Mutex::new(root.clone()),
            cwd: Mutex::new(root.clone()),
            umask: Mutex::new(spec.umask),
        }),
        credentials: Arc::new(Credentials::user(0, 0, Vec::new())),
        limits: first_limits(spec),
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
    let name = loader::last_part(&called);
    let request = Request { path, called, name, arguments: spec.arguments, environment: spec.environment };
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
            Errno::ENOENT | Errno::ENOTDIR => {
                StartError::NotFound(format!("exec: \"{shown}\": stat {shown}: {}", words(errno)))
            }
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

/// What the host lacks, in words that tell what to do.
fn lacking(error: &std::io::Error) -> String {
    match error.raw_os_error().and_then(|number| u16::try_from(number).ok()).map(Errno) {
        Some(Errno::EBUSY) => {
            "another sandbox already listens to this process's system calls; run podvisor outside of it".into()
        }
        Some(Errno::EINVAL) => {
            "the host's kernel lacks seccomp notification with killable waits; use Linux 5.19 or newer".into()
        }
        Some(Errno::EACCES | Errno::EPERM) => {
            format!("{error}; a security module may forbid seccomp, ptrace or pidfd_getfd here")
        }
        Some(Errno::EAGAIN | Errno::ENOMEM) => format!("{error}; the host's limit on processes or memory is reached"),
        _ => error.to_string(),
    }
}

/// An error in the words that Go's runtimes print.
fn words(errno: Errno) -> String {
    errno.text().to_lowercase()
}
