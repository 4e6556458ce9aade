//! The control server: requests become containers and processes, their ends become events.
//!
//! Owns: the order of things: describe the pod, confine this process, start containers, end. Does not
//! own: what a message looks like (`control`) and what it means to the kernel (`translate`).

mod ends;
mod streams;

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use control::{Answer, Closed, ErrorKind, Event, Failure, Operation, Reply, Request, Socket};
use kernel::container::{Container, ContainerLimits};
use kernel::kernel::Kernel;
use kernel::net::inet::outside::{self, Way};
use kernel::start::ProcessSpec;
use kernel::sync::Mutex;
use kernel::task::{Pid, Pids};
use kernel::wait::{Events, Listener};
use platform::notify::Notify;

use self::streams::Wanted;
use crate::terminal::Joined;
use crate::translate::{self, Descriptors, failure, invalid};
use crate::walls;

/// Why this process ends early.
pub(crate) struct Fatal {
    /// The exit code.
    pub(crate) code: u8,
    /// What can be reported.
    pub(crate) message: String,
}

/// Serves one pod until told to end or until the other side is gone.
pub(crate) fn serve(control: OwnedFd) -> Result<(), Fatal> {
    let lacking = |message: String| Fatal { code: 69, message };
    platform::process::prepare();
    platform::machine::prepare();
    platform::host::prepare().map_err(|error| lacking(format!("/proc is not readable: errno {}", error.0)))?;
    let proc_dir = platform::process::open_proc().map_err(|error| lacking(format!("/proc: {error}")))?;
    let isolation = platform::notify::isolate();
    platform::process::end_with_parent();
    let mut socket = Socket::new(control);
    let pod = match first_request(&mut socket) {
        Ok(Some((id, pod))) => {
            socket.send(&Answer { id, result: Ok(Reply::Done {}) });
            pod
        }
        Ok(None) => return Ok(()),
        Err(closed) => return ended(closed),
    };
    let platform = Arc::new(Notify::new(proc_dir).map_err(|error| lacking(error.to_string()))?);
    let kernel = Kernel::new(Arc::clone(&platform) as Arc<dyn platform::Platform>, translate::pod(&pod));
    kernel.net.inet.set_addresses(pod.addresses.clone());
    let shared_pids = pod.shared_pid.then(|| kernel::pause::namespace(&kernel));
    let mut server = Server {
        kernel,
        platform,
        socket,
        readable: Arc::new(Flag(AtomicBool::new(true))),
        parked: HashMap::new(),
        volumes: Vec::new(),
        shared_pids,
        next_namespace: 1,
        terminals: HashMap::new(),
        late: Arc::default(),
        stopping: Vec::new(),
        isolation,
        confined: false,
        done: false,
        crippled: false,
    };
    server.run()
}

/// The pod's description, which must come first; malformed requests are answered.
fn first_request(socket: &mut Socket) -> Result<Option<(u64, control::Pod)>, Closed> {
    loop {
        let Some(frame) = socket.receive(true)? else { continue };
        match Request::parse(&frame.body) {
            Ok(Request { id, operation: Operation::Create(create) }) => return Ok(Some((id, create.pod))),
            Ok(Request { id, operation: Operation::Shutdown }) => {
                socket.send(&Answer { id, result: Ok(Reply::Done {}) });
                return Ok(None);
            }
            Ok(Request { id, .. }) => {
                socket.send(&Answer { id, result: Err(invalid("the first request must be `create`")) });
            }
            Err(malformed) => refuse(socket, &malformed),
        }
    }
}

fn refuse(socket: &Socket, malformed: &control::Malformed) {
    if let Some(id) = malformed.id {
        socket.send(&Answer { id, result: Err(invalid(malformed.message.clone())) });
    }
}

fn ended(closed: Closed) -> Result<(), Fatal> {
    match closed {
        Closed::End => Ok(()),
        Closed::Broken(error) => Err(Fatal { code: 64, message: error.to_string() }),
        Closed::Host(error) => Err(Fatal { code: 69, message: format!("control socket: {error}") }),
    }
}

/// Whether the control socket may be readable.
struct Flag(AtomicBool);

impl Listener for Flag {
    fn notify(&self, _: Events) {
        self.0.store(true, Ordering::Release);
    }
}

