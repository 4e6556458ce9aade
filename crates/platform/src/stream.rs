//! Reading and writing descriptors that others gave us, without ever waiting and without changing
//! their flags, which their other holders share.

use std::os::fd::{AsRawFd, BorrowedFd};

use abi::Errno;

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

fn answer(done: isize) -> Result<usize, Errno> {
    if done >= 0 {
        return Ok(done as usize);
    }
    Err(match crate::last_errno() {
        libc::EAGAIN | libc::EINTR => Errno::EAGAIN,
        libc::EPIPE => Errno::EPIPE,
        libc::ENOSPC => Errno::ENOSPC,
        libc::EBADF => Errno::EBADF,
        libc::ECONNRESET => Errno::ECONNRESET,
        _ => Errno::EIO,
    })
}
