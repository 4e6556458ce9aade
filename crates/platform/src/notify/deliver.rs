//! Giving a thread its signals: with the siginfo that Linux would have written, and without a restart code
//! ever reaching the guest. Which of them it blocks, and so keeps waiting (`waiting`), is seen when it stands still.
//!
//! The host lets nobody claim `si_code` >= 0 or SI_TKILL for another process, but a tracer may rewrite the
//! siginfo at the moment of delivery (PTRACE_SETSIGINFO). And the host acts on a restart code (-512 to -517)
//! only on its way through signal delivery, so an answer with one, to a thread whose signal is gone by then
//! (another thread may ignore it at any moment, natively), would be what the guest sees. A thread that was
//! interrupted by ptrace(2) takes that way whatever happens: every restart goes through here.

use std::os::fd::BorrowedFd;

use abi::signal::{SigInfo, Signal};
use zerocopy::FromZeros;

use super::namespaces::send;
use super::procfs;
use super::stops::{interrupt, kill, mask, ptrace, registers, seize, set_mask, set_registers, signal_of, stop};
use super::together::Together;
use crate::{Delivery, Queued};

/// In the last word that the host keeps of a siginfo: this one is ours and not rewritten yet.
const MARK: i64 = 0x706f_6476_6973_6f72;
/// How many signals may come before one that was sent.
const MOST_BEFORE: usize = 128;
const ERESTARTSYS: i64 = -512;
const ERESTARTNOINTR: i64 = -513;

/// The thread that gets the signals.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) process: i32,
    pub(super) host: i32,
    pub(super) proc_dir: BorrowedFd<'a>,
}

