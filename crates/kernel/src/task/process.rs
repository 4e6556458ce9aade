//! Processes (thread groups).
//!
//! Owns: what the threads of a process share, its place among its relatives, and how it ends. Does
//! not own: signals (`task::signals`) and waiting for children (`task::family`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use platform::{Ended, HostTask, Usage};

use super::family::{Family, Life};
use super::signals::ChildSignal;
use super::{Credentials, Files, Limits, Mappings, Pid, Pids, Resource, Settings, Task, capability};
use crate::container::Container;
use crate::kernel::Kernel;
use crate::loader::{Plan, Program, Script};
use crate::sync::Mutex;
use crate::time::ProcessTimers;
use crate::tty::Session;
use crate::vfs::Path;
use crate::wait::WaitQueue;

/// Root, working directory and umask, shared by clone(2)'s CLONE_FS.
pub struct FsContext {
    /// The root of absolute paths.
    pub root: Mutex<Path>,
    /// The start of relative paths.
    pub cwd: Mutex<Path>,
    /// The bits that new files do not get.
    pub umask: Mutex<u32>,
}

impl FsContext {
    /// A copy for fork(2).
    pub fn copy(&self) -> FsContext {
        FsContext {
            root: Mutex::new(self.root.lock().clone()),
            cwd: Mutex::new(self.cwd.lock().clone()),
            umask: Mutex::new(*self.umask.lock()),
        }
    }
}

/// A process.
pub struct Process {
    /// Its id, getpid(2).
    pub pid: Pid,
    /// The host's id of it.
    pub host: HostTask,
    /// Its resource limits.
    pub limits: Limits,
    /// What it set for itself.
    pub settings: Mutex<Settings>,
    /// Announced when a child of it has changed.
    pub children_changed: WaitQueue,
    /// Announced when it has ended, for pidfds.
    pub ended: WaitQueue,
    /// What wait(2) must know of SIGCHLD's action.
    pub child_signal: Mutex<ChildSignal>,
    /// Blocked signals of the whole process while all of its threads wait in calls: the first that goes on takes them
    /// to the host.
    pub(super) unseen: Mutex<Vec<platform::Delivery>>,
    /// Signals that the kernel itself holds for signalfd(2).
    pub held_for_signalfd: super::signals::Pending,
    /// POSIX and interval timers.
    pub timers: ProcessTimers,
    /// The names of mapped files.
    pub mappings: Mappings,
    /// When it started, on the monotonic clock.
    pub started: crate::time::Nanos,
    pub(super) family: Mutex<Family>,
    pub(super) life: Mutex<Life>,
    container: Arc<Container>,
    state: Mutex<State>,
    stopped: AtomicBool,
    pub(super) installed: super::installed::Installed,
    pub(super) thread_count: super::threads::ThreadCount,
    pub(super) heritage: Mutex<Option<super::threads::Heritage>>,
    own_usage: Mutex<Usage>,
    children_usage: Mutex<Usage>,
    execs: AtomicU64,
    out_of_memory: AtomicBool,
    out_of_space: AtomicBool,
}

/// What a new process starts with.
pub struct Start {
    /// Its id.
    pub pid: Pid,
    /// The host's id.
    pub host: HostTask,
    /// Its container.
    pub container: Arc<Container>,
    /// Its parent; `None` for a container's first process and for those that exec starts.
    pub parent: Option<Arc<Process>>,
    /// Its process group.
    pub group: Pid,
    /// Its session.
    pub session: Arc<Session>,
    /// Its descriptors.
    pub files: Arc<Files>,
    /// Its place in the tree.
    pub fs: Arc<FsContext>,
    /// Its credentials.
    pub credentials: Arc<Credentials>,
    /// Its limits.
    pub limits: Limits,
    /// Its settings.
    pub settings: Settings,
    /// What it runs.
    pub program: Arc<Program>,
    /// SIGCHLD's action.
    pub child_signal: ChildSignal,
    /// What its parent gets when it ends; `None` for no signal.
    pub exit_signal: Option<abi::signal::Signal>,
}

struct State {
    files: Arc<Files>,
    fs: Arc<FsContext>,
    credentials: Arc<Credentials>,
    program: Arc<Program>,
    tasks: BTreeMap<Pid, Arc<Task>>,
    exec: Exec,
}

/// Where a call of execve(2) stands.
#[derive(Default)]
enum Exec {
    #[default]
    None,
    /// Everything was checked; the stub has not asked yet.
    Planned(Box<Plan>),
    /// The stub maps the program; no code of it has run.
    Loading(Box<Script>),
}

