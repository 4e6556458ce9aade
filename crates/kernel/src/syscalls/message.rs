//! send, recv and their families: send(2), recv(2), sendmmsg(2), recvmmsg(2).

use std::sync::Arc;

use abi::Errno;
use abi::signal::Signal;
use abi::socket::*;

use super::poll::{Patience, span};
use super::socket::{cut, deadline, find, settle};
use super::{Answer, Args, Call, message_control as control, socket_address as addresses};
use crate::net::message::{Outgoing, Received};
use crate::net::socket::Purpose;
use crate::net::{Address, Endpoint};
use crate::task::{Fault, Task, UserPtr};
use crate::vfs::OpenFlags;
use crate::waits;

pub(super) const CALLS: &[Call] = &[
    waits!(SENDTO, sendto, "no out-of-band data"),
    waits!(RECVFROM, recvfrom, "no out-of-band data"),
    waits!(SENDMSG, sendmsg),
    waits!(RECVMSG, recvmsg, "no timestamps or packet information"),
    waits!(SENDMMSG, sendmmsg),
    waits!(RECVMMSG, recvmmsg),
];

/// How much of a stream is copied at once.
const PIECE: usize = 256 << 10;

/// The parts of a guest's memory that a message lies in.
pub(super) struct Parts {
    list: Vec<IoVec>,
    total: usize,
}

impl Parts {
    fn one(base: u64, length: u64) -> Result<Parts, Errno> {
        let total = usize::try_from(length.min(0x7fff_f000)).map_err(|_| Errno::EINVAL)?;
        Ok(Parts { list: vec![IoVec { base, length: total as u64 }], total })
    }

    fn read(task: &Task, address: u64, count: u64) -> Result<Parts, Errno> {
        let count = usize::try_from(count).ok().filter(|n| *n <= IOV_MAX).ok_or(Errno::EMSGSIZE)?;
        let mut list = task.read_array(UserPtr::<IoVec>::new(address), count)?;
        let mut total: u64 = 0;
        for part in &mut list {
            if part.length > i64::MAX as u64 {
                return Err(Errno::EINVAL);
            }
            part.length = part.length.min(0x7fff_f000_u64.saturating_sub(total));
            total = total.saturating_add(part.length);
        }
        Ok(Parts { list, total: usize::try_from(total).map_err(|_| Errno::EINVAL)? })
    }

    /// The parts from byte `skip` on, at most `most` bytes of them.
    fn slices(&self, skip: usize, most: usize) -> Vec<IoVec> {
        let (mut skip, mut most) = (skip as u64, most as u64);
        let mut slices = Vec::new();
        for part in &self.list {
            let passed = skip.min(part.length);
            skip = skip.saturating_sub(passed);
            let length = part.length.saturating_sub(passed).min(most);
            most = most.saturating_sub(length);
            if length > 0 {
                slices.push(IoVec { base: part.base.wrapping_add(passed), length });
            }
        }
        slices
    }

    fn gather(&self, task: &Task, skip: usize, most: usize) -> Result<Vec<u8>, Errno> {
        let slices = self.slices(skip, most);
        let mut bytes = vec![0; most.min(self.total.saturating_sub(skip))];
        let mut rest = bytes.as_mut_slice();
        for slice in slices {
            let (piece, after) = rest.split_at_mut_checked(slice.length as usize).ok_or(Errno::EFAULT)?;
            task.read_bytes(slice.base, piece)?;
            rest = after;
        }
        Ok(bytes)
    }

    fn scatter(&self, task: &Task, skip: usize, bytes: &[u8]) -> Result<(), Errno> {
        let mut rest = bytes;
        for slice in self.slices(skip, bytes.len()) {
            let (piece, after) = rest.split_at_checked(slice.length as usize).ok_or(Errno::EFAULT)?;
            task.write_bytes(slice.base, piece)?;
            rest = after;
        }
        Ok(())
    }
}

/// A message to be sent.
struct Sending {
    parts: Parts,
    to: Option<Address>,
    carried: control::Carried,
    flags: u32,
}

async fn sendto(task: Arc<Task>, [fd, base, length, flags, address, address_length]: Args) -> Answer {
    let to = addresses::read_optional(&task, address, address_length)?;
    let carried = control::Carried::nothing(&task);
    send(&task, fd, Sending { parts: Parts::one(base, length)?, to, carried, flags: flags as u32 }).await
}

async fn sendmsg(task: Arc<Task>, [fd, header, flags, ..]: Args) -> Answer {
    let header: MessageHeader = task.read(UserPtr::new(header))?;
    send_header(&task, fd, &header, flags as u32).await
}

