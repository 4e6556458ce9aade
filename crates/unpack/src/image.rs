//! A tree as an image's metadata: directories and inodes behind the data, the superblock before it.
//!
//! Inodes are 64 bytes each, since every file has a time of its own. A directory's last block and the target of a
//! link follow their inode where they fit into its block, so that a look-up reads as few blocks as there can be.

use erofs::layout::{
    BLOCK, BLOCK_BITS, CHUNK_BASED, CHUNK_INDEXES, COMPAT_CHECKSUM, COMPAT_MTIME, ChunkIndex, DEVICE_SLOT, DeviceSlot,
    Dirent, ExtendedInode, FILE_TYPES, FLAT_INLINE, FLAT_PLAIN, FORMAT_EXTENDED, INCOMPAT_CHUNKED, INCOMPAT_DEVICES,
    MAGIC, PUBLIC_MARK, SLOT, SUPER_OFFSET, SuperBlock, XATTR_PREFIXES, XattrEntry, XattrHeader, checksum,
};
use zerocopy::{FromZeros, IntoBytes};

use crate::blocks::Blocks;
use crate::refusal::{Refusal, Result};
use crate::tree::{Body, Data, Id, Node, ROOT, Tree, Xattr};

/// The most bytes of the attributes of one inode.
pub(crate) const XATTRS_MAX: u64 = 65_534 * 4;
/// How the attributes begin that are marks of ours.
pub(crate) const OWN_MARKS: &[u8] = b"trusted.podvisor.";
/// On a directory that no entry of the layer describes.
pub(crate) const IMPLIED: &[u8] = b"trusted.podvisor.implied";
/// On a symbolic link that stands for a hard link to a file of a lower layer.
pub(crate) const LINK_BELOW: &[u8] = b"trusted.podvisor.hardlink";
/// On a directory that hides all below it, as overlayfs has it.
pub(crate) const OPAQUE: &[u8] = b"trusted.overlay.opaque";

const INODE: u64 = size_of::<ExtendedInode>() as u64;
/// No slot yet; also the first slot, since no inode may have the number 0.
const NO_SLOT: u32 = 0;

/// A further file with data: its blocks, and whether its later part is public.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    pub(crate) blocks: u32,
    pub(crate) public: bool,
}

/// Writes the metadata of `tree` behind what `blocks` has, and the superblock, which says whether the image's own
/// later part is public. Answers how many inodes there are, and the image's length.
pub(crate) fn write(tree: &Tree, mut blocks: Blocks<'_>, public: bool, devices: &[Device]) -> Result<(u64, u64)> {
    let plan = Plan::of(tree)?;
    let first = blocks.block()?;
    for id in &plan.order {
        if plan.shape(tree, *id).whole > 0 {
            let content = plan.content(tree, *id);
            let (whole, _) = content.split_at(plan.shape(tree, *id).whole as usize);
            blocks.write(whole)?;
            blocks.block()?;
        }
    }
    let start = blocks.block()?;
    for id in &plan.order {
        blocks.zeros_to(u64::from(start) * BLOCK + u64::from(plan.slots[*id as usize]) * SLOT)?;
        blocks.write(&plan.inode(tree, *id, first)?)?;
    }
    let end = blocks.block()?;
    let mut superblock = superblock(&plan, start, end);
    if public {
        superblock.volume_name = PUBLIC_MARK;
    }
    let head = head(superblock, devices);
    let length = u64::from(end) * BLOCK;
    blocks.finish(&head, length)?;
    Ok((plan.order.len() as u64, length))
}

/// How many blocks precede the data of an image with so many devices.
pub(crate) fn head_blocks(devices: usize) -> u64 {
    (SUPER_OFFSET + DEVICE_SLOT * (1 + devices as u64)).div_ceil(BLOCK)
}

/// What an attribute's name begins with, and its rest.
pub(crate) fn prefix(name: &[u8]) -> Option<(u8, &[u8])> {
    XATTR_PREFIXES.iter().find_map(|(index, prefix)| {
        let rest = name.strip_prefix(*prefix)?;
        (prefix.ends_with(b".") != rest.is_empty()).then_some((*index, rest))
    })
}

