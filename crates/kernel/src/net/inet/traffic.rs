//! How many bytes leave the pod and come in: what /proc/net/dev and the node's figures say of `eth0`.
//!
//! Owns: the counts. Does not own: who sends and receives (`outer`). What stays within the pod is not counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes since the pod's kernel began.
#[derive(Default)]
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Traffic {
    /// Takes note of bytes that guests have taken in.
    pub(super) fn note_received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Takes note of bytes that guests have sent.
    pub(super) fn note_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes received and sent.
    pub fn bytes(&self) -> (u64, u64) {
        (self.received.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed))
    }
}
