//! socket, socketpair, bind, connect, listen, accept, shutdown, names and options.

use std::sync::Arc;

use abi::Errno;
use abi::socket::{
    SHUT_RD, SHUT_RDWR, SHUT_WR, SO_RCVBUFFORCE, SO_SNDBUFFORCE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_TYPE_MASK,
    SOL_SOCKET,
};

use super::event::install;
use super::socket_address as addresses;
use super::{Answer, Args, Call};
use crate::net::socket::Purpose;
use crate::net::{Address, Caller, Endpoint, Socket, UnixName, options};
use crate::task::{Cut, Fault, Resource, Task, UserPtr, capability};
use crate::time::{self, Nanos, SECOND};
use crate::vfs::{OpenFile, OpenFlags};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    now!(SOCKET, socket, "Unix, inet, route netlink"),
    now!(SOCKETPAIR, socketpair),
    now!(BIND, bind),
    waits!(CONNECT, connect),
    now!(LISTEN, listen),
    waits!(ACCEPT, accept),
    waits!(ACCEPT4, accept4),
    now!(SHUTDOWN, shutdown),
    now!(GETSOCKNAME, getsockname),
    now!(GETPEERNAME, getpeername),
    now!(SETSOCKOPT, setsockopt, "options about packets are kept and change nothing"),
    now!(GETSOCKOPT, getsockopt),
];

/// The longest option value that is read.
const LONGEST_OPTION: i32 = 4096;

/// How long a call waits for the switch that would not wait for anything on Linux.
const SETTLING: Nanos = SECOND;

/// The socket's file and its protocol's side.
pub(super) fn find(task: &Task, fd: u64) -> Result<(Arc<OpenFile>, Arc<dyn Endpoint>), Errno> {
    let file = task.files().get(fd as i32)?;
    let endpoint = Arc::clone(Socket::of(&file)?.endpoint());
    Ok((file, endpoint))
}

/// When a call with a time-out is over.
pub(super) fn deadline(timeout: Option<Nanos>) -> Option<Nanos> {
    timeout.map(|span| time::monotonic().saturating_add(span))
}

/// The fault of a wait on a socket: a call with a time-out is not made again after a signal, signal(7).
pub(super) fn cut(cut: Cut, timeout: Option<Nanos>) -> Fault {
    match cut {
        Cut::Signal if timeout.is_some() => Fault::InterruptedAlways,
        other => other.restartable(),
    }
}

/// Type and flags of a `type` argument.
fn kind_and_flags(argument: u64) -> Result<(u32, OpenFlags, bool), Errno> {
    let (kind, flags) = (argument as u32 & SOCK_TYPE_MASK, argument as u32 & !SOCK_TYPE_MASK);
    if flags & !(SOCK_NONBLOCK | SOCK_CLOEXEC) != 0 {
        return Err(Errno::EINVAL);
    }
    let status = if flags & SOCK_NONBLOCK != 0 { OpenFlags::NONBLOCK } else { OpenFlags::empty() };
    Ok((kind, status, flags & SOCK_CLOEXEC != 0))
}

fn socket(task: &Arc<Task>, [domain, kind, protocol, ..]: Args) -> Answer {
    let (kind, status, close_on_exec) = kind_and_flags(kind)?;
    let caller = Caller::of(task);
    let endpoint = task.kernel().net.socket(&caller, domain as u32, kind, protocol as i32)?;
    install(task, Socket::open(endpoint, status), close_on_exec)
}

fn socketpair(task: &Arc<Task>, [domain, kind, protocol, fds, ..]: Args) -> Answer {
    let (kind, status, close_on_exec) = kind_and_flags(kind)?;
    let caller = Caller::of(task);
    let (a, b) = task.kernel().net.pair(&caller, domain as u32, kind, protocol as i32)?;
    let (a, b) = (Socket::open(a, status), Socket::open(b, status));
    let (files, limit) = (task.files(), task.process().limit(Resource::NoFile));
    let first = files.add(a, close_on_exec, 0, limit)?;
    let done = files
        .add(b, close_on_exec, 0, limit)
        .and_then(|second| task.write(UserPtr::new(fds), &[first, second]).inspect_err(|_| drop(files.remove(second))));
    if let Err(errno) = done {
        drop(files.remove(first));
        return Err(errno.into());
    }
    Ok(0)
}

fn bind(task: &Arc<Task>, [fd, address, length, ..]: Args) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    let address = addresses::read(task, address, length)?;
    let unnamed = matches!(endpoint.name(), Address::Unix(UnixName::Unnamed));
    if let Address::Unix(UnixName::Path(..)) = &address
        && !unnamed
    {
        return Err(Errno::EINVAL.into());
    }
    let address = addresses::make_node(task, address)?;
    endpoint.bind(&Caller::of(task), &address)?;
    Ok(0)
}

