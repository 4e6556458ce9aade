//! What one layer adds to one directory of the union.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use ::erofs::Inode;
use abi::Errno;
use abi::stat::{S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, Stat};
use platform::host;

use super::{OPAQUE, WHITEOUT};
use crate::fs::erofs::{ErofsImage, is_whiteout};
use crate::fs::host::{HostDirectory, HostFile, OpenHostFile, errno};
use crate::fs::tmpfs::lower::{LowerContent, LowerEntry, LowerNode};
use crate::vfs::Xattrs;

/// Where the layer's number begins in an inode number; below it is the host's number.
const LAYER_SHIFT: u32 = 48;
/// The layer number of inodes that no host file stands behind.
const SYNTHETIC: u64 = 0x7fff;

/// One layer's share of a directory.
#[derive(Clone)]
pub(super) enum Part {
    /// A host directory.
    Host { directory: Arc<HostDirectory>, stat: Box<Stat>, layer: u64, host_ids: bool },
    /// A directory of an EROFS image.
    Erofs { image: Arc<ErofsImage>, inode: Inode, layer: u64 },
    /// A directory on the way to where a layer is seen.
    Stem(Stem),
    /// A directory without names.
    Empty(Box<Stat>),
}

/// What a part has under a name.
pub(super) enum Found {
    Nothing,
    Directory(Part),
    Other(LowerNode),
}

/// The way to a layer that is not seen at the root.
#[derive(Clone)]
pub(super) struct Stem {
    path: Arc<[Vec<u8>]>,
    depth: usize,
    leaf: Arc<Found>,
}

impl Stem {
    pub(super) fn new(path: Vec<Vec<u8>>, leaf: Found) -> Stem {
        Stem { path: path.into(), depth: 0, leaf: Arc::new(leaf) }
    }

    fn name(&self) -> &[u8] {
        self.path.get(self.depth).map_or(b"", Vec::as_slice)
    }

    fn is_last(&self) -> bool {
        self.depth.saturating_add(1) == self.path.len()
    }

    fn find(&self, name: &[u8]) -> Found {
        if name != self.name() {
            return Found::Nothing;
        }
        if !self.is_last() {
            return Found::Directory(Part::Stem(Stem { depth: self.depth.saturating_add(1), ..self.clone() }));
        }
        match &*self.leaf {
            Found::Directory(part) => Found::Directory(part.clone()),
            Found::Other(node) => Found::Other(copy(node)),
            Found::Nothing => Found::Nothing,
        }
    }

    /// The absolute path of the directory `name`, where this is the way to it.
    pub(super) fn path_to(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name != self.name() {
            return None;
        }
        let names = self.path.iter().take(self.depth.saturating_add(1));
        Some(names.flat_map(|name| [b"/".as_slice(), name.as_slice()].concat()).collect())
    }

    fn entry(&self) -> LowerEntry {
        let (ino, kind) = match &*self.leaf {
            Found::Other(node) if self.is_last() => (node.stat.ino, node.stat.mode & S_IFMT),
            Found::Directory(part) if self.is_last() => (part.own_stat().map_or(0, |stat| stat.ino), S_IFDIR),
            _ => (synthetic(S_IFDIR, &self.path_to(self.name()).unwrap_or_default()).ino, S_IFDIR),
        };
        LowerEntry { name: self.name().to_vec(), ino, kind }
    }
}

impl Part {
    /// The directory's own status, where it is more than the way to something.
    pub(super) fn own_stat(&self) -> Option<Stat> {
        match self {
            Part::Host { stat, .. } | Part::Empty(stat) => Some(**stat),
            Part::Erofs { image, inode, layer } => Some(numbered(image.stat(inode), *layer)),
            Part::Stem(_) => None,
        }
    }

    /// The directory's extended attributes; those of host directories are not shown.
    pub(super) fn xattrs(&self) -> Result<Xattrs, Errno> {
        match self {
            Part::Erofs { image, inode, .. } => Ok(Xattrs::of(image.xattrs(inode)?)),
            _ => Ok(Xattrs::default()),
        }
    }

    pub(super) fn find(&self, name: &[u8]) -> Result<Found, Errno> {
        match self {
            Part::Empty(_) => Ok(Found::Nothing),
            Part::Stem(stem) => Ok(stem.find(name)),
            Part::Erofs { image, inode, layer } => match image.find(inode, name)? {
                None => Ok(Found::Nothing),
                Some(found) => erofs_node(image, found, *layer),
            },
            Part::Host { directory, layer, host_ids, .. } => match directory.find(name)? {
                None => Ok(Found::Nothing),
                Some(stat) => host_node(directory, name, shown(stat, *layer, *host_ids), *layer, *host_ids),
            },
        }
    }

    /// Whether it hides `name` in the layers below.
    pub(super) fn hides(&self, name: &[u8]) -> Result<bool, Errno> {
        match self {
            Part::Host { directory, .. } => {
                let mark = [WHITEOUT, name].concat();
                Ok(mark.len() <= crate::vfs::NAME_MAX && directory.find(&mark)?.is_some())
            }
            Part::Erofs { image, inode, .. } => Ok(image.find(inode, name)?.is_some_and(|found| is_whiteout(&found))),
            _ => Ok(false),
        }
    }

