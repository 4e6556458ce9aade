//! The user-space kernel: what a guest sees as Linux.
//!
//! Owns the meaning of every system call. Knows no host mechanism; tasks and memory come through
//! the traits of `platform`. Called by `sandbox`.
