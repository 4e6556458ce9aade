//! /proc/sys: the settings of the kernel as programs read them, proc_sys(5).

use std::sync::Arc;

use abi::Errno;

use crate::fs::pseudo::{Line, PseudoFs, TextFile, Tree, ino_of};
use crate::pod::{RELEASE, SYSNAME, VERSION};
use crate::random;
use crate::task::{NR_OPEN, Task, capability};
use crate::vfs::Inode;

/// Settings whose value never changes, by path.
const FIXED: &[(&str, &str)] = &[
    ("abi/vsyscall32", "1"),
    ("fs/aio-max-nr", "65536"),
    ("fs/aio-nr", "0"),
    ("fs/dentry-state", "0\t0\t45\t0\t0\t0"),
    ("fs/epoll/max_user_watches", "1048576"),
    ("fs/file-max", "9223372036854775807"),
    ("fs/file-nr", "1024\t0\t9223372036854775807"),
    ("fs/inode-nr", "1024\t0"),
    ("fs/inotify/max_queued_events", "16384"),
    ("fs/inotify/max_user_instances", "128"),
    ("fs/inotify/max_user_watches", "65536"),
    ("fs/lease-break-time", "45"),
    ("fs/leases-enable", "1"),
    ("fs/mount-max", "100000"),
    ("fs/mqueue/msg_default", "10"),
    ("fs/mqueue/msg_max", "10"),
    ("fs/mqueue/msgsize_default", "8192"),
    ("fs/mqueue/msgsize_max", "8192"),
    ("fs/mqueue/queues_max", "256"),
    ("fs/overflowgid", "65534"),
    ("fs/overflowuid", "65534"),
    ("fs/pipe-max-size", "1048576"),
    ("fs/pipe-user-pages-hard", "0"),
    ("fs/pipe-user-pages-soft", "16384"),
    ("fs/protected_fifos", "1"),
    ("fs/protected_hardlinks", "1"),
    ("fs/protected_regular", "2"),
    ("fs/protected_symlinks", "1"),
    ("fs/suid_dumpable", "0"),
    ("kernel/auto_msgmni", "0"),
    ("kernel/core_pattern", "core"),
    ("kernel/core_uses_pid", "0"),
    ("kernel/dmesg_restrict", "1"),
    ("kernel/keys/maxbytes", "20000"),
    ("kernel/keys/maxkeys", "200"),
    ("kernel/kptr_restrict", "1"),
    ("kernel/msgmax", "8192"),
    ("kernel/msgmnb", "16384"),
    ("kernel/msgmni", "32000"),
    ("kernel/ngroups_max", "65536"),
    ("kernel/numa_balancing", "0"),
    ("kernel/overflowgid", "65534"),
    ("kernel/overflowuid", "65534"),
    ("kernel/panic", "0"),
    ("kernel/perf_event_max_sample_rate", "100000"),
    ("kernel/perf_event_paranoid", "3"),
    ("kernel/pid_max", "4194304"),
    ("kernel/printk", "4\t4\t1\t7"),
    ("kernel/pty/max", "4096"),
    ("kernel/pty/reserve", "1024"),
    ("kernel/random/entropy_avail", "256"),
    ("kernel/random/poolsize", "256"),
    ("kernel/random/urandom_min_reseed_secs", "60"),
    ("kernel/random/write_wakeup_threshold", "256"),
    ("kernel/randomize_va_space", "2"),
    ("kernel/sched_autogroup_enabled", "0"),
    ("kernel/sched_child_runs_first", "0"),
    ("kernel/sched_rr_timeslice_ms", "100"),
    ("kernel/sched_rt_period_us", "1000000"),
    ("kernel/sched_rt_runtime_us", "950000"),
    ("kernel/seccomp/actions_avail", ""),
    ("kernel/sem", "32000\t1024000000\t500\t32000"),
    ("kernel/shm_rmid_forced", "0"),
    ("kernel/shmall", "18446744073692774399"),
    ("kernel/shmmax", "18446744073692774399"),
    ("kernel/shmmni", "4096"),
    ("kernel/sysrq", "0"),
    ("kernel/tainted", "0"),
    ("kernel/threads-max", "127169"),
    ("kernel/unprivileged_bpf_disabled", "2"),
    ("kernel/unprivileged_userns_clone", "0"),
    ("kernel/yama/ptrace_scope", "1"),
    ("net/core/default_qdisc", "fq_codel"),
    ("net/core/netdev_max_backlog", "1000"),
    ("net/core/optmem_max", "131072"),
    ("net/core/rmem_default", "212992"),
    ("net/core/rmem_max", "212992"),
    ("net/core/somaxconn", "4096"),
    ("net/core/wmem_default", "212992"),
    ("net/core/wmem_max", "212992"),
    ("net/ipv4/conf/all/forwarding", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/forwarding", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv4/ip_default_ttl", "64"),
    ("net/ipv4/ip_forward", "0"),
    ("net/ipv4/ip_local_port_range", "32768\t60999"),
    ("net/ipv4/ip_local_reserved_ports", ""),
    ("net/ipv4/ip_nonlocal_bind", "0"),
    ("net/ipv4/ip_unprivileged_port_start", "1024"),
    ("net/ipv4/ping_group_range", "1\t0"),
    ("net/ipv4/tcp_allowed_congestion_control", "reno cubic"),
    ("net/ipv4/tcp_available_congestion_control", "reno cubic"),
    ("net/ipv4/tcp_congestion_control", "cubic"),
    ("net/ipv4/tcp_ecn", "2"),
    ("net/ipv4/tcp_fastopen", "1"),
    ("net/ipv4/tcp_fin_timeout", "60"),
    ("net/ipv4/tcp_keepalive_intvl", "75"),
    ("net/ipv4/tcp_keepalive_probes", "9"),
    ("net/ipv4/tcp_keepalive_time", "7200"),
    ("net/ipv4/tcp_max_syn_backlog", "1024"),
    ("net/ipv4/tcp_max_tw_buckets", "65536"),
    ("net/ipv4/tcp_mem", "190677\t254238\t381354"),
    ("net/ipv4/tcp_moderate_rcvbuf", "1"),
    ("net/ipv4/tcp_retries2", "15"),
    ("net/ipv4/tcp_rmem", "4096\t131072\t6291456"),
    ("net/ipv4/tcp_sack", "1"),
    ("net/ipv4/tcp_syn_retries", "6"),
    ("net/ipv4/tcp_syncookies", "1"),
    ("net/ipv4/tcp_timestamps", "1"),
    ("net/ipv4/tcp_tw_reuse", "2"),
    ("net/ipv4/tcp_window_scaling", "1"),
    ("net/ipv4/tcp_wmem", "4096\t16384\t4194304"),
    ("net/ipv6/bindv6only", "0"),
    ("net/ipv6/conf/all/disable_ipv6", "0"),
    ("net/ipv6/conf/default/disable_ipv6", "0"),
    ("net/ipv6/conf/lo/disable_ipv6", "0"),
    ("net/unix/max_dgram_qlen", "512"),
    ("user/max_user_namespaces", "0"),
    ("vm/compact_memory", "0"),
    ("vm/dirty_background_ratio", "10"),
    ("vm/dirty_ratio", "20"),
    ("vm/drop_caches", "0"),
    ("vm/hugetlb_shm_group", "0"),
    ("vm/legacy_va_layout", "0"),
    ("vm/max_map_count", "65530"),
    ("vm/min_free_kbytes", "67584"),
    ("vm/mmap_min_addr", "65536"),
    ("vm/mmap_rnd_bits", "28"),
    ("vm/nr_hugepages", "0"),
    ("vm/nr_overcommit_hugepages", "0"),
    ("vm/oom_dump_tasks", "1"),
    ("vm/oom_kill_allocating_task", "0"),
    ("vm/overcommit_kbytes", "0"),
    ("vm/overcommit_memory", "0"),
    ("vm/overcommit_ratio", "50"),
    ("vm/page-cluster", "3"),
    ("vm/panic_on_oom", "0"),
    ("vm/swappiness", "60"),
    ("vm/unprivileged_userfaultfd", "0"),
    ("vm/vfs_cache_pressure", "100"),
    ("vm/zone_reclaim_mode", "0"),
];

