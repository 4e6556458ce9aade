//! Giving a thread its signals: with the siginfo that Linux would have written, and without a restart code
//! ever reaching the guest.
//!
//! The host lets nobody claim `si_code` >= 0 or SI_TKILL for another process, but a tracer may rewrite the
//! siginfo at the moment of delivery (PTRACE_SETSIGINFO). And the host acts on a restart code (-512 to -517)
//! only on its way through signal delivery, so an answer with one, to a thread whose signal is gone by then
//! (another thread may ignore it at any moment, natively), would be what the guest sees. A thread that was
//! interrupted by ptrace(2) takes that way whatever happens: every restart goes through here.

use abi::signal::Signal;

use super::namespaces::send;
use super::stops::{
    Registers, interrupt, kill, mask, ptrace, registers, set_mask, set_registers, signal_of, stop, stop_within,
};
use super::together::Together;
use crate::{Delivery, Signals};

/// How long a sent signal may take to stop the thread; where it was ignored meanwhile it never does.
const STOP_TIMEOUT: u64 = 10_000_000;
/// How many bytes `syscall` has.
const SYSCALL_LENGTH: u64 = 2;
const ERESTARTSYS: i64 = -512;
const ERESTARTNOINTR: i64 = -513;

/// The thread that gets the signals.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) process: i32,
    pub(super) host: i32,
}

impl Target {
    /// Ends the received call that the thread waits in by `answer`, a call that a signal may interrupt, and
    /// delivers `signals`. With `mask`, handlers run under that mask and the thread's own holds again after
    /// them: what ppoll(2), pselect(2) and epoll_pwait(2) promise of signals that waited.
    pub(super) fn answer(self, answer: impl FnOnce(), mask: Option<u64>, signals: &Signals) -> Result<(), i32> {
        let _together = Together::new(self.host);
        let seized = ptrace(libc::PTRACE_SEIZE, self.host, 0, 0);
        let asked = seized.and_then(|()| ptrace(libc::PTRACE_INTERRUPT, self.host, 0, 0));
        answer();
        asked?;
        let stopped = stop(self.host).and_then(|_| self.keep_waiting(&signals.waiting));
        let delivered = stopped.and_then(|()| match mask {
            Some(mask) => self.deliver_under(mask, &signals.taken),
            None => self.deliver(&signals.taken),
        });
        self.release(delivered)
    }

    /// Delivers `signals` to a thread that runs, or waits for them on the host. A call that it has made and
    /// that was not received yet is made again, also by handlers without SA_RESTART: it has not begun.
    pub(super) fn interrupt(self, signals: &Signals) -> Result<(), i32> {
        let _together = Together::new(self.host);
        ptrace(libc::PTRACE_SEIZE, self.host, 0, 0)?;
        let stopped = interrupt(self.host).and_then(|_| self.keep_call());
        let kept = stopped.and_then(|()| self.keep_waiting(&signals.waiting));
        let delivered = kept.and_then(|()| self.deliver(&signals.taken));
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

    fn release(self, delivered: Result<Option<i32>, i32>) -> Result<(), i32> {
        let signal = delivered.unwrap_or_default().unwrap_or(0);
        let released = ptrace(libc::PTRACE_DETACH, self.host, 0, signal as usize);
        delivered.and(released)
    }

    /// Of the stopped thread; answers the signal that it is to go on with.
    fn deliver(self, signals: &[Delivery]) -> Result<Option<i32>, i32> {
        self.send_all(signals);
        let mut left = signals.to_vec();
        while !left.is_empty() {
            let Some(signal) = self.next_signal()? else { return Ok(None) };
            self.describe(signal, &mut left)?;
            if left.is_empty() {
                return Ok(Some(signal));
            }
            self.enter(signal)?;
            let blocked = mask(self.host)?;
            left.retain(|(other, _)| blocked & bit(*other) == 0);
        }
        Ok(None)
    }

    /// The same under the mask `under`. Where a signal is gone before it is delivered the thread must not run with
    /// that mask: it is made to enter a call that nobody receives, until it is stopped there.
    fn deliver_under(self, under: u64, signals: &[Delivery]) -> Result<Option<i32>, i32> {
        let (own, mut end) = (mask(self.host)?, registers(self.host)?);
        end.orig_rax = u64::MAX;
        let parked = Registers { rip: end.rip.wrapping_sub(SYSCALL_LENGTH), rax: u64::from(abi::nr::PPOLL), ..end };
        set_registers(self.host, &parked)?;
        set_mask(self.host, under)?;
        self.send_all(signals);
        let signal = self.next_signal()?;
        set_registers(self.host, &end)?;
        if let Some(signal) = signal {
            self.describe(signal, &mut signals.to_vec())?;
            self.enter(signal)?;
            if self.gives_back(own, under, end.rip)? {
                return Ok(None);
            }
        }
        set_mask(self.host, own)?;
        Ok(None)
    }

    fn send_all(self, signals: &[Delivery]) {
        for (signal, info) in signals {
            send(self.process, Some(self.host), *signal, Some(*info));
        }
    }

    /// Gives the signal that the thread stopped with its siginfo, where it is one of `left`.
    fn describe(self, signal: i32, left: &mut Vec<Delivery>) -> Result<(), i32> {
        let Some(at) = left.iter().position(|(one, _)| one.number() as i32 == signal) else { return Ok(()) };
        let (_, info) = left.remove(at);
        ptrace(libc::PTRACE_SETSIGINFO, self.host, 0, &raw const info as usize)
    }

    /// Lets the thread go on to its next signal, over stops of a process that is halted for the moment.
    pub(super) fn next_signal(self) -> Result<Option<i32>, i32> {
        const HALTS: usize = 4;
        for _ in 0..HALTS {
            let status = self.step()?;
            if status >> 16 != libc::PTRACE_EVENT_STOP || libc::WSTOPSIG(status) == libc::SIGTRAP {
                return Ok(signal_of(status));
            }
        }
        Ok(None)
    }

    /// Lets the thread go on to a stop that comes by itself; where none does it is asked for.
    fn step(self) -> Result<i32, i32> {
        ptrace(libc::PTRACE_CONT, self.host, 0, 0)?;
        match stop_within(self.host, STOP_TIMEOUT)? {
            Some(status) => Ok(status),
            None => interrupt(self.host),
        }
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
