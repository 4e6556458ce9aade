//! A kernel for unit tests: one task in one container, its memory a vector, its root a tmpfs.
//!
//! Owns: [`Guest`]. A test places arguments in the guest's memory, makes calls by number through the table, and
//! looks at memory and answers.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use platform::{BadAddress, HostTask, Platform};

use crate::container::Container;
use crate::fs::tmpfs::{Options, Tmpfs};
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::syscalls::{Answer, Args, Handler, Waiting, table};
use crate::task::{Credentials, FsContext, Pid, Process, Task};
use crate::vfs::{Mount, MountFlags, Mounts};

/// How much memory a fake guest has; address 0 is not mapped.
const MEMORY: usize = 4 << 20;
/// Where the first argument is placed.
const FIRST: usize = 4096;

/// A platform whose only guest memory is a vector.
pub(crate) struct FakePlatform(Mutex<Vec<u8>>);

impl Platform for FakePlatform {
    fn read_memory(&self, _: HostTask, address: u64, buffer: &mut [u8]) -> Result<usize, BadAddress> {
        let memory = self.0.lock();
        let start = usize::try_from(address).ok().filter(|start| *start >= FIRST).ok_or(BadAddress)?;
        let found = memory.get(start..).filter(|found| !found.is_empty()).ok_or(BadAddress)?;
        let done = found.len().min(buffer.len());
        buffer.iter_mut().zip(found).for_each(|(to, from)| *to = *from);
        Ok(done)
    }

    fn write_memory(&self, _: HostTask, address: u64, bytes: &[u8]) -> Result<usize, BadAddress> {
        let mut memory = self.0.lock();
        let start = usize::try_from(address).ok().filter(|start| *start >= FIRST).ok_or(BadAddress)?;
        let place = memory.get_mut(start..).filter(|place| !place.is_empty()).ok_or(BadAddress)?;
        let done = place.len().min(bytes.len());
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(done)
    }

    fn memory_file(&self, name: &str) -> std::io::Result<OwnedFd> {
        platform::host::memory_file(name).map_err(|error| std::io::Error::from_raw_os_error(error.0))
    }
}

/// A task to make calls as.
pub(crate) struct Guest {
    pub(crate) task: Arc<Task>,
    next: Mutex<usize>,
    _mounts: Arc<Mounts>,
}

impl Guest {
    /// Root, with the default capabilities, in `/` of an empty tmpfs of 16 MiB.
    pub(crate) fn new() -> Guest {
        Guest::with(Mount::new(Tmpfs::new(Options::sized(16 << 20)), b"none", MountFlags::empty()))
    }

    /// The same with another root file system.
    pub(crate) fn with(top: Arc<Mount>) -> Guest {
        Guest::on(Arc::new(FakePlatform(Mutex::new(vec![0; MEMORY]))), top)
    }

    /// The same on another platform.
    pub(crate) fn on(platform: Arc<dyn Platform>, top: Arc<Mount>) -> Guest {
        let kernel = Kernel::for_tests(platform);
        let mounts = Mounts::new(top);
        let fs =
            FsContext { root: Mutex::new(mounts.root()), cwd: Mutex::new(mounts.root()), umask: Mutex::new(0o022) };
        let container = Container::for_tests(Arc::clone(&kernel), "test", Arc::clone(&mounts));
        let process = Process::for_tests(Pid(1), container, fs, Credentials::user(0, 0, Vec::new()));
        let task = Task::new(Pid(1), HostTask(1), process, b"test".to_vec());
        Guest { task, next: Mutex::new(FIRST), _mounts: mounts }
    }

    /// Becomes an ordinary user.
    pub(crate) fn become_user(&self, uid: u32) {
        self.task.process().set_credentials(Credentials::user(uid, uid, Vec::new()));
    }

    /// Places bytes in the guest's memory; answers their address.
    pub(crate) fn put(&self, bytes: &[u8]) -> u64 {
        let address = self.room(bytes.len());
        assert_eq!(self.task.write_bytes(address, bytes), Ok(()), "the fake guest is out of memory");
        address
    }

    /// Places a zero-terminated string; answers its address.
    pub(crate) fn text(&self, text: &str) -> u64 {
        self.put(&[text.as_bytes(), b"\0"].concat())
    }

    /// The address of `length` unused bytes.
    pub(crate) fn room(&self, length: usize) -> u64 {
        let mut next = self.next.lock();
        let address = *next;
        *next = (address + length + 15) & !15;
        address as u64
    }

    /// `length` bytes of the guest's memory.
    pub(crate) fn bytes(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        assert_eq!(self.task.read_bytes(address, &mut bytes), Ok(()), "outside of the fake guest's memory");
        bytes
    }

    /// Makes a call that must not have to wait.
    pub(crate) fn call(&self, number: u32, args: &[u64]) -> Answer {
        match self.begin(number, args).poll() {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("call {number} waits"),
        }
    }

    /// Begins a call that may wait.
    pub(crate) fn begin(&self, number: u32, args: &[u64]) -> Begun {
        let mut registers: Args = [0; 6];
        registers.iter_mut().zip(args).for_each(|(register, value)| *register = *value);
        let call = table::find(number).unwrap_or_else(|| panic!("no row for call {number}"));
        match call.handler {
            Handler::Now(handler) => Begun(Err(Some(handler(&self.task, registers)).into_iter().collect())),
            Handler::Waits(handler) => Begun(Ok(handler(Arc::clone(&self.task), registers))),
        }
    }
}

/// A call that was begun.
pub(crate) struct Begun(Result<Waiting, VecDeque<Answer>>);

impl Begun {
    /// The answer, where it is ready.
    pub(crate) fn poll(&mut self) -> Poll<Answer> {
        match &mut self.0 {
            Ok(future) => Pin::new(future).poll(&mut Context::from_waker(Waker::noop())),
            Err(answered) => answered.pop_front().map_or(Poll::Pending, Poll::Ready),
        }
    }
}
