//! Memory calls that are not the host's alone: file mappings and advice.

use std::sync::Arc;

use abi::Errno;

use super::{Answer, Args, Call};
use crate::now;
use crate::task::{Fault, Task};
use crate::vfs::MountFlags;

pub(super) const CALLS: &[Call] = &[
    now!(MMAP, mmap, "huge pages are refused"),
    now!(MADVISE, accept, "pages are not merged"),
    now!(MSYNC, msync, "the host writes back when it likes"),
    now!(MLOCK, accept, "memory is not locked"),
    now!(MLOCK2, accept, "memory is not locked"),
    now!(MUNLOCK, accept),
    now!(MLOCKALL, accept, "memory is not locked"),
    now!(MUNLOCKALL, accept),
    now!(MBIND, accept, "there is one node"),
    now!(SET_MEMPOLICY, accept, "there is one node"),
];

const MAP_SHARED: u64 = 0x01;
const MAP_TYPE: u64 = 0x0f;
const MAP_SHARED_VALIDATE: u64 = 0x03;
const MAP_ANONYMOUS: u64 = 0x20;
const MAP_HUGETLB: u64 = 0x4_0000;
const PAGE: u64 = 4096;
const PROT_WRITE: u64 = 2;
const PROT_EXEC: u64 = 4;

/// A file mapping: the vetted host file is put under the very number that the caller passes, and
/// the host makes the mapping. The host file is open for writing only where a shared mapping of a
/// description that is may write, so mprotect(2) gains nothing later. The number that the loader stub
/// has while another thread is about to start it is not to be replaced: that thread would start a
/// guest's file by the host's own loader.
fn mmap(task: &Arc<Task>, [address, length, protection, flags, fd, offset]: Args) -> Answer {
    if task.process().is_loading() {
        return Err(Fault::Continue);
    }
    if flags & MAP_HUGETLB != 0 {
        return Err(Errno::ENOMEM.into());
    }
    if length == 0 || offset % PAGE != 0 {
        return Err(Errno::EINVAL.into());
    }
    let args = [address, length, protection, flags, fd, offset];
    if flags & MAP_ANONYMOUS != 0 {
        return if flags & MAP_TYPE == MAP_SHARED { share(task, args) } else { Err(Errno::EINVAL.into()) };
    }
    let fd = fd as i32;
    if fd as u32 == platform::notify::STUB_NUMBER && task.process().is_planned() {
        return Err(Errno::EAGAIN.into());
    }
    let open = task.files().get(fd)?;
    if !open.flags().readable() {
        return Err(Errno::EACCES.into());
    }
    let shared = matches!(flags & MAP_TYPE, MAP_SHARED | MAP_SHARED_VALIDATE);
    if shared && protection & PROT_WRITE != 0 && !open.flags().writable() {
        return Err(Errno::EACCES.into());
    }
    let noexec = open.path().is_some_and(|path| path.mount.flags().contains(MountFlags::NOEXEC));
    if protection & PROT_EXEC != 0 && noexec {
        return Err(Errno::EPERM.into());
    }
    if open.file().maps_as_memory() {
        return if shared { share(task, args) } else { fresh(task, args) };
    }
    let host = open.file().host_mapping(shared && open.flags().writable())?;
    if let Some(path) = open.path() {
        task.process().mappings.note(&host, path);
    }
    task.map_in_call(args, &host)
}

/// Shared memory without a file: a memory file that has no other name, so that what the guest drops of its
/// mapping, and the file keeps, is counted.
fn share(task: &Arc<Task>, [address, length, protection, flags, _, _]: Args) -> Answer {
    let length = length.checked_next_multiple_of(PAGE).ok_or(Errno::ENOMEM)?;
    let open = crate::fs::anon::memory_file(task, b"", 0o600, false)?;
    open.file().truncate(length).map_err(|_| Errno::ENOMEM)?;
    let host = open.file().host_mapping(true)?;
    task.process().mappings.note_shared_memory(&host);
    let args = [address, length, protection, flags & !MAP_ANONYMOUS, 0, 0];
    task.map_in_call(args, &host)
}

/// Private memory without a file.
fn fresh(task: &Arc<Task>, [address, length, protection, flags, _, _]: Args) -> Answer {
    let call = task.call().ok_or(Errno::EINVAL)?;
    let args = [address, length, protection, flags | MAP_ANONYMOUS, u64::MAX, 0];
    task.kernel().platform.redirect(&call, abi::nr::MMAP, args, None)?;
    Err(Fault::Answered)
}

const MS_ASYNC: u64 = 1;
const MS_INVALIDATE: u64 = 2;
const MS_SYNC: u64 = 4;

/// msync(2). What is mapped is known to the host alone; programs also ask by this call whether something is.
fn msync(task: &Arc<Task>, [address, length, flags, ..]: Args) -> Answer {
    let both = MS_ASYNC | MS_SYNC;
    if flags & !(both | MS_INVALIDATE) != 0 || flags & both == both || address % PAGE != 0 {
        return Err(Errno::EINVAL.into());
    }
    // As on Linux a length that has no next page is none.
    let length = length.checked_next_multiple_of(PAGE).unwrap_or(0);
    let end = address.checked_add(length).ok_or(Errno::ENOMEM)?;
    let maps = task.kernel().platform.proc_file(task.process().host, "maps");
    if is_mapped(&String::from_utf8_lossy(&maps), address, end) { Ok(0) } else { Err(Errno::ENOMEM.into()) }
}

/// True if every page from `start` to `end` lies in one of the mappings of proc_pid_maps(5).
fn is_mapped(maps: &str, start: u64, end: u64) -> bool {
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let range = |line: &str| {
        let (from, to) = line.split_once(' ')?.0.split_once('-')?;
        Some((number(from)?, number(to)?))
    };
    let reached = maps.lines().filter_map(range).fold(start, |at, (from, to)| if from <= at { at.max(to) } else { at });
    reached >= end
}

/// Advice that changes nothing that the guest could see.
fn accept(_: &Arc<Task>, _: Args) -> Answer {
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_mapped_where_it_has_no_hole() {
        let maps =
            "1000-3000 r--p 00000000 00:00 0\n3000-5000 rw-p 00000000 00:00 0 [heap]\n8000-9000 rw-p 0 00:00 0\n";
        assert!(is_mapped(maps, 0x1000, 0x5000));
        assert!(is_mapped(maps, 0x2000, 0x4000));
        assert!(is_mapped(maps, 0x6000, 0x6000));
        assert!(!is_mapped(maps, 0x4000, 0x6000));
        assert!(!is_mapped(maps, 0x4000, 0x9000));
        assert!(!is_mapped(maps, 0, 0x2000));
    }
}
