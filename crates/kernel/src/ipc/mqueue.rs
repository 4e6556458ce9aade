//! POSIX message queues, mq_overview(7).
//!
//! Owns: [`MessageQueue`] and its name space ([`Names`]), messages by priority, notification. Does
//! not own: the waiting of its calls (`syscalls::mqueue`).

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::ipc::MqAttributes;
use abi::stat::{S_IFREG, Stat};

use crate::sync::Mutex;
use crate::task::{Credentials, Process};
use crate::vfs::File;
use crate::vfs::permission::{self, Access};
use crate::wait::{Events, WaitQueue};

/// /proc/sys/fs/mqueue/msg_default and msgsize_default.
const DEFAULT: (i64, i64) = (10, 8192);
/// /proc/sys/fs/mqueue/msg_max and msgsize_max.
const MOST: (i64, i64) = (10, 8192);
/// The most that CAP_SYS_RESOURCE grants.
const MOST_PRIVILEGED: (i64, i64) = (65536, 16 << 20);
/// MQ_PRIO_MAX.
pub const MOST_PRIORITY: u32 = 32768;
/// /proc/sys/fs/mqueue/queues_max.
const MOST_QUEUES: usize = 256;

/// A message queue.
pub struct MessageQueue {
    most_messages: usize,
    message_size: usize,
    stat: Stat,
    state: Mutex<State>,
    /// Announced at every change.
    pub queue: WaitQueue,
}

#[derive(Default)]
struct State {
    /// By falling priority, oldest first within one.
    messages: BTreeMap<std::cmp::Reverse<u32>, std::collections::VecDeque<Vec<u8>>>,
    count: usize,
    held: usize,
    notify: Option<Notify>,
}

/// Who is told once a message comes to the empty queue.
pub struct Notify {
    /// The process that asked.
    pub process: Weak<Process>,
    /// The signal and its value; `None` where nothing is sent.
    pub signal: Option<(abi::signal::Signal, u64)>,
}

impl MessageQueue {
    fn new(who: &Credentials, mode: u32, attributes: Option<MqAttributes>) -> Result<MessageQueue, Errno> {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(2);
        let (messages, size) = attributes.map_or(DEFAULT, |asked| (asked.most_messages, asked.message_size));
        let most = if who.capable(crate::task::capability::SYS_RESOURCE) { MOST_PRIVILEGED } else { MOST };
        if messages <= 0 || size <= 0 || messages > most.0 || size > most.1 {
            return Err(Errno::EINVAL);
        }
        let now = crate::time::now();
        let stat = Stat {
            dev: 0x13,
            ino: NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            nlink: 1,
            mode: S_IFREG | mode,
            uid: who.fsuid,
            gid: who.fsgid,
            size: 80,
            blksize: 4096,
            atime: now,
            mtime: now,
            ctime: now,
            ..Stat::default()
        };
        Ok(MessageQueue {
            most_messages: usize::try_from(messages).map_err(|_| Errno::EINVAL)?,
            message_size: usize::try_from(size).map_err(|_| Errno::EINVAL)?,
            stat,
            state: Mutex::default(),
            queue: WaitQueue::new(),
        })
    }

    /// Adds a message; `EAGAIN` where the queue is full, `EMSGSIZE` where the message is too long. Answers
    /// who is to be told of it.
    pub fn send(&self, bytes: &[u8], priority: u32) -> Result<Option<Notify>, Errno> {
        if bytes.len() > self.message_size {
            return Err(Errno::EMSGSIZE);
        }
        let notify = {
            let mut state = self.state.lock();
            if state.count >= self.most_messages {
                return Err(Errno::EAGAIN);
            }
            state.messages.entry(std::cmp::Reverse(priority)).or_default().push_back(bytes.to_vec());
            state.count = state.count.saturating_add(1);
            state.held = state.held.saturating_add(bytes.len());
            let first = state.count == 1 && self.queue.is_empty();
            state.notify.take_if(|_| first)
        };
        self.queue.announce(Events::IN | Events::RDNORM);
        Ok(notify)
    }

