//! What containers and the kernel use.

use std::sync::Arc;

use control::{ContainerStats, KernelStats, Stats};
use kernel::container::Container;
use kernel::kernel::Kernel;

/// The figures of this moment.
pub(crate) fn collect(kernel: &Arc<Kernel>) -> Stats {
    let (calls, unimplemented) = kernel.counts.by_name();
    let containers = kernel.containers();
    let containers = containers.iter().map(|container| (container.name.clone(), of_container(container))).collect();
    let kernel = KernelStats { rss_bytes: platform::process::resident_bytes(), calls, unimplemented };
    Stats { containers, kernel }
}

fn of_container(container: &Arc<Container>) -> ContainerStats {
    let living: Vec<_> = container.processes().into_iter().filter(|process| !process.is_zombie()).collect();
    let memory: u64 = living.iter().map(|process| process.resident_bytes()).sum();
    let tmpfs = container.file_bytes();
    ContainerStats {
        memory_bytes: memory.saturating_add(tmpfs),
        cpu_usec: container.cpu_microseconds(),
        processes: living.len() as u64,
        tmpfs_bytes: tmpfs,
    }
}
