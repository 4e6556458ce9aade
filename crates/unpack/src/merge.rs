//! Several layers as one tree, of which only the metadata is written: data stays in the layers' own files.
//!
//! What the OCI image specification says of whiteouts (layer.md) is done here, once, so that nobody who walks the
//! result sees how many layers there were.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use erofs::layout::{BLOCK, PUBLIC_FROM};
use erofs::{Image, Inode, ReadAt};

use crate::blocks::Blocks;
use crate::image::{self, Device};
use crate::names::components;
use crate::refusal::{Refusal, Result};
use crate::tree::{Body, Chunk, Data, Id, Node, ROOT, Tree};

/// The most layers: what a device table and a chunk can name.
const LAYERS_MAX: usize = u16::MAX as usize;
/// The most chunks of a file.
const CHUNKS_MAX: u64 = 1 << 22;
/// The most directories on the way to a name: a directory that contains itself has an end.
const DEPTH_MAX: u32 = 100_000;

/// What was made of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The inodes of the tree.
    pub inodes: u64,
    /// The length of the image.
    pub image_bytes: u64,
}

/// A file with an image, read by position.
pub struct Part<'f>(pub &'f File);

impl ReadAt for Part<'_> {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> std::result::Result<usize, i32> {
        self.0.read_at(buffer, position).map_err(|error| error.raw_os_error().unwrap_or(5))
    }
}

/// Opens the image that `file` is, without further files.
pub(crate) fn open(file: &File) -> Result<(Image<Part<'_>>, u64)> {
    let length = file.metadata().map_err(|error| Refusal::new(crate::Reason::Host, error.to_string()))?.len();
    Ok((Image::open(Part(file), length, &[])?, length))
}

/// Merges `layers`, lowest first, and writes the tree's metadata to the empty file `output`. In it, device 1 is the
/// first layer.
///
/// # Errors
/// A refusal that names the layer, counted from 1; what the output then holds is of no use.
pub fn merge(layers: &[File], output: &File) -> Result<Merged> {
    if layers.len() > LAYERS_MAX {
        return Err(Refusal::too_large(format!("an image has more than {LAYERS_MAX} layers")));
    }
    let blocks = Blocks::new(output, image::head_blocks(layers.len()));
    let mut merge = Merge { tree: Tree::new(), blocks };
    let mut devices = Vec::new();
    for (number, file) in (1..).zip(layers) {
        let name = |refusal: Refusal| Refusal { message: format!("layer {number}: {}", refusal.message), ..refusal };
        let (layer, length) = open(file).map_err(name)?;
        let blocks = u32::try_from(length.div_ceil(BLOCK)).map_err(|_| Refusal::too_large("a layer of 16 TiB"))?;
        devices.push(Device { blocks, public: layer.is_public(0, PUBLIC_FROM) });
        merge.layer(&layer, number).map_err(name)?;
    }
    for number in merge.tree.private_devices() {
        if let Some(device) = usize::from(number).checked_sub(1).and_then(|index| devices.get_mut(index)) {
            device.public = false;
        }
    }
    let (inodes, image_bytes) = image::write(&merge.tree, merge.blocks, false, &devices)?;
    Ok(Merged { inodes, image_bytes })
}

struct Merge<'f> {
    tree: Tree,
    blocks: Blocks<'f>,
}

/// A directory of a layer that is still to be gone through: the one that it becomes, and how deep it is.
struct Pending {
    layer: Inode,
    merged: Id,
    depth: u32,
}

