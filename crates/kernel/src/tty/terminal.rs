//! A terminal: what both ends of a pty(7) pair share.

use std::sync::{Arc, Weak};

use abi::Errno;
use abi::signal::Signal;
use abi::termios::{ICANON, Termios, VMIN, VTIME, Winsize};

use super::discipline::{Discipline, Effects};
use super::output::Screen;
use super::{Session, Slave};
use crate::kernel::Kernel;
use crate::sync::Mutex;
use crate::task::{Pid, Pids};
use crate::time::{Nanos, Timer, monotonic};
use crate::wait::{Events, Listener, WaitQueue};

/// Nanoseconds of the unit of VTIME.
const DECISECOND: Nanos = 100_000_000;

/// A terminal.
pub struct Tty {
    /// Its number: N of /dev/pts/N.
    pub index: u32,
    this: Weak<Tty>,
    kernel: Weak<Kernel>,
    pub(super) state: Mutex<State>,
    /// Announced when the terminal's programs may read or write.
    pub(super) slave_queue: WaitQueue,
    /// Announced when the master may read or write.
    pub(super) master_queue: WaitQueue,
}

/// The session that a terminal controls, and where its groups are found.
#[derive(Clone)]
pub(super) struct Controlled {
    pub(super) session: Arc<Session>,
    pub(super) pids: Arc<Pids>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) discipline: Discipline,
    pub(super) screen: Screen,
    pub(super) winsize: Winsize,
    pub(super) controlled: Option<Controlled>,
    pub(super) foreground: Option<Pid>,
    /// TIOCSPTLCK: the slave cannot be opened.
    pub(super) locked: bool,
    /// TIOCEXCL: only the privileged can open it once more.
    pub(super) exclusive: bool,
    /// TIOCPKT, and what the master has not been told.
    pub(super) packet_mode: bool,
    pub(super) packet: u8,
    pub(super) slaves: usize,
    pub(super) was_opened: bool,
    pub(super) master_closed: bool,
    /// Counts hang-ups: what was opened before one is dead.
    pub(super) generation: u64,
    /// The time that a read in raw mode still waits, VTIME.
    pub(super) patience: Option<Timer>,
    pub(super) patience_over: bool,
}

impl State {
    /// Keeps what a master in packet mode is to be told.
    fn note(&mut self, effects: &Effects) {
        if self.packet_mode {
            self.packet |= effects.packet;
        }
    }
}

impl Tty {
    /// A terminal whose slave is still locked, as after opening /dev/ptmx.
    pub fn new(index: u32, kernel: &Arc<Kernel>) -> Arc<Tty> {
        Arc::new_cyclic(|this| Tty {
            index,
            this: Weak::clone(this),
            kernel: Arc::downgrade(kernel),
            state: Mutex::new(State { locked: true, ..State::default() }),
            slave_queue: WaitQueue::new(),
            master_queue: WaitQueue::new(),
        })
    }

    /// Opens the terminal end; `EIO` while it is locked or after the master is gone, `EBUSY` where
    /// another has it for itself and the caller is not `privileged`.
    pub fn open(self: &Arc<Self>, privileged: bool) -> Result<Slave, Errno> {
        let generation = {
            let mut state = self.state.lock();
            if state.locked || state.master_closed {
                return Err(Errno::EIO);
            }
            if state.exclusive && !privileged {
                return Err(Errno::EBUSY);
            }
            state.slaves = state.slaves.saturating_add(1);
            state.was_opened = true;
            state.generation
        };
        self.master_queue.announce(Events::OUT);
        Ok(Slave::new(Arc::clone(self), generation))
    }

    /// Lets the slave be opened, as TIOCSPTLCK with 0 (unlockpt(3)).
    pub fn unlock(&self) {
        self.state.lock().locked = false;
    }

    pub(super) fn slave_closed(&self) {
        let last = {
            let mut state = self.state.lock();
            state.slaves = state.slaves.saturating_sub(1);
            state.slaves == 0
        };
        if last {
            self.master_queue.announce(Events::HUP | Events::IN);
        }
    }

    /// The session that it controls.
    pub fn session(&self) -> Option<Arc<Session>> {
        self.state.lock().controlled.as_ref().map(|controlled| Arc::clone(&controlled.session))
    }

    /// The foreground process group.
    pub fn foreground(&self) -> Option<Pid> {
        self.state.lock().foreground
    }

    /// Sends a signal to the foreground group.
    pub(super) fn signal_foreground(&self, signal: Signal) {
        let (controlled, group) = {
            let state = self.state.lock();
            (state.controlled.clone(), state.foreground)
        };
        if let (Some(controlled), Some(group)) = (controlled, group) {
            super::job::signal_group(&controlled.pids, group, signal);
        }
    }

    /// Does what typed bytes or new settings led to. What is announced to the master is echo and
    /// news in packet mode: that it may write is for those to say who made room, or a master that
    /// waits for room would be woken by its own attempt.
    pub(super) fn apply(&self, effects: &Effects) {
        self.state.lock().note(effects);
        for signal in &effects.signals {
            self.signal_foreground(*signal);
        }
        self.slave_queue.announce(Events::IN | Events::OUT);
        self.master_queue.announce(Events::IN);
    }

