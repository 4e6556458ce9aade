//! Redirecting a thread inside a call: ptrace(2) for the few calls that must run with other
//! registers than the guest chose (clone, execve, shmat, shmdt).
//!
//! A received call is answered with a dummy error, the thread stops before it sees it, gets new
//! registers, and stops again as it enters the new call: from here on its own code, which other threads
//! may write meanwhile, has no say. Our filter reports the call once more, it is let go, and its end is
//! waited for. So nothing is expected of a thread once one of these functions has returned.

use super::listener::{Listener, Received};
use super::stops::{
    LONG_DEADLINE, Registers, interrupt, is_call, kill, long_stop, next_stop, ptrace, registers, seize, set_registers,
    signal_of, stop, stop_within,
};
use super::stub::SYSCALL;
use super::together::Together;
use crate::clock;

/// The codes by which the host's kernel tells itself that a call is to be made again: they are no errors.
const RESTARTS: std::ops::RangeInclusive<i64> = -517..=-512;
/// How long a thread gets before we look where it is.
const PATIENCE: u64 = 20_000_000;

/// Why a call was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// It was not begun; the thread still waits for an answer. The host's errno.
    Refused(i32),
    /// The thread makes its own call again, after a signal, which it goes on with.
    Again(i32),
    /// It was made and has failed; the thread has its result.
    Failed,
    /// The thread is gone.
    Gone,
}

/// What a ptrace(2) of a thread that was stopped a moment ago fails with: somebody has killed it.
fn gone(_: i32) -> Missed {
    Missed::Gone
}

/// A thread on its way to another call than the one that it made.
pub(crate) struct Redirect<'a> {
    pub(crate) listener: &'a Listener,
    pub(crate) call: &'a Received,
    /// What it is to call instead.
    pub(crate) number: u32,
    pub(crate) args: [u64; 6],
    /// Calls of other threads that arrived meanwhile.
    pub(crate) deferred: Vec<Received>,
}