impl Process {
    /// A new process, entered into its namespace and among its parent's children. It has no thread yet.
    pub fn new(start: Start) -> Arc<Process> {
        let process = Arc::new(Process {
            pid: start.pid,
            host: start.host,
            limits: start.limits,
            settings: Mutex::new(start.settings),
            children_changed: WaitQueue::new(),
            ended: WaitQueue::new(),
            child_signal: Mutex::new(start.child_signal),
            unseen: Mutex::default(),
            held_for_signalfd: super::signals::Pending::default(),
            timers: ProcessTimers::default(),
            mappings: start.parent.as_ref().map(|parent| parent.mappings.copy()).unwrap_or_default(),
            started: crate::time::monotonic(),
            family: Mutex::new(Family {
                parent: start.parent.as_ref().map_or_else(Weak::new, Arc::downgrade),
                children: Vec::new(),
                group: start.group,
                session: start.session,
                exit_signal: start.exit_signal,
            }),
            life: Mutex::new(Life::default()),
            container: start.container,
            state: Mutex::new(State {
                files: start.files,
                fs: start.fs,
                credentials: start.credentials,
                program: start.program,
                tasks: BTreeMap::new(),
                exec: Exec::None,
            }),
            stopped: AtomicBool::new(false),
            installed: super::installed::Installed::default(),
            thread_count: super::threads::ThreadCount::default(),
            heritage: Mutex::new(None),
            own_usage: Mutex::new(Usage::default()),
            children_usage: Mutex::new(Usage::default()),
            execs: AtomicU64::new(0),
            out_of_memory: AtomicBool::new(false),
            out_of_space: AtomicBool::new(false),
        });
        process.pids().insert(&process);
        if let Some(parent) = start.parent {
            parent.family.lock().children.push(Arc::clone(&process));
        }
        process
    }

    /// The kernel of this pod.
    pub fn kernel(&self) -> &Arc<Kernel> {
        self.container.kernel()
    }

    /// The container it lives in.
    pub fn container(&self) -> &Arc<Container> {
        &self.container
    }

    /// The pid namespace it lives in.
    pub fn pids(&self) -> &Arc<Pids> {
        self.container.pids()
    }

    /// The descriptor table.
    pub fn files(&self) -> Arc<Files> {
        Arc::clone(&self.state.lock().files)
    }

    /// Root, working directory and umask.
    pub fn fs(&self) -> Arc<FsContext> {
        Arc::clone(&self.state.lock().fs)
    }

