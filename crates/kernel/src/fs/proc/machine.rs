//! The files at the top of /proc: the machine as the pod's guests see it.

use std::sync::Arc;

use abi::Errno;

use crate::fs::pseudo::{Directory, PseudoFs, TextFile, ino_of};
use crate::pod::{RELEASE, VERSION};
use crate::task::Task;
use crate::time::SECOND;
use crate::vfs::Inode;

type Answer = Result<Vec<u8>, Errno>;

type Make = fn(&Arc<Task>) -> Answer;

/// The files whose text depends on the pod.
const COMPUTED: &[(&str, Make)] = &[
    ("cpuinfo", cpuinfo),
    ("loadavg", loadavg),
    ("meminfo", meminfo),
    ("stat", stat),
    ("uptime", uptime),
    ("version", version),
    ("vmstat", vmstat),
];

/// The files whose text is the same everywhere.
const FIXED: &[(&str, &str)] = &[
    ("buddyinfo", ""),
    ("cgroups", CGROUPS),
    ("cmdline", "podvisor\n"),
    ("consoles", ""),
    (
        "devices",
        "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n",
    ),
    ("diskstats", ""),
    ("execdomains", "0-0\tLinux           \t[kernel]\n"),
    ("fb", ""),
    (
        "filesystems",
        "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tdevpts\nnodev\tmqueue\nnodev\toverlay\n",
    ),
    ("interrupts", "            CPU0       \n"),
    ("iomem", ""),
    ("ioports", ""),
    ("kallsyms", ""),
    ("key-users", ""),
    ("keys", ""),
    ("locks", ""),
    ("misc", ""),
    ("modules", ""),
    ("partitions", "major minor  #blocks  name\n\n"),
    ("softirqs", "                    CPU0       \n"),
    ("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    ("zoneinfo", ""),
];

/// The controllers as a kernel with version 2 alone lists them, cgroups(7): all of hierarchy 0. A JVM takes a container
/// for one only where cpuset, cpu, cpuacct and memory are there.
const CGROUPS: &str = "\
#subsys_name\thierarchy\tnum_cgroups\tenabled
cpuset\t0\t1\t1
cpu\t0\t1\t1
cpuacct\t0\t1\t1
blkio\t0\t1\t1
memory\t0\t1\t1
devices\t0\t1\t1
freezer\t0\t1\t1
net_cls\t0\t1\t1
perf_event\t0\t1\t1
net_prio\t0\t1\t1
hugetlb\t0\t1\t1
pids\t0\t1\t1
";

/// Pressure has not been felt, proc_pressure(5).
const PRESSURE: &str =
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

/// Everything at the top but processes, links and /proc/sys.
pub(super) fn files(fs: &Arc<PseudoFs>) -> Vec<(&'static str, Arc<dyn Inode>)> {
    let fixed = FIXED.iter().map(|(name, text)| (*name, constant(fs, super::TOP, name, text)));
    let mut files: Vec<_> = fixed.collect();
    for (name, generate) in COMPUTED {
        files.push((name, TextFile::new(fs, ino_of(super::TOP, name.as_bytes()), generate) as Arc<dyn Inode>));
    }
    let pressure = ["cpu", "io", "memory"].map(|name| (name, PRESSURE));
    files.push(("pressure", directory(fs, "pressure", &pressure)));
    files.push(("sysvipc", directory(fs, "sysvipc", SYSVIPC)));
    files.push(("tty", directory(fs, "tty", &[("drivers", DRIVERS), ("ldiscs", "n_tty       0\n")])));
    files.push(("bus", directory(fs, "bus", &[])));
    files.push(("driver", directory(fs, "driver", &[])));
    files.push(("fs", directory(fs, "fs", &[])));
    files.push(("irq", directory(fs, "irq", &[])));
    files
}

const DRIVERS: &str = "\
/dev/tty             /dev/tty        5       0 system:/dev/tty
/dev/console         /dev/console    5       1 system:console
/dev/ptmx            /dev/ptmx       5       2 system
pty_slave            /dev/pts      136 0-1048575 pty:slave
";

const SYSVIPC: &[(&str, &str)] = &[
    (
        "msg",
        "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n",
    ),
    ("sem", "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"),
    (
        "shm",
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n",
    ),
];

fn constant(fs: &Arc<PseudoFs>, parent: u64, name: &str, text: &'static str) -> Arc<dyn Inode> {
    TextFile::new(fs, ino_of(parent, name.as_bytes()), move |_| Ok(text.as_bytes().to_vec()))
}

fn directory(fs: &Arc<PseudoFs>, name: &str, files: &[(&'static str, &'static str)]) -> Arc<dyn Inode> {
    let ino = ino_of(super::TOP, name.as_bytes());
    let children = files.iter().map(|(name, text)| (*name, constant(fs, ino, name, text))).collect();
    Directory::new(fs, ino, children)
}

fn meminfo(task: &Arc<Task>) -> Answer {
    let memory = task.process().container().memory();
    let (total, free) = (memory.total >> 10, memory.free >> 10);
    let rows = [
        ("MemTotal", total),
        ("MemFree", free),
        ("MemAvailable", free),
        ("Buffers", 0),
        ("Cached", 0),
        ("SwapCached", 0),
        ("Active", total.saturating_sub(free)),
        ("Inactive", 0),
        ("Active(anon)", total.saturating_sub(free)),
        ("Inactive(anon)", 0),
        ("Active(file)", 0),
        ("Inactive(file)", 0),
        ("Unevictable", 0),
        ("Mlocked", 0),
        ("SwapTotal", 0),
        ("SwapFree", 0),
        ("Dirty", 0),
        ("Writeback", 0),
        ("AnonPages", total.saturating_sub(free)),
        ("Mapped", 0),
        ("Shmem", 0),
        ("KReclaimable", 0),
        ("Slab", 0),
        ("SReclaimable", 0),
        ("SUnreclaim", 0),
        ("KernelStack", 0),
        ("PageTables", 0),
        ("CommitLimit", total),
        ("Committed_AS", total.saturating_sub(free)),
        ("VmallocTotal", 34_359_738_367),
        ("VmallocUsed", 0),
        ("AnonHugePages", 0),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        let label = format!("{name}:");
        text += &format!("{label:<16}{value:>8} kB\n");
    }
    text += "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n";
    text += "Hugepagesize:       2048 kB\nHugetlb:               0 kB\n";
    Ok(text.into_bytes())
}

/// What the host says of its processors, cut to as many as the pod has.
fn cpuinfo(task: &Arc<Task>) -> Answer {
    let host = platform::machine::processor_text();
    let blocks: Vec<&str> = host.split("\n\n").filter(|block| !block.trim().is_empty()).collect();
    let count = task.kernel().pod.processors();
    let mut text = String::new();
    for (number, block) in (0..count).zip(blocks.iter().cycle()) {
        for line in block.lines() {
            match line.split_once(':') {
                Some((label, _)) if label.trim() == "processor" => text += &format!("processor\t: {number}\n"),
                _ => text += &format!("{line}\n"),
            }
        }
        text.push('\n');
    }
    Ok(text.into_bytes())
}

fn uptime(task: &Arc<Task>) -> Answer {
    let pod = &task.kernel().pod;
    let hundredths = pod.uptime() / (SECOND / 100);
    let idle = hundredths.saturating_mul(pod.processors() as u64);
    Ok(format!("{}.{:02} {}.{:02}\n", hundredths / 100, hundredths % 100, idle / 100, idle % 100).into_bytes())
}

fn loadavg(task: &Arc<Task>) -> Answer {
    let pids = task.process().pids();
    let last = pids.all().iter().map(|process| process.pid.0).max().unwrap_or(1);
    Ok(format!("0.00 0.00 0.00 1/{} {last}\n", pids.threads().max(1)).into_bytes())
}

fn version(_: &Arc<Task>) -> Answer {
    Ok(format!("Linux version {RELEASE} (podvisor@podvisor) {VERSION}\n").into_bytes())
}

fn vmstat(task: &Arc<Task>) -> Answer {
    let free = task.process().container().memory().free / 4096;
    let zeros =
        ["nr_dirty", "nr_writeback", "pgpgin", "pgpgout", "pswpin", "pswpout", "pgfault", "pgmajfault", "oom_kill"];
    let rest = zeros.iter().fold(String::new(), |text, name| text + name + " 0\n");
    Ok(format!("nr_free_pages {free}\n{rest}").into_bytes())
}

/// Processor time of the pod's own, in ticks, shown as if its processors did nothing else.
fn stat(task: &Arc<Task>) -> Answer {
    let pod = &task.kernel().pod;
    let count = pod.processors() as u64;
    let (user, system) = platform::machine::ticks();
    let all = (pod.uptime() / (SECOND / 100)).saturating_mul(count);
    let idle = all.saturating_sub(user).saturating_sub(system);
    let line = |part: u64| format!("{} 0 {} {} 0 0 0 0 0 0\n", user / part, system / part, idle / part);
    let mut text = format!("cpu  {}", line(1));
    for number in 0..count {
        text += &format!("cpu{number} {}", line(count));
    }
    let boot = crate::time::realtime().saturating_sub(pod.uptime()) / SECOND;
    text += "intr 0\nctxt 0\n";
    text += &format!("btime {boot}\nprocesses {}\n", task.process().pids().all().len());
    text += "procs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n";
    Ok(text.into_bytes())
}
