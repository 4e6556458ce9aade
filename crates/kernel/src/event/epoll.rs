//! epoll(7).
//!
//! Each registered file has a listener in that file's wait queue, which puts it on a ready list: a wait
//! looks at the files on that list only. A file is held weakly: it leaves every epoll with its last
//! descriptor. Locks: an instance's state; files are asked with none held.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use abi::Errno;
use abi::poll::{EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP, EpollEvent};
use abi::stat::Stat;

use crate::sync::Mutex;
use crate::vfs::{File, OpenFile};
use crate::wait::{Events, Listener, Registration, WaitQueue};

/// How many instances may lie in each other, epoll_ctl(2) ELOOP.
const MAX_NESTING: usize = 5;

/// What an instance may be asked beside `EPOLLEXCLUSIVE`.
const WITH_EXCLUSIVE: u32 = Events::IN.bits()
    | Events::OUT.bits()
    | Events::ERR.bits()
    | Events::HUP.bits()
    | EPOLLWAKEUP
    | EPOLLET
    | EPOLLEXCLUSIVE;

/// A descriptor and the description it stood for when it was added.
type Key = (i32, usize);

/// An epoll instance.
pub struct Epoll(Arc<Instance>);

#[derive(Default)]
struct Instance {
    state: Mutex<State>,
    queue: WaitQueue,
    /// The instances that this one was added to.
    parents: Mutex<Vec<Weak<Instance>>>,
}

#[derive(Default)]
struct State {
    items: HashMap<Key, Arc<Item>>,
    ready: VecDeque<Arc<Item>>,
}

/// A registered file.
struct Item {
    key: Key,
    file: Weak<OpenFile>,
    instance: Weak<Instance>,
    interest: Mutex<Interest>,
    /// Whether it is on the ready list.
    queued: AtomicBool,
    place: Mutex<Option<Registration>>,
}

#[derive(Clone, Copy)]
struct Interest {
    events: u32,
    data: u64,
    /// Down after a one-shot report.
    armed: bool,
}

impl Interest {
    fn of(event: EpollEvent) -> Interest {
        Interest { events: event.events, data: event.data, armed: true }
    }

    /// The events that it wants to hear of.
    fn wanted(self) -> Events {
        if !self.armed {
            return Events::empty();
        }
        Events::from_bits_truncate(self.events) | Events::ERR | Events::HUP
    }
}

impl Listener for Item {
    fn notify(&self, events: Events) {
        let wanted = self.interest.lock().wanted();
        if !events.is_empty() && !events.intersects(wanted) {
            return;
        }
        let Some(instance) = self.instance.upgrade() else { return };
        if self.queue_on(&instance) {
            instance.queue.announce(Events::IN | Events::RDNORM);
        }
    }
}

impl Item {
    /// What is ready of what is wanted; `None` where the file is gone.
    fn ready(&self) -> Option<Events> {
        let file = self.file.upgrade()?;
        let wanted = self.interest.lock().wanted();
        Some(if wanted.is_empty() { wanted } else { file.file().poll() & wanted })
    }

    /// Puts it on the ready list; whether it is there.
    fn queue_on(&self, instance: &Instance) -> bool {
        let mut state = instance.state.lock();
        let Some(item) = state.items.get(&self.key).map(Arc::clone) else { return false };
        if !self.queued.swap(true, Ordering::AcqRel) {
            state.ready.push_back(item);
        }
        true
    }
}

impl Epoll {
    /// An instance without files.
    pub fn new() -> Arc<Epoll> {
        Arc::new(Epoll(Arc::default()))
    }

    /// epoll_ctl(2) EPOLL_CTL_ADD.
    pub fn add(&self, fd: i32, file: &Arc<OpenFile>, event: EpollEvent) -> Result<(), Errno> {
        let exclusive = event.events & EPOLLEXCLUSIVE != 0;
        let nested = file.downcast::<Epoll>();
        if exclusive && (event.events & !WITH_EXCLUSIVE != 0 || nested.is_some()) {
            return Err(Errno::EINVAL);
        }
        let queue = file.file().queue().ok_or(Errno::EPERM)?;
        if let Some(inner) = nested {
            self.0.may_hold(&inner.0)?;
        }
        let key = key(fd, file);
        let item = Arc::new(Item {
            key,
            file: Arc::downgrade(file),
            instance: Arc::downgrade(&self.0),
            interest: Mutex::new(Interest::of(event)),
            queued: AtomicBool::new(false),
            place: Mutex::new(None),
        });
        {
            let mut state = self.0.state.lock();
            if state.items.contains_key(&key) {
                return Err(Errno::EEXIST);
            }
            // What the descriptor stood for before may have closed without anybody having looked.
            state.items.retain(|(other, _), item| *other != fd || item.file.strong_count() > 0);
            state.items.insert(key, Arc::clone(&item));
        }
        if let Some(inner) = nested {
            inner.0.parents.lock().push(Arc::downgrade(&self.0));
        }
        *item.place.lock() = Some(queue.listen(Arc::clone(&item) as Arc<dyn Listener>));
        self.check(&item);
        Ok(())
    }