/// What an attribute takes.
pub(crate) fn xattr_bytes((name, value): &Xattr) -> u64 {
    let rest = prefix(name).map_or(name.len(), |(_, rest)| rest.len());
    ((size_of::<XattrEntry>() + rest + value.len()) as u64).next_multiple_of(4)
}

/// Where everything goes.
struct Plan {
    /// The inodes in their order; nodes without a name are not among them.
    order: Vec<Id>,
    /// By node: its slot, its first block of its own behind the data, and how many names it has.
    slots: Vec<u32>,
    firsts: Vec<u32>,
    links: Vec<u32>,
}

/// How one inode and what belongs to it lies.
struct Shape {
    /// Inode and attributes.
    base: u64,
    /// Bytes in blocks elsewhere.
    whole: u64,
    /// Bytes behind the inode that must not cross a block.
    inline: u64,
    /// Bytes of chunk entries behind the inode.
    chunks: u64,
}

impl Plan {
    fn of(tree: &Tree) -> Result<Plan> {
        let mut plan = Plan {
            order: vec![ROOT],
            slots: vec![NO_SLOT; tree.len()],
            firsts: vec![0; tree.len()],
            links: vec![0; tree.len()],
        };
        plan.find_all(tree);
        plan.place_all(tree)?;
        Ok(plan)
    }

    /// Goes through the directories, those near the root first.
    fn find_all(&mut self, tree: &Tree) {
        let mut next = 0;
        while let Some(id) = self.order.get(next).copied() {
            next += 1;
            for (_, child) in tree.names(id) {
                let links = &mut self.links[child as usize];
                *links = links.saturating_add(1);
                if *links == 1 {
                    self.order.push(child);
                }
            }
            if tree.node(id).is_directory() {
                let below = tree.names(id).filter(|(_, child)| tree.node(*child).is_directory()).count();
                self.links[id as usize] = 2 + below as u32;
            }
        }
    }

    fn place_all(&mut self, tree: &Tree) -> Result<()> {
        let too_large = || Refusal::too_large("its metadata is too large");
        let (mut at, mut block) = (SLOT, 0_u64);
        for id in &self.order {
            let shape = self.shape(tree, *id);
            if shape.inline > 0 && at % BLOCK + shape.base + shape.inline > BLOCK {
                at = at.next_multiple_of(BLOCK);
            }
            self.slots[*id as usize] = u32::try_from(at / SLOT).map_err(|_| too_large())?;
            self.firsts[*id as usize] = u32::try_from(block).map_err(|_| too_large())?;
            block += shape.whole.div_ceil(BLOCK);
            at = (at + shape.base.next_multiple_of(8) + shape.inline + shape.chunks).next_multiple_of(SLOT);
        }
        Ok(())
    }

    fn shape(&self, tree: &Tree, id: Id) -> Shape {
        let node = tree.node(id);
        let xattrs: u64 = marks(node).iter().chain(&node.xattrs).map(xattr_bytes).sum();
        let header = if xattrs > 0 { size_of::<XattrHeader>() as u64 } else { 0 };
        let shape = Shape { base: INODE + header + xattrs, whole: 0, inline: 0, chunks: 0 };
        let size = match &node.body {
            Body::Directory(_) => self.directory_size(tree, id),
            Body::Symlink(text) | Body::LinkBelow(text) => text.len() as u64,
            Body::File { data, .. } => {
                let count = match data {
                    Data::Chunks { chunks, .. } => chunks.len(),
                    Data::Whole(chunk) => usize::from(chunk.device > 0),
                    Data::Empty => 0,
                };
                return Shape { chunks: (count * size_of::<ChunkIndex>()) as u64, ..shape };
            }
            Body::Special(_) | Body::Whiteout => return shape,
        };
        let tail = (size - 1) % BLOCK + 1;
        let (whole, inline) = if shape.base + tail <= BLOCK { (size - tail, tail) } else { (size, 0) };
        Shape { whole, inline, ..shape }
    }

