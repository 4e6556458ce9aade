//! Extended attributes that are kept in memory, for the file systems that have no other place.

use std::collections::BTreeMap;

use abi::Errno;

/// The most bytes that the names and values of one inode have together.
const BYTES: usize = 64 * 1024;

/// The extended attributes of one inode, xattr(7).
#[derive(Clone, Debug, Default)]
pub struct Xattrs(BTreeMap<Vec<u8>, Vec<u8>>);

impl Xattrs {
    /// These attributes, whatever they take.
    pub fn of(all: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Xattrs {
        Xattrs(all.into_iter().collect())
    }

    /// The value, `ENODATA` where there is none.
    pub fn get(&self, name: &[u8]) -> Result<Vec<u8>, Errno> {
        self.0.get(name).cloned().ok_or(Errno::ENODATA)
    }

    /// Sets a value; `flags` as setxattr(2). `ENOSPC` where one inode would hold too much.
    pub fn set(&mut self, name: &[u8], value: &[u8], flags: u32) -> Result<(), Errno> {
        const CREATE: u32 = 1;
        const REPLACE: u32 = 2;
        let there = self.0.contains_key(name);
        if there && flags & CREATE != 0 {
            return Err(Errno::EEXIST);
        }
        if !there && flags & REPLACE != 0 {
            return Err(Errno::ENODATA);
        }
        let others = self.0.iter().filter(|(held, _)| held.as_slice() != name);
        let held: usize = others.map(|(name, value)| name.len().saturating_add(value.len())).sum();
        if held.saturating_add(name.len()).saturating_add(value.len()) > BYTES {
            return Err(Errno::ENOSPC);
        }
        self.0.insert(name.to_vec(), value.to_vec());
        Ok(())
    }

    /// The names.
    pub fn names(&self) -> Vec<Vec<u8>> {
        self.0.keys().cloned().collect()
    }

    /// Removes a value, `ENODATA` where there is none.
    pub fn remove(&mut self, name: &[u8]) -> Result<(), Errno> {
        self.0.remove(name).map(drop).ok_or(Errno::ENODATA)
    }
}