    /// Whether it hides everything in the layers below.
    pub(super) fn is_opaque(&self) -> Result<bool, Errno> {
        match self {
            Part::Host { directory, .. } => Ok(directory.find(OPAQUE)?.is_some()),
            Part::Erofs { image, inode, .. } => image.is_opaque(inode),
            _ => Ok(false),
        }
    }

    /// Every name, marks included, and whether its number is the one that stat(2) tells.
    pub(super) fn list(&self) -> Result<Vec<(LowerEntry, bool)>, Errno> {
        match self {
            Part::Empty(_) => Ok(Vec::new()),
            Part::Stem(stem) => Ok(vec![(stem.entry(), stem.is_last())]),
            Part::Erofs { image, inode, layer } => {
                let shown = image.list(inode)?.into_iter().map(|(entry, whiteout)| {
                    let name = if whiteout { [WHITEOUT, &entry.name].concat() } else { entry.name };
                    (LowerEntry { name, ino: number(*layer, entry.nid), kind: entry.kind }, true)
                });
                Ok(shown.collect())
            }
            Part::Host { directory, layer, .. } => {
                let entries = directory.list()?.into_iter();
                let shown = entries.map(|entry| LowerEntry {
                    ino: number(*layer, entry.ino),
                    name: entry.name,
                    kind: entry.kind,
                });
                Ok(shown.map(|entry| (entry, true)).collect())
            }
        }
    }
}

fn erofs_node(image: &Arc<ErofsImage>, inode: Inode, layer: u64) -> Result<Found, Errno> {
    if is_whiteout(&inode) {
        return Ok(Found::Nothing);
    }
    if inode.is_directory() {
        return Ok(Found::Directory(Part::Erofs { image: Arc::clone(image), inode, layer }));
    }
    let (stat, xattrs) = (numbered(image.stat(&inode), layer), Xattrs::of(image.xattrs(&inode)?));
    Ok(Found::Other(LowerNode { stat, content: image.content(inode)?, xattrs }))
}

/// The status with the number that the inode has in the union.
fn numbered(stat: Stat, layer: u64) -> Stat {
    Stat { ino: number(layer, stat.ino), ..stat }
}

fn host_node(
    directory: &Arc<HostDirectory>,
    name: &[u8],
    stat: Stat,
    layer: u64,
    host_ids: bool,
) -> Result<Found, Errno> {
    let content = match stat.mode & S_IFMT {
        S_IFDIR => {
            let directory = directory.child(name);
            return Ok(Found::Directory(Part::Host { directory, stat: Box::new(stat), layer, host_ids }));
        }
        S_IFREG => LowerContent::File(Arc::new(HostFile::new(directory, name))),
        S_IFLNK => LowerContent::Symlink(host::read_link(directory.fd()?, name).map_err(errno)?),
        _ => LowerContent::Special,
    };
    Ok(Found::Other(plain(stat, content)))
}

/// A node without extended attributes.
fn plain(stat: Stat, content: LowerContent) -> LowerNode {
    LowerNode { stat, content, xattrs: Xattrs::default() }
}

/// A host file's status as guests see it.
pub(super) fn shown(mut stat: Stat, layer: u64, host_ids: bool) -> Stat {
    stat.ino = number(layer, stat.ino);
    if !host_ids {
        (stat.uid, stat.gid) = (0, 0);
    }
    stat
}

fn number(layer: u64, ino: u64) -> u64 {
    (layer << LAYER_SHIFT) | (ino & ((1 << LAYER_SHIFT) - 1))
}

/// The status of something that no host file stands behind; its number follows from `path`.
pub(super) fn synthetic(mode: u32, path: &[u8]) -> Stat {
    let hash = path
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let now = crate::time::now();
    let nlink = if mode & S_IFMT == S_IFDIR { 2 } else { 1 };
    Stat { ino: number(SYNTHETIC, hash), nlink, mode, atime: now, mtime: now, ctime: now, ..Stat::default() }
}

pub(super) fn open_file(fd: OwnedFd, stat: Stat) -> LowerNode {
    plain(stat, LowerContent::File(Arc::new(OpenHostFile(Arc::new(fd)))))
}

pub(super) fn symlink(target: Vec<u8>, path: &[u8]) -> LowerNode {
    plain(synthetic(S_IFLNK | 0o777, path), LowerContent::Symlink(target))
}

pub(super) fn bytes(bytes: Arc<[u8]>, mode: u32, path: &[u8]) -> LowerNode {
    let mut stat = synthetic(S_IFREG | mode & 0o7777, path);
    stat.size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    plain(stat, LowerContent::Bytes(bytes))
}

fn copy(node: &LowerNode) -> LowerNode {
    let content = match &node.content {
        LowerContent::Directory(names) => LowerContent::Directory(Arc::clone(names)),
        LowerContent::File(file) => LowerContent::File(Arc::clone(file)),
        LowerContent::Bytes(bytes) => LowerContent::Bytes(Arc::clone(bytes)),
        LowerContent::Symlink(target) => LowerContent::Symlink(target.clone()),
        LowerContent::Special => LowerContent::Special,
    };
    LowerNode { stat: node.stat, content, xattrs: node.xattrs.clone() }
}
