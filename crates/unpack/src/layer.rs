//! One layer: entries become a tree, their data goes to its place at once.

use std::fs::File;
use std::io::Read;

use erofs::layout::{BLOCK, PUBLIC_FROM};

use crate::blocks::Blocks;
use crate::image;
use crate::names::components;
use crate::recipe::{self, Recorder};
use crate::refusal::{Refusal, Result};
use crate::stream::Start;
use crate::tar::{Entry, Kind, Reader};
use crate::tree::{Body, Chunk, Data, Id, Node, READ, ROOT, Tree, Xattr, chunk_bits};

/// What hides a name of the layers below.
const WHITEOUT: &[u8] = b".wh.";
/// What hides all below its directory; other names that begin so are aufs's own and mean nothing.
const AUFS: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// The most chunks of a sparse file.
const CHUNKS_MAX: u64 = 16_384;
/// The longest target of a symbolic link, and value of an attribute.
const LINK_MAX: usize = 4095;
const VALUE_MAX: usize = 65_535;

/// How much of a layer is taken.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Uncompressed bytes.
    pub max_bytes: u64,
    /// Entries of the archive.
    pub max_entries: u64,
}

/// What a layer was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// SHA-256 of the uncompressed archive: its DiffID.
    pub diff_id: [u8; 32],
    /// The bytes of the uncompressed archive.
    pub tar_bytes: u64,
    /// Its entries.
    pub entries: u64,
    /// The length of the image.
    pub image_bytes: u64,
}

/// Reads the layer `input` and writes its image to the empty file `output`. `confine` is called once the threads
/// exist, and before the first byte is read.
///
/// # Errors
/// A refusal that names the entry; what the output then holds is of no use.
pub fn layer(
    input: impl Read + Send + 'static,
    output: &File,
    limits: Limits,
    confine: impl FnOnce() -> std::result::Result<(), String>,
) -> Result<Summary> {
    let start = Start::new(input, limits.max_bytes)?;
    confine().map_err(|message| Refusal::new(crate::Reason::Host, message))?;
    let mut reader = Reader::new(start.begin(), Recorder::new());
    let mut builder = Builder::new(output);
    while let Some(entry) = reader.next()? {
        builder.entries += 1;
        if builder.entries > limits.max_entries {
            return Err(Refusal::too_large(format!("the layer has more than {} entries", limits.max_entries)));
        }
        let path = entry.path.clone();
        builder.take(entry, &mut reader).map_err(|refusal| refusal.at(&path))?;
        // Data that belongs to no file, as that of a whiteout, has to be in the archive again.
        reader.copy(reader.left(), &mut builder.public).map_err(|refusal| refusal.at(&path))?;
        reader.witness.drain(&mut builder.public)?;
    }
    let Builder { tree, mut private, mut public, overflowed, entries } = builder;
    let (recorder, diff_id, tar_bytes) = reader.finish(|recorder| recorder.drain(&mut public))?;
    let pieces = recorder.finish(&mut public)?;
    private.flush()?;
    let is_public = !overflowed && !tree.private_devices().contains(&0);
    let (_, length) = image::write(&tree, public, is_public, &[])?;
    let image_bytes = recipe::append(output, length, &pieces, tar_bytes)?;
    Ok(Summary { diff_id, tar_bytes, entries, image_bytes })
}

struct Builder<'f> {
    tree: Tree,
    /// Where data goes that not everybody may read, and all other.
    private: Blocks<'f>,
    public: Blocks<'f>,
    /// There was no room for some of the first kind.
    overflowed: bool,
    entries: u64,
}

/// Where the data of one file goes.
struct Place<'p, 'f> {
    blocks: &'p mut Blocks<'f>,
    reader: &'p mut Reader<Recorder>,
}

