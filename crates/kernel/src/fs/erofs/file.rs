//! The bytes of a regular file of an image.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use ::erofs::layout::BLOCK;
use ::erofs::{Inode, Run};
use abi::Errno;
use platform::host;

use super::{ErofsImage, errno};
use crate::fs::tmpfs::lower::LowerFile;
use crate::vfs::HostMapping;

/// One file.
pub(super) struct ErofsFile {
    image: Arc<ErofsImage>,
    inode: Inode,
}

impl ErofsFile {
    pub(super) fn new(image: Arc<ErofsImage>, inode: Inode) -> ErofsFile {
        ErofsFile { image, inode }
    }

    fn run(&self, position: u64) -> Result<Option<Run>, Errno> {
        self.image.image.run(&self.inode, position).map_err(errno)
    }

    fn device(&self, number: u16) -> Result<&Arc<OwnedFd>, Errno> {
        self.image.files.get(usize::from(number)).ok_or(Errno::EUCLEAN)
    }
}

impl LowerFile for ErofsFile {
    fn open(&self) -> Result<Arc<OwnedFd>, Errno> {
        self.device(0).map(Arc::clone)
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        let mut filled = 0_usize;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let Some(run) = self.run(position.saturating_add(filled as u64))? else { break };
            let length = usize::try_from(run.length).unwrap_or(usize::MAX).min(rest.len());
            let piece = rest.get_mut(..length).unwrap_or_default();
            let done = match run.at {
                Some(at) => host::read_at(self.device(run.device)?.as_fd(), piece, at).map_err(|_| Errno::EIO)?,
                None => {
                    piece.fill(0);
                    length
                }
            };
            if done == 0 {
                // The host's file is shorter than when the image was opened.
                return Err(Errno::EIO);
            }
            filled = filled.saturating_add(done);
        }
        Ok(filled)
    }

    /// Data and holes as the image has them; neighbouring pieces of data count as one.
    fn seek_data(&self, offset: u64, hole: bool) -> Result<u64, Errno> {
        let mut position = offset;
        while let Some(run) = self.run(position)? {
            if run.at.is_none() == hole {
                return Ok(position);
            }
            position = position.saturating_add(run.length);
        }
        if hole { Ok(self.inode.size) } else { Err(Errno::ENXIO) }
    }

    /// In place where all of it lies together, page by page, in the part of the file that holds nothing but what
    /// everybody in the container may read: mremap(2) lets a guest see what lies behind.
    fn mapping(&self) -> Result<Option<HostMapping>, Errno> {
        let Some(Run { device, at: Some(at), length }) = self.run(0)? else { return Ok(None) };
        let together = length == self.inode.size && at.is_multiple_of(BLOCK);
        if !together || !self.image.image.is_public(device, at) {
            return Ok(None);
        }
        Ok(Some(HostMapping { file: Arc::clone(self.device(device)?), offset: at, length }))
    }
}
