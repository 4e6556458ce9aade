//! Relatives: parents, children, groups, sessions, and wait(2).
//!
//! Owns: who is whose child, what a parent has not heard yet, orphans. Does not own: the calls.

use std::sync::{Arc, Weak};

use abi::Errno;
use abi::signal::{CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SigInfo, Signal};
use platform::Ended;
use zerocopy::FromZeros;

use super::{Pid, Process};
use crate::tty::Session;
use crate::wait::Events;

pub(super) struct Family {
    pub(super) parent: Weak<Process>,
    pub(super) children: Vec<Arc<Process>>,
    pub(super) group: Pid,
    pub(super) session: Arc<Session>,
    pub(super) exit_signal: Option<Signal>,
}

/// Where a process is in its life, and what its parent has not heard.
#[derive(Default)]
pub(super) struct Life {
    ended: Option<Ended>,
    news: Option<News>,
}

/// What wait(2) may report of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It has ended.
    Ended(Ended),
    /// It was stopped by this signal.
    Stopped(Signal),
    /// It goes on.
    Continued,
}

impl News {
    /// The status word of wait(2).
    pub fn status(self) -> u32 {
        match self {
            News::Ended(Ended::Exited(code)) => u32::from(code) << 8,
            News::Ended(Ended::Killed(signal)) => signal.number(),
            News::Stopped(signal) => signal.number() << 8 | 0x7f,
            News::Continued => 0xffff,
        }
    }

    /// `si_code` and `si_status` of waitid(2) and SIGCHLD.
    pub fn code(self) -> (i32, i32) {
        match self {
            News::Ended(Ended::Exited(code)) => (CLD_EXITED, i32::from(code)),
            News::Ended(Ended::Killed(signal)) => (CLD_KILLED, signal.number() as i32),
            News::Stopped(signal) => (CLD_STOPPED, signal.number() as i32),
            News::Continued => (CLD_CONTINUED, Signal::SIGCONT.number() as i32),
        }
    }
}

/// Which children wait(2) is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Any.
    Any,
    /// The one of that id.
    Child(Pid),
    /// Those of that group.
    Group(Pid),
}

/// What wait(2) is asked to report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Ended children.
    pub ended: bool,
    /// Stopped children.
    pub stopped: bool,
    /// Continued children.
    pub continued: bool,
    /// Leave the child waitable (WNOWAIT).
    pub keep: bool,
}

impl Process {
    /// The parent.
    pub fn parent(&self) -> Option<Arc<Process>> {
        self.family.lock().parent.upgrade()
    }

    /// The parent's id, 0 where there is none in this namespace.
    pub fn parent_pid(&self) -> Pid {
        self.parent().map_or(Pid(0), |parent| parent.pid)
    }

    /// The children, zombies included.
    pub fn children(&self) -> Vec<Arc<Process>> {
        self.family.lock().children.clone()
    }

    /// The process group.
    pub fn group(&self) -> Pid {
        self.family.lock().group
    }

    /// The session.
    pub fn session(&self) -> Arc<Session> {
        Arc::clone(&self.family.lock().session)
    }

    /// Joins a process group of the session.
    pub fn set_group(&self, group: Pid) {
        self.family.lock().group = group;
    }

    /// Becomes the leader of a new session, as setsid(2).
    pub fn begin_session(&self) -> Result<Pid, Errno> {
        if !self.pids().group(self.pid).is_empty() {
            return Err(Errno::EPERM);
        }
        let mut family = self.family.lock();
        family.session = Session::new(self.pid);
        family.group = self.pid;
        Ok(self.pid)
    }

    /// Whether it leads its session.
    pub fn leads_session(&self) -> bool {
        self.session().id == self.pid
    }

    /// Whether it has ended and was not waited for yet.
    pub fn is_zombie(&self) -> bool {
        self.life.lock().ended.is_some()
    }

    /// Whether its group is orphaned: no member has a parent in another group of the session.
    pub fn group_is_orphaned(&self) -> bool {
        let (group, session) = (self.group(), self.session().id);
        !self.pids().group(group).iter().filter(|member| !member.is_zombie()).any(|member| {
            member.parent().is_some_and(|parent| parent.group() != group && parent.session().id == session)
        })
    }

