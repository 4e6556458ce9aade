//! Which guest file stands behind a host file that a process has mapped.
//!
//! Owns: [`Mappings`], from the host's device and inode number to what the guest knows the file by,
//! for /proc/PID/maps. It holds names, not files: what is unmapped and removed is gone. A name stays
//! until the next execve(2).

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use crate::sync::Mutex;
use crate::vfs::Path;

/// A mapped file as the guest knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedFile {
    /// Its path when it was mapped, from the top of the container's tree.
    pub path: Vec<u8>,
    /// Its device number.
    pub device: u64,
    /// Its inode number.
    pub inode: u64,
}

/// A host file: device and inode number.
pub type HostFile = (u64, u64);

type Known = HashMap<HostFile, MappedFile>;

impl MappedFile {
    /// The file at `path`, whose bytes are those of `host`; `None` where the host cannot be asked.
    pub fn of(host: BorrowedFd<'_>, path: &Path) -> Option<(HostFile, MappedFile)> {
        let stat = path.stat().unwrap_or_default();
        let file = MappedFile { path: path.describe(&path.outermost()), device: stat.dev, inode: stat.ino };
        Some((platform::machine::file_key(host)?, file))
    }
}

/// The mapped files of a process.
#[derive(Default)]
pub struct Mappings {
    known: Mutex<Arc<Known>>,
}

/// How many files are remembered; a program that maps more sees the rest without names.
const MOST: usize = 4096;

impl Mappings {
    /// Notes that the bytes of `host` are those of the file at `path`.
    pub fn note(&self, host: BorrowedFd<'_>, path: &Path) {
        let known = platform::machine::file_key(host).is_some_and(|key| self.known.lock().contains_key(&key));
        if let (false, Some(new)) = (known, MappedFile::of(host, path)) {
            self.add([new]);
        }
    }

    fn add(&self, files: impl IntoIterator<Item = (HostFile, MappedFile)>) {
        let mut known = self.known.lock();
        let room = MOST.saturating_sub(known.len());
        Arc::make_mut(&mut known).extend(files.into_iter().take(room));
    }

    /// The guest's file behind the host's with that device and inode number.
    pub fn file(&self, key: HostFile) -> Option<MappedFile> {
        self.known.lock().get(&key).cloned()
    }

    /// The same in a child of fork(2): shared until one of the two maps another file.
    pub fn copy(&self) -> Mappings {
        Mappings { known: Mutex::new(Arc::clone(&self.known.lock())) }
    }

    /// Starts anew with the files of a program, at execve(2).
    pub fn begin(&self, files: impl IntoIterator<Item = (HostFile, MappedFile)>) {
        *self.known.lock() = Arc::default();
        self.add(files);
    }
}
