//! Containers: what one container of the pod has for itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use abi::Errno;
use platform::Ended;

use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::{Pid, Pids, Process, Resource};
use crate::vfs::Mounts;

/// A container: a process tree, a tree of mounts, limits.
pub struct Container {
    kernel: Arc<Kernel>,
    /// The name that the control protocol uses.
    pub name: String,
    /// Its tree of mounts.
    pub mounts: Arc<Mounts>,
    /// What its processes may use together.
    pub limits: ContainerLimits,
    pids: Arc<Pids>,
    /// The processes that the control protocol started, whose end it wants to know.
    started: Mutex<Vec<Pid>>,
    ending: Mutex<Ending>,
}

/// What the processes of a container may use together; `None` is no limit of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContainerLimits {
    /// Bytes of memory, guests and files in memory.
    pub memory_bytes: Option<u64>,
    /// Threads.
    pub pids: Option<u64>,
}

#[derive(Default)]
struct Ending {
    init: Option<Ended>,
    out_of_memory: bool,
    cpu_microseconds: u64,
}

/// What the control protocol tells of a process that it started.
#[derive(Clone, Debug)]
pub struct Exit {
    /// The container.
    pub container: String,
    /// The process.
    pub pid: Pid,
    /// How it ended.
    pub ended: Ended,
    /// Whether the container's memory limit ended it.
    pub out_of_memory: bool,
    /// Whether it was the container's first process: nothing of the container runs any more.
    pub init: bool,
}

impl Container {
    /// A container with nothing in it yet.
    pub fn new(
        kernel: &Arc<Kernel>,
        name: &str,
        mounts: Arc<Mounts>,
        pids: Arc<Pids>,
        limits: ContainerLimits,
    ) -> Arc<Container> {
        Arc::new(Container {
            kernel: Arc::clone(kernel),
            name: name.to_owned(),
            mounts,
            limits,
            pids,
            started: Mutex::new(Vec::new()),
            ending: Mutex::new(Ending::default()),
        })
    }

    /// The kernel of this pod.
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    /// Its pid namespace.
    pub fn pids(&self) -> &Arc<Pids> {
        &self.pids
    }

    /// Its living and ended processes.
    pub fn processes(&self) -> Vec<Arc<Process>> {
        let own = |process: &Arc<Process>| std::ptr::eq(Arc::as_ptr(process.container()), self);
        self.pids.all().into_iter().filter(own).collect()
    }

    /// The end of this process is to be told.
    pub fn announce_end_of(&self, pid: Pid) {
        self.started.lock().push(pid);
    }

    /// `EAGAIN` where one more thread would exceed the container's, the pod's or the user's limit
    /// (RLIMIT_NPROC binds nobody with CAP_SYS_RESOURCE or CAP_SYS_ADMIN, nor uid 0, as on Linux).
    pub fn may_add_thread(&self, process: &Process) -> Result<(), Errno> {
        let over = |limit: Option<u64>, count: usize| limit.is_some_and(|limit| count as u64 >= limit);
        let own = self.processes().iter().map(|process| process.thread_count()).sum();
        let pod = || self.pids.threads();
        let user = process.credentials();
        let soft = process.limit(Resource::Processes);
        let bound = user.uid != 0 && soft != abi::resource::RLIM_INFINITY;
        if over(self.limits.pids, own) || over(self.kernel.pod.pids_limit, pod()) || bound && over(Some(soft), own) {
            return Err(Errno::EAGAIN);
        }
        Ok(())
    }

    /// Whether a thread of it may run without having been answered by us.
    pub fn somebody_runs(&self) -> bool {
        let mut living = self.processes().into_iter().filter(|process| !process.is_zombie());
        living.any(|process| process.tasks().iter().any(|task| !task.is_in_call()))
    }

    /// How many bytes of memory its files hold.
    pub fn file_bytes(&self) -> u64 {
        let mounts = Mounts::list(&self.mounts.root());
        let by_device = mounts.iter().map(|(_, mount)| (mount.file_system().device(), mount.file_system()));
        let once: BTreeMap<_, _> = by_device.collect();
        once.values().map(|file_system| file_system.memory_bytes()).sum()
    }

    /// Processor time of its processes, living and ended, in microseconds.
    pub fn cpu_microseconds(&self) -> u64 {
        let living = self.processes().into_iter().filter(|process| !process.is_zombie());
        let living: u64 = living.filter_map(|process| platform::clock::process_time(process.host)).sum();
        self.ending.lock().cpu_microseconds.saturating_add(living / 1000)
    }

    /// Kills every process of it.
    pub fn kill(&self) {
        for process in self.processes() {
            process.kill();
        }
    }

    /// Sends a signal to the processes of a group.
    pub fn signal_group(&self, group: Pid, signal: abi::signal::Signal) {
        for process in self.pids.group(group) {
            process.send_signal(signal, crate::task::signals::from_kernel(signal));
        }
    }

    /// Notes that the memory limit ended a process.
    pub fn note_out_of_memory(&self) {
        self.ending.lock().out_of_memory = true;
    }

    /// Whether the memory limit has ended a process.
    pub fn ran_out_of_memory(&self) -> bool {
        self.ending.lock().out_of_memory
    }

    /// A process of it has ended.
    pub fn process_ended(self: &Arc<Self>, process: &Arc<Process>, ended: Ended) {
        {
            let usage = process.usage();
            let mut ending = self.ending.lock();
            let used = usage.user_us.saturating_add(usage.system_us);
            ending.cpu_microseconds = ending.cpu_microseconds.saturating_add(used);
        }
        let told = {
            let mut started = self.started.lock();
            let before = started.len();
            started.retain(|pid| *pid != process.pid);
            before != started.len()
        };
        if process.pid == Pid(1) {
            self.ending.lock().init = Some(ended);
            self.kill();
        } else if told {
            self.tell(process.pid, ended, false);
        }
        let living = self.processes().iter().any(|process| !process.is_zombie());
        let init = self.ending.lock().init;
        if let (false, Some(ended)) = (living, init) {
            self.ending.lock().init = None;
            self.tell(Pid(1), ended, true);
        }
    }

    fn tell(&self, pid: Pid, ended: Ended, init: bool) {
        let out_of_memory = self.ran_out_of_memory();
        self.kernel.exits.push(Exit { container: self.name.clone(), pid, ended, out_of_memory, init });
    }
}

/// Ends that the control protocol has not told yet.
#[derive(Default)]
pub struct Exits(Mutex<Vec<Exit>>);

impl Exits {
    fn push(&self, exit: Exit) {
        self.0.lock().push(exit);
    }

    /// Takes what is to be told.
    pub fn take(&self) -> Vec<Exit> {
        std::mem::take(&mut *self.0.lock())
    }
}

#[cfg(test)]
impl Container {
    pub(crate) fn for_tests(kernel: Arc<Kernel>, name: &str, mounts: Arc<Mounts>) -> Arc<Container> {
        Container::new(&kernel, name, mounts, Pids::new(0), ContainerLimits::default())
    }
}
