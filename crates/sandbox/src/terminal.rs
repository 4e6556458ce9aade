//! A guest's terminal joined to descriptors of the host: what is typed goes in, what is shown goes out.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use abi::Errno;
use kernel::kernel::Kernel;
use kernel::runtime::Job;
use kernel::sync::Mutex;
use kernel::tty::HostTerminal;
use kernel::wait::{Events, WaitQueue};

/// How much is moved at once.
const PIECE: usize = 4096;

/// A joined terminal. When it is dropped nothing is typed any more, and what the guest has written is
/// still shown, however slowly it is taken; then the host's end closes.
pub(crate) struct Joined {
    ends: Arc<Ends>,
    typing: Arc<Job>,
}

struct Ends {
    kernel: Arc<Kernel>,
    watches: [Option<(u64, Arc<WaitQueue>)>; 2],
    terminal: HostTerminal,
    input: OwnedFd,
    output: OwnedFd,
    typed: Mutex<Vec<u8>>,
    shown: Mutex<Vec<u8>>,
    /// Nothing more is to come.
    over: AtomicBool,
}

impl Joined {
    /// Joins the ends.
    pub(crate) fn new(kernel: &Arc<Kernel>, terminal: HostTerminal, input: OwnedFd, output: OwnedFd) -> Joined {
        let watches = [kernel.watch_host(input.as_fd()), kernel.watch_host(output.as_fd())];
        let [input_queue, output_queue] =
            watches.clone().map(|watch| watch.map(|(_, queue)| queue).unwrap_or_default());
        let ends = Arc::new(Ends {
            kernel: Arc::clone(kernel),
            watches,
            terminal,
            input,
            output,
            typed: Mutex::default(),
            shown: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let typing = Arc::clone(&ends);
        let showing = Arc::clone(&ends);
        let typing = kernel.runtime.spawn(async move {
            while kernel::wait::either(&input_queue, typing.terminal.queue(), || typing.type_some()).await.is_some() {}
        });
        kernel.runtime.spawn(async move {
            while kernel::wait::either(showing.terminal.queue(), &output_queue, || showing.show_some()).await.is_some()
            {
            }
        });
        Joined { ends, typing }
    }

    /// The window has another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.ends.terminal.resize(rows, columns);
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.typing.cancel();
        self.ends.over.store(true, Ordering::Release);
        self.ends.terminal.queue().announce(Events::IN);
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        for (watch, fd) in self.watches.iter().zip([&self.input, &self.output]) {
            if let Some((token, _)) = watch {
                self.kernel.unwatch_host(*token, fd.as_fd());
            }
        }
    }
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
                0 => return self.over.load(Ordering::Acquire).then_some(None),
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
