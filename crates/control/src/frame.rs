//! Framing: a little-endian length of four bytes, then that many bytes of JSON.
//!
//! Owns where a message begins and ends and which descriptors came with it. Reads no JSON and touches no socket:
//! the caller feeds what `recvmsg(2)` gave it. `encode` is the other direction.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::OwnedFd;

use serde::Serialize;

/// The longest JSON body that is accepted, in bytes.
pub const MAX_MESSAGE: usize = 16 << 20;

/// The most descriptors that one message carries; the host's own limit (`SCM_MAX_FD`) is 253.
pub const MAX_DESCRIPTORS: usize = 250;

const HEADER: usize = 4;

/// One whole message: its JSON and the descriptors that it may name by index.
#[derive(Debug)]
pub struct Frame {
    /// The JSON text, not yet looked at.
    pub body: Vec<u8>,
    /// The descriptors that arrived with the message's first byte, in order.
    pub descriptors: Vec<OwnedFd>,
}

/// The stream can no longer be read; the only remedy is to close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// A message announced this many bytes, which is more than [`MAX_MESSAGE`].
    TooLong(usize),
    /// Descriptors came with bytes that begin no message.
    StrayDescriptors,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => write!(f, "a control message of {length} bytes exceeds {MAX_MESSAGE}"),
            Self::StrayDescriptors => f.write_str("descriptors arrived in the middle of a control message"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Puts the pieces that a stream socket delivers together into messages.
///
/// Linux ends a read on a stream socket after the piece that carried descriptors, so the descriptors of one read
/// belong to the last message that begins in it (unix(7), and `unix_stream_read_generic` in the host's source).
/// That holds because a sender gives each message its own `sendmsg(2)`.
#[derive(Debug, Default)]
pub struct Decoder {
    partial: Vec<u8>,
    partial_descriptors: Vec<OwnedFd>,
    ready: VecDeque<Frame>,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what one read gave: its bytes, and the descriptors that came with them.
    ///
    /// # Errors
    /// When the stream is broken; the decoder must not be fed again.
    pub fn feed(&mut self, bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<(), FrameError> {
        let fresh_from = self.partial.len();
        self.partial.extend_from_slice(bytes);
        let mut start = 0;
        let mut last_started_is_ready = false;
        while let Some(length) = body_length(&self.partial[start..])? {
            let end = start + HEADER + length;
            if end > self.partial.len() {
                break;
            }
            let body = self.partial[start + HEADER..end].to_vec();
            self.ready.push_back(Frame { body, descriptors: std::mem::take(&mut self.partial_descriptors) });
            last_started_is_ready |= start >= fresh_from;
            start = end;
        }
        let partial_started = start < self.partial.len() && start >= fresh_from;
        self.partial.drain(..start);
        if descriptors.is_empty() {
            return Ok(());
        }
        let owner = if partial_started {
            &mut self.partial_descriptors
        } else if let Some(frame) = self.ready.back_mut().filter(|_| last_started_is_ready) {
            &mut frame.descriptors
        } else {
            return Err(FrameError::StrayDescriptors);
        };
        owner.extend(descriptors);
        Ok(())
    }

    /// The next whole message, if one is there.
    pub fn next_frame(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    /// Whether the stream may end here: no message is half read.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.partial.is_empty()
    }
}

fn body_length(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let length = u32::from_le_bytes(*header) as usize;
    if length > MAX_MESSAGE { Err(FrameError::TooLong(length)) } else { Ok(Some(length)) }
}

/// One message, ready to be written.
///
/// # Panics
/// When the message has no JSON form or exceeds [`MAX_MESSAGE`]; the messages of this crate do neither.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    serde_json::to_writer(&mut bytes, message).expect("a message has a JSON form");
    let length = bytes.len() - HEADER;
    assert!(length <= MAX_MESSAGE, "a message of {length} bytes was written");
    bytes[..HEADER].copy_from_slice(&u32::to_le_bytes(length as u32));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn message(text: &str) -> Vec<u8> {
        encode(&text)
    }

    fn descriptor() -> OwnedFd {
        File::open("/dev/null").unwrap().into()
    }

    fn bodies(decoder: &mut Decoder) -> Vec<(String, usize)> {
        std::iter::from_fn(|| decoder.next_frame())
            .map(|frame| (serde_json::from_slice(&frame.body).unwrap(), frame.descriptors.len()))
            .collect()
    }

    #[test]
    fn a_message_that_arrives_byte_by_byte_keeps_its_descriptor() {
        let mut decoder = Decoder::new();
        for (index, byte) in message("slow").iter().enumerate() {
            let descriptors = if index == 0 { vec![descriptor()] } else { vec![] };
            decoder.feed(&[*byte], descriptors).unwrap();
        }
        assert_eq!(bodies(&mut decoder), [("slow".into(), 1)]);
        assert!(decoder.is_between_messages());
    }

    #[test]
    fn descriptors_belong_to_the_last_message_that_begins_in_a_read() {
        let mut decoder = Decoder::new();
        let two = [message("first"), message("second")].concat();
        decoder.feed(&two, vec![descriptor(), descriptor()]).unwrap();
        assert_eq!(bodies(&mut decoder), [("first".into(), 0), ("second".into(), 2)]);
    }

    #[test]
    fn descriptors_of_a_partial_message_wait_for_its_rest() {
        let mut decoder = Decoder::new();
        let (first, second) = (message("first"), message("second"));
        decoder.feed(&first[..6], vec![descriptor()]).unwrap();
        assert!(decoder.next_frame().is_none());
        decoder.feed(&[&first[6..], &second[..2]].concat(), vec![descriptor(), descriptor()]).unwrap();
        decoder.feed(&second[2..], vec![]).unwrap();
        assert_eq!(bodies(&mut decoder), [("first".into(), 1), ("second".into(), 2)]);
    }

    #[test]
    fn descriptors_in_the_middle_of_a_message_are_refused() {
        let mut decoder = Decoder::new();
        let whole = message("whole");
        decoder.feed(&whole[..5], vec![]).unwrap();
        assert_eq!(decoder.feed(&whole[5..], vec![descriptor()]), Err(FrameError::StrayDescriptors));
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_its_body_is_read() {
        let length = MAX_MESSAGE + 1;
        let header = u32::to_le_bytes(length as u32);
        assert_eq!(Decoder::new().feed(&header, vec![]), Err(FrameError::TooLong(length)));
    }
}
