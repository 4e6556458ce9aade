//! signalfd(2).
//!
//! The kernel keeps blocked signals of a mask that somebody asked for (`task::signals::Pending`); here
//! they are read.

use std::sync::{Arc, Weak};

use abi::Errno;
use abi::event::SignalfdInfo;
use abi::signal::{SigInfo, SignalSet};
use abi::stat::Stat;
use zerocopy::{FromZeros, IntoBytes};

use crate::sync::Mutex;
use crate::task::{Fault, Process, Task};
use crate::vfs::File;
use crate::wait::{Events, Listener, Registration, WaitQueue};

/// A descriptor that blocked signals are read from.
pub struct SignalFile {
    mask: Mutex<SignalSet>,
    /// Whose signals: those of the process that made it, or that read last.
    process: Mutex<Weak<Process>>,
    place: Mutex<Option<Registration>>,
    queue: WaitQueue,
    me: Weak<SignalFile>,
}

impl SignalFile {
    /// A descriptor of the signals of `process` in `mask`.
    pub fn new(process: &Arc<Process>, mask: SignalSet) -> Arc<SignalFile> {
        let file = Arc::new_cyclic(|me| SignalFile {
            mask: Mutex::new(mask),
            process: Mutex::new(Weak::new()),
            place: Mutex::new(None),
            queue: WaitQueue::new(),
            me: Weak::clone(me),
        });
        file.follow(process);
        file
    }

    /// Changes the mask.
    pub fn set_mask(&self, mask: SignalSet) {
        *self.mask.lock() = mask;
        if let Some(process) = self.process() {
            process.held_for_signalfd.want(mask);
        }
        self.queue.announce(Events::IN | Events::RDNORM);
    }

    fn process(&self) -> Option<Arc<Process>> {
        self.process.lock().upgrade()
    }

    /// From now on the signals of `process` are meant.
    fn follow(&self, process: &Arc<Process>) {
        if self.process.lock().as_ptr() == Arc::as_ptr(process) {
            return;
        }
        *self.process.lock() = Arc::downgrade(process);
        process.held_for_signalfd.want(*self.mask.lock());
        let place = process.held_for_signalfd.changed.listen(Arc::new(Relay(Weak::clone(&self.me))));
        let old = self.place.lock().replace(place);
        drop(old);
    }
}

/// Tells a descriptor that its process has a signal.
struct Relay(Weak<SignalFile>);

impl Listener for Relay {
    fn notify(&self, _: Events) {
        if let Some(file) = self.0.upgrade() {
            file.queue.announce(Events::IN | Events::RDNORM);
        }
    }
}

fn encode(info: &SigInfo) -> SignalfdInfo {
    let value = u64::from(info.status as u32) | u64::from(info.value_high as u32) << 32;
    SignalfdInfo {
        signo: info.signo as u32,
        errno: info.errno,
        code: info.code,
        pid: info.pid as u32,
        uid: info.uid,
        status: info.status,
        int: info.status,
        ptr: value,
        utime: info.utime as u64,
        stime: info.stime as u64,
        ..SignalfdInfo::new_zeroed()
    }
}

impl File for SignalFile {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(super::anonymous_stat())
    }

    fn read(&self, buffer: &mut [u8], _position: u64) -> Result<usize, Errno> {
        let (places, _) = buffer.as_chunks_mut::<{ size_of::<SignalfdInfo>() }>();
        if places.is_empty() {
            return Err(Errno::EINVAL);
        }
        let process = self.process().ok_or(Errno::EAGAIN)?;
        let mask = *self.mask.lock();
        let mut done: usize = 0;
        for place in places {
            let Some((_, info)) = process.held_for_signalfd.take(mask) else { break };
            place.copy_from_slice(encode(&info).as_bytes());
            done = done.saturating_add(place.len());
        }
        if done == 0 { Err(Errno::EAGAIN) } else { Ok(done) }
    }

    fn before_io(&self, task: &Arc<Task>, _write: bool) -> Result<(), Fault> {
        self.follow(task.process());
        Ok(())
    }

    fn poll(&self) -> Events {
        let mask = *self.mask.lock();
        match self.process() {
            Some(process) if process.held_for_signalfd.has(mask) => Events::IN | Events::RDNORM,
            _ => Events::empty(),
        }
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.queue)
    }

    fn label(&self) -> String {
        "anon_inode:[signalfd]".to_owned()
    }
}
