//! Messages between `podvisor` (Python) and `podvisor-sandbox`, and their codec.
//!
//! Owns the shapes of `docs/control-protocol.md` and their framing. Owns neither the socket nor what a
//! request does. Called by `sandbox`.
