//! The output: one file, written from its beginning to its end, with whole blocks for everything that is mapped.

use std::fs::File;
use std::os::unix::fs::FileExt;

use erofs::layout::BLOCK;

use crate::refusal::{Refusal, Result};

/// How much is gathered before it is written.
const GATHERED: usize = 1 << 20;
/// The highest block that an address can name.
const MAX_BLOCK: u64 = 1 << 32;

/// Where data goes.
pub(crate) struct Blocks<'f> {
    file: &'f File,
    gathered: Vec<u8>,
    start: u64,
}

impl<'f> Blocks<'f> {
    /// Writing begins at block `first`.
    pub(crate) fn new(file: &'f File, first: u64) -> Blocks<'f> {
        Blocks { file, gathered: Vec::with_capacity(GATHERED), start: first * BLOCK }
    }

    /// The next byte's position.
    pub(crate) fn position(&self) -> u64 {
        self.start + self.gathered.len() as u64
    }

    /// The next whole block, up to which zeros are written.
    pub(crate) fn block(&mut self) -> Result<u32> {
        self.zeros_to(self.position().next_multiple_of(BLOCK))?;
        let block = self.position() / BLOCK;
        u32::try_from(block).map_err(|_| Refusal::too_large("the image would have more than 16 TiB"))
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = GATHERED - self.gathered.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.gathered.extend_from_slice(now);
            if self.gathered.len() == GATHERED {
                self.flush()?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Goes on at `position`, which is not before the next byte; what is left out is a hole if it is large.
    pub(crate) fn zeros_to(&mut self, position: u64) -> Result<()> {
        if position / BLOCK >= MAX_BLOCK {
            return Err(Refusal::too_large("the image would have more than 16 TiB"));
        }
        let gap = position.saturating_sub(self.position());
        if gap > GATHERED as u64 {
            self.flush()?;
            self.start = position;
            return Ok(());
        }
        const ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];
        let mut left = gap as usize;
        while left > 0 {
            let piece = left.min(ZEROS.len());
            self.write(&ZEROS[..piece])?;
            left -= piece;
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.file.write_all_at(&self.gathered, self.start).map_err(|error| Refusal::writing(&error))?;
        self.start += self.gathered.len() as u64;
        self.gathered.clear();
        Ok(())
    }

    /// Writes what precedes everything else, and cuts or grows the file to `length`.
    pub(crate) fn finish(mut self, head: &[u8], length: u64) -> Result<()> {
        self.flush()?;
        self.file.write_all_at(head, 0).map_err(|error| Refusal::writing(&error))?;
        self.file.set_len(length).map_err(|error| Refusal::writing(&error))
    }
}