async fn sendmmsg(task: Arc<Task>, [fd, list, count, flags, ..]: Args) -> Answer {
    let count = (count as u32).min(IOV_MAX as u32);
    for index in 0..count {
        let place = list.wrapping_add(u64::from(index).wrapping_mul(size_of::<ManyHeader>() as u64));
        let outcome = async {
            let entry: ManyHeader = task.read(UserPtr::new(place))?;
            let sent = send_header(&task, fd, &entry.header, flags as u32).await?;
            let length = place.wrapping_add(size_of::<MessageHeader>() as u64);
            task.write(UserPtr::new(length), &(sent as u32))?;
            Ok::<(), Fault>(())
        };
        match outcome.await {
            Ok(()) => {}
            Err(_) if index > 0 => return Ok(u64::from(index)),
            Err(fault) => return Err(fault),
        }
    }
    Ok(u64::from(count))
}

async fn send_header(task: &Arc<Task>, fd: u64, header: &MessageHeader, flags: u32) -> Answer {
    let (_, endpoint) = find(task, fd)?;
    let to = addresses::read_optional(task, header.name, u64::from(header.name_length))?;
    let parts = Parts::read(task, header.iov, header.iov_length)?;
    let carried = control::read(task, endpoint.base().domain, header.control, header.control_length)?;
    send(task, fd, Sending { parts, to, carried, flags }).await
}

/// Sends a message whole, or as much of a stream as goes before it would have to wait.
async fn send(task: &Arc<Task>, fd: u64, mut sending: Sending) -> Answer {
    let (file, endpoint) = find(task, fd)?;
    if sending.flags & MSG_OOB != 0 {
        return Err(Errno::EOPNOTSUPP.into());
    }
    let nonblocking = sending.flags & MSG_DONTWAIT != 0 || file.flags().contains(OpenFlags::NONBLOCK);
    let stream = endpoint.is_stream();
    let total = sending.parts.total;
    if !stream && total > 1 << 20 {
        return Err(Errno::EMSGSIZE.into());
    }
    if !stream {
        settle(task, &*endpoint, sending.to.as_ref(), Purpose::Send).await?;
    }
    let most = if stream { PIECE } else { total };
    let mut sent: usize = 0;
    loop {
        let bytes = sending.parts.gather(task, sent, most)?;
        match send_piece(task, &*endpoint, &mut sending, &bytes, nonblocking).await {
            Ok(count) => sent = sent.saturating_add(count),
            Err(_) if sent > 0 => return Ok(sent as u64),
            Err(fault) => return Err(fault),
        }
        if !stream || sent >= total {
            return Ok(sent as u64);
        }
    }
}

async fn send_piece(
    task: &Arc<Task>,
    endpoint: &dyn Endpoint,
    sending: &mut Sending,
    bytes: &[u8],
    nonblocking: bool,
) -> Result<usize, Fault> {
    let timeout = endpoint.base().options.lock().send_timeout;
    let quiet = sending.flags & MSG_NOSIGNAL != 0;
    let files = std::mem::take(&mut sending.carried.files);
    let mut message = Outgoing {
        from: sending.carried.from,
        claimed: sending.carried.claimed,
        bytes,
        to: sending.to.as_ref(),
        files,
    };
    let attempt = || match endpoint.send(&mut message) {
        Err(Errno::EAGAIN) if !nonblocking => None,
        outcome => Some(outcome),
    };
    let outcome = task.wait(&[&endpoint.base().queue], deadline(timeout), attempt).await;
    let outcome = outcome.map_err(|end| cut(end, timeout))?;
    if outcome == Err(Errno::EPIPE) && !quiet && endpoint.base().kind != SOCK_DGRAM {
        task.raise(Signal::SIGPIPE);
    }
    Ok(outcome?)
}

/// What a receiving call asks.
struct Asking {
    parts: Parts,
    flags: u32,
}

async fn recvfrom(task: Arc<Task>, [fd, base, length, flags, address, address_length]: Args) -> Answer {
    let asking = Asking { parts: Parts::one(base, length)?, flags: flags as u32 };
    let (answer, got) = receive(&task, fd, &asking).await?;
    if address != 0 {
        addresses::write(&task, address, address_length, got.from.as_ref())?;
    }
    Ok(answer as u64)
}

async fn recvmsg(task: Arc<Task>, [fd, header, flags, ..]: Args) -> Answer {
    receive_header(&task, fd, header, flags as u32).await
}

async fn recvmmsg(task: Arc<Task>, [fd, list, count, flags, timeout, _]: Args) -> Answer {
    let count = (count as u32).min(IOV_MAX as u32);
    let mut flags = flags as u32;
    let patience = match timeout {
        0 => Patience::Endless,
        pointer => Patience::of(Some(span(task.read(UserPtr::new(pointer))?)?)),
    };
    for index in 0..count {
        let place = list.wrapping_add(u64::from(index).wrapping_mul(size_of::<ManyHeader>() as u64));
        match receive_header(&task, fd, place, flags & !MSG_WAITFORONE).await {
            Ok(got) => {
                let length = place.wrapping_add(size_of::<MessageHeader>() as u64);
                task.write(UserPtr::new(length), &(got as u32))?;
            }
            Err(_) if index > 0 => return Ok(u64::from(index)),
            Err(fault) => return Err(fault),
        }
        if flags & MSG_WAITFORONE != 0 {
            flags |= MSG_DONTWAIT;
        }
        // As Linux: the time is looked at after each message only, recvmmsg(2) BUGS.
        if patience.left() == Some(0) {
            return Ok(u64::from(index).saturating_add(1));
        }
    }
    Ok(u64::from(count))
}