    /// The names of a directory in their order, with `.` and `..` among them, which are not always first.
    fn entries<'t>(&self, tree: &'t Tree, id: Id) -> impl Iterator<Item = (&'t [u8], Id)> {
        let mut dots = [(b".".as_slice(), id), (b"..".as_slice(), tree.node(id).parent)].into_iter().peekable();
        let mut names = tree.names(id).peekable();
        std::iter::from_fn(move || match (dots.peek(), names.peek()) {
            (Some((dot, _)), Some((name, _))) if name < dot => names.next(),
            (Some(_), _) => dots.next(),
            (None, _) => names.next(),
        })
    }

    fn directory_size(&self, tree: &Tree, id: Id) -> u64 {
        let (mut blocks, mut used) = (0, 0);
        for (name, _) in self.entries(tree, id) {
            let bytes = (size_of::<Dirent>() + name.len()) as u64;
            if used + bytes > BLOCK {
                (blocks, used) = (blocks + 1, 0);
            }
            used += bytes;
        }
        blocks * BLOCK + used
    }

    /// What a directory or a link holds.
    fn content(&self, tree: &Tree, id: Id) -> Vec<u8> {
        if let Body::Symlink(text) | Body::LinkBelow(text) = &tree.node(id).body {
            return text.to_vec();
        }
        let mut content = Vec::new();
        let mut block: Vec<(&[u8], Id)> = Vec::new();
        let mut used = 0;
        for (name, child) in self.entries(tree, id) {
            let bytes = size_of::<Dirent>() as u64 + name.len() as u64;
            if used + bytes > BLOCK {
                self.directory_block(tree, &block, &mut content);
                content.resize(content.len().next_multiple_of(BLOCK as usize), 0);
                block.clear();
                used = 0;
            }
            block.push((name, child));
            used += bytes;
        }
        self.directory_block(tree, &block, &mut content);
        content
    }

    fn directory_block(&self, tree: &Tree, entries: &[(&[u8], Id)], content: &mut Vec<u8>) {
        let mut offset = entries.len() * size_of::<Dirent>();
        for (name, id) in entries {
            let kind = tree.node(*id).mode & 0o170_000;
            let file_type = FILE_TYPES.iter().find(|(_, mode)| *mode == kind).map_or(0, |(kind, _)| *kind);
            let nid = u64::from(self.slots[*id as usize]).into();
            let dirent = Dirent { nid, nameoff: (offset as u16).into(), file_type, reserved: 0 };
            content.extend_from_slice(dirent.as_bytes());
            offset += name.len();
        }
        for (name, _) in entries {
            content.extend_from_slice(name);
        }
    }

    /// An inode with its attributes and what follows them.
    fn inode(&self, tree: &Tree, id: Id, first: u32) -> Result<Vec<u8>> {
        let node = tree.node(id);
        let shape = self.shape(tree, id);
        let own_block = first + self.firsts[id as usize];
        let (layout, size, place) = match &node.body {
            Body::Special(number) => (FLAT_PLAIN, 0, *number),
            Body::Whiteout => (FLAT_PLAIN, 0, 0),
            Body::File { size, data } => match data {
                Data::Empty => (FLAT_PLAIN, 0, 0),
                Data::Whole(chunk) if chunk.device == 0 => (FLAT_PLAIN, *size, chunk.block),
                Data::Whole(_) => (CHUNK_BASED, *size, chunk_format(crate::tree::chunk_bits(*size, 1))),
                Data::Chunks { bits, .. } => (CHUNK_BASED, *size, chunk_format(*bits)),
            },
            _ if shape.inline > 0 => (FLAT_INLINE, shape.whole + shape.inline, own_block),
            _ => (FLAT_PLAIN, shape.whole, own_block),
        };
        let mut raw = ExtendedInode::new_zeroed();
        raw.i_format = (FORMAT_EXTENDED | layout << 1).into();
        raw.i_xattr_icount = (((shape.base - INODE).saturating_sub(8) / 4) as u16).into();
        raw.i_mode = (node.mode as u16).into();
        raw.i_size = size.into();
        raw.i_u = place.into();
        raw.i_ino = self.slots[id as usize].into();
        (raw.i_uid, raw.i_gid) = (node.uid.into(), node.gid.into());
        raw.i_mtime = (node.mtime.0 as u64).into();
        raw.i_mtime_nsec = node.mtime.1.into();
        raw.i_nlink = self.links[id as usize].into();
        let mut bytes = raw.as_bytes().to_vec();
        write_xattrs(node, &mut bytes);
        if shape.inline > 0 {
            bytes.extend_from_slice(&self.content(tree, id)[shape.whole as usize..]);
        }
        if shape.chunks > 0 {
            bytes.resize(bytes.len().next_multiple_of(size_of::<ChunkIndex>()), 0);
            write_chunks(node, &mut bytes);
        }
        Ok(bytes)
    }
}

