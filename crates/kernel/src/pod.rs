//! What the pod as a whole is told about its machine: names, sizes, ages.
//!
//! Owns: [`Pod`], the facts behind uname(2), sysinfo(2), /proc/meminfo and /proc/uptime. Does not
//! own: keeping to the memory limit (`mm`) or to the process limit (`task`).

use crate::sync::Mutex;
use crate::time::{self, Nanos};

/// `sysname` of uname(2).
pub const SYSNAME: &str = "Linux";
/// `release` of uname(2): the Linux that we take as our measure, and our name.
pub const RELEASE: &str = "6.12.0-podvisor";
/// `version` of uname(2).
pub const VERSION: &str = concat!("#1 SMP PREEMPT_DYNAMIC Podvisor ", env!("CARGO_PKG_VERSION"));
/// `machine` of uname(2).
pub const MACHINE: &str = "x86_64";

/// The names that sethostname(2) and setdomainname(2) change.
#[derive(Clone, Debug)]
pub struct Uts {
    /// The host's name.
    pub hostname: Vec<u8>,
    /// The NIS domain's name.
    pub domainname: Vec<u8>,
}

/// The facts of a pod.
#[derive(Debug)]
pub struct Pod {
    /// Its names.
    pub uts: Mutex<Uts>,
    /// The memory it may use, in bytes; `None`: the machine's.
    pub memory_bytes: Option<u64>,
    /// The threads it may have.
    pub pids_limit: Option<u64>,
    /// The processors it may use, a fraction of one or several; `None`: the machine's.
    pub cpus: Option<f64>,
    /// When it started, on the monotonic clock.
    pub started: Nanos,
    /// /proc/sys/kernel/random/boot_id.
    pub boot_id: [u8; 16],
}

impl Pod {
    /// A pod of that name that starts now, without limits.
    pub fn new(hostname: &str) -> Pod {
        Pod {
            uts: Mutex::new(Uts { hostname: hostname.into(), domainname: b"(none)".to_vec() }),
            memory_bytes: None,
            pids_limit: None,
            cpus: None,
            started: time::monotonic(),
            boot_id: crate::random::uuid(),
        }
    }

    /// Nanoseconds since the start.
    pub fn uptime(&self) -> Nanos {
        time::monotonic().saturating_sub(self.started)
    }

    /// How many processors the guests see: those of the host, and no more than the limit, rounded up.
    pub fn processors(&self) -> usize {
        let host = platform::clock::processors();
        match self.cpus {
            Some(limit) if limit > 0.0 => host.min(limit.ceil() as usize).max(1),
            _ => host,
        }
    }

    /// The processors as a list: `0-3`.
    pub fn processor_list(&self) -> String {
        match self.processors() {
            0 | 1 => "0".to_owned(),
            count => format!("0-{}", count - 1),
        }
    }
}

/// The first `count` processors as a hexadecimal mask in words of 32 bits, as /proc and /sys have it.
pub fn processor_mask(count: usize) -> String {
    let words = count.div_ceil(32).max(1);
    let word = |index: usize| match count.saturating_sub(index * 32) {
        32.. => u32::MAX,
        bits => (1_u32 << bits) - 1,
    };
    let high = format!("{:x}", word(words - 1));
    (0..words - 1).rev().fold(high, |text, index| format!("{text},{:08x}", word(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_written_in_words_of_32_bits() {
        assert_eq!(processor_mask(2), "3");
        assert_eq!(processor_mask(32), "ffffffff");
        assert_eq!(processor_mask(40), "ff,ffffffff");
    }
}
