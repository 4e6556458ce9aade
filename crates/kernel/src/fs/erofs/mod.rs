//! Trees in EROFS images, as layers of a container's root.
//!
//! Owns: [`ErofsImage`]: what a layer needs of an image and the files with its data. Walks, status, names, links and
//! attributes come from metadata that is kept in memory once it was read; data is read and mapped where it lies.
//! Does not own: the format (the crate `erofs`), whiteouts between layers (`fs::overlay`), changes (`fs::tmpfs`).
//!
//! What is damaged is `EUCLEAN` here and concerns only who meets it.

mod file;
#[cfg(test)]
mod tests;

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use ::erofs::layout::decode_device;
use ::erofs::{Entry, Image, Inode, ReadAt, Xattr};
use abi::Errno;
use abi::stat::{S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, Stat};
use abi::time::Timespec;
use platform::host;

use self::file::ErofsFile;
use super::device_number;
use super::tmpfs::lower::LowerContent;

/// The attribute of a directory that hides all that lower layers have below it, as overlayfs has it.
const OPAQUE: &[u8] = b"trusted.overlay.opaque";
/// How attributes begin that are marks of layers and not the image's own.
const MARKS: [&[u8]; 2] = [b"trusted.overlay.", b"trusted.podvisor."];

/// Why an image cannot be a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub ::erofs::Error);

struct Source(Arc<OwnedFd>);

impl ReadAt for Source {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, i32> {
        host::read_at(self.0.as_fd(), buffer, position).map_err(|error| error.0)
    }
}

/// An image and the files with its data.
pub struct ErofsImage {
    image: Image<Source>,
    /// By device number: the image itself, then those of its device table.
    files: Vec<Arc<OwnedFd>>,
}

impl ErofsImage {
    /// The image in `image` with its data there and in `devices`, in the order of its device table.
    pub fn open(image: OwnedFd, devices: Vec<OwnedFd>) -> Result<Arc<ErofsImage>, Refused> {
        let length = |file: &OwnedFd| match host::stat(file.as_fd()) {
            Ok(stat) if stat.mode & S_IFMT == S_IFREG => Ok(stat.size.unsigned_abs()),
            Ok(_) => Err(Refused(::erofs::Error::Damaged("it is not a regular file"))),
            Err(error) => Err(Refused(::erofs::Error::Host(error.0))),
        };
        let lengths = devices.iter().map(length).collect::<Result<Vec<_>, _>>()?;
        let own = length(&image)?;
        let files: Vec<Arc<OwnedFd>> = std::iter::once(image).chain(devices).map(Arc::new).collect();
        let source = files.first().map(Arc::clone).ok_or(Refused(::erofs::Error::Damaged("it is no file")))?;
        let image = Image::open(Source(source), own, &lengths).map_err(Refused)?;
        Ok(Arc::new(ErofsImage { image, files }))
    }

    /// The root directory.
    pub fn root(&self) -> Result<Inode, Errno> {
        self.image.root().map_err(errno)
    }

    /// What `directory` has under `name`.
    pub fn find(&self, directory: &Inode, name: &[u8]) -> Result<Option<Inode>, Errno> {
        let found = self.image.lookup(directory, name).map_err(errno)?;
        found.map(|nid| self.image.inode(nid).map_err(errno)).transpose()
    }

    /// Every name of `directory`, with whether it is a whiteout.
    pub fn list(&self, directory: &Inode) -> Result<Vec<(Entry, bool)>, Errno> {
        let marked = |mut entry: Entry| {
            // Only a device can be a whiteout, and only its inode says so.
            let inode = match entry.kind {
                S_IFCHR | 0 => Some(self.image.inode(entry.nid).map_err(errno)?),
                _ => None,
            };
            entry.kind = inode.map_or(entry.kind, |inode| inode.mode & S_IFMT);
            Ok((entry, inode.is_some_and(|inode| is_whiteout(&inode))))
        };
        self.image.list(directory).map_err(errno)?.into_iter().map(marked).collect()
    }

    /// The status of an inode; its number is the image's.
    pub fn stat(&self, inode: &Inode) -> Stat {
        let time = Timespec { seconds: inode.mtime, nanoseconds: i64::from(inode.mtime_nsec) };
        let (major, minor) = decode_device(inode.device());
        let is_device = matches!(inode.mode & S_IFMT, S_IFCHR | S_IFBLK);
        Stat {
            ino: inode.nid,
            nlink: u64::from(inode.nlink),
            mode: inode.mode,
            uid: inode.uid,
            gid: inode.gid,
            rdev: if is_device { device_number(u64::from(major), u64::from(minor)) } else { 0 },
            size: i64::try_from(inode.size).unwrap_or(i64::MAX),
            atime: time,
            mtime: time,
            ctime: time,
            ..Stat::default()
        }
    }

    /// True if a directory hides all that lower layers have below it.
    pub fn is_opaque(&self, directory: &Inode) -> Result<bool, Errno> {
        let xattrs = self.image.xattrs(directory).map_err(errno)?;
        Ok(xattrs.iter().any(|(name, value)| name == OPAQUE && value == b"y"))
    }

    /// The extended attributes of an inode without the marks.
    pub fn xattrs(&self, inode: &Inode) -> Result<Vec<Xattr>, Errno> {
        let mut xattrs = self.image.xattrs(inode).map_err(errno)?;
        xattrs.retain(|(name, _)| !MARKS.iter().any(|mark| name.starts_with(mark)));
        Ok(xattrs)
    }

    /// What an inode other than a directory holds.
    pub fn content(self: &Arc<Self>, inode: Inode) -> Result<LowerContent, Errno> {
        match inode.mode & S_IFMT {
            S_IFREG => Ok(LowerContent::File(Arc::new(ErofsFile::new(Arc::clone(self), inode)))),
            S_IFLNK => Ok(LowerContent::Symlink(self.image.link_text(&inode).map_err(errno)?)),
            S_IFDIR => Err(Errno::EUCLEAN),
            _ => Ok(LowerContent::Special),
        }
    }
}

/// True for a name that is hidden in lower layers: overlayfs's character device 0/0.
pub fn is_whiteout(inode: &Inode) -> bool {
    inode.mode & S_IFMT == S_IFCHR && inode.device() == 0
}

fn errno(error: ::erofs::Error) -> Errno {
    match error {
        ::erofs::Error::Damaged(_) => Errno::EUCLEAN,
        ::erofs::Error::Unsupported(_) => Errno::EOPNOTSUPP,
        ::erofs::Error::Host(_) => Errno::EIO,
    }
}
