//! Open files and directories of a volume.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, Stat};
use platform::host;

use super::errno;
use super::node::HostNode;
use super::size::Size;
use crate::sync::Mutex;
use crate::vfs::{DirEntry, File, HostMapping, Inode};

/// How many entries one call hands over at most.
const ENTRIES: usize = 512;

/// An open regular file.
pub(super) struct VolumeFile {
    node: Arc<HostNode>,
    fd: Arc<OwnedFd>,
}

impl VolumeFile {
    pub(super) fn new(node: Arc<HostNode>, fd: Arc<OwnedFd>) -> VolumeFile {
        if let Some(size) = node.fs().size() {
            size.opened(node.key());
        }
        VolumeFile { node, fd }
    }

    /// Writes as much as the volume has room for.
    fn write_within(&self, size: &Size, buffer: &[u8], position: u64) -> Result<usize, Errno> {
        let before = self.length()?;
        let end = position.saturating_add(buffer.len() as u64);
        let room = size.room_for(end.saturating_sub(before));
        let fits = before.saturating_add(room).saturating_sub(position);
        let fits = usize::try_from(fits).unwrap_or(usize::MAX).min(buffer.len());
        let Some(piece) = buffer.get(..fits).filter(|piece| !piece.is_empty() || buffer.is_empty()) else {
            return Err(Errno::ENOSPC);
        };
        let written = host::write_at(self.fd.as_fd(), piece, position).map_err(errno)?;
        let after = position.saturating_add(written as u64);
        size.grown(self.node.key(), after.saturating_sub(before));
        Ok(written)
    }

    fn length(&self) -> Result<u64, Errno> {
        Ok(host::stat(self.fd.as_fd()).map_err(errno)?.size.unsigned_abs())
    }
}

impl Drop for VolumeFile {
    fn drop(&mut self) {
        if let Some(size) = self.node.fs().size() {
            size.closed(self.node.key(), self.fd.as_fd());
        }
    }
}

impl File for VolumeFile {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.node.fs().shown(host::stat(self.fd.as_fd()).map_err(errno)?))
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        host::read_at(self.fd.as_fd(), buffer, position).map_err(errno)
    }

    fn write(&self, buffer: &[u8], position: u64) -> Result<usize, Errno> {
        match self.node.fs().size() {
            Some(size) => self.write_within(size, buffer, position),
            None => host::write_at(self.fd.as_fd(), buffer, position).map_err(errno),
        }
    }

    fn seekable(&self) -> bool {
        true
    }

    fn seek_data(&self, offset: u64, hole: bool) -> Result<u64, Errno> {
        host::seek_data(self.fd.as_fd(), offset, hole).map_err(errno)
    }

    fn truncate(&self, length: u64) -> Result<(), Errno> {
        self.node.resize(self.fd.as_fd(), length)
    }

    fn allocate(&self, mode: u32, offset: u64, length: u64) -> Result<(), Errno> {
        let before = self.length()?;
        let most = offset.saturating_add(length).saturating_sub(before);
        self.node.fs().charge(most)?;
        let done = host::allocate(self.fd.as_fd(), mode, offset, length).map_err(errno);
        let after = self.length()?;
        self.node.fs().discharge(most.saturating_add(before).saturating_sub(after));
        done
    }

    fn sync(&self) -> Result<(), Errno> {
        host::sync(self.fd.as_fd()).map_err(errno)
    }

    fn host_mapping(&self, writable: bool) -> Result<HostMapping, Errno> {
        if let Some(size) = self.node.fs().size() {
            size.mapped(self.node.key(), self.fd.as_fd())?;
        }
        if writable {
            return Ok(HostMapping::whole(Arc::clone(&self.fd)));
        }
        let reader = host::reopen(self.fd.as_fd(), host::Open::Read).map_err(errno)?;
        Ok(HostMapping::whole(Arc::new(reader)))
    }
}

/// An open directory: its names as they were when reading began.
pub(super) struct VolumeDirectory {
    node: Arc<HostNode>,
    names: Mutex<Vec<DirEntry>>,
}

impl VolumeDirectory {
    pub(super) fn new(node: Arc<HostNode>) -> VolumeDirectory {
        VolumeDirectory { node, names: Mutex::default() }
    }

    fn snapshot(&self) -> Result<Vec<DirEntry>, Errno> {
        let own = self.node.host_stat()?;
        let dot = |name: &[u8]| DirEntry { name: name.to_vec(), ino: own.ino, kind: S_IFDIR, next: 0 };
        let mut all = vec![dot(b"."), dot(b"..")];
        for entry in host::list(self.node.directory()?).map_err(errno)? {
            let noted = self.node.fs().noted((own.dev, entry.ino)).kind;
            all.push(DirEntry { name: entry.name, ino: entry.ino, kind: noted.unwrap_or(entry.kind), next: 0 });
        }
        for (entry, next) in all.iter_mut().zip(1..) {
            entry.next = next;
        }
        Ok(all)
    }
}

impl File for VolumeDirectory {
    fn stat(&self) -> Result<Stat, Errno> {
        self.node.stat()
    }

    fn read(&self, _: &mut [u8], _: u64) -> Result<usize, Errno> {
        Err(Errno::EISDIR)
    }

    fn seekable(&self) -> bool {
        true
    }

    fn read_dir(&self, position: u64) -> Result<Vec<DirEntry>, Errno> {
        if position == 0 || self.names.lock().is_empty() {
            let names = self.snapshot()?;
            *self.names.lock() = names;
        }
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(self.names.lock().iter().skip(start).take(ENTRIES).cloned().collect())
    }

    fn sync(&self) -> Result<(), Errno> {
        host::sync(self.node.directory()?).map_err(errno)
    }
}
