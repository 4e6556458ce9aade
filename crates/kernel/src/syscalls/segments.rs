//! The pieces of guest memory that a call reads into or writes from: readv(2).
//!
//! Owns: [`Segments`], copied in once, and copies across their borders. A bad address in the middle
//! ends a copy; what was copied before counts.

use std::sync::Arc;

use abi::Errno;
use abi::socket::IoVec;

use crate::task::{Task, UserPtr};

/// The most pieces: limits.h's IOV_MAX.
const IOV_MAX: u64 = 1024;
/// The most bytes of one call, read(2).
pub(super) const MAX_BYTES: u64 = 0x7fff_f000;

/// Pieces of guest memory.
pub(super) struct Segments {
    pieces: Vec<IoVec>,
    /// All bytes of the pieces.
    pub(super) total: u64,
}

impl Segments {
    /// One piece, cut to [`MAX_BYTES`].
    pub(super) fn one(base: u64, length: u64) -> Segments {
        let length = length.min(MAX_BYTES);
        Segments { pieces: vec![IoVec { base, length }], total: length }
    }

    /// The pieces of an `iovec` array; `EINVAL` where there are too many or their lengths overflow.
    pub(super) fn read(task: &Task, address: u64, count: u64) -> Result<Segments, Errno> {
        if count > IOV_MAX {
            return Err(Errno::EINVAL);
        }
        let mut pieces = task.read_array(UserPtr::<IoVec>::new(address), usize::try_from(count).unwrap_or(0))?;
        let mut total: u64 = 0;
        for piece in &mut pieces {
            let length = i64::try_from(piece.length).map_err(|_| Errno::EINVAL)?.unsigned_abs();
            piece.length = length.min(MAX_BYTES.saturating_sub(total));
            total = total.saturating_add(piece.length);
        }
        Ok(Segments { pieces, total })
    }

    /// The pieces from byte `skip` on.
    fn from(&self, skip: u64) -> impl Iterator<Item = (u64, usize)> {
        let mut skip = skip;
        self.pieces.iter().filter_map(move |piece| {
            let passed = skip.min(piece.length);
            skip = skip.saturating_sub(passed);
            let left = usize::try_from(piece.length.saturating_sub(passed)).unwrap_or(usize::MAX);
            (left > 0).then(|| (piece.base.saturating_add(passed), left))
        })
    }

    /// Copies `bytes` out from byte `skip` on; answers how many, `EFAULT` where none.
    pub(super) fn fill(&self, task: &Arc<Task>, skip: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let mut rest = bytes;
        for (base, room) in self.from(skip) {
            let (piece, left) = rest.split_at(room.min(rest.len()));
            if piece.is_empty() {
                break;
            }
            let done = task.write_some(base, piece).unwrap_or(0);
            if done < piece.len() {
                rest = rest.get(done..).unwrap_or_default();
                break;
            }
            rest = left;
        }
        match bytes.len().saturating_sub(rest.len()) {
            0 if !bytes.is_empty() => Err(Errno::EFAULT),
            done => Ok(done),
        }
    }

    /// Copies in from byte `skip` on until `buffer` is full; answers how many, `EFAULT` where none.
    pub(super) fn gather(&self, task: &Arc<Task>, skip: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let wanted = buffer.len();
        let mut rest = buffer;
        for (base, length) in self.from(skip) {
            let (piece, left) = rest.split_at_mut(length.min(rest.len()));
            if piece.is_empty() {
                rest = left;
                break;
            }
            let done = task.read_some(base, piece).unwrap_or(0);
            if done < piece.len() {
                let missing = left.len().saturating_add(piece.len().saturating_sub(done));
                return counted(wanted, missing);
            }
            rest = left;
        }
        counted(wanted, rest.len())
    }
}

fn counted(wanted: usize, missing: usize) -> Result<usize, Errno> {
    match wanted.saturating_sub(missing) {
        0 if wanted > 0 => Err(Errno::EFAULT),
        done => Ok(done),
    }
}
