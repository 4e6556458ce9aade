//! execve(2), execveat(2), and the private calls of the loader stub.

use std::sync::Arc;

use abi::Errno;
use platform::notify::stub;

use super::{Answer, Args, Call};
use crate::loader::{self, Request};
use crate::now;
use crate::task::{Fault, Resource, Task};
use crate::vfs::Path;
use crate::vfs::walk::Walk;

pub(super) const CALLS: &[Call] = &[now!(EXECVE, execve), now!(EXECVEAT, execveat)];

/// The stub's calls, which are no calls of Linux: a guest that makes them gets ENOSYS.
pub(super) const PRIVATE: &[Call] = &[
    Call { number: stub::HELLO, name: "podvisor_hello", handler: super::Handler::Now(hello), gap: "" },
    Call { number: stub::READY, name: "podvisor_ready", handler: super::Handler::Now(ready), gap: "" },
    Call { number: stub::FAILED, name: "podvisor_failed", handler: super::Handler::Now(failed), gap: "" },
];

const AT_FDCWD: i32 = -100;
const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
const AT_EMPTY_PATH: u32 = 0x1000;

fn execve(task: &Arc<Task>, [path, arguments, environment, ..]: Args) -> Answer {
    let called = task.read_path(path)?;
    let (path, name) = (Walk::of(task).find(&called, true)?, loader::last_part(&called));
    exec(task, Named { path, called, name }, arguments, environment)
}

fn execveat(task: &Arc<Task>, [fd, path, arguments, environment, flags, _]: Args) -> Answer {
    let (fd, flags) = (fd as i32, flags as u32);
    if flags & !(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0 {
        return Err(Errno::EINVAL.into());
    }
    let called = task.read_path(path)?;
    let program = if called.is_empty() && flags & AT_EMPTY_PATH != 0 {
        let path = task.files().get(fd)?.path().cloned().ok_or(Errno::EACCES)?;
        let name = path.dentry.name();
        Named { path, called: format!("/dev/fd/{fd}").into_bytes(), name: name.to_vec() }
    } else {
        let mut walk = Walk::of(task);
        if fd != AT_FDCWD && !called.starts_with(b"/") {
            walk = walk.from(task.files().get(fd)?.path().cloned().ok_or(Errno::ENOTDIR)?);
        }
        let path = walk.find(&called, flags & AT_SYMLINK_NOFOLLOW == 0)?;
        let name = loader::last_part(&called);
        Named { path, called, name }
    };
    exec(task, program, arguments, environment)
}

/// A program that was found, the name it was called by, and the one for /proc/PID/comm.
struct Named {
    path: Path,
    called: Vec<u8>,
    name: Vec<u8>,
}

fn exec(task: &Arc<Task>, Named { path, called, name }: Named, arguments: u64, environment: u64) -> Answer {
    let mut left = arguments_max(task);
    let mut arguments = strings(task, arguments, &mut left)?;
    let environment = strings(task, environment, &mut left)?;
    if arguments.is_empty() {
        arguments.push(Vec::new());
    }
    let plan = loader::prepare(task, Request { path, called, name, arguments, environment })?;
    let call = task.call().ok_or(Errno::EINVAL)?;
    task.process().set_plan(Some(plan));
    match task.kernel().platform.exec(&call) {
        Ok(()) => Err(Fault::Answered),
        Err(refusal) => {
            task.process().set_plan(None);
            Err(refusal.into())
        }
    }
}

/// How many bytes arguments and environment may take, execve(2): a quarter of the stack's limit, within bounds.
fn arguments_max(task: &Task) -> usize {
    let quarter = usize::try_from(task.process().limit(Resource::Stack) / 4).unwrap_or(usize::MAX);
    quarter.clamp(loader::ARGUMENTS_LEAST, loader::ARGUMENTS_MAX)
}

/// A vector of strings, as execve(2) takes it: `E2BIG` where they are too many or too long.
fn strings(task: &Task, mut address: u64, left: &mut usize) -> Result<Vec<Vec<u8>>, Errno> {
    let mut strings = Vec::new();
    if address == 0 {
        return Ok(strings);
    }
    loop {
        let mut words = [0u64; 64];
        let bytes = zerocopy::IntoBytes::as_mut_bytes(&mut words);
        let length = task.read_some(address, bytes)? / 8;
        if length == 0 {
            return Err(Errno::EFAULT);
        }
        for pointer in words.iter().take(length) {
            if *pointer == 0 {
                return Ok(strings);
            }
            let text = task.read_string(*pointer, loader::STRING_MAX, Errno::E2BIG)?;
            *left = left.checked_sub(text.len().saturating_add(9)).ok_or(Errno::E2BIG)?;
            strings.push(text);
        }
        address = address.checked_add(length as u64 * 8).ok_or(Errno::EFAULT)?;
    }
}

/// The stub asks for its script: the old program is gone, the new one begins. A guest that makes
/// this call itself, after an execve that it made fail, must not get the credentials of the plan.
fn hello(task: &Arc<Task>, [pointer, ..]: Args) -> Answer {
    let process = task.process();
    if task.host != process.host || !task.kernel().platform.runs_stub(task.host) {
        return Err(Errno::ENOSYS.into());
    }
    let plan = process.take_plan().ok_or(Errno::ENOSYS)?;
    let mut top = vec![0u8; 8192];
    let length = task.read_some(pointer, &mut top)?;
    top.truncate(length);
    task.set_name(plan.name());
    let (script, program, credentials) = plan.finish(pointer, &loader::host_auxiliary(&top));
    for other in process.tasks().iter().filter(|other| !Arc::ptr_eq(other, task)) {
        other.abandon();
        process.remove_task(other.tid);
    }
    process.begin_program(Arc::new(program), credentials);
    let call = task.call().ok_or(Errno::EINVAL)?;
    let installed = script
        .files
        .iter()
        .try_for_each(|(fd, file)| task.kernel().platform.install(&call, *fd, std::os::fd::AsFd::as_fd(&**file)));
    let written = installed.and_then(|()| task.write_bytes(stub::SCRIPT, loader::encode(&script.steps)));
    if script.steps.len() > stub::STEPS || written.is_err() {
        process.kill();
        return Err(Fault::Answered);
    }
    process.begin_loading(script);
    Ok(stub::SCRIPT)
}

/// Everything is mapped: the ends of data pages are cleared and the stack is written.
fn ready(task: &Arc<Task>, _: Args) -> Answer {
    let script = task.process().end_loading().ok_or(Errno::ENOSYS)?;
    let zeros = [0u8; 4096];
    for (address, length) in &script.zeros {
        let piece = zeros.get(..*length as usize).unwrap_or(&zeros);
        if task.write_bytes(*address, piece).is_err() {
            task.process().kill();
        }
    }
    let (pointer, bytes) = &script.stack;
    if task.write_bytes(*pointer, bytes).is_err() {
        task.process().kill();
    }
    Ok(0)
}

/// A step failed: Linux too kills a process whose new program cannot be mapped.
fn failed(task: &Arc<Task>, _: Args) -> Answer {
    if task.process().end_loading().is_none() {
        return Err(Errno::ENOSYS.into());
    }
    task.process().kill();
    Err(Fault::Answered)
}
