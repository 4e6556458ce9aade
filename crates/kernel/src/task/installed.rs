//! Host files that are in a guest's process for the moment of a mapping.
//!
//! Owns: [`Installed`], under which numbers they are and which thread's call they are for. They are taken out
//! again at that thread's next call, when the mapping is made: else a file that is removed would be held open, and
//! its bytes with it, for as long as the program runs.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use abi::Errno;
use platform::GuestCall;

use super::{Fault, Pid, Process, Task};
use crate::sync::Mutex;
use crate::vfs::HostMapping;

/// Numbers from here on are ours; smaller ones are put to use as the guest names them. A process of a guest has 256.
const OWN: u32 = 192;
const OWN_COUNT: u32 = 64;
const MAP_SHARED: u64 = 0x01;

/// The numbers that are in use in one process.
#[derive(Default)]
pub(super) struct Installed {
    by_number: Mutex<BTreeMap<u32, Pid>>,
    next: AtomicU32,
    /// The lengths of all shared mappings that the program ever made, or its parents before fork(2).
    shared: AtomicU64,
}

impl Installed {
    /// What a child of fork(2) has of its parent; its first thread takes the numbers out.
    pub(super) fn inherit(&self, parent: &Installed, first: Pid) {
        let numbers: Vec<u32> = parent.by_number.lock().keys().copied().collect();
        self.by_number.lock().extend(numbers.into_iter().map(|number| (number, first)));
        self.shared.store(parent.shared.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// None is left, after execve(2).
    pub(super) fn clear(&self) {
        self.by_number.lock().clear();
        self.shared.store(0, Ordering::Relaxed);
    }

    fn put(&self, number: u32, thread: Pid) {
        self.by_number.lock().insert(number, thread);
    }

    /// One of our numbers; threads that map at the same time get different ones.
    fn own_number(&self) -> u32 {
        OWN.saturating_add(self.next.fetch_add(1, Ordering::Relaxed) % OWN_COUNT)
    }

    /// The numbers of calls of `thread` but `kept`, which are over.
    fn take(&self, thread: Pid, kept: Option<u32>) -> Vec<u32> {
        let mut numbers = self.by_number.lock();
        let over: Vec<u32> =
            numbers.iter().filter(|(n, owner)| **owner == thread && Some(**n) != kept).map(|(n, _)| *n).collect();
        for number in &over {
            numbers.remove(number);
        }
        over
    }
}

impl Process {
    /// The lengths of all shared mappings that its program has made or got by fork(2), gone ones included.
    pub fn shared_bytes(&self) -> u64 {
        self.installed.shared.load(Ordering::Relaxed)
    }

    /// Takes over what fork(2) copied of the parent's.
    pub fn inherit_installed(&self, parent: &Process) {
        self.installed.inherit(&parent.installed, self.pid);
    }
}

impl Task {
    /// Has the host make the mapping that the thread asks for in `call`, with `args` of mmap(2), of `host`.
    pub fn map(&self, call: &GuestCall, args: [u64; 6], host: &HostMapping) -> Result<u64, Fault> {
        let [address, length, protection, flags, fd, offset] = args;
        if args == call.args && fd < u64::from(OWN) && host.offset == 0 {
            self.note_shared(flags, length);
            self.kernel().platform.install(call, fd as u32, host.file.as_fd())?;
            self.process().installed.put(fd as u32, self.tid);
            return Err(Fault::Continue);
        }
        let offset = host.offset.checked_add(offset).filter(|end| i64::try_from(*end).is_ok());
        let args = [address, length, protection, flags, fd, offset.ok_or(Errno::EOVERFLOW)?];
        self.map_elsewhere(call, args, host.file.as_fd())?;
        Err(Fault::Answered)
    }

    /// The same under a number of ours, whatever the fifth of `args` is: what the call has answered.
    pub fn map_elsewhere(&self, call: &GuestCall, args: [u64; 6], file: BorrowedFd<'_>) -> Result<i64, Fault> {
        let [address, length, protection, flags, _, offset] = args;
        self.note_shared(flags, length);
        let installed = &self.process().installed;
        let number = installed.own_number();
        installed.put(number, self.tid);
        let args = [address, length, protection, flags, u64::from(number), offset];
        Ok(self.kernel().platform.redirect(call, abi::nr::MMAP, args, Some(file))?)
    }

    fn note_shared(&self, flags: u64, length: u64) {
        if flags & MAP_SHARED != 0 {
            self.process().installed.shared.fetch_add(length, Ordering::Relaxed);
        }
    }

    /// The thread makes another call: what its last one needed is taken out again. The number that the loader stub has
    /// while another thread is about to start it is left for a later call.
    pub fn end_mapping(&self, call: &GuestCall) {
        let process = self.process();
        if process.installed.by_number.lock().is_empty() {
            return;
        }
        let kept = process.is_planned().then_some(platform::notify::STUB_NUMBER);
        for number in process.installed.take(self.tid, kept) {
            self.kernel().platform.vacate(call, number);
        }
    }

    /// As [`Task::map`] where the thread waits in a call, or `EINVAL`.
    pub fn map_in_call(self: &Arc<Self>, args: [u64; 6], host: &HostMapping) -> Result<u64, Fault> {
        let call = self.call().ok_or(Errno::EINVAL)?;
        self.map(&call, args, host)
    }
}
