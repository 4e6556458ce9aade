//! Containers: what one container of the pod has for itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use abi::Errno;
use platform::Ended;

use crate::fs::anon::MemoryFiles;
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::{Pid, Pids, Process};
use crate::vfs::{FileSystem, Mounts};

/// A container: a process tree, a tree of mounts, limits.
pub struct Container {
    kernel: Arc<Kernel>,
    /// The name that the control protocol uses.
    pub name: String,
    /// Its tree of mounts.
    pub mounts: Arc<Mounts>,
    /// What its processes may use together.
    pub limits: ContainerLimits,
    /// Its files that no directory names, shared memory included.
    pub memory_files: MemoryFiles,
    pids: Arc<Pids>,
    started: Mutex<Started>,
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

/// The processes that the control protocol started, whose end it wants to know.
#[derive(Default)]
struct Started {
    /// The first one ever, with which the container ends.
    first: Option<Pid>,
    untold: Vec<Pid>,
}

#[derive(Default)]
struct Ending {
    /// How the first process ended: since then nothing more is started.
    first: Option<Ended>,
    /// It is to end: nothing more is started either.
    stopping: bool,
    told: bool,
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
    /// Whether a memory limit ended it; of a first process, whether one ended any of the container.
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
            memory_files: MemoryFiles::new([limits.memory_bytes, kernel.pod.memory_bytes].into_iter().flatten().min()),
            pids,
            started: Mutex::default(),
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

    /// The end of this process is to be told; the first one that is announced is the container's own.
    pub fn announce_end_of(&self, pid: Pid) {
        let mut started = self.started.lock();
        started.first.get_or_insert(pid);
        started.untold.push(pid);
    }

    /// Whether its first process has ended or it is being stopped: nothing may be started in it any more.
    pub fn is_ending(&self) -> bool {
        let ending = self.ending.lock();
        ending.first.is_some() || ending.stopping
    }

    /// Whether a process of it lives.
    pub fn lives(&self) -> bool {
        self.processes().iter().any(|process| !process.is_zombie())
    }

    /// Ends it.
    pub fn stop(&self) {
        self.ending.lock().stopping = true;
        self.kill();
    }

    /// Whether its end was told: nothing of it is left.
    pub fn has_ended(&self) -> bool {
        self.ending.lock().told
    }

    /// The process of that id, where it is one of this container.
    pub fn process(&self, pid: Pid) -> Option<Arc<Process>> {
        self.pids.get(pid).filter(|process| std::ptr::eq(Arc::as_ptr(process.container()), self))
    }

    /// `EAGAIN` where one more thread would exceed the container's, the pod's or the user's limit
    /// (RLIMIT_NPROC binds nobody with CAP_SYS_RESOURCE or CAP_SYS_ADMIN, nor uid 0, as on Linux).
    pub fn may_add_thread(&self, process: &Process) -> Result<(), Errno> {
        if self.has_room(process) {
            return Ok(());
        }
        for other in self.kernel.living() {
            other.recount_threads();
        }
        if self.has_room(process) { Ok(()) } else { Err(Errno::EAGAIN) }
    }

    fn has_room(&self, process: &Process) -> bool {
        let room = |limit: Option<u64>, count: usize| limit.is_none_or(|limit| (count as u64) < limit);
        room(self.limits.pids, self.threads())
            && room(self.kernel.pod.pids_limit, self.kernel.threads())
            && room(process.thread_limit(), self.threads_of(process.credentials().uid))
    }

    /// How many threads are in it. A process that nobody has waited for is one, as for cgroups(7).
    pub fn threads(&self) -> usize {
        self.processes().iter().map(|process| process.thread_count().max(1)).sum()
    }

    /// How many of them are the user's.
    fn threads_of(&self, uid: u32) -> usize {
        let own = self.processes().into_iter().filter(|process| process.credentials().uid == uid);
        own.map(|process| process.thread_count().max(1)).sum()
    }

    /// How many bytes of memory its own files hold; volumes are the pod's.
    pub fn file_bytes(&self) -> u64 {
        let mounted: u64 = self.file_systems().iter().map(|file_system| file_system.memory_bytes()).sum();
        mounted.saturating_add(self.memory_files.bytes())
    }

    /// Of these, what lies in the kernel's own memory.
    pub fn file_bytes_in_kernel(&self) -> u64 {
        let mounted: u64 = self.file_systems().iter().map(|file_system| file_system.bytes_in_kernel()).sum();
        mounted.saturating_add(self.memory_files.bytes_in_kernel())
    }

    /// The file systems of its own that have names, each once.
    pub fn file_systems(&self) -> Vec<Arc<dyn FileSystem>> {
        let mounts = Mounts::list(&self.mounts.root());
        let own = mounts.iter().filter(|(_, mount)| !mount.is_shared());
        let by_device = own.map(|(_, mount)| (mount.file_system().device(), Arc::clone(mount.file_system())));
        by_device.collect::<BTreeMap<_, _>>().into_values().collect()
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
        let (is_first, told) = self.started.lock().take(process.pid);
        if is_first {
            self.ending.lock().first = Some(ended);
            self.kill();
        } else if told {
            self.tell(process.pid, ended, process.was_out_of_memory(), false);
        }
        if let Some(ended) = self.take_end() {
            let first = self.started.lock().first.unwrap_or(Pid(1));
            self.tell(first, ended, self.ran_out_of_memory(), true);
        }
    }

    /// How the first process ended, once, when nothing else of the container lives.
    fn take_end(&self) -> Option<Ended> {
        let living = self.lives();
        let mut ending = self.ending.lock();
        let ended = ending.first.filter(|_| !living && !ending.told)?;
        ending.told = true;
        Some(ended)
    }

    fn tell(&self, pid: Pid, ended: Ended, out_of_memory: bool, init: bool) {
        self.kernel.exits.push(Exit { container: self.name.clone(), pid, ended, out_of_memory, init });
    }
}

impl Started {
    /// Whether `pid`, which has ended, is the first process, and whether its end is to be told.
    fn take(&mut self, pid: Pid) -> (bool, bool) {
        let before = self.untold.len();
        self.untold.retain(|other| *other != pid);
        let told = before != self.untold.len();
        (told && self.first == Some(pid), told)
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