impl Merge<'_> {
    fn layer<S: ReadAt>(&mut self, layer: &Image<S>, device: u16) -> Result<()> {
        let root = layer.root()?;
        self.describe(layer, &root, ROOT)?;
        let mut pending = vec![Pending { layer: root, merged: ROOT, depth: 0 }];
        // What a file with several names has become, and names of files that lower layers have.
        let mut linked: HashMap<u64, Id> = HashMap::new();
        let mut below: Vec<(Id, Vec<u8>, Vec<u8>)> = Vec::new();
        while let Some(Pending { layer: directory, merged, depth }) = pending.pop() {
            if depth > DEPTH_MAX {
                return Err(Refusal::invalid("its directories are nested too deep"));
            }
            for entry in layer.list(&directory)? {
                let at = |refusal: Refusal| refusal.at(&entry.name);
                let inode = layer.inode(entry.nid)?;
                if inode.is_directory() {
                    let merged = self.enter(layer, &inode, merged, &entry.name).map_err(at)?;
                    pending.push(Pending { layer: inode, merged, depth: depth + 1 });
                    continue;
                }
                if let Some(id) = linked.get(&entry.nid) {
                    self.tree.put(merged, &entry.name, *id)?;
                    continue;
                }
                match self.node(layer, &inode, device).map_err(at)? {
                    Node { body: Body::Whiteout, .. } => self.tree.remove(merged, &entry.name),
                    Node { body: Body::LinkBelow(target), .. } => below.push((merged, entry.name, target.into())),
                    node => {
                        let id = self.tree.add(node)?;
                        self.tree.put(merged, &entry.name, id)?;
                        if inode.nlink > 1 {
                            linked.insert(entry.nid, id);
                        }
                    }
                }
            }
        }
        below.into_iter().try_for_each(|(directory, name, target)| self.link_below(directory, &name, &target))
    }

    /// The directory that `inode` becomes under `name`: merged with one that is there, unless it is opaque.
    fn enter<S: ReadAt>(&mut self, layer: &Image<S>, inode: &Inode, above: Id, name: &[u8]) -> Result<Id> {
        let there = self.tree.child(above, name);
        if let Some(id) = there
            && self.tree.node(id).is_directory()
        {
            self.describe(layer, inode, id)?;
            return Ok(id);
        }
        let node = directory(layer, inode)?;
        if let (Some(id), true) = (there, node.implied)
            && let Some(id) = self.through_link(above, id)?
        {
            return Ok(id);
        }
        let id = self.tree.add(Node { opaque: false, implied: false, ..node })?;
        self.tree.put(above, name, id)?;
        Ok(id)
    }

    /// Where a symbolic link of lower layers leads, if that is a directory: a name below it that no directory entry
    /// precedes goes there, as containerd does it.
    fn through_link(&self, above: Id, id: Id) -> Result<Option<Id>> {
        let Body::Symlink(target) = &self.tree.node(id).body else { return Ok(None) };
        self.tree.find_directory(above, &target.split(|byte| *byte == b'/').collect::<Vec<_>>())
    }

    /// What the directory `inode` says of itself becomes what `id` says.
    fn describe<S: ReadAt>(&mut self, layer: &Image<S>, inode: &Inode, id: Id) -> Result<()> {
        let node = directory(layer, inode)?;
        if node.opaque {
            self.tree.clear(id);
        }
        if !node.implied {
            self.tree.describe(id, Node { opaque: false, ..node })?;
        }
        Ok(())
    }

    fn link_below(&mut self, directory: Id, name: &[u8], target: &[u8]) -> Result<()> {
        let found = self.tree.find(&components(target)?)?.filter(|id| !self.tree.node(*id).is_directory());
        let missing = || Refusal::invalid(format!("a hard link to \"{}\", which is not there", target.escape_ascii()));
        let id = found.ok_or_else(|| missing().at(name))?;
        self.tree.put(directory, name, id)
    }

    fn node<S: ReadAt>(&mut self, layer: &Image<S>, inode: &Inode, device: u16) -> Result<Node> {
        let attributes = Attributes::of(layer, inode)?;
        let body = match inode.mode & 0o170_000 {
            0o100_000 => Body::File { size: inode.size, data: self.data(layer, inode, device)? },
            0o120_000 if attributes.link_below => Body::LinkBelow(layer.link_text(inode)?.into()),
            0o120_000 => Body::Symlink(layer.link_text(inode)?.into()),
            0o020_000 if inode.device() == 0 => Body::Whiteout,
            0o020_000 | 0o060_000 => Body::Special(inode.device()),
            0o010_000 | 0o140_000 => Body::Special(0),
            _ => return Err(Refusal::invalid("an inode of no known type")),
        };
        Ok(attributes.node(inode, body))
    }

    /// Where the data of a file lies, seen from the merged image. What does not begin with a block there, as other
    /// writers' small files, is copied into a block here.
    fn data<S: ReadAt>(&mut self, layer: &Image<S>, inode: &Inode, device: u16) -> Result<Data> {
        let mut runs: Vec<(u64, Chunk)> = Vec::new();
        let (mut position, mut bits) = (0, 31);
        while let Some(run) = layer.run(inode, position)? {
            let chunk = match run.at {
                None => Chunk::HOLE,
                Some(at) if at % BLOCK == 0 => Chunk { device, block: (at / BLOCK) as u32 },
                Some(_) => self.copy(layer, inode, position, run.length)?,
            };
            if position > 0 {
                bits = bits.min((position / BLOCK).trailing_zeros() as u8);
            }
            runs.push((position, chunk));
            position += run.length;
            if runs.len() as u64 > CHUNKS_MAX {
                return Err(Refusal::too_large("a file has too many chunks"));
            }
        }
        match runs[..] {
            [] => return Ok(Data::Empty),
            [(_, chunk)] if chunk != Chunk::HOLE => return Ok(Data::Whole(chunk)),
            _ => {}
        }
        let chunk = BLOCK << bits;
        let count = inode.size.div_ceil(chunk);
        if count > CHUNKS_MAX {
            return Err(Refusal::too_large("a file has too many chunks"));
        }
        let mut chunks = Vec::with_capacity(count as usize);
        for (index, (start, first)) in runs.iter().enumerate() {
            let end = runs.get(index + 1).map_or(inode.size, |(next, _)| *next);
            for step in 0..(end - start).div_ceil(chunk) {
                let block = first.block.saturating_add((step << bits) as u32);
                chunks.push(if *first == Chunk::HOLE { Chunk::HOLE } else { Chunk { block, ..*first } });
            }
        }
        Ok(Data::Chunks { bits, chunks: chunks.into() })
    }

    fn copy<S: ReadAt>(&mut self, layer: &Image<S>, inode: &Inode, position: u64, length: u64) -> Result<Chunk> {
        let block = self.blocks.block()?;
        self.blocks.write(&layer.read(inode, position, length as usize)?)?;
        Ok(Chunk { device: 0, block })
    }
}

