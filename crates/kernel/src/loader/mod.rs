//! Programs: from a path to a running image.
//!
//! Owns: what execve(2) does: permission to execute, `#!` scripts, ELF files and their interpreter,
//! the first stack. The host's own loader sees none of it: the guest's thread starts the platform's
//! stub, which maps what [`Plan`] says and jumps. Does not own: the call itself (`syscalls::exec`).

mod elf;
mod plan;
mod stack;

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFMT, S_IFREG, S_ISGID, S_ISUID};

use crate::task::{Credentials, HostPlace, MappedFile, Task};
use crate::vfs::walk::Walk;
use crate::vfs::{Access, File, OpenFlags, Path, permission};

pub use plan::{Plan, Script};
pub(crate) use plan::{encode, host_auxiliary};

/// What a process runs, as /proc/PID shows it.
#[derive(Clone, Default)]
pub struct Program {
    /// The executable.
    pub executable: Option<Path>,
    /// The arguments.
    pub arguments: Vec<Vec<u8>>,
    /// The environment.
    pub environment: Vec<Vec<u8>>,
    /// What it is mapped from: itself and its interpreter.
    pub mapped: Vec<(HostPlace, MappedFile)>,
    /// The auxiliary vector as bytes.
    pub auxiliary: Vec<u8>,
    /// The name for /proc/PID/comm.
    pub name: Vec<u8>,
}

/// How many bytes the arguments and environment together may have at most and at least, whatever the stack's limit:
/// execve(2).
pub const ARGUMENTS_MAX: usize = 6 << 20;
/// See [`ARGUMENTS_MAX`].
pub const ARGUMENTS_LEAST: usize = 128 << 10;
/// A single string may have at most this many bytes with its zero.
pub const STRING_MAX: usize = 128 << 10;
/// How many scripts may be each other's interpreter.
const SCRIPT_DEPTH: usize = 5;

/// An executable that was found and may be run.
struct Executable {
    path: Path,
    file: Arc<dyn File>,
    head: Vec<u8>,
}

/// What execve(2) was asked for.
pub struct Request {
    /// What to run.
    pub path: Path,
    /// The name it was called by, for AT_EXECFN and scripts.
    pub called: Vec<u8>,
    /// The name for /proc/PID/comm: of the link where it is called by one.
    pub name: Vec<u8>,
    /// The arguments, the first of which is the program's idea of its name.
    pub arguments: Vec<Vec<u8>>,
    /// The environment.
    pub environment: Vec<Vec<u8>>,
}

/// Checks everything that can fail and answers what is to be mapped; nothing has changed yet.
pub fn prepare(task: &Arc<Task>, mut request: Request) -> Result<Plan, Errno> {
    let mut executable = open(task, &request.path)?;
    let name: Vec<u8> = request.name.iter().copied().take(15).collect();
    for _ in 0..SCRIPT_DEPTH {
        let Some((interpreter, argument)) = script(&executable.head)? else {
            let credentials = credentials_for(task, &executable.path)?;
            return plan::make(task, executable, request, credentials, name);
        };
        let mut arguments = vec![interpreter.clone()];
        arguments.extend(argument);
        arguments.push(request.called.clone());
        arguments.extend(request.arguments.into_iter().skip(1));
        request.arguments = arguments;
        request.called = interpreter.clone();
        let path = Walk::of(task).find(&interpreter, true)?;
        executable = open(task, &path)?;
    }
    Err(Errno::ELOOP)
}

/// The last part of a path, as basename(3) has it.
pub fn last_part(path: &[u8]) -> Vec<u8> {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec()
}

/// `EACCES` where `path` is no regular file that `task` may execute.
pub fn may_execute(task: &Arc<Task>, path: &Path) -> Result<(), Errno> {
    let stat = path.stat()?;
    if stat.mode & S_IFMT != S_IFREG || path.mount.flags().contains(crate::vfs::MountFlags::NOEXEC) {
        return Err(Errno::EACCES);
    }
    permission::check(&task.credentials(), &stat, Access::EXEC)
}

/// Opens a regular file that `task` may execute.
fn open(task: &Arc<Task>, path: &Path) -> Result<Executable, Errno> {
    may_execute(task, path)?;
    let file = Arc::clone(path.inode()).open(task, OpenFlags::empty())?;
    let mut head = vec![0u8; 4096];
    let length = file.read(&mut head, 0)?;
    head.truncate(length);
    Ok(Executable { path: path.clone(), file, head })
}

/// The interpreter and its argument where `head` begins a script, execve(2) "Interpreter scripts".
#[allow(clippy::type_complexity, reason = "an interpreter and perhaps an argument")]
fn script(head: &[u8]) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>, Errno> {
    const LINE_MAX: usize = 256;
    let Some(line) = head.strip_prefix(b"#!") else { return Ok(None) };
    let line: Vec<u8> = line.iter().copied().take(LINE_MAX).take_while(|byte| *byte != b'\n' && *byte != 0).collect();
    let text = line.trim_ascii();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (interpreter, rest) = text.split_at(end);
    if interpreter.is_empty() {
        return Err(Errno::ENOEXEC);
    }
    let rest = rest.trim_ascii();
    Ok(Some((interpreter.to_vec(), (!rest.is_empty()).then(|| rest.to_vec()))))
}

/// The credentials of the new program: set-user-ID and set-group-ID bits, capabilities(7)
/// "Transformation of capabilities during execve()".
fn credentials_for(task: &Arc<Task>, path: &Path) -> Result<Credentials, Errno> {
    let stat = path.stat()?;
    let mut new = (*task.credentials()).clone();
    let trusted = !new.no_new_privs && !path.mount.flags().contains(crate::vfs::MountFlags::NOSUID);
    if trusted && stat.mode & S_ISUID != 0 {
        new.euid = stat.uid;
    }
    if trusted && stat.mode & S_ISGID != 0 && stat.mode & 0o010 != 0 {
        new.egid = stat.gid;
    }
    (new.suid, new.fsuid) = (new.euid, new.euid);
    (new.sgid, new.fsgid) = (new.egid, new.egid);
    if new.uid == 0 || new.euid == 0 {
        new.permitted = new.inheritable | new.bounding;
        new.effective = if new.euid == 0 { new.permitted } else { 0 };
    } else {
        new.permitted = new.ambient;
        new.effective = new.ambient;
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_line_has_an_interpreter_and_at_most_one_argument() {
        assert_eq!(script(b"#!/bin/sh\necho").unwrap(), Some((b"/bin/sh".to_vec(), None)));
        assert_eq!(
            script(b"#! /usr/bin/env  python3 -u \nx").unwrap(),
            Some((b"/usr/bin/env".to_vec(), Some(b"python3 -u".to_vec())))
        );
        assert_eq!(script(b"\x7fELF").unwrap(), None);
        assert_eq!(script(b"#!\n"), Err(Errno::ENOEXEC));
    }
}
