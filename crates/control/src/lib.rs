//! Messages between `podvisor` (Python) and `podvisor-sandbox`, and their codec.
//!
//! Owns the shapes of `docs/control-protocol.md` and their framing, and
//! the socket that they travel on. Does not own what a request does. Called by `sandbox` and `switch`.
//!
//! Requests are read strictly: a field that this side does not know is a mistake of the other side, and is
//! answered as one. Answers and events are only written here. The JSON under `fixtures/` is read by the tests of
//! both sides, so that they cannot drift apart.

mod event;
mod frame;
mod place;
mod process;
mod reply;
mod request;
mod root;
mod socket;
mod volume;

pub use event::Event;
pub use frame::{Decoder, Frame, FrameError, MAX_DESCRIPTORS, MAX_MESSAGE, encode};
pub use process::{Process, Stdio, Terminal};
pub use reply::{Answer, ContainerStats, ErrorKind, Failure, KernelStats, NetworkStats, Reply, Stats, VolumeStats};
pub use request::{
    Attach, Changed, ContainerName, Create, Dial, Exec, Limits, Malformed, Operation, Pod, Request, Resize, Signal,
    Start,
};
pub use root::{FdRef, Ids, Layer, LayerSource, Mount, Root};
pub use socket::{Closed, Socket};
pub use volume::{Volume, VolumeSource};
