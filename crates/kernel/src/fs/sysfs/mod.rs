//! The sysfs file system, sysfs(5): what C libraries and language runtimes read of the machine.
//!
//! Owns: processors, the one memory node, huge pages, network interfaces; no other device is there.
//! Does not own: control groups (`fs::cgroup`, mounted at /sys/fs/cgroup).

use std::sync::Arc;

use crate::fs::pseudo::{PseudoFs, Tree};
use crate::kernel::Kernel;
use crate::net::interface::{self, Interface};
use crate::pod::processor_mask;
use crate::vfs::FileSystem;

/// SYSFS_MAGIC of statfs(2).
const MAGIC: u64 = 0x6265_6572;

/// The /sys of a pod.
pub fn new(kernel: &Arc<Kernel>) -> Arc<dyn FileSystem> {
    let all = Processors { count: kernel.pod.processors(), list: kernel.pod.processor_list() };
    let interfaces = interface::all(&kernel.net.inet);
    PseudoFs::new("sysfs", MAGIC, |fs| {
        let mut tree = Tree::default();
        add_processors(&mut tree, fs, &all);
        add_node(&mut tree, fs, &all);
        add_memory(&mut tree, fs);
        for one in &interfaces {
            add_interface(&mut tree, fs, one);
        }
        for path in EMPTY {
            tree.add_directory(path);
        }
        tree.build(fs, 1)
    })
}

/// The directories that are there without anything in them.
const EMPTY: &[&str] = &[
    "block",
    "bus",
    "class/block",
    "class/dmi",
    "class/tty",
    "dev/block",
    "dev/char",
    "firmware",
    "fs/cgroup",
    "hypervisor",
    "module",
    "power",
];

/// The processors that the pod has.
struct Processors {
    count: usize,
    list: String,
}

/// One processor as a hexadecimal mask.
fn mask_of(number: usize) -> String {
    let high = format!("{:x}", 1_u32 << (number % 32));
    (0..number / 32).fold(high, |text, _| text + ",00000000")
}

/// Every processor is a core of its own in one package.
fn add_processors(tree: &mut Tree, fs: &Arc<PseudoFs>, all: &Processors) {
    const CPU: &str = "devices/system/cpu";
    for name in ["online", "possible", "present"] {
        tree.text(fs, &format!("{CPU}/{name}"), &all.list);
    }
    tree.text(fs, &format!("{CPU}/offline"), "");
    tree.text(fs, &format!("{CPU}/isolated"), "");
    tree.text(fs, &format!("{CPU}/kernel_max"), &(crate::task::MAX_CPUS - 1).to_string());
    tree.text(fs, &format!("{CPU}/smt/active"), "0");
    tree.text(fs, &format!("{CPU}/smt/control"), "notsupported");
    for number in 0..all.count {
        let topology = format!("{CPU}/cpu{number}/topology");
        for (name, value) in [
            ("core_id", number.to_string()),
            ("physical_package_id", "0".to_owned()),
            ("die_id", "0".to_owned()),
            ("cluster_id", "-1".to_owned()),
            ("thread_siblings", mask_of(number)),
            ("thread_siblings_list", number.to_string()),
            ("core_cpus", mask_of(number)),
            ("core_cpus_list", number.to_string()),
            ("die_cpus", processor_mask(all.count)),
            ("die_cpus_list", all.list.clone()),
            ("core_siblings", processor_mask(all.count)),
            ("package_cpus", processor_mask(all.count)),
            ("core_siblings_list", all.list.clone()),
            ("package_cpus_list", all.list.clone()),
        ] {
            tree.text(fs, &format!("{topology}/{name}"), &value);
        }
        if number > 0 {
            tree.text(fs, &format!("{CPU}/cpu{number}/online"), "1");
        }
        tree.add_directory(&format!("{CPU}/cpu{number}/node0"));
    }
}

fn add_node(tree: &mut Tree, fs: &Arc<PseudoFs>, all: &Processors) {
    const NODE: &str = "devices/system/node";
    for name in ["online", "possible", "has_cpu", "has_memory", "has_normal_memory"] {
        tree.text(fs, &format!("{NODE}/{name}"), "0");
    }
    tree.text(fs, &format!("{NODE}/node0/cpulist"), &all.list);
    tree.text(fs, &format!("{NODE}/node0/cpumap"), &processor_mask(all.count));
    tree.text(fs, &format!("{NODE}/node0/distance"), "10");
    tree.computed(fs, &format!("{NODE}/node0/meminfo"), |task| {
        let memory = task.process().container().memory();
        let (total, free) = (memory.total >> 10, memory.free >> 10);
        let used = total.saturating_sub(free);
        format!("Node 0 MemTotal:       {total} kB\nNode 0 MemFree:        {free} kB\nNode 0 MemUsed:        {used} kB")
    });
}

fn add_memory(tree: &mut Tree, fs: &Arc<PseudoFs>) {
    const HUGE: &str = "kernel/mm/transparent_hugepage";
    tree.text(fs, &format!("{HUGE}/enabled"), "always [madvise] never");
    tree.text(fs, &format!("{HUGE}/defrag"), "always defer defer+madvise [madvise] never");
    tree.text(fs, &format!("{HUGE}/shmem_enabled"), "always within_size advise [never] deny force");
    tree.text(fs, &format!("{HUGE}/hpage_pmd_size"), "2097152");
    tree.text(fs, &format!("{HUGE}/use_zero_page"), "1");
    tree.text(fs, &format!("{HUGE}/khugepaged/defrag"), "1");
    for name in ["nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages", "nr_overcommit_hugepages"] {
        tree.text(fs, &format!("kernel/mm/hugepages/hugepages-2048kB/{name}"), "0");
    }
}

fn add_interface(tree: &mut Tree, fs: &Arc<PseudoFs>, one: &Interface) {
    let path = |name: &str| format!("class/net/{}/{name}", one.name);
    let mac = one.mac.map(|byte| format!("{byte:02x}")).join(":");
    let loopback = one.index == 1;
    for (name, value) in [
        ("address", mac),
        ("broadcast", if loopback { "00:00:00:00:00:00" } else { "ff:ff:ff:ff:ff:ff" }.to_owned()),
        ("carrier", "1".to_owned()),
        ("dev_id", "0x0".to_owned()),
        ("flags", format!("{:#x}", one.flags)),
        ("ifindex", one.index.to_string()),
        ("iflink", one.index.to_string()),
        ("mtu", one.mtu.to_string()),
        ("operstate", if loopback { "unknown" } else { "up" }.to_owned()),
        ("speed", "10000".to_owned()),
        ("tx_queue_len", "1000".to_owned()),
        ("type", one.hardware.to_string()),
    ] {
        tree.text(fs, &path(name), &value);
    }
    for direction in ["rx", "tx"] {
        for name in ["bytes", "packets", "errors", "dropped"] {
            tree.text(fs, &path(&format!("statistics/{direction}_{name}")), "0");
        }
    }
}
