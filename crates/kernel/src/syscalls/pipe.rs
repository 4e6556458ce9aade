//! pipe and pipe2: pipe(2).

use std::sync::Arc;

use abi::Errno;

use super::{Answer, Args, Call};
use crate::fs::pipe::Pipe;
use crate::now;
use crate::task::{Resource, Task, UserPtr};
use crate::vfs::OpenFlags;

pub(super) const CALLS: &[Call] =
    &[now!(PIPE, pipe), now!(PIPE2, pipe2, "O_DIRECT counts as it was when the pipe was made")];

fn pipe(task: &Arc<Task>, [fds, ..]: Args) -> Answer {
    pipe2(task, [fds, 0, 0, 0, 0, 0])
}

fn pipe2(task: &Arc<Task>, [fds, flags, ..]: Args) -> Answer {
    let known = OpenFlags::NONBLOCK | OpenFlags::CLOEXEC | OpenFlags::DIRECT;
    if flags as u32 & !known.bits() != 0 {
        return Err(Errno::EINVAL.into());
    }
    let flags = OpenFlags::from_bits_truncate(flags as u32);
    let close_on_exec = flags.contains(OpenFlags::CLOEXEC);
    let (reader, writer) = Pipe::pair(&task.credentials(), flags);
    let (files, limit) = (task.files(), task.process().limit(Resource::NoFile));
    let reading = files.add(reader, close_on_exec, 0, limit)?;
    let done = files.add(writer, close_on_exec, 0, limit).and_then(|writing| {
        task.write(UserPtr::new(fds), &[reading, writing]).inspect_err(|_| drop(files.remove(writing)))
    });
    if let Err(errno) = done {
        drop(files.remove(reading));
        return Err(errno.into());
    }
    Ok(0)
}
