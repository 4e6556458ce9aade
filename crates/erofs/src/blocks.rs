//! Bytes of an image's metadata, a bounded part of them kept in memory.
//!
//! Reading instead of mapping: a file that somebody cuts short is an error here, where a mapping would be SIGBUS.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::layout::BLOCK;
use crate::{Error, Result};

/// Bytes that are read at once: directories and inodes lie side by side.
const PIECE: u64 = 16 * BLOCK;
/// How many pieces are kept: 16 MiB, the metadata of some 130,000 files.
const KEPT: usize = 256;

/// Something that can be read at any position.
pub trait ReadAt: Send + Sync {
    /// Reads at `position`, 0 bytes at the end; the error is the host's number.
    ///
    /// # Errors
    /// Where the host cannot read.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> std::result::Result<usize, i32>;
}

/// The pieces of one file.
pub(crate) struct Blocks<S> {
    source: S,
    length: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pieces: HashMap<u64, Arc<Vec<u8>>>,
    order: VecDeque<u64>,
}

/// One block, or what there is of it at the image's end.
pub(crate) struct Block {
    piece: Arc<Vec<u8>>,
    start: usize,
}

impl Block {
    pub(crate) fn bytes(&self) -> &[u8] {
        let rest = self.piece.get(self.start..).unwrap_or_default();
        rest.get(..BLOCK as usize).unwrap_or(rest)
    }
}

impl<S: ReadAt> Blocks<S> {
    pub(crate) fn new(source: S, length: u64) -> Blocks<S> {
        Blocks { source, length, kept: Mutex::default() }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The block that holds `position`.
    pub(crate) fn block(&self, position: u64) -> Result<Block> {
        if position >= self.length {
            return Err(Error::Damaged("a position behind its end"));
        }
        let number = position / PIECE;
        let start = (position % PIECE / BLOCK * BLOCK) as usize;
        if let Some(piece) = self.kept().pieces.get(&number) {
            return Ok(Block { piece: Arc::clone(piece), start });
        }
        let piece = Arc::new(self.read(number * PIECE)?);
        let mut kept = self.kept();
        if kept.pieces.insert(number, Arc::clone(&piece)).is_none() {
            kept.order.push_back(number);
        }
        if kept.order.len() > KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.pieces.remove(&oldest);
        }
        Ok(Block { piece, start })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, start: u64) -> Result<Vec<u8>> {
        let mut piece = vec![0; PIECE.min(self.length - start) as usize];
        let mut filled = 0;
        while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.source.read_at(rest, start + filled as u64).map_err(Error::Host)? {
                0 => return Err(Error::Damaged("it was cut short")),
                done => filled += done,
            }
        }
        Ok(piece)
    }

    /// Copies what lies at `position`, which may cross blocks.
    pub(crate) fn copy(&self, mut position: u64, buffer: &mut [u8]) -> Result<()> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let block = self.block(position)?;
            let found = block.bytes().get((position % BLOCK) as usize..).unwrap_or_default();
            let length = found.len().min(rest.len());
            if length == 0 {
                return Err(Error::Damaged("a position behind its end"));
            }
            for (to, from) in rest.iter_mut().zip(found) {
                *to = *from;
            }
            filled += length;
            position += length as u64;
        }
        Ok(())
    }
}
