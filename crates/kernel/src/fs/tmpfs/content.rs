//! The bytes of a regular file.
//!
//! Owns: [`Content`]. Small files are vectors; a file that grows over [`SMALL`], is sparse beyond it, or is
//! mapped moves into a memory file of the host, or a file without a name in the directory that the space has for
//! them, whose holes cost nothing and which mmap(2) can use. A file of a lower layer stays there until it is written. Whatever is held is charged to the file system's space.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use platform::host;

use super::lower::LowerFile;
use crate::fs::host::errno;
use crate::fs::mapped::MappedFile;
use crate::fs::space::{PAGE, Quota, pages};
use crate::vfs::HostMapping;

/// The largest file that is kept as a vector.
const SMALL: u64 = 256 * 1024;
/// The largest size of a file, as tmpfs has it on x86-64.
const MAX_SIZE: u64 = i64::MAX as u64;
/// How much is copied at once.
const CHUNK: usize = 256 * 1024;

/// Seals of memfd_create(2), fcntl(2)'s F_ADD_SEALS.
pub(super) mod seal {
    pub(in super::super) const SEAL: u32 = 0x01;
    pub(in super::super) const SHRINK: u32 = 0x02;
    pub(in super::super) const GROW: u32 = 0x04;
    pub(in super::super) const WRITE: u32 = 0x08;
    pub(in super::super) const FUTURE_WRITE: u32 = 0x10;
    pub(in super::super) const EXEC: u32 = 0x20;
}

/// The bytes of one file and what they cost.
pub(super) struct Content {
    store: Store,
    charged: u64,
    /// Of what is charged, what lies in a file of the host, in memory or on the disk.
    on_host: u64,
    /// Once it was mapped: what it is charged is kept there, beyond the end of this.
    mapped: Option<Arc<MappedFile>>,
    seals: u32,
}

enum Store {
    Lower { file: Arc<dyn LowerFile>, size: u64 },
    Memory(Vec<u8>),
    Host { file: Arc<OwnedFd>, reader: Option<Arc<OwnedFd>>, size: u64, disk: bool },
}

impl Content {
    /// No bytes.
    pub(super) fn empty() -> Content {
        Content::of(Vec::new())
    }

    /// These bytes, which cost nothing until they are changed.
    pub(super) fn of(bytes: Vec<u8>) -> Content {
        Content { store: Store::Memory(bytes), charged: 0, on_host: 0, mapped: None, seals: seal::SEAL }
    }

    /// The bytes of a lower file.
    pub(super) fn lower(file: Arc<dyn LowerFile>, size: u64) -> Content {
        Content { store: Store::Lower { file, size }, charged: 0, on_host: 0, mapped: None, seals: seal::SEAL }
    }

