//! The master end of a terminal that is shown on the host: `podvisor run --tty`, kubectl exec -t.

use std::sync::Arc;

use abi::termios::Winsize;

use super::Tty;
use super::master::Release;
use crate::wait::WaitQueue;

/// A terminal whose master is the sandbox itself: what the host's terminal sends is typed in, what
/// the guest writes is taken out. Hangs up when dropped.
pub struct HostTerminal {
    tty: Arc<Tty>,
    release: Release,
}

impl HostTerminal {
    /// Takes the master's part of `tty`, and lets it be opened; `release` is called in the end.
    pub fn new(tty: Arc<Tty>, release: Release) -> HostTerminal {
        tty.unlock();
        HostTerminal { tty, release }
    }

    /// The terminal, to be opened for the guest's standard streams.
    pub fn tty(&self) -> &Arc<Tty> {
        &self.tty
    }

    /// Types bytes in; answers how many were taken. The rest is to be offered again after
    /// [`HostTerminal::queue`] announced a change.
    pub fn type_in(&self, bytes: &[u8]) -> usize {
        self.tty.type_in(bytes)
    }

    /// Takes what the guest has written; 0 where there is nothing.
    pub fn take_output(&self, buffer: &mut [u8]) -> usize {
        self.tty.take_output(buffer)
    }

    /// Whether something waits to be taken.
    pub fn has_output(&self) -> bool {
        !self.tty.state.lock().screen.bytes.is_empty()
    }

    /// Announced when there is output, or room for input.
    pub fn queue(&self) -> &WaitQueue {
        &self.tty.master_queue
    }

    /// The host's window has another size.
    pub fn resize(&self, rows: u16, columns: u16) {
        self.tty.set_winsize(Winsize { rows, columns, width: 0, height: 0 });
    }

    /// The host's terminal is gone.
    pub fn hang_up(&self) {
        self.tty.master_closed();
        (self.release)(self.tty.index);
    }
}

impl Drop for HostTerminal {
    fn drop(&mut self) {
        self.tty.master_closed();
        (self.release)(self.tty.index);
    }
}
