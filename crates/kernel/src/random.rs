//! Random bytes, random(7).
//!
//! Owns: where the bytes of getrandom(2), /dev/urandom and AT_RANDOM come from: the host's
//! generator, which never blocks once the host has booted.

/// Fills `buffer`.
pub fn fill(buffer: &mut [u8]) {
    platform::random::fill(buffer);
}

/// A random number.
pub fn number() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// A random UUID of version 4, RFC 9562.
pub fn uuid() -> [u8; 16] {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x40;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    bytes
}

/// The 36 characters of a UUID.
pub fn uuid_text(uuid: [u8; 16]) -> String {
    let hex: Vec<String> = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().concat();
    [part(0..4), part(4..6), part(6..8), part(8..10), part(10..16)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        let text = uuid_text(uuid());
        assert_eq!(text.len(), 36);
        assert_eq!(text.chars().nth(14), Some('4'));
        assert!(matches!(text.chars().nth(19), Some('8' | '9' | 'a' | 'b')));
        assert_ne!(uuid_text(uuid()), text);
    }
}
