//! Platform `notify`: guests are host processes whose calls arrive by seccomp user notification.
//!
//! Owns: receiving and answering, the guests' host processes (all are children of this process, by
//! CLONE_PARENT, so that it alone learns how they end and no guest ever gets a SIGCHLD from the
//! host), their memory, their pid namespaces. One thread does all of it. Read DESIGN's traps in
//! docs/adr before changing the order of anything here.

mod deliver;
pub(crate) mod filter;
mod listener;
mod memory;
mod namespaces;
mod parking;
mod procfs;
mod spawn;
mod spawner;
mod spawner_filter;
mod stops;
pub mod stub;
mod together;
mod trace;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use abi::Errno;
use abi::signal::{SigInfo, Signal, SignalSet};

pub use filter::{CONTINUED, Condition, RULES, Rule, UNFILTERED};
pub use namespaces::{Isolation, isolate, isolate_on_network};
pub use spawner_filter::SPAWNER_CALLS;

use crate::confine::{Confinement, confine_kernel};
use crate::reactor::{Reactor, Readiness};
use crate::{
    BadAddress, Event, GuestCall, HostLimit, HostLimits, HostTask, Identity, Platform, Queued, Refusal, Reply,
    SignalState,
};
use deliver::Target;
use listener::{Listener, Received};
use spawner::Spawner;
use trace::{Missed, Redirect};

/// The number under which a thread that is to exec gets the stub, closed by the execve.
pub const STUB_NUMBER: u32 = 3;

/// Tokens of pidfds carry this bit beside the process's id, tokens of listeners do not.
const PROCESS_TOKEN: u64 = 1 << 31;

/// The platform.
pub struct Notify {
    reactor: Reactor,
    stub: OwnedFd,
    nothing: OwnedFd,
    proc_dir: OwnedFd,
    spawner: OnceLock<Spawner>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    listeners: HashMap<u32, Arc<Listener>>,
    processes: HashMap<i32, OwnedFd>,
    deferred: VecDeque<(u32, Received)>,
    /// A thread died while it forked: its child may be there and nobody's.
    strays: bool,
}

impl Notify {
    /// The platform, once [`isolate`] has been called. `proc_dir` is the host's /proc.
    pub fn new(proc_dir: OwnedFd) -> std::io::Result<Notify> {
        let reactor = Reactor::new()?;
        let nothing = memory::file("podvisor-nothing")?;
        Ok(Notify {
            reactor,
            stub: stub::file()?,
            nothing,
            proc_dir,
            spawner: OnceLock::new(),
            state: Mutex::default(),
        })
    }