    /// The credentials of its first thread.
    pub fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.state.lock().credentials)
    }

    /// Sets the credentials of its first thread.
    pub fn set_credentials(&self, credentials: Credentials) {
        self.state.lock().credentials = Arc::new(credentials);
    }

    /// What it runs: executable, arguments, environment.
    pub fn program(&self) -> Arc<Program> {
        Arc::clone(&self.state.lock().program)
    }

    /// The soft limit of `resource`.
    pub fn limit(&self, resource: Resource) -> u64 {
        self.limits.soft(resource)
    }

    /// RLIMIT_NPROC where it binds: it does not bind uid 0, CAP_SYS_RESOURCE and CAP_SYS_ADMIN.
    pub fn thread_limit(&self) -> Option<u64> {
        let (user, soft) = (self.credentials(), self.limit(Resource::Processes));
        let free = user.uid == 0 || user.capable(capability::SYS_RESOURCE) || user.capable(capability::SYS_ADMIN);
        (!free && soft != abi::resource::RLIM_INFINITY).then_some(soft)
    }

    /// The threads that have made a call, lowest id first.
    pub fn tasks(&self) -> Vec<Arc<Task>> {
        self.state.lock().tasks.values().cloned().collect()
    }

    /// The thread of that id.
    pub fn task(&self, tid: Pid) -> Option<Arc<Task>> {
        self.state.lock().tasks.get(&tid).cloned()
    }

    /// Enters a thread.
    pub fn add_task(&self, task: &Arc<Task>) {
        self.state.lock().tasks.insert(task.tid, Arc::clone(task));
    }

    /// Forgets a thread.
    pub fn remove_task(&self, tid: Pid) {
        let removed = self.state.lock().tasks.remove(&tid);
        drop(removed);
    }

    /// Gives the process a descriptor table of its own (execve, unshare).
    pub fn unshare_files(&self) -> Arc<Files> {
        let copy = Arc::new(self.files().copy());
        let old = std::mem::replace(&mut self.state.lock().files, Arc::clone(&copy));
        drop(old);
        copy
    }

    /// Gives the process a root, working directory and umask of its own.
    pub fn unshare_fs(&self) {
        let copy = Arc::new(self.fs().copy());
        self.state.lock().fs = copy;
    }

    /// The process now runs `program`: descriptors marked so are closed, settings and credentials
    /// change as execve(2) says.
    pub fn begin_program(&self, program: Arc<Program>, credentials: Credentials) {
        let privileged = credentials != *self.credentials();
        let files = self.files();
        let files = if Arc::strong_count(&files) > 2 { self.unshare_files() } else { files };
        files.close_for_exec();
        self.child_signal.lock().reset_for_exec();
        self.timers.clear_for_exec();
        self.count_one_thread();
        self.installed.clear();
        self.mappings.begin(program.mapped.iter().cloned());
        let settings = self.settings.lock().after_exec(privileged);
        *self.settings.lock() = settings;
        let mut state = self.state.lock();
        let old = std::mem::replace(&mut state.program, program);
        state.credentials = Arc::new(credentials);
        drop(state);
        drop(old);
        self.execs.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps what the stub will ask for, or drops it.
    pub fn set_plan(&self, plan: Option<Plan>) {
        let exec = plan.map_or(Exec::None, |plan| Exec::Planned(Box::new(plan)));
        let old = std::mem::replace(&mut self.state.lock().exec, exec);
        drop(old);
    }

    /// Whether a thread of it is about to start the stub.
    pub fn is_planned(&self) -> bool {
        matches!(self.state.lock().exec, Exec::Planned(_))
    }

    /// Takes what the stub asks for.
    pub fn take_plan(&self) -> Option<Plan> {
        let mut state = self.state.lock();
        match std::mem::take(&mut state.exec) {
            Exec::Planned(plan) => Some(*plan),
            other => {
                state.exec = other;
                None
            }
        }
    }

    /// The stub begins to map.
    pub fn begin_loading(&self, script: Script) {
        self.state.lock().exec = Exec::Loading(Box::new(script));
    }

    /// Whether the stub maps a program now: no code of a guest runs in the process.
    pub fn is_loading(&self) -> bool {
        matches!(self.state.lock().exec, Exec::Loading(_))
    }

    /// The stub has mapped everything.
    pub fn end_loading(&self) -> Option<Script> {
        let mut state = self.state.lock();
        match std::mem::take(&mut state.exec) {
            Exec::Loading(script) => Some(*script),
            other => {
                state.exec = other;
                None
            }
        }
    }

    /// How often it has called execve(2) with success: a parent may not setpgid(2) a child that has.
    pub fn execs(&self) -> u64 {
        self.execs.load(Ordering::Relaxed)
    }

    /// Whether it is stopped by a signal: then no wait of it goes on.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(super) fn set_stopped(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Release);
    }

    /// Notes that it is over the size of a file system that it has mapped; true if that was noted before.
    pub fn note_out_of_space(&self) -> bool {
        self.out_of_space.swap(true, Ordering::AcqRel)
    }

    /// Notes that a memory limit ends it.
    pub fn note_out_of_memory(&self) {
        self.out_of_memory.store(true, Ordering::Release);
        self.container.note_out_of_memory();
    }

    /// Whether a memory limit ended it.
    pub fn was_out_of_memory(&self) -> bool {
        self.out_of_memory.load(Ordering::Acquire)
    }

    /// Processor time and memory of the process, once it has ended.
    pub fn usage(&self) -> Usage {
        *self.own_usage.lock()
    }

    /// Processor time and memory of the children that were waited for.
    pub fn children_usage(&self) -> Usage {
        *self.children_usage.lock()
    }

    pub(super) fn add_children_usage(&self, child: &Process) {
        let (own, below) = (child.usage(), child.children_usage());
        let mut sum = self.children_usage.lock();
        sum.user_us = sum.user_us.saturating_add(own.user_us).saturating_add(below.user_us);
        sum.system_us = sum.system_us.saturating_add(own.system_us).saturating_add(below.system_us);
        sum.max_rss_kib = sum.max_rss_kib.max(own.max_rss_kib).max(below.max_rss_kib);
    }

    /// The host says that the process is gone: everything it held is given back, its relatives hear.
    pub fn finish(self: &Arc<Self>, ended: Ended, usage: Usage) {
        *self.own_usage.lock() = usage;
        for task in self.tasks() {
            task.abandon();
            self.remove_task(task.tid);
        }
        self.timers.clear();
        self.kernel().ipc.process_ended(self);
        let (files, fs) = {
            let mut state = self.state.lock();
            let empty = Arc::new(Files::new());
            (std::mem::replace(&mut state.files, empty), Arc::clone(&state.fs))
        };
        let owner = crate::vfs::locks::Owner::Process(Arc::as_ptr(self.pids()).addr(), self.pid);
        self.kernel().locks.release_everywhere(owner);
        if Arc::strong_count(&files) == 1 {
            files.clear();
        }
        drop((files, fs));
        self.leave_relatives(ended);
        self.ended.announce(crate::wait::Events::IN);
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
        Process::new(Start {
            pid,
            host: HostTask(pid.0),
            container,
            parent: None,
            group: pid,
            session: Session::new(pid),
            files: Arc::default(),
            fs: Arc::new(fs),
            credentials: Arc::new(credentials),
            limits: Limits::default(),
            settings: Settings::default(),
            program: Arc::default(),
            child_signal: ChildSignal::default(),
            exit_signal: None,
        })
    }
}
