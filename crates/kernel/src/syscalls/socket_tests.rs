//! The socket calls as a guest makes them.

use std::task::Poll;

use abi::nr;
use abi::socket::*;
use zerocopy::{FromBytes, IntoBytes};

use crate::syscalls::Answer;
use crate::task::Fault;
use crate::testing::Guest;
use abi::Errno;

const UNIX: u64 = AF_UNIX as u64;
const INET: u64 = AF_INET as u64;
const STREAM: u64 = SOCK_STREAM as u64;
const DGRAM: u64 = SOCK_DGRAM as u64;

fn fails(errno: Errno) -> Answer {
    Err(Fault::Errno(errno))
}

fn numbers(guest: &Guest, address: u64) -> [u64; 2] {
    let bytes = guest.bytes(address, 8);
    let (fds, _) = bytes.as_chunks::<4>();
    [0, 1].map(|index: usize| u64::from(u32::from_ne_bytes(fds[index])))
}

fn pair(guest: &Guest, kind: u64) -> [u64; 2] {
    let fds = guest.room(8);
    assert_eq!(guest.call(nr::SOCKETPAIR, &[UNIX, kind, 0, fds]), Ok(0));
    numbers(guest, fds)
}

fn path(guest: &Guest, path: &str) -> [u64; 2] {
    let bytes = [AF_UNIX.to_ne_bytes().as_slice(), path.as_bytes(), b"\0"].concat();
    [guest.put(&bytes), bytes.len() as u64]
}

fn loopback(guest: &Guest, port: u16) -> [u64; 2] {
    let address = SockaddrIn { family: AF_INET, port: port.to_be_bytes(), address: [127, 0, 0, 1], zero: [0; 8] };
    [guest.put(address.as_bytes()), 16]
}

/// A `msghdr` of one part.
fn header(guest: &Guest, base: u64, length: u64, control: u64, control_length: u64) -> u64 {
    let iov = guest.put(IoVec { base, length }.as_bytes());
    let header = MessageHeader { iov, iov_length: 1, control, control_length, ..MessageHeader::default() };
    guest.put(header.as_bytes())
}

#[test]
fn a_descriptor_is_passed_and_stands_for_the_same_file() {
    let guest = Guest::new();
    let [a, b] = pair(&guest, STREAM);
    let fds = guest.room(8);
    assert_eq!(guest.call(nr::PIPE, &[fds]), Ok(0));
    let [reading, writing] = numbers(&guest, fds);
    let rights = ControlHeader { length: 20, level: SOL_SOCKET, kind: SCM_RIGHTS };
    let control = guest.put(&[rights.as_bytes(), (writing as i32).as_bytes(), &[0; 4]].concat());
    let text = guest.text("hello");
    assert_eq!(guest.call(nr::SENDMSG, &[a, header(&guest, text, 5, control, 20), 0]), Ok(5));

    let (buffer, taken) = (guest.room(10), guest.room(64));
    let received = header(&guest, buffer, 10, taken, 64);
    assert_eq!(guest.call(nr::RECVMSG, &[b, received, MSG_CMSG_CLOEXEC.into()]), Ok(5));
    let answer = MessageHeader::read_from_bytes(&guest.bytes(received, 56)).expect("its size");
    assert_eq!((answer.control_length, answer.flags), (24, MSG_CMSG_CLOEXEC));
    let passed = guest.bytes(taken + 16, 4);
    let passed = i32::from_ne_bytes([passed[0], passed[1], passed[2], passed[3]]);
    let files = guest.task.files();
    assert_eq!(files.close_on_exec(passed), Ok(true));
    files.get(passed).expect("it is open").file().write(b"x", 0).expect("there is room");
    assert_eq!(files.get(reading as i32).expect("it is open").file().read(&mut [0; 5], 0), Ok(1));

    let no_room = header(&guest, buffer, 10, taken, 16);
    assert_eq!(guest.call(nr::SENDMSG, &[a, header(&guest, text, 5, control, 20), 0]), Ok(5));
    assert_eq!(guest.call(nr::RECVMSG, &[b, no_room, 0]), Ok(5));
    let answer = MessageHeader::read_from_bytes(&guest.bytes(no_room, 56)).expect("its size");
    assert_eq!((answer.control_length, answer.flags), (0, MSG_CTRUNC));
}

