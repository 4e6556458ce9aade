//! shmget, shmat, shmdt, shmctl: shmget(2), shmop(2), shmctl(2).

use std::os::fd::AsFd;
use std::sync::Arc;

use abi::Errno;
use abi::ipc::*;

use super::{Answer, Args, Call};
use crate::ipc::Object;
use crate::ipc::shm::Segment;
use crate::now;
use crate::task::{Fault, Task, UserPtr};

pub(super) const CALLS: &[Call] =
    &[now!(SHMGET, shmget, "huge pages are refused"), now!(SHMAT, shmat), now!(SHMDT, shmdt), now!(SHMCTL, shmctl)];

const PAGE: u64 = 4096;
const PROT_READ: u64 = 1;
const PROT_WRITE: u64 = 2;
const PROT_EXEC: u64 = 4;
const MAP_SHARED: u64 = 0x01;
const MAP_FIXED: u64 = 0x10;
const MAP_FIXED_NOREPLACE: u64 = 0x10_0000;
/// SHMMNI: how many segments there may be.
const SEGMENTS: u64 = 4096;

fn shmget(task: &Arc<Task>, [key, size, flags, ..]: Args) -> Answer {
    let (kernel, flags) = (task.kernel(), flags as u32);
    if flags & SHM_HUGETLB != 0 {
        return Err(Errno::ENOMEM.into());
    }
    kernel.ipc.sweep(kernel);
    let full = kernel.ipc.shm.extent().1 as u64 >= SEGMENTS;
    let make = |permissions| {
        if full { Err(Errno::ENOSPC) } else { Segment::new(permissions, size, task.process()) }
    };
    let fits = |segment: &Segment| if size > segment.size { Err(Errno::EINVAL) } else { Ok(()) };
    let id = kernel.ipc.shm.get(&task.credentials(), key as i32, flags, make, fits)?;
    Ok(u64::from(id.unsigned_abs()))
}

/// The call is made a mmap(2) of the segment's memory file.
fn shmat(task: &Arc<Task>, [id, address, flags, ..]: Args) -> Answer {
    let flags = flags as u32;
    task.kernel().ipc.sweep(task.kernel());
    let segment = task.kernel().ipc.shm.find(id as i32)?;
    let writing = flags & SHM_RDONLY == 0;
    let wanted = if writing { 0o6 } else { 0o4 } | if flags & SHM_EXEC != 0 { 0o1 } else { 0 };
    segment.permissions().check(&task.credentials(), wanted)?;
    let place = match address {
        address if flags & SHM_RND != 0 => address & !(PAGE - 1),
        address if address % PAGE != 0 => return Err(Errno::EINVAL.into()),
        address => address,
    };
    if flags & SHM_REMAP != 0 && place == 0 {
        return Err(Errno::EINVAL.into());
    }
    let fixed = match place {
        0 => 0,
        _ if flags & SHM_REMAP != 0 => MAP_FIXED,
        _ => MAP_FIXED_NOREPLACE,
    };
    let execute = if flags & SHM_EXEC != 0 { PROT_EXEC } else { 0 };
    let protection = PROT_READ | if writing { PROT_WRITE } else { 0 } | execute;
    let memory = if writing { Arc::clone(&segment.memory) } else { segment.read_only()? };
    let call = task.call().ok_or(Errno::EINVAL)?;
    let args = [place, segment.size.next_multiple_of(PAGE), protection, MAP_SHARED | fixed, 0, 0];
    if task.map_elsewhere(&call, args, memory.as_fd())? >= 0 {
        segment.note_attached(task.process().pid);
    }
    Err(Fault::Answered)
}

/// The call is made a munmap(2) of the attachment that begins there.
fn shmdt(task: &Arc<Task>, [address, ..]: Args) -> Answer {
    let kernel = task.kernel();
    let attached = |segment: &Arc<Segment>| {
        segment.attached_in(task.process()).into_iter().find(|attachment| attachment.start == address)
    };
    let found = kernel.ipc.shm.all().into_iter().find_map(|(_, segment)| Some((attached(&segment)?, segment)));
    let (attachment, segment) = found.ok_or(Errno::EINVAL)?;
    let call = task.call().ok_or(Errno::EINVAL)?;
    kernel.platform.redirect(&call, abi::nr::MUNMAP, [address, attachment.length, 0, 0, 0, 0], None)?;
    segment.note_detached(task.process().pid);
    Err(Fault::Answered)
}

fn shmctl(task: &Arc<Task>, [id, command, buffer, ..]: Args) -> Answer {
    let (kernel, who, id) = (task.kernel(), task.credentials(), id as i32);
    let table = &kernel.ipc.shm;
    kernel.ipc.sweep(kernel);
    match command as u32 {
        IPC_STAT => {
            let segment = table.find(id)?;
            segment.permissions().check(&who, 4)?;
            task.write(UserPtr::new(buffer), &segment.status(kernel))?;
        }
        SHM_STAT | SHM_STAT_ANY => {
            let (id, segment) = table.at(id)?;
            if command as u32 == SHM_STAT {
                segment.permissions().check(&who, 4)?;
            }
            task.write(UserPtr::new(buffer), &segment.status(kernel))?;
            return Ok(u64::from(id.unsigned_abs()));
        }
        IPC_SET => {
            let segment = table.find(id)?;
            let status: ShmStatus = task.read(UserPtr::new(buffer))?;
            segment.permissions().check_owner(&who)?;
            segment.set(&status.perm);
        }
        IPC_RMID => {
            let segment = table.find(id)?;
            segment.permissions().check_owner(&who)?;
            if segment.doom(kernel) {
                drop(table.remove(id));
            } else {
                table.forget_key(id);
            }
        }
        IPC_INFO => {
            // struct shminfo64: shmmax, shmmin, shmmni, shmseg, shmall.
            let info: [u64; 9] = [u64::MAX - (1 << 24), 1, SEGMENTS, SEGMENTS, u64::MAX - (1 << 24), 0, 0, 0, 0];
            task.write(UserPtr::new(buffer), &info)?;
            return Ok(table.extent().0);
        }
        SHM_INFO => {
            // struct shm_info: used_ids, and pages in all.
            let pages: u64 = table.all().iter().map(|(_, segment)| segment.size.div_ceil(PAGE)).sum();
            let info: [u64; 6] = [table.extent().1 as u64, pages, pages, 0, 0, 0];
            task.write(UserPtr::new(buffer), &info)?;
            return Ok(table.extent().0);
        }
        SHM_LOCK | SHM_UNLOCK => table.find(id)?.permissions().check_owner(&who)?,
        _ => return Err(Errno::EINVAL.into()),
    }
    Ok(0)
}
