//! The filter of the spawner, which its guests inherit.
//!
//! Of two filters the stronger answer counts, and a refusal by errno is stronger than a notification: such a filter
//! would answer guests before our kernel is asked. SECCOMP_RET_TRACE is weaker than a notification, and where nobody
//! traces the thread for it the call fails with ENOSYS, seccomp(2). So this filter answers with it what it does not
//! allow: the spawner is refused, and a guest's own filter, which notifies of the same call, is as if alone. What
//! guests call natively has to be allowed here.

use libc::sock_filter;

use super::filter::{RULES, allow, prologue, refuse_unless_notified};
use crate::confine::load;

/// The host calls that the spawner makes beside those that guests make natively: to make pid namespaces and first
/// processes, and to strip those.
pub const SPAWNER_CALLS: &[u32] = &[
    abi::nr::READ,
    abi::nr::WRITE,
    abi::nr::CLOSE,
    abi::nr::CLOSE_RANGE,
    abi::nr::PIPE2,
    abi::nr::DUP2,
    abi::nr::FCNTL,
    abi::nr::FSTAT,
    abi::nr::OPENAT,
    abi::nr::CLONE,
    abi::nr::SETNS,
    abi::nr::SETSID,
    abi::nr::WAIT4,
    abi::nr::PRLIMIT64,
    abi::nr::GETRLIMIT,
    abi::nr::SETRLIMIT,
    abi::nr::GETRANDOM,
    abi::nr::PRCTL,
    abi::nr::CAPSET,
    abi::nr::LANDLOCK_CREATE_RULESET,
    abi::nr::LANDLOCK_ADD_RULE,
    abi::nr::LANDLOCK_RESTRICT_SELF,
    abi::nr::SECCOMP,
    abi::nr::EXECVEAT,
];

/// Leaves this process, and those that it makes until they have filters of their own, [`SPAWNER_CALLS`]; whether the
/// host could.
pub(super) fn install() -> bool {
    load(&mut program(), 0)
}

fn program() -> Vec<sock_filter> {
    let mut program = prologue();
    // Guests' own come first: each of their calls passes through here.
    program.extend(RULES.iter().flat_map(|rule| allow(rule.number)));
    program.extend(SPAWNER_CALLS.iter().flat_map(|number| allow(*number)));
    program.push(refuse_unless_notified());
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_refused_in_a_way_that_comes_before_a_notification() {
        let refusals: Vec<u32> = program().iter().skip(prologue().len()).map(|one| one.k).collect();
        assert!(!refusals.iter().any(|answer| answer & libc::SECCOMP_RET_ACTION_FULL == libc::SECCOMP_RET_ERRNO));
        assert_eq!(refusals.last(), Some(&libc::SECCOMP_RET_TRACE));
    }

    #[test]
    fn what_changes_other_processes_or_the_machine_is_left_out() {
        for number in [abi::nr::PTRACE, abi::nr::PROCESS_VM_WRITEV, abi::nr::KILL, abi::nr::MOUNT, abi::nr::UNSHARE] {
            assert!(!SPAWNER_CALLS.contains(&number));
        }
    }
}
