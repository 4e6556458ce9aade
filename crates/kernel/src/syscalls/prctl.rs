//! prctl(2).

use std::sync::Arc;

use abi::Errno;
use abi::prctl::*;
use abi::signal::Signal;

use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Credentials, DEFAULT_TIMER_SLACK, SECBIT_KEEP_CAPS, Task, UserPtr, capability, securebits};

pub(super) const CALLS: &[Call] =
    &[now!(PRCTL, prctl, "no PR_SET_SECCOMP and PR_SET_MM; PR_SET_VMA names are dropped")];

/// The longest name of a thread, without the final zero.
const NAME_LENGTH: usize = 15;

fn prctl(task: &Arc<Task>, [option, argument, third, fourth, fifth, _]: Args) -> Answer {
    let rest = [third, fourth, fifth];
    match option as u32 {
        PR_SET_NAME | PR_GET_NAME => name(task, option as u32, argument),
        PR_SET_PDEATHSIG
        | PR_GET_PDEATHSIG
        | PR_SET_DUMPABLE
        | PR_GET_DUMPABLE
        | PR_SET_CHILD_SUBREAPER
        | PR_GET_CHILD_SUBREAPER
        | PR_SET_THP_DISABLE
        | PR_GET_THP_DISABLE => setting(task, option as u32, argument, rest),
        PR_SET_TIMERSLACK | PR_GET_TIMERSLACK => timer_slack(task, option as u32, argument),
        PR_SET_KEEPCAPS | PR_GET_KEEPCAPS | PR_SET_SECUREBITS | PR_GET_SECUREBITS | PR_CAPBSET_READ
        | PR_CAPBSET_DROP | PR_SET_NO_NEW_PRIVS | PR_GET_NO_NEW_PRIVS => privilege(task, option as u32, argument, rest),
        PR_CAP_AMBIENT => ambient(task, argument, rest),
        PR_GET_TSC => {
            task.write(UserPtr::new(argument), &PR_TSC_ENABLE)?;
            Ok(0)
        }
        PR_SET_TSC if argument == u64::from(PR_TSC_ENABLE) => Ok(0),
        PR_SET_TIMING if argument == 0 => Ok(0),
        PR_MCE_KILL_GET => Ok(PR_MCE_KILL_DEFAULT),
        PR_GET_SECCOMP | PR_GET_TIMING | PR_MCE_KILL | PR_SET_VMA | PR_SET_PTRACER => Ok(0),
        PR_TASK_PERF_EVENTS_DISABLE | PR_TASK_PERF_EVENTS_ENABLE => Ok(0),
        PR_SET_MM => Err(Errno::EPERM.into()),
        _ => Err(Errno::EINVAL.into()),
    }
}

fn name(task: &Arc<Task>, option: u32, address: u64) -> Answer {
    if option == PR_GET_NAME {
        let mut name = task.name();
        name.resize(NAME_LENGTH + 1, 0);
        task.write_bytes(address, &name)?;
        return Ok(0);
    }
    let mut name = [0; NAME_LENGTH];
    task.read_some(address, &mut name)?;
    task.set_name(&name);
    Ok(0)
}

fn setting(task: &Arc<Task>, option: u32, argument: u64, rest: [u64; 3]) -> Answer {
    let mut settings = task.process().settings.lock();
    let answer: u32 = match option {
        PR_SET_PDEATHSIG => {
            settings.parent_death_signal = match u32::try_from(argument).map_err(|_| Errno::EINVAL)? {
                0 => None,
                number => Some(Signal::new(number).ok_or(Errno::EINVAL)?),
            };
            return Ok(0);
        }
        PR_SET_DUMPABLE if argument > 1 => return Err(Errno::EINVAL.into()),
        PR_SET_DUMPABLE => {
            settings.dumpable = argument as u32;
            return Ok(0);
        }
        PR_GET_DUMPABLE => return Ok(settings.dumpable.into()),
        PR_SET_CHILD_SUBREAPER => {
            settings.child_subreaper = argument != 0;
            return Ok(0);
        }
        PR_SET_THP_DISABLE | PR_GET_THP_DISABLE if rest != [0; 3] => return Err(Errno::EINVAL.into()),
        PR_SET_THP_DISABLE => {
            settings.huge_pages_disabled = argument != 0;
            return Ok(0);
        }
        PR_GET_THP_DISABLE => return Ok(settings.huge_pages_disabled.into()),
        PR_GET_CHILD_SUBREAPER => settings.child_subreaper.into(),
        _ => settings.parent_death_signal.map_or(0, Signal::number),
    };
    drop(settings);
    task.write(UserPtr::new(argument), &answer)?;
    Ok(0)
}

fn timer_slack(task: &Arc<Task>, option: u32, argument: u64) -> Answer {
    let mut scheduling = task.scheduling.lock();
    if option == PR_GET_TIMERSLACK {
        return Ok(scheduling.timer_slack);
    }
    scheduling.timer_slack = if argument == 0 { DEFAULT_TIMER_SLACK } else { argument };
    Ok(0)
}

