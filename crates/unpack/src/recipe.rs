//! How a layer's archive was: what makes the very same archive, byte for byte, of the layer's image again.
//!
//! Owns: what is recorded while a layer is read, and where it lies in the image. The data of files is in the image
//! already, so that only the rest of the archive is kept: headers, padding, whatever follows the end. It is deflated
//! (RFC 1951), cut into pieces that lie between the files' data, and found by a table at the image's very end:
//!
//! ```text
//! offset of a piece u64, its length u32   for each piece, in order
//! bytes of the archive u64, pieces u64, MAGIC
//! ```
//!
//! Inflated, it is a list of records: a length (u32) other than 0 and as many bytes, or 0 and then position and length
//! (u64 each) of bytes in the image. All numbers are little-endian. Does not own: the archive itself ([`crate::tar`]).

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

use erofs::layout::BLOCK;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::blocks::Blocks;
use crate::refusal::{Reason, Refusal, Result};
use crate::tar::Witness;

/// How an image ends that says how its archive was.
pub(crate) const MAGIC: [u8; 16] = *b"podvisor-archive";
/// Bytes of the table's end.
pub(crate) const TAIL: usize = 32;
/// Bytes of a table entry.
pub(crate) const PIECE: usize = 12;
/// How many deflated bytes are gathered before they go to the image.
const GATHERED: usize = 256 << 10;
/// How many bytes a record holds at most.
const RECORD: usize = 64 << 10;

/// Where one piece lies in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) at: u64,
    pub(crate) length: u32,
}

/// Records what a reader consumes.
pub(crate) struct Recorder {
    deflate: DeflateEncoder<Vec<u8>>,
    raw: Vec<u8>,
    extent: Option<(u64, u64)>,
    pieces: Vec<Piece>,
}

impl Witness for Recorder {
    fn raw(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.end_extent()?;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at((RECORD - self.raw.len()).min(bytes.len()));
            self.raw.extend_from_slice(now);
            if self.raw.len() == RECORD {
                self.end_raw()?;
            }
            bytes = later;
        }
        Ok(())
    }

    fn in_image(&mut self, at: u64, length: u64) -> Result<()> {
        match &mut self.extent {
            Some((start, before)) if *start + *before == at => *before += length,
            _ => {
                self.end_extent()?;
                self.end_raw()?;
                self.extent = Some((at, length));
            }
        }
        Ok(())
    }
}

impl Recorder {
    pub(crate) fn new() -> Recorder {
        let deflate = DeflateEncoder::new(Vec::with_capacity(GATHERED), Compression::fast());
        Recorder { deflate, raw: Vec::new(), extent: None, pieces: Vec::new() }
    }

    /// Moves what has gathered to the image.
    pub(crate) fn drain(&mut self, blocks: &mut Blocks<'_>) -> Result<()> {
        if self.deflate.get_ref().len() >= GATHERED {
            put(&mut self.pieces, self.deflate.get_ref(), blocks)?;
            self.deflate.get_mut().clear();
        }
        Ok(())
    }

    /// Moves all that is left to the image, and answers where everything is.
    pub(crate) fn finish(mut self, blocks: &mut Blocks<'_>) -> Result<Vec<Piece>> {
        self.end_extent()?;
        self.end_raw()?;
        let rest = self.deflate.finish().map_err(|error| Refusal::writing(&error))?;
        put(&mut self.pieces, &rest, blocks)?;
        Ok(self.pieces)
    }

    fn end_raw(&mut self) -> Result<()> {
        if !self.raw.is_empty() {
            let length = self.raw.len() as u32;
            deflated(&mut self.deflate, &[&length.to_le_bytes(), &self.raw])?;
            self.raw.clear();
        }
        Ok(())
    }

    fn end_extent(&mut self) -> Result<()> {
        match self.extent.take() {
            Some((at, length)) => deflated(&mut self.deflate, &[&[0; 4], &at.to_le_bytes(), &length.to_le_bytes()]),
            None => Ok(()),
        }
    }
}

fn deflated(to: &mut DeflateEncoder<Vec<u8>>, parts: &[&[u8]]) -> Result<()> {
    parts.iter().try_for_each(|part| to.write_all(part)).map_err(|error| Refusal::writing(&error))
}

fn put(pieces: &mut Vec<Piece>, bytes: &[u8], blocks: &mut Blocks<'_>) -> Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| Refusal::new(Reason::Host, "a piece of 4 GiB"))?;
    pieces.push(Piece { at: blocks.position(), length });
    blocks.write(bytes)
}

/// Writes the table behind the `length` bytes of an image; answers how many there are now, which are whole blocks.
pub(crate) fn append(output: &File, length: u64, pieces: &[Piece], tar_bytes: u64) -> Result<u64> {
    let mut table = Vec::with_capacity(pieces.len() * PIECE + TAIL);
    for Piece { at, length } in pieces {
        table.extend(at.to_le_bytes());
        table.extend(length.to_le_bytes());
    }
    table.extend(tar_bytes.to_le_bytes());
    table.extend((pieces.len() as u64).to_le_bytes());
    table.extend(MAGIC);
    let end = (length + table.len() as u64).next_multiple_of(BLOCK);
    output.write_all_at(&table, end - table.len() as u64).map_err(|error| Refusal::writing(&error))?;
    Ok(end)
}
