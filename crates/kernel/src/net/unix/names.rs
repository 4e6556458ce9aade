//! Who is bound to which Unix name.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::socket::Ucred;

use super::{DatagramSocket, StreamSocket};
use crate::net::address::UnixName;
use crate::net::socket::Endpoint;
use crate::sync::Mutex;
use crate::vfs::notify::Notifier;

/// A bound socket.
#[derive(Clone)]
pub(super) enum Bound {
    Stream(Weak<StreamSocket>),
    Datagram(Weak<DatagramSocket>),
}

impl Bound {
    fn is_open(&self) -> bool {
        match self {
            Bound::Stream(socket) => socket.strong_count() > 0,
            Bound::Datagram(socket) => socket.strong_count() > 0,
        }
    }
}

/// A name in one of the two spaces.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Abstract(Vec<u8>),
    /// The node's device and inode number.
    Node(u64, u64),
}

impl Key {
    /// `None` for a name that nothing can be bound to or found by.
    fn of(name: &UnixName) -> Option<Key> {
        match name {
            UnixName::Abstract(bytes) => Some(Key::Abstract(bytes.clone())),
            UnixName::Path(_, Some(inode)) => Notifier::key(inode).ok().map(|(device, ino)| Key::Node(device, ino)),
            UnixName::Path(_, None) | UnixName::Unnamed => None,
        }
    }
}

/// The Unix names of a pod, and its Unix sockets.
#[derive(Default)]
pub struct Names {
    bound: Mutex<HashMap<Key, Bound>>,
    all: Mutex<Vec<Weak<dyn Endpoint>>>,
}

impl Names {
    /// Binds `name`; `EADDRINUSE` where another socket is.
    pub(super) fn bind(&self, name: &UnixName, socket: Bound) -> Result<(), Errno> {
        let key = Key::of(name).ok_or(Errno::EINVAL)?;
        let mut bound = self.bound.lock();
        match bound.get(&key) {
            Some(other) if other.is_open() => Err(Errno::EADDRINUSE),
            _ => {
                bound.insert(key, socket);
                Ok(())
            }
        }
    }

    /// An abstract name that nobody has, unix(7) "Autobind feature".
    pub(super) fn autobind(&self, socket: &Bound) -> Result<UnixName, Errno> {
        (0u32..0x10_0000)
            .map(|number| UnixName::Abstract(format!("{number:05x}").into_bytes()))
            .find(|name| self.bind(name, socket.clone()).is_ok())
            .ok_or(Errno::ENOSPC)
    }

    /// The socket bound to `name`; `ECONNREFUSED` where there is none.
    pub(super) fn find(&self, name: &UnixName) -> Result<Bound, Errno> {
        let key = Key::of(name).ok_or(Errno::ECONNREFUSED)?;
        self.bound.lock().get(&key).filter(|bound| bound.is_open()).cloned().ok_or(Errno::ECONNREFUSED)
    }

    /// Frees `name` where the socket bound to it is the one that closes: an accepted socket shows its
    /// listener's name and does not own it.
    pub(super) fn free(&self, name: &UnixName, closes: impl FnOnce(&Bound) -> bool) {
        let Some(key) = Key::of(name) else { return };
        let mut bound = self.bound.lock();
        if bound.get(&key).is_some_and(closes) {
            bound.remove(&key);
        }
    }

    pub(super) fn enlist(&self, socket: Weak<dyn Endpoint>) {
        let mut all = self.all.lock();
        if all.len() == all.capacity() {
            all.retain(|socket| socket.strong_count() > 0);
        }
        all.push(socket);
    }

    /// Every open Unix socket, for /proc/net/unix.
    pub fn all(&self) -> Vec<Arc<dyn Endpoint>> {
        self.all.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

/// Nobody: what SO_PEERCRED shows of a socket without a peer.
pub(super) const NOBODY: Ucred = Ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
