//! capget(2) and capset(2).

use std::sync::Arc;

use abi::Errno;
use abi::capability::{Data, Header, VERSION_1, VERSION_2, VERSION_3};

use super::{Answer, Args, Call, find_task};
use crate::now;
use crate::task::{CapabilitySets, Pid, Task, UserPtr};

pub(super) const CALLS: &[Call] = &[now!(CAPGET, capget), now!(CAPSET, capset)];

/// How many structures a header's version stands for. An unknown version is answered in the header.
fn structures(task: &Task, pointer: UserPtr<Header>) -> Result<(Header, usize), Errno> {
    let header = task.read(pointer)?;
    match header.version {
        VERSION_1 => Ok((header, 1)),
        VERSION_2 | VERSION_3 => Ok((header, 2)),
        _ => {
            task.write(pointer, &Header { version: VERSION_3, ..header })?;
            Err(Errno::EINVAL)
        }
    }
}

fn capget(task: &Arc<Task>, [header, data, ..]: Args) -> Answer {
    let (header, count) = match structures(task, UserPtr::new(header)) {
        Err(Errno::EINVAL) if data == 0 => return Ok(0),
        other => other?,
    };
    if header.pid < 0 {
        return Err(Errno::EINVAL.into());
    }
    let who = find_task(task, Pid(header.pid))?.credentials();
    if data == 0 {
        return Ok(0);
    }
    for index in 0..count as u64 {
        let half = |set: u64| (set >> (32 * index)) as u32;
        let value =
            Data { effective: half(who.effective), permitted: half(who.permitted), inheritable: half(who.inheritable) };
        task.write(UserPtr::new(data.saturating_add(12 * index)), &value)?;
    }
    Ok(0)
}

fn capset(task: &Arc<Task>, [header, data, ..]: Args) -> Answer {
    let (header, count) = structures(task, UserPtr::new(header))?;
    if header.pid != 0 && header.pid != task.tid.0 {
        return Err(Errno::EPERM.into());
    }
    let mut wanted = CapabilitySets { effective: 0, permitted: 0, inheritable: 0 };
    for (index, value) in task.read_array(UserPtr::<Data>::new(data), count)?.into_iter().enumerate() {
        let whole = |half: u32| u64::from(half) << (32 * index);
        wanted.effective |= whole(value.effective);
        wanted.permitted |= whole(value.permitted);
        wanted.inheritable |= whole(value.inheritable);
    }
    let new = task.credentials().with_capabilities(wanted)?;
    task.set_credentials(new);
    Ok(0)
}
