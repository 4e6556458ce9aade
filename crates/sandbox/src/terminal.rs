//! A guest's terminal joined to descriptors of the host: what is typed goes in, what is shown goes out.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use abi::Errno;
use kernel::kernel::Kernel;
use kernel::runtime::Job;
use kernel::sync::Mutex;
use kernel::tty::HostTerminal;
use kernel::wait::WaitQueue;

/// How much is moved at once.
const PIECE: usize = 4096;

/// A joined terminal; it comes apart when dropped.
pub(crate) struct Joined {
    ends: Arc<Ends>,
    jobs: [Arc<Job>; 2],
}

struct Ends {
    terminal: HostTerminal,
    input: OwnedFd,
    output: OwnedFd,
    typed: Mutex<Vec<u8>>,
    shown: Mutex<Vec<u8>>,
}

impl Joined {
    /// Joins the ends.
    pub(crate) fn new(kernel: &Arc<Kernel>, terminal: HostTerminal, input: OwnedFd, output: OwnedFd) -> Joined {
        let ends = Arc::new(Ends { terminal, input, output, typed: Mutex::default(), shown: Mutex::default() });
        let input_queue = watch(kernel, ends.input.as_fd());
        let output_queue = watch(kernel, ends.output.as_fd());
        let typing = Arc::clone(&ends);
        let showing = Arc::clone(&ends);
        let typing = kernel.runtime.spawn(async move {
            while kernel::wait::either(&input_queue, typing.terminal.queue(), || typing.type_some()).await.is_some() {}
        });
        let showing = kernel.runtime.spawn(async move {
            while kernel::wait::either(showing.terminal.queue(), &output_queue, || showing.show_some()).await.is_some()
            {
            }
        });
        Joined { ends, jobs: [typing, showing] }
    }

    /// The window has another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.ends.terminal.resize(rows, columns);
    }

    /// Shows what is left once the process has ended.
    pub(crate) fn drain(&self, kernel: &Arc<Kernel>) {
        kernel.runtime.run_ready();
        while self.ends.show_some() == Some(Some(())) {}
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        for job in &self.jobs {
            job.cancel();
        }
    }
}

fn watch(kernel: &Arc<Kernel>, fd: std::os::fd::BorrowedFd<'_>) -> Arc<WaitQueue> {
    kernel.watch_host(fd).map_or_else(Arc::default, |(_, queue)| queue)
}

impl Ends {
    /// Moves one piece in. `None`: wait; `Some(None)`: the host's end is gone.
    fn type_some(&self) -> Option<Option<()>> {
        let mut typed = self.typed.lock();
        if typed.is_empty() {
            let mut piece = [0; PIECE];
            match platform::stream::read(self.input.as_fd(), &mut piece) {
                Ok(0) => return Some(None),
                Ok(length) => typed.extend(piece.iter().take(length)),
                Err(Errno::EAGAIN) => return None,
                Err(_) => return Some(None),
            }
        }
        match self.terminal.type_in(&typed) {
            0 => None,
            taken => {
                let taken = taken.min(typed.len());
                typed.drain(..taken);
                Some(Some(()))
            }
        }
    }

    /// Moves one piece out.
    fn show_some(&self) -> Option<Option<()>> {
        let mut shown = self.shown.lock();
        if shown.is_empty() {
            let mut piece = [0; PIECE];
            match self.terminal.take_output(&mut piece) {
                0 => return None,
                length => shown.extend(piece.iter().take(length)),
            }
        }
        match platform::stream::write(self.output.as_fd(), &shown) {
            Ok(written) => {
                let written = written.min(shown.len());
                shown.drain(..written);
                Some(Some(()))
            }
            Err(Errno::EAGAIN) => None,
            Err(_) => Some(None),
        }
    }
}