impl Target<'_> {
    /// Ends the received call that the thread waits in by `answer`, a call that a signal may interrupt, and
    /// delivers `signals`. With `mask`, handlers run under that mask and the thread's own holds again after
    /// them: what ppoll(2), pselect(2) and epoll_pwait(2) promise of signals that waited. `answer` says whether the
    /// thread still waited; otherwise whoever has its id by now is let alone.
    pub(super) fn answer(
        self,
        answer: impl FnOnce() -> bool,
        mask: Option<u64>,
        signals: &[Queued],
    ) -> Result<(), i32> {
        let _together = Together::new(self.host);
        let seized = seize(self.host, 0);
        let asked = seized.and_then(|()| ptrace(libc::PTRACE_INTERRUPT, self.host, 0, 0));
        let answered = answer();
        asked?;
        if !answered {
            return self.release(Err(libc::ESRCH));
        }
        let delivered = stop(self.host).and_then(|_| match mask {
            Some(mask) => self.deliver_under(mask, signals),
            None => self.deliver(signals, |_| Ok(())),
        });
        self.release(delivered)
    }

    /// Delivers `signals` to a thread that runs, or waits for them on the host. A call that it has made and
    /// that was not received yet is made again, also by handlers without SA_RESTART: it has not begun.
    pub(super) fn interrupt(self, signals: &[Queued]) -> Result<(), i32> {
        let _together = Together::new(self.host);
        seize(self.host, 0)?;
        let delivered = interrupt(self.host).and_then(|status| {
            self.keep_call()?;
            // A signal of the host's own may have come before the stop that was asked for.
            signal_of(status).map_or(Ok(()), |signal| self.enter(signal))?;
            self.deliver(signals, |_| Ok(()))
        });
        self.release(delivered)
    }

    fn keep_call(self) -> Result<(), i32> {
        let mut registers = registers(self.host)?;
        let (call, result) = (registers.orig_rax, registers.rax as i64);
        let unreceived = result == ERESTARTSYS && call as i64 >= 0 && call != u64::from(abi::nr::FUTEX);
        // The host makes no difference between a tracer and a signal there.
        let waits_for_signals = result == -i64::from(libc::EINTR) && call == u64::from(abi::nr::RT_SIGTIMEDWAIT);
        if unreceived || waits_for_signals {
            registers.rax = ERESTARTNOINTR as u64;
            set_registers(self.host, &registers)?;
        }
        Ok(())
    }

    fn release(self, delivered: Result<(), i32>) -> Result<(), i32> {
        delivered.and(ptrace(libc::PTRACE_DETACH, self.host, 0, 0))
    }

    /// Of the stopped thread, and has those wait that it blocks by then. `entered` is told of each handler that begins.
    fn deliver(self, signals: &[Queued], mut entered: impl FnMut(Self) -> Result<(), i32>) -> Result<(), i32> {
        let mut signals = signals.to_vec();
        signals.sort_by_key(|queued| queued.delivery.0);
        let mut waiting = Vec::new();
        for queued in signals {
            if self.blocked()? & bit(queued.delivery.0) != 0 {
                waiting.push(queued);
            } else {
                self.send(Queued { whole: false, ..queued }, true);
                self.bring(queued.delivery, Self::next_signal, &mut entered)?;
            }
        }
        waiting.into_iter().try_for_each(|queued| self.keep(queued))
    }

    /// The same under the mask `under`, which the thread never runs with, but for its handlers.
    fn deliver_under(self, under: u64, signals: &[Queued]) -> Result<(), i32> {
        let (own, before) = (mask(self.host)?, registers(self.host)?.rip);
        let mut given_back = false;
        let give_back = |target: Self| {
            given_back = given_back || target.gives_back(own, under, before)?;
            Ok(())
        };
        set_mask(self.host, under)?;
        let (waiting, taken): (Vec<Queued>, Vec<Queued>) =
            signals.iter().partition(|queued| under & bit(queued.delivery.0) != 0);
        self.deliver(&taken, give_back)?;
        if !given_back && let Some(signal) = self.next_signal()? {
            // One that waited on the host.
            self.enter(signal)?;
            given_back = self.gives_back(own, under, before)?;
        }
        if !given_back {
            set_mask(self.host, own)?;
        }
        self.deliver(&waiting, |_| Ok(()))
    }

    /// Has the thread begin its handler of a signal that was sent to it with the mark, and of those that the host has
    /// for it before that. `next` tells the next one.
    pub(super) fn bring(
        self,
        (signal, info): Delivery,
        next: impl Fn(Self) -> Result<Option<i32>, i32>,
        entered: &mut impl FnMut(Self) -> Result<(), i32>,
    ) -> Result<(), i32> {
        for _ in 0..MOST_BEFORE {
            // Where there is none it is ignored by now, or another thread has taken it.
            let Some(number) = next(self)? else { return Ok(()) };
            let ours = number == signal.number() as i32 && self.is_marked()?;
            if ours {
                ptrace(libc::PTRACE_SETSIGINFO, self.host, 0, &raw const info as usize)?;
            }
            self.enter(number)?;
            entered(self)?;
            if ours {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends it on the host, which may leave less of its siginfo; with the mark, until [`Target::bring`] mends that.
    pub(super) fn send(self, Queued { delivery: (signal, info), whole }: Queued, marked: bool) {
        let info = if marked { SigInfo { stime: MARK, ..info } } else { info };
        send(self.process, (!whole).then_some(self.host), signal, Some(info));
    }

    fn is_marked(self) -> Result<bool, i32> {
        let mut info = SigInfo::new_zeroed();
        ptrace(libc::PTRACE_GETSIGINFO, self.host, 0, &raw mut info as usize)?;
        Ok(info.stime == MARK)
    }

    /// What the thread blocks at the moment; in rt_sigsuspend(2) that is not the mask that a tracer sees.
    fn blocked(self) -> Result<u64, i32> {
        procfs::signal_state(self.proc_dir, self.host).map(|state| state.blocked.0).ok_or(libc::ESRCH)
    }

    /// Stops the thread at the beginning of its handler of `signal`, or where it was, if nothing handles it.
    pub(super) fn enter(self, signal: i32) -> Result<(), i32> {
        ptrace(libc::PTRACE_INTERRUPT, self.host, 0, 0)?;
        ptrace(libc::PTRACE_CONT, self.host, 0, signal as usize)?;
        stop(self.host).map(drop)
    }

    /// Makes the return of the handler that was entered give back the mask `own`: true if one was entered.
    fn gives_back(self, own: u64, under: u64, before: u64) -> Result<bool, i32> {
        /// Behind the return address: flags, link, stack and registers of ucontext_t come first.
        const MASK_IN_FRAME: u64 = 8 + 8 + 8 + 24 + 256;
        let registers = registers(self.host)?;
        let frame = registers.rsp.wrapping_add(MASK_IN_FRAME);
        let mut saved = [0; 8];
        let read = super::memory::read(self.host, frame, &mut saved);
        if registers.rip == before
            || !read.is_ok_and(|count| count == saved.len())
            || u64::from_ne_bytes(saved) != under
        {
            return Ok(false);
        }
        super::memory::write(self.host, frame, &own.to_ne_bytes()).map(|_| true).map_err(|_| kill(self.host))
    }
}

pub(super) fn bit(signal: Signal) -> u64 {
    1 << (signal.number() - 1)
}
