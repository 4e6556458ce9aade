//! Guest memory: every access is a copy, checked when it is made.
//!
//! Owns: [`UserPtr`] and a task's copy-in and copy-out. Does not own: how the host reaches the
//! memory (`platform`). A bad address is `EFAULT`, as each man page says.

use std::marker::PhantomData;

use abi::Errno;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::Task;

/// The address of a `T` in a guest's memory; 0 is the null pointer.
pub struct UserPtr<T>(pub u64, PhantomData<fn() -> T>);

impl<T> UserPtr<T> {
    /// The pointer with that value.
    pub const fn new(address: u64) -> UserPtr<T> {
        UserPtr(address, PhantomData)
    }

    /// Whether it is the null pointer.
    pub fn is_null(self) -> bool {
        self.0 == 0
    }
}

impl<T> Clone for UserPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for UserPtr<T> {}

/// The longest path that a call accepts, with its final zero: limits.h's PATH_MAX.
pub const PATH_MAX: usize = 4096;

impl Task {
    /// Fills `buffer` from `address`, or `EFAULT`.
    pub fn read_bytes(&self, address: u64, buffer: &mut [u8]) -> Result<(), Errno> {
        match self.read_some(address, buffer)? {
            n if n == buffer.len() => Ok(()),
            _ => Err(Errno::EFAULT),
        }
    }

    /// Reads as much as is mapped from `address` on; `EFAULT` where nothing is.
    pub fn read_some(&self, address: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.kernel().platform.read_memory(self.host, address, buffer).map_err(|_| Errno::EFAULT)
    }

    /// Writes all of `bytes` to `address`, or `EFAULT`.
    pub fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        match self.write_some(address, bytes)? {
            n if n == bytes.len() => Ok(()),
            _ => Err(Errno::EFAULT),
        }
    }

    /// Writes as much as is mapped from `address` on; `EFAULT` where nothing is.
    pub fn write_some(&self, address: u64, bytes: &[u8]) -> Result<usize, Errno> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.kernel().platform.write_memory(self.host, address, bytes).map_err(|_| Errno::EFAULT)
    }

    /// Copies a value in.
    pub fn read<T: FromBytes + IntoBytes + Immutable>(&self, pointer: UserPtr<T>) -> Result<T, Errno> {
        let mut value = T::new_zeroed();
        self.read_bytes(pointer.0, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies a value out.
    pub fn write<T: IntoBytes + Immutable>(&self, pointer: UserPtr<T>, value: &T) -> Result<(), Errno> {
        self.write_bytes(pointer.0, value.as_bytes())
    }

    /// Copies `count` values in; the caller has bounded `count`.
    pub fn read_array<T: FromBytes + IntoBytes + Immutable + Clone>(
        &self,
        pointer: UserPtr<T>,
        count: usize,
    ) -> Result<Vec<T>, Errno> {
        let mut values = vec![T::new_zeroed(); count];
        self.read_bytes(pointer.0, values.as_mut_slice().as_mut_bytes())?;
        Ok(values)
    }

    /// A zero-terminated string of at most `limit` bytes with its zero, without it;
    /// `too_long` where it is longer.
    pub fn read_string(&self, address: u64, limit: usize, too_long: Errno) -> Result<Vec<u8>, Errno> {
        const PAGE: u64 = 4096;
        let mut text = Vec::new();
        let mut chunk = [0u8; PAGE as usize];
        while text.len() < limit {
            let at = address.checked_add(text.len() as u64).ok_or(Errno::EFAULT)?;
            let to_page_end = (PAGE - at % PAGE) as usize;
            let wanted = to_page_end.min(limit.saturating_sub(text.len())).min(if text.is_empty() {
                256
            } else {
                PAGE as usize
            });
            let piece = chunk.get_mut(..wanted).ok_or(Errno::EFAULT)?;
            self.read_bytes(at, piece)?;
            if let Some(end) = piece.iter().position(|byte| *byte == 0) {
                text.extend(piece.iter().take(end));
                return Ok(text);
            }
            text.extend_from_slice(piece);
        }
        Err(too_long)
    }

    /// A path argument: `ENAMETOOLONG` over [`PATH_MAX`], as path_resolution(7).
    pub fn read_path(&self, address: u64) -> Result<Vec<u8>, Errno> {
        self.read_string(address, PATH_MAX, Errno::ENAMETOOLONG)
    }
}
