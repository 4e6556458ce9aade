//! Files whose bytes guests may hold by a mapping, whether a name, a descriptor or we still lead there.
//!
//! Owns: [`MappedFiles`], those of one file system, each with what it was last charged: guests fill holes of
//! mapped files without asking, and what they drop stays in the file. Does not own: the limit (`space`).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use abi::Errno;
use platform::host;

use super::host::errno;
use crate::sync::Mutex;

/// How many files of one file system may be mapped or held by mappings: each costs us a descriptor.
const MOST: usize = 4096;
/// How many make a first search for those that are held no more worth its time.
const FIRST_SEARCH: usize = 64;

/// A file that was mapped.
pub(crate) struct MappedFile {
    /// A description of its own: whether there are others tells whether the file is held.
    probe: OwnedFd,
    charged: AtomicU64,
    /// It lies on the disk and takes no memory.
    pub(crate) disk: bool,
}

/// How many of them there are in all file systems, and how many there ever were.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static ADDED: AtomicU64 = AtomicU64::new(0);

/// Another number after each file that is mapped for the first time. Costs nothing.
pub(crate) fn count_of_added() -> u64 {
    ADDED.load(Ordering::Relaxed)
}

/// True if guests may hold or give up bytes of any file without a call. Costs nothing.
pub(crate) fn is_any() -> bool {
    COUNT.load(Ordering::Relaxed) > 0
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

impl MappedFile {
    /// What it was last charged, in bytes.
    pub(crate) fn charged(&self) -> u64 {
        self.charged.load(Ordering::Acquire)
    }

    /// Counts what it holds now; answers that and what was charged before.
    pub(crate) fn recount(&self) -> (u64, u64) {
        let blocks = host::stat(self.probe.as_fd()).map_or(0, |stat| stat.blocks.unsigned_abs());
        let held = blocks.saturating_mul(512);
        (held, self.charged.swap(held, Ordering::AcqRel))
    }
}

/// The mapped files of one file system.
#[derive(Default)]
pub(crate) struct MappedFiles(Mutex<State>);

#[derive(Default)]
struct State {
    files: Vec<Arc<MappedFile>>,
    /// How many there may be before the next search.
    patience: usize,
}

impl MappedFiles {
    /// Takes note of a file that is about to be mapped and for which `charged` was charged. `ENOMEM` where there are
    /// too many; whoever is told that `is_due` should have searched before.
    pub(crate) fn add(&self, file: BorrowedFd<'_>, charged: u64, disk: bool) -> Result<Arc<MappedFile>, Errno> {
        let probe = host::reopen(file, host::Open::Read).map_err(errno)?;
        COUNT.fetch_add(1, Ordering::Relaxed);
        ADDED.fetch_add(1, Ordering::Relaxed);
        let added = Arc::new(MappedFile { probe, charged: AtomicU64::new(charged), disk });
        let mut state = self.0.lock();
        if state.files.len() >= MOST {
            return Err(Errno::ENOMEM);
        }
        state.files.push(Arc::clone(&added));
        Ok(added)
    }

    /// Whether so many were added since the last search that another is worth its time.
    pub(crate) fn is_due(&self) -> bool {
        let state = self.0.lock();
        state.files.len() >= state.patience.clamp(FIRST_SEARCH, MOST)
    }

    /// True if no file is mapped or held.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().files.is_empty()
    }

    /// Counts all anew: `charge` is told of each what it holds, what it was charged and whether it lies on the disk.
    /// Those that neither we nor a mapping holds are let go, and hold nothing.
    pub(crate) fn recount(&self, mut charge: impl FnMut(u64, u64, bool)) {
        let mut gone = Vec::new();
        let mut state = self.0.lock();
        state.files.retain(|file| {
            let held = Arc::strong_count(file) > 1 || host::is_held_elsewhere(file.probe.as_fd());
            let (now, before) = if held { file.recount() } else { (0, file.charged()) };
            charge(now, before, file.disk);
            if !held {
                gone.push(Arc::clone(file));
            }
            held
        });
        state.patience = state.files.len().saturating_mul(2);
        drop(state);
        drop(gone);
    }
}