    pub(super) fn size(&self) -> u64 {
        match &self.store {
            Store::Lower { size, .. } | Store::Host { size, .. } => *size,
            Store::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// The bytes that stat(2) counts in blocks.
    pub(super) fn held(&self) -> u64 {
        match &self.store {
            Store::Host { .. } => self.mapped.as_ref().map_or(self.charged, |mapped| mapped.charged()),
            _ => pages(self.size()),
        }
    }

    /// A descriptor to keep while the file is open, where it is one of a lower layer.
    pub(super) fn lease(&self) -> Result<Option<Arc<OwnedFd>>, Errno> {
        match &self.store {
            Store::Lower { file, .. } => file.open().map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn read(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        let left = self.size().saturating_sub(position);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        match &self.store {
            Store::Lower { file, .. } => file.read(buffer, position),
            Store::Host { file, .. } => host::read_at(file.as_fd(), buffer, position).map_err(errno),
            Store::Memory(bytes) => {
                let start = usize::try_from(position).unwrap_or(usize::MAX);
                let found = bytes.get(start..start.saturating_add(wanted)).unwrap_or_default();
                buffer.copy_from_slice(found);
                Ok(wanted)
            }
        }
    }

    /// Writes as much as there is space for; `ENOSPC` where that is nothing.
    pub(super) fn write(&mut self, space: &Quota, bytes: &[u8], position: u64) -> Result<usize, Errno> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.seals & (seal::WRITE | seal::FUTURE_WRITE) != 0 {
            return Err(Errno::EPERM);
        }
        if position >= MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        let room = usize::try_from(MAX_SIZE.saturating_sub(position)).unwrap_or(usize::MAX);
        let bytes = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        let end = position.saturating_add(bytes.len() as u64);
        if end > self.size() && self.seals & seal::GROW != 0 {
            return Err(Errno::EPERM);
        }
        self.raise(space)?;
        if end > SMALL {
            self.move_to_host(space)?;
        }
        match self.store {
            Store::Memory(_) => self.write_memory(space, bytes, position),
            _ => self.write_host(space, bytes, position),
        }
    }

    fn write_memory(&mut self, space: &Quota, bytes: &[u8], position: u64) -> Result<usize, Errno> {
        let may_reach = self.charged.saturating_add(space.free() / PAGE * PAGE);
        let room = may_reach.max(self.size()).saturating_sub(position);
        let fitting = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let bytes = bytes.get(..fitting).filter(|bytes| !bytes.is_empty()).ok_or(Errno::ENOSPC)?;
        let start = usize::try_from(position).map_err(|_| Errno::EFBIG)?;
        let end = start.saturating_add(bytes.len());
        self.charge(space, pages(end as u64))?;
        if let Store::Memory(held) = &mut self.store {
            if held.len() < end {
                held.resize(end, 0);
            }
            if let Some(place) = held.get_mut(start..end) {
                place.copy_from_slice(bytes);
            }
        }
        Ok(bytes.len())
    }

    fn write_host(&mut self, space: &Quota, bytes: &[u8], position: u64) -> Result<usize, Errno> {
        let Store::Host { file, size, .. } = &mut self.store else { return Err(Errno::EIO) };
        let worst = pages((bytes.len() as u64).saturating_add(PAGE));
        let mut written = 0;
        if space.free() >= worst {
            written = host::write_at(file.as_fd(), bytes, position).map_err(errno)?;
        } else {
            let mut room = space.free();
            for piece in page_pieces(bytes, position) {
                let at = position.saturating_add(written as u64);
                if !holds_data(file, at) {
                    let Some(left) = room.checked_sub(PAGE) else { break };
                    room = left;
                }
                written = written.saturating_add(host::write_at(file.as_fd(), piece, at).map_err(errno)?);
            }
        }
        *size = (*size).max(position.saturating_add(written as u64));
        self.recount(space)?;
        if written == 0 { Err(Errno::ENOSPC) } else { Ok(written) }
    }

    /// Cuts or grows to `length`.
    pub(super) fn truncate(&mut self, space: &Quota, length: u64) -> Result<(), Errno> {
        let size = self.size();
        let sealed =
            (length < size && self.seals & seal::SHRINK != 0) || (length > size && self.seals & seal::GROW != 0);
        if sealed {
            return Err(Errno::EPERM);
        }
        if length > MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        if length == 0 && matches!(self.store, Store::Lower { .. }) {
            self.store = Store::Memory(Vec::new());
            return Ok(());
        }
        self.raise(space)?;
        if length > SMALL {
            self.move_to_host(space)?;
        }
        match &mut self.store {
            Store::Memory(bytes) => {
                let wanted = usize::try_from(length).map_err(|_| Errno::EFBIG)?;
                if wanted < bytes.len() {
                    bytes.truncate(wanted);
                    bytes.shrink_to_fit();
                }
                self.charge(space, pages(length))?;
                if let Store::Memory(bytes) = &mut self.store {
                    bytes.resize(wanted, 0);
                }
                Ok(())
            }
            Store::Host { file, size, .. } => {
                host::truncate(file.as_fd(), length).map_err(errno)?;
                *size = length;
                self.recount(space)
            }
            Store::Lower { .. } => Err(Errno::EIO),
        }
    }

    /// fallocate(2): growing, with or without the size, and punching holes, as tmpfs has them.
    pub(super) fn allocate(&mut self, space: &Quota, mode: u32, offset: u64, length: u64) -> Result<(), Errno> {
        const KEEP_SIZE: u32 = 1;
        const PUNCH_HOLE: u32 = 2;
        let end = offset.checked_add(length).filter(|end| *end <= MAX_SIZE).ok_or(Errno::EFBIG)?;
        let punching = mode == KEEP_SIZE | PUNCH_HOLE;
        if !punching && mode & !KEEP_SIZE != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        let grows = !punching && mode & KEEP_SIZE == 0 && end > self.size();
        if (punching && self.seals & (seal::WRITE | seal::FUTURE_WRITE) != 0) || (grows && self.seals & seal::GROW != 0)
        {
            return Err(Errno::EPERM);
        }
        if !punching && pages(length) > space.free().saturating_add(self.charged) {
            return Err(Errno::ENOSPC);
        }
        self.raise(space)?;
        self.move_to_host(space)?;
        let Store::Host { file, size, .. } = &mut self.store else { return Err(Errno::EIO) };
        host::allocate(file.as_fd(), mode, offset, length).map_err(errno)?;
        if grows {
            *size = end;
        }
        self.recount(space)
    }

    /// lseek(2)'s SEEK_DATA and SEEK_HOLE.
    pub(super) fn seek_data(&self, offset: u64, hole: bool) -> Result<u64, Errno> {
        if offset >= self.size() {
            return Err(Errno::ENXIO);
        }
        match &self.store {
            Store::Host { file, .. } => host::seek_data(file.as_fd(), offset, hole).map_err(errno),
            Store::Lower { file, .. } => file.seek_data(offset, hole),
            Store::Memory(bytes) => Ok(if hole { bytes.len() as u64 } else { offset }),
        }
    }

    /// True if mmap(2) for reading does not need a copy of a lower file.
    pub(super) fn maps_in_place(&self) -> Result<bool, Errno> {
        match &self.store {
            Store::Lower { file, .. } => Ok(file.mapping()?.is_some()),
            _ => Ok(true),
        }
    }

    /// Where the file's bytes lie, for mmap(2). `ENOMEM` where mappings have filled the space beyond its limit and
    /// there are more holes to fill: Linux would let it be mapped, and end who touches it.
    pub(super) fn mapping(&mut self, space: &Quota, writable: bool) -> Result<HostMapping, Errno> {
        if writable && self.seals & (seal::WRITE | seal::FUTURE_WRITE) != 0 {
            return Err(Errno::EPERM);
        }
        if let (Store::Lower { file, .. }, false) = (&self.store, writable)
            && let Some(mapping) = file.mapping()?
        {
            return Ok(mapping);
        }
        self.raise(space)?;
        self.move_to_host(space)?;
        if writable && space.is_exceeded() && self.held() < self.size() {
            return Err(Errno::ENOMEM);
        }
        let Store::Host { file, reader, disk, .. } = &mut self.store else { return Err(Errno::EIO) };
        if self.mapped.is_none() {
            self.mapped = Some(space.map(file, self.charged, *disk)?);
            (self.charged, self.on_host) = (0, 0);
        }
        if writable {
            return Ok(HostMapping::whole(Arc::clone(file)));
        }
        if let Some(reader) = reader {
            return Ok(HostMapping::whole(Arc::clone(reader)));
        }
        let opened = Arc::new(host::reopen(file.as_fd(), host::Open::Read).map_err(errno)?);
        *reader = Some(Arc::clone(&opened));
        Ok(HostMapping::whole(opened))
    }

    /// Charges what a memory file really holds: guests fill holes of mapped files without asking.
    pub(super) fn recount(&mut self, space: &Quota) -> Result<(), Errno> {
        let Store::Host { file, disk, .. } = &self.store else { return Ok(()) };
        if let Some(mapped) = &self.mapped {
            let (now, before) = mapped.recount();
            space.charge_anew(now, before, mapped.disk);
            return Ok(());
        }
        let held = host::stat(file.as_fd()).map_err(errno)?.blocks.unsigned_abs().saturating_mul(512);
        let (before, now) = (std::mem::replace(&mut self.charged, held), held);
        space.give(before);
        space.force(now);
        let before = std::mem::replace(&mut self.on_host, held);
        if *disk {
            space.move_to_disk(before, now);
        } else {
            space.move_to_host(before, now);
        }
        Ok(())
    }

    pub(super) fn seals(&self) -> u32 {
        self.seals
    }

    /// Lets seals be added, as MFD_ALLOW_SEALING.
    pub(super) fn allow_sealing(&mut self) {
        self.seals = 0;
    }

    /// F_ADD_SEALS: `EPERM` where the seals are sealed, `EBUSY` where a shared writable mapping exists.
    pub(super) fn add_seals(&mut self, seals: u32) -> Result<(), Errno> {
        const KNOWN: u32 = seal::SEAL | seal::SHRINK | seal::GROW | seal::WRITE | seal::FUTURE_WRITE | seal::EXEC;
        if seals & !KNOWN != 0 {
            return Err(Errno::EINVAL);
        }
        if self.seals & seal::SEAL != 0 {
            return Err(Errno::EPERM);
        }
        if let Store::Host { file, .. } = &self.store {
            let on_host = seals & (seal::WRITE | seal::FUTURE_WRITE);
            if on_host != 0 {
                host::add_seals(file.as_fd(), on_host).map_err(errno)?;
            }
        }
        self.seals |= seals;
        Ok(())
    }

    /// Gives back what was charged, before it is dropped; what a mapping may hold stays charged until none does.
    pub(super) fn release(&mut self, space: &Quota) {
        space.give(self.charged);
        if matches!(self.store, Store::Host { disk: true, .. }) {
            space.move_to_disk(self.on_host, 0);
        } else {
            space.move_to_host(self.on_host, 0);
        }
        (self.charged, self.on_host) = (0, 0);
    }

    fn charge(&mut self, space: &Quota, wanted: u64) -> Result<(), Errno> {
        match wanted.checked_sub(self.charged) {
            Some(more) => space.take(more)?,
            None => space.give(self.charged.saturating_sub(wanted)),
        }
        self.charged = wanted;
        Ok(())
    }

    /// Copies a lower file up; charges bytes that were free until now.
    fn raise(&mut self, space: &Quota) -> Result<(), Errno> {
        match &self.store {
            Store::Memory(bytes) => {
                let wanted = pages(bytes.len() as u64);
                if self.charged < wanted { self.charge(space, wanted) } else { Ok(()) }
            }
            Store::Host { .. } => Ok(()),
            Store::Lower { file, size } => {
                let (from, size) = (Arc::clone(file), *size);
                if pages(size) > space.free() {
                    return Err(Errno::ENOSPC);
                }
                let mut raised = Content::empty();
                let mut buffer = vec![0; CHUNK.min(usize::try_from(size).unwrap_or(CHUNK))];
                let mut at = 0;
                while at < size {
                    let done = from.read(&mut buffer, at)?;
                    let Some(piece) = buffer.get(..done).filter(|piece| !piece.is_empty()) else { break };
                    if let Err(failed) = raised.write(space, piece, at) {
                        raised.release(space);
                        return Err(failed);
                    }
                    at = at.saturating_add(done as u64);
                }
                raised.seals = self.seals;
                *self = raised;
                Ok(())
            }
        }
    }

    fn move_to_host(&mut self, space: &Quota) -> Result<(), Errno> {
        let Store::Memory(bytes) = &self.store else { return Ok(()) };
        let (file, disk) = space.file()?;
        let size = bytes.len() as u64;
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let done = host::write_at(file.as_fd(), rest, at as u64).map_err(errno)?;
            at = at.saturating_add(done.max(1));
        }
        self.store = Store::Host { file: Arc::new(file), reader: None, size, disk };
        self.recount(space)
    }
}

/// `bytes` cut where pages of the file begin.
fn page_pieces(bytes: &[u8], position: u64) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    let mut at = position;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let to_end = usize::try_from(PAGE.saturating_sub(at % PAGE)).unwrap_or(1).min(rest.len());
        let (piece, left) = rest.split_at(to_end);
        rest = left;
        at = at.saturating_add(piece.len() as u64);
        Some(piece)
    })
}

fn holds_data(file: &OwnedFd, position: u64) -> bool {
    let page = position / PAGE * PAGE;
    host::seek_data(file.as_fd(), page, false).is_ok_and(|data| data < page.saturating_add(PAGE))
}