impl<'f> Builder<'f> {
    fn new(output: &'f File) -> Builder<'f> {
        let (private, public) = (Blocks::new(output, 1), Blocks::new(output, PUBLIC_FROM / BLOCK));
        Builder { tree: Tree::new(), private, public, overflowed: false, entries: 0 }
    }

    fn take(&mut self, mut entry: Entry, reader: &mut Reader<Recorder>) -> Result<()> {
        let path = std::mem::take(&mut entry.path);
        let names = components(&path)?;
        let Some((name, above)) = names.split_last() else { return self.root(entry) };
        if above.iter().any(|name| name.starts_with(WHITEOUT)) {
            return Err(Refusal::invalid("a whiteout in its path is not a directory"));
        }
        let directory = self.tree.directory(above)?;
        if name.starts_with(WHITEOUT) {
            return self.whiteout(directory, name);
        }
        if entry.kind == Kind::HardLink {
            return self.hard_link(directory, name, &entry.link);
        }
        let node = self.node(entry, directory, reader)?;
        self.put(directory, name, node)
    }

    fn root(&mut self, entry: Entry) -> Result<()> {
        if entry.kind != Kind::Directory {
            return Err(Refusal::invalid("the root is a directory"));
        }
        let node = attributes(&entry, Body::Directory(Default::default()))?;
        self.tree.describe(ROOT, node)
    }

    /// A later entry takes the place of an earlier one; two directories become one.
    fn put(&mut self, directory: Id, name: &[u8], mut node: Node) -> Result<()> {
        if let Some(id) = self.tree.child(directory, name)
            && node.is_directory()
        {
            if self.tree.node(id).is_directory() {
                return self.tree.describe(id, node);
            }
            node.opaque = true;
        }
        let id = self.tree.add(node)?;
        self.tree.put(directory, name, id)
    }

    /// Marks hide what lower layers have, never what this one has, whichever comes first (layer.md, "Whiteouts").
    fn whiteout(&mut self, directory: Id, name: &[u8]) -> Result<()> {
        if name == OPAQUE {
            self.tree.node_mut(directory).opaque = true;
            return Ok(());
        }
        let hidden = name.get(WHITEOUT.len()..).unwrap_or_default();
        match hidden {
            _ if name.starts_with(AUFS) => return Ok(()),
            b"" | b"." | b".." => return Err(Refusal::invalid("a whiteout of no proper name")),
            _ => {}
        }
        match self.tree.child(directory, hidden) {
            Some(id) if self.tree.node(id).is_directory() => self.tree.node_mut(id).opaque = true,
            Some(_) => {}
            None => {
                let id = self.tree.add(Node::mark(Body::Whiteout))?;
                self.tree.put(directory, hidden, id)?;
            }
        }
        Ok(())
    }

    /// A further name of a file of this layer; otherwise it has to be in a lower one, which `merge` sees.
    fn hard_link(&mut self, directory: Id, name: &[u8], link: &[u8]) -> Result<()> {
        let target = components(link)?;
        if target.is_empty() {
            return Err(Refusal::invalid("a hard link to a directory"));
        }
        let found = self.tree.find(&target)?.filter(|id| !matches!(self.tree.node(*id).body, Body::Whiteout));
        let id = match found {
            Some(id) if self.tree.node(id).is_directory() => {
                return Err(Refusal::invalid("a hard link to a directory"));
            }
            Some(id) => id,
            None => self.tree.add(Node::mark(Body::LinkBelow(target.join(&b'/').into())))?,
        };
        self.tree.put(directory, name, id)
    }

    fn node(&mut self, entry: Entry, directory: Id, reader: &mut Reader<Recorder>) -> Result<Node> {
        let body = match entry.kind {
            Kind::Directory => Body::Directory(Default::default()),
            Kind::SymbolicLink => Body::Symlink(target(&entry.link)?),
            Kind::CharacterDevice if entry.device == (0, 0) => Body::Whiteout,
            Kind::CharacterDevice | Kind::BlockDevice => {
                Body::Special(erofs::layout::encode_device(entry.device.0, entry.device.1))
            }
            Kind::Fifo => Body::Special(0),
            Kind::File | Kind::HardLink => {
                let blocks = self.place(&entry, directory);
                Body::File { size: entry.size, data: Place { blocks, reader }.data(&entry)? }
            }
        };
        attributes(&entry, body)
    }

    /// Where the data of a file in `directory` goes.
    fn place(&mut self, entry: &Entry, directory: Id) -> &mut Blocks<'f> {
        if entry.mode & READ == READ && self.tree.is_public(directory) {
            return &mut self.public;
        }
        let end = self.private.position().next_multiple_of(BLOCK).saturating_add(entry.size);
        if end > PUBLIC_FROM || entry.sparse.is_some() {
            self.overflowed = true;
            return &mut self.public;
        }
        &mut self.private
    }
}

