//! A container's root: layers that cannot be written, seen as one tree.
//!
//! Owns: [`Layer`] and [`union`], which makes of the layers, topmost first, the lower tree of a `fs::tmpfs`.
//! A layer is seen at one path of the union, so that a root can be put together from parts. What an upper layer
//! has hides what lower ones have under that name; directories are merged. As in OCI image layers, an empty file
//! `.wh.NAME` hides NAME below, and `.wh..wh..opq` hides all below its directory. Does not own: changes (`tmpfs`).

mod part;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG};
use platform::host;

use self::part::{Found, Part, Stem};
use crate::fs::erofs::ErofsImage;
use crate::fs::host::{HostDirectory, errno};
use crate::fs::tmpfs::lower::{LowerContent, LowerDirectory, LowerEntry, LowerNode};
use crate::vfs::Xattrs;

/// What hides a name below.
const WHITEOUT: &[u8] = b".wh.";
/// What hides everything below its directory.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// One layer, seen at one path.
pub struct Layer {
    /// The absolute path.
    pub at: Vec<u8>,
    /// What is there.
    pub source: Source,
}

/// What a layer is made of.
pub enum Source {
    /// A host directory or regular file, and whether its owners are shown as they are on the host
    /// (otherwise as user and group 0).
    Host {
        /// The directory or file.
        fd: OwnedFd,
        /// Show the host's owners.
        host_ids: bool,
    },
    /// The tree in an EROFS image.
    Erofs(Arc<ErofsImage>),
    /// A symbolic link to this target.
    Symlink(Vec<u8>),
    /// A file of these bytes.
    Bytes {
        /// The bytes.
        bytes: Arc<[u8]>,
        /// Permission bits.
        mode: u32,
    },
    /// An empty directory.
    Directory {
        /// Permission bits.
        mode: u32,
    },
}

/// The root directory of the union of `layers`, topmost first. `EINVAL` where a descriptor is
/// neither a directory nor a regular file, or the root would not be a directory.
pub fn union(layers: Vec<Layer>) -> Result<LowerNode, Errno> {
    let mut parts = Vec::new();
    for (index, layer) in (1..).zip(layers) {
        parts.push(top(layer, index)?);
    }
    let stat = parts.iter().find_map(Part::own_stat);
    let stat = stat.unwrap_or_else(|| part::synthetic(S_IFDIR | 0o755, b"/"));
    directory(parts, stat)
}

/// The part that a layer adds to the root.
fn top(layer: Layer, index: u64) -> Result<Part, Errno> {
    let path: Vec<Vec<u8>> =
        layer.at.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect();
    let leaf = match layer.source {
        Source::Host { fd, host_ids } => {
            let stat = part::shown(host::stat(fd.as_fd()).map_err(errno)?, index, host_ids);
            match stat.mode & S_IFMT {
                S_IFDIR => Found::Directory(Part::Host {
                    directory: HostDirectory::new(fd),
                    stat: Box::new(stat),
                    layer: index,
                    host_ids,
                }),
                S_IFREG => Found::Other(part::open_file(fd, stat)),
                _ => return Err(Errno::EINVAL),
            }
        }
        Source::Erofs(image) => Found::Directory(Part::Erofs { inode: image.root()?, image, layer: index }),
        Source::Symlink(target) => Found::Other(part::symlink(target, &layer.at)),
        Source::Bytes { bytes, mode } => Found::Other(part::bytes(bytes, mode, &layer.at)),
        Source::Directory { mode } => {
            Found::Directory(Part::Empty(Box::new(part::synthetic(S_IFDIR | mode & 0o7777, &layer.at))))
        }
    };
    if path.is_empty() {
        return match leaf {
            Found::Directory(part) => Ok(part),
            _ => Err(Errno::EINVAL),
        };
    }
    Ok(Part::Stem(Stem::new(path, leaf)))
}

fn directory(parts: Vec<Part>, mut stat: abi::stat::Stat) -> Result<LowerNode, Errno> {
    if parts.len() > 1 {
        stat.nlink = 1;
    }
    let described = parts.iter().find(|part| part.own_stat().is_some());
    let xattrs = described.map_or(Ok(Xattrs::default()), Part::xattrs)?;
    Ok(LowerNode { stat, content: LowerContent::Directory(Arc::new(Union { parts })), xattrs })
}

/// A merged directory.
struct Union {
    parts: Vec<Part>,
}

impl LowerDirectory for Union {
    fn lookup(&self, name: &[u8]) -> Result<Option<LowerNode>, Errno> {
        if name.starts_with(WHITEOUT) {
            return Ok(None);
        }
        let mut merged: Vec<Part> = Vec::new();
        let mut left = self.parts.len();
        for part in &self.parts {
            left = left.saturating_sub(1);
            match part.find(name)? {
                Found::Nothing if left > 0 && part.hides(name)? => break,
                Found::Nothing => {}
                Found::Other(node) if merged.is_empty() => return Ok(Some(node)),
                Found::Other(_) => break,
                Found::Directory(below) => {
                    let last = left > 0 && (part.hides(name)? || below.is_opaque()?);
                    merged.push(below);
                    if last {
                        break;
                    }
                }
            }
        }
        if merged.is_empty() {
            return Ok(None);
        }
        let stat = merged.iter().find_map(Part::own_stat);
        let stat = stat.unwrap_or_else(|| part::synthetic(S_IFDIR | 0o755, &self.path_hint(name)));
        directory(merged, stat).map(Some)
    }

    fn list(&self) -> Result<Vec<LowerEntry>, Errno> {
        let mut entries: Vec<LowerEntry> = Vec::new();
        let mut places: HashMap<Vec<u8>, (usize, bool)> = HashMap::new();
        let mut hidden: HashSet<Vec<u8>> = HashSet::new();
        for part in &self.parts {
            let mut hides = Vec::new();
            for (entry, real) in part.list()? {
                if let Some(name) = entry.name.strip_prefix(WHITEOUT) {
                    hides.push(name.to_vec());
                    continue;
                }
                if hidden.contains(&entry.name) {
                    continue;
                }
                match places.get(&entry.name) {
                    None => {
                        places.insert(entry.name.clone(), (entries.len(), real));
                        entries.push(entry);
                    }
                    Some((at, false)) if real => {
                        if let Some(shown) = entries.get_mut(*at).filter(|shown| shown.kind == entry.kind) {
                            shown.ino = entry.ino;
                        }
                        places.insert(entry.name, (entries.len(), true));
                    }
                    Some(_) => {}
                }
            }
            hidden.extend(hides);
        }
        Ok(entries)
    }
}

impl Union {
    /// The path of a directory that exists only because a layer is seen below it.
    fn path_hint(&self, name: &[u8]) -> Vec<u8> {
        self.parts
            .iter()
            .find_map(|part| match part {
                Part::Stem(stem) => stem.path_to(name),
                _ => None,
            })
            .unwrap_or_else(|| name.to_vec())
    }
}