#[test]
fn a_server_on_a_path_is_found_there_and_gone_with_its_node() {
    let guest = Guest::new();
    let server = guest.call(nr::SOCKET, &[UNIX, STREAM, 0]).expect("a socket");
    let [address, length] = path(&guest, "/here");
    let client = guest.call(nr::SOCKET, &[UNIX, STREAM, 0]).expect("a socket");
    assert_eq!(guest.call(nr::CONNECT, &[client, address, length]), fails(Errno::ENOENT));
    assert_eq!(guest.call(nr::BIND, &[server, address, length]), Ok(0));
    assert_eq!(guest.call(nr::BIND, &[client, address, length]), fails(Errno::EADDRINUSE));
    assert_eq!(guest.call(nr::CONNECT, &[client, address, length]), fails(Errno::ECONNREFUSED));
    assert_eq!(guest.call(nr::LISTEN, &[server, 5]), Ok(0));
    let mut accepting = guest.begin(nr::ACCEPT, &[server, 0, 0]);
    assert_eq!(accepting.poll(), Poll::Pending);
    assert_eq!(guest.call(nr::CONNECT, &[client, address, length]), Ok(0));
    assert!(matches!(accepting.poll(), Poll::Ready(Ok(_))));
    let (name, size) = (guest.room(110), guest.put(&110i32.to_ne_bytes()));
    assert_eq!(guest.call(nr::GETPEERNAME, &[client, name, size]), Ok(0));
    assert_eq!(guest.bytes(size, 4), 8i32.to_ne_bytes());
    assert_eq!(guest.bytes(name + 2, 6), b"/here\0");
}

#[test]
fn a_receiver_waits_for_all_when_told_and_peeks_without_taking() {
    let guest = Guest::new();
    let [a, b] = pair(&guest, STREAM);
    let (text, buffer) = (guest.text("hello"), guest.room(10));
    assert_eq!(guest.call(nr::SENDTO, &[a, text, 5, 0, 0, 0]), Ok(5));
    assert_eq!(guest.call(nr::RECVFROM, &[b, buffer, 10, MSG_PEEK.into(), 0, 0]), Ok(5));
    let mut whole = guest.begin(nr::RECVFROM, &[b, buffer, 10, MSG_WAITALL.into(), 0, 0]);
    assert_eq!(whole.poll(), Poll::Pending);
    assert_eq!(guest.call(nr::SENDTO, &[a, text, 5, 0, 0, 0]), Ok(5));
    assert_eq!(whole.poll(), Poll::Ready(Ok(10)));
    assert_eq!(guest.bytes(buffer, 10), b"hellohello");
    assert_eq!(guest.call(nr::RECVFROM, &[b, buffer, 10, MSG_DONTWAIT.into(), 0, 0]), fails(Errno::EAGAIN));
}

#[test]
fn a_long_write_to_a_stream_goes_on_as_the_reader_reads() {
    let guest = Guest::new();
    let [a, b] = pair(&guest, STREAM);
    let (long, buffer) = (guest.room(600_000), guest.room(600_000));
    let mut sending = guest.begin(nr::SENDTO, &[a, long, 600_000, 0, 0, 0]);
    let mut received = 0;
    while sending.poll().is_pending() {
        received += guest.call(nr::RECVFROM, &[b, buffer, 600_000, 0, 0, 0]).expect("bytes are under way");
    }
    received += guest.call(nr::RECVFROM, &[b, buffer, 600_000, 0, 0, 0]).expect("bytes are under way");
    assert_eq!(received, 600_000);
}

