//! Files that no directory names.
//!
//! Owns: the memory files of memfd_create(2). Does not own: pipes, sockets and event files, which
//! their own rooms make.

use std::sync::Arc;

use abi::Errno;

use super::tmpfs::{Options, Tmpfs};
use crate::task::Task;
use crate::vfs::File;

/// The most bytes that one memory file holds where the pod has no memory limit.
const UNLIMITED: u64 = 1 << 40;

/// An empty memory file, memfd_create(2), open for reading and writing; `sealable` where seals may
/// be added.
pub fn memory_file(task: &Arc<Task>, _name: &str, sealable: bool) -> Result<Arc<dyn File>, Errno> {
    let credentials = task.credentials();
    let bytes = task.kernel().pod.memory_bytes.unwrap_or(UNLIMITED);
    let options = Options { mode: 0o777, uid: credentials.fsuid, gid: credentials.fsgid, ..Options::sized(bytes) };
    Tmpfs::nameless(options, sealable)
}
