//! Host directories and files that are reached by one name at a time.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock, Weak};

use abi::Errno;
use abi::stat::Stat;
use platform::host::{self, Entry, Open};

use super::errno;
use crate::fs::tmpfs::lower::LowerFile;
use crate::sync::Mutex;

/// A directory of the host, opened when it is first looked into.
pub struct HostDirectory {
    place: Option<(Arc<HostDirectory>, Vec<u8>)>,
    open: OnceLock<OwnedFd>,
}

impl HostDirectory {
    /// The directory behind a descriptor.
    pub fn new(fd: OwnedFd) -> Arc<HostDirectory> {
        Arc::new(HostDirectory { place: None, open: OnceLock::from(fd) })
    }

    /// The directory called `name` in this one.
    pub fn child(self: &Arc<Self>, name: &[u8]) -> Arc<HostDirectory> {
        let place = Some((Arc::clone(self), name.to_vec()));
        Arc::new(HostDirectory { place, open: OnceLock::new() })
    }

    /// Its descriptor, for looking names up.
    pub fn fd(&self) -> Result<BorrowedFd<'_>, Errno> {
        if let Some(fd) = self.open.get() {
            return Ok(fd.as_fd());
        }
        let (parent, name) = self.place.as_ref().ok_or(Errno::ESTALE)?;
        let fd = host::open(parent.fd()?, name, Open::Directory).map_err(errno)?;
        Ok(self.open.get_or_init(|| fd).as_fd())
    }

    /// The status of `name`, or `None` where there is no such name.
    pub fn find(&self, name: &[u8]) -> Result<Option<Stat>, Errno> {
        match host::stat_at(self.fd()?, name).map_err(errno) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Every name.
    pub fn list(&self) -> Result<Vec<Entry>, Errno> {
        host::list(self.fd()?).map_err(errno)
    }
}

/// A regular file of the host that is read only, open while somebody reads it.
pub struct HostFile {
    directory: Arc<HostDirectory>,
    name: Vec<u8>,
    open: Mutex<Weak<OwnedFd>>,
}

impl HostFile {
    /// The file called `name`.
    pub fn new(directory: &Arc<HostDirectory>, name: &[u8]) -> HostFile {
        HostFile { directory: Arc::clone(directory), name: name.to_vec(), open: Mutex::default() }
    }
}

impl LowerFile for HostFile {
    fn open(&self) -> Result<Arc<OwnedFd>, Errno> {
        let mut open = self.open.lock();
        if let Some(fd) = open.upgrade() {
            return Ok(fd);
        }
        let fd = Arc::new(host::open(self.directory.fd()?, &self.name, Open::Read).map_err(errno)?);
        *open = Arc::downgrade(&fd);
        Ok(fd)
    }
}

/// A regular file of the host behind a descriptor.
pub struct OpenHostFile(pub Arc<OwnedFd>);

impl LowerFile for OpenHostFile {
    fn open(&self) -> Result<Arc<OwnedFd>, Errno> {
        Ok(Arc::clone(&self.0))
    }
}
