//! Layers of images become EROFS images, and back.
//!
//! Owns: [`layer`] (a compressed tar stream becomes one image), [`merge`] (several become one tree), [`archive`] (a
//! layer's image becomes the very tar stream again), [`export`] (any image becomes some tar stream) and [`list`] (where
//! the members of an archive lie). Does not own: where layers come from and are kept (Python's `images`), nor
//! the walls around the process that reads them (`platform::confine`). Called by `sandbox`.
//!
//! A layer is hostile input. It is read once and as a stream; what stays in memory is its names and attributes, whose
//! number has a limit. File data goes to its place in the output at once, the metadata follows at the end.
//!
//! In a layer's own image marks are kept as overlayfs keeps them: a removed name is a character device 0/0, and a
//! directory that hides all below it has the attribute `trusted.overlay.opaque`. [`merge`] takes them out.

#![forbid(unsafe_code)]

mod archive;
mod blocks;
mod export;
mod image;
mod layer;
mod list;
mod merge;
mod names;
mod recipe;
mod refusal;
mod stream;
mod tar;
#[cfg(test)]
mod tests;
mod tree;

pub use archive::{Archived, archive};
pub use export::{Exported, export};
pub use layer::{Limits, Summary, layer};
pub use list::{Listing, Member, list};
pub use merge::{Merged, Part, merge};
pub use refusal::{Reason, Refusal, Result};
