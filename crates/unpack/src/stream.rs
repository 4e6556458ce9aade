//! A layer as it comes in: recognised, decompressed, counted and hashed.
//!
//! Three threads share the work: one reads and decompresses, one hashes, and the caller gets the pieces. They exist
//! before the process is confined and begin when [`Start::begin`] is called, so that not a byte is read before.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use sha2::{Digest, Sha256};

use crate::refusal::{Reason, Refusal, Result};

/// Bytes of a piece, and how many wait at most.
const PIECE: usize = 256 * 1024;
const WAITING: usize = 8;

type Piece = Arc<Vec<u8>>;

/// Threads that wait for the word to begin.
pub(crate) struct Start {
    begin: SyncSender<()>,
    stream: Stream,
}

/// The layer's uncompressed bytes.
pub(crate) struct Stream {
    pieces: Receiver<Result<Piece>>,
    current: Piece,
    at: usize,
    failed: Option<Refusal>,
    reader: JoinHandle<()>,
    hasher: JoinHandle<([u8; 32], u64)>,
}

impl Start {
    /// Prepares to read `input`, of which at most `max_bytes` uncompressed bytes are taken.
    pub(crate) fn new(input: impl Read + Send + 'static, max_bytes: u64) -> Result<Start> {
        let host = |error: io::Error| Refusal::new(Reason::Host, format!("a thread cannot be made: {error}"));
        let (begin, may_begin) = sync_channel(0);
        let (to_caller, pieces) = sync_channel(WAITING);
        let (to_hasher, hashed) = sync_channel::<Piece>(WAITING);
        // What a thread's beginning asks of the host is over once it gets here.
        let ready = Arc::new(Barrier::new(3));
        let (reader_ready, hasher_ready) = (Arc::clone(&ready), Arc::clone(&ready));
        let reader = std::thread::Builder::new().name("inflate".into()).spawn(move || {
            reader_ready.wait();
            if may_begin.recv().is_ok()
                && let Err(refusal) = pump(input, max_bytes, &to_caller, &to_hasher)
            {
                let _ = to_caller.send(Err(refusal));
            }
        });
        let hasher = std::thread::Builder::new().name("hash".into()).spawn(move || {
            hasher_ready.wait();
            let (mut hash, mut bytes) = (Sha256::new(), 0);
            for piece in hashed {
                hash.update(piece.as_slice());
                bytes += piece.len() as u64;
            }
            (hash.finalize().into(), bytes)
        });
        let (reader, hasher) = (reader.map_err(host)?, hasher.map_err(host)?);
        ready.wait();
        let stream = Stream { pieces, current: Piece::default(), at: 0, failed: None, reader, hasher };
        Ok(Start { begin, stream })
    }

    /// Begins to read.
    pub(crate) fn begin(self) -> Stream {
        let _ = self.begin.send(());
        self.stream
    }
}

impl Stream {
    /// What comes next; nothing at the end.
    pub(crate) fn fill(&mut self) -> Result<&[u8]> {
        if let Some(refusal) = &self.failed {
            return Err(refusal.clone());
        }
        while self.at == self.current.len() {
            match self.pieces.recv() {
                Ok(Ok(piece)) => (self.current, self.at) = (piece, 0),
                Ok(Err(refusal)) => {
                    self.failed = Some(refusal.clone());
                    return Err(refusal);
                }
                Err(_) => return Ok(&[]),
            }
        }
        Ok(&self.current[self.at..])
    }

    /// Takes `bytes` of what `fill` answered.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.current.len());
    }

    /// Reads what is left, and answers the digest and number of all bytes.
    pub(crate) fn finish(mut self) -> Result<([u8; 32], u64)> {
        loop {
            let bytes = self.fill()?.len();
            if bytes == 0 {
                break;
            }
            self.consume(bytes);
        }
        let broken = |_| Refusal::new(Reason::Host, "a thread of the unpacker broke");
        self.reader.join().map_err(broken)?;
        self.hasher.join().map_err(broken)
    }
}

/// Reads all of `input` in pieces. That the other side is gone ends it quietly.
fn pump(
    input: impl Read,
    max_bytes: u64,
    caller: &SyncSender<Result<Piece>>,
    hasher: &SyncSender<Piece>,
) -> Result<()> {
    let mut input = BufReader::with_capacity(128 * 1024, input);
    let mut plain = decompressed(&mut input)?;
    let mut total = 0;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        plain.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(|error| corrupt(&error))?;
        if piece.is_empty() {
            return Ok(());
        }
        total += piece.len() as u64;
        if total > max_bytes {
            return Err(Refusal::too_large(format!("the layer has more than {max_bytes} bytes uncompressed")));
        }
        let piece = Arc::new(piece);
        if hasher.send(Arc::clone(&piece)).is_err() || caller.send(Ok(piece)).is_err() {
            return Ok(());
        }
    }
}

fn corrupt(error: &io::Error) -> Refusal {
    match error.raw_os_error() {
        Some(_) => Refusal::new(Reason::Host, format!("the layer cannot be read: {error}")),
        None => Refusal::invalid(format!("its compression is broken: {error}")),
    }
}

/// What begins like this is compressed in a way that is not taken, and by what name it is refused.
const REFUSED: [(&[u8], &str); 4] =
    [(b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x5d\0\0", "lzma"), (b"\x04\x22\x4d\x18", "lz4")];

/// The uncompressed bytes of `input`, by what it begins with.
fn decompressed<'i, R: Read>(input: &'i mut BufReader<R>) -> Result<Box<dyn Read + 'i>> {
    let head = input.fill_buf().map_err(|error| corrupt(&error))?;
    if let Some((_, name)) = REFUSED.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(Refusal::new(Reason::Unsupported, format!("a layer compressed with {name} is not supported")));
    }
    Ok(match head {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Box::new(Zstd::new(input)),
        _ => Box::new(input),
    })
}

/// All frames of a zstd stream, one after the other (RFC 8878).
struct Zstd<'i, R: Read> {
    input: &'i mut BufReader<R>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<'i, R: Read> Zstd<'i, R> {
    fn new(input: &'i mut BufReader<R>) -> Zstd<'i, R> {
        Zstd { input, decoder: FrameDecoder::new(), in_frame: false }
    }

    /// Begins the next frame, which may be one to be skipped; false at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.in_frame {
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.init(&mut *self.input) {
                Ok(()) => self.in_frame = true,
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.input.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(true)
    }
}

impl<R: Read> Read for Zstd<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.next_frame()? {
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut *self.input, one).map_err(io::Error::other)?;
            }
            let done = self.decoder.read(buffer)?;
            if done > 0 {
                return Ok(done);
            }
            let sums = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
            if let (Some(told), found) = sums
                && found != Some(told)
            {
                return Err(io::Error::other("the checksum of a zstd frame does not match"));
            }
            self.in_frame = false;
        }
        Ok(0)
    }
}
