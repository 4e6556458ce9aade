//! open, openat, openat2, creat, close, close_range, memfd_create: open(2), openat2(2), close(2), memfd_create(2).

use std::sync::Arc;

use abi::Errno;
use abi::file::OpenHow;
use zerocopy::{FromZeros, IntoBytes};

use super::paths::{CWD, only, walk_from};
use super::{Answer, Args, Call};
use crate::task::{Fault, Resource, Task};
use crate::vfs::walk::Resolve;
use crate::vfs::{OpenFile, OpenFlags, open as opening};
use crate::{now, waits};

pub(super) const CALLS: &[Call] = &[
    waits!(OPEN, open),
    waits!(OPENAT, openat),
    waits!(OPENAT2, openat2),
    waits!(CREAT, creat),
    now!(MEMFD_CREATE, memfd_create, "huge pages are refused"),
    now!(NAME_TO_HANDLE_AT, no_handles, "there are no file handles"),
    now!(OPEN_BY_HANDLE_AT, no_handles, "there are no file handles"),
];

async fn open(task: Arc<Task>, [path, flags, mode, ..]: Args) -> Answer {
    openat(task, [CWD, path, flags, mode, 0, 0]).await
}

async fn creat(task: Arc<Task>, [path, mode, ..]: Args) -> Answer {
    let flags = OpenFlags::CREAT | OpenFlags::WRONLY | OpenFlags::TRUNC;
    openat(task, [CWD, path, u64::from(flags.bits()), mode, 0, 0]).await
}

async fn openat(task: Arc<Task>, [dirfd, path, flags, mode, ..]: Args) -> Answer {
    let path = task.read_path(path)?;
    let flags = OpenFlags::from_bits_truncate(flags as u32);
    let file = opening::open(&task, walk_from(&task, dirfd, &path)?, &path, flags, mode as u32 & 0o7777)?;
    finish(&task, file, flags).await
}

async fn openat2(task: Arc<Task>, [dirfd, path, how, size, ..]: Args) -> Answer {
    let how = read_how(&task, how, size)?;
    let path = task.read_path(path)?;
    let (flags, resolve) = checked(&how)?;
    let walk = walk_from(&task, dirfd, &path)?.restricted(resolve);
    let file = opening::open(&task, walk, &path, flags, how.mode as u32)?;
    finish(&task, file, flags).await
}

/// `struct open_how`, which later versions may have made longer: what we do not know must be zero.
fn read_how(task: &Arc<Task>, address: u64, size: u64) -> Result<OpenHow, Errno> {
    const LARGEST: u64 = 4096;
    let known = size_of::<OpenHow>() as u64;
    if size < known {
        return Err(Errno::EINVAL);
    }
    if size > LARGEST {
        return Err(Errno::E2BIG);
    }
    let mut how = OpenHow::new_zeroed();
    task.read_bytes(address, how.as_mut_bytes())?;
    let mut rest = vec![0; usize::try_from(size.saturating_sub(known)).unwrap_or(0)];
    if !rest.is_empty() {
        task.read_bytes(address.saturating_add(known), &mut rest)?;
    }
    if rest.iter().any(|byte| *byte != 0) { Err(Errno::E2BIG) } else { Ok(how) }
}

fn checked(how: &OpenHow) -> Result<(OpenFlags, Resolve), Errno> {
    let flags = u32::try_from(how.flags).ok().and_then(OpenFlags::from_bits).ok_or(Errno::EINVAL)?;
    let resolve = Resolve::from_bits(how.resolve).ok_or(Errno::EINVAL)?;
    let makes = flags.contains(OpenFlags::CREAT) || flags.contains(OpenFlags::TMPFILE);
    if how.mode & !0o7777 != 0 || (how.mode != 0 && !makes) || resolve.contains(Resolve::BENEATH | Resolve::IN_ROOT) {
        return Err(Errno::EINVAL);
    }
    Ok((flags, resolve))
}

/// Waits as long as the object wants to (a FIFO for its other side) and gives it a descriptor.
async fn finish(task: &Arc<Task>, file: Arc<OpenFile>, flags: OpenFlags) -> Answer {
    let ready = || match file.file().opening(flags) {
        Err(Errno::EAGAIN) => None,
        other => Some(other),
    };
    let queues: Vec<_> = file.file().queue().into_iter().collect();
    task.wait(&queues, None, ready).await.map_err(|_| Fault::Interrupted)??;
    let limit = task.process().limit(Resource::NoFile);
    Ok(task.files().add(file, flags.contains(OpenFlags::CLOEXEC), 0, limit)? as u64)
}

fn memfd_create(task: &Arc<Task>, [name, flags, ..]: Args) -> Answer {
    const CLOEXEC: u32 = 0x01;
    const ALLOW_SEALING: u32 = 0x02;
    const NOEXEC_SEAL: u32 = 0x08;
    const EXEC: u32 = 0x10;
    const NAME_MAX: usize = 250;
    let flags = only(flags, CLOEXEC | ALLOW_SEALING | NOEXEC_SEAL | EXEC)?;
    if flags & (NOEXEC_SEAL | EXEC) == NOEXEC_SEAL | EXEC {
        return Err(Errno::EINVAL.into());
    }
    let name = task.read_string(name, NAME_MAX, Errno::EINVAL)?;
    let sealable = flags & (ALLOW_SEALING | NOEXEC_SEAL) != 0;
    let mode = if flags & NOEXEC_SEAL != 0 { 0o666 } else { 0o777 };
    let file = crate::fs::anon::memory_file(task, &name, mode, sealable)?;
    let limit = task.process().limit(Resource::NoFile);
    Ok(task.files().add(file, flags & CLOEXEC != 0, 0, limit)? as u64)
}

fn no_handles(_: &Arc<Task>, _: Args) -> Answer {
    Err(Errno::EOPNOTSUPP.into())
}
