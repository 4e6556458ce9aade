//! How proc(5) writes things.

use crate::task::Pid;

/// An id as a directory's name: digits without leading zeros.
pub(super) fn id(name: &[u8]) -> Option<Pid> {
    let text = std::str::from_utf8(name).ok()?;
    let number: i32 = text.parse().ok()?;
    (number.to_string() == text).then_some(Pid(number))
}

/// A path with blanks and backslashes in octal, as /proc/mounts and /proc/PID/maps have it.
pub(super) fn escaped(path: &[u8], special: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(path.len());
    for byte in path {
        if special.contains(byte) {
            text.extend(format!("\\{byte:03o}").into_bytes());
        } else {
            text.push(*byte);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_numbers_name_processes() {
        assert_eq!(id(b"12"), Some(Pid(12)));
        for name in [b"012".as_slice(), b"+1", b"1x", b"", b"99999999999"] {
            assert_eq!(id(name), None);
        }
    }

    #[test]
    fn blanks_in_mount_points_are_octal() {
        assert_eq!(escaped(b"/a b\\c", b" \t\n\\"), b"/a\\040b\\134c");
    }
}
