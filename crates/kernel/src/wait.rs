//! Waiting: what becomes ready wakes who waits for it.
//!
//! Owns: [`WaitQueue`], [`Events`], [`Listener`]. Does not own: who runs next (`runtime`) and how a
//! signal cuts a wait short (`task::Task::wait`). Every object that a guest can wait for (pipe,
//! socket, tty, timer, child process) has a queue, announces on it after each change, and is asked
//! again by the waiter: a wake-up is a hint, never a promise.
//!
//! Rule: announce with none of the object's own locks held, since a listener may ask the object.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use crate::sync::Mutex;

bitflags::bitflags! {
    /// What can be done now, in the bits of poll(2), which epoll(7) shares.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Events: u32 {
        /// There is data to read, or an end of file.
        const IN = 0x001;
        /// An exceptional condition.
        const PRI = 0x002;
        /// Writing will not block.
        const OUT = 0x004;
        /// An error; always reported.
        const ERR = 0x008;
        /// The other side hung up; always reported.
        const HUP = 0x010;
        /// The descriptor is not open; poll(2) only.
        const NVAL = 0x020;
        /// As `IN`.
        const RDNORM = 0x040;
        /// Priority band data.
        const RDBAND = 0x080;
        /// As `OUT`.
        const WRNORM = 0x100;
        /// Priority data may be written.
        const WRBAND = 0x200;
        /// The peer shut down its writing half.
        const RDHUP = 0x2000;
    }
}

/// Somebody who wants to hear that an object may have become ready.
pub trait Listener: Send + Sync {
    /// The object has changed; `events` is what may be new.
    fn notify(&self, events: Events);
}

/// A future's waker as a listener.
struct WakerListener(Waker);

impl Listener for WakerListener {
    fn notify(&self, _: Events) {
        self.0.wake_by_ref();
    }
}

/// Who waits for one object.
#[derive(Default)]
pub struct WaitQueue {
    listeners: Arc<Mutex<Listeners>>,
}

#[derive(Default)]
struct Listeners {
    next: u64,
    list: Vec<(u64, Arc<dyn Listener>)>,
}

/// A place in a queue, given up when dropped.
pub struct Registration {
    listeners: Weak<Mutex<Listeners>>,
    key: u64,
}

impl WaitQueue {
    /// A queue that nobody waits in.
    pub fn new() -> WaitQueue {
        WaitQueue::default()
    }

    /// Tells every listener.
    pub fn announce(&self, events: Events) {
        let now: Vec<Arc<dyn Listener>> = {
            let listeners = self.listeners.lock();
            if listeners.list.is_empty() {
                return;
            }
            listeners.list.iter().map(|(_, listener)| Arc::clone(listener)).collect()
        };
        for listener in now {
            listener.notify(events);
        }
    }

    /// Adds a listener until the registration is dropped.
    pub fn listen(&self, listener: Arc<dyn Listener>) -> Registration {
        let mut listeners = self.listeners.lock();
        let key = listeners.next;
        listeners.next = key.wrapping_add(1);
        listeners.list.push((key, listener));
        Registration { listeners: Arc::downgrade(&self.listeners), key }
    }

    /// Adds a future's waker until the registration is dropped.
    pub fn listen_waker(&self, waker: &Waker) -> Registration {
        self.listen(Arc::new(WakerListener(waker.clone())))
    }

    /// Whether anybody waits.
    pub fn is_empty(&self) -> bool {
        self.listeners.lock().list.is_empty()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(listeners) = self.listeners.upgrade() {
            listeners.lock().list.retain(|(key, _)| *key != self.key);
        }
    }
}

/// Waits until `ready` answers `Some`, asking again after each announcement of `one` or `other`.
/// For the kernel's own work, which no signal interrupts.
pub async fn either<T>(one: &WaitQueue, other: &WaitQueue, mut ready: impl FnMut() -> Option<T> + Send) -> T {
    let mut places = None;
    std::future::poll_fn(move |context| {
        if places.is_none() {
            places = Some([one.listen_waker(context.waker()), other.listen_waker(context.waker())]);
        }
        ready().map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    })
    .await
}

/// A flag that a waker sets; for tests and for polling once.
pub struct Flag(std::sync::atomic::AtomicBool);

impl Flag {
    /// A flag that is down.
    pub fn new() -> Arc<Flag> {
        Arc::new(Flag(std::sync::atomic::AtomicBool::new(false)))
    }

    /// Whether it was raised since it was last taken.
    pub fn take(&self) -> bool {
        self.0.swap(false, std::sync::atomic::Ordering::AcqRel)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Release);
    }
}