#[test]
fn a_datagram_that_does_not_fit_tells_its_length() {
    let guest = Guest::new();
    let [a, b] = pair(&guest, DGRAM);
    let (text, buffer) = (guest.text("hello"), guest.room(10));
    for _ in 0..2 {
        assert_eq!(guest.call(nr::SENDTO, &[a, text, 5, 0, 0, 0]), Ok(5));
    }
    assert_eq!(guest.call(nr::RECVFROM, &[b, buffer, 2, MSG_TRUNC.into(), 0, 0]), Ok(5));
    let received = header(&guest, buffer, 3, 0, 0);
    assert_eq!(guest.call(nr::RECVMSG, &[b, received, 0]), Ok(3));
    let answer = MessageHeader::read_from_bytes(&guest.bytes(received, 56)).expect("its size");
    assert_eq!(answer.flags, MSG_TRUNC);
}

#[test]
fn an_inet_server_is_reached_over_loopback() {
    let guest = Guest::new();
    let server = guest.call(nr::SOCKET, &[INET, STREAM, 0]).expect("a socket");
    let [address, length] = loopback(&guest, 8080);
    assert_eq!(guest.call(nr::BIND, &[server, address, length]), Ok(0));
    assert_eq!(guest.call(nr::LISTEN, &[server, 5]), Ok(0));
    let client = guest.call(nr::SOCKET, &[INET, STREAM | u64::from(SOCK_NONBLOCK), 0]).expect("a socket");
    assert_eq!(guest.call(nr::CONNECT, &[client, address, length]), fails(Errno::EINPROGRESS));
    let (name, size) = (guest.room(16), guest.put(&16i32.to_ne_bytes()));
    let served = guest.call(nr::ACCEPT4, &[server, name, size, 0]).expect("somebody connected");
    assert_eq!(guest.bytes(name + 4, 4), [127, 0, 0, 1]);
    let text = guest.text("hello");
    assert_eq!(guest.call(nr::SENDTO, &[served, text, 5, 0, 0, 0]), Ok(5));
    let poll = guest.put(abi::poll::PollFd { fd: client as i32, events: 5, revents: 0 }.as_bytes());
    assert_eq!(guest.call(nr::POLL, &[poll, 1, 0]), Ok(1));
    assert_eq!(guest.bytes(poll + 4, 4), [5, 0, 5, 0]);
    assert_eq!(guest.call(nr::BIND, &[99, address, length]), fails(Errno::EBADF));
}

#[test]
fn options_are_kept_and_unknown_ones_refused() {
    let guest = Guest::new();
    let socket = guest.call(nr::SOCKET, &[INET, STREAM, 0]).expect("a socket");
    let (one, size) = (guest.put(&1i32.to_ne_bytes()), guest.put(&4i32.to_ne_bytes()));
    let option = |level: i32, name: i32| -> Result<i32, Fault> {
        let value = guest.room(4);
        guest.call(nr::GETSOCKOPT, &[socket, level as u64, name as u64, value, size])?;
        Ok(i32::from_ne_bytes(guest.bytes(value, 4).try_into().expect("four bytes")))
    };
    assert_eq!(option(SOL_TCP, TCP_NODELAY), Ok(0));
    assert_eq!(guest.call(nr::SETSOCKOPT, &[socket, SOL_TCP as u64, TCP_NODELAY as u64, one, 4]), Ok(0));
    assert_eq!(option(SOL_TCP, TCP_NODELAY), Ok(1));
    assert_eq!(option(SOL_SOCKET, SO_TYPE), Ok(1));
    assert_eq!(option(SOL_SOCKET, SO_ERROR), Ok(0));
    assert_eq!(option(SOL_TCP, 9999), Err(Fault::Errno(Errno::ENOPROTOOPT)));
    assert_eq!(option(SOL_SOCKET, 9999), Err(Fault::Errno(Errno::ENOPROTOOPT)));
}