    /// Takes news of a child that fits. `Ok(None)`: there is such a child and nothing to tell;
    /// `ECHILD`: there is none.
    pub fn take_news(&self, which: Which, wanted: Wanted) -> Result<Option<(Arc<Process>, News)>, Errno> {
        let fits = |child: &Arc<Process>| match which {
            Which::Any => true,
            Which::Child(pid) => child.pid == pid,
            Which::Group(group) => child.group() == group,
        };
        let children: Vec<_> = self.children().into_iter().filter(fits).collect();
        if children.is_empty() {
            return Err(Errno::ECHILD);
        }
        for child in children {
            let Some(news) = child.news(wanted) else { continue };
            if !wanted.keep {
                self.heard(&child, news);
            }
            return Ok(Some((child, news)));
        }
        Ok(None)
    }

    fn news(&self, wanted: Wanted) -> Option<News> {
        let news = self.life.lock().news?;
        let fits = match news {
            News::Ended(_) => wanted.ended,
            News::Stopped(_) => wanted.stopped,
            News::Continued => wanted.continued,
        };
        fits.then_some(news)
    }

    fn heard(&self, child: &Arc<Process>, news: News) {
        child.life.lock().news = None;
        if matches!(news, News::Ended(_)) {
            self.add_children_usage(child);
            self.bury(child);
        }
    }

    fn bury(&self, child: &Arc<Process>) {
        self.family.lock().children.retain(|other| !Arc::ptr_eq(other, child));
        child.pids().remove(child.pid);
    }

    /// Tells the parent that the process was stopped or goes on.
    pub(super) fn report(self: &Arc<Self>, news: News) {
        self.life.lock().news = Some(news);
        let Some(parent) = self.parent() else { return };
        if !parent.child_signal.lock().no_stops {
            parent.send_signal(Signal::SIGCHLD, self.child_info(news));
        }
        parent.children_changed.announce(Events::IN);
    }

    /// The siginfo of SIGCHLD about this process.
    pub fn child_info(&self, news: News) -> SigInfo {
        let (code, status) = news.code();
        let uid = self.credentials().uid;
        SigInfo { signo: Signal::SIGCHLD.number() as i32, code, pid: self.pid.0, uid, status, ..SigInfo::new_zeroed() }
    }

    /// The process has ended: its children get another parent, its own parent hears of it.
    pub(super) fn leave_relatives(self: &Arc<Self>, ended: Ended) {
        {
            let mut life = self.life.lock();
            life.ended = Some(ended);
            life.news = Some(News::Ended(ended));
        }
        self.set_stopped(false);
        self.hand_over_children();
        if self.leads_session() {
            crate::tty::session_ended(&self.session());
        }
        let exit_signal = self.family.lock().exit_signal;
        match self.parent() {
            Some(parent) => {
                let unwanted = parent.child_signal.lock().reaps_itself();
                if let Some(signal) = exit_signal {
                    parent.send_signal(signal, self.child_info(News::Ended(ended)));
                }
                if unwanted {
                    parent.bury(self);
                }
                parent.children_changed.announce(Events::IN);
            }
            None => self.pids().remove(self.pid),
        }
        self.container().process_ended(self, ended);
    }

    fn hand_over_children(self: &Arc<Self>) {
        let children = std::mem::take(&mut self.family.lock().children);
        if children.is_empty() {
            return;
        }
        let heir = self.heir();
        for child in children {
            let signal = child.settings.lock().parent_death_signal;
            if let Some(signal) = signal {
                child.send_signal(signal, super::signals::from_kernel(signal));
            }
            match &heir {
                Some(heir) => {
                    child.family.lock().parent = Arc::downgrade(heir);
                    heir.family.lock().children.push(Arc::clone(&child));
                    heir.adopted(&child);
                }
                None => {
                    child.family.lock().parent = Weak::new();
                    if child.is_zombie() {
                        child.pids().remove(child.pid);
                    }
                }
            }
        }
    }

    fn adopted(self: &Arc<Self>, child: &Arc<Process>) {
        if !child.is_zombie() {
            return;
        }
        if self.child_signal.lock().reaps_itself() {
            self.bury(child);
        } else if let Some(ended) = child.life.lock().ended {
            self.send_signal(Signal::SIGCHLD, child.child_info(News::Ended(ended)));
        }
        self.children_changed.announce(Events::IN);
    }

    /// Who gets the children: the nearest living subreaper above, else the namespace's first process.
    fn heir(&self) -> Option<Arc<Process>> {
        let mut above = self.parent();
        while let Some(process) = above {
            if process.settings.lock().child_subreaper && !process.is_zombie() {
                return Some(process);
            }
            above = process.parent();
        }
        self.pids().init().filter(|init| init.pid != self.pid && !init.is_zombie())
    }
}
