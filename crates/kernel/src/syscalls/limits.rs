//! Resource limits: prlimit(2), getrlimit(2), setrlimit(2).

use std::sync::Arc;

use abi::Errno;
use abi::resource::Rlimit;

use super::{Answer, Args, Call, find_process};
use crate::now;
use crate::task::{Credentials, Pid, Process, Resource, Task, UserPtr, capability};

pub(super) const CALLS: &[Call] = &[
    now!(GETRLIMIT, getrlimit),
    now!(SETRLIMIT, setrlimit, "NPROC, RSS, LOCKS, NICE and RTTIME are kept and told only"),
    now!(PRLIMIT64, prlimit64, "NPROC, RSS, LOCKS, NICE and RTTIME are kept and told only"),
];

fn getrlimit(task: &Arc<Task>, [resource, buffer, ..]: Args) -> Answer {
    let limit = task.process().limits.get(Resource::new(resource)?);
    task.write(UserPtr::new(buffer), &limit)?;
    Ok(0)
}

fn setrlimit(task: &Arc<Task>, [resource, new, ..]: Args) -> Answer {
    let resource = Resource::new(resource)?;
    let wanted = task.read(UserPtr::new(new))?;
    change(task, task.process(), resource, wanted)
}

fn change(task: &Task, target: &Process, resource: Resource, wanted: Rlimit) -> Answer {
    let privileged = task.credentials().capable(capability::SYS_RESOURCE);
    target.limits.change(resource, wanted, privileged)?;
    Ok(0)
}

fn prlimit64(task: &Arc<Task>, [pid, resource, new, old, ..]: Args) -> Answer {
    let resource = Resource::new(resource)?;
    let wanted = if new == 0 { None } else { Some(task.read(UserPtr::<Rlimit>::new(new))?) };
    let target = find_process(task, Pid(pid as i32))?;
    if !Arc::ptr_eq(&target, task.process()) && !may_limit(&task.credentials(), &target.credentials()) {
        return Err(Errno::EPERM.into());
    }
    let before = target.limits.get(resource);
    if let Some(wanted) = wanted {
        change(task, &target, resource, wanted)?;
    }
    if old != 0 {
        task.write(UserPtr::new(old), &before)?;
    }
    Ok(0)
}

/// Whether `caller` may see and change the limits of another process, prlimit(2): the target's
/// real, effective and saved ids are the caller's real ones, or the caller has CAP_SYS_RESOURCE.
fn may_limit(caller: &Credentials, target: &Credentials) -> bool {
    let same_user = [target.uid, target.euid, target.suid] == [caller.uid; 3];
    let same_group = [target.gid, target.egid, target.sgid] == [caller.gid; 3];
    (same_user && same_group) || caller.capable(capability::SYS_RESOURCE)
}
