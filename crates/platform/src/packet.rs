//! Packets with at most one descriptor, between a pod's kernel and the node's switch, and the streams that they carry.
//!
//! Owns: sockets of SOCK_SEQPACKET, pairs of connected streams. Nothing here waits. What
//! comes along with a packet beside what is asked for is closed: unix(7), cmsg(3).

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use abi::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, sockopt,
};

use crate::stream::translate;

/// How much a stream or a channel between two pods holds in each direction, as SO_SNDBUF is asked for.
const STREAM_BYTES: usize = 208 << 10;

/// Sends a packet, and a copy of `descriptor` with it. `EAGAIN` where the other side has not read enough.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptor = descriptor.as_slice();
    if !descriptor.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptor));
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, flags);
    sent.map(|_| ()).map_err(|error| translate(error.raw_os_error()))
}

/// Takes in a packet: its length, which is more than `buffer` holds where it was cut, and the descriptor that came
/// with it, unless this process has no room for more. A length of 0 is the end. `EAGAIN` where there is none.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<(usize, Option<OwnedFd>), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC | RecvFlags::TRUNC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags);
    let received = received.map_err(|error| translate(error.raw_os_error()))?;
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(sent) = message {
            descriptors.extend(sent);
        }
    }
    let whole = descriptors.len() == 1 && !received.flags.contains(ReturnFlags::CTRUNC);
    // Whoever sends has no part in what this process needs for itself.
    let passed = descriptors.pop().filter(|_| whole).and_then(|fd| crate::process::within_reserve(fd).ok());
    Ok((received.bytes, passed))
}

/// Two ends of a stream.
pub fn stream_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    pair(SocketType::STREAM)
}

fn pair(kind: SocketType) -> Result<(OwnedFd, OwnedFd), Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let pair = rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None);
    let (one, other) = pair.map_err(|error| translate(error.raw_os_error()))?;
    for end in [&one, &other] {
        let _ = sockopt::set_socket_send_buffer_size(end, STREAM_BYTES);
    }
    Ok((one, other))
}

/// Two ends of a channel, which carries packets.
pub fn packet_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    pair(SocketType::SEQPACKET)
}

/// Sends a packet of two parts. `EAGAIN` where the other side has not read enough.
pub fn send_parts(socket: BorrowedFd<'_>, head: &[u8], body: &[u8]) -> Result<(), Errno> {
    let parts = [IoSlice::new(head), IoSlice::new(body)];
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = sendmsg(socket, &parts, &mut SendAncillaryBuffer::default(), flags);
    sent.map(|_| ()).map_err(|error| translate(error.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    fn packets() -> (OwnedFd, OwnedFd) {
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
    }

    #[test]
    fn a_packet_brings_its_descriptor_and_no_other() {
        let (one, other) = packets();
        let (near, far) = stream_pair().unwrap();
        send(one.as_fd(), b"packet", Some(far.as_fd())).unwrap();
        send(one.as_fd(), b"bare", None).unwrap();
        let mut buffer = [0; 16];
        let (count, passed) = receive(other.as_fd(), &mut buffer).unwrap();
        assert_eq!((count, &buffer[..6]), (6, b"packet".as_slice()));
        crate::stream::send(passed.unwrap().as_fd(), b"through").unwrap();
        assert_eq!(crate::stream::receive(near.as_fd(), &mut buffer, false), Ok(7));
        let (count, passed) = receive(other.as_fd(), &mut buffer).unwrap();
        assert_eq!((count, passed.is_none()), (4, true));
        assert_eq!(receive(other.as_fd(), &mut buffer).err(), Some(Errno::EAGAIN));
        drop(one);
        assert_eq!(receive(other.as_fd(), &mut buffer).unwrap().0, 0);
    }

    #[test]
    fn several_descriptors_at_once_are_none_and_are_closed() {
        let (one, other) = packets();
        let (near, far) = stream_pair().unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let both = [far.as_fd(), far.as_fd()];
        ancillary.push(SendAncillaryMessage::ScmRights(&both));
        sendmsg(&one, &[IoSlice::new(b"two")], &mut ancillary, SendFlags::empty()).unwrap();
        drop(far);
        let (count, passed) = receive(other.as_fd(), &mut [0; 16]).unwrap();
        assert_eq!((count, passed.is_none()), (3, true));
        assert_eq!(crate::stream::receive(near.as_fd(), &mut [0; 1], false), Ok(0));
    }
}
