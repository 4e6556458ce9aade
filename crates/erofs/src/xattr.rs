//! Extended attributes: those behind an inode, and those that several inodes share.

use zerocopy::FromBytes;

use crate::blocks::ReadAt;
use crate::image::Image;
use crate::layout::{BLOCK, XATTR_PREFIXES, XattrEntry, XattrHeader};
use crate::{Error, Inode, Result};

/// The longest body, as `i_xattr_icount` can tell, and the longest value that Linux takes.
const MAX_VALUE: usize = 65_536;
const HEADER: usize = size_of::<XattrHeader>();
const ENTRY: usize = size_of::<XattrEntry>();

/// One attribute: its name and its value.
pub type Xattr = (Vec<u8>, Vec<u8>);

impl<S: ReadAt> Image<S> {
    /// The extended attributes of an inode.
    ///
    /// # Errors
    /// Where they are damaged.
    pub fn xattrs(&self, inode: &Inode) -> Result<Vec<Xattr>> {
        let (position, length) = inode.xattrs;
        if length == 0 {
            return Ok(Vec::new());
        }
        let mut body = vec![0; length as usize];
        self.blocks.copy(position, &mut body)?;
        let (header, _) = XattrHeader::read_from_prefix(&body).map_err(|_| Error::Damaged("attributes"))?;
        let shared = usize::from(header.h_shared_count);
        let numbers = body.get(HEADER..HEADER + shared * 4).ok_or(Error::Damaged("shared attributes"))?;
        let mut found = Vec::new();
        for number in numbers.chunks_exact(4) {
            found.push(self.shared(u32::from_le_bytes([number[0], number[1], number[2], number[3]]))?);
        }
        let mut rest = body.get(HEADER + shared * 4..).unwrap_or_default();
        while let Ok((entry, after)) = XattrEntry::read_from_prefix(rest) {
            if entry.e_name_len == 0 && entry.e_name_index == 0 && entry.e_value_size.get() == 0 {
                break;
            }
            let (name, value) = (usize::from(entry.e_name_len), usize::from(entry.e_value_size.get()));
            let bytes = after.get(..name + value).ok_or(Error::Damaged("an attribute behind the end"))?;
            found.push(attribute(entry, bytes)?);
            rest = rest.get((ENTRY + name + value).next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(found)
    }

    fn shared(&self, number: u32) -> Result<Xattr> {
        let position = u64::from(self.superblock.xattr_blkaddr.get()) * BLOCK + u64::from(number) * 4;
        let mut bytes = [0; ENTRY];
        self.blocks.copy(position, &mut bytes)?;
        let (entry, _) = XattrEntry::read_from_prefix(&bytes).map_err(|_| Error::Damaged("a shared attribute"))?;
        let mut both = vec![0; usize::from(entry.e_name_len) + usize::from(entry.e_value_size.get())];
        self.blocks.copy(position + ENTRY as u64, &mut both)?;
        attribute(entry, &both)
    }
}

/// The attribute whose name's rest and value are `bytes`.
fn attribute(entry: XattrEntry, bytes: &[u8]) -> Result<Xattr> {
    let prefix = XATTR_PREFIXES.iter().find(|(index, _)| *index == entry.e_name_index);
    let (_, prefix) = prefix.ok_or(Error::Damaged("an attribute with an unknown prefix"))?;
    let (rest, value) = bytes.split_at_checked(usize::from(entry.e_name_len)).unwrap_or_default();
    let name = [prefix, rest].concat();
    if name.len() > crate::layout::NAME_MAX || name.contains(&0) || value.len() > MAX_VALUE {
        return Err(Error::Damaged("an attribute of no proper name"));
    }
    Ok((name, value.to_vec()))
}
