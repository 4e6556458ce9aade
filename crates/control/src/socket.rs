//! The control socket: messages with descriptors, recvmsg(2) and sendmsg(2).

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, recvmsg, sendmsg,
};

use crate::{Decoder, Frame, FrameError};

/// This process's end of the control socket.
pub struct Socket {
    fd: OwnedFd,
    decoder: Decoder,
}

/// Why no more requests come.
#[derive(Debug)]
pub enum Closed {
    /// The other side has closed the socket.
    End,
    /// What arrived is no message.
    Broken(FrameError),
    /// The host failed.
    Host(std::io::Error),
}

impl Socket {
    /// The socket `fd`.
    pub fn new(fd: OwnedFd) -> Socket {
        Socket { fd, decoder: Decoder::new() }
    }

    /// The next whole message. Without `wait`, `None` where none is there yet.
    ///
    /// # Errors
    /// When no more can come.
    pub fn receive(&mut self, wait: bool) -> Result<Option<Frame>, Closed> {
        loop {
            if let Some(frame) = self.decoder.next_frame() {
                return Ok(Some(frame));
            }
            if !self.fill(wait)? {
                return Ok(None);
            }
        }
    }

    /// Reads once; whether anything came.
    fn fill(&mut self, wait: bool) -> Result<bool, Closed> {
        let mut bytes = vec![0; 64 << 10];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let wait = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
        let flags = wait | RecvFlags::CMSG_CLOEXEC;
        let received = match recvmsg(&self.fd, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, flags) {
            Err(rustix::io::Errno::AGAIN) => return Ok(false),
            Err(rustix::io::Errno::INTR) => return Ok(true),
            Err(error) => return Err(Closed::Host(error.into())),
            Ok(received) => received,
        };
        let descriptors = ancillary.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        let descriptors: Vec<OwnedFd> = descriptors.flatten().collect();
        if received.bytes == 0 {
            return Err(Closed::End);
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err(Closed::Host(std::io::Error::other("descriptors were lost: RLIMIT_NOFILE is too low")));
        }
        bytes.truncate(received.bytes);
        self.decoder.feed(&bytes, descriptors).map_err(Closed::Broken)?;
        Ok(true)
    }

    /// Sends a message; one that cannot be sent any more is dropped, the next receive tells why.
    pub fn send<T: serde::Serialize>(&self, message: &T) {
        let bytes = crate::encode(message);
        let mut rest: &[u8] = &bytes;
        while !rest.is_empty() {
            let mut none = SendAncillaryBuffer::default();
            match sendmsg(&self.fd, &[IoSlice::new(rest)], &mut none, SendFlags::NOSIGNAL) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
