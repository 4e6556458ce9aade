//! A file tree in memory: names and attributes, and where data lies.
//!
//! What it holds is counted, so that a layer of nothing but names ends at a limit and not with the host's memory.
//! Nothing here recurses: a tree is as deep as its maker likes.

use std::collections::{BTreeMap, HashSet};

use erofs::layout::{BLOCK, HOLE, PUBLIC_FROM};

use crate::refusal::{Refusal, Result};

/// A node's place in [`Tree::nodes`].
pub(crate) type Id = u32;
/// The root directory.
pub(crate) const ROOT: Id = 0;

/// About how many bytes a tree may hold.
const HELD_MAX: u64 = 256 << 20;
/// About what a node and its name take beside the name's own bytes.
const NODE_BYTES: u64 = 160;
/// What a file everybody may read, and a directory everybody may search, allow.
pub(crate) const READ: u32 = 0o444;
const SEARCH: u32 = 0o111;
/// The most symbolic links in one path, path_resolution(7).
const LINKS_MAX: usize = 40;

/// One chunk of a file: in which file of the host, and from which block on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) device: u16,
    pub(crate) block: u32,
}

impl Chunk {
    pub(crate) const HOLE: Chunk = Chunk { device: 0, block: HOLE };

    fn is_in_public_part(&self) -> bool {
        *self != Chunk::HOLE && u64::from(self.block) * BLOCK >= PUBLIC_FROM
    }
}

/// Where a file's bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// There are none.
    Empty,
    /// All together.
    Whole(Chunk),
    /// In chunks of as many blocks as two to the power of `bits`.
    Chunks { bits: u8, chunks: Box<[Chunk]> },
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Directory(BTreeMap<Box<[u8]>, Id>),
    File {
        size: u64,
        data: Data,
    },
    Symlink(Box<[u8]>),
    /// A device of this number, a FIFO or a socket.
    Special(u32),
    /// A name that hides what lower layers have under it.
    Whiteout,
    /// A further name of a file of a lower layer: its path.
    LinkBelow(Box<[u8]>),
}

/// An attribute's name and value.
pub(crate) type Xattr = (Vec<u8>, Vec<u8>);

/// One inode.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Type and permissions.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mtime: (i64, u32),
    pub(crate) xattrs: Box<[Xattr]>,
    pub(crate) body: Body,
    /// A directory that no entry describes: it is only on the way to one.
    pub(crate) implied: bool,
    /// A directory that hides all that lower layers have below it.
    pub(crate) opaque: bool,
    /// Of a directory: the one above it.
    pub(crate) parent: Id,
}

impl Node {
    /// A directory without an entry of its own, as docker makes it.
    pub(crate) fn implied() -> Node {
        let body = Body::Directory(BTreeMap::new());
        Node {
            mode: 0o040_755,
            uid: 0,
            gid: 0,
            mtime: (0, 0),
            xattrs: Box::default(),
            body,
            implied: true,
            opaque: false,
            parent: ROOT,
        }
    }

    /// A mark without attributes.
    pub(crate) fn mark(body: Body) -> Node {
        let mode = if matches!(body, Body::Whiteout) { 0o020_000 } else { 0o120_777 };
        Node { mode, body, implied: false, ..Node::implied() }
    }

    pub(crate) fn is_directory(&self) -> bool {
        matches!(self.body, Body::Directory(_))
    }

    /// Where the bytes of a file lie.
    pub(crate) fn chunks(&self) -> &[Chunk] {
        match &self.body {
            Body::File { data: Data::Whole(chunk), .. } => std::slice::from_ref(chunk),
            Body::File { data: Data::Chunks { chunks, .. }, .. } => chunks,
            _ => &[],
        }
    }

    fn bytes(&self) -> u64 {
        let xattrs: usize = self.xattrs.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
        let own = match &self.body {
            Body::Symlink(text) | Body::LinkBelow(text) => text.len(),
            Body::File { data: Data::Chunks { chunks, .. }, .. } => chunks.len() * size_of::<Chunk>(),
            _ => 0,
        };
        NODE_BYTES + (xattrs + own) as u64
    }
}