    /// epoll_ctl(2) EPOLL_CTL_MOD.
    pub fn modify(&self, fd: i32, file: &Arc<OpenFile>, event: EpollEvent) -> Result<(), Errno> {
        let item = self.find(fd, file)?;
        let exclusive = (event.events | item.interest.lock().events) & EPOLLEXCLUSIVE != 0;
        if exclusive {
            return Err(Errno::EINVAL);
        }
        *item.interest.lock() = Interest::of(event);
        self.check(&item);
        Ok(())
    }

    /// epoll_ctl(2) EPOLL_CTL_DEL.
    pub fn remove(&self, fd: i32, file: &Arc<OpenFile>) -> Result<(), Errno> {
        let item = self.0.state.lock().items.remove(&key(fd, file)).ok_or(Errno::ENOENT)?;
        let place = item.place.lock().take();
        drop(place);
        self.0.state.lock().ready.retain(|other| !Arc::ptr_eq(other, &item));
        if let Some(inner) = file.downcast::<Epoll>() {
            let mut parents = inner.0.parents.lock();
            if let Some(at) = parents.iter().position(|parent| parent.as_ptr() == Arc::as_ptr(&self.0)) {
                parents.swap_remove(at);
            }
        }
        Ok(())
    }

    /// Up to `most` reports of what is ready now, as epoll_wait(2) gives them.
    pub fn take(&self, most: usize) -> Vec<EpollEvent> {
        let mut reports = Vec::new();
        let mut again = Vec::new();
        let listed = self.0.state.lock().ready.len();
        for _ in 0..listed {
            if reports.len() == most {
                break;
            }
            let Some(item) = self.0.state.lock().ready.pop_front() else { break };
            item.queued.store(false, Ordering::Release);
            match item.ready() {
                None => self.forget(&item),
                Some(events) if events.is_empty() => {}
                Some(events) => {
                    let mut interest = item.interest.lock();
                    reports.push(EpollEvent { events: events.bits(), data: interest.data });
                    if interest.events & EPOLLONESHOT != 0 {
                        interest.armed = false;
                    } else if interest.events & EPOLLET == 0 {
                        again.push(Arc::clone(&item));
                    }
                }
            }
        }
        for item in again {
            item.queue_on(&self.0);
        }
        reports
    }

    /// The registered descriptors with what is asked and what is given back, for /proc/PID/fdinfo.
    pub fn registered(&self) -> Vec<(i32, u32, u64)> {
        let state = self.0.state.lock();
        state
            .items
            .values()
            .filter(|item| item.file.strong_count() > 0)
            .map(|item| {
                let interest = *item.interest.lock();
                (item.key.0, interest.events, interest.data)
            })
            .collect()
    }

    fn find(&self, fd: i32, file: &Arc<OpenFile>) -> Result<Arc<Item>, Errno> {
        self.0.state.lock().items.get(&key(fd, file)).map(Arc::clone).ok_or(Errno::ENOENT)
    }

    /// Puts an item that is ready already on the list.
    fn check(&self, item: &Item) {
        if item.ready().is_some_and(|events| !events.is_empty()) && item.queue_on(&self.0) {
            self.0.queue.announce(Events::IN | Events::RDNORM);
        }
    }

    fn forget(&self, item: &Item) {
        let gone = self.0.state.lock().items.remove(&item.key);
        drop(gone);
    }
}

impl Instance {
    /// Whether `inner` may be added to this instance: `ELOOP` for a circle or too deep a nest.
    fn may_hold(&self, inner: &Instance) -> Result<(), Errno> {
        let above = self.levels_above();
        let below = inner.levels_below(self).ok_or(Errno::ELOOP)?;
        match above.saturating_add(below) {
            levels if levels > MAX_NESTING => Err(Errno::ELOOP),
            _ => Ok(()),
        }
    }

    fn levels_above(&self) -> usize {
        let parents: Vec<_> = self.parents.lock().iter().filter_map(Weak::upgrade).collect();
        parents.iter().map(|parent| parent.levels_above()).max().unwrap_or(0).saturating_add(1)
    }

    /// The levels of this instance and what lies in it; `None` where `sought` is among them.
    fn levels_below(&self, sought: &Instance) -> Option<usize> {
        if std::ptr::eq(self, sought) {
            return None;
        }
        let files: Vec<_> = self.state.lock().items.values().filter_map(|item| item.file.upgrade()).collect();
        let mut deepest = 0;
        for inner in files.iter().filter_map(|file| file.downcast::<Epoll>()) {
            deepest = deepest.max(inner.0.levels_below(sought)?);
        }
        Some(deepest.saturating_add(1))
    }
}