async fn connect(task: Arc<Task>, [fd, address, length, ..]: Args) -> Answer {
    let (file, endpoint) = find(&task, fd)?;
    let address = addresses::find_node(&task, addresses::read(&task, address, length)?)?;
    let caller = Caller::of(&task);
    settle(&task, &*endpoint, Some(&address), Purpose::Connect).await?;
    if file.flags().contains(OpenFlags::NONBLOCK) {
        endpoint.connect_nowait(&caller, &address)?;
        return Ok(0);
    }
    let timeout = endpoint.base().options.lock().send_timeout;
    let attempt = || match Arc::clone(&endpoint).connect(&caller, &address) {
        Err(Errno::EAGAIN) => None,
        outcome => Some(outcome),
    };
    task.wait(&[&endpoint.base().queue], deadline(timeout), attempt).await.map_err(|end| cut(end, timeout))??;
    Ok(0)
}

/// Waits until it is known where `to` is, whatever O_NONBLOCK says, for a moment: [`Endpoint::settle`].
pub(super) async fn settle(
    task: &Arc<Task>,
    endpoint: &dyn Endpoint,
    to: Option<&Address>,
    purpose: Purpose,
) -> Result<(), Fault> {
    let attempt = || match endpoint.settle(to, purpose) {
        Err(Errno::EAGAIN) => None,
        outcome => Some(outcome),
    };
    match task.wait(&[&endpoint.base().queue], Some(time::monotonic().saturating_add(SETTLING)), attempt).await {
        Ok(outcome) => Ok(outcome?),
        Err(Cut::Deadline) => Ok(()),
        Err(cut) => Err(cut.restartable()),
    }
}

fn listen(task: &Arc<Task>, [fd, backlog, ..]: Args) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    endpoint.listen(&Caller::of(task), backlog as i32)?;
    Ok(0)
}

async fn accept(task: Arc<Task>, [fd, address, length, ..]: Args) -> Answer {
    accept4(task, [fd, address, length, 0, 0, 0]).await
}

async fn accept4(task: Arc<Task>, [fd, address, length, flags, ..]: Args) -> Answer {
    let (kind, status, close_on_exec) = kind_and_flags(flags)?;
    if kind != 0 {
        return Err(Errno::EINVAL.into());
    }
    let (file, endpoint) = find(&task, fd)?;
    let timeout = endpoint.base().options.lock().receive_timeout;
    let nonblocking = file.flags().contains(OpenFlags::NONBLOCK);
    let attempt = || match endpoint.accept() {
        Err(Errno::EAGAIN) if !nonblocking => None,
        outcome => Some(outcome),
    };
    let wait = task.wait(&[&endpoint.base().queue], deadline(timeout), attempt).await;
    let accepted = wait.map_err(|end| cut(end, timeout))??;
    let peer = accepted.peer().ok();
    let socket = Socket::open(accepted, status);
    if address != 0 {
        addresses::write(&task, address, length, peer.as_ref())?;
    }
    install(&task, socket, close_on_exec)
}

fn shutdown(task: &Arc<Task>, [fd, how, ..]: Args) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    match how as i32 {
        SHUT_RD => endpoint.shutdown(true, false)?,
        SHUT_WR => endpoint.shutdown(false, true)?,
        SHUT_RDWR => endpoint.shutdown(true, true)?,
        _ => return Err(Errno::EINVAL.into()),
    }
    Ok(0)
}

fn getsockname(task: &Arc<Task>, [fd, address, length, ..]: Args) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    addresses::write(task, address, length, Some(&endpoint.name()))?;
    Ok(0)
}

fn getpeername(task: &Arc<Task>, [fd, address, length, ..]: Args) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    addresses::write(task, address, length, Some(&endpoint.peer()?))?;
    Ok(0)
}

fn setsockopt(task: &Arc<Task>, [fd, level, name, value, length, _]: Args) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    let forced = level as i32 == SOL_SOCKET && matches!(name as i32, SO_RCVBUFFORCE | SO_SNDBUFFORCE);
    if forced && !task.credentials().capable(capability::NET_ADMIN) {
        return Err(Errno::EPERM.into());
    }
    let length = Some(length as i32).filter(|n| (0..=LONGEST_OPTION).contains(n)).ok_or(Errno::EINVAL)?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    task.read_bytes(value, &mut bytes)?;
    options::set(&endpoint, level as i32, name as i32, &bytes)?;
    Ok(0)
}

fn getsockopt(task: &Arc<Task>, [fd, level, name, value, length, _]: Args) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    let room = usize::try_from(task.read(UserPtr::<i32>::new(length))?).map_err(|_| Errno::EINVAL)?;
    let mut bytes = options::get(&endpoint, level as i32, name as i32)?;
    bytes.truncate(room);
    task.write_bytes(value, &bytes)?;
    task.write(UserPtr::new(length), &i32::try_from(bytes.len()).unwrap_or(i32::MAX))?;
    Ok(0)
}
