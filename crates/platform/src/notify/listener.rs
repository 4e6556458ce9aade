//! The listener of a guest's filter: receiving calls and answering them, seccomp_unotify(2).

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Notification {
    id: u64,
    pid: u32,
    flags: u32,
    number: i32,
    arch: u32,
    instruction_pointer: u64,
    args: [u64; 6],
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

#[repr(C)]
struct AddFd {
    id: u64,
    flags: u32,
    source: u32,
    target: u32,
    target_flags: u32,
}

const RECV: libc::c_ulong = 0xc050_2100;
const SEND: libc::c_ulong = 0xc018_2101;
const ID_VALID: libc::c_ulong = 0x4008_2102;
const ADDFD: libc::c_ulong = 0x4018_2103;
const SET_FLAGS: libc::c_ulong = 0x4008_2104;
const SYNC_WAKE_UP: libc::c_ulong = 1;
const CONTINUE: u32 = 1;
const ADDFD_SETFD: u32 = 1;

/// A received call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) id: u64,
    pub(crate) host: i32,
    pub(crate) number: u32,
    pub(crate) args: [u64; 6],
    pub(crate) instruction_pointer: u64,
}

/// A filter's listener.
pub(crate) struct Listener(OwnedFd);

impl Listener {
    /// Takes the descriptor and asks for wake-ups on the waker's own processor: a hand-off across
    /// processors costs about 40 us, one on the same costs 5. Hosts before 6.6 do without.
    pub(crate) fn new(fd: OwnedFd) -> Listener {
        // SAFETY: this request takes its flags by value.
        let _ = unsafe { libc::ioctl(fd.as_raw_fd(), SET_FLAGS, SYNC_WAKE_UP) };
        Listener(fd)
    }

    pub(crate) fn raw(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Whether a call waits to be received, or comes within `milliseconds`.
    pub(crate) fn has_call(&self, milliseconds: i32) -> bool {
        let mut poll = libc::pollfd { fd: self.raw(), events: libc::POLLIN, revents: 0 };
        // SAFETY: `poll` is one valid entry.
        unsafe { libc::poll(&raw mut poll, 1, milliseconds) > 0 }
    }

    /// The next call; `None` where its task is gone again.
    pub(crate) fn receive(&self) -> Option<Received> {
        let mut notification = Notification::default();
        // SAFETY: `notification` is a zeroed place of the size that the request number carries.
        let done = unsafe { libc::ioctl(self.raw(), RECV, &raw mut notification) };
        (done == 0).then_some(Received {
            id: notification.id,
            host: notification.pid as i32,
            number: notification.number as u32,
            args: notification.args,
            instruction_pointer: notification.instruction_pointer,
        })
    }

    /// Answers a call: false where its thread is gone, whose id another may have by now.
    pub(crate) fn answer(&self, id: u64, value: i64, error: i32) -> bool {
        self.send(Response { id, value, error, flags: 0 })
    }

    /// True if the thread of a call that was received still waits for its answer, so that its id is its own.
    pub(crate) fn is_waiting(&self, id: u64) -> bool {
        // SAFETY: the request reads one u64.
        unsafe { libc::ioctl(self.raw(), ID_VALID, &raw const id) == 0 }
    }

    /// Lets the host run the call; as [`Listener::answer`].
    pub(crate) fn let_go(&self, id: u64) -> bool {
        self.send(Response { id, value: 0, error: 0, flags: CONTINUE })
    }

    fn send(&self, response: Response) -> bool {
        // SAFETY: `response` is a readable block of the size that the request number carries.
        unsafe { libc::ioctl(self.raw(), SEND, &raw const response) == 0 }
    }

    /// Installs a host file in the task under number `target`, closed on its next execve.
    pub(crate) fn install(&self, id: u64, file: BorrowedFd<'_>, target: u32) -> Result<(), i32> {
        let request = AddFd {
            id,
            flags: ADDFD_SETFD,
            source: file.as_raw_fd() as u32,
            target,
            target_flags: libc::O_CLOEXEC as u32,
        };
        // SAFETY: `request` is a readable block of the size that the request number carries.
        let done = unsafe { libc::ioctl(self.raw(), ADDFD, &raw const request) };
        if done < 0 { Err(crate::last_errno()) } else { Ok(()) }
    }
}