fn key(fd: i32, file: &Arc<OpenFile>) -> Key {
    (fd, Arc::as_ptr(file).addr())
}

impl File for Epoll {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(super::anonymous_stat())
    }

    fn poll(&self) -> Events {
        let listed: Vec<_> = self.0.state.lock().ready.iter().map(Arc::clone).collect();
        let any = listed.iter().any(|item| item.ready().is_some_and(|events| !events.is_empty()));
        if any { Events::IN | Events::RDNORM } else { Events::empty() }
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.0.queue)
    }

    fn label(&self) -> String {
        "anon_inode:[eventpoll]".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventCounter;
    use crate::vfs::OpenFlags;

    fn counter() -> Arc<OpenFile> {
        OpenFile::anonymous(EventCounter::new(0, false), OpenFlags::RDWR)
    }

    fn add_one(file: &OpenFile) {
        file.file().write(&1u64.to_ne_bytes(), 0).expect("it has room");
    }

    fn want(events: u32, data: u64) -> EpollEvent {
        EpollEvent { events, data }
    }

    fn taken(epoll: &Epoll) -> Vec<(u32, u64)> {
        epoll.take(10).iter().map(|event| (event.events, event.data)).collect()
    }

    const IN: u32 = Events::IN.bits();

    #[test]
    fn a_level_is_reported_until_it_ends_and_an_edge_once() {
        let (epoll, level, edge) = (Epoll::new(), counter(), counter());
        epoll.add(1, &level, want(IN, 1)).expect("it can be added");
        epoll.add(2, &edge, want(IN | EPOLLET, 2)).expect("it can be added");
        assert_eq!(taken(&epoll), []);
        add_one(&level);
        add_one(&edge);
        assert_eq!(taken(&epoll), [(IN, 1), (IN, 2)]);
        assert_eq!(taken(&epoll), [(IN, 1)]);
        add_one(&edge);
        level.file().read(&mut [0; 8], 0).expect("it counts one");
        assert_eq!(taken(&epoll), [(IN, 2)]);
        assert_eq!(taken(&epoll), []);
    }

    #[test]
    fn a_one_shot_is_silent_until_it_is_asked_again() {
        let (epoll, file) = (Epoll::new(), counter());
        add_one(&file);
        epoll.add(1, &file, want(IN | EPOLLONESHOT, 7)).expect("it can be added");
        assert_eq!(taken(&epoll), [(IN, 7)]);
        add_one(&file);
        assert_eq!(taken(&epoll), []);
        epoll.modify(1, &file, want(IN | EPOLLONESHOT, 8)).expect("it is there");
        assert_eq!(taken(&epoll), [(IN, 8)]);
    }

    #[test]
    fn a_file_leaves_with_its_last_descriptor() {
        let (epoll, file) = (Epoll::new(), counter());
        epoll.add(5, &file, want(IN, 1)).expect("it can be added");
        assert_eq!(epoll.add(5, &file, want(IN, 1)), Err(Errno::EEXIST));
        add_one(&file);
        drop(file);
        assert_eq!(taken(&epoll), []);
        assert_eq!(epoll.registered(), []);
    }

    #[test]
    fn instances_may_lie_in_each_other_but_never_in_a_circle_or_too_deep() {
        let instances: Vec<_> = (0..7).map(|_| OpenFile::anonymous(Epoll::new(), OpenFlags::RDWR)).collect();
        let hold = |outer: usize, inner: usize| {
            instances[outer].downcast::<Epoll>().expect("it is one").add(inner as i32, &instances[inner], want(IN, 0))
        };
        assert_eq!(hold(0, 1), Ok(()));
        assert_eq!(hold(1, 0), Err(Errno::ELOOP));
        assert_eq!(hold(0, 0), Err(Errno::ELOOP));
        assert_eq!((hold(1, 2), hold(2, 3), hold(3, 4)), (Ok(()), Ok(()), Ok(())));
        assert_eq!(hold(4, 5), Err(Errno::ELOOP));
        let file = counter();
        let last = instances[4].downcast::<Epoll>().expect("it is one");
        last.add(9, &file, want(IN, 0)).expect("it can be added");
        assert!(!instances[0].file().poll().contains(Events::IN));
        add_one(&file);
        assert!(instances[0].file().poll().contains(Events::IN));
    }

    #[test]
    fn exclusive_takes_few_flags_and_no_change() {
        let (epoll, file) = (Epoll::new(), counter());
        assert_eq!(epoll.add(1, &file, want(IN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0)), Err(Errno::EINVAL));
        assert_eq!(epoll.add(1, &file, want(IN | EPOLLEXCLUSIVE, 0)), Ok(()));
        assert_eq!(epoll.modify(1, &file, want(IN, 0)), Err(Errno::EINVAL));
        assert_eq!(epoll.remove(1, &file), Ok(()));
        assert_eq!(epoll.remove(1, &file), Err(Errno::ENOENT));
    }
}
