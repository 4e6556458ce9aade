//! Entries of a tar stream, tar(5).
//!
//! Owns: headers with what precedes them (GNU long names, PAX records) as one [`Entry`], and the entry's data. An own
//! reader because a header may not make us keep what it announces: extended headers have a limit here, names are
//! bytes, and sparse files come in all four formats. Does not own: what an entry does to a tree (`layer`).

mod header;
mod pax;
mod reader;
mod writer;

pub(crate) use self::reader::Reader;
pub(crate) use self::writer::Writer;

use crate::refusal::Result;

/// Is told of every byte of an archive, in order.
pub(crate) trait Witness {
    /// These bytes came next.
    fn raw(&mut self, bytes: &[u8]) -> Result<()>;

    /// The bytes that came next were written to position `at` of the image.
    fn in_image(&mut self, at: u64, length: u64) -> Result<()>;
}

/// Where the data of a sparse file belongs, in order: offset and length.
pub(crate) type Pieces = Vec<(u64, u64)>;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// One entry.
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) path: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mtime: (i64, u32),
    pub(crate) device: (u32, u32),
    /// The file's own size, holes included.
    pub(crate) size: u64,
    /// Set for a sparse file.
    pub(crate) sparse: Option<Pieces>,
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}