impl Place<'_, '_> {
    fn data(&mut self, entry: &Entry) -> Result<Data> {
        if let Some(pieces) = &entry.sparse {
            return self.sparse(entry.size, pieces);
        }
        if entry.size == 0 {
            return Ok(Data::Empty);
        }
        let block = self.blocks.block()?;
        self.reader.copy(entry.size, self.blocks)?;
        Ok(Data::Whole(Chunk { device: 0, block }))
    }

    /// Only chunks that hold data get a place; what of them does not stays a hole of the output.
    fn sparse(&mut self, size: u64, pieces: &[(u64, u64)]) -> Result<Data> {
        if size == 0 {
            return Ok(Data::Empty);
        }
        if i64::try_from(size).is_err() {
            return Err(Refusal::too_large("a file cannot be that long"));
        }
        let bits = chunk_bits(size, CHUNKS_MAX);
        let chunk = BLOCK << bits;
        let count = usize::try_from(size.div_ceil(chunk)).unwrap_or(usize::MAX);
        let mut chunks = vec![Chunk::HOLE; count].into_boxed_slice();
        // Where the chunk that is being written lies in the file and in the output.
        let mut open: Option<(u64, u64)> = None;
        for (offset, length) in pieces {
            let (mut at, end) = (*offset, offset + length);
            while at < end {
                let start = at / chunk * chunk;
                let place = match open {
                    Some((same, place)) if same == start => place,
                    _ => {
                        self.close(open, chunk, size)?;
                        let block = self.blocks.block()?;
                        if let Some(slot) = chunks.get_mut((start / chunk) as usize) {
                            *slot = Chunk { device: 0, block };
                        }
                        self.blocks.position()
                    }
                };
                open = Some((start, place));
                let now = (end - at).min(start + chunk - at);
                self.blocks.zeros_to(place + (at - start))?;
                self.reader.copy(now, self.blocks)?;
                at += now;
            }
        }
        self.close(open, chunk, size)?;
        Ok(Data::Chunks { bits, chunks })
    }

    /// Leaves room for the rest of a chunk.
    fn close(&mut self, open: Option<(u64, u64)>, chunk: u64, size: u64) -> Result<()> {
        match open {
            Some((start, place)) => self.blocks.zeros_to(place + chunk.min(size - start)),
            None => Ok(()),
        }
    }
}

fn target(link: &[u8]) -> Result<Box<[u8]>> {
    if link.is_empty() || link.len() > LINK_MAX || link.contains(&0) {
        return Err(Refusal::invalid("a symbolic link without a proper target"));
    }
    Ok(link.into())
}

fn attributes(entry: &Entry, body: Body) -> Result<Node> {
    let kind = match entry.kind {
        Kind::File | Kind::HardLink => 0o100_000,
        Kind::SymbolicLink => 0o120_000,
        Kind::CharacterDevice => 0o020_000,
        Kind::BlockDevice => 0o060_000,
        Kind::Directory => 0o040_000,
        Kind::Fifo => 0o010_000,
    };
    let mode = kind | if entry.kind == Kind::SymbolicLink { 0o777 } else { entry.mode };
    let (uid, gid, mtime) = (entry.uid, entry.gid, entry.mtime);
    let xattrs = xattrs(&entry.xattrs)?;
    Ok(Node { mode, uid, gid, mtime, xattrs, body, implied: false, opaque: false, parent: ROOT })
}

/// The attributes that Linux has everywhere. Those of overlayfs and our own are marks, which no layer sets by itself.
fn xattrs(told: &[Xattr]) -> Result<Box<[Xattr]>> {
    let mut kept: Vec<Xattr> = Vec::new();
    for (name, value) in told {
        let known = image::prefix(name).is_some();
        let mark = name.starts_with(b"trusted.overlay.") || name.starts_with(image::OWN_MARKS);
        if !known || mark {
            continue;
        }
        if name.len() > crate::names::NAME_MAX || name.contains(&0) || value.len() > VALUE_MAX {
            return Err(Refusal::invalid(format!("its attribute {} is too long", name.escape_ascii())));
        }
        kept.retain(|(other, _)| other != name);
        kept.push((name.clone(), value.clone()));
    }
    if kept.iter().map(image::xattr_bytes).sum::<u64>() > image::XATTRS_MAX {
        return Err(Refusal::invalid("it has too many attributes"));
    }
    Ok(kept.into())
}
