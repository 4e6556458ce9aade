//! Sessions and their controlling terminals, credentials(7) and setsid(2).

use std::sync::Arc;

use super::Tty;
use crate::sync::Mutex;
use crate::task::Pid;

/// A session: the groups of processes that share a controlling terminal. The foreground group is
/// the terminal's.
pub struct Session {
    /// Its id: the pid of the leader that called setsid(2).
    pub id: Pid,
    tty: Mutex<Option<Arc<Tty>>>,
}

impl Session {
    /// A session without a terminal.
    pub fn new(id: Pid) -> Arc<Session> {
        Arc::new(Session { id, tty: Mutex::new(None) })
    }

    /// The controlling terminal.
    pub fn tty(&self) -> Option<Arc<Tty>> {
        self.tty.lock().clone()
    }

    /// Makes `tty` the controlling terminal, or gives it up.
    pub(super) fn set_tty(&self, tty: Option<Arc<Tty>>) {
        let old = std::mem::replace(&mut *self.tty.lock(), tty);
        drop(old);
    }
}

/// The session's leader has ended: its terminal is hung up and free for another session.
pub fn session_ended(session: &Arc<Session>) {
    if let Some(tty) = session.tty() {
        tty.hang_up();
    }
}
