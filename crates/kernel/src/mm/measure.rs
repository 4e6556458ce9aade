//! What guests make the host hold.
//!
//! Owns: the sum for a process, a container and the pod. Private memory and page tables are a process's, as the
//! host counts them; shared memory is the files' that it lies in, all of which are ours, mapped or not; what
//! the host's kernel keeps for each thread and each mapping is estimated. Memory of disk files is the host's cache.

use std::sync::Arc;

use crate::container::Container;
use crate::kernel::Kernel;
use crate::task::Process;

/// What the kernel itself takes without any guest, in bytes.
const KERNEL_BASE: u64 = 8 << 20;
/// What the host keeps for a thread: its stack of 16 KiB and its record.
const THREAD: u64 = 24 << 10;
/// What the host keeps for a process beside its first thread.
const PROCESS: u64 = 16 << 10;
/// What the host keeps for a mapping: its record, its place in the tree, and what leads from its pages to it.
const MAPPING: u64 = 400;
/// The least that a mapping takes of the address space.
const PAGE: u64 = 4096;
/// The most mappings that a process has, vm.max_map_count.
const MOST_MAPPINGS: u64 = 65530;

/// What one process makes the host hold, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Private memory, here or swapped out; pages that several processes share by fork(2) in full.
    private: u64,
    /// Page tables, threads, and the process itself.
    tables: u64,
    /// Pages of shared memory that it has mapped: they count where they lie, and tell who uses them.
    pub(super) shared: u64,
    /// The most that its mappings may take themselves.
    mappings: u64,
}

impl Held {
    /// By a text of /proc/PID/status; nothing of a process that is gone.
    fn parse(status: &str) -> Held {
        let threads = number(status, "Threads");
        if threads == 0 {
            return Held::default();
        }
        let kib = |name| number(status, name).saturating_mul(1024);
        Held {
            private: kib("RssAnon").saturating_add(kib("VmSwap")),
            tables: kib("VmPTE").saturating_add(threads.saturating_mul(THREAD)).saturating_add(PROCESS),
            shared: kib("RssShmem"),
            mappings: (kib("VmSize") / PAGE).min(MOST_MAPPINGS).saturating_mul(MAPPING),
        }
    }

    /// What counts for a limit.
    pub(super) fn total(&self) -> u64 {
        self.private.saturating_add(self.tables).saturating_add(self.mappings)
    }

    /// Page tables, threads, and the process itself: these count however closely one looks.
    pub(super) fn tables(&self) -> u64 {
        self.tables
    }
}

impl Process {
    /// What it makes the host hold: an upper bound by one look at the host.
    pub(super) fn held_roughly(&self) -> Held {
        let text = self.kernel().platform.proc_file(self.host, "status");
        Held::parse(&String::from_utf8_lossy(&text))
    }

    /// The same with shared pages divided among those that share them, and mappings counted.
    pub(super) fn held_exactly(&self) -> Held {
        let rough = self.held_roughly();
        let file = |name| self.kernel().platform.proc_file(self.host, name);
        let mappings = file("maps").iter().filter(|byte| **byte == b'\n').count() as u64;
        let rollup = file("smaps_rollup");
        let rollup = String::from_utf8_lossy(&rollup);
        let kib = |name| number(&rollup, name).saturating_mul(1024);
        let swapped = kib("SwapPss");
        let private = kib("Pss_Anon").saturating_add(swapped);
        Held { private: private.min(rough.private), mappings: mappings.saturating_mul(MAPPING), ..rough }
    }
}

impl Container {
    /// What its processes and its files in memory hold, in bytes.
    pub fn memory_used(&self) -> u64 {
        let living = self.processes().into_iter().filter(|process| !process.is_zombie());
        living.map(|process| process.held_exactly().total()).fold(self.memory_of_files(), u64::saturating_add)
    }

    /// The lowest limit that holds for it: its own or the pod's.
    pub fn memory_limit(&self) -> Option<u64> {
        [self.limits.memory_bytes, self.kernel().pod.memory_bytes].into_iter().flatten().min()
    }

    /// The memory that its guests see as the machine's: what its limits leave of the host's. Runtimes that know
    /// nothing of control groups size their heaps by it.
    pub fn memory(&self) -> platform::machine::Memory {
        let host = platform::machine::memory();
        let kernel = self.kernel();
        let own = self.limits.memory_bytes.map(|limit| (limit, self.memory_used()));
        let pod = kernel.pod.memory_bytes.map(|limit| (limit, kernel.memory_used()));
        let narrow = |memory: platform::machine::Memory, (limit, used): (u64, u64)| platform::machine::Memory {
            total: memory.total.min(limit),
            free: memory.free.min(limit.saturating_sub(used)),
        };
        own.into_iter().chain(pod).fold(host, narrow)
    }

    /// What its files in memory and the shared memory of its processes hold.
    pub(super) fn memory_of_files(&self) -> u64 {
        let segments = self.kernel().ipc.shm.all();
        let own = segments.iter().filter(|(_, segment)| segment.container == self.name);
        own.map(|(_, segment)| segment.held()).fold(self.file_bytes(), u64::saturating_add)
    }
}

impl Kernel {
    /// What the pod's files in memory, and the kernel for its guests, hold.
    pub(super) fn memory_of_pod(&self, containers: &[Arc<Container>]) -> u64 {
        let own = containers.iter().map(|container| container.memory_of_files());
        let files = own.fold(self.volumes.memory_bytes(), u64::saturating_add);
        let small = containers.iter().map(|container| container.file_bytes_in_kernel());
        let small = small.fold(self.volumes.bytes_in_kernel(), u64::saturating_add);
        files.saturating_add(self.own_bytes().saturating_sub(small))
    }

    /// What all containers and volumes in memory hold.
    fn memory_used(&self) -> u64 {
        let own = self.containers();
        own.iter().map(|container| container.memory_used()).fold(self.volumes.memory_bytes(), u64::saturating_add)
    }

    /// What the kernel's process holds for its guests: buffers, sockets, small files.
    fn own_bytes(&self) -> u64 {
        let text = self.platform.proc_file(platform::HostTask(std::process::id().cast_signed()), "status");
        let held = Held::parse(&String::from_utf8_lossy(&text));
        held.private.saturating_sub(KERNEL_BASE)
    }
}

/// A number of a /proc file by its label.
fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|value| value.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_their_whole_label() {
        let text = "Rss:   100 kB\nPss_Anon:   7 kB\nPss_Anonymous: 9 kB\n";
        assert_eq!((number(text, "Pss_Anon"), number(text, "Pss_Shmem")), (7, 0));
    }

    #[test]
    fn page_tables_threads_and_swapped_pages_count() {
        let text = "VmSize:\t4000 kB\nRssAnon:\t100 kB\nRssShmem:\t5 kB\nVmPTE:\t40 kB\nVmSwap:\t8 kB\nThreads:\t2\n";
        let held = Held::parse(text);
        assert_eq!((held.private, held.shared), (108 << 10, 5 << 10));
        assert_eq!(held.tables, (40 << 10) + 2 * THREAD + PROCESS);
        assert_eq!(held.mappings, 1000 * MAPPING);
        assert_eq!(Held::parse(""), Held::default());
    }
}
