//! How guest tasks run on the host: starting and stopping them, receiving their calls, their memory.
//!
//! Owns every host mechanism and all `unsafe` of the workspace. Decides nothing about Linux semantics.
//! Called by `kernel` through its traits and by `sandbox` to set the walls up.
