//! What a pipe holds: bytes, and packets where a writer asked for them.

use std::collections::VecDeque;

use abi::Errno;

use super::PIPE_BUF;

/// A page of bytes that were written together, or after each other.
struct Chunk {
    bytes: Vec<u8>,
    /// How many of them have been read.
    taken: usize,
    /// A read takes from this chunk alone and the rest of it is lost, pipe(2) O_DIRECT.
    packet: bool,
}

impl Chunk {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }
}

/// A bounded queue of bytes.
pub(super) struct Buffer {
    chunks: VecDeque<Chunk>,
    used: usize,
    capacity: usize,
}

impl Buffer {
    pub(super) fn new(capacity: usize) -> Buffer {
        Buffer { chunks: VecDeque::new(), used: 0, capacity }
    }

    pub(super) fn len(&self) -> usize {
        self.used
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// `EBUSY` where more pages are held already.
    pub(super) fn set_capacity(&mut self, capacity: usize) -> Result<(), Errno> {
        if capacity / PIPE_BUF < self.chunks.len() {
            return Err(Errno::EBUSY);
        }
        self.capacity = capacity;
        Ok(())
    }

    /// How many pages are unused. As on Linux a pipe holds pages, full or not.
    fn free_pages(&self) -> usize {
        (self.capacity / PIPE_BUF).saturating_sub(self.chunks.len())
    }

    /// Whether a write of PIPE_BUF bytes would go through, which is when poll(2) says so.
    pub(super) fn has_room(&self) -> bool {
        self.free_pages() > 0
    }

    /// Takes in what fits: all or nothing up to PIPE_BUF bytes. `None` where nothing does.
    ///
    /// What does not fill pages goes into the last page where it fits there as a whole, the rest into
    /// pages of its own.
    pub(super) fn push(&mut self, bytes: &[u8], packet: bool) -> Option<usize> {
        let odd = bytes.len() % PIPE_BUF;
        let mut rest = bytes;
        if let Some(last) = self.chunks.back_mut()
            && !packet
            && !last.packet
            && last.bytes.len().saturating_add(odd) <= PIPE_BUF
            && let Some((piece, after)) = bytes.split_at_checked(odd)
        {
            last.bytes.extend_from_slice(piece);
            rest = after;
        }
        for page in rest.chunks(PIPE_BUF).take(self.free_pages()) {
            self.chunks.push_back(Chunk { bytes: page.to_vec(), taken: 0, packet });
            rest = rest.get(page.len()..).unwrap_or_default();
        }
        let done = bytes.len().saturating_sub(rest.len());
        self.used = self.used.saturating_add(done);
        (done > 0).then_some(done)
    }

    /// Gives out the front: as much as there is, or one packet.
    pub(super) fn pull(&mut self, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        while let (Some(chunk), Some(place)) = (self.chunks.front_mut(), buffer.get_mut(done..)) {
            if place.is_empty() || (chunk.packet && done > 0) {
                break;
            }
            let count = copy(chunk.rest(), place);
            chunk.taken = chunk.taken.saturating_add(count);
            done = done.saturating_add(count);
            self.used = self.used.saturating_sub(count);
            if chunk.packet || chunk.rest().is_empty() {
                let (packet, lost) = (chunk.packet, chunk.rest().len());
                self.used = self.used.saturating_sub(lost);
                self.chunks.pop_front();
                if packet {
                    break;
                }
            }
        }
        done
    }

    /// The front without taking it.
    pub(super) fn peek(&self, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        for chunk in &self.chunks {
            let Some(place) = buffer.get_mut(done..).filter(|place| !place.is_empty()) else { break };
            done = done.saturating_add(copy(chunk.rest(), place));
        }
        done
    }
}

/// Copies what fits; answers how much.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..count), to.get_mut(..count)) {
        to.copy_from_slice(from);
    }
    count
}
