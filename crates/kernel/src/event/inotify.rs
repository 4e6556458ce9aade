//! inotify(7).
//!
//! What happens to files is told by `vfs::notify`; an instance keeps what it was asked for until it
//! is read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::event::{
    IN_ALL_EVENTS, IN_EXCL_UNLINK, IN_IGNORED, IN_ISDIR, IN_MASK_ADD, IN_MASK_CREATE, IN_ONESHOT, IN_Q_OVERFLOW,
    InotifyEvent,
};
use abi::stat::Stat;
use zerocopy::IntoBytes;

use crate::sync::Mutex;
use crate::task::{Task, UserPtr};
use crate::vfs::notify::{FileEvent, FileEvents, Notifier, Watch, Watcher};
use crate::vfs::{File, Inode};
use crate::wait::{Events, WaitQueue};

/// /proc/sys/fs/inotify/max_queued_events
const MOST_QUEUED: usize = 16384;
/// /proc/sys/fs/inotify/max_user_watches, per instance.
const MOST_WATCHES: usize = 65536;

/// An inotify instance.
pub struct Inotify {
    state: Mutex<State>,
    queue: WaitQueue,
    me: Weak<Inotify>,
}

struct State {
    next: i32,
    watches: BTreeMap<i32, Watched>,
    events: VecDeque<Event>,
}

/// A watched inode, which lives as long as it is watched.
struct Watched {
    mask: u32,
    watch: Watch,
    _inode: Arc<dyn Inode>,
}

#[derive(Clone, PartialEq, Eq)]
struct Event {
    watch: i32,
    mask: u32,
    cookie: u32,
    name: Vec<u8>,
}

impl Event {
    /// The bytes of the name with its zeros: none, or a multiple of the head's size.
    fn name_length(&self) -> usize {
        match self.name.len() {
            0 => 0,
            length => length.saturating_add(1).next_multiple_of(size_of::<InotifyEvent>()),
        }
    }

    fn length(&self) -> usize {
        size_of::<InotifyEvent>().saturating_add(self.name_length())
    }

    fn encode(&self) -> Vec<u8> {
        let length = self.name_length();
        let head = InotifyEvent { watch: self.watch, mask: self.mask, cookie: self.cookie, length: length as u32 };
        let mut bytes = head.as_bytes().to_vec();
        bytes.extend_from_slice(&self.name);
        bytes.resize(self.length(), 0);
        bytes
    }
}

impl State {
    fn push(&mut self, event: Event) {
        if self.events.back() == Some(&event) {
            return;
        }
        if self.events.len() < MOST_QUEUED {
            self.events.push_back(event);
        } else if self.events.back().is_some_and(|last| last.mask != IN_Q_OVERFLOW) {
            self.events.push_back(Event { watch: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: Vec::new() });
        }
    }

    /// Ends a watch; its end is told too.
    fn forget(&mut self, watch: i32) -> Option<Watched> {
        let ended = self.watches.remove(&watch)?;
        self.push(Event { watch, mask: IN_IGNORED, cookie: 0, name: Vec::new() });
        Some(ended)
    }
}

/// Tells an instance what happens under one of its watches.
struct Ear {
    inotify: Weak<Inotify>,
    watch: i32,
}

impl Watcher for Ear {
    fn happened(&self, event: &FileEvent) {
        if let Some(inotify) = self.inotify.upgrade() {
            inotify.note(self.watch, event);
        }
    }
}

impl Inotify {
    /// An instance that watches nothing.
    pub fn new() -> Arc<Inotify> {
        Arc::new_cyclic(|me| Inotify {
            state: Mutex::new(State { next: 1, watches: BTreeMap::new(), events: VecDeque::new() }),
            queue: WaitQueue::new(),
            me: Weak::clone(me),
        })
    }

