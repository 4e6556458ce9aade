//! The stream of entries.

use super::header::{BLOCK, Header, sparse_pieces};
use super::pax::{Records, decimal};
use super::{Entry, Kind, Pieces, Witness};
use crate::blocks::Blocks;
use crate::refusal::{Refusal, Result};
use crate::stream::Stream;

/// The longest extended header, long name, or map of a sparse file: as Go's archive/tar has it.
const SPECIAL_MAX: u64 = 1 << 20;
/// The most headers before an entry that only say more of it.
const SPECIALS_MAX: usize = 64;
/// The most pieces of a sparse file.
const PIECES_MAX: usize = 65_536;

/// Reads entries one after the other.
pub(crate) struct Reader<W> {
    stream: Stream,
    pub(crate) witness: W,
    /// Data of the last entry that was not read, and the zeros up to the next block.
    data: u64,
    padding: u64,
    ended: bool,
}

/// What precedes an entry's own header.
#[derive(Default)]
struct Before {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: Records,
}

impl<W: Witness> Reader<W> {
    pub(crate) fn new(stream: Stream, witness: W) -> Reader<W> {
        Reader { stream, witness, data: 0, padding: 0, ended: false }
    }

    /// Reads whatever follows the archive, `each` piece of it; answers the digest and number of all bytes.
    pub(crate) fn finish(mut self, mut each: impl FnMut(&mut W) -> Result<()>) -> Result<(W, [u8; 32], u64)> {
        loop {
            let found = self.stream.fill()?;
            if found.is_empty() {
                break;
            }
            let length = found.len();
            self.witness.raw(found)?;
            self.stream.consume(length);
            each(&mut self.witness)?;
        }
        let (digest, bytes) = self.stream.finish()?;
        Ok((self.witness, digest, bytes))
    }

    /// How many bytes of the entry's data were not read yet.
    pub(crate) fn left(&self) -> u64 {
        self.data
    }

