//! Entries as POSIX.1-2001 writes them (pax(1)): what a header has no room for precedes it as records.

use std::io::Write;

use super::header::BLOCK;
use super::{Entry, Kind};
use crate::refusal::{Reason, Refusal, Result};

/// The largest numbers of seven and of eleven octal digits.
const SEVEN: u64 = 0o7_777_777;
const ELEVEN: u64 = 0o77_777_777_777;

/// Writes entries one after the other.
pub(crate) struct Writer<W> {
    output: W,
    pub(crate) bytes: u64,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(output: W) -> Writer<W> {
        Writer { output, bytes: 0 }
    }

    /// A header. For a file `entry.size` bytes of data follow, of a sparse one the pieces alone, each by [`Self::data`].
    pub(crate) fn entry(&mut self, entry: &Entry) -> Result<()> {
        let map = entry.sparse.as_ref().map(|pieces| map(pieces));
        let size = match (entry.kind, &map, &entry.sparse) {
            (Kind::File, Some(map), Some(pieces)) => {
                map.len() as u64 + pieces.iter().map(|(_, length)| length).sum::<u64>()
            }
            (Kind::File, _, _) => entry.size,
            _ => 0,
        };
        let records = records(entry, size)?;
        if !records.is_empty() {
            self.data(&header(b"PaxHeaders/entry", b'x', &[(124, 11, records.len() as u64)], b""))?;
            self.data(&records)?;
            self.pad()?;
        }
        let fields = [
            (100, 7, u64::from(entry.mode & 0o7777)),
            (108, 7, fitting(entry.uid.into(), SEVEN)),
            (116, 7, fitting(entry.gid.into(), SEVEN)),
            (124, 11, fitting(size, ELEVEN)),
            (136, 11, u64::try_from(entry.mtime.0).map_or(0, |seconds| fitting(seconds, ELEVEN))),
            (329, 7, entry.device.0.into()),
            (337, 7, entry.device.1.into()),
        ];
        self.data(&header(&entry.path, flag(entry.kind), &fields, &entry.link))?;
        map.map_or(Ok(()), |map| self.data(&map))
    }

    pub(crate) fn data(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.output.write_all(bytes).map_err(|error| writing(&error))
    }

    /// Fills the last block of an entry's data.
    pub(crate) fn pad(&mut self) -> Result<()> {
        let missing = self.bytes.next_multiple_of(BLOCK as u64) - self.bytes;
        self.data(&[0; BLOCK][..missing as usize])
    }

    /// Ends the archive; answers how many bytes it has.
    pub(crate) fn finish(mut self) -> Result<u64> {
        self.data(&[0; 2 * BLOCK])?;
        self.output.flush().map_err(|error| writing(&error))?;
        Ok(self.bytes)
    }
}

fn writing(error: &std::io::Error) -> Refusal {
    Refusal::new(Reason::Host, format!("the archive cannot be written: {error}"))
}

fn fitting(number: u64, most: u64) -> u64 {
    if number > most { 0 } else { number }
}

fn flag(kind: Kind) -> u8 {
    match kind {
        Kind::File => b'0',
        Kind::HardLink => b'1',
        Kind::SymbolicLink => b'2',
        Kind::CharacterDevice => b'3',
        Kind::BlockDevice => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
    }
}

/// A header block of these numbers, each at its place with so many octal digits.
fn header(name: &[u8], flag: u8, numbers: &[(usize, usize, u64)], link: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8], room: usize| {
        block.iter_mut().skip(at).zip(bytes.iter().take(room)).for_each(|(to, from)| *to = *from);
    };
    put(0, name, 100);
    put(148, b"        ", 8);
    put(156, &[flag], 1);
    put(157, link, 100);
    put(257, b"ustar\x0000", 8);
    for (at, digits, number) in numbers {
        put(*at, format!("{number:0digits$o}").as_bytes(), *digits);
    }
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

/// What the header of an entry with `size` bytes of data has no room for.
fn records(entry: &Entry, size: u64) -> Result<Vec<u8>> {
    let mut records = Vec::new();
    let mut add = |key: &[u8], value: &[u8]| records.extend(record(key, value));
    if entry.sparse.is_some() {
        add(b"GNU.sparse.major", b"1");
        add(b"GNU.sparse.minor", b"0");
        add(b"GNU.sparse.name", &entry.path);
        add(b"GNU.sparse.realsize", entry.size.to_string().as_bytes());
    } else if entry.path.len() > 100 {
        add(b"path", &entry.path);
    }
    if entry.link.len() > 100 {
        add(b"linkpath", &entry.link);
    }
    for (key, number, most) in
        [("uid", u64::from(entry.uid), SEVEN), ("gid", u64::from(entry.gid), SEVEN), ("size", size, ELEVEN)]
    {
        if number > most {
            add(key.as_bytes(), number.to_string().as_bytes());
        }
    }
    let (seconds, nanoseconds) = entry.mtime;
    if nanoseconds > 0 || u64::try_from(seconds).map_or(true, |seconds| seconds > ELEVEN) {
        add(b"mtime", time(seconds, nanoseconds).as_bytes());
    }
    for (name, value) in &entry.xattrs {
        if name.contains(&b'=') {
            return Err(Refusal::invalid(format!("an archive cannot hold its attribute {}", name.escape_ascii())));
        }
        add(&[b"SCHILY.xattr.", name.as_slice()].concat(), value);
    }
    Ok(records)
}

/// One record, whose length counts its own digits as well.
fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = [b" ", key, b"=", value, b"\n"].concat();
    let digits = (1..20).find(|digits| (rest.len() + digits).to_string().len() == *digits).unwrap_or(20);
    [(rest.len() + digits).to_string().as_bytes(), &rest].concat()
}

/// Seconds since 1970, before it with a sign.
fn time(seconds: i64, nanoseconds: u32) -> String {
    match (seconds < 0, nanoseconds) {
        (_, 0) => seconds.to_string(),
        (false, _) => format!("{seconds}.{nanoseconds:09}"),
        (true, _) => format!("-{}.{:09}", -(i128::from(seconds) + 1), 1_000_000_000 - nanoseconds),
    }
}

/// The map of a sparse file in GNU's format 1.0, up to a whole block.
fn map(pieces: &[(u64, u64)]) -> Vec<u8> {
    let mut map = format!("{}\n", pieces.len()).into_bytes();
    for (offset, length) in pieces {
        map.extend(format!("{offset}\n{length}\n").into_bytes());
    }
    map.resize(map.len().next_multiple_of(BLOCK), 0);
    map
}