impl Redirect<'_> {
    /// Makes the call, after `install` where it is one that our filter reports. Answers its result, which
    /// is the thread's too.
    pub(crate) fn perform(
        &mut self,
        reported: bool,
        install: impl FnOnce(u64) -> Result<(), i32>,
    ) -> Result<i64, Missed> {
        let host = self.call.host;
        let _together = Together::new(host);
        let begun = self.enter(0);
        let done = begun.and_then(|()| if reported { self.let_go(install) } else { resume(host) });
        let result = done.and_then(|()| self.result(host));
        self.release(host, result.err());
        result
    }

    /// Has the thread start what is put into its descriptors by `install`, in place of its program. `process`
    /// is the id of the thread's process, which the new program has; `is_right` is asked before the program
    /// runs: where it says no the process is killed.
    pub(crate) fn exec(
        &mut self,
        process: i32,
        install: impl FnOnce(u64) -> Result<(), i32>,
        is_right: impl FnOnce() -> bool,
    ) -> Result<(), Missed> {
        let host = self.call.host;
        let mut together = Together::new(host);
        let begun = self.enter(libc::PTRACE_O_TRACEEXEC).and_then(|()| self.let_go(install));
        let started = begun.and_then(|()| self.started(process));
        if started.is_err() {
            self.release(host, started.err());
            return started;
        }
        together.add(process);
        if !is_right() {
            kill(process);
            return Err(Missed::Gone);
        }
        ptrace(libc::PTRACE_DETACH, process, 0, 0).map_err(gone)
    }

    /// Makes the thread fork; answers the host's id of the new process, which has not run yet a single
    /// instruction of the guest when this returns. `adopt` is asked for each one: a child that it does not
    /// take is killed, and the fork has failed with EAGAIN.
    pub(crate) fn fork(&mut self, adopt: impl FnOnce(i32) -> bool) -> Result<i32, Missed> {
        let options = libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK | libc::PTRACE_O_TRACECLONE;
        let host = self.call.host;
        let mut together = Together::new(host);
        let begun = self.enter(options).and_then(|()| self.let_go(|_| Ok(())));
        let forked = begun.and_then(|()| self.forked()).and_then(|child| {
            together.add(child);
            if self.begin(child, adopt) { Ok(child) } else { self.fail() }
        });
        self.release(host, forked.err());
        drop(together);
        let child = forked?;
        // One that was killed meanwhile ends as any other.
        let _ = ptrace(libc::PTRACE_DETACH, child, 0, 0);
        Ok(child)
    }

    /// Stops the thread behind its call and has it enter the other one.
    fn enter(&self, options: libc::c_int) -> Result<(), Missed> {
        let host = self.call.host;
        seize(host, options).map_err(Missed::Refused)?;
        let asked = ptrace(libc::PTRACE_INTERRUPT, host, 0, 0);
        if !self.listener.answer(self.call.id, 0, -libc::EAGAIN) {
            // Whoever was stopped has the id of a thread that is gone.
            return Err(Missed::Gone);
        }
        asked.and_then(|()| stop(host)).map_err(gone)?;
        aim(host, self.call.instruction_pointer, self.number, self.args).map_err(gone)?;
        resume(host)?;
        let end = clock::read(clock::MONOTONIC).saturating_add(super::stops::DEADLINE);
        loop {
            let status = match stop_within(host, PATIENCE).map_err(gone)? {
                Some(status) => status,
                None => interrupt(host).map_err(gone)?,
            };
            let registers = registers(host).map_err(gone)?;
            if is_call(status) {
                return if self.is_entered(&registers) { Ok(()) } else { Err(gone(kill(host))) };
            }
            if let Some(signal) = signal_of(status) {
                return Err(Missed::Again(signal));
            }
            // Not yet there: it was slow, or the host has halted it, or its code is another one by now.
            if !self.is_ahead(&registers) || clock::read(clock::MONOTONIC) > end {
                return Err(gone(kill(host)));
            }
            resume(host)?;
        }
    }

    fn is_entered(&self, registers: &Registers) -> bool {
        let args = [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9];
        registers.orig_rax == u64::from(self.number) && args == self.args
    }

    /// True if the thread is about to run the `syscall` instruction of its call.
    fn is_ahead(&self, registers: &Registers) -> bool {
        let mut code = [0; 2];
        let read = super::memory::read(self.call.host, registers.rip, &mut code);
        registers.rip == before(self.call.instruction_pointer) && read.is_ok_and(|count| count == 2) && code == SYSCALL
    }

    /// Receives the entered call, and lets it go once `install` is done.
    fn let_go(&mut self, install: impl FnOnce(u64) -> Result<(), i32>) -> Result<(), Missed> {
        let host = self.call.host;
        resume(host)?;
        let end = clock::read(clock::MONOTONIC).saturating_add(super::stops::DEADLINE);
        loop {
            // Where everybody behind the listener is dead it is readable for ever, and tells nothing.
            let received = if self.listener.has_call(20) { self.listener.receive() } else { None };
            match received {
                Some(again) if again.host == host => {
                    let sent = match install(again.id) {
                        Ok(()) => self.listener.let_go(again.id),
                        Err(_) => self.listener.answer(again.id, 0, -libc::EAGAIN),
                    };
                    return if sent { Ok(()) } else { Err(Missed::Gone) };
                }
                Some(other) => self.deferred.push(other),
                // A signal has ended the call before we received it.
                None if next_stop(host).map_err(gone)?.is_some() => return Err(Missed::Again(0)),
                None => {}
            }
            if clock::read(clock::MONOTONIC) > end {
                return Err(gone(kill(host)));
            }
        }
    }

    /// Waits for the end of the call, which failed or must not have anything else to tell.
    fn result(&self, host: i32) -> Result<i64, Missed> {
        let status = long_stop(host).map_err(gone)?;
        let result = registers(host).map_err(gone)?.rax as i64;
        match result {
            _ if !is_call(status) => Err(gone(kill(host))),
            result if RESTARTS.contains(&result) => Err(Missed::Again(0)),
            result => Ok(result),
        }
    }

    fn forked(&self) -> Result<i32, Missed> {
        let host = self.call.host;
        let status = long_stop(host).map_err(gone)?;
        let event = status >> 16;
        if matches!(event, libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE) {
            let mut child: libc::c_ulong = 0;
            ptrace(libc::PTRACE_GETEVENTMSG, host, 0, &raw mut child as usize).map_err(gone)?;
            return Ok(child as i32);
        }
        let result = registers(host).map_err(gone)?.rax as i64;
        if RESTARTS.contains(&result) { Err(Missed::Again(0)) } else { Err(Missed::Failed) }
    }

    /// Waits until the new child is stopped, and prepares it; kills it where that, or `adopt`, fails.
    fn begin(&self, child: i32, adopt: impl FnOnce(i32) -> bool) -> bool {
        let ready = stop(child).is_ok() && self.restore(child).is_ok() && adopt(child);
        if !ready {
            // SAFETY: the child is our own and not reaped.
            unsafe { libc::kill(child, libc::SIGKILL) };
            super::namespaces::wait(child);
        }
        ready
    }

    /// Of a fork whose child was killed: what the parent gets instead of its id.
    fn fail(&self) -> Result<i32, Missed> {
        let host = self.call.host;
        resume(host)?;
        long_stop(host).map_err(gone)?;
        let mut registers = registers(host).map_err(gone)?;
        registers.rax = i64::from(-libc::EAGAIN) as u64;
        registers.orig_rax = u64::MAX;
        set_registers(host, &registers).map_err(gone)?;
        Err(Missed::Failed)
    }

    /// Waits until the thread is `process`, in its new program; an error where the old one goes on.
    fn started(&self, process: i32) -> Result<(), Missed> {
        let host = self.call.host;
        let end = clock::read(clock::MONOTONIC).saturating_add(LONG_DEADLINE);
        loop {
            // A thread that is not the first takes the id of the first.
            let status = match stop_within(host, PATIENCE) {
                Err(libc::ECHILD) if host != process => stop_within(process, PATIENCE),
                other => other,
            };
            match status.map_err(gone)? {
                Some(status) if status >> 16 == libc::PTRACE_EVENT_EXEC => return Ok(()),
                Some(_) => {
                    let result = registers(host).map_err(gone)?.rax as i64;
                    let again = RESTARTS.contains(&result);
                    return Err(if again { Missed::Again(0) } else { Missed::Failed });
                }
                None if clock::read(clock::MONOTONIC) > end => return Err(gone(kill(process))),
                None => {}
            }
        }
    }

    /// Lets the stopped thread go on: to what it has called by itself where a signal came first.
    fn release(&self, host: i32, missed: Option<Missed>) {
        let call = self.call;
        let (_, signal) = match missed {
            Some(Missed::Refused(_)) => return,
            Some(Missed::Gone) => (Ok(()), 0),
            Some(Missed::Again(signal)) => (aim(host, call.instruction_pointer, call.number, call.args), signal),
            Some(Missed::Failed) | None => (self.restore(host), 0),
        };
        let _ = ptrace(libc::PTRACE_DETACH, host, 0, signal as usize);
    }

    /// Gives a stopped thread back the argument registers that the guest chose: a call preserves them,
    /// and vfork(3) of the C library keeps its return address in one.
    fn restore(&self, host: i32) -> Result<(), i32> {
        let mut registers = registers(host)?;
        [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9] = self.call.args;
        set_registers(host, &registers)
    }
}

