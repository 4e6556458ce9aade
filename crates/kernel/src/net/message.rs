//! What travels with bytes: credentials and open files, unix(7) "Ancillary messages".

use std::sync::Arc;

use abi::socket::Ucred;

use crate::net::Address;
use crate::net::flight::Flying;
use crate::task::{Credentials, Task};
use crate::vfs::OpenFile;

/// Who makes a call on a socket.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The process and its effective ids, as SO_PEERCRED of another socket will show them.
    pub ucred: Ucred,
    /// Whether it may bind ports below 1024.
    pub low_ports: bool,
}

impl Caller {
    /// The task's process.
    pub fn of(task: &Task) -> Caller {
        let held = task.credentials();
        let ucred = Ucred { pid: task.process().pid.0, uid: held.euid, gid: held.egid };
        Caller { ucred, low_ports: may_bind_low(&held) }
    }
}

fn may_bind_low(credentials: &Credentials) -> bool {
    credentials.capable(crate::task::capability::NET_BIND_SERVICE)
}

/// Who sends, as SCM_CREDENTIALS tells it: the real ids.
pub fn sender(task: &Task) -> Ucred {
    let held = task.credentials();
    Ucred { pid: task.process().pid.0, uid: held.uid, gid: held.gid }
}

/// What SCM_CREDENTIALS tells of a sender where neither end had asked for it when the message was sent:
/// no process, and the overflow ids of user_namespaces(7).
pub const UNTOLD: Ucred = Ucred { pid: 0, uid: 65534, gid: 65534 };

/// A message on its way out.
pub struct Outgoing<'a> {
    /// Who sends.
    pub from: Ucred,
    /// The sender said so by SCM_CREDENTIALS.
    pub claimed: bool,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Where to, unless the socket is connected.
    pub to: Option<&'a Address>,
    /// The files it carries; taken once bytes were accepted.
    pub files: Vec<Flying>,
}

/// A message that was taken in.
#[derive(Default)]
pub struct Received {
    /// How many bytes were put into the buffer.
    pub count: usize,
    /// How long the message was, where that is more.
    pub full: usize,
    /// Who sent it, where the protocol tells.
    pub from: Option<Address>,
    /// The sender's process and ids.
    pub ucred: Option<Ucred>,
    /// The files it carried.
    pub files: Vec<Arc<OpenFile>>,
    /// What else is told of it: level, kind and body of control messages.
    pub controls: Vec<(i32, i32, Vec<u8>)>,
    /// Whether a record ends here.
    pub end_of_record: bool,
}
