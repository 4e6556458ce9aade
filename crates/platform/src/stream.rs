//! Reading and writing descriptors that others gave us, without ever waiting and without changing
//! their flags, which their other holders share.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd};

use abi::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags};

/// A pipe that is ready for writing takes at least this much: PIPE_BUF.
const PIECE: usize = 4096;

/// What is ready now, in the bits of poll(2).
pub fn ready(fd: BorrowedFd<'_>) -> u16 {
    let events = libc::POLLIN | libc::POLLOUT | libc::POLLRDNORM | libc::POLLWRNORM | libc::POLLRDHUP;
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: `poll` is one valid entry.
    unsafe { libc::poll(&raw mut poll, 1, 0) };
    poll.revents as u16
}

/// Reads what is there; `EAGAIN` where nothing is.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    if ready(fd) & (libc::POLLIN | libc::POLLHUP | libc::POLLERR) as u16 == 0 {
        return Err(Errno::EAGAIN);
    }
    // SAFETY: `buffer` is writable for its length.
    answer(unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) })
}

/// Writes what fits; `EAGAIN` where nothing does, `EPIPE` where nobody reads.
pub fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let mut written = 0;
    while written < bytes.len() {
        if ready(fd) & (libc::POLLOUT | libc::POLLHUP | libc::POLLERR) as u16 == 0 {
            break;
        }
        let piece = &bytes[written..bytes.len().min(written + PIECE)];
        // SAFETY: `piece` is readable for its length.
        match answer(unsafe { libc::write(fd.as_raw_fd(), piece.as_ptr().cast(), piece.len()) }) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(errno) if written == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    if written == 0 && !bytes.is_empty() { Err(Errno::EAGAIN) } else { Ok(written) }
}

/// Whether `fd` is a socket.
pub fn is_socket(fd: BorrowedFd<'_>) -> bool {
    crate::host::stat(fd).is_ok_and(|stat| stat.mode & abi::stat::S_IFMT == abi::stat::S_IFSOCK)
}

/// Takes in what a stream socket has for us; 0 where the other side writes no more. With `peek` it stays there.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8], peek: bool) -> Result<usize, Errno> {
    let flags = if peek { RecvFlags::DONTWAIT | RecvFlags::PEEK } else { RecvFlags::DONTWAIT };
    let mut none = RecvAncillaryBuffer::default();
    let received = rustix::net::recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut none, flags);
    received.map(|received| received.bytes).map_err(|error| translate(error.raw_os_error()))
}

/// Hands a stream socket what it takes; `EAGAIN` where it takes nothing.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut SendAncillaryBuffer::default(), flags);
    sent.map_err(|error| translate(error.raw_os_error()))
}

/// Tells a stream socket's other side that nothing more comes.
pub fn end_sending(socket: BorrowedFd<'_>) {
    let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Write);
}

fn answer(done: isize) -> Result<usize, Errno> {
    if done >= 0 {
        return Ok(done as usize);
    }
    Err(translate(crate::last_errno()))
}

pub(crate) fn translate(error: i32) -> Errno {
    match error {
        libc::EAGAIN | libc::EINTR => Errno::EAGAIN,
        libc::EPIPE => Errno::EPIPE,
        libc::ENOSPC => Errno::ENOSPC,
        libc::EBADF => Errno::EBADF,
        libc::ECONNRESET => Errno::ECONNRESET,
        libc::ECONNREFUSED => Errno::ECONNREFUSED,
        libc::EHOSTUNREACH => Errno::EHOSTUNREACH,
        libc::ENETUNREACH => Errno::ENETUNREACH,
        libc::ETIMEDOUT => Errno::ETIMEDOUT,
        _ => Errno::EIO,
    }
}
