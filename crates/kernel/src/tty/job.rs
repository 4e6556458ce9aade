//! Job control: who may use a terminal, credentials(7) and tty_ioctl(4).

use std::sync::Arc;

use abi::Errno;
use abi::signal::Signal;
use abi::termios::TOSTOP;

use super::Tty;
use super::terminal::Controlled;
use crate::task::{Fault, Pid, Pids, Task, signals};

/// What a background process wants of its terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To read.
    Read,
    /// To write.
    Write,
    /// To change it.
    Change,
}

/// Sends a signal to every process of a group.
pub(super) fn signal_group(pids: &Arc<Pids>, group: Pid, signal: Signal) {
    for process in pids.group(group) {
        process.send_signal(signal, signals::from_kernel(signal));
    }
}

/// Tells a session that its terminal hung up: its leader and the foreground group.
pub(super) fn hang_up(controlled: &Controlled, foreground: Option<Pid>) {
    let leader = controlled.pids.get(controlled.session.id);
    for signal in [Signal::SIGHUP, Signal::SIGCONT] {
        if let Some(leader) = leader.as_ref().filter(|leader| !leader.is_zombie()) {
            leader.send_signal(signal, signals::from_kernel(signal));
        }
        if let Some(group) = foreground.filter(|group| *group != controlled.session.id) {
            signal_group(&controlled.pids, group, signal);
        }
    }
}

impl Tty {
    /// Whether it is the controlling terminal of the caller's session.
    pub(super) fn controls(&self, task: &Task) -> bool {
        task.process().session().tty().is_some_and(|tty| std::ptr::eq(Arc::as_ptr(&tty), self))
    }

    /// Lets a process of the foreground go on, and every process where it is not its controlling
    /// terminal. One of the background is stopped (SIGTTIN, SIGTTOU) and its call made again; where
    /// it ignores or blocks that signal a write goes on and a read fails with `EIO`, which is also
    /// what a process of an orphaned group gets, since nobody would let it go on.
    pub(super) fn check_job(&self, task: &Arc<Task>, wanted: Use) -> Result<(), Fault> {
        let process = task.process();
        let (foreground, to_stop) = {
            let state = self.state.lock();
            (state.foreground, state.discipline.termios.lflag & TOSTOP != 0)
        };
        let group = process.group();
        let free = wanted == Use::Write && !to_stop;
        if free || foreground.is_none_or(|foreground| foreground == group) || !self.controls(task) {
            return Ok(());
        }
        let signal = if wanted == Use::Read { Signal::SIGTTIN } else { Signal::SIGTTOU };
        let deaf = task
            .kernel()
            .platform
            .signal_state(task.host)
            .is_some_and(|state| state.ignored.contains(signal) || state.blocked.contains(signal));
        match wanted {
            Use::Write | Use::Change if deaf => Ok(()),
            _ if deaf || process.group_is_orphaned() => Err(Errno::EIO.into()),
            _ => {
                signal_group(process.pids(), group, signal);
                Err(Fault::Interrupted)
            }
        }
    }

    /// Makes it the controlling terminal of the caller's session, as TIOCSCTTY: `EPERM` unless the
    /// caller leads a session without one, and where it controls another session already that
    /// `steal` does not take it from.
    pub fn control(self: &Arc<Self>, task: &Task, steal: bool) -> Result<(), Errno> {
        let process = task.process();
        let session = process.session();
        if self.controls(task) && process.leads_session() {
            return Ok(());
        }
        if !process.leads_session() || session.tty().is_some() {
            return Err(Errno::EPERM);
        }
        let old = self.session();
        if old.is_some() && !steal {
            return Err(Errno::EPERM);
        }
        if let Some(old) = old {
            old.set_tty(None);
        }
        {
            let mut state = self.state.lock();
            let controlled = Controlled { session: Arc::clone(&session), pids: Arc::clone(process.pids()) };
            state.controlled = Some(controlled);
            state.foreground = Some(process.group());
        }
        session.set_tty(Some(Arc::clone(self)));
        Ok(())
    }

    /// Makes `group` the foreground group, as TIOCSPGRP: `ENOTTY` where it is not the caller's
    /// controlling terminal, `EPERM` for a group of another session, `ESRCH` for one that is not.
    pub(super) fn set_foreground(&self, task: &Task, group: Pid) -> Result<(), Errno> {
        let process = task.process();
        if !self.controls(task) {
            return Err(Errno::ENOTTY);
        }
        if group.0 < 0 {
            return Err(Errno::EINVAL);
        }
        let members = process.pids().group(group);
        let session = process.session();
        if members.is_empty() {
            return Err(Errno::ESRCH);
        }
        if !members.iter().any(|member| member.session().id == session.id) {
            return Err(Errno::EPERM);
        }
        self.state.lock().foreground = Some(group);
        Ok(())
    }
}