    /// Bytes from the master; answers how many were taken.
    pub(super) fn type_in(&self, bytes: &[u8]) -> usize {
        let (taken, effects) = {
            let mut state = self.state.lock();
            let State { discipline, screen, patience, .. } = &mut *state;
            if !discipline.has_room() {
                return 0;
            }
            // A byte that comes begins the time between bytes anew.
            *patience = None;
            discipline.type_in(bytes, screen)
        };
        self.apply(&effects);
        taken
    }

    /// Bytes for the master.
    pub(super) fn take_output(&self, buffer: &mut [u8]) -> usize {
        let count = {
            let mut state = self.state.lock();
            let count = buffer.len().min(state.screen.bytes.len());
            for (place, byte) in buffer.iter_mut().zip(state.screen.bytes.drain(..count)) {
                *place = byte;
            }
            count
        };
        if count > 0 {
            self.slave_queue.announce(Events::OUT);
        }
        count
    }

    /// A read of the terminal's program; `None` while it has to wait. See termios(3), "Canonical
    /// and noncanonical mode".
    pub(super) fn read_input(&self, buffer: &mut [u8]) -> Option<usize> {
        let (count, effects) = {
            let mut state = self.state.lock();
            match self.readiness(&mut state, buffer.len()) {
                Readiness::Wait => return None,
                Readiness::Now => {}
            }
            state.patience = None;
            state.patience_over = false;
            let count = state.discipline.read(buffer);
            let State { discipline, screen, .. } = &mut *state;
            (count, discipline.look_at_waiting(screen))
        };
        if effects != Effects::default() {
            self.apply(&effects);
        }
        self.master_queue.announce(Events::OUT);
        Some(count)
    }

    fn readiness(&self, state: &mut State, wanted: usize) -> Readiness {
        let termios = state.discipline.termios;
        let control = |at: usize| termios.cc.get(at).copied().unwrap_or_default();
        if state.discipline.has_input(wanted) {
            return Readiness::Now;
        }
        if termios.lflag & ICANON != 0 {
            return Readiness::Wait;
        }
        let some = state.discipline.readable() > 0;
        match (control(VMIN), Nanos::from(control(VTIME))) {
            (0, 0) => Readiness::Now,
            (0, _) if some || state.patience_over => Readiness::Now,
            (1.., 1..) if some && state.patience_over => Readiness::Now,
            (0, time) => self.be_patient(state, time),
            (_, time @ 1..) if some => self.be_patient(state, time),
            _ => Readiness::Wait,
        }
    }

    /// Starts the clock of VTIME where it does not run.
    fn be_patient(&self, state: &mut State, deciseconds: Nanos) -> Readiness {
        if state.patience.is_none()
            && let Some(kernel) = self.kernel.upgrade()
        {
            let when = monotonic().saturating_add(deciseconds.saturating_mul(DECISECOND));
            state.patience = Some(kernel.timers.at(when, Arc::new(PatienceOver(Weak::clone(&self.this)))));
        }
        Readiness::Wait
    }

    /// The size of the window.
    pub fn winsize(&self) -> Winsize {
        self.state.lock().winsize
    }

    /// Sets the size of the window; the foreground group hears of a change (SIGWINCH).
    pub fn set_winsize(&self, winsize: Winsize) {
        let changed = std::mem::replace(&mut self.state.lock().winsize, winsize) != winsize;
        if changed {
            self.signal_foreground(Signal::SIGWINCH);
        }
    }

    /// The settings.
    pub fn termios(&self) -> Termios {
        self.state.lock().discipline.termios
    }

    /// Sets the settings, dropping what was typed where `flush`.
    pub(super) fn set_termios(&self, termios: Termios, flush: bool) {
        let mut effects = Effects::default();
        {
            let mut state = self.state.lock();
            if flush {
                state.discipline.flush_input();
            }
            state.discipline.set_termios(termios, &mut effects);
            let State { discipline, screen, .. } = &mut *state;
            effects.join(discipline.look_at_waiting(screen));
        }
        self.apply(&effects);
        self.master_queue.announce(Events::OUT);
    }

    /// The master is gone: the session loses its terminal and what has it open gets end of file.
    pub(super) fn master_closed(&self) {
        self.state.lock().master_closed = true;
        self.hang_up();
    }

    /// Hangs up: the controlled session's leader and the foreground group get SIGHUP and SIGCONT,
    /// what was opened until now is dead.
    pub(super) fn hang_up(&self) {
        let (controlled, foreground) = {
            let mut state = self.state.lock();
            state.generation = state.generation.wrapping_add(1);
            state.discipline.flush_all_input();
            (state.controlled.take(), state.foreground.take())
        };
        if let Some(controlled) = controlled {
            controlled.session.set_tty(None);
            super::job::hang_up(&controlled, foreground);
        }
        self.slave_queue.announce(Events::IN | Events::OUT | Events::HUP);
    }
}

enum Readiness {
    Now,
    Wait,
}

/// VTIME has passed.
struct PatienceOver(Weak<Tty>);

impl Listener for PatienceOver {
    fn notify(&self, _: Events) {
        let Some(tty) = self.0.upgrade() else { return };
        {
            let mut state = tty.state.lock();
            state.patience = None;
            state.patience_over = true;
        }
        tty.slave_queue.announce(Events::IN);
    }
}
