//! Which guest file stands behind a host file that a process has mapped.
//!
//! Owns: [`Mappings`], from the host's device and inode number, and the place in that file, to what the guest knows the file by,
//! for /proc/PID/maps. It holds names, not files: what is unmapped and removed is gone. A name stays
//! until the next execve(2).

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::Arc;

use crate::sync::Mutex;
use crate::vfs::{HostMapping, Path};

const PAGE: u64 = 4096;

/// A mapped file as the guest knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedFile {
    /// Its path when it was mapped, from the top of the container's tree.
    pub path: Vec<u8>,
    /// Its device number.
    pub device: u64,
    /// Its inode number.
    pub inode: u64,
    /// Behind its last page in the host file.
    end: u64,
}

/// A place in a host file: device, inode number, and where the guest's file begins.
pub type HostPlace = (u64, u64, u64);

type Known = BTreeMap<HostPlace, MappedFile>;

impl MappedFile {
    /// The file at `path`, whose bytes are those of `host`; `None` where the host cannot be asked.
    pub fn of(host: &HostMapping, path: &Path) -> Option<(HostPlace, MappedFile)> {
        let stat = path.stat().unwrap_or_default();
        let end = host.offset.saturating_add(host.length.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX));
        let file = MappedFile { path: path.describe(&path.outermost()), device: stat.dev, inode: stat.ino, end };
        Some((place(host)?, file))
    }
}

fn place(host: &HostMapping) -> Option<HostPlace> {
    let (device, inode) = platform::machine::file_key(host.file.as_fd())?;
    Some((device, inode, host.offset))
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
    pub fn note(&self, host: &HostMapping, path: &Path) {
        let known = place(host).is_some_and(|place| self.known.lock().contains_key(&place));
        if let (false, Some(new)) = (known, MappedFile::of(host, path)) {
            self.add([new]);
        }
    }

    /// Notes that the bytes of `host` are those of a shared anonymous mapping, which Linux shows as a file, too.
    pub fn note_shared_memory(&self, host: &HostMapping) {
        let Some(key) = place(host) else { return };
        let path = b"/dev/zero (deleted)".to_vec();
        self.add([(key, MappedFile { path, device: 1, inode: key.1, end: u64::MAX })]);
    }

    fn add(&self, files: impl IntoIterator<Item = (HostPlace, MappedFile)>) {
        let mut known = self.known.lock();
        let room = MOST.saturating_sub(known.len());
        Arc::make_mut(&mut known).extend(files.into_iter().take(room));
    }

    /// The guest's file at `offset` of the host's with that device and inode number, and the offset in it.
    pub fn file(&self, (device, inode): (u64, u64), offset: u64) -> Option<(MappedFile, u64)> {
        let known = self.known.lock();
        let (place, file) = known.range((device, inode, 0)..=(device, inode, offset)).next_back()?;
        (offset < file.end).then(|| (file.clone(), offset.saturating_sub(place.2)))
    }

    /// True if it has mapped a file of the guest's `device` since it began its program.
    pub fn has_any_of(&self, device: u64) -> bool {
        self.known.lock().values().any(|file| file.device == device)
    }

    /// The same in a child of fork(2): shared until one of the two maps another file.
    pub fn copy(&self) -> Mappings {
        Mappings { known: Mutex::new(Arc::clone(&self.known.lock())) }
    }

    /// Starts anew with the files of a program, at execve(2).
    pub fn begin(&self, files: impl IntoIterator<Item = (HostPlace, MappedFile)>) {
        *self.known.lock() = Arc::default();
        self.add(files);
    }
}
