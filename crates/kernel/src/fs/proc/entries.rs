//! What the directories of processes and threads show: proc_pid(5).

use abi::stat::{S_IFDIR, S_IFLNK, S_IFREG};

use super::process::{Kind, Lost};
use super::target::Target;
use super::{access, descriptors, maps, memory, mounts, namespace, net, status, task};

/// A name in such a directory.
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// Permission bits.
    mode: u32,
    pub(super) kind: Kind,
    of: Of,
}

/// Whose directory has the name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Both,
    Process,
    Thread,
}

impl Entry {
    /// Type and permissions.
    pub(super) fn mode(&self) -> u32 {
        let kind = match self.kind {
            Kind::Text(_) | Kind::Writable(..) | Kind::Checked(..) | Kind::CheckedWritable(..) => S_IFREG,
            Kind::Memory(..) | Kind::Special(_) => S_IFREG,
            Kind::Link(_) | Kind::Namespace(_) => S_IFLNK,
            Kind::Table(_) | Kind::Directory(_) => S_IFDIR,
        };
        kind | self.mode
    }

    /// True if the directory of `target` has it.
    pub(super) fn is_of(&self, target: &Target) -> bool {
        match self.of {
            Of::Both => true,
            Of::Process => target.tid.is_none(),
            Of::Thread => target.tid.is_some(),
        }
    }
}

pub(super) const fn entry(name: &'static str, mode: u32, kind: Kind) -> Entry {
    Entry { name, mode, kind, of: Of::Both }
}

/// One that threads do not have. `task` is one of them: else the threads of threads would have no end.
const fn of_process(name: &'static str, mode: u32, kind: Kind) -> Entry {
    Entry { name, mode, kind, of: Of::Process }
}

const fn of_thread(name: &'static str, mode: u32, kind: Kind) -> Entry {
    Entry { name, mode, kind, of: Of::Thread }
}

/// What processes and threads show.
pub(super) const ENTRIES: &[Entry] = &[
    entry("arch_status", 0o444, Kind::Text(|_, _| Ok(Vec::new()))),
    entry("attr", 0o555, Kind::Table(&[])),
    of_process("autogroup", 0o644, Kind::Text(|_, _| Ok(b"/autogroup-1 nice 0\n".to_vec()))),
    entry("auxv", 0o400, Kind::Memory(status::auxv, Lost::Unopened)),
    entry("cgroup", 0o444, Kind::Text(status::cgroup)),
    of_thread("children", 0o444, Kind::Text(task::children)),
    entry("clear_refs", 0o200, Kind::Writable(|_, _| Ok(Vec::new()), status::clear_refs)),
    entry("cmdline", 0o444, Kind::Text(status::cmdline)),
    entry("comm", 0o644, Kind::Writable(status::comm, status::set_comm)),
    of_process("coredump_filter", 0o644, Kind::Text(|_, _| Ok(b"00000033\n".to_vec()))),
    entry("cpuset", 0o444, Kind::Text(|_, _| Ok(b"/\n".to_vec()))),
    entry("cwd", 0o777, Kind::Link(status::cwd)),
    entry("environ", 0o400, Kind::Memory(status::environ, Lost::Unopened)),
    entry("exe", 0o777, Kind::Link(status::exe)),
    entry("fd", 0o500, Kind::Directory(&descriptors::Fd)),
    entry("fdinfo", 0o555, Kind::Directory(&descriptors::FdInfo)),
    entry("gid_map", 0o644, Kind::Text(status::id_map)),
    entry("io", 0o400, Kind::Checked(access::check, status::io)),
    entry("limits", 0o444, Kind::Text(status::limits)),
    entry("loginuid", 0o644, Kind::Text(|_, _| Ok(u32::MAX.to_string().into_bytes()))),
    entry("maps", 0o444, Kind::Memory(maps::maps, Lost::Empty)),
    entry("mem", 0o600, Kind::Special(memory::open)),
    entry("mountinfo", 0o444, Kind::Text(mounts::mountinfo)),
    entry("mounts", 0o444, Kind::Text(mounts::mounts)),
    of_process("mountstats", 0o400, Kind::Text(mounts::mountstats)),
    entry("net", 0o555, Kind::Table(net::ENTRIES)),
    entry("ns", 0o511, Kind::Table(namespace::ENTRIES)),
    entry("oom_adj", 0o644, Kind::Text(|_, _| Ok(b"0\n".to_vec()))),
    entry("oom_score", 0o444, Kind::Text(status::oom_score)),
    entry("oom_score_adj", 0o644, Kind::Writable(status::oom_score_adj, status::set_oom_score_adj)),
    entry("personality", 0o400, Kind::Checked(access::check_attach, status::personality)),
    entry("projid_map", 0o644, Kind::Text(status::id_map)),
    entry("root", 0o777, Kind::Link(status::root)),
    entry("sched", 0o644, Kind::Text(status::sched)),
    entry("schedstat", 0o444, Kind::Text(|target, _| Ok(target.host_file("schedstat")))),
    entry("sessionid", 0o444, Kind::Text(|_, _| Ok(u32::MAX.to_string().into_bytes()))),
    entry("setgroups", 0o644, Kind::Text(|_, _| Ok(b"allow\n".to_vec()))),
    entry("smaps", 0o444, Kind::Memory(maps::smaps, Lost::Empty)),
    entry("smaps_rollup", 0o444, Kind::Memory(maps::smaps_rollup, Lost::Error)),
    entry("stack", 0o400, Kind::Checked(access::check_machine, |_, _| Ok(Vec::new()))),
    entry("stat", 0o444, Kind::Text(status::stat)),
    entry("statm", 0o444, Kind::Text(status::statm)),
    entry("status", 0o444, Kind::Text(status::status)),
    entry("syscall", 0o400, Kind::Checked(access::check_attach, |target, _| Ok(target.host_file("syscall")))),
    of_process("task", 0o555, Kind::Directory(&task::Threads)),
    of_process("timers", 0o444, Kind::Checked(access::check, |_, _| Ok(Vec::new()))),
    of_process(
        "timerslack_ns",
        0o666,
        Kind::CheckedWritable(access::check_scheduling, status::timer_slack, status::set_timer_slack),
    ),
    entry("uid_map", 0o644, Kind::Text(status::id_map)),
    entry("wchan", 0o444, Kind::Text(|_, _| Ok(b"0".to_vec()))),
];
