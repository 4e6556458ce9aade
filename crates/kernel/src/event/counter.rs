//! eventfd(2).

use std::sync::Arc;

use abi::Errno;
use abi::stat::Stat;

use crate::sync::Mutex;
use crate::vfs::File;
use crate::wait::{Events, WaitQueue};

/// A counter that reading empties (or lowers by one) and writing adds to.
pub struct EventCounter {
    count: Mutex<u64>,
    semaphore: bool,
    queue: WaitQueue,
}

impl EventCounter {
    /// A counter that starts at `count`; with `semaphore` a read takes one.
    pub fn new(count: u32, semaphore: bool) -> Arc<EventCounter> {
        Arc::new(EventCounter { count: Mutex::new(u64::from(count)), semaphore, queue: WaitQueue::new() })
    }
}

impl File for EventCounter {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(super::anonymous_stat())
    }

    fn read(&self, buffer: &mut [u8], _position: u64) -> Result<usize, Errno> {
        let place = buffer.first_chunk_mut::<8>().ok_or(Errno::EINVAL)?;
        let taken = {
            let mut count = self.count.lock();
            let taken = match *count {
                0 => return Err(Errno::EAGAIN),
                _ if self.semaphore => 1,
                all => all,
            };
            *count = count.saturating_sub(taken);
            taken
        };
        *place = taken.to_ne_bytes();
        self.queue.announce(Events::OUT | Events::WRNORM);
        Ok(8)
    }

    fn write(&self, bytes: &[u8], _position: u64) -> Result<usize, Errno> {
        let added = u64::from_ne_bytes(bytes.try_into().map_err(|_| Errno::EINVAL)?);
        if added == u64::MAX {
            return Err(Errno::EINVAL);
        }
        {
            let mut count = self.count.lock();
            *count = count.checked_add(added).filter(|sum| *sum < u64::MAX).ok_or(Errno::EAGAIN)?;
        }
        self.queue.announce(Events::IN | Events::RDNORM);
        Ok(8)
    }

    fn append(&self, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        self.write(bytes, 0).map(|count| (count, 0))
    }

    fn poll(&self) -> Events {
        let count = *self.count.lock();
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, count > 0);
        events.set(Events::OUT | Events::WRNORM, count < u64::MAX - 1);
        events
    }

    fn queue(&self) -> Option<&WaitQueue> {
        Some(&self.queue)
    }

    fn label(&self) -> String {
        "anon_inode:[eventfd]".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(counter: &EventCounter) -> Result<u64, Errno> {
        let mut buffer = [0; 8];
        counter.read(&mut buffer, 0).map(|_| u64::from_ne_bytes(buffer))
    }

    #[test]
    fn a_read_takes_all_and_a_semaphore_gives_one() {
        let counter = EventCounter::new(3, false);
        assert_eq!(read(&counter), Ok(3));
        assert_eq!(read(&counter), Err(Errno::EAGAIN));
        let semaphore = EventCounter::new(2, true);
        assert_eq!((read(&semaphore), read(&semaphore)), (Ok(1), Ok(1)));
        assert_eq!(read(&semaphore), Err(Errno::EAGAIN));
    }

    #[test]
    fn it_never_reaches_the_largest_number() {
        let counter = EventCounter::new(1, false);
        assert_eq!(counter.write(&u64::MAX.to_ne_bytes(), 0), Err(Errno::EINVAL));
        assert_eq!(counter.write(&(u64::MAX - 1).to_ne_bytes(), 0), Err(Errno::EAGAIN));
        assert_eq!(counter.write(&(u64::MAX - 2).to_ne_bytes(), 0), Ok(8));
        assert!(!counter.poll().contains(Events::OUT));
        assert_eq!(counter.write(&[0; 4], 0), Err(Errno::EINVAL));
    }
}
