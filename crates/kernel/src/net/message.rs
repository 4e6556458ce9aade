//! What travels with bytes: credentials and open files, unix(7) "Ancillary messages".

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use abi::Errno;
use abi::socket::Ucred;

use crate::net::Address;
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

/// How many open files are in messages that nobody has received, in this pod.
static FLYING: AtomicUsize = AtomicUsize::new(0);
/// Their bound: a socket that was sent through itself is never closed, and must not cost without end.
const MOST_FLYING: usize = 16384;

/// An open file in a message.
pub struct Flying(Option<Arc<OpenFile>>);

impl Flying {
    /// Takes `files` along; `ETOOMANYREFS` where too many fly already, unix(7).
    pub fn board(files: Vec<Arc<OpenFile>>) -> Result<Vec<Flying>, Errno> {
        let count = files.len();
        if FLYING.load(Ordering::Acquire).saturating_add(count) > MOST_FLYING {
            return Err(Errno::ETOOMANYREFS);
        }
        FLYING.fetch_add(count, Ordering::AcqRel);
        Ok(files.into_iter().map(|file| Flying(Some(file))).collect())
    }

    /// The file, which has arrived.
    pub fn land(mut self) -> Option<Arc<OpenFile>> {
        let landed = self.0.take();
        if landed.is_some() {
            FLYING.fetch_sub(1, Ordering::AcqRel);
        }
        landed
    }

    /// The file, which flies on: for MSG_PEEK.
    pub fn file(&self) -> Option<&Arc<OpenFile>> {
        self.0.as_ref()
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            FLYING.fetch_sub(1, Ordering::AcqRel);
            bury(file);
        }
    }
}

/// Lets go of a file without recursion: it may be a socket that holds messages with sockets.
fn bury(file: Arc<OpenFile>) {
    thread_local! {
        static GRAVES: RefCell<Option<Vec<Arc<OpenFile>>>> = const { RefCell::new(None) };
    }
    let digging = GRAVES.with_borrow_mut(|graves| match graves {
        Some(list) => {
            list.push(Arc::clone(&file));
            true
        }
        None => {
            *graves = Some(Vec::new());
            false
        }
    });
    if digging {
        return;
    }
    drop(file);
    while let Some(next) = GRAVES.with_borrow_mut(|graves| graves.as_mut().and_then(Vec::pop)) {
        drop(next);
    }
    GRAVES.with_borrow_mut(|graves| *graves = None);
}

/// A message on its way out.
pub struct Outgoing<'a> {
    /// Who sends.
    pub from: Ucred,
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
