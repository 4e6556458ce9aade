//! The size of a volume: how much of it guests use.
//!
//! Owns: [`Size`], a running count of what guests put there: lengths of files and [`NAME_BYTES`] for each
//! node. A file without a name counts as long as it is open. Does not own: what the host puts there itself.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG, Stat};
use platform::host;

use super::directory::HostDirectory;
use super::volume::Key;
use crate::fs::space::Quota;
use crate::sync::Mutex;

/// What a node counts for besides its length.
pub(super) const NAME_BYTES: u64 = 512;
/// How deep the count of what is there at first goes.
const COUNTED_DEPTH: usize = 256;

/// How much of a volume is used, where it is limited.
pub(super) struct Size {
    bytes: Quota,
    open: Mutex<HashMap<Key, Opened>>,
}

#[derive(Default)]
struct Opened {
    times: u32,
    nameless: bool,
}

impl Size {
    /// A limit of `bytes`, of which the tree at `top` uses its share already.
    pub(super) fn new(bytes: u64, top: BorrowedFd<'_>, stat: &Stat) -> Size {
        let bytes = Quota::new(bytes);
        bytes.force(counted(top, stat));
        Size { bytes, open: Mutex::default() }
    }

    /// How many bytes there may be, and how many more.
    pub(super) fn limit_and_room(&self) -> (u64, u64) {
        (self.bytes.limit, self.bytes.free())
    }

    /// Takes `bytes`, or `ENOSPC` and nothing.
    pub(super) fn take(&self, bytes: u64) -> Result<(), Errno> {
        self.bytes.take(bytes)
    }

    /// Gives `bytes` back.
    pub(super) fn give(&self, bytes: u64) {
        self.bytes.give(bytes);
    }

    /// A file is open once more.
    pub(super) fn opened(&self, key: Key) {
        let mut open = self.open.lock();
        let opened = open.entry(key).or_default();
        opened.times = opened.times.saturating_add(1);
    }

    /// A file is open once less; `fd` is the description that goes.
    pub(super) fn closed(&self, key: Key, fd: BorrowedFd<'_>) {
        let gone = {
            let mut open = self.open.lock();
            let Some(opened) = open.get_mut(&key) else { return };
            opened.times = opened.times.saturating_sub(1);
            if opened.times > 0 {
                return;
            }
            let gone = opened.nameless;
            open.remove(&key);
            gone
        };
        if gone && let Ok(stat) = host::stat(fd) {
            self.give(counts_for(&stat));
        }
    }

    /// The last name of a node is gone; `before` is its status from then.
    pub(super) fn lost_last_name(&self, key: Key, before: &Stat) {
        if let Some(opened) = self.open.lock().get_mut(&key) {
            opened.nameless = true;
            return;
        }
        self.give(counts_for(before));
    }
}

fn counts_for(stat: &Stat) -> u64 {
    let length = if stat.mode & S_IFMT == S_IFREG { stat.size.unsigned_abs() } else { 0 };
    length.saturating_add(NAME_BYTES)
}

/// What a tree counts for as it is now.
fn counted(top: BorrowedFd<'_>, stat: &Stat) -> u64 {
    if stat.mode & S_IFMT != S_IFDIR {
        return counts_for(stat);
    }
    let Ok(top) = top.try_clone_to_owned() else { return 0 };
    let mut pending = vec![(HostDirectory::new(top), 0)];
    let mut sum = 0_u64;
    while let Some((directory, depth)) = pending.pop() {
        for entry in directory.list().unwrap_or_default() {
            let Ok(Some(stat)) = directory.find(&entry.name) else { continue };
            sum = sum.saturating_add(counts_for(&stat));
            if stat.mode & S_IFMT == S_IFDIR && depth < COUNTED_DEPTH {
                pending.push((directory.child(&entry.name), depth + 1));
            }
        }
    }
    sum
}
