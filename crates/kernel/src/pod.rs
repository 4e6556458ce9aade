//! What the pod as a whole is told about its machine: names, sizes, ages.
//!
//! Owns: [`Pod`], the facts behind uname(2), sysinfo(2), /proc/meminfo and /proc/uptime. Does not
//! own: keeping to the memory limit (`mm`) or to the process limit (`task`).

use std::sync::atomic::{AtomicU64, Ordering};

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
    /// What its guests use of it, as the last accounting found.
    pub memory_used: AtomicU64,
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
            memory_used: AtomicU64::new(0),
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

    /// The memory that guests see: the limit where there is one, the host's otherwise.
    pub fn memory(&self) -> platform::machine::Memory {
        let host = platform::machine::memory();
        match self.memory_bytes {
            Some(limit) if limit < host.total => {
                let used = self.memory_used.load(Ordering::Relaxed);
                platform::machine::Memory { total: limit, free: limit.saturating_sub(used).min(host.free) }
            }
            _ => host,
        }
    }

    /// How many processors the guests see: those of the host, and no more than the limit, rounded up.
    pub fn processors(&self) -> usize {
        let host = platform::clock::processors();
        match self.cpus {
            Some(limit) if limit > 0.0 => host.min(limit.ceil() as usize).max(1),
            _ => host,
        }
    }
}
