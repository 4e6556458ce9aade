//! A layer's image as the archive that it was made of, by what [`crate::recipe`] has recorded in it.
//!
//! Nothing of the image is trusted: what contradicts itself is refused, and whether the archive is the right one its
//! digest says.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::FileExt;

use flate2::read::DeflateDecoder;
use sha2::{Digest, Sha256};

use crate::recipe::{MAGIC, PIECE, Piece, TAIL};
use crate::refusal::{Reason, Refusal, Result};

/// Bytes that are copied at once.
const CHUNK: usize = 256 << 10;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// SHA-256 of the archive: the layer's DiffID, if the image is whole.
    pub diff_id: [u8; 32],
    /// Its bytes.
    pub tar_bytes: u64,
}

/// Writes the archive that the layer's image `layer` was made of to `output`.
///
/// # Errors
/// Where the image is damaged or was made before archives were recorded, and where `output` takes no more.
pub fn archive(layer: &File, output: impl Write) -> Result<Archived> {
    let (pieces, tar_bytes) = table(layer)?;
    let pieces = Pieces { layer, pieces: pieces.into_iter(), at: 0, left: 0 };
    let mut records = BufReader::with_capacity(CHUNK, DeflateDecoder::new(pieces));
    let mut target = Target { output, hash: Sha256::new(), left: tar_bytes };
    let mut buffer = vec![0; CHUNK];
    while let Some(length) = length(&mut records)? {
        if length > 0 {
            target.copy(&mut buffer, u64::from(length), |part, _| records.read_exact(part))?;
            continue;
        }
        let (at, length) = (number(&mut records)?, number(&mut records)?);
        target.copy(&mut buffer, length, |part, done| match at.checked_add(done) {
            Some(at) => layer.read_exact_at(part, at),
            None => Err(std::io::ErrorKind::UnexpectedEof.into()),
        })?;
    }
    if target.left > 0 {
        return Err(damaged());
    }
    target.output.flush().map_err(|error| writing(&error))?;
    Ok(Archived { diff_id: target.hash.finalize().into(), tar_bytes })
}

/// Where the pieces are, and how many bytes the archive has.
fn table(layer: &File) -> Result<(Vec<Piece>, u64)> {
    let earlier = || Refusal::new(Reason::Unsupported, "the layer does not say how its archive was");
    let end = layer.metadata().map_err(|error| reading(&error))?.len();
    let start = end.checked_sub(TAIL as u64).ok_or_else(earlier)?;
    let mut tail = [0; TAIL];
    layer.read_exact_at(&mut tail, start).map_err(|error| reading(&error))?;
    if tail[16..] != MAGIC {
        return Err(earlier());
    }
    let (tar_bytes, count) = (u64_at(&tail, 0), u64_at(&tail, 8));
    let bytes = count.checked_mul(PIECE as u64).filter(|bytes| *bytes <= start).ok_or_else(damaged)?;
    let mut table = vec![0; bytes as usize];
    layer.read_exact_at(&mut table, start - bytes).map_err(|error| reading(&error))?;
    let piece = |raw: &[u8]| Piece { at: u64_at(raw, 0), length: u64_at(raw, 8) as u32 };
    Ok((table.chunks_exact(PIECE).map(piece).collect(), tar_bytes))
}

/// The deflated bytes of all pieces.
struct Pieces<'f> {
    layer: &'f File,
    pieces: std::vec::IntoIter<Piece>,
    at: u64,
    left: u32,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.left == 0 {
            let Some(piece) = self.pieces.next() else { return Ok(0) };
            (self.at, self.left) = (piece.at, piece.length);
        }
        let length = buffer.len().min(self.left as usize);
        let done = self.layer.read_at(&mut buffer[..length], self.at)?;
        self.at = self.at.saturating_add(done as u64);
        self.left -= done as u32;
        if done == 0 && length > 0 { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(done) }
    }
}

struct Target<W> {
    output: W,
    hash: Sha256,
    left: u64,
}

impl<W: Write> Target<W> {
    /// Passes on `length` bytes; `read` fills a part that begins behind as many bytes as it is told.
    fn copy(
        &mut self,
        buffer: &mut [u8],
        length: u64,
        mut read: impl FnMut(&mut [u8], u64) -> std::io::Result<()>,
    ) -> Result<()> {
        self.left = self.left.checked_sub(length).ok_or_else(damaged)?;
        let mut done = 0;
        while done < length {
            let now = (buffer.len() as u64).min(length - done) as usize;
            read(&mut buffer[..now], done).map_err(|error| reading(&error))?;
            self.hash.update(&buffer[..now]);
            self.output.write_all(&buffer[..now]).map_err(|error| writing(&error))?;
            done += now as u64;
        }
        Ok(())
    }
}

/// The next record's length; `None` behind the last.
fn length(records: &mut impl Read) -> Result<Option<u32>> {
    let mut bytes = [0; 4];
    let mut filled = 0;
    while filled < bytes.len() {
        match records.read(&mut bytes[filled..]).map_err(|error| reading(&error))? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(damaged()),
            done => filled += done,
        }
    }
    Ok(Some(u32::from_le_bytes(bytes)))
}

fn number(records: &mut impl Read) -> Result<u64> {
    let mut bytes = [0; 8];
    records.read_exact(&mut bytes).map_err(|error| reading(&error))?;
    Ok(u64::from_le_bytes(bytes))
}

/// The number at `at`; what is missing of it behind the end is 0.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.iter_mut().zip(bytes.iter().skip(at)).for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(number)
}

fn damaged() -> Refusal {
    Refusal::invalid("the layer is damaged: what it says of its archive contradicts itself")
}

fn reading(error: &std::io::Error) -> Refusal {
    match error.raw_os_error() {
        Some(_) => Refusal::new(Reason::Host, format!("the layer cannot be read: {error}")),
        None => damaged(),
    }
}

fn writing(error: &std::io::Error) -> Refusal {
    Refusal::new(Reason::Host, format!("the archive cannot be written: {error}"))
}