    /// Takes the oldest message of the highest priority; `EAGAIN` where there is none, `EMSGSIZE` where
    /// `room` is less than the longest message could need.
    pub fn receive(&self, room: usize) -> Result<(Vec<u8>, u32), Errno> {
        if room < self.message_size {
            return Err(Errno::EMSGSIZE);
        }
        let found = {
            let mut state = self.state.lock();
            let mut first = state.messages.first_entry().ok_or(Errno::EAGAIN)?;
            let priority = first.key().0;
            let bytes = first.get_mut().pop_front().ok_or(Errno::EAGAIN)?;
            if first.get().is_empty() {
                first.remove();
            }
            state.count = state.count.saturating_sub(1);
            state.held = state.held.saturating_sub(bytes.len());
            (bytes, priority)
        };
        self.queue.announce(Events::OUT | Events::WRNORM);
        Ok(found)
    }

    /// mq_getattr(3), without the flags of the description.
    pub fn attributes(&self) -> MqAttributes {
        MqAttributes {
            most_messages: self.most_messages as i64,
            message_size: self.message_size as i64,
            messages: self.state.lock().count as i64,
            ..MqAttributes::default()
        }
    }

    /// mq_notify(3): `EBUSY` where another process asked before.
    pub fn set_notify(&self, process: &Arc<Process>, notify: Option<Notify>) -> Result<(), Errno> {
        let mut state = self.state.lock();
        let holder = state.notify.as_ref().and_then(|notify| notify.process.upgrade());
        match (holder, notify) {
            (Some(holder), None) if Arc::ptr_eq(&holder, process) => state.notify = None,
            (_, None) => {}
            (Some(_), Some(_)) => return Err(Errno::EBUSY),
            (None, Some(notify)) => state.notify = Some(notify),
        }
        Ok(())
    }
}

/// An open message queue; the description's flags are its own.
pub struct OpenQueue(pub Arc<MessageQueue>);

impl File for OpenQueue {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.0.stat)
    }

    fn poll(&self) -> Events {
        let count = self.0.state.lock().count;
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, count > 0);
        events.set(Events::OUT | Events::WRNORM, count < self.0.most_messages);
        events
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.0.queue)
    }

    fn label(&self) -> String {
        "anon_inode:[mqueue]".to_owned()
    }
}

/// The queues of a pod by name.
#[derive(Default)]
pub struct Names(Mutex<BTreeMap<Vec<u8>, Arc<MessageQueue>>>);

/// How mq_open(3) opens.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// O_CREAT
    pub create: bool,
    /// O_EXCL
    pub exclusive: bool,
    /// What is asked of an existing queue.
    pub access: Access,
    /// The permissions of a new one.
    pub mode: u32,
}

impl Names {
    /// mq_open(3).
    pub fn open(
        &self,
        who: &Credentials,
        name: &[u8],
        opening: Opening,
        attributes: Option<MqAttributes>,
    ) -> Result<Arc<MessageQueue>, Errno> {
        let mut names = self.0.lock();
        match names.get(name) {
            Some(_) if opening.create && opening.exclusive => Err(Errno::EEXIST),
            Some(queue) => {
                permission::check(who, &queue.stat, opening.access)?;
                Ok(Arc::clone(queue))
            }
            None if !opening.create => Err(Errno::ENOENT),
            None if names.len() >= MOST_QUEUES => Err(Errno::ENOSPC),
            None => {
                let queue = Arc::new(MessageQueue::new(who, opening.mode, attributes)?);
                names.insert(name.to_vec(), Arc::clone(&queue));
                Ok(queue)
            }
        }
    }

    /// mq_unlink(3): the name is gone, the queue goes with its last descriptor.
    pub fn unlink(&self, who: &Credentials, name: &[u8]) -> Result<(), Errno> {
        let mut names = self.0.lock();
        let queue = names.get(name).ok_or(Errno::ENOENT)?;
        if !permission::owns(who, &queue.stat) {
            return Err(Errno::EACCES);
        }
        names.remove(name);
        Ok(())
    }
}
