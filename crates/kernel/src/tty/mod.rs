//! Terminals: pseudo-terminals, the line discipline, job control.
//!
//! Owns: [`Tty`], its settings (termios(3)), queues and foreground group; [`Session`], which has at
//! most one controlling terminal. Does not own: the process tree (`task`), names under /dev (`fs`).

mod session;

pub use session::Session;

/// A terminal.
pub struct Tty {}
