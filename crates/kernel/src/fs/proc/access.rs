//! Who may look into a process, and into which of its memories.
//!
//! Owns: ptrace(2)'s "Ptrace access mode checking" with the file-system ids, as proc(5) asks it; and
//! that a file about memory stays about the memory of its opening: neither execve(2) nor a change of
//! rights makes what was opened before a way into what comes then.

use std::sync::Arc;

use abi::Errno;

use super::target::Target;
use crate::task::{Process, Task, capability};

/// True if `reader` has PTRACE_MODE_READ_FSCREDS on the target. Yama aside, PTRACE_MODE_ATTACH asks the same.
pub(super) fn permitted(target: &Target, reader: &Task) -> Result<bool, Errno> {
    let process = target.process()?;
    if Arc::ptr_eq(&process, reader.process()) {
        return Ok(true);
    }
    let (own, other) = (reader.credentials(), target.credentials(&process));
    if own.capable(capability::SYS_PTRACE) {
        return Ok(true);
    }
    let same_user = [other.uid, other.euid, other.suid] == [own.fsuid; 3];
    let same_group = [other.gid, other.egid, other.sgid] == [own.fsgid; 3];
    let no_more_rights = other.permitted & !own.effective == 0;
    let dumpable = process.settings.lock().dumpable == 1;
    Ok(same_user && same_group && no_more_rights && dumpable)
}

/// `EACCES` where `reader` may not look into the target.
pub(super) fn check(target: &Target, reader: &Task) -> Result<(), Errno> {
    if permitted(target, reader)? { Ok(()) } else { Err(Errno::EACCES) }
}

/// The same, in the words of the files that attach for a moment: `EPERM`.
pub(super) fn check_attach(target: &Target, reader: &Task) -> Result<(), Errno> {
    if permitted(target, reader)? { Ok(()) } else { Err(Errno::EPERM) }
}

/// `EPERM` where the target is another process and `reader` lacks CAP_SYS_NICE.
pub(super) fn check_scheduling(target: &Target, reader: &Task) -> Result<(), Errno> {
    let own = Arc::ptr_eq(&target.process()?, reader.process());
    if own || reader.credentials().capable(capability::SYS_NICE) { Ok(()) } else { Err(Errno::EPERM) }
}

/// `EACCES`: what Linux shows to those with CAP_SYS_ADMIN over the whole machine, who are none of our guests.
pub(super) fn check_machine(_: &Target, _: &Task) -> Result<(), Errno> {
    Err(Errno::EACCES)
}

/// The memory that a process had when a file about it was opened.
pub(super) struct Memory {
    target: Target,
    execs: Option<u64>,
}

impl Memory {
    /// The target's memory of now; `EACCES` where `reader` may not look into it.
    pub(super) fn open(target: &Target, reader: &Task) -> Result<Memory, Errno> {
        check(target, reader)?;
        let execs = target.living().ok().map(|process| process.execs());
        Ok(Memory { target: target.clone(), execs })
    }

    /// True if the process had a memory.
    pub(super) fn is_there(&self) -> bool {
        self.execs.is_some()
    }

    /// The process, `None` once that memory is no longer its own, or about to be replaced: while the
    /// new program is mapped, the opener's rights over it are not known yet.
    pub(super) fn process(&self) -> Option<Arc<Process>> {
        let process = self.target.living().ok()?;
        let replaced = self.execs != Some(process.execs()) || process.is_planned();
        (!replaced).then_some(process)
    }
}
