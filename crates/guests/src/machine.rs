//! What the machine says of itself: uname(2), sysinfo(2), /proc and /sys.

use crate::{Program, see};

pub(crate) const PROGRAMS: &[Program] = &[
    ("machine/uname", uname),
    ("machine/memory", memory),
    ("machine/processors", processors),
    ("machine/files", files),
];

fn uname() {
    let names = rustix::system::uname();
    see("system", names.sysname());
    see("machine", names.machine());
    let kernel = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    see("name agrees", kernel("hostname").trim().as_bytes() == names.nodename().to_bytes());
    see("release agrees", kernel("osrelease").trim().as_bytes() == names.release().to_bytes());
    see("type", kernel("ostype"));
}

fn memory() {
    let info = rustix::system::sysinfo();
    see("some memory", info.totalram > 0 && info.freeram <= info.totalram);
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let has = |name: &str| text.lines().any(|line| line.starts_with(name) && line.ends_with(" kB"));
    for name in ["MemTotal:", "MemFree:", "MemAvailable:", "Cached:", "SwapTotal:"] {
        see(name, has(name));
    }
}

fn processors() {
    let count = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    see("cpuinfo agrees", text.lines().filter(|line| line.starts_with("processor")).count() >= count && count > 0);
    let online = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    see("online", online.starts_with('0'));
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    see("stat", stat.starts_with("cpu  ") && stat.contains("\nbtime "));
}

fn files() {
    for path in [
        "/proc/filesystems",
        "/proc/loadavg",
        "/proc/uptime",
        "/proc/version",
        "/proc/sys/fs/file-max",
        "/proc/sys/kernel/cap_last_cap",
        "/proc/sys/kernel/ngroups_max",
        "/proc/sys/kernel/pid_max",
        "/proc/sys/kernel/random/boot_id",
        "/proc/sys/net/core/somaxconn",
        "/proc/sys/vm/overcommit_memory",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    ] {
        see(path, std::fs::read_to_string(path).is_ok_and(|text| text.ends_with('\n')));
    }
    see("missing", std::fs::read("/proc/nothing").map_err(|error| error.raw_os_error()));
    see("no writing", std::fs::write("/proc/version", "x").map_err(|error| error.raw_os_error()).is_err());
}