fn chunk_format(bits: u8) -> u32 {
    u32::from(CHUNK_INDEXES) | u32::from(bits)
}

fn write_chunks(node: &Node, bytes: &mut Vec<u8>) {
    for chunk in node.chunks() {
        let index = ChunkIndex { advise: 0.into(), device_id: chunk.device.into(), blkaddr: chunk.block.into() };
        bytes.extend_from_slice(index.as_bytes());
    }
}

/// What a layer's image remembers of a node until layers are merged.
fn marks(node: &Node) -> Vec<Xattr> {
    let mark = |set: bool, name: &[u8], value: &[u8]| set.then(|| (name.to_vec(), value.to_vec()));
    let link = matches!(node.body, Body::LinkBelow(_));
    let marks = [mark(node.opaque, OPAQUE, b"y"), mark(node.implied, IMPLIED, b"y"), mark(link, LINK_BELOW, b"y")];
    marks.into_iter().flatten().collect()
}

fn write_xattrs(node: &Node, bytes: &mut Vec<u8>) {
    let marks = marks(node);
    let all: Vec<&Xattr> = marks.iter().chain(&node.xattrs).collect();
    if all.is_empty() {
        return;
    }
    bytes.extend_from_slice(XattrHeader::new_zeroed().as_bytes());
    for (name, value) in all {
        let Some((index, rest)) = prefix(name) else { continue };
        let entry =
            XattrEntry { e_name_len: rest.len() as u8, e_name_index: index, e_value_size: (value.len() as u16).into() };
        bytes.extend_from_slice(entry.as_bytes());
        bytes.extend_from_slice(rest);
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
}

fn superblock(plan: &Plan, start: u32, end: u32) -> SuperBlock {
    let mut superblock = SuperBlock::new_zeroed();
    superblock.magic = MAGIC.into();
    superblock.feature_compat = (COMPAT_CHECKSUM | COMPAT_MTIME).into();
    superblock.blkszbits = BLOCK_BITS;
    superblock.root_nid = (plan.slots[ROOT as usize] as u16).into();
    superblock.inos = (plan.order.len() as u64).into();
    superblock.blocks = end.into();
    superblock.meta_blkaddr = start.into();
    superblock
}

/// The superblock and the device table, in their blocks.
fn head(mut superblock: SuperBlock, devices: &[Device]) -> Vec<u8> {
    let mut features = INCOMPAT_CHUNKED;
    if !devices.is_empty() {
        features |= INCOMPAT_DEVICES;
        superblock.extra_devices = (devices.len() as u16).into();
        superblock.devt_slotoff = ((SUPER_OFFSET / DEVICE_SLOT) as u16 + 1).into();
    }
    superblock.feature_incompat = features.into();
    let mut head = vec![0; SUPER_OFFSET as usize];
    head.extend_from_slice(superblock.as_bytes());
    for device in devices {
        let mut slot = DeviceSlot::new_zeroed();
        slot.blocks = device.blocks.into();
        if device.public {
            slot.tag[..PUBLIC_MARK.len()].copy_from_slice(&PUBLIC_MARK);
        }
        head.extend_from_slice(slot.as_bytes());
    }
    head.resize((head_blocks(devices.len()) * BLOCK) as usize, 0);
    let sum = checksum(&head[SUPER_OFFSET as usize..BLOCK as usize]);
    head[SUPER_OFFSET as usize + 4..SUPER_OFFSET as usize + 8].copy_from_slice(&sum.to_le_bytes());
    head
}
