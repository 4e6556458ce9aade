//! A header block: 512 bytes in the formats of POSIX (ustar), GNU and the old Unix.

use super::Pieces;
use crate::refusal::{Refusal, Result};

/// Bytes of a block of the archive.
pub(crate) const BLOCK: usize = 512;

/// One header block whose checksum is right.
pub(crate) struct Header<'b>(&'b [u8; BLOCK]);

impl<'b> Header<'b> {
    /// The header in `block`; `None` where it is all zeros.
    pub(crate) fn of(block: &'b [u8; BLOCK]) -> Result<Option<Header<'b>>> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = Header(block);
        let told = header.octal(148, 8);
        let sum = |signed: bool| {
            let byte = |(at, byte): (usize, &u8)| match (at, signed) {
                (148..156, _) => i64::from(b' '),
                (_, true) => i64::from(*byte as i8),
                (_, false) => i64::from(*byte),
            };
            block.iter().enumerate().map(byte).sum::<i64>()
        };
        match told {
            Ok(told) if told == sum(false) || told == sum(true) => Ok(Some(header)),
            _ => Err(Refusal::invalid("it is not a tar archive: the checksum of a header is wrong")),
        }
    }

    fn field(&self, at: usize, length: usize) -> &'b [u8] {
        self.0.get(at..at + length).unwrap_or_default()
    }

    fn text(&self, at: usize, length: usize) -> &'b [u8] {
        self.field(at, length).split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// A number in octal digits, or in the base 256 that GNU tar writes where they do not suffice.
    fn octal(&self, at: usize, length: usize) -> Result<i64> {
        number(self.field(at, length)).ok_or_else(|| Refusal::invalid("a number in its header is none"))
    }

    pub(crate) fn kind(&self) -> u8 {
        self.0[156]
    }

    fn is_posix(&self) -> bool {
        self.field(257, 6) == b"ustar\0"
    }

    pub(crate) fn is_gnu(&self) -> bool {
        self.field(257, 8) == b"ustar  \0"
    }

    pub(crate) fn path(&self) -> Vec<u8> {
        let (prefix, name) = (self.text(345, 155), self.text(0, 100));
        if self.is_posix() && !prefix.is_empty() { [prefix, b"/", name].concat() } else { name.to_vec() }
    }

    pub(crate) fn link(&self) -> Vec<u8> {
        self.text(157, 100).to_vec()
    }

    pub(crate) fn mode(&self) -> Result<u32> {
        Ok(self.octal(100, 8)? as u32 & 0o7777)
    }

    pub(crate) fn uid(&self) -> Result<i64> {
        self.octal(108, 8)
    }

    pub(crate) fn gid(&self) -> Result<i64> {
        self.octal(116, 8)
    }

    pub(crate) fn size(&self) -> Result<i64> {
        self.octal(124, 12)
    }

    pub(crate) fn mtime(&self) -> Result<i64> {
        self.octal(136, 12)
    }

    pub(crate) fn device(&self) -> Result<(i64, i64)> {
        Ok((self.octal(329, 8)?, self.octal(337, 8)?))
    }

    /// GNU's old sparse format: the first four pieces, whether more follow, and the file's own size.
    pub(crate) fn sparse(&self) -> Result<(Pieces, bool, u64)> {
        let pieces = sparse_pieces(self.field(386, 96))?;
        let size = u64::try_from(self.octal(483, 12)?).map_err(|_| Refusal::invalid("its size is negative"))?;
        Ok((pieces, self.0[482] != 0, size))
    }
}

/// The pieces of a sparse file in `bytes`, 24 for each, up to the first that is empty.
pub(crate) fn sparse_pieces(bytes: &[u8]) -> Result<Pieces> {
    let wrong = || Refusal::invalid("its map of a sparse file is wrong");
    let mut pieces = Vec::new();
    for piece in bytes.chunks_exact(24) {
        let (offset, length) = piece.split_at(12);
        if offset[0] == 0 {
            break;
        }
        let value = |field| number(field).and_then(|value| u64::try_from(value).ok()).ok_or_else(wrong);
        pieces.push((value(offset)?, value(length)?));
    }
    Ok(pieces)
}

fn number(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => binary(field, *first),
        _ => {
            let digits = field.split(|byte| *byte == 0).next()?.trim_ascii();
            digits.iter().try_fold(0_i64, |value, digit| match digit {
                b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
                _ => None,
            })
        }
    }
}

/// Two's complement, the first bit of which only says that it is so.
fn binary(field: &[u8], first: u8) -> Option<i64> {
    let negative = first & 0x40 != 0;
    let start = if negative { -1_i64 } else { 0 };
    let first = if negative { first } else { first & 0x7f };
    let bytes = std::iter::once(first).chain(field.get(1..)?.iter().copied());
    let mut value = start;
    for byte in bytes {
        value = value.checked_mul(256)?.checked_add(i64::from(byte))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"0000755\0"), Some(0o755));
        assert_eq!(number(b"  755 \0\0"), Some(0o755));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(b"\x80\0\0\0\0\x01\0\x01"), Some(65537));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff"), Some(-1));
        assert_eq!(number(b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(number(b"0000785\0"), None);
    }
}
