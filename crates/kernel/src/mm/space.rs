//! Sizes of file systems that guests fill by mappings.
//!
//! Owns: ending those that fill holes of mapped files beyond the size of a file system. The host lets them, since
//! the files are its own: on Linux a page that finds no room is SIGBUS, tmpfs(5), and so it is here, only
//! after the fact; who goes on is killed. Does not own: writes, which are refused in time (`fs::space`).

use std::sync::Arc;

use abi::signal::Signal;

use crate::kernel::Kernel;
use crate::task::Process;
use crate::task::signals::from_kernel;
use crate::vfs::FileSystem;

/// Room that is thought left at least: looking more often would cost more than it keeps.
const LEAST_ROOM: u64 = 32 << 20;

impl Kernel {
    /// Ends those that have filled a file system beyond its size; answers how much the guests may fill until the next
    /// look, where they can fill any.
    pub(super) fn enforce_sizes(&self) -> Option<u64> {
        let mut least = None;
        for file_system in self.file_systems() {
            let Some(space) = file_system.mapped_space() else { continue };
            if space.used > space.limit {
                self.end_users_of(&*file_system);
            }
            let room = space.limit.saturating_sub(space.used).max(LEAST_ROOM);
            least = Some(least.unwrap_or(room).min(room));
        }
        least
    }

    /// Every file system with files of the pod's own: each container's, and those that they share.
    fn file_systems(&self) -> Vec<Arc<dyn FileSystem>> {
        let own = self.containers().into_iter().flat_map(|container| container.file_systems());
        own.chain(self.volumes.file_systems()).collect()
    }

    fn end_users_of(&self, file_system: &dyn FileSystem) {
        let device = file_system.device();
        let uses = |process: &Arc<Process>| process.shared_bytes() > 0 && process.mappings.has_any_of(device);
        for process in self.living().into_iter().filter(uses) {
            if process.note_out_of_space() {
                process.kill();
            } else {
                process.send_signal(Signal::SIGBUS, from_kernel(Signal::SIGBUS));
            }
        }
    }
}
