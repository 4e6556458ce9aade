//! EROFS images: their layout on disk, and a reader that trusts no byte of them.
//!
//! Owns: the structures of Linux's `fs/erofs/erofs_fs.h` ([`layout`]) and [`Image`], which walks the metadata of one
//! image. Does not own: where the bytes come from ([`ReadAt`]), what a guest sees of it (`kernel::fs::erofs`) and
//! how images are made (`unpack`). Called by both.
//!
//! An image is hostile input: every position is checked before it is read, every loop ends with the image, and what
//! is kept in memory has a bound. What contradicts the format is [`Error::Damaged`], never a panic.

#![forbid(unsafe_code)]

mod blocks;
mod directory;
mod image;
mod inode;
pub mod layout;
mod xattr;

pub use blocks::ReadAt;
pub use directory::Entry;
pub use image::Image;
pub use inode::{Inode, Run};
pub use xattr::Xattr;

/// Why an image cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It contradicts the format.
    Damaged(&'static str),
    /// It uses a feature that this reader does not have.
    Unsupported(&'static str),
    /// The host could not read it; its error number.
    Host(i32),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Damaged(what) => write!(f, "damaged EROFS image: {what}"),
            Error::Unsupported(what) => write!(f, "EROFS image with {what}, which is not supported"),
            Error::Host(errno) => write!(f, "errno {errno} while an EROFS image was read"),
        }
    }
}

impl std::error::Error for Error {}

/// What the reader answers.
pub type Result<T> = std::result::Result<T, Error>;
