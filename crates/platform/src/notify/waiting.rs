//! Signals that wait, because the thread that gets them blocks them, with the siginfo that Linux would have written.
//!
//! The host lets nobody claim `si_code` >= 0 or SI_TKILL for another process, nor any sender to one in another pid
//! namespace. But a tracer may rewrite the siginfo of a signal that is about to be delivered, and one that turns out to
//! be blocked by then goes back to those that wait, with what the tracer wrote. So the thread is stopped, the signal
//! unblocked for the moment of its delivery, and blocked again before the thread goes on. Queueing is signal(7)'s: a
//! standard signal that waits already stays the first one; those of real time keep their order.

use abi::signal::{SigInfo, Signal};
use zerocopy::FromZeros;

use super::deliver::{Target, bit};
use super::stops::{mask, set_mask};
use crate::Queued;

/// The first real-time signal on the host.
const REAL_TIME: u32 = 32;
/// How many signals that wait are looked at, and how many of the same number are moved to keep their order. Where there
/// are more, the new one waits as SI_QUEUE.
const SEEN: usize = 64;

const PTRACE_PEEKSIGINFO: libc::c_uint = 0x4209;
const SHARED: u32 = 1;

/// `struct ptrace_peeksiginfo_args`.
#[repr(C)]
struct Peek {
    offset: u64,
    flags: u32,
    count: i32,
}

impl Target<'_> {
    /// Has a signal that the stopped thread blocks wait for it, or for its process.
    pub(super) fn keep(self, queued: Queued) -> Result<(), i32> {
        let signal = queued.delivery.0;
        let merges = signal.number() < REAL_TIME;
        let (own, shared) = (self.count(signal, 0), self.count(signal, SHARED));
        match if queued.whole { shared } else { own } {
            Some(1..) if merges => {}
            // The thread's own come first: they would be moved for ever.
            Some(_) if queued.whole && own != Some(0) => self.send(queued, false),
            Some(_) if mask(self.host)? & bit(signal) != 0 => {
                self.send(queued, true);
                self.bring(queued.delivery, |target| target.next_letting(signal), &mut |_| Ok(()))?;
            }
            _ => self.send(queued, false),
        }
        Ok(())
    }

    /// The next signal of the thread, if `signal`, which it blocks, were not blocked. It is again when this returns.
    fn next_letting(self, signal: Signal) -> Result<Option<i32>, i32> {
        let own = mask(self.host)?;
        set_mask(self.host, own & !bit(signal))?;
        let next = self.next_signal();
        set_mask(self.host, own)?;
        next
    }

    /// How many of `signal` wait in one of the thread's two queues; `None` where the queue is too long to tell.
    fn count(self, signal: Signal, flags: u32) -> Option<usize> {
        let peek = Peek { offset: 0, flags, count: SEEN as i32 };
        let mut seen = [SigInfo::new_zeroed(); SEEN];
        // SAFETY: `peek` is read, and `seen` has room for as many as it asks for.
        let count = unsafe { libc::ptrace(PTRACE_PEEKSIGINFO, self.host, &raw const peek, seen.as_mut_ptr()) };
        let seen = seen.get(..usize::try_from(count).ok()?).filter(|seen| seen.len() < SEEN)?;
        Some(seen.iter().filter(|info| info.signo == signal.number() as i32).count())
    }
}
