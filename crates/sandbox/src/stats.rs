//! What containers and the kernel use.

use std::sync::Arc;

use control::{ContainerStats, KernelStats, NetworkStats, Stats, VolumeStats};
use kernel::container::Container;
use kernel::kernel::Kernel;
use kernel::vfs::FileSystem;

/// The figures of this moment.
pub(crate) fn collect(kernel: &Arc<Kernel>) -> Stats {
    let (calls, unimplemented) = kernel.counts.by_name();
    let containers = kernel.containers();
    let containers = containers.iter().map(|container| (container.name.clone(), of_container(container))).collect();
    let volumes = kernel.volumes.named();
    let volumes = volumes.into_iter().filter_map(|(name, volume)| Some((name, of_volume(&*volume)?))).collect();
    let (received_bytes, sent_bytes) = kernel.net.inet.traffic.bytes();
    let kernel = KernelStats { rss_bytes: platform::process::resident_bytes(), calls, unimplemented };
    Stats { containers, kernel, network: NetworkStats { received_bytes, sent_bytes }, volumes }
}

fn of_container(container: &Arc<Container>) -> ContainerStats {
    let living = container.processes().into_iter().filter(|process| !process.is_zombie()).count();
    let root = container.mounts.root();
    ContainerStats {
        memory_bytes: container.memory_used(),
        cpu_usec: container.cpu_microseconds(),
        processes: living as u64,
        tmpfs_bytes: container.file_bytes(),
        root_bytes: root.mount.file_system().used_of().map_or(0, |(used, _)| used),
    }
}

fn of_volume(volume: &dyn FileSystem) -> Option<VolumeStats> {
    volume.used_of().map(|(used_bytes, capacity_bytes)| VolumeStats { used_bytes, capacity_bytes })
}
