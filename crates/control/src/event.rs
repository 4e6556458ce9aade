//! Events: what the kernel tells without being asked.
//!
//! Owns their shapes. When they are sent is decided in `sandbox`.

use serde::Serialize;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A process that `start` or `exec` had started is gone.
    Exited {
        /// Its container.
        container: String,
        /// The process, by the number that guests see.
        pid: u32,
        /// Its exit status, unless a signal ended it (wait(2)).
        code: Option<u8>,
        /// The signal that ended it.
        signal: Option<u8>,
        /// Whether it was killed over a memory limit.
        oom: bool,
        /// Whether it was the container's first; then nothing of the container is left.
        init: bool,
    },
    /// An invariant of the kernel is broken; the process ends with exit code 70.
    Fatal {
        /// What can be reported.
        message: String,
    },
}
