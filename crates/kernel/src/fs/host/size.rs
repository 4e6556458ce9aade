//! The size of a volume: how much of it guests use.
//!
//! Owns: [`Size`], a running count of what guests put there: lengths of files and [`NAME_BYTES`] for each
//! node. A file without a name counts as long as it is open or mapped. What the host does there itself is found out
//! when the volume seems to be full: then everything is counted anew, as often as that takes [`SHARE`] of
//! the time at most.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG, Stat};
use platform::host;

use super::directory::HostDirectory;
use super::pinned::Pinned;
use super::volume::Key;
use crate::fs::space::Quota;
use crate::sync::Mutex;
use crate::time::Nanos;

/// What a node counts for besides its length.
pub(super) const NAME_BYTES: u64 = 512;
/// One part in so many of the kernel's time may go into counting everything.
const SHARE: Nanos = 20;
/// How deep the count of what is there at first goes.
const COUNTED_DEPTH: usize = 256;

/// How much of a volume is used, where it is limited.
pub(super) struct Size {
    top: OwnedFd,
    bytes: Quota,
    /// When everything may be counted again.
    next_count: Mutex<Nanos>,
    open: Mutex<HashMap<Key, Opened>>,
    pinned: Pinned,
}

#[derive(Default)]
struct Opened {
    times: u32,
    /// What it counts for, once it has no name.
    nameless: Option<u64>,
}

impl Size {
    /// A limit of `bytes`, of which the tree at `top` uses its share already.
    pub(super) fn new(bytes: u64, top: BorrowedFd<'_>) -> Result<Size, Errno> {
        let top = top.try_clone_to_owned().map_err(|_| Errno::ENFILE)?;
        let size = Size {
            top,
            bytes: Quota::new(bytes),
            next_count: Mutex::new(0),
            open: Mutex::default(),
            pinned: Pinned::default(),
        };
        size.count();
        Ok(size)
    }

    /// How many bytes there may be, and how many more.
    pub(super) fn limit_and_room(&self) -> (u64, u64) {
        (self.bytes.limit, self.bytes.free())
    }

    /// How many bytes of `wanted` there is room for.
    pub(super) fn room_for(&self, wanted: u64) -> u64 {
        if wanted > self.bytes.free() {
            self.bytes.give(self.pinned.release());
        }
        if wanted > self.bytes.free() {
            self.count();
        }
        wanted.min(self.bytes.free())
    }

    /// Takes `bytes`, or `ENOSPC` and nothing.
    pub(super) fn take(&self, bytes: u64) -> Result<(), Errno> {
        self.room_for(bytes);
        self.bytes.take(bytes)
    }

    /// Takes `bytes` that the file has grown by.
    pub(super) fn grown(&self, key: Key, bytes: u64) {
        self.bytes.force(bytes);
        if let Some(Opened { nameless: Some(held), .. }) = self.open.lock().get_mut(&key) {
            *held = held.saturating_add(bytes);
        }
    }

    fn count(&self) {
        let begun = crate::time::monotonic();
        if begun < *self.next_count.lock() {
            return;
        }
        let nameless = self.open.lock().values().filter_map(|opened| opened.nameless).fold(0, u64::saturating_add);
        self.bytes.set(counted(self.top.as_fd()).saturating_add(nameless).saturating_add(self.pinned.bytes()));
        let now = crate::time::monotonic();
        *self.next_count.lock() = now.saturating_add(now.saturating_sub(begun).saturating_mul(SHARE));
    }

    /// Gives `bytes` back.
    pub(super) fn give(&self, bytes: u64) {
        self.bytes.give(bytes);
    }

    /// An open file is about to be mapped; `ENOMEM` where too many are.
    pub(super) fn mapped(&self, key: Key, file: BorrowedFd<'_>) -> Result<(), Errno> {
        self.bytes.give(self.pinned.note(key, file)?);
        Ok(())
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
            let gone = opened.nameless.is_some();
            open.remove(&key);
            gone
        };
        if gone && let Ok(stat) = host::stat(fd) {
            self.lost(key, counts_for(&stat));
        }
    }

    /// The last name of a node is gone; `before` is its status from then.
    pub(super) fn lost_last_name(&self, key: Key, before: &Stat) {
        if let Some(opened) = self.open.lock().get_mut(&key) {
            opened.nameless = Some(counts_for(before));
            return;
        }
        self.lost(key, counts_for(before));
    }

    /// A file has neither a name nor is it open.
    fn lost(&self, key: Key, bytes: u64) {
        if !self.pinned.keep(key, bytes) {
            self.give(bytes);
        }
    }
}

fn counts_for(stat: &Stat) -> u64 {
    let length = if stat.mode & S_IFMT == S_IFREG { stat.size.unsigned_abs() } else { 0 };
    length.saturating_add(NAME_BYTES)
}

/// What a tree counts for as it is now.
fn counted(top: BorrowedFd<'_>) -> u64 {
    let mut sum = 0_u64;
    walk(top, |stat| sum = sum.saturating_add(counts_for(stat)));
    sum
}

/// Shows every node below `top` to `visit`, or `top` itself where it is a file. The deepest are left out.
pub(super) fn walk(top: BorrowedFd<'_>, mut visit: impl FnMut(&Stat)) {
    match (host::stat(top), top.try_clone_to_owned()) {
        (Ok(stat), Ok(top)) if stat.mode & S_IFMT == S_IFDIR => {
            let mut pending = vec![(HostDirectory::new(top), 0)];
            while let Some((directory, depth)) = pending.pop() {
                for entry in directory.list().unwrap_or_default() {
                    let Ok(Some(stat)) = directory.find(&entry.name) else { continue };
                    visit(&stat);
                    if stat.mode & S_IFMT == S_IFDIR && depth < COUNTED_DEPTH {
                        pending.push((directory.child(&entry.name), depth + 1));
                    }
                }
            }
        }
        (Ok(stat), _) => visit(&stat),
        (Err(_), _) => {}
    }
}
