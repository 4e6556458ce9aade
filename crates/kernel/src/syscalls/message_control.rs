//! Control messages in and out of a guest's memory: cmsg(3), unix(7).

use std::sync::Arc;

use abi::Errno;
use abi::socket::{AF_UNIX, ControlHeader, SCM_CREDENTIALS, SCM_MAX_FD, SCM_RIGHTS, SOL_SOCKET, Ucred};
use zerocopy::{FromBytes, IntoBytes};

use crate::net::flight::Flying;
use crate::net::message;
use crate::task::{Resource, Task, capability};
use crate::vfs::OpenFile;

/// The most control bytes that a message may carry: /proc/sys/net/core/optmem_max.
const MOST: u64 = 131_072;
const HEADER: usize = size_of::<ControlHeader>();

/// What a message carries beside its bytes.
pub(super) struct Carried {
    /// Who sends it, as SCM_CREDENTIALS said or as it is.
    pub(super) from: Ucred,
    /// It said so.
    pub(super) claimed: bool,
    /// Open files.
    pub(super) files: Vec<Flying>,
}

impl Carried {
    /// What a message without control messages carries.
    pub(super) fn nothing(task: &Task) -> Carried {
        Carried { from: message::sender(task), claimed: false, files: Vec::new() }
    }
}

/// Reads what a message carries.
pub(super) fn read(task: &Arc<Task>, domain: u16, address: u64, length: u64) -> Result<Carried, Errno> {
    let mut carried = Carried::nothing(task);
    if length == 0 {
        return Ok(carried);
    }
    let size = usize::try_from(length).ok().filter(|_| length <= MOST).ok_or(Errno::ENOBUFS)?;
    let mut bytes = vec![0; size];
    task.read_bytes(address, &mut bytes)?;
    let mut rest = bytes.as_slice();
    let mut files = Vec::new();
    while rest.len() >= HEADER {
        let (header, _) = ControlHeader::read_from_prefix(rest).map_err(|_| Errno::EINVAL)?;
        let end = usize::try_from(header.length).map_err(|_| Errno::EINVAL)?;
        let body = rest.get(HEADER..end).ok_or(Errno::EINVAL)?;
        match (header.level, header.kind) {
            (SOL_SOCKET, _) if domain != AF_UNIX => return Err(Errno::EINVAL),
            (SOL_SOCKET, SCM_RIGHTS) => read_files(task, body, &mut files)?,
            (SOL_SOCKET, SCM_CREDENTIALS) => {
                (carried.from, carried.claimed) = (read_credentials(task, body)?, true);
            }
            (SOL_SOCKET, _) => return Err(Errno::EINVAL),
            // What is about packets has none to act on.
            _ => {}
        }
        rest = rest.get(aligned(end)..).unwrap_or_default();
    }
    carried.files = task.kernel().net.flights.board(files)?;
    Ok(carried)
}

fn read_files(task: &Task, body: &[u8], files: &mut Vec<Arc<OpenFile>>) -> Result<(), Errno> {
    let table = task.files();
    let (fds, _) = body.as_chunks::<4>();
    for fd in fds {
        files.push(table.get(i32::from_ne_bytes(*fd))?);
    }
    if files.len() > SCM_MAX_FD { Err(Errno::EINVAL) } else { Ok(()) }
}

/// The credentials that a sender claims: its own, unless it is privileged, unix(7).
fn read_credentials(task: &Task, body: &[u8]) -> Result<Ucred, Errno> {
    let claimed = Ucred::read_from_bytes(body).map_err(|_| Errno::EINVAL)?;
    let held = task.credentials();
    let pid = claimed.pid == task.process().pid.0 || held.capable(capability::SYS_ADMIN);
    let uid = [held.uid, held.euid, held.suid].contains(&claimed.uid) || held.capable(capability::SETUID);
    let gid = [held.gid, held.egid, held.sgid].contains(&claimed.gid) || held.capable(capability::SETGID);
    if pid && uid && gid { Ok(claimed) } else { Err(Errno::EPERM) }
}

/// Control messages that are being laid out for a guest.
pub(super) struct Layout {
    bytes: Vec<u8>,
    room: usize,
    /// Not all of it fitted: MSG_CTRUNC.
    pub(super) cut: bool,
}

impl Layout {
    /// An empty one for that much room.
    pub(super) fn new(room: u64) -> Layout {
        Layout { bytes: Vec::new(), room: usize::try_from(room.min(MOST)).unwrap_or(0), cut: false }
    }

    /// The bytes to be written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds the sender's process and ids.
    pub(super) fn credentials(&mut self, ucred: Ucred) {
        self.put(SOL_SOCKET, SCM_CREDENTIALS, ucred.as_bytes());
    }

    /// Gives the task descriptors of `files` as far as there is room, and adds them.
    pub(super) fn files(&mut self, task: &Task, files: Vec<Arc<OpenFile>>, close_on_exec: bool) {
        if files.is_empty() {
            return;
        }
        let room = self.room.saturating_sub(self.bytes.len()).saturating_sub(HEADER) / 4;
        let (table, limit) = (task.files(), task.process().limit(Resource::NoFile));
        let mut fds = Vec::new();
        for file in files {
            match table.add(file, close_on_exec, 0, if fds.len() < room { limit } else { 0 }) {
                Ok(fd) => fds.push(fd),
                Err(_) => self.cut = true,
            }
        }
        if !fds.is_empty() {
            self.put(SOL_SOCKET, SCM_RIGHTS, fds.as_slice().as_bytes());
        }
    }

    /// Adds a control message, cut where there is no room.
    pub(super) fn put(&mut self, level: i32, kind: i32, body: &[u8]) {
        let length = HEADER.saturating_add(body.len());
        let free = self.room.saturating_sub(self.bytes.len());
        if free < HEADER {
            self.cut = true;
            return;
        }
        let kept = length.min(free);
        self.cut |= kept < length;
        let header = ControlHeader { length: kept as u64, level, kind };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend(body.iter().take(kept.saturating_sub(HEADER)));
        let end = start.saturating_add(aligned(kept)).min(self.room);
        self.bytes.resize(end.max(self.bytes.len()), 0);
    }
}

/// CMSG_ALIGN of cmsg(3).
fn aligned(length: usize) -> usize {
    length.saturating_add(7) & !7
}