    /// inotify_add_watch(2) on an inode that the caller may read.
    pub fn watch(&self, notifier: &Notifier, inode: &Arc<dyn Inode>, mask: u32) -> Result<i32, Errno> {
        if mask & IN_ALL_EVENTS == 0 || mask & (IN_MASK_ADD | IN_MASK_CREATE) == IN_MASK_ADD | IN_MASK_CREATE {
            return Err(Errno::EINVAL);
        }
        let key = Notifier::key(inode)?;
        let kept = mask & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK);
        let watch = {
            let mut state = self.state.lock();
            if let Some((watch, watched)) = state.watches.iter_mut().find(|(_, watched)| watched.watch.key == key) {
                if mask & IN_MASK_CREATE != 0 {
                    return Err(Errno::EEXIST);
                }
                watched.mask = if mask & IN_MASK_ADD != 0 { watched.mask | kept } else { kept };
                return Ok(*watch);
            }
            if state.watches.len() >= MOST_WATCHES {
                return Err(Errno::ENOSPC);
            }
            let watch = state.next;
            state.next = watch.checked_add(1).ok_or(Errno::ENOSPC)?;
            watch
        };
        let ear = Arc::new(Ear { inotify: Weak::clone(&self.me), watch });
        let held = notifier.watch(inode, ear)?;
        let watched = Watched { mask: kept, watch: held, _inode: Arc::clone(inode) };
        self.state.lock().watches.insert(watch, watched);
        Ok(watch)
    }

    /// inotify_rm_watch(2).
    pub fn unwatch(&self, watch: i32) -> Result<(), Errno> {
        let ended = self.state.lock().forget(watch).ok_or(Errno::EINVAL)?;
        drop(ended);
        self.queue.announce(Events::IN | Events::RDNORM);
        Ok(())
    }

    fn note(&self, watch: i32, event: &FileEvent) {
        let gone = event.what.intersects(FileEvents::DELETE_SELF | FileEvents::UNMOUNT);
        let ended = {
            let mut state = self.state.lock();
            let Some(watched) = state.watches.get(&watch) else { return };
            let (asked, once) = (watched.mask & IN_ALL_EVENTS, watched.mask & IN_ONESHOT != 0);
            let always = FileEvents::UNMOUNT.bits();
            let told = event.what.bits() & (asked | always);
            if told != 0 {
                // Linux does not say of what is told of itself alone that it is a directory.
                let alone = FileEvents::DELETE_SELF | FileEvents::MOVE_SELF | FileEvents::UNMOUNT;
                let kind = if event.what.intersects(alone) { 0 } else { event.what.bits() & IN_ISDIR };
                let mask = told | kind;
                let name = event.name.clone().unwrap_or_default();
                state.push(Event { watch, mask, cookie: event.cookie, name });
            }
            if gone || (once && told != 0) {
                state.forget(watch)
            } else if told == 0 {
                return;
            } else {
                None
            }
        };
        drop(ended);
        self.queue.announce(Events::IN | Events::RDNORM);
    }
}

