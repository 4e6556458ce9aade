//! Message queues of System V: msgget(2), msgop(2), msgctl(2).

use std::collections::VecDeque;

use abi::Errno;
use abi::ipc::{MSG_EXCEPT, MSG_NOERROR, MsgStatus};

use super::{Object, Permissions, now};
use crate::sync::Mutex;
use crate::task::Pid;
use crate::wait::{Events, WaitQueue};

/// MSGMAX: the bytes of a message.
pub const MOST_MESSAGE: usize = 8192;
/// MSGMNB: the bytes of a queue.
pub const MOST_QUEUE: u64 = 16384;

/// A message queue.
pub struct Queue {
    state: Mutex<State>,
    /// Announced at every change, and when the queue is removed.
    pub queue: WaitQueue,
}

struct State {
    permissions: Permissions,
    messages: VecDeque<Message>,
    status: MsgStatus,
    removed: bool,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its type, at least 1.
    pub kind: i64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Object for Queue {
    fn permissions(&self) -> Permissions {
        self.state.lock().permissions
    }
}

impl Queue {
    /// An empty queue.
    pub fn new(permissions: Permissions) -> Queue {
        let status = MsgStatus { changed: now(), most_bytes: MOST_QUEUE, ..MsgStatus::default() };
        let state = State { permissions, messages: VecDeque::new(), status, removed: false };
        Queue { state: Mutex::new(state), queue: WaitQueue::new() }
    }

    /// Puts a message at the end; `EAGAIN` where there is no room.
    pub fn send(&self, message: &Message, pid: Pid) -> Result<(), Errno> {
        {
            let mut state = self.state.lock();
            if state.removed {
                return Err(Errno::EIDRM);
            }
            let held = state.status.bytes.saturating_add(message.bytes.len() as u64);
            if held > state.status.most_bytes || state.messages.len() as u64 >= state.status.most_bytes {
                return Err(Errno::EAGAIN);
            }
            state.status.bytes = held;
            (state.status.sent, state.status.last_sender) = (now(), pid.0);
            state.messages.push_back(message.clone());
        }
        self.queue.announce(Events::IN);
        Ok(())
    }

    /// Takes the first message that `kind` asks for, msgrcv(2); `EAGAIN` where there is none, `E2BIG`
    /// where it is longer than `most` and may not be cut.
    pub fn receive(&self, kind: i64, most: usize, flags: u32, pid: Pid) -> Result<Message, Errno> {
        let message = {
            let mut state = self.state.lock();
            if state.removed {
                return Err(Errno::EIDRM);
            }
            let at = position(&state.messages, kind, flags & MSG_EXCEPT != 0).ok_or(Errno::EAGAIN)?;
            let long = state.messages.get(at).is_some_and(|message| message.bytes.len() > most);
            if long && flags & MSG_NOERROR == 0 {
                return Err(Errno::E2BIG);
            }
            let mut message = state.messages.remove(at).ok_or(Errno::EAGAIN)?;
            state.status.bytes = state.status.bytes.saturating_sub(message.bytes.len() as u64);
            (state.status.received, state.status.last_receiver) = (now(), pid.0);
            message.bytes.truncate(most);
            message
        };
        self.queue.announce(Events::OUT);
        Ok(message)
    }

    /// IPC_STAT.
    pub fn status(&self) -> MsgStatus {
        let state = self.state.lock();
        MsgStatus { perm: state.permissions.raw(), count: state.messages.len() as u64, ..state.status }
    }

    /// IPC_SET; more than the usual bytes only where `privileged`.
    pub fn set(&self, from: &MsgStatus, privileged: bool) -> Result<(), Errno> {
        if from.most_bytes > MOST_QUEUE && !privileged {
            return Err(Errno::EPERM);
        }
        {
            let mut state = self.state.lock();
            state.permissions.set(&from.perm);
            (state.status.most_bytes, state.status.changed) = (from.most_bytes.min(1 << 24), now());
        }
        self.queue.announce(Events::OUT);
        Ok(())
    }

    /// It was removed: all who wait get `EIDRM`.
    pub fn removed(&self) {
        self.state.lock().removed = true;
        self.queue.announce(Events::all());
    }
}

/// Where the message is that msgrcv(2)'s `msgtyp` asks for.
fn position(messages: &VecDeque<Message>, kind: i64, except: bool) -> Option<usize> {
    match kind {
        0 => (!messages.is_empty()).then_some(0),
        kind if kind > 0 => messages.iter().position(|message| (message.kind == kind) != except),
        kind => {
            let most = kind.checked_neg().unwrap_or(i64::MAX);
            let lowest = messages.iter().map(|message| message.kind).filter(|kind| *kind <= most).min()?;
            messages.iter().position(|message| message.kind == lowest)
        }
    }
}