fn privilege(task: &Arc<Task>, option: u32, argument: u64, rest: [u64; 3]) -> Answer {
    let old = task.credentials();
    let new = match option {
        PR_GET_KEEPCAPS => return Ok((old.securebits & SECBIT_KEEP_CAPS != 0).into()),
        PR_GET_SECUREBITS => return Ok(old.securebits.into()),
        PR_GET_NO_NEW_PRIVS => return Ok(old.no_new_privs.into()),
        PR_CAPBSET_READ => return Ok(u64::from(old.bounding & capability_bit(argument)? != 0)),
        PR_SET_NO_NEW_PRIVS if argument == 1 && rest == [0; 3] => Credentials { no_new_privs: true, ..(*old).clone() },
        PR_SET_KEEPCAPS if argument <= 1 => {
            let cleared = old.securebits & !SECBIT_KEEP_CAPS;
            let kept = if argument == 1 { SECBIT_KEEP_CAPS } else { 0 };
            Credentials { securebits: cleared | kept, ..(*old).clone() }
        }
        PR_SET_NO_NEW_PRIVS | PR_SET_KEEPCAPS => return Err(Errno::EINVAL.into()),
        _ if !old.capable(capability::SETPCAP) => return Err(Errno::EPERM.into()),
        PR_CAPBSET_DROP => Credentials { bounding: old.bounding & !capability_bit(argument)?, ..(*old).clone() },
        _ => with_securebits(&old, argument)?,
    };
    task.set_credentials(new);
    Ok(0)
}

/// PR_SET_SECUREBITS: a locked bit, and its lock, stay as they are.
fn with_securebits(old: &Credentials, wanted: u64) -> Result<Credentials, Errno> {
    let wanted = u32::try_from(wanted).map_err(|_| Errno::EPERM)?;
    let locks = old.securebits & securebits::LOCKS;
    let locked = locks | locks >> 1;
    if wanted & !securebits::ALL != 0 || (wanted ^ old.securebits) & locked != 0 {
        return Err(Errno::EPERM);
    }
    Ok(Credentials { securebits: wanted, ..old.clone() })
}

fn capability_bit(number: u64) -> Result<u64, Errno> {
    match u32::try_from(number) {
        Ok(number) if number <= capability::LAST => Ok(1 << number),
        _ => Err(Errno::EINVAL),
    }
}

/// PR_CAP_AMBIENT, capabilities(7).
fn ambient(task: &Arc<Task>, operation: u64, [number, fourth, fifth]: [u64; 3]) -> Answer {
    if fourth != 0 || fifth != 0 {
        return Err(Errno::EINVAL.into());
    }
    let old = task.credentials();
    let ambient = match operation {
        PR_CAP_AMBIENT_CLEAR_ALL if number == 0 => 0,
        PR_CAP_AMBIENT_IS_SET => return Ok(u64::from(old.ambient & capability_bit(number)? != 0)),
        PR_CAP_AMBIENT_LOWER => old.ambient & !capability_bit(number)?,
        PR_CAP_AMBIENT_RAISE => {
            let bit = capability_bit(number)?;
            let locked = old.securebits & securebits::NO_CAP_AMBIENT_RAISE != 0;
            if locked || old.permitted & old.inheritable & bit == 0 {
                return Err(Errno::EPERM.into());
            }
            old.ambient | bit
        }
        _ => return Err(Errno::EINVAL.into()),
    };
    task.set_credentials(Credentials { ambient, ..(*old).clone() });
    Ok(0)
}

#[cfg(test)]
mod tests {
    use abi::nr;

    use super::*;
    use crate::task::Fault;
    use crate::testing::Guest;

    fn prctl(guest: &Guest, option: u32, argument: u64) -> Answer {
        guest.call(nr::PRCTL, &[option.into(), argument])
    }

    #[test]
    fn a_name_is_cut_to_fifteen_bytes() {
        let guest = Guest::new();
        assert_eq!(prctl(&guest, PR_SET_NAME, guest.text("a rather long name")), Ok(0));
        let buffer = guest.room(16);
        assert_eq!(prctl(&guest, PR_GET_NAME, buffer), Ok(0));
        assert_eq!(guest.bytes(buffer, 16), b"a rather long n\0");
    }

    #[test]
    fn a_dropped_capability_is_gone_from_the_bounding_set() {
        let guest = Guest::new();
        let kill = u64::from(capability::KILL);
        assert_eq!(prctl(&guest, PR_CAPBSET_READ, kill), Ok(1));
        assert_eq!(prctl(&guest, PR_CAPBSET_DROP, kill), Ok(0));
        assert_eq!(prctl(&guest, PR_CAPBSET_READ, kill), Ok(0));
        guest.become_user(1000);
        assert_eq!(prctl(&guest, PR_CAPBSET_DROP, kill), Err(Fault::Errno(Errno::EPERM)));
    }

    #[test]
    fn no_new_privileges_cannot_be_taken_back() {
        let guest = Guest::new();
        assert_eq!(prctl(&guest, PR_SET_NO_NEW_PRIVS, 1), Ok(0));
        assert_eq!(prctl(&guest, PR_SET_NO_NEW_PRIVS, 0), Err(Fault::Errno(Errno::EINVAL)));
        assert_eq!(prctl(&guest, PR_GET_NO_NEW_PRIVS, 0), Ok(1));
    }
}
