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
use super::namespaces::send;
use super::stops::{mask, ptrace, set_mask};
use crate::{Delivery, Waiting};

/// In the last word that the host keeps of a siginfo: this one is ours and not rewritten yet.
const MARK: i64 = 0x706f_6476_6973_6f72;
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

impl Target {
    /// Has `signals` wait for the stopped thread, or for its process.
    pub(super) fn keep_waiting(self, signals: &[Waiting]) -> Result<(), i32> {
        signals.iter().try_for_each(|Waiting { delivery, whole }| self.keep(*delivery, *whole))
    }

    fn keep(self, (signal, info): Delivery, whole: bool) -> Result<(), i32> {
        let merges = signal.number() < REAL_TIME;
        let (own, shared) = (self.count(signal, 0), self.count(signal, SHARED));
        let before = if whole { shared } else { own };
        match before {
            Some(1..) if merges => return Ok(()),
            // The thread's own come first: they would be moved for ever.
            Some(_) if whole && own != Some(0) => {}
            Some(before) if mask(self.host)? & bit(signal) != 0 => return self.rewrite(signal, info, whole, before),
            _ => {}
        }
        self.send(signal, info, whole);
        Ok(())
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

    /// Queues a signal that the thread blocks, behind `before` others of its number.
    fn rewrite(self, signal: Signal, info: SigInfo, whole: bool, before: usize) -> Result<(), i32> {
        self.send(signal, SigInfo { stime: MARK, ..info }, whole);
        // One stop for each of those before it, for itself, and for others that are about to be delivered.
        for _ in 0..=before + SEEN {
            set_mask(self.host, mask(self.host)? & !bit(signal))?;
            let stopped = self.next_signal();
            set_mask(self.host, mask(self.host)? | bit(signal))?;
            // Another thread, which does not block it any more, has taken it.
            let Some(number) = stopped? else { return Ok(()) };
            let ours = number == signal.number() as i32 && self.is_marked()?;
            if ours {
                ptrace(libc::PTRACE_SETSIGINFO, self.host, 0, &raw const info as usize)?;
            }
            self.enter(number)?;
            if ours {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_marked(self) -> Result<bool, i32> {
        let mut info = SigInfo::new_zeroed();
        ptrace(libc::PTRACE_GETSIGINFO, self.host, 0, &raw mut info as usize)?;
        Ok(info.stime == MARK)
    }

    fn send(self, signal: Signal, info: SigInfo, whole: bool) {
        send(self.process, (!whole).then_some(self.host), signal, Some(info));
    }
}