struct Server {
    kernel: Arc<Kernel>,
    platform: Arc<Notify>,
    socket: Socket,
    readable: Arc<Flag>,
    parked: HashMap<String, (OwnedFd, bool)>,
    /// Host files of volumes, until what this process can reach is settled.
    volumes: Vec<(OwnedFd, bool)>,
    shared_pids: Option<Arc<Pids>>,
    next_namespace: u32,
    terminals: HashMap<(String, Pid), Joined>,
    /// Answers of requests that were not answered at once.
    late: Arc<Mutex<Vec<Answer>>>,
    stopping: Vec<ends::Stopping>,
    isolation: platform::notify::Isolation,
    confined: bool,
    done: bool,
    crippled: bool,
}

impl Server {
    fn run(&mut self) -> Result<(), Fatal> {
        let watched = self.kernel.watch_host(self.socket.as_fd());
        let listener: Arc<dyn Listener> = Arc::clone(&self.readable) as Arc<dyn Listener>;
        let _place = watched.as_ref().map(|(_, queue)| queue.listen(listener));
        while !self.done {
            if self.readable.0.swap(false, Ordering::AcqRel)
                && let Err(closed) = self.receive()
            {
                self.end_all();
                return ended(closed);
            }
            self.tell_exits();
            self.answer_late();
            self.answer_stops();
            if !self.done {
                self.kernel.step(None);
            }
        }
        self.end_all();
        if self.crippled { Err(self.crippled()) } else { Ok(()) }
    }

    /// The last words of a kernel that cannot make guests any more.
    fn crippled(&self) -> Fatal {
        let message = "podvisor-spawn, which makes the pod's processes, was killed";
        self.socket.send(&Event::Fatal { message: message.into() });
        Fatal { code: 69, message: message.into() }
    }

    /// Sees to it that this process ends where it can make no guests any more.
    fn look_after_spawner(&mut self) {
        if self.platform.is_crippled() {
            (self.crippled, self.done) = (true, true);
        }
    }

    fn receive(&mut self) -> Result<(), Closed> {
        while let Some(frame) = self.socket.receive(false)? {
            match Request::parse(&frame.body) {
                Ok(Request { id, operation: Operation::Dial(dial) }) => {
                    if let Err(failure) = self.dial(id, &dial, frame.descriptors) {
                        self.socket.send(&Answer { id, result: Err(failure) });
                    }
                }
                Ok(Request { id, operation: Operation::Stop(stop) }) => {
                    if let Err(failure) = self.stop(id, &stop.container) {
                        self.socket.send(&Answer { id, result: Err(failure) });
                    }
                }
                Ok(Request { id, operation }) => {
                    let result = self.perform(operation, frame.descriptors);
                    self.socket.send(&Answer { id, result });
                }
                Err(malformed) => refuse(&self.socket, &malformed),
            }
        }
        Ok(())
    }

    fn perform(&mut self, operation: Operation, descriptors: Vec<OwnedFd>) -> Result<Reply, Failure> {
        let sent = descriptors.into_iter().map(Some).collect();
        match operation {
            Operation::Create(_) | Operation::Dial(_) | Operation::Stop(_) => {
                Err(invalid("create: the pod is already described"))
            }
            Operation::Attach(attach) => self.attach(attach, sent),
            Operation::Volume(volume) => self.volume(&volume, sent),
            Operation::Changed(changed) => self.changed(&changed),
            Operation::Start(start) => self.start(&start, sent),
            Operation::Exec(exec) => self.exec(&exec, sent),
            Operation::Signal(signal) => self.signal(&signal),
            Operation::Resize(resize) => self.resize(&resize),
            Operation::Network => self.network(sent),
            Operation::Ping => Ok(Reply::Done {}),
            Operation::Stats => Ok(Reply::Stats(crate::stats::collect(&self.kernel))),
            Operation::Shutdown => {
                self.done = true;
                Ok(Reply::Done {})
            }
        }
    }

    fn attach(&mut self, attach: control::Attach, sent: Vec<Option<OwnedFd>>) -> Result<Reply, Failure> {
        let mut sent = sent.into_iter().flatten();
        let (Some(fd), None) = (sent.next(), sent.next()) else {
            return Err(invalid(format!("attach {}: exactly one descriptor must come with it", attach.key)));
        };
        self.parked.insert(attach.key, (fd, attach.writable));
        Ok(Reply::Done {})
    }

