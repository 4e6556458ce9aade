//! Terminals: pseudo-terminals, the line discipline, job control.
//!
//! Owns: [`Tty`], the terminal of a pty(7) pair with its settings, queues and foreground group; its
//! two ends [`Master`] and [`Slave`]; [`HostTerminal`], the master end that the sandbox holds for a
//! terminal on the host; [`Session`], which has at most one controlling terminal. Does not own: the
//! process tree (`task`), names and numbers of terminals (`fs::devpts`).
//!
//! Locks: a terminal's state, then a session's terminal. Signals and announcements come after both.

mod discipline;
mod host;
mod ioctl;
mod job;
mod master;
mod output;
mod session;
mod slave;
mod terminal;

pub use host::HostTerminal;
pub use master::Master;
pub use session::{Session, session_ended};
pub use slave::{MAJOR, Slave};
pub use terminal::Tty;