    /// The next entry; `None` behind the last. What of the one before was not read is skipped.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>> {
        let mut before = Before::default();
        for _ in 0..SPECIALS_MAX {
            let Some(block) = self.header_block()? else {
                let dangling = before.path.is_some() || before.link.is_some();
                return if dangling { Err(truncated()) } else { Ok(None) };
            };
            let Some(header) = Header::of(&block)? else {
                self.end()?;
                continue;
            };
            match header.kind() {
                b'x' | b'X' => before.records = Records::read(&self.special(&header)?)?,
                b'L' => before.path = Some(until_zero(self.special(&header)?)),
                b'K' => before.link = Some(until_zero(self.special(&header)?)),
                // Of archives, not of layers: a comment (git), a volume's label.
                b'g' | b'V' => drop(self.special(&header)?),
                _ => {
                    let name = before.records.path.clone().or_else(|| before.path.clone());
                    let name = name.unwrap_or_else(|| header.path());
                    return self.entry(&header, before).map(Some).map_err(|refusal| refusal.at(&name));
                }
            }
        }
        Err(Refusal::invalid(format!("more than {SPECIALS_MAX} extended headers without an entry")))
    }

    /// Gives the data of the entry to `sink`, in pieces.
    fn data(&mut self, mut sink: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while self.data > 0 {
            let found = self.stream.fill()?;
            if found.is_empty() {
                return Err(truncated());
            }
            let length = (found.len() as u64).min(self.data) as usize;
            self.witness.raw(&found[..length])?;
            sink(&found[..length])?;
            self.stream.consume(length);
            self.data -= length as u64;
        }
        Ok(())
    }

    /// Writes the next `length` bytes of the data to `blocks`.
    pub(crate) fn copy(&mut self, length: u64, blocks: &mut Blocks<'_>) -> Result<()> {
        let later = self.data.checked_sub(length).ok_or_else(too_little)?;
        while self.data > later {
            let found = self.stream.fill()?;
            if found.is_empty() {
                return Err(truncated());
            }
            let length = (found.len() as u64).min(self.data - later) as usize;
            self.witness.in_image(blocks.position(), length as u64)?;
            blocks.write(&found[..length])?;
            self.stream.consume(length);
            self.data -= length as u64;
        }
        Ok(())
    }

    fn skip(&mut self) -> Result<()> {
        self.data(|_| Ok(()))?;
        self.data = std::mem::take(&mut self.padding);
        // The zeros behind the last file may be missing like the blocks of zeros, as Go's archive/tar has it: layers
        // of `umoci insert` end with the data.
        if self.stream.fill()?.is_empty() {
            self.data = 0;
        }
        self.data(|_| Ok(()))
    }

    /// The next header block; `None` at the end of the archive or of the stream.
    fn header_block(&mut self) -> Result<Option<[u8; BLOCK]>> {
        self.skip()?;
        if self.ended || self.stream.fill()?.is_empty() {
            return Ok(None);
        }
        self.block().map(Some)
    }

    fn block(&mut self) -> Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let found = self.stream.fill()?;
            if found.is_empty() {
                return Err(truncated());
            }
            let length = found.len().min(BLOCK - filled);
            block[filled..filled + length].copy_from_slice(&found[..length]);
            self.witness.raw(&found[..length])?;
            self.stream.consume(length);
            filled += length;
        }
        Ok(block)
    }

    /// Behind one block of zeros comes another, or the end; whatever follows is no part of the archive.
    fn end(&mut self) -> Result<()> {
        if let Some(block) = self.header_block()?
            && block.iter().any(|byte| *byte != 0)
        {
            return Err(Refusal::invalid("it is not a tar archive: a header follows its end"));
        }
        self.ended = true;
        Ok(())
    }

    /// Notes how much data follows a header.
    fn follows(&mut self, size: u64) {
        self.data = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    fn special(&mut self, header: &Header<'_>) -> Result<Vec<u8>> {
        let size = size_of_data(header)?;
        if size > SPECIAL_MAX {
            return Err(Refusal::invalid("an extended header has more than 1 MiB"));
        }
        self.follows(size);
        let mut bytes = Vec::with_capacity(size as usize);
        self.data(|piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    fn entry(&mut self, header: &Header<'_>, before: Before) -> Result<Entry> {
        let Before { path, link, records } = before;
        let path = records.path.or(path).unwrap_or_else(|| header.path());
        let kind = kind(header.kind(), &path)?;
        let (mode, mtime) = (header.mode()?, header.mtime()?);
        let mut entry = Entry {
            kind,
            path: records.sparse.name.clone().unwrap_or(path),
            link: records.link.or(link).unwrap_or_else(|| header.link()),
            mode,
            uid: id(records.uid.map_or_else(|| header.uid(), Ok)?)?,
            gid: id(records.gid.map_or_else(|| header.gid(), Ok)?)?,
            mtime: records.mtime.unwrap_or((mtime, 0)),
            device: (0, 0),
            size: 0,
            sparse: None,
            xattrs: records.xattrs,
        };
        match kind {
            Kind::File => {
                let size = records.size.map_or_else(|| size_of_data(header), Ok)?;
                self.follows(size);
                entry.size = size;
                self.sparse(header, records.sparse, &mut entry)?;
            }
            Kind::CharacterDevice | Kind::BlockDevice => entry.device = device(header.device()?)?,
            // Whatever size they tell, no data follows them.
            _ => {}
        }
        Ok(entry)
    }

    /// Finds the map of a sparse file, in whichever format it is.
    fn sparse(&mut self, header: &Header<'_>, told: super::pax::Sparse, entry: &mut Entry) -> Result<()> {
        let map = if header.kind() == b'S' && header.is_gnu() {
            let (mut map, mut more, size) = header.sparse()?;
            entry.size = size;
            while more {
                let block = self.block()?;
                map.extend(sparse_pieces(&block[..504])?);
                more = block[504] != 0;
                checked_pieces(map.len())?;
            }
            map
        } else if let Some(size) = told.size {
            entry.size = size;
            if told.map_in_data { self.map_in_data()? } else { told.map }
        } else {
            return Ok(());
        };
        checked_pieces(map.len())?;
        entry.sparse = Some(in_order(map, entry.size)?);
        Ok(())
    }

    /// The map that precedes the data, in GNU's format 1.0: numbers, one a line, up to a whole block.
    fn map_in_data(&mut self) -> Result<Pieces> {
        let mut lines = Lines::default();
        let mut count = None;
        loop {
            self.data = self.data.checked_sub(BLOCK as u64).ok_or_else(too_little)?;
            let block = self.block()?;
            lines.take(&block)?;
            if count.is_none() {
                count = lines.numbers.first().copied();
            }
            if let Some(count) = count {
                let pieces = usize::try_from(count).unwrap_or(usize::MAX);
                checked_pieces(pieces)?;
                if let Some(pairs) = lines.numbers.get(1..1 + 2 * pieces) {
                    return Ok(pairs.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect());
                }
            }
        }
    }
}

/// Numbers, one a line.
#[derive(Default)]
struct Lines {
    numbers: Vec<u64>,
    partial: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        for byte in bytes {
            match byte {
                b'\n' => {
                    self.numbers.extend(decimal(&self.partial));
                    self.partial.clear();
                }
                0 => {}
                _ if self.partial.len() < 20 && byte.is_ascii_digit() => self.partial.push(*byte),
                _ => return Err(Refusal::invalid("its map of a sparse file is wrong")),
            }
        }
        Ok(())
    }
}

fn checked_pieces(count: usize) -> Result<()> {
    if count > PIECES_MAX {
        return Err(Refusal::too_large("a sparse file has more than 65536 pieces"));
    }
    Ok(())
}

/// The pieces that are not empty, which must follow one another and end with the file.
fn in_order(map: Pieces, size: u64) -> Result<Pieces> {
    let mut end = 0;
    for (offset, length) in &map {
        let next = offset.checked_add(*length).filter(|next| *offset >= end && *next <= size);
        end = next.ok_or_else(|| Refusal::invalid("its map of a sparse file is out of order"))?;
    }
    Ok(map.into_iter().filter(|(_, length)| *length > 0).collect())
}

fn too_little() -> Refusal {
    Refusal::invalid("its map of a sparse file names more data than there is")
}

fn truncated() -> Refusal {
    Refusal::invalid("the archive ends in the middle")
}

fn until_zero(mut name: Vec<u8>) -> Vec<u8> {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    name.truncate(end);
    name
}

fn size_of_data(header: &Header<'_>) -> Result<u64> {
    u64::try_from(header.size()?).map_err(|_| Refusal::invalid("its size is negative"))
}

fn kind(flag: u8, path: &[u8]) -> Result<Kind> {
    Ok(match flag {
        0 if path.ends_with(b"/") => Kind::Directory,
        0 | b'0' | b'7' | b'S' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::SymbolicLink,
        b'3' => Kind::CharacterDevice,
        b'4' => Kind::BlockDevice,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        _ => return Err(Refusal::invalid(format!("entries of type '{}' are not supported", flag.escape_ascii()))),
    })
}

fn id(id: i64) -> Result<u32> {
    u32::try_from(id).map_err(|_| Refusal::invalid(format!("{id} is no user or group")))
}

fn device((major, minor): (i64, i64)) -> Result<(u32, u32)> {
    match (u32::try_from(major), u32::try_from(minor)) {
        (Ok(major @ 0..=0xfff), Ok(minor @ 0..=0xf_ffff)) => Ok((major, minor)),
        _ => Err(Refusal::invalid(format!("{major}:{minor} is no device"))),
    }
}