async fn receive_header(task: &Arc<Task>, fd: u64, place: u64, flags: u32) -> Answer {
    let mut header: MessageHeader = task.read(UserPtr::new(place))?;
    let (_, endpoint) = find(task, fd)?;
    let asking = Asking { parts: Parts::read(task, header.iov, header.iov_length)?, flags };
    let (answer, got) = receive(task, fd, &asking).await?;
    let room = if header.control == 0 { 0 } else { header.control_length };
    let mut layout = control::Layout::new(room);
    if endpoint.base().options.lock().pass_credentials
        && let Some(ucred) = got.ucred
    {
        layout.credentials(ucred);
    }
    got.controls.iter().for_each(|(level, kind, body)| layout.put(*level, *kind, body));
    layout.files(task, got.files, flags & MSG_CMSG_CLOEXEC != 0);
    header.flags = flags & MSG_CMSG_CLOEXEC;
    if !endpoint.is_stream() && got.full > got.count {
        header.flags |= MSG_TRUNC;
    }
    if layout.cut {
        header.flags |= MSG_CTRUNC;
    }
    if header.name != 0 {
        let bytes = got.from.as_ref().map(Address::encode).unwrap_or_default();
        let kept = bytes.len().min(header.name_length as usize);
        task.write_bytes(header.name, bytes.get(..kept).unwrap_or_default())?;
        header.name_length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    }
    task.write_bytes(header.control, layout.bytes())?;
    header.control_length = layout.bytes().len() as u64;
    task.write(UserPtr::new(place), &header)?;
    Ok(answer as u64)
}

/// Receives into the guest's parts; answers what the call returns, and what was received.
async fn receive(task: &Arc<Task>, fd: u64, asking: &Asking) -> Result<(usize, Received), Fault> {
    let (file, endpoint) = find(task, fd)?;
    let flags = asking.flags;
    if flags & MSG_OOB != 0 {
        return Err(Errno::EINVAL.into());
    }
    if flags & MSG_ERRQUEUE != 0 {
        return Err(Errno::EAGAIN.into());
    }
    let nonblocking = flags & MSG_DONTWAIT != 0 || file.flags().contains(OpenFlags::NONBLOCK);
    let stream = endpoint.is_stream();
    // With MSG_TRUNC bytes of TCP are thrown away, tcp(7).
    let discards = stream && flags & MSG_TRUNC != 0 && endpoint.base().domain != AF_UNIX;
    let whole = stream && flags & MSG_WAITALL != 0 && flags & MSG_PEEK == 0;
    let mut first: Option<Received> = None;
    let mut done: usize = 0;
    loop {
        let mut buffer = vec![0; asking.parts.total.saturating_sub(done).min(PIECE)];
        let got = match receive_piece(task, &*endpoint, &mut buffer, flags, nonblocking).await {
            Ok(got) => got,
            Err(fault) => match first {
                Some(first) => return Ok((done, first)),
                None => return Err(fault),
            },
        };
        if !discards {
            asking.parts.scatter(task, done, buffer.get(..got.count).unwrap_or_default())?;
        }
        done = done.saturating_add(got.count);
        let ended = got.count == 0;
        let truncated = !stream && flags & MSG_TRUNC != 0;
        let answer = if truncated { got.full } else { done };
        match &mut first {
            None => first = Some(got),
            Some(first) => first.files.extend(got.files),
        }
        if !whole || ended || done >= asking.parts.total {
            return Ok((answer, first.unwrap_or_default()));
        }
    }
}

async fn receive_piece(
    task: &Arc<Task>,
    endpoint: &dyn Endpoint,
    buffer: &mut [u8],
    flags: u32,
    nonblocking: bool,
) -> Result<Received, Fault> {
    if buffer.is_empty() && endpoint.is_stream() && endpoint.peer().is_ok() {
        return Ok(Received::default());
    }
    let flags = if nonblocking { flags | MSG_DONTWAIT } else { flags };
    let timeout = endpoint.base().options.lock().receive_timeout;
    let attempt = || match endpoint.receive(buffer, flags) {
        Err(Errno::EAGAIN) if !nonblocking => None,
        outcome => Some(outcome),
    };
    let outcome = task.wait(&[&endpoint.base().queue], deadline(timeout), attempt).await;
    Ok(outcome.map_err(|end| cut(end, timeout))??)
}