    /// Another switch may be joined later, in place of one that has ended.
    fn network(&self, sent: Vec<Option<OwnedFd>>) -> Result<Reply, Failure> {
        let mut sent = sent.into_iter().flatten();
        match (sent.next(), sent.next()) {
            (Some(fd), None) if platform::stream::is_socket(fd.as_fd()) => {
                self.kernel.net.inet.uplink.join(&self.kernel, fd);
                Ok(Reply::Done {})
            }
            _ => Err(invalid("network: exactly one descriptor must come with it, of a socket")),
        }
    }

    fn volume(&mut self, volume: &control::Volume, sent: Vec<Option<OwnedFd>>) -> Result<Reply, Failure> {
        let name = &volume.name;
        let mut fds = Descriptors { sent, parked: &self.parked };
        let source = translate::volume(&self.kernel, volume, &mut fds)?;
        if let kernel::volume::Source::Host(fd, shown) = &source {
            if self.confined {
                return Err(invalid(format!("volume {name}: one of the host must come before the first start")));
            }
            let copy = fd.try_clone().map_err(|error| failure(ErrorKind::Host, format!("volume {name}: {error}")))?;
            self.volumes.push((copy, !shown.read_only));
        }
        self.kernel.volumes.add(name, source).map_err(|errno| match errno {
            abi::Errno::EEXIST => invalid(format!("volume {name}: already exists")),
            abi::Errno::EINVAL => invalid(format!("volume {name}: neither a directory nor a regular file")),
            errno => failure(ErrorKind::Host, format!("volume {name}: {}", errno.text().to_lowercase())),
        })?;
        Ok(Reply::Done {})
    }

    fn changed(&self, changed: &control::Changed) -> Result<Reply, Failure> {
        let name = &changed.volume;
        let told = self.kernel.volumes.changed(&self.kernel.notifier, name, changed.name.as_bytes());
        let missing = |_| failure(ErrorKind::NoSuch, format!("volume {name}: there is none of that name"));
        told.map(|()| Reply::Done {}).map_err(missing)
    }

    fn start(&mut self, start: &control::Start, sent: Vec<Option<OwnedFd>>) -> Result<Reply, Failure> {
        match self.kernel.container(&start.container) {
            Some(known) if known.has_ended() => self.kernel.remove_container(&start.container),
            Some(_) => return Err(invalid(format!("container {}: already exists", start.container))),
            None => {}
        }
        self.confine(start, &sent)?;
        let mut fds = Descriptors { sent, parked: &self.parked };
        let pids = self.shared_pids.clone().unwrap_or_else(|| Pids::new(self.next_namespace));
        let spec = translate::root(&self.kernel, &pids, start, &mut fds)?;
        let streams = Wanted::take(&self.kernel, &start.process, &mut fds)?;
        let mounts = kernel::fs::root::build(spec).map_err(|error| translate::build_failure(&error))?;
        kernel::fs::root::make_working_directory(&mounts, start.process.cwd.as_bytes());
        self.next_namespace += 1;
        let limits = ContainerLimits { memory_bytes: start.limits.memory_bytes, pids: start.limits.pids_limit };
        let container = Container::new(&self.kernel, &start.container, mounts, pids, limits);
        self.kernel.add_container(&container);
        let started = self.launch(&container, &start.process, streams);
        if started.is_err() {
            self.kernel.remove_container(&start.container);
        }
        started
    }

    fn exec(&mut self, exec: &control::Exec, sent: Vec<Option<OwnedFd>>) -> Result<Reply, Failure> {
        let container = self.container(&exec.container)?;
        let mut fds = Descriptors { sent, parked: &self.parked };
        let streams = Wanted::take(&self.kernel, &exec.process, &mut fds)?;
        self.launch(&container, &exec.process, streams)
    }