    /// The second wall: leaves this process what the kernel needs and `directories`, with whether
    /// each may be written.
    pub fn confine(&self, directories: &[(BorrowedFd<'_>, bool)]) -> std::io::Result<Confinement> {
        let start = || Spawner::start(self.stub.as_fd(), self.proc_dir.as_fd());
        let (confinement, spawner) = confine_kernel(directories, self.proc_dir.as_fd(), start);
        let _ = self.spawner.set(spawner?);
        Ok(confinement)
    }

    /// Whether no guest can be made any more, and those in namespaces are ended by the host: somebody has
    /// killed the spawner.
    pub fn is_crippled(&self) -> bool {
        self.spawner.get().is_some_and(Spawner::is_gone)
    }

    /// Ends the spawner and what it keeps, and whatever else is still a child of this process: no guest is left
    /// where there are no pid namespaces that end them.
    pub fn end(&self) {
        let Some(spawner) = self.spawner.get() else { return };
        for child in procfs::children(self.proc_dir.as_fd()).into_iter().filter(|child| *child != spawner.process()) {
            namespaces::send(child, None, Signal::SIGKILL, None);
        }
        spawner.end();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listener(&self, number: u32) -> Option<Arc<Listener>> {
        self.state().listeners.get(&number).cloned()
    }

    /// Learns of the end of `process`.
    fn adopt(&self, process: i32) -> std::io::Result<()> {
        let pidfd = namespaces::pidfd_open(process)?;
        self.reactor.add(pidfd.as_raw_fd(), libc::EPOLLIN as u32, PROCESS_TOKEN | process as u64)?;
        self.state().processes.insert(process, pidfd);
        Ok(())
    }

    fn received(number: u32, call: &Received) -> Event {
        Event::Call(GuestCall {
            task: HostTask(call.host),
            number: call.number,
            args: call.args,
            instruction_pointer: call.instruction_pointer,
            listener: number,
            id: call.id,
        })
    }

    fn ended(&self, process: i32) -> Option<Event> {
        self.end_strays();
        let (ended, usage) = namespaces::reap(process)?;
        if let Some(pidfd) = self.state().processes.remove(&process) {
            self.reactor.remove(pidfd.as_raw_fd());
        }
        Some(Event::Ended(HostTask(process), ended, usage))
    }

    /// Runs `steps`, which make the thread of `call` make another call.
    fn redirected<T>(
        &self,
        call: &GuestCall,
        number: u32,
        args: [u64; 6],
        steps: impl FnOnce(&mut Redirect<'_>) -> Result<T, Missed>,
    ) -> Result<T, Refusal> {
        let listener = self.listener(call.listener).ok_or(Refusal::Errno(Errno::ESRCH))?;
        let received = reassemble(call);
        let mut redirect = Redirect { listener: &listener, call: &received, number, args, deferred: Vec::new() };
        let done = steps(&mut redirect);
        let deferred = redirect.deferred.into_iter().map(|received| (call.listener, received));
        self.state().deferred.extend(deferred);
        if matches!(done, Err(Missed::Gone)) {
            self.state().strays = true;
            self.end_strays();
        }
        done.map_err(|missed| match missed {
            Missed::Refused(error) => Refusal::Errno(translate(error)),
            Missed::Again(_) | Missed::Failed | Missed::Gone => Refusal::Answered,
        })
    }

    fn process_of(&self, task: HostTask) -> Option<i32> {
        if self.state().processes.contains_key(&task.0) {
            return Some(task.0);
        }
        Some(procfs::identify(self.proc_dir.as_fd(), task.0)?.process.0)
    }

    fn target(&self, task: HostTask) -> Target<'_> {
        Target { process: self.process_of(task).unwrap_or(task.0), host: task.0, proc_dir: self.proc_dir.as_fd() }
    }

    fn end_strays(&self) {
        let mut state = self.state();
        if state.strays && trace::end_strays(|process| state.processes.contains_key(&process)) {
            state.strays = false;
        }
    }

    fn event(&self, bits: u32, token: u64) -> Option<Event> {
        if token >= crate::reactor::FIRST_TOKEN {
            return Some(Event::Ready(token, Readiness::from_bits_truncate(bits)));
        }
        if token & PROCESS_TOKEN != 0 {
            return self.ended((token & (PROCESS_TOKEN - 1)) as i32);
        }
        let number = token as u32;
        let listener = self.listener(number)?;
        if bits & libc::EPOLLIN as u32 != 0 {
            return listener.receive().map(|call| Notify::received(number, &call));
        }
        self.reactor.remove(listener.raw());
        self.state().listeners.remove(&number);
        None
    }
}

/// Ends a call; false where its thread is gone.
fn send(listener: &Listener, id: u64, reply: Reply) -> bool {
    match reply {
        Reply::Value(value) => listener.answer(id, value as i64, 0),
        Reply::Error(errno) => listener.answer(id, 0, -i32::from(errno.0)),
        Reply::RestartByFlags => listener.answer(id, 0, -512),
        Reply::RestartAlways => listener.answer(id, 0, -513),
        Reply::Continue => listener.let_go(id),
    }
}

fn reassemble(call: &GuestCall) -> Received {
    Received {
        id: call.id,
        host: call.task.0,
        number: call.number,
        args: call.args,
        instruction_pointer: call.instruction_pointer,
    }
}

/// The host's failure as the guest may see it: only those that mean the same to both.
fn translate(error: i32) -> Errno {
    match error {
        libc::ENOMEM => Errno::ENOMEM,
        libc::ESRCH | libc::ENOENT => Errno::ESRCH,
        libc::EINVAL => Errno::EINVAL,
        _ => Errno::EAGAIN,
    }
}

impl Platform for Notify {
    fn read_memory(&self, task: HostTask, address: u64, buffer: &mut [u8]) -> Result<usize, BadAddress> {
        memory::read(task.0, address, buffer)
    }

    fn write_memory(&self, task: HostTask, address: u64, bytes: &[u8]) -> Result<usize, BadAddress> {
        memory::write(task.0, address, bytes)
    }

    fn is_waiting(&self, call: &GuestCall) -> bool {
        self.listener(call.listener).is_some_and(|listener| listener.is_waiting(call.id))
    }

    fn answer(&self, call: &GuestCall, reply: Reply) {
        match reply {
            Reply::RestartByFlags | Reply::RestartAlways => self.answer_with(call, reply, None, &[]),
            Reply::Value(_) | Reply::Error(_) | Reply::Continue => {
                if let Some(listener) = self.listener(call.listener) {
                    send(&listener, call.id, reply);
                }
            }
        }
    }

    fn answer_with(&self, call: &GuestCall, reply: Reply, mask: Option<SignalSet>, signals: &[Queued]) {
        let Some(listener) = self.listener(call.listener) else { return };
        let end = || send(&listener, call.id, reply);
        let _ = self.target(call.task).answer(end, mask.map(|mask| mask.0), signals);
    }

    fn deliver(&self, task: HostTask, signals: &[Queued]) -> bool {
        // One whose call was received cannot be stopped before it is answered.
        if self.state().deferred.iter().any(|(_, received)| received.host == task.0) {
            return false;
        }
        let _ = self.target(task).interrupt(signals);
        true
    }

    fn install(&self, call: &GuestCall, fd: u32, file: BorrowedFd<'_>) -> Result<(), Errno> {
        let listener = self.listener(call.listener).ok_or(Errno::ESRCH)?;
        listener.install(call.id, file, fd).map_err(translate)
    }

    fn vacate(&self, call: &GuestCall, fd: u32) {
        let _ = self.install(call, fd, self.nothing.as_fd());
    }

    fn redirect(
        &self,
        call: &GuestCall,
        number: u32,
        args: [u64; 6],
        file: Option<BorrowedFd<'_>>,
    ) -> Result<i64, Refusal> {
        self.redirected(call, number, args, |redirect| {
            let listener = redirect.listener;
            let install = |id| file.map_or(Ok(()), |file| listener.install(id, file, args[4] as u32));
            redirect.perform(file.is_some() || filter::always_asks(number), install)
        })
    }

    fn exec(&self, call: &GuestCall) -> Result<(), Refusal> {
        let process = self.process_of(call.task).ok_or(Refusal::Errno(Errno::ESRCH))?;
        // No link is followed: of another path, which a thread writes there meanwhile, a memory file of the guest's own
        // (/proc/self/fd) would be what Landlock lets through.
        let flags = libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW;
        let args = [u64::from(STUB_NUMBER), stub_path(self, call)?, 0, 0, flags as u64, 0];
        self.redirected(call, abi::nr::EXECVEAT, args, |redirect| {
            let listener = redirect.listener;
            let install = |id| listener.install(id, self.stub.as_fd(), STUB_NUMBER);
            redirect.exec(process, install, || procfs::runs(self.proc_dir.as_fd(), process, self.stub.as_fd()))
        })
    }

    fn runs_stub(&self, task: HostTask) -> bool {
        procfs::runs(self.proc_dir.as_fd(), task.0, self.stub.as_fd())
            && !procfs::has_descriptor(self.proc_dir.as_fd(), task.0, STUB_NUMBER)
    }

    fn fork(&self, call: &GuestCall, args: [u64; 6]) -> Result<HostTask, Refusal> {
        // Its place is kept free for the descriptor by which we learn of the child's end.
        let place = self.stub.try_clone().map_err(|_| Refusal::Errno(Errno::EAGAIN))?;
        let adopt = |child| {
            drop(place);
            self.adopt(child).is_ok()
        };
        self.redirected(call, abi::nr::CLONE, args, |redirect| redirect.fork(adopt)).map(HostTask)
    }

    fn limit(&self, call: &GuestCall, resource: HostLimit, soft: u64) -> Result<i64, Refusal> {
        let hard = procfs::hard_limit(self.proc_dir.as_fd(), call.task.0, resource).ok_or(Errno::ESRCH)?;
        let limit: Vec<u8> = [soft.min(hard), hard].iter().flat_map(|value| value.to_ne_bytes()).collect();
        // Other threads may write there meanwhile: whatever they write limits only themselves.
        match self.write_memory(call.task, stub::SCRIPT, &limit) {
            Ok(length) if length == limit.len() => {
                self.redirect(call, abi::nr::PRLIMIT64, [0, u64::from(resource.number()), stub::SCRIPT, 0, 0, 0], None)
            }
            _ => Err(Errno::ENOMEM.into()),
        }
    }

    fn spawn(&self, namespace: u32, limits: HostLimits) -> Result<HostTask, std::io::Error> {
        let spawner = self.spawner.get().ok_or(std::io::ErrorKind::NotConnected)?;
        let (process, listener) = spawner.spawn(namespace, limits)?;
        let number = listener.raw() as u32;
        self.reactor.add(listener.raw(), libc::EPOLLIN as u32, u64::from(number))?;
        self.state().listeners.insert(number, Arc::new(listener));
        self.adopt(process)?;
        Ok(HostTask(process))
    }

    fn release(&self, namespace: u32) {
        if let Some(spawner) = self.spawner.get() {
            spawner.release(namespace);
        }
    }

    fn discard(&self, process: HostTask) {
        namespaces::send(process.0, None, Signal::SIGKILL, None);
        let pidfd = self.state().processes.remove(&process.0);
        if let Some(pidfd) = pidfd {
            self.reactor.remove(pidfd.as_raw_fd());
        }
        namespaces::wait(process.0);
    }

    fn identify(&self, task: HostTask) -> Option<Identity> {
        procfs::identify(self.proc_dir.as_fd(), task.0)
    }

    fn threads(&self, process: HostTask) -> Vec<HostTask> {
        procfs::threads(self.proc_dir.as_fd(), process.0)
    }

    fn signal(&self, process: HostTask, thread: Option<HostTask>, signal: Signal, info: Option<SigInfo>) {
        namespaces::send(process.0, thread.map(|thread| thread.0), signal, info);
    }

    fn signal_state(&self, task: HostTask) -> Option<SignalState> {
        procfs::signal_state(self.proc_dir.as_fd(), task.0)
    }

    fn proc_file(&self, task: HostTask, name: &str) -> Vec<u8> {
        procfs::read(self.proc_dir.as_fd(), &format!("{}/{name}", task.0)).unwrap_or_default()
    }

    fn memory_file(&self, name: &str) -> std::io::Result<OwnedFd> {
        memory::file(name)
    }

    fn reactor(&self) -> Option<&Reactor> {
        Some(&self.reactor)
    }

    fn next_event(&self, deadline: Option<u64>) -> Option<Event> {
        loop {
            let deferred = self.state().deferred.pop_front();
            if let Some((number, call)) = deferred {
                return Some(Notify::received(number, &call));
            }
            let (bits, token) = self.reactor.wait(deadline)?;
            if let Some(event) = self.event(bits, token) {
                return Some(event);
            }
        }
    }
}

/// The address of an empty string for execveat(2): a zero byte in the stub's header. A guest that
/// has unmapped its stub cannot exec any more; one that swaps the page meanwhile gains a path below
/// an empty root that Landlock denies as well, where the host has these, and never a link.
fn stub_path(platform: &Notify, call: &GuestCall) -> Result<u64, Errno> {
    let mut byte = [1u8];
    let zero = stub::BASE + stub::ZERO_OFFSET;
    match platform.read_memory(call.task, zero, &mut byte) {
        Ok(1) if byte == [0] => Ok(zero),
        _ => Err(Errno::ENOMEM),
    }
}
