//! What processes have used, getrusage(2): read from the host, which runs them.
//!
//! Owns: [`Usage`]. Time that our kernel spends on a guest's calls is not the guest's.

use abi::resource::Rusage;
use abi::signal::Signal;
use abi::time::Timeval;
use platform::{HostTask, Platform};

use super::Process;
use crate::time::Nanos;

/// Nanoseconds in a clock tick of the host's /proc/PID/stat: USER_HZ is 100.
const TICK: Nanos = 10_000_000;

/// Processor time, memory and events of a thread, a process, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Nanoseconds in the program.
    pub user: Nanos,
    /// Nanoseconds in the host's kernel.
    pub system: Nanos,
    /// The most memory that was resident, in KiB.
    pub max_resident_kib: u64,
    /// Page faults without and with input.
    pub faults: [u64; 2],
    /// Context switches, wanted and not.
    pub switches: [u64; 2],
}

impl Usage {
    /// What a process has used; `leader` is its first thread.
    pub fn of_process(platform: &dyn Platform, leader: HostTask) -> Usage {
        let total = platform::clock::process_time(leader);
        Usage::read(platform, leader, &platform.proc_file(leader, "stat"), total)
    }

    /// What one thread has used.
    pub fn of_thread(platform: &dyn Platform, task: HostTask) -> Usage {
        let stat = platform.proc_file(task, &format!("task/{}/stat", task.0));
        Usage::read(platform, task, &stat, Some(thread_time(platform, task)))
    }

    /// Ticks are coarse: where the exact `total` is known, they only tell how it divides.
    fn read(platform: &dyn Platform, task: HostTask, stat: &[u8], total: Option<Nanos>) -> Usage {
        let field = |number: usize| stat_field(stat, number).unwrap_or(0);
        let (user, system) = (field(14).saturating_mul(TICK), field(15).saturating_mul(TICK));
        let (user, system) = total.map_or((user, system), |total| divide(total, user, system));
        let status = platform.proc_file(task, "status");
        let line = |name: &str| status_number(&status, name).unwrap_or(0);
        Usage {
            user,
            system,
            max_resident_kib: line("VmHWM"),
            faults: [field(10), field(12)],
            switches: [line("voluntary_ctxt_switches"), line("nonvoluntary_ctxt_switches")],
        }
    }

    /// As getrusage(2) lays it out.
    pub fn rusage(&self) -> Rusage {
        let [minflt, majflt] = self.faults.map(|count| count as i64);
        let [nvcsw, nivcsw] = self.switches.map(|count| count as i64);
        Rusage {
            utime: Timeval::from_nanos(self.user),
            stime: Timeval::from_nanos(self.system),
            maxrss: self.max_resident_kib as i64,
            minflt,
            majflt,
            nvcsw,
            nivcsw,
            ..Rusage::default()
        }
    }
}

impl From<platform::Usage> for Usage {
    /// What the host told of processes that have ended.
    fn from(ended: platform::Usage) -> Usage {
        Usage {
            user: ended.user_us.saturating_mul(1000),
            system: ended.system_us.saturating_mul(1000),
            max_resident_kib: ended.max_rss_kib,
            ..Usage::default()
        }
    }
}

impl Process {
    /// Processor time of all its threads, in nanoseconds.
    pub fn processor_time(&self) -> Nanos {
        platform::clock::process_time(self.host).unwrap_or(0)
    }

    /// What it has used until now.
    pub fn usage_until_now(&self) -> Usage {
        Usage::of_process(&*self.kernel().platform, self.host)
    }

    /// Whether a signal waits to be delivered to it.
    pub fn has_pending(&self, signal: Signal) -> bool {
        let unseen = self.unseen.lock().iter().any(|(waiting, _)| *waiting == signal);
        let held = || self.tasks().iter().any(|task| task.held_signals().contains(signal));
        let state = || self.kernel().platform.signal_state(self.host);
        unseen || held() || state().is_some_and(|state| state.pending.contains(signal))
    }
}

/// The processor time of one thread, from the host's schedstat.
pub(super) fn thread_time(platform: &dyn Platform, task: HostTask) -> Nanos {
    let text = platform.proc_file(task, "schedstat");
    std::str::from_utf8(&text).ok().and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// `total` divided as `user` is to `system`.
fn divide(total: Nanos, user: Nanos, system: Nanos) -> (Nanos, Nanos) {
    let all = u128::from(user) + u128::from(system);
    let system = (u128::from(total) * u128::from(system)).checked_div(all).unwrap_or(0);
    let system = u64::try_from(system).unwrap_or(total).min(total);
    (total - system, system)
}

/// A numeric field of /proc/PID/stat by its number in proc_pid_stat(5). The name, field 2, may hold
/// anything, so counting starts behind its last parenthesis.
pub fn stat_field(stat: &[u8], number: usize) -> Option<u64> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end.checked_add(2)?..)?).ok()?;
    rest.split_ascii_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

/// A number of /proc/PID/status by its label.
pub fn status_number(status: &[u8], label: &str) -> Option<u64> {
    let text = std::str::from_utf8(status).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(':'))?;
    value.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_a_hostile_name() {
        let stat = b"7 (a) b) R 1 2 3 4 5 6 100 0 200 0 31 41 0";
        assert_eq!(stat_field(stat, 10), Some(100));
        assert_eq!(stat_field(stat, 14), Some(31));
        assert_eq!(stat_field(stat, 99), None);
    }

    #[test]
    fn the_exact_total_is_kept_when_it_is_divided() {
        assert_eq!(divide(1_000, 30, 10), (750, 250));
        assert_eq!(divide(1_000, 0, 0), (1_000, 0));
    }
}
