//! Whether anything of the pod may go on without our doing.
//!
//! Owns: the answer from the host itself, since a thread that makes none of the calls that we are told of
//! is not known to us; and [`Activity`], by which whoever rests (`mm`, `throttle`) learns that guests may
//! have gone on. A pod where all wait for us, or for one another, is never looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use platform::HostTask;

use crate::kernel::Kernel;
use crate::task::Process;

/// How often we let a guest go on: an answered call, a signal, a new process.
#[derive(Default)]
pub struct Activity(AtomicU64);

impl Activity {
    /// Notes that a guest may go on.
    pub fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// A count that is another one after each note.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Kernel {
    /// Every process that has not ended.
    pub fn living(&self) -> Vec<Arc<Process>> {
        let all = self.containers().into_iter().flat_map(|container| container.processes());
        all.filter(|process| !process.is_zombie()).collect()
    }

    /// True if a thread of a guest may go on before we answer a call or send a signal.
    pub fn somebody_runs(&self) -> bool {
        self.living().iter().any(|process| process.runs())
    }
}

impl Process {
    /// True if a thread of it may go on before we answer a call or send a signal, by what the host says.
    fn runs(&self) -> bool {
        if self.is_stopped() {
            return false;
        }
        let platform = &self.kernel().platform;
        let answered = |host: &HostTask| !self.kernel().known_task(*host).is_some_and(|task| task.is_in_call());
        let goes_on = |host: HostTask| !waits_for_others(&platform.proc_file(host, "syscall"));
        platform.threads(self.host).into_iter().filter(answered).any(goes_on)
    }
}

/// True if a thread with this text of /proc/TID/syscall waits without a deadline for other threads or for
/// signals, or has ended; see proc_pid_syscall(5).
fn waits_for_others(text: &[u8]) -> bool {
    const ENDED: &str = "-1 0x0 0x0";
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let mut words = text.split_ascii_whitespace();
    let Some(number) = words.next().and_then(|word| word.parse().ok()) else { return text.trim_end() == ENDED };
    let arguments: Vec<u64> = words.filter_map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect();
    let argument = |index: usize| arguments.get(index).copied().unwrap_or(u64::MAX);
    match number {
        abi::nr::FUTEX => waits_on_futex(argument(1)) && argument(3) == 0,
        abi::nr::RT_SIGTIMEDWAIT => argument(2) == 0,
        abi::nr::RT_SIGSUSPEND | abi::nr::PAUSE => true,
        _ => false,
    }
}

/// True for FUTEX_WAIT and FUTEX_WAIT_BITSET, futex(2).
fn waits_on_futex(operation: u64) -> bool {
    const FLAGS: u64 = 128 | 256;
    matches!(operation & !FLAGS, 0 | 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_waits_without_a_deadline_are_for_others() {
        assert!(waits_for_others(b"202 0x7f00 0x80 0x2 0x0 0x0 0xffffffff 0x7ffd 0x7f01\n"));
        assert!(!waits_for_others(b"202 0x7f00 0x80 0x2 0x7ffd 0x0 0xffffffff 0x7ffd 0x7f01\n"));
        assert!(!waits_for_others(b"202 0x7f00 0x81 0x2 0x0 0x0 0x0 0x7ffd 0x7f01\n"));
        assert!(waits_for_others(b"34 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffd 0x7f01\n"));
        assert!(waits_for_others(b"-1 0x0 0x0\n"));
        assert!(!waits_for_others(b"running\n"));
        assert!(!waits_for_others(b""));
    }
}