fn before(instruction_pointer: u64) -> u64 {
    instruction_pointer.wrapping_sub(SYSCALL.len() as u64)
}

/// Gives a stopped thread, which has made a call, the registers to make `number` with `args`.
fn aim(host: i32, instruction_pointer: u64, number: u32, args: [u64; 6]) -> Result<(), i32> {
    let mut registers = registers(host)?;
    registers.rip = before(instruction_pointer);
    registers.rax = u64::from(number);
    registers.orig_rax = u64::MAX;
    [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9] = args;
    set_registers(host, &registers)
}

fn resume(host: i32) -> Result<(), Missed> {
    ptrace(libc::PTRACE_SYSCALL, host, 0, 0).map_err(gone)
}

/// Ends processes that were forked, and stopped before their first instruction, by a thread that
/// died before it could tell of them: any stopped child for which `known` says no. Answers whether
/// there was one.
pub(crate) fn end_strays(known: impl Fn(i32) -> bool) -> bool {
    let mut found = false;
    loop {
        let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
        let flags = libc::WSTOPPED | libc::WNOHANG | libc::__WALL;
        // SAFETY: `info` is a place for one siginfo; zeros are valid.
        let (done, process) = unsafe {
            let done = libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), flags);
            (done, info.assume_init().si_pid())
        };
        if done != 0 || process == 0 {
            return found;
        }
        if !known(process) {
            found = true;
            // SAFETY: it is a child of ours that nobody has reaped.
            unsafe { libc::kill(process, libc::SIGKILL) };
            super::namespaces::wait(process);
        }
    }
}
