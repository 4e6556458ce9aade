//! Shared memory segments: shmget(2), shmop(2), shmctl(2).
//!
//! A segment is a memory file of the host's, mapped by those who attach it. Who has it attached is
//! read off the guests' own mappings, so that fork, exec and exit need no bookkeeping.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use abi::ipc::{IpcPerm, SHM_DEST, ShmStatus};

use super::{Ipc, Object, Permissions, now};
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::{Pid, Process};

/// SHMMAX: what one segment may hold.
const MOST_BYTES: u64 = 1 << 40;

/// A segment.
pub struct Segment {
    /// Its size as asked.
    pub size: u64,
    /// Its bytes, to be mapped.
    pub memory: Arc<OwnedFd>,
    /// The container whose process made it.
    pub container: String,
    /// What its mappings are called on the host.
    name: String,
    state: Mutex<State>,
}

struct State {
    permissions: Permissions,
    status: ShmStatus,
    /// IPC_RMID was asked for: it goes with its last attachment.
    doomed: bool,
}

impl Object for Segment {
    fn permissions(&self) -> Permissions {
        self.state.lock().permissions
    }
}

/// An attachment: where, and how many bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// The first address.
    pub start: u64,
    /// The length of the mapping.
    pub length: u64,
}

impl Segment {
    /// A segment of `size` bytes of zeros.
    pub fn new(permissions: Permissions, size: u64, creator: &Process) -> Result<Segment, Errno> {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        if size == 0 || size > MOST_BYTES {
            return Err(Errno::EINVAL);
        }
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("SYSV{number:08x}");
        let memory = creator.kernel().platform.memory_file(&name).map_err(|_| Errno::ENFILE)?;
        platform::host::truncate(memory.as_fd(), size.next_multiple_of(4096)).map_err(|_| Errno::ENOMEM)?;
        let status = ShmStatus { size, changed: now(), creator: creator.pid.0, ..ShmStatus::default() };
        let state = State { permissions, status, doomed: false };
        let container = creator.container().name.clone();
        Ok(Segment { size, memory: Arc::new(memory), container, name, state: Mutex::new(state) })
    }

    /// What it holds, in bytes.
    pub fn held(&self) -> u64 {
        platform::host::stat(self.memory.as_fd()).map_or(0, |stat| stat.blocks.unsigned_abs().saturating_mul(512))
    }

    /// IPC_STAT.
    pub fn status(&self, kernel: &Kernel) -> ShmStatus {
        let attachments = self.attachments(kernel);
        let state = self.state.lock();
        ShmStatus { perm: state.permissions.raw(), attachments, ..state.status }
    }

    /// IPC_SET.
    pub fn set(&self, from: &IpcPerm) {
        let mut state = self.state.lock();
        state.permissions.set(from);
        state.status.changed = now();
    }

    /// Notes that `pid` attached it.
    pub fn note_attached(&self, pid: Pid) {
        let mut state = self.state.lock();
        (state.status.attached, state.status.last) = (now(), pid.0);
    }

    /// Notes that `pid` detached it.
    pub fn note_detached(&self, pid: Pid) {
        let mut state = self.state.lock();
        (state.status.detached, state.status.last) = (now(), pid.0);
    }

    /// Its bytes for a mapping that shall never be written, whatever mprotect(2) is asked later.
    pub fn read_only(&self) -> Result<Arc<OwnedFd>, Errno> {
        let how = platform::host::Open::Read;
        platform::host::reopen(self.memory.as_fd(), how).map(Arc::new).map_err(|_| Errno::ENOMEM)
    }

    /// The places where `process` has it attached.
    pub fn attached_in(&self, process: &Process) -> Vec<Attachment> {
        let text = process.kernel().platform.proc_file(process.host, "maps");
        mappings(&text, &self.name)
    }

    fn attachments(&self, kernel: &Kernel) -> u64 {
        let containers = kernel.containers();
        let processes = containers.iter().flat_map(|container| container.processes());
        processes.map(|process| self.attached_in(&process).len() as u64).sum()
    }

    /// IPC_RMID: whether it can be removed at once because nobody has it attached.
    pub fn doom(&self, kernel: &Kernel) -> bool {
        {
            let mut state = self.state.lock();
            state.doomed = true;
            state.permissions.mark(SHM_DEST);
        }
        self.attachments(kernel) == 0
    }

    fn is_doomed(&self) -> bool {
        self.state.lock().doomed
    }
}

/// The mappings of the memory file `name` in a text of /proc/PID/maps.
fn mappings(text: &[u8], name: &str) -> Vec<Attachment> {
    let wanted = format!("/memfd:{name} (deleted)");
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().filter(|line| line.ends_with(&wanted));
    lines
        .filter_map(|line| {
            let (start, rest) = line.split_once('-')?;
            let (end, _) = rest.split_once(' ')?;
            let (start, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
            Some(Attachment { start, length: end.saturating_sub(start) })
        })
        .collect()
}

impl Ipc {
    /// Removes the segments that were to go with their last attachment and have none any more.
    pub fn sweep(&self, kernel: &Kernel) {
        for (id, segment) in self.shm.all() {
            if segment.is_doomed() && segment.attachments(kernel) == 0 {
                drop(self.shm.remove(id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_are_found_among_the_mappings() {
        let text = b"7f0000000000-7f0000002000 rw-s 00000000 00:01 5 /memfd:SYSV00000001 (deleted)\n\
                     7f0000003000-7f0000004000 rw-p 00000000 00:00 0 \n\
                     7f0000005000-7f0000006000 rw-s 00000000 00:01 6 /memfd:SYSV00000002 (deleted)\n";
        let found = mappings(text, "SYSV00000001");
        assert_eq!(found, [Attachment { start: 0x7f00_0000_0000, length: 0x2000 }]);
    }
}
