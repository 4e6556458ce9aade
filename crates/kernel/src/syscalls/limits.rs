//! Resource limits: prlimit(2), getrlimit(2), setrlimit(2).

use std::sync::Arc;

use abi::Errno;
use abi::resource::Rlimit;
use platform::HostLimit;

use super::{Answer, Args, Call, find_process};
use crate::now;
use crate::task::{Credentials, Fault, Pid, Process, Resource, Task, UserPtr, capability};

pub(super) const CALLS: &[Call] = &[
    now!(GETRLIMIT, getrlimit),
    now!(SETRLIMIT, setrlimit, "MEMLOCK, RSS, LOCKS, NICE, RTTIME, and AS, DATA and STACK of others are told only"),
    now!(PRLIMIT64, prlimit64, "MEMLOCK, RSS, LOCKS, NICE, RTTIME, and AS, DATA and STACK of others are told only"),
];

fn getrlimit(task: &Arc<Task>, [resource, buffer, ..]: Args) -> Answer {
    let limit = task.process().limits.get(Resource::new(resource)?);
    task.write(UserPtr::new(buffer), &limit)?;
    Ok(0)
}

fn setrlimit(task: &Arc<Task>, [resource, new, ..]: Args) -> Answer {
    let resource = Resource::new(resource)?;
    let wanted = task.read(UserPtr::new(new))?;
    may_change(task, task.process(), resource, wanted)?;
    change(task, task.process(), resource, wanted)
}

fn may_change(task: &Task, target: &Process, resource: Resource, wanted: Rlimit) -> Result<(), Errno> {
    target.limits.may_change(resource, wanted, task.credentials().capable(capability::SYS_RESOURCE))
}

/// Sets a limit: of what guests take from the host without a call to us, the host's too.
fn change(task: &Task, target: &Arc<Process>, resource: Resource, wanted: Rlimit) -> Answer {
    let before = target.limits.get(resource);
    let native =
        HostLimit::of(resource as u32).filter(|_| Arc::ptr_eq(target, task.process()) && before.soft != wanted.soft);
    if let Some(native) = native {
        let call = task.call().ok_or(Errno::EINVAL)?;
        let result = task.kernel().platform.limit(&call, native, wanted.soft)?;
        if result == 0 {
            target.limits.set(resource, wanted);
        }
        return Err(Fault::Answered);
    }
    target.limits.set(resource, wanted);
    if resource == Resource::Cpu {
        target.keep_to_processor_limit();
    }
    Ok(0)
}

fn prlimit64(task: &Arc<Task>, [pid, resource, new, old, ..]: Args) -> Answer {
    let resource = Resource::new(resource)?;
    let wanted = if new == 0 { None } else { Some(task.read(UserPtr::<Rlimit>::new(new))?) };
    let target = find_process(task, Pid(pid as i32))?;
    if !Arc::ptr_eq(&target, task.process()) && !may_limit(&task.credentials(), &target.credentials()) {
        return Err(Errno::EPERM.into());
    }
    if let Some(wanted) = wanted {
        may_change(task, &target, resource, wanted)?;
    }
    if old != 0 {
        task.write(UserPtr::new(old), &target.limits.get(resource))?;
    }
    wanted.map_or(Ok(0), |wanted| change(task, &target, resource, wanted))
}

/// Whether `caller` may see and change the limits of another process, prlimit(2): the target's
/// real, effective and saved ids are the caller's real ones, or the caller has CAP_SYS_RESOURCE.
fn may_limit(caller: &Credentials, target: &Credentials) -> bool {
    let same_user = [target.uid, target.euid, target.suid] == [caller.uid; 3];
    let same_group = [target.gid, target.egid, target.sgid] == [caller.gid; 3];
    (same_user && same_group) || caller.capable(capability::SYS_RESOURCE)
}
