//! The host's random bytes.

use rustix::rand::{GetRandomFlags, getrandom};

/// Fills `buffer` from getrandom(2).
///
/// # Panics
/// Where the host has no getrandom(2): there is nothing safe to answer instead.
pub fn fill(buffer: &mut [u8]) {
    let mut rest = buffer;
    while !rest.is_empty() {
        match getrandom(&mut *rest, GetRandomFlags::empty()) {
            Ok(filled) => rest = &mut rest[filled..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("the host gives no random bytes: {error}"),
        }
    }
}
