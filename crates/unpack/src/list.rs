//! Where the members of an archive lie, so that whoever has the archive uncompressed can read them at their place.
//!
//! For archives that hold an image (`docker save`, an OCI layout): few members, with proper names.

use std::fs::File;
use std::io::{Read, Write};

use crate::layer::Limits;
use crate::refusal::{Refusal, Result};
use crate::stream::Start;
use crate::tar::{Kind, Reader, Witness};

/// The most members that are listed, and the most bytes of their names: more than any image has.
const MEMBERS_MAX: usize = 65_536;
const NAMES_MAX: usize = 8 << 20;

/// A file, or a link, of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name as the archive has it.
    pub name: String,
    /// Where a link leads; empty for a file.
    pub link: String,
    /// Where its data begins in the uncompressed archive.
    pub offset: u64,
    /// Bytes of its data.
    pub size: u64,
}

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The files and links whose names are UTF-8 and that are not sparse, as many as are listed.
    pub members: Vec<Member>,
    /// There are others.
    pub more: bool,
    /// SHA-256 of the uncompressed archive.
    pub digest: [u8; 32],
    /// The bytes of the uncompressed archive.
    pub tar_bytes: u64,
}

/// Reads an archive, lists it, and writes it uncompressed to `output` where there is one. `confine` is called as
/// [`crate::layer`] calls it.
///
/// # Errors
/// Where it is no archive, or larger than `limits` have it.
pub fn list(
    input: impl Read + Send + 'static,
    output: Option<&File>,
    limits: Limits,
    confine: impl FnOnce() -> std::result::Result<(), String>,
) -> Result<Listing> {
    let start = Start::new(input, limits.max_bytes)?;
    confine().map_err(|message| Refusal::new(crate::Reason::Host, message))?;
    let mut reader = Reader::new(start.begin(), Copy { output, position: 0 });
    let (mut members, mut names, mut more, mut entries) = (Vec::new(), 0, false, 0);
    while let Some(entry) = reader.next()? {
        entries += 1;
        if entries > limits.max_entries {
            return Err(Refusal::too_large(format!("the archive has more than {} entries", limits.max_entries)));
        }
        let is_link = matches!(entry.kind, Kind::HardLink | Kind::SymbolicLink);
        if !is_link && entry.kind != Kind::File {
            continue;
        }
        // What of a sparse file is in an archive is not what it holds; archives of images have none.
        if entry.sparse.is_some() {
            more = true;
            continue;
        }
        let link = if is_link { entry.link } else { Vec::new() };
        let (Ok(name), Ok(link)) = (String::from_utf8(entry.path), String::from_utf8(link)) else {
            more = true;
            continue;
        };
        names += name.len() + link.len();
        if members.len() == MEMBERS_MAX || names > NAMES_MAX {
            more = true;
        } else {
            members.push(Member { name, link, offset: reader.witness.position, size: reader.left() });
        }
    }
    let (_, digest, tar_bytes) = reader.finish(|_| Ok(()))?;
    Ok(Listing { members, more, digest, tar_bytes })
}

/// Counts, and writes where there is somewhere to write.
struct Copy<'f> {
    output: Option<&'f File>,
    position: u64,
}

impl Witness for Copy<'_> {
    fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        match &mut self.output {
            Some(output) => output.write_all(bytes).map_err(|error| Refusal::writing(&error)),
            None => Ok(()),
        }
    }

    fn in_image(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}
