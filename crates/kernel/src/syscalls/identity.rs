//! Who the caller is: getuid(2), setuid(2), setresuid(2), setfsuid(2), setgroups(2) and the like.
//!
//! The rules live in `task::identity`. A call changes the calling thread alone, as on Linux; glibc makes
//! every thread call alike.

use std::sync::Arc;

use abi::Errno;

use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Credentials, Task, UserPtr};

/// NGROUPS_MAX of limits.h.
const NGROUPS_MAX: usize = 65_536;

pub(super) const CALLS: &[Call] = &[
    now!(GETUID, getuid),
    now!(GETGID, getgid),
    now!(GETEUID, geteuid),
    now!(GETEGID, getegid),
    now!(GETRESUID, getresuid),
    now!(GETRESGID, getresgid),
    now!(SETUID, setuid),
    now!(SETGID, setgid),
    now!(SETREUID, setreuid),
    now!(SETREGID, setregid),
    now!(SETRESUID, setresuid),
    now!(SETRESGID, setresgid),
    now!(SETFSUID, setfsuid),
    now!(SETFSGID, setfsgid),
    now!(GETGROUPS, getgroups),
    now!(SETGROUPS, setgroups),
];

fn getuid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.credentials().uid.into())
}

fn getgid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.credentials().gid.into())
}

fn geteuid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.credentials().euid.into())
}

fn getegid(task: &Arc<Task>, _: Args) -> Answer {
    Ok(task.credentials().egid.into())
}

fn getresuid(task: &Arc<Task>, [real, effective, saved, ..]: Args) -> Answer {
    let who = task.credentials();
    write_three(task, [real, effective, saved], [who.uid, who.euid, who.suid])
}

fn getresgid(task: &Arc<Task>, [real, effective, saved, ..]: Args) -> Answer {
    let who = task.credentials();
    write_three(task, [real, effective, saved], [who.gid, who.egid, who.sgid])
}

fn write_three(task: &Task, addresses: [u64; 3], values: [u32; 3]) -> Answer {
    for (address, value) in addresses.into_iter().zip(values) {
        task.write(UserPtr::new(address), &value)?;
    }
    Ok(0)
}

/// Takes new credentials on, with what setuid-like calls do besides: prctl(2), PR_SET_DUMPABLE and
/// PR_SET_PDEATHSIG.
fn become_(task: &Task, new: Credentials) -> Answer {
    let old = task.credentials();
    let process = task.process();
    if (old.euid, old.egid, old.fsuid, old.fsgid) != (new.euid, new.egid, new.fsuid, new.fsgid) {
        let mut settings = process.settings.lock();
        settings.dumpable = 0;
        settings.parent_death_signal = None;
    }
    task.set_credentials(new);
    Ok(0)
}

fn setuid(task: &Arc<Task>, [uid, ..]: Args) -> Answer {
    become_(task, task.credentials().with_uid(uid as u32)?)
}

fn setgid(task: &Arc<Task>, [gid, ..]: Args) -> Answer {
    become_(task, task.credentials().with_gid(gid as u32)?)
}

fn setreuid(task: &Arc<Task>, [real, effective, ..]: Args) -> Answer {
    become_(task, task.credentials().with_real_effective_uid(real as u32, effective as u32)?)
}

fn setregid(task: &Arc<Task>, [real, effective, ..]: Args) -> Answer {
    become_(task, task.credentials().with_real_effective_gid(real as u32, effective as u32)?)
}

fn setresuid(task: &Arc<Task>, [real, effective, saved, ..]: Args) -> Answer {
    become_(task, task.credentials().with_uids(real as u32, effective as u32, saved as u32)?)
}

fn setresgid(task: &Arc<Task>, [real, effective, saved, ..]: Args) -> Answer {
    become_(task, task.credentials().with_gids(real as u32, effective as u32, saved as u32)?)
}

fn setfsuid(task: &Arc<Task>, [uid, ..]: Args) -> Answer {
    let old = task.credentials();
    if let Some(new) = old.with_fs_uid(uid as u32) {
        become_(task, new)?;
    }
    Ok(old.fsuid.into())
}

fn setfsgid(task: &Arc<Task>, [gid, ..]: Args) -> Answer {
    let old = task.credentials();
    if let Some(new) = old.with_fs_gid(gid as u32) {
        become_(task, new)?;
    }
    Ok(old.fsgid.into())
}

fn getgroups(task: &Arc<Task>, [size, list, ..]: Args) -> Answer {
    let who = task.credentials();
    let count = who.groups.len();
    let size = usize::try_from(size as i32).map_err(|_| Errno::EINVAL)?;
    if size == 0 {
        return Ok(count as u64);
    }
    if size < count {
        return Err(Errno::EINVAL.into());
    }
    let bytes: Vec<u8> = who.groups.iter().flat_map(|group| group.to_le_bytes()).collect();
    task.write_bytes(list, &bytes)?;
    Ok(count as u64)
}

fn setgroups(task: &Arc<Task>, [size, list, ..]: Args) -> Answer {
    let who = task.credentials();
    who.with_groups(Vec::new())?;
    let size = usize::try_from(size as i32).map_err(|_| Errno::EINVAL)?;
    if size > NGROUPS_MAX {
        return Err(Errno::EINVAL.into());
    }
    let mut groups: Vec<u32> = task.read_array(UserPtr::new(list), size)?;
    groups.sort_unstable();
    become_(task, who.with_groups(groups)?)
}
