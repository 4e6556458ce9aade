//! Files of a volume that guests hold by mappings.
//!
//! Owns: [`Pinned`], those that were mapped, until nobody holds them: a file that is removed keeps its blocks as long as
//! somebody has it mapped, open or not, and counts as long. Does not own: how much there may be (`size`).

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use abi::Errno;
use platform::host;

use super::errno;
use super::volume::Key;
use crate::sync::Mutex;

/// How many may be held at once: each costs us a descriptor.
const MOST: usize = 2048;
/// How many make a first search worth its time.
const FIRST_SEARCH: usize = 64;

/// The mapped files of one volume.
#[derive(Default)]
pub(super) struct Pinned(Mutex<State>);

#[derive(Default)]
struct State {
    files: BTreeMap<Key, Pin>,
    /// How many there may be before the next search.
    patience: usize,
}

struct Pin {
    /// A description of its own: whether there are others tells whether the file is held.
    probe: OwnedFd,
    /// What it counts for, once it has no name and we have it open no more.
    nameless: Option<u64>,
}

impl Pinned {
    /// The file is about to be mapped; `ENOMEM` where too many are. Answers what those counted for that nobody holds.
    pub(super) fn note(&self, key: Key, file: BorrowedFd<'_>) -> Result<u64, Errno> {
        if self.0.lock().files.contains_key(&key) {
            return Ok(0);
        }
        let due = {
            let state = self.0.lock();
            state.files.len() >= state.patience.clamp(FIRST_SEARCH, MOST)
        };
        let released = if due { self.release() } else { 0 };
        let pin = Pin { probe: host::reopen(file, host::Open::Read).map_err(errno)?, nameless: None };
        let mut state = self.0.lock();
        if state.files.len() >= MOST {
            return Err(Errno::ENOMEM);
        }
        state.files.insert(key, pin);
        Ok(released)
    }

    /// The file has neither a name nor is it open; it counts for `bytes`. True if a mapping may still hold it: then it
    /// goes on counting.
    pub(super) fn keep(&self, key: Key, bytes: u64) -> bool {
        let mut state = self.0.lock();
        let pin = state.files.get_mut(&key);
        pin.map(|pin| pin.nameless = Some(bytes)).is_some()
    }

    /// What those count for that have no name.
    pub(super) fn bytes(&self) -> u64 {
        self.0.lock().files.values().filter_map(|pin| pin.nameless).fold(0, u64::saturating_add)
    }

    /// Lets go of those that nobody holds; answers what they counted for.
    pub(super) fn release(&self) -> u64 {
        let mut state = self.0.lock();
        let before: u64 = state.files.values().filter_map(|pin| pin.nameless).fold(0, u64::saturating_add);
        state.files.retain(|_, pin| host::is_held_elsewhere(pin.probe.as_fd()));
        state.patience = state.files.len().saturating_mul(2);
        let after = state.files.values().filter_map(|pin| pin.nameless).fold(0, u64::saturating_add);
        before.saturating_sub(after)
    }
}