impl File for Inotify {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(super::anonymous_stat())
    }

    fn read(&self, buffer: &mut [u8], _position: u64) -> Result<usize, Errno> {
        let mut state = self.state.lock();
        let mut done: usize = 0;
        while let Some(event) = state.events.front() {
            let end = done.saturating_add(event.length());
            let Some(place) = buffer.get_mut(done..end) else { break };
            place.copy_from_slice(&event.encode());
            done = end;
            state.events.pop_front();
        }
        match done {
            0 if state.events.is_empty() => Err(Errno::EAGAIN),
            0 => Err(Errno::EINVAL),
            done => Ok(done),
        }
    }

    fn poll(&self) -> Events {
        if self.state.lock().events.is_empty() { Events::empty() } else { Events::IN | Events::RDNORM }
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.queue)
    }

    fn ioctl(&self, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
        match request {
            abi::socket::FIONREAD => {
                let held: usize = self.state.lock().events.iter().map(Event::length).sum();
                task.write(UserPtr::new(argument), &i32::try_from(held).unwrap_or(i32::MAX))?;
                Ok(0)
            }
            _ => Err(Errno::ENOTTY),
        }
    }

    fn label(&self) -> String {
        "anon_inode:inotify".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::tmpfs::{Options, Tmpfs};
    use crate::vfs::{Attributes, FileSystem, NewNode};

    fn tree() -> (Arc<dyn FileSystem>, Arc<dyn Inode>, Arc<dyn Inode>) {
        let tmpfs: Arc<dyn FileSystem> = Tmpfs::new(Options::sized(1 << 20));
        let root = tmpfs.root();
        let attributes = Attributes { mode: 0o644, uid: 0, gid: 0 };
        let file = root.create(b"file", NewNode::Regular, attributes).expect("there is room");
        (tmpfs, root, file)
    }

    /// The events that are read: watch, mask and name.
    fn read(inotify: &Inotify) -> Vec<(i32, u32, String)> {
        let mut buffer = [0; 4096];
        let Ok(count) = inotify.read(&mut buffer, 0) else { return Vec::new() };
        let mut rest = &buffer[..count];
        let mut found = Vec::new();
        while let Ok((head, after)) = <InotifyEvent as zerocopy::FromBytes>::read_from_prefix(rest) {
            let (name, after) = after.split_at(head.length as usize);
            let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
            found.push((head.watch, head.mask, name));
            rest = after;
        }
        found
    }

    #[test]
    fn a_directory_tells_of_its_children_and_a_file_of_itself() {
        let (_tmpfs, root, file) = tree();
        let (notifier, inotify) = (Notifier::default(), Inotify::new());
        let (create, modify) = (FileEvents::CREATE.bits(), FileEvents::MODIFY.bits());
        assert_eq!(inotify.watch(&notifier, &root, create | modify), Ok(1));
        assert_eq!(inotify.watch(&notifier, &file, modify), Ok(2));
        notifier.child(&root, b"new", FileEvents::CREATE | FileEvents::ISDIR);
        notifier.used(&file, Some((&root, b"file")), FileEvents::MODIFY);
        notifier.used(&file, Some((&root, b"file")), FileEvents::OPEN);
        let events = read(&inotify);
        assert_eq!(
            events,
            [(1, create | IN_ISDIR, "new".to_owned()), (1, modify, "file".to_owned()), (2, modify, String::new()),]
        );
        assert_eq!(inotify.read(&mut [0; 100], 0), Err(Errno::EAGAIN));
    }

    #[test]
    fn the_same_event_twice_is_one_and_a_rename_has_a_cookie() {
        let (_tmpfs, root, file) = tree();
        let (notifier, inotify) = (Notifier::default(), Inotify::new());
        inotify.watch(&notifier, &root, IN_ALL_EVENTS).expect("it can be watched");
        for _ in 0..3 {
            notifier.used(&file, Some((&root, b"file")), FileEvents::MODIFY);
        }
        assert_eq!(read(&inotify).len(), 1);
        notifier.moved(&file, (&root, b"file"), (&root, b"other"), FileEvents::empty());
        let cookies: Vec<_> = inotify.state.lock().events.iter().map(|event| event.cookie).collect();
        assert_eq!(cookies.len(), 2);
        assert!(cookies[0] == cookies[1] && cookies[0] != 0);
    }

    #[test]
    fn a_watch_ends_with_its_file_when_told_or_after_one_event() {
        let (_tmpfs, root, file) = tree();
        let (notifier, inotify) = (Notifier::default(), Inotify::new());
        let deleted = FileEvents::DELETE_SELF.bits();
        inotify.watch(&notifier, &file, deleted).expect("it can be watched");
        notifier.node(&file, FileEvents::DELETE_SELF);
        assert_eq!(read(&inotify), [(1, deleted, String::new()), (1, IN_IGNORED, String::new())]);
        let watch = inotify.watch(&notifier, &root, IN_ALL_EVENTS | IN_ONESHOT).expect("it can be watched");
        notifier.child(&root, b"a", FileEvents::CREATE);
        notifier.child(&root, b"b", FileEvents::CREATE);
        assert_eq!(read(&inotify).iter().map(|(_, mask, _)| *mask).collect::<Vec<_>>(), [0x100, IN_IGNORED]);
        assert_eq!(inotify.unwatch(watch), Err(Errno::EINVAL));
        assert!(notifier.is_quiet());
    }

    #[test]
    fn a_buffer_too_small_is_refused_and_masks_are_checked() {
        let (_tmpfs, root, _) = tree();
        let (notifier, inotify) = (Notifier::default(), Inotify::new());
        assert_eq!(inotify.watch(&notifier, &root, 0), Err(Errno::EINVAL));
        inotify.watch(&notifier, &root, 0x100).expect("it can be watched");
        assert_eq!(inotify.watch(&notifier, &root, 0x100 | IN_MASK_CREATE), Err(Errno::EEXIST));
        assert_eq!(inotify.watch(&notifier, &root, 0x200 | IN_MASK_ADD), Ok(1));
        notifier.child(&root, b"name", FileEvents::CREATE);
        assert_eq!(inotify.read(&mut [0; 31], 0), Err(Errno::EINVAL));
        assert_eq!(inotify.read(&mut [0; 32], 0), Ok(32));
    }
}
