//! Sockets as open files.
//!
//! Owns: [`Socket`] (the file), [`Base`] (what every socket has) and [`Endpoint`], the contract of each
//! protocol. Does not own: what a protocol does (`unix`, `inet`, `netlink`), options (`options`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use abi::socket::{AF_UNIX, FIONREAD, SIOCATMARK, SIOCOUTQ, SIOCOUTQNSD, Ucred};
use abi::stat::{S_IFSOCK, Stat};

use crate::net::address::Address;
use crate::net::flight::Flying;
use crate::net::message::{Caller, Outgoing, Received};
use crate::net::options::Options;
use crate::sync::Mutex;
use crate::task::{Fault, Task, UserPtr};
use crate::time::Nanos;
use crate::vfs::{File, OpenFile, OpenFlags};
use crate::wait::{Events, WaitQueue};

/// The device number of sockets' inodes.
const DEVICE: u64 = 0x8;

/// What every socket has.
pub struct Base {
    /// AF_UNIX, AF_INET …
    pub domain: u16,
    /// SOCK_STREAM, SOCK_DGRAM …
    pub kind: u32,
    /// IPPROTO_TCP …; 0 for the Unix family.
    pub protocol: i32,
    /// Its inode number, which also stands for it in /proc/net.
    pub ino: u64,
    /// Who made it.
    pub maker: Ucred,
    /// Where it announces.
    pub queue: Arc<WaitQueue>,
    /// What setsockopt(2) set.
    pub options: Mutex<Options>,
    /// Who wrote last by a call that tells nothing of the caller.
    sender: Mutex<Ucred>,
}

impl Base {
    /// A new socket's.
    pub fn new(domain: u16, kind: u32, protocol: i32, maker: Ucred) -> Base {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Base {
            domain,
            kind,
            protocol,
            ino: NEXT.fetch_add(1, Ordering::Relaxed),
            maker,
            queue: Arc::new(WaitQueue::new()),
            options: Mutex::new(Options::default()),
            sender: Mutex::new(maker),
        }
    }

    /// A socket that a listener made of a connection: it has the listener's options.
    pub fn accepted(listener: &Base, maker: Ucred) -> Base {
        let base = Base::new(listener.domain, listener.kind, listener.protocol, maker);
        *base.options.lock() = listener.options.lock().clone();
        base
    }
}

/// For what a call has to know the way to an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To say whether it can be reached.
    Connect,
    /// To send there.
    Send,
}

/// What a protocol answers. Nothing here waits: `EAGAIN` asks the caller to listen on
/// `base().queue` and to ask again.
pub trait Endpoint: Send + Sync {
    /// What every socket has.
    fn base(&self) -> &Base;

