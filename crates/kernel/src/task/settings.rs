//! What a process and a thread set for themselves: prctl(2), personality(2), sched(7), proc(5).
//!
//! Owns: the values and what fork(2) and execve(2) keep of them. Does not own: acting on them; who
//! kills for lack of memory asks for `oom_score_adj`, who ends a parent for `parent_death_signal`.

use abi::signal::Signal;

/// The settings of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// PR_SET_DUMPABLE: 0 or 1; at 0 others of the same user may not look into the process.
    pub dumpable: u32,
    /// PR_SET_PDEATHSIG: what the process gets when its parent ends.
    pub parent_death_signal: Option<Signal>,
    /// PR_SET_CHILD_SUBREAPER: orphaned descendants become children of this process.
    pub child_subreaper: bool,
    /// PR_SET_THP_DISABLE.
    pub huge_pages_disabled: bool,
    /// personality(2).
    pub personality: u32,
    /// /proc/PID/oom_score_adj, -1000 ..= 1000.
    pub oom_score_adj: i32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            dumpable: 1,
            parent_death_signal: None,
            child_subreaper: false,
            huge_pages_disabled: false,
            personality: 0,
            oom_score_adj: 0,
        }
    }
}

impl Settings {
    /// What a child of fork(2) starts with.
    pub fn for_child(&self) -> Settings {
        Settings { parent_death_signal: None, child_subreaper: false, ..self.clone() }
    }

    /// What remains after execve(2); `privileged` where the program gained ids or capabilities.
    pub fn after_exec(&self, privileged: bool) -> Settings {
        Settings {
            dumpable: u32::from(!privileged),
            parent_death_signal: self.parent_death_signal.filter(|_| !privileged),
            ..self.clone()
        }
    }
}

/// How many processors a mask of ours can name.
pub const MAX_CPUS: usize = 1024;

/// The scheduling settings of a thread, sched(7). The host decides what they do: our guests run as
/// ordinary threads of ours, and these are what the guest reads back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduling {
    /// getpriority(2): -20 ..= 19.
    pub nice: i32,
    /// sched_setscheduler(2)'s policy.
    pub policy: u32,
    /// The real-time priority, 0 for ordinary policies.
    pub priority: u32,
    /// SCHED_RESET_ON_FORK.
    pub reset_on_fork: bool,
    /// ioprio_set(2)'s value.
    pub io_priority: u32,
    /// PR_SET_TIMERSLACK, in nanoseconds.
    pub timer_slack: u64,
    /// The processors of sched_setaffinity(2), bit 0 of the first word first; `None`: all.
    pub affinity: Option<Vec<u64>>,
}

/// The timer slack of a thread that never set one, in nanoseconds.
pub const DEFAULT_TIMER_SLACK: u64 = 50_000;

impl Default for Scheduling {
    fn default() -> Scheduling {
        Scheduling {
            nice: 0,
            policy: 0,
            priority: 0,
            reset_on_fork: false,
            io_priority: 0,
            timer_slack: DEFAULT_TIMER_SLACK,
            affinity: None,
        }
    }
}

impl Scheduling {
    /// What a thread or child made by clone(2) starts with.
    pub fn for_child(&self) -> Scheduling {
        let mut child = self.clone();
        if self.reset_on_fork {
            child.reset_on_fork = false;
            child.nice = child.nice.max(0);
            (child.policy, child.priority) = (0, 0);
        }
        child
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_has_no_parent_death_signal_and_is_no_subreaper() {
        let parent = Settings {
            parent_death_signal: Some(Signal::SIGTERM),
            child_subreaper: true,
            oom_score_adj: 7,
            ..Settings::default()
        };
        assert_eq!(parent.for_child(), Settings { oom_score_adj: 7, ..Settings::default() });
        assert_eq!(parent.after_exec(false).parent_death_signal, Some(Signal::SIGTERM));
        assert_eq!(parent.after_exec(true).parent_death_signal, None);
    }
}
