//! The kernel of one pod: what its containers share.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use platform::HostTask;

use crate::container::{Container, Exits};
use crate::pod::Pod;
use crate::runtime::Runtime;
use crate::sync::Mutex;
use crate::task::{Pid, Process, Task};
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
    /// Advisory locks on files.
    pub locks: crate::vfs::locks::Locks,
    /// Files that its containers share.
    pub volumes: crate::volume::Volumes,
    /// Ends that the control protocol is to tell.
    pub exits: Exits,
    /// How often each call was made, and which we do not have.
    pub counts: Counts,
    /// Host descriptors that files of ours wait for.
    pub host_queues: crate::machine::HostQueues,
    /// Whether guests may have gone on.
    pub activity: crate::activity::Activity,
    /// When memory limits are looked after.
    pub memory_watch: crate::mm::Watch,
    /// What the pod has used of its processors.
    pub throttle: crate::throttle::Throttle,
    tasks: Mutex<HashMap<HostTask, Arc<Task>>>,
    processes: Mutex<HashMap<HostTask, Arc<Process>>>,
    containers: Mutex<BTreeMap<String, Arc<Container>>>,
}

/// How often calls were made.
#[derive(Default)]
pub struct Counts {
    calls: Mutex<HashMap<u32, u64>>,
    missing: Mutex<BTreeMap<u32, u64>>,
}

impl Counts {
    /// Counts a call.
    pub fn count(&self, number: u32) {
        let mut calls = self.calls.lock();
        let count = calls.entry(number).or_default();
        *count = count.wrapping_add(1);
    }

    /// Counts a call that we do not have.
    pub fn miss(&self, number: u32) {
        let mut missing = self.missing.lock();
        let count = missing.entry(number).or_default();
        *count = count.wrapping_add(1);
    }

    /// The calls made and those that we do not have, by name.
    pub fn by_name(&self) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
        let name = |number: u32| abi::nr::name(number).map_or_else(|| number.to_string(), str::to_owned);
        let calls = self.calls.lock().iter().map(|(number, count)| (name(*number), *count)).collect();
        let missing = self.missing.lock().iter().map(|(number, count)| (name(*number), *count)).collect();
        (calls, missing)
    }
}

impl Kernel {
    /// A kernel with nothing to run.
    pub fn new(platform: Arc<dyn platform::Platform>, pod: Pod) -> Arc<Kernel> {
        Arc::new(Kernel {
            platform,
            pod,
            runtime: Runtime::new(),
            timers: Timers::default(),
            net: crate::net::Stack::default(),
            ipc: crate::ipc::Ipc::default(),
            notifier: crate::vfs::notify::Notifier::default(),
            locks: crate::vfs::locks::Locks::default(),
            volumes: crate::volume::Volumes::default(),
            exits: Exits::default(),
            counts: Counts::default(),
            host_queues: crate::machine::HostQueues::default(),
            activity: crate::activity::Activity::default(),
            memory_watch: crate::mm::Watch::default(),
            throttle: crate::throttle::Throttle::default(),
            tasks: Mutex::new(HashMap::new()),
            processes: Mutex::new(HashMap::new()),
            containers: Mutex::new(BTreeMap::new()),
        })
    }

    /// The container of that name.
    pub fn container(&self, name: &str) -> Option<Arc<Container>> {
        self.containers.lock().get(name).cloned()
    }

    /// Every container.
    pub fn containers(&self) -> Vec<Arc<Container>> {
        self.containers.lock().values().cloned().collect()
    }

    /// Whether a container has a memory limit of its own, or guests may fill or give up files without a call.
    pub fn needs_looks(&self) -> bool {
        crate::fs::mapped::is_any()
            || self.containers.lock().values().any(|container| container.limits.memory_bytes.is_some())
    }

    /// Enters a container, in place of one of that name.
    pub fn add_container(&self, container: &Arc<Container>) {
        let old = self.containers.lock().insert(container.name.clone(), Arc::clone(container));
        drop(old);
    }

    /// Forgets a container of which nothing lives.
    pub fn remove_container(&self, name: &str) {
        let old = self.containers.lock().remove(name);
        if let Some(number) = old.as_ref().and_then(|old| old.pids().own_number()) {
            self.platform.release(number);
        }
        drop(old);
    }

    /// How many threads live in the pod.
    pub fn threads(&self) -> usize {
        self.containers().iter().map(|container| container.threads()).sum()
    }

    /// Enters a process by its host id.
    pub fn add_process(&self, process: &Arc<Process>) {
        self.processes.lock().insert(process.host, Arc::clone(process));
        self.activity.note();
    }

    /// Forgets a process that is gone from the host.
    pub fn take_process(&self, host: HostTask) -> Option<Arc<Process>> {
        self.processes.lock().remove(&host)
    }

    /// Enters a thread by its host id.
    pub fn add_task(&self, task: &Arc<Task>) {
        self.tasks.lock().insert(task.host, Arc::clone(task));
        task.process().add_task(task);
    }

    /// Forgets a thread.
    pub fn forget_task(&self, host: HostTask) {
        let old = self.tasks.lock().remove(&host);
        drop(old);
    }

    /// The thread with that host id, where it has made a call.
    pub fn known_task(&self, host: HostTask) -> Option<Arc<Task>> {
        self.tasks.lock().get(&host).cloned()
    }

    /// The thread with that host id. One that makes its first call is identified and entered;
    /// `None` where it is gone already or no guest of ours.
    pub fn task(&self, host: HostTask) -> Option<Arc<Task>> {
        if let Some(task) = self.known_task(host) {
            return Some(task);
        }
        let identity = self.platform.identify(host)?;
        let process = self.processes.lock().get(&identity.process).cloned()?;
        let tid = if host == process.host { process.pid } else { process.pids().guest_id(identity.inner) };
        Some(self.enter(tid, host, &process))
    }

    fn enter(&self, tid: Pid, host: HostTask, process: &Arc<Process>) -> Arc<Task> {
        let name = process.tasks().first().map(|task| task.name()).unwrap_or_default();
        let task = Task::new(tid, host, Arc::clone(process), name);
        process.pass_on(&task);
        self.add_task(&task);
        task
    }

    /// The thread of that guest id in `process`, looked for on the host where it made no call yet.
    pub fn thread(&self, process: &Arc<Process>, tid: Pid) -> Option<Arc<Task>> {
        process.task(tid).or_else(|| {
            process.meet_threads();
            process.task(tid)
        })
    }
}

#[cfg(test)]
impl Kernel {
    pub(crate) fn for_tests(platform: Arc<dyn platform::Platform>) -> Arc<Kernel> {
        Kernel::new(platform, Pod::new("test"))
    }
}