    fn launch(
        &mut self,
        container: &Arc<Container>,
        process: &control::Process,
        wanted: Wanted,
    ) -> Result<Reply, Failure> {
        let hostname = String::from_utf8_lossy(&self.kernel.pod.uts.lock().hostname).into_owned();
        let (streams, joined) = wanted.into_streams(&self.kernel, container)?;
        let spec = ProcessSpec {
            arguments: process.args.iter().map(|argument| argument.clone().into_bytes()).collect(),
            environment: translate::environment(process, &hostname),
            directory: process.cwd.clone().into_bytes(),
            user: process.user.clone(),
            groups: process.groups.clone(),
            no_new_privs: process.no_new_privs,
            umask: process.umask.unwrap_or(0o022),
            streams,
            limits: translate::limits(process)?,
        };
        let started = self.kernel.start(container, spec);
        if started.is_err() {
            self.look_after_spawner();
        }
        let started = started.map_err(translate::start_failure)?;
        if let Some(joined) = joined {
            self.terminals.insert((container.name.clone(), started.pid), joined);
        }
        Ok(Reply::Started { pid: started.pid.0 as u32 })
    }

    fn container(&self, name: &str) -> Result<Arc<Container>, Failure> {
        let found = self.kernel.container(name);
        found.ok_or_else(|| failure(ErrorKind::NoSuch, format!("container {name}: there is none of that name")))
    }

    fn signal(&self, request: &control::Signal) -> Result<Reply, Failure> {
        let container = self.container(&request.container)?;
        let signal = abi::signal::Signal::new(u32::from(request.signal))
            .ok_or_else(|| invalid(format!("signal {}: there is no such signal", request.signal)))?;
        let targets = if request.all {
            container.processes()
        } else {
            let pid = Pid(request.pid as i32);
            let process = container
                .process(pid)
                .ok_or_else(|| failure(ErrorKind::NoSuch, format!("process {}: there is none", pid.0)))?;
            vec![process]
        };
        for target in targets {
            target.send_signal_from_outside(signal);
        }
        Ok(Reply::Done {})
    }

    fn resize(&self, request: &control::Resize) -> Result<Reply, Failure> {
        let key = (request.container.clone(), Pid(request.pid as i32));
        match self.terminals.get(&key) {
            Some(joined) => {
                joined.resize(request.rows, request.columns);
                Ok(Reply::Done {})
            }
            None => Err(failure(ErrorKind::NoSuch, format!("process {}: it has no terminal", request.pid))),
        }
    }

    /// Answered once the connection stands, which may be after other requests.
    fn dial(&self, id: u64, dial: &control::Dial, descriptors: Vec<OwnedFd>) -> Result<(), Failure> {
        let mut descriptors = descriptors.into_iter();
        let (Some(host), None) = (descriptors.next(), descriptors.next()) else {
            return Err(invalid("dial: exactly one descriptor must come with it"));
        };
        if !platform::stream::is_socket(host.as_fd()) {
            return Err(invalid("dial: the descriptor is no socket"));
        }
        let way = Way::new(&self.kernel.net.inet, dial.port, dial.address, dial.source);
        let late = Arc::clone(&self.late);
        let connected = outside::serve(Arc::clone(&self.kernel), way, host, false);
        self.kernel.runtime.spawn(async move {
            let result = connected.await.map(|()| Reply::Done {});
            let result = result.map_err(|errno| translate::dial_failure(way, errno));
            late.lock().push(Answer { id, result });
        });
        Ok(())
    }

    fn answer_late(&self) {
        for answer in std::mem::take(&mut *self.late.lock()) {
            self.socket.send(&answer);
        }
    }

    /// The second wall goes up before the first guest runs: by then every directory that this
    /// process may ever need has been handed to it.
    fn confine(&mut self, start: &control::Start, sent: &[Option<OwnedFd>]) -> Result<(), Failure> {
        if self.confined {
            return Ok(());
        }
        let mut directories = translate::directories(start, sent);
        let before = self.parked.values().chain(&self.volumes);
        directories.extend(before.map(|(fd, writable)| (fd.as_fd(), *writable)));
        let confinement = self.platform.confine(&directories);
        let confinement = confinement.map_err(|error| failure(ErrorKind::Host, format!("cannot fork: {error}")))?;
        if let Some(lacking) = walls::lacking(confinement, self.isolation) {
            return Err(failure(ErrorKind::Host, lacking));
        }
        self.confined = true;
        self.volumes.clear();
        Ok(())
    }
}