/// Settings whose value depends on the pod or on who asks.
const COMPUTED: &[(&str, Line)] = &[
    ("fs/nr_open", |_| NR_OPEN.to_string()),
    ("kernel/cap_last_cap", |_| capability::LAST.to_string()),
    ("kernel/osrelease", |_| RELEASE.to_owned()),
    ("kernel/ostype", |_| SYSNAME.to_owned()),
    ("kernel/random/boot_id", |task| random::uuid_text(task.kernel().pod.boot_id)),
    ("kernel/random/uuid", |_| random::uuid_text(random::uuid())),
    ("kernel/version", |_| VERSION.to_owned()),
];

/// The directory.
pub(super) fn directory(fs: &Arc<PseudoFs>) -> Arc<dyn Inode> {
    let mut tree = Tree::default();
    for (path, value) in FIXED {
        tree.text(fs, path, value);
    }
    for (path, value) in COMPUTED {
        tree.computed(fs, path, value);
    }
    tree.add("kernel/hostname", name_file(fs, "kernel/hostname", false));
    tree.add("kernel/domainname", name_file(fs, "kernel/domainname", true));
    tree.build(fs, ino_of(super::TOP, b"sys"))
}

/// Host or domain name: writing needs CAP_SYS_ADMIN, as sethostname(2).
fn name_file(fs: &Arc<PseudoFs>, path: &str, domain: bool) -> Arc<dyn Inode> {
    let generate = Box::new(move |task: &Arc<Task>| {
        let uts = task.kernel().pod.uts.lock();
        let mut text = if domain { uts.domainname.clone() } else { uts.hostname.clone() };
        text.push(b'\n');
        Ok(text)
    });
    let accept = Box::new(move |task: &Arc<Task>, text: &[u8]| {
        if !task.credentials().capable(capability::SYS_ADMIN) {
            return Err(Errno::EPERM);
        }
        let name: Vec<u8> = text.iter().copied().take_while(|byte| *byte != b'\n').take(64).collect();
        let mut uts = task.kernel().pod.uts.lock();
        *(if domain { &mut uts.domainname } else { &mut uts.hostname }) = name;
        Ok(())
    });
    TextFile::writable(fs, ino_of(super::TOP, path.as_bytes()), generate, accept)
}
