//! File systems: what implements the contracts of `vfs`.

pub mod pipe;
