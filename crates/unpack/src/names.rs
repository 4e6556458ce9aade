//! Paths of entries as names below the root.

use crate::refusal::{Refusal, Result};

/// The longest path, as a system call takes it.
const PATH_MAX: usize = 4095;
/// The longest name.
pub(crate) const NAME_MAX: usize = erofs::layout::NAME_MAX;

/// The names of a path, cleaned as Go's `path.Clean` does it for docker: absolute paths begin at the root, `.` is
/// skipped, `..` takes the name before it away.
///
/// # Errors
/// Where it leads outside of the root, or is too long for Linux.
pub(crate) fn components(path: &[u8]) -> Result<Vec<&[u8]>> {
    if path.len() > PATH_MAX {
        return Err(Refusal::invalid("its path is longer than 4095 bytes"));
    }
    if path.contains(&0) {
        return Err(Refusal::invalid("its path contains a zero byte"));
    }
    let mut names = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop().ok_or_else(|| Refusal::invalid("its path leads outside of the layer"))?;
            }
            _ if name.len() > NAME_MAX => return Err(Refusal::invalid("a name in its path is longer than 255 bytes")),
            _ => names.push(name),
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(components(b"/etc//./passwd").unwrap(), [b"etc".as_slice(), b"passwd"]);
        assert_eq!(components(b"a/b/../c/").unwrap(), [b"a".as_slice(), b"c"]);
        assert!(components(b"./").unwrap().is_empty());
        for outside in [b"../etc/passwd".as_slice(), b"a/../../b", b"/..", b"a\0b"] {
            assert!(components(outside).is_err(), "{}", outside.escape_ascii());
        }
        assert!(components(&[b'x'; 256]).is_err());
        assert!(components(&b"x/".repeat(2100)).is_err());
    }
}
