//! The Linux x86-64 ABI as data: error numbers, call numbers, flags, layouts.
//!
//! Owns the shapes that cross the system call border. Owns no behaviour and does no I/O.
//! Called by `platform` and `kernel`.
