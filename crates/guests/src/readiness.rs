//! Waiting for several things: eventfd(2), epoll(7), timerfd_create(2).

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::{Errno, read, write};

use crate::{Program, call};

pub(crate) const PROGRAMS: &[Program] = &[
    ("readiness/eventfd", eventfd_counts),
    ("readiness/epoll", epoll_reports),
    ("readiness/epoll_refuses", epoll_refuses),
];

fn add(file: &OwnedFd, number: u64) -> Result<usize, Errno> {
    write(file, &number.to_ne_bytes())
}

fn take(file: &OwnedFd) -> Result<u64, Errno> {
    let mut bytes = [0; 8];
    read(file, &mut bytes).map(|_| u64::from_ne_bytes(bytes))
}

fn eventfd_counts() {
    let Ok(counter) = eventfd(3, EventfdFlags::NONBLOCK) else { return };
    call("all", take(&counter));
    call("nothing", take(&counter));
    call("the largest", add(&counter, u64::MAX));
    call("nearly the largest", add(&counter, u64::MAX - 1));
    call("one more", add(&counter, 1));
    call("a short read", read(&counter, &mut [0; 4]));
    let Ok(semaphore) = eventfd(2, EventfdFlags::NONBLOCK | EventfdFlags::SEMAPHORE) else { return };
    call("one", take(&semaphore));
    call("another", take(&semaphore));
    call("nothing", take(&semaphore));
}

/// The reports that are there now: what and whose.
fn reports(instance: &OwnedFd) -> Result<Vec<(EventFlags, u64)>, Errno> {
    let mut list = Vec::with_capacity(8);
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    epoll::wait(instance, rustix::buffer::spare_capacity(&mut list), Some(&none))?;
    Ok(list.iter().map(|event: &Event| ({ event.flags }, event.data.u64())).collect())
}

fn epoll_reports() {
    let Ok(instance) = epoll::create(CreateFlags::CLOEXEC) else { return };
    let counters: Vec<OwnedFd> = (0..3).filter_map(|_| eventfd(0, EventfdFlags::NONBLOCK).ok()).collect();
    let [level, edge, once] = counters.as_slice() else { return };
    let watch = |file: &OwnedFd, data, flags| epoll::add(&instance, file, EventData::new_u64(data), flags);
    call("level", watch(level, 1, EventFlags::IN));
    call("edge", watch(edge, 2, EventFlags::IN | EventFlags::ET));
    call("once", watch(once, 3, EventFlags::IN | EventFlags::ONESHOT));
    call("nothing", reports(&instance));
    for counter in [level, edge, once] {
        call("add", add(counter, 1));
    }
    call("all", reports(&instance));
    call("the level", reports(&instance));
    call("add to the edge", add(edge, 1));
    call("level and edge", reports(&instance));
    call("ask once more", epoll::modify(&instance, once, EventData::new_u64(4), EventFlags::IN));
    call("level and once", reports(&instance));
    call("remove", epoll::delete(&instance, level));
    drop(counters);
    call("closed", reports(&instance));
}

fn epoll_refuses() {
    let Ok(instance) = epoll::create(CreateFlags::CLOEXEC) else { return };
    let Ok(other) = epoll::create(CreateFlags::CLOEXEC) else { return };
    let Ok(counter) = eventfd(0, EventfdFlags::NONBLOCK) else { return };
    let Ok(file) = std::fs::File::open("/etc/passwd") else { return };
    let add =
        |of: &OwnedFd, file: rustix::fd::BorrowedFd<'_>| epoll::add(of, file, EventData::new_u64(0), EventFlags::IN);
    call("a regular file", add(&instance, file.as_fd()));
    call("itself", add(&instance, instance.as_fd()));
    call("a counter", add(&instance, counter.as_fd()));
    call("the counter again", add(&instance, counter.as_fd()));
    call("not an instance", add(&counter, instance.as_fd()));
    call("another", add(&instance, other.as_fd()));
    call("a circle", add(&other, instance.as_fd()));
    call("remove what is not there", epoll::delete(&other, &counter));
}
