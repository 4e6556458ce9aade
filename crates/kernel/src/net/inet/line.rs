//! What a connected TCP socket speaks over: another socket of this kernel, or a stream that leaves it.

use std::sync::Arc;

use abi::Errno;

use super::outer::Outer;
use crate::net::message::{Outgoing, Received};
use crate::net::stream::Link;
use crate::wait::Events;

/// One end of a connection.
#[derive(Clone)]
pub(super) enum Line {
    /// Within the pod.
    Inner(Link),
    /// To another pod, to the machine, or to the node.
    Outer(Arc<Outer>),
}

impl Line {
    pub(super) fn send(&self, message: &mut Outgoing) -> Result<usize, Errno> {
        match self {
            Line::Inner(link) => link.send(message),
            Line::Outer(outer) => outer.send(message),
        }
    }

    pub(super) fn receive(&self, buffer: &mut [u8], flags: u32) -> Result<Received, Errno> {
        match self {
            Line::Inner(link) => link.receive(buffer, flags, false),
            Line::Outer(outer) => outer.receive(buffer, flags),
        }
    }

    pub(super) fn shut(&self, read: bool, write: bool) {
        match self {
            Line::Inner(link) => link.shut(read, write),
            Line::Outer(outer) => outer.shut(read, write),
        }
    }

    /// The socket of this end is closed. A stream that leaves the kernel ends with its last holder: unread bytes make
    /// the host tell the other end of a reset, unix(7).
    pub(super) fn close(&self, abort: bool) {
        match self {
            Line::Inner(link) => link.close(abort),
            Line::Outer(_) => {}
        }
    }

    pub(super) fn poll(&self) -> Events {
        match self {
            Line::Inner(link) => link.poll(),
            Line::Outer(outer) => outer.poll(),
        }
    }

    pub(super) fn take_error(&self) -> Option<Errno> {
        match self {
            Line::Inner(link) => link.take_error(),
            Line::Outer(outer) => outer.take_error(),
        }
    }

    pub(super) fn is_reset(&self) -> bool {
        match self {
            Line::Inner(link) => link.is_reset(),
            Line::Outer(outer) => outer.is_reset(),
        }
    }

    pub(super) fn pending(&self) -> usize {
        match self {
            Line::Inner(link) => link.pending(),
            Line::Outer(outer) => outer.pending(),
        }
    }

    pub(super) fn unsent(&self) -> usize {
        match self {
            Line::Inner(link) => link.unsent(),
            // The host knows, and asking it takes a call that this process may not make.
            Line::Outer(_) => 0,
        }
    }

    pub(super) fn set_capacity(&self, bytes: usize) {
        match self {
            Line::Inner(link) => link.set_capacity(bytes),
            Line::Outer(_) => {}
        }
    }

    pub(super) fn ended(&self) -> (bool, bool) {
        match self {
            Line::Inner(link) => link.ended(),
            Line::Outer(outer) => outer.ended(),
        }
    }
}