/// Inodes by number, and names in directories.
pub(crate) struct Tree {
    nodes: Vec<Node>,
    held: u64,
}

impl Tree {
    /// A root directory that no entry describes.
    pub(crate) fn new() -> Tree {
        Tree { nodes: vec![Node::implied()], held: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub(crate) fn node_mut(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    /// The names of a directory; none of anything else.
    pub(crate) fn names(&self, id: Id) -> impl Iterator<Item = (&[u8], Id)> {
        let names = match &self.node(id).body {
            Body::Directory(names) => Some(names),
            _ => None,
        };
        names.into_iter().flatten().map(|(name, id)| (&**name, *id))
    }

    pub(crate) fn child(&self, directory: Id, name: &[u8]) -> Option<Id> {
        match &self.node(directory).body {
            Body::Directory(names) => names.get(name).copied(),
            _ => None,
        }
    }

    /// Counts what is about to be held.
    fn hold(&mut self, bytes: u64) -> Result<()> {
        self.held = self.held.saturating_add(bytes);
        if self.held > HELD_MAX {
            return Err(Refusal::too_large("its names and attributes take more than 256 MiB"));
        }
        Ok(())
    }

    /// A new node, without a name yet.
    pub(crate) fn add(&mut self, node: Node) -> Result<Id> {
        self.hold(node.bytes())?;
        let id = Id::try_from(self.nodes.len()).map_err(|_| Refusal::too_large("it has too many names"))?;
        self.nodes.push(node);
        Ok(id)
    }

    /// Puts `id` under `name`, in place of whatever had it.
    pub(crate) fn put(&mut self, directory: Id, name: &[u8], id: Id) -> Result<()> {
        self.hold(name.len() as u64 + 32)?;
        if self.node(id).is_directory() {
            self.node_mut(id).parent = directory;
        }
        if let Body::Directory(names) = &mut self.node_mut(directory).body {
            names.insert(name.into(), id);
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, directory: Id, name: &[u8]) {
        if let Body::Directory(names) = &mut self.node_mut(directory).body {
            names.remove(name);
        }
    }

    /// Takes all names of a directory away.
    pub(crate) fn clear(&mut self, directory: Id) {
        if let Body::Directory(names) = &mut self.node_mut(directory).body {
            names.clear();
        }
    }

    /// Makes `node` what the directory `id` says of itself; its names stay.
    pub(crate) fn describe(&mut self, id: Id, node: Node) -> Result<()> {
        self.hold(node.bytes())?;
        let here = self.node_mut(id);
        let body = std::mem::replace(&mut here.body, Body::Whiteout);
        *here = Node { opaque: here.opaque || node.opaque, parent: here.parent, body, ..node };
        Ok(())
    }

    /// Puts an implied directory where nothing, or a mark, has the name.
    fn make_way(&mut self, directory: Id, name: &[u8]) -> Result<Id> {
        let opaque = self.child(directory, name).is_some();
        let id = self.add(Node { opaque, ..Node::implied() })?;
        self.put(directory, name, id)?;
        Ok(id)
    }

    /// The directory at `names`, made where it is not there. Symbolic links on the way are followed as if the tree
    /// were the whole system's, as containerd does: nothing outside is reached.
    pub(crate) fn directory(&mut self, names: &[&[u8]]) -> Result<Id> {
        let mut walk = Walk::new(ROOT, names);
        while let Some(name) = walk.next(self) {
            let next = match self.child(walk.here, &name) {
                Some(id) if !matches!(self.node(id).body, Body::Whiteout) => id,
                _ => self.make_way(walk.here, &name)?,
            };
            walk.enter(self, next, &name)?;
        }
        Ok(walk.here)
    }

    /// The directory that the path `names` leads to from the directory `start`, where there is one.
    pub(crate) fn find_directory(&self, start: Id, names: &[&[u8]]) -> Result<Option<Id>> {
        let mut walk = Walk::new(start, names);
        while let Some(name) = walk.next(self) {
            let Some(next) = self.child(walk.here, &name) else { return Ok(None) };
            walk.enter(self, next, &name)?;
        }
        Ok(Some(walk.here))
    }

    /// What has the path `names`; a symbolic link at its end is not followed.
    pub(crate) fn find(&self, names: &[&[u8]]) -> Result<Option<Id>> {
        let Some((name, above)) = names.split_last() else { return Ok(Some(ROOT)) };
        Ok(self.find_directory(ROOT, above)?.and_then(|directory| self.child(directory, name)))
    }
}

impl Tree {
    /// True if everybody may search the directory and all above it.
    pub(crate) fn is_public(&self, mut directory: Id) -> bool {
        loop {
            let node = self.node(directory);
            if node.mode & SEARCH != SEARCH {
                return false;
            }
            if directory == ROOT {
                return true;
            }
            directory = node.parent;
        }
    }

    /// The files of the host that hold, in their public part, something that not everybody may read.
    pub(crate) fn private_devices(&self) -> HashSet<u16> {
        let mut public = vec![false; self.nodes.len()];
        let mut pending = vec![(ROOT, true)];
        let mut files: Vec<Id> = Vec::new();
        while let Some((directory, above)) = pending.pop() {
            let open = above && self.node(directory).mode & SEARCH == SEARCH;
            for (_, id) in self.names(directory) {
                let node = self.node(id);
                match node.body {
                    Body::Directory(_) => pending.push((id, open)),
                    Body::File { .. } => {
                        public[id as usize] |= open && node.mode & READ == READ;
                        files.push(id);
                    }
                    _ => {}
                }
            }
        }
        let private = files.into_iter().filter(|id| !public[*id as usize]);
        private
            .flat_map(|id| self.node(id).chunks())
            .filter(|chunk| chunk.is_in_public_part())
            .map(|c| c.device)
            .collect()
    }
}

/// The way along a path.
struct Walk {
    here: Id,
    /// The names that are left, the next one last.
    left: Vec<Box<[u8]>>,
    links: usize,
}

impl Walk {
    fn new(start: Id, names: &[&[u8]]) -> Walk {
        let mut walk = Walk { here: start, left: Vec::new(), links: 0 };
        if names.first().is_some_and(|name| name.is_empty()) {
            walk.here = ROOT;
        }
        walk.left.extend(names.iter().rev().map(|name| Box::from(*name)));
        walk
    }

    /// The next real name; `.` and `..` of links are followed on the way.
    fn next(&mut self, tree: &Tree) -> Option<Box<[u8]>> {
        loop {
            let name = self.left.pop()?;
            match &*name {
                b"" | b"." => {}
                b".." => self.here = tree.node(self.here).parent,
                _ => return Some(name),
            }
        }
    }

    fn enter(&mut self, tree: &Tree, id: Id, name: &[u8]) -> Result<()> {
        match &tree.node(id).body {
            Body::Directory(_) => self.here = id,
            Body::Symlink(target) => {
                self.links += 1;
                if self.links > LINKS_MAX {
                    return Err(Refusal::invalid("too many levels of symbolic links in its path"));
                }
                if target.starts_with(b"/") {
                    self.here = ROOT;
                }
                self.left.extend(target.rsplit(|byte| *byte == b'/').map(Box::from));
            }
            _ => return Err(Refusal::invalid(format!("\"{}\" in its path is not a directory", name.escape_ascii()))),
        }
        Ok(())
    }
}

/// How many bits a chunk has more than a block, so that a file of `size` is in at most `most` chunks.
pub(crate) fn chunk_bits(size: u64, most: u64) -> u8 {
    let blocks = size.div_ceil(BLOCK);
    (0..31).find(|bits| blocks.div_ceil(1 << bits) <= most).unwrap_or(31)
}