    /// bind(2). A Unix path has been made a node by the caller.
    fn bind(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno>;

    /// connect(2), until it no longer answers `EAGAIN`.
    fn connect(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno>;

    /// connect(2) of a socket that does not wait; `EINPROGRESS` where the outcome comes later.
    fn connect_nowait(self: Arc<Self>, caller: &Caller, address: &Address) -> Result<(), Errno> {
        self.connect(caller, address)
    }

    /// Whether connect(2) or send(2) to an address can be answered: `EAGAIN` while it is being found out where that is.
    /// On Linux the routes are at hand, so that this is waited for also by a call that does not wait.
    fn settle(&self, _to: Option<&Address>, _purpose: Purpose) -> Result<(), Errno> {
        Ok(())
    }

    /// listen(2).
    fn listen(self: Arc<Self>, _caller: &Caller, _backlog: i32) -> Result<(), Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    /// accept(2).
    fn accept(&self) -> Result<Arc<dyn Endpoint>, Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    /// Whether listen(2) was called: SO_ACCEPTCONN.
    fn listening(&self) -> bool {
        false
    }

    /// Sends a message, or as many bytes of it as fit.
    fn send(&self, message: &mut Outgoing) -> Result<usize, Errno>;

    /// Receives into `buffer`; of the MSG flags, `PEEK` counts.
    fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno>;

    /// shutdown(2).
    fn shutdown(&self, read: bool, write: bool) -> Result<(), Errno>;

    /// getsockname(2).
    fn name(&self) -> Address;

    /// getpeername(2); `ENOTCONN` without a peer.
    fn peer(&self) -> Result<Address, Errno>;

    /// What can be done now.
    fn poll(&self) -> Events;

    /// Joins or leaves a multicast group; the option and its value are as setsockopt(2) has them.
    fn change_groups(&self, _option: (i32, i32), _value: &[u8]) -> Result<(), Errno> {
        Err(Errno::EPROTO)
    }

    /// IP_MULTICAST_IF: the address that stands for the interface of that value.
    fn outgoing(&self, _value: &[u8]) -> Result<i32, Errno> {
        Err(Errno::EINVAL)
    }

    /// SO_PASSCRED was set or taken back: from now on senders are to be told of, or need not be.
    fn tell_senders(&self, _on: bool) {}

    /// The process and ids of the peer: SO_PEERCRED.
    fn peer_ucred(&self) -> Ucred {
        Ucred { pid: 0, uid: u32::MAX, gid: u32::MAX }
    }

    /// SO_ERROR, which is told once.
    fn take_error(&self) -> Option<Errno> {
        None
    }

    /// A buffer's size was set: SO_SNDBUF.
    fn resize(&self, _send_bytes: usize) {}

    /// The bytes that can be read, FIONREAD.
    fn pending(&self) -> Result<usize, Errno>;

    /// The bytes that nobody has read yet, SIOCOUTQ.
    fn unsent(&self) -> Result<usize, Errno>;

    /// A stream, whose bytes have no borders and whose broken end is told by SIGPIPE.
    fn is_stream(&self) -> bool {
        self.base().kind == abi::socket::SOCK_STREAM
    }

    /// The files in messages that nobody has received, by address: `flight::Flying::key`.
    fn flying(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Takes them out of their messages.
    fn take_flying(&self) -> Vec<Flying> {
        Vec::new()
    }

    /// The last description is closed.
    fn close(&self);
}

/// A socket as an open file.
pub struct Socket {
    endpoint: Arc<dyn Endpoint>,
}

impl Socket {
    /// An open file of `endpoint`; of `flags`, `NONBLOCK` counts.
    pub fn open(endpoint: Arc<dyn Endpoint>, flags: OpenFlags) -> Arc<OpenFile> {
        let flags = (flags & OpenFlags::NONBLOCK) | OpenFlags::RDWR;
        OpenFile::anonymous(Arc::new(Socket { endpoint }), flags)
    }

    /// The protocol's side.
    pub fn endpoint(&self) -> &Arc<dyn Endpoint> {
        &self.endpoint
    }

    /// The socket of a descriptor's file, or `ENOTSOCK`.
    pub fn of(file: &OpenFile) -> Result<&Socket, Errno> {
        file.downcast::<Socket>().ok_or(Errno::ENOTSOCK)
    }
}

impl File for Socket {
    fn stat(&self) -> Result<Stat, Errno> {
        let base = self.endpoint.base();
        Ok(Stat {
            dev: DEVICE,
            ino: base.ino,
            nlink: 1,
            mode: S_IFSOCK | 0o777,
            uid: base.maker.uid,
            gid: base.maker.gid,
            blksize: 4096,
            ..Stat::default()
        })
    }

    fn read(&self, buffer: &mut [u8], _position: u64) -> Result<usize, Errno> {
        if buffer.is_empty() && self.endpoint.is_stream() {
            return Ok(0);
        }
        // Files that came along are closed: read(2) has nowhere to put them.
        self.endpoint.receive(buffer, 0).map(|got| got.count)
    }

    fn write(&self, bytes: &[u8], _position: u64) -> Result<usize, Errno> {
        let from = *self.endpoint.base().sender.lock();
        self.endpoint.send(&mut Outgoing { from, bytes, to: None, claimed: false, files: Vec::new() })
    }

    fn append(&self, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        self.write(bytes, 0).map(|count| (count, 0))
    }

    fn poll(&self) -> Events {
        self.endpoint.poll()
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.endpoint.base().queue)
    }

    fn ioctl(&self, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
        let answer = match request {
            FIONREAD => self.endpoint.pending()?,
            SIOCOUTQ => self.endpoint.unsent()?,
            SIOCOUTQNSD if self.endpoint.is_stream() && self.endpoint.base().domain != AF_UNIX => 0,
            SIOCATMARK if self.endpoint.is_stream() => 0,
            // As on Linux any socket answers for the interfaces: if_nametoindex(3) asks a Unix one.
            _ => {
                let (inet, domain) = (&task.kernel().net.inet, self.endpoint.base().domain);
                return crate::net::interface::ioctl(inet, domain, task, (request, argument));
            }
        };
        let answer = i32::try_from(answer).unwrap_or(i32::MAX);
        task.write(UserPtr::new(argument), &answer)?;
        Ok(0)
    }

    fn before_io(&self, task: &Arc<Task>, write: bool) -> Result<(), Fault> {
        if write {
            *self.endpoint.base().sender.lock() = crate::net::message::sender(task);
        }
        Ok(())
    }

    fn timeout(&self, write: bool) -> Option<Nanos> {
        let options = self.endpoint.base().options.lock();
        if write { options.send_timeout } else { options.receive_timeout }
    }

    fn label(&self) -> String {
        format!("socket:[{}]", self.endpoint.base().ino)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.endpoint.close();
    }
}