/// Attributes of a layer's inode without the marks, which are apart.
struct Attributes {
    xattrs: Box<[crate::tree::Xattr]>,
    opaque: bool,
    implied: bool,
    link_below: bool,
}

impl Attributes {
    fn of<S: ReadAt>(layer: &Image<S>, inode: &Inode) -> Result<Attributes> {
        let all = layer.xattrs(inode)?;
        let has = |mark: &[u8]| all.iter().any(|(name, _)| name == mark);
        let opaque = all.iter().any(|(name, value)| name == image::OPAQUE && value == b"y");
        let (implied, link_below) = (has(image::IMPLIED), has(image::LINK_BELOW));
        let mark = |name: &[u8]| name.starts_with(b"trusted.overlay.") || name.starts_with(image::OWN_MARKS);
        let xattrs = all.into_iter().filter(|(name, _)| !mark(name)).collect();
        Ok(Attributes { xattrs, opaque, implied, link_below })
    }

    fn node(self, inode: &Inode, body: Body) -> Node {
        Node {
            mode: inode.mode,
            uid: inode.uid,
            gid: inode.gid,
            mtime: (inode.mtime, inode.mtime_nsec),
            xattrs: self.xattrs,
            body,
            implied: self.implied,
            opaque: self.opaque,
            parent: ROOT,
        }
    }
}

fn directory<S: ReadAt>(layer: &Image<S>, inode: &Inode) -> Result<Node> {
    Ok(Attributes::of(layer, inode)?.node(inode, Body::Directory(Default::default())))
}
