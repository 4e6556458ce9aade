//! Extended headers of POSIX.1-2001, pax(1): records `LENGTH KEY=VALUE\n` that say what a header has no room for.

use super::Pieces;
use crate::refusal::{Refusal, Result};

/// What the records of one entry say.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) uid: Option<i64>,
    pub(crate) gid: Option<i64>,
    pub(crate) mtime: Option<(i64, u32)>,
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) sparse: Sparse,
}

/// GNU tar's records of a sparse file, in its formats 0.0, 0.1 and 1.0.
#[derive(Default)]
pub(crate) struct Sparse {
    /// Format 1.0: the map precedes the data.
    pub(crate) map_in_data: bool,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    /// Formats 0.0 and 0.1: the map itself.
    pub(crate) map: Pieces,
    offset: Option<u64>,
}

impl Records {
    /// Reads the records of one extended header.
    pub(crate) fn read(mut bytes: &[u8]) -> Result<Records> {
        let wrong = || Refusal::invalid("its extended header is no list of records");
        let mut records = Records::default();
        while !bytes.is_empty() {
            let space = bytes.iter().position(|byte| *byte == b' ').filter(|at| *at < 20).ok_or_else(wrong)?;
            let length = decimal(&bytes[..space]).and_then(|length| usize::try_from(length).ok()).ok_or_else(wrong)?;
            let record = bytes.get(space + 1..length).ok_or_else(wrong)?;
            let record = record.strip_suffix(b"\n").ok_or_else(wrong)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(wrong)?;
            records.take(&record[..equals], &record[equals + 1..])?;
            bytes = &bytes[length..];
        }
        Ok(records)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let number = || {
            let wrong = || Refusal::invalid(format!("{} in its extended header is no number", key.escape_ascii()));
            decimal(value).ok_or_else(wrong)
        };
        let id = || number().map(|id| Some(i64::try_from(id).unwrap_or(i64::MAX)));
        match key {
            b"path" => self.path = some(value),
            b"linkpath" => self.link = some(value),
            b"size" => self.size = Some(number()?),
            b"uid" => self.uid = id()?,
            b"gid" => self.gid = id()?,
            b"mtime" => self.mtime = Some(time(value)?),
            _ => match key.strip_prefix(b"SCHILY.xattr.") {
                Some(name) => self.xattrs.push((name.to_vec(), value.to_vec())),
                None => self.sparse.take(key, value, number)?,
            },
        }
        Ok(())
    }
}

impl Sparse {
    fn take(&mut self, key: &[u8], value: &[u8], number: impl Fn() -> Result<u64>) -> Result<()> {
        match key {
            b"GNU.sparse.major" => self.map_in_data = number()? == 1,
            b"GNU.sparse.name" => self.name = some(value),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.size = Some(number()?),
            b"GNU.sparse.offset" => self.offset = Some(number()?),
            b"GNU.sparse.numbytes" => {
                let offset = self.offset.take();
                let offset = offset.ok_or_else(|| Refusal::invalid("its map of a sparse file is wrong"))?;
                self.map.push((offset, number()?));
            }
            b"GNU.sparse.map" => {
                let numbers: Option<Vec<u64>> = value.split(|byte| *byte == b',').map(decimal).collect();
                let numbers = numbers.filter(|numbers| numbers.len() % 2 == 0);
                let numbers = numbers.ok_or_else(|| Refusal::invalid("its map of a sparse file is wrong"))?;
                self.map = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            }
            _ => {}
        }
        Ok(())
    }
}

/// An empty value takes a key away (pax(1)).
fn some(value: &[u8]) -> Option<Vec<u8>> {
    (!value.is_empty()).then(|| value.to_vec())
}

/// A number without a sign.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// Seconds since 1970 with a fraction, and a sign where it was before.
fn time(value: &[u8]) -> Result<(i64, u32)> {
    let read = || {
        let (negative, value) = value.strip_prefix(b"-").map_or((false, value), |value| (true, value));
        let mut parts = value.splitn(2, |byte| *byte == b'.');
        let seconds = i64::try_from(decimal(parts.next()?)?).ok()?;
        let fraction: Vec<u8> = parts.next().unwrap_or_default().iter().copied().chain(*b"000000000").take(9).collect();
        let nanoseconds = u32::try_from(decimal(&fraction)?).ok()?;
        Some(match (negative, nanoseconds) {
            (false, _) => (seconds, nanoseconds),
            (true, 0) => (-seconds, 0),
            (true, _) => (-seconds - 1, 1_000_000_000 - nanoseconds),
        })
    };
    read().ok_or_else(|| Refusal::invalid("mtime in its extended header is no time"))
}

#[cfg(test)]
mod tests {
    use super::{Records, time};

    #[test]
    fn records_say_what_the_header_has_no_room_for() {
        let records = Records::read(b"12 path=a/b\n31 SCHILY.xattr.user.x=one=two\n\n15 uid=4000000\n");
        assert!(records.is_err(), "a length that does not fit is refused");
        let records = Records::read(b"12 path=a/b\n29 SCHILY.xattr.user.x=one=\n\n15 uid=4000000\n").unwrap();
        assert_eq!(records.path.as_deref(), Some(b"a/b".as_slice()));
        assert_eq!(records.xattrs, [(b"user.x".to_vec(), b"one=\n".to_vec())]);
        assert_eq!(records.uid, Some(4_000_000));
    }

    #[test]
    fn hostile_records_are_refused() {
        for records in [b"9999 path=a\n".as_slice(), b"5 path=a/b\n", b"x path=a\n", b"10 size=-1\n", b"6 path\n"] {
            assert!(Records::read(records).is_err(), "{}", records.escape_ascii());
        }
    }

    #[test]
    fn times_have_nanoseconds_and_signs() {
        assert_eq!(time(b"1.5").unwrap(), (1, 500_000_000));
        assert_eq!(time(b"-1.25").unwrap(), (-2, 750_000_000));
        assert_eq!(time(b"7").unwrap(), (7, 0));
        assert!(time(b"1e9").is_err());
    }
}
