//! The files of a process that tell its state: proc_pid_stat(5), proc_pid_status(5) and smaller ones.

use std::sync::Arc;

use abi::Errno;

use super::access;
use super::target::Target;
use crate::fs::device_number;
use crate::pod::processor_mask;
use crate::task::{DEFAULT_TIMER_SLACK, Process, Task, Usage, capability, stat_field};
use crate::time::SECOND;
use crate::tty::MAJOR;
use crate::vfs::Path;

/// Nanoseconds in a tick: USER_HZ is 100.
const TICK: u64 = SECOND / 100;

fn name_of(target: &Target, process: &Process) -> Vec<u8> {
    let named = target.task().map(|task| task.name()).unwrap_or_default();
    if named.is_empty() { process.program().name.clone() } else { named }
}

/// The state's letter and word. Whoever reads about itself is running.
fn state(target: &Target, process: &Process, reader: &Task) -> (char, &'static str) {
    if process.is_zombie() {
        return ('Z', "zombie");
    }
    if process.is_stopped() {
        return ('T', "stopped");
    }
    if target.id() == reader.tid {
        return ('R', "running");
    }
    let stat = target.host_file("stat");
    let behind_name = stat.iter().rposition(|byte| *byte == b')').and_then(|end| stat.get(end + 2));
    match behind_name {
        Some(b'R') => ('R', "running"),
        // A first thread that has ended before the others.
        Some(b'Z') => ('Z', "zombie"),
        _ => ('S', "sleeping"),
    }
}

pub(super) fn comm(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let process = target.process()?;
    let mut name = name_of(target, &process);
    name.push(b'\n');
    Ok(name)
}

/// A process may rename its own threads.
pub(super) fn set_comm(target: &Target, writer: &Arc<Task>, name: &[u8]) -> Result<(), Errno> {
    let task = target.task()?;
    if !Arc::ptr_eq(task.process(), writer.process()) {
        return Err(Errno::EINVAL);
    }
    let line: Vec<u8> = name.iter().copied().take_while(|byte| *byte != b'\n').collect();
    task.set_name(&line);
    Ok(())
}

fn zero_ended(strings: &[Vec<u8>]) -> Vec<u8> {
    let mut text = Vec::new();
    for string in strings {
        text.extend_from_slice(string);
        text.push(0);
    }
    text
}

pub(super) fn cmdline(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let process = target.process()?;
    Ok(if process.is_zombie() { Vec::new() } else { zero_ended(&process.program().arguments) })
}

pub(super) fn environ(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    Ok(zero_ended(&target.living()?.program().environment))
}

pub(super) fn auxv(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    Ok(target.living()?.program().auxiliary.clone())
}

pub(super) fn exe(target: &Target) -> Result<Path, Errno> {
    target.living()?.program().executable.clone().ok_or(Errno::ENOENT)
}

pub(super) fn cwd(target: &Target) -> Result<Path, Errno> {
    Ok(target.living()?.fs().cwd.lock().clone())
}

pub(super) fn root(target: &Target) -> Result<Path, Errno> {
    Ok(target.living()?.fs().root.lock().clone())
}

/// The controlling terminal's number and foreground group as proc_pid_stat(5) has them.
fn terminal(process: &Process) -> (u64, i32) {
    match process.session().tty() {
        None => (0, -1),
        Some(tty) => (device_number(MAJOR, tty.index.into()), tty.foreground().map_or(-1, |group| group.0)),
    }
}

pub(super) fn stat(target: &Target, reader: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let process = target.process()?;
    let host = target.host_file("stat");
    let field = |number| stat_field(&host, number).unwrap_or(0);
    // Where things lie in memory is for those who may look into it; Linux says 1 of the code to others.
    let permitted = access::permitted(target, reader)?;
    let place = |number, otherwise| if permitted { field(number) } else { otherwise };
    let usage = if process.is_zombie() { Usage::from(process.usage()) } else { Usage::default() };
    let (user, system) = match process.is_zombie() {
        true => (usage.user / TICK, usage.system / TICK),
        false => (field(14), field(15)),
    };
    let children = Usage::from(process.children_usage());
    let scheduling = target.task().map(|task| task.scheduling.lock().clone()).unwrap_or_default();
    let (tty, foreground) = terminal(&process);
    let started = process.started.saturating_sub(process.kernel().pod.started) / TICK;
    let threads = process.thread_count().max(1);
    let mut text = format!("{} (", target.id().0).into_bytes();
    text.extend(name_of(target, &process));
    text.extend(
        format!(
            ") {} {} {} {} {tty} {foreground} 4194304 {} 0 {} 0 {user} {system} {} {} {} {} {threads} 0 {started} {} \
             {} {} {} {} {} 0 0 {} {} {} {} 0 0 0 17 0 {} {} 0 0 0 {} {} {} {} {} {} {} 0\n",
            state(target, &process, reader).0,
            process.parent_pid().0,
            process.group().0,
            process.session().id.0,
            field(10),
            field(12),
            children.user / TICK,
            children.system / TICK,
            20 + scheduling.nice,
            scheduling.nice,
            field(23),
            field(24),
            u64::MAX,
            place(26, 1),
            place(27, 1),
            place(28, 0),
            field(31),
            field(32),
            field(33),
            field(34),
            scheduling.priority,
            scheduling.policy,
            place(45, 0),
            place(46, 0),
            place(47, 0),
            place(48, 0),
            place(49, 0),
            place(50, 0),
            place(51, 0),
        )
        .into_bytes(),
    );
    Ok(text)
}

pub(super) fn statm(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    target.process()?;
    let text = target.host_file("statm");
    Ok(if text.is_empty() { b"0 0 0 0 0 0 0\n".to_vec() } else { text })
}

/// The lines of the host's status that are true of the guest, in their order.
const HOST_LINES: &[&str] = &[
    "VmPeak",
    "VmSize",
    "VmLck",
    "VmPin",
    "VmHWM",
    "VmRSS",
    "RssAnon",
    "RssFile",
    "RssShmem",
    "VmData",
    "VmStk",
    "VmExe",
    "VmLib",
    "VmPTE",
    "VmSwap",
    "HugetlbPages",
];

/// The same for what comes behind the number of threads.
const HOST_SIGNAL_LINES: &[&str] = &["SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"];

fn chosen_lines(host: &str, names: &[&str]) -> String {
    let chosen = |line: &&str| line.split_once(':').is_some_and(|(name, _)| names.contains(&name));
    host.lines().filter(chosen).fold(String::new(), |text, line| text + line + "\n")
}

pub(super) fn status(target: &Target, reader: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let process = target.process()?;
    let host = String::from_utf8_lossy(&target.host_file("status")).into_owned();
    let (letter, word) = state(target, &process, reader);
    let who = target.credentials(&process);
    let groups = who.groups.iter().fold(String::new(), |text, group| format!("{text}{group} "));
    let pod = &process.kernel().pod;
    let umask = *process.fs().umask.lock();
    let name = String::from_utf8_lossy(&name_of(target, &process)).replace('\\', "\\\\").replace('\n', "\\n");
    let mut text = format!("Name:\t{name}\nUmask:\t{umask:04o}\nState:\t{letter} ({word})\n");
    text += &format!("Tgid:\t{}\nNgid:\t0\nPid:\t{}\n", process.pid.0, target.id().0);
    text += &format!("PPid:\t{}\nTracerPid:\t0\n", process.parent_pid().0);
    text += &format!("Uid:\t{}\t{}\t{}\t{}\n", who.uid, who.euid, who.suid, who.fsuid);
    text += &format!("Gid:\t{}\t{}\t{}\t{}\n", who.gid, who.egid, who.sgid, who.fsgid);
    text += &format!("FDSize:\t{}\nGroups:\t{groups}\n", process.files().open().len().next_power_of_two().max(64));
    text += &format!("NStgid:\t{}\nNSpid:\t{}\n", process.pid.0, target.id().0);
    text += &format!("NSpgid:\t{}\nNSsid:\t{}\nKthread:\t0\n", process.group().0, process.session().id.0);
    text += &chosen_lines(&host, HOST_LINES);
    text += "CoreDumping:\t0\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffffff\n";
    text += &format!("Threads:\t{}\n", process.thread_count().max(1));
    text += &format!("SigQ:\t0/{}\n", process.limit(crate::task::Resource::SigPending));
    text += &chosen_lines(&host, HOST_SIGNAL_LINES);
    for (name, set) in [
        ("CapInh", who.inheritable),
        ("CapPrm", who.permitted),
        ("CapEff", who.effective),
        ("CapBnd", who.bounding),
        ("CapAmb", who.ambient),
    ] {
        text += &format!("{name}:\t{set:016x}\n");
    }
    text += &format!("NoNewPrivs:\t{}\nSeccomp:\t0\nSeccomp_filters:\t0\n", u8::from(who.no_new_privs));
    text += "Speculation_Store_Bypass:\tvulnerable\nSpeculationIndirectBranch:\tconditional enabled\n";
    text += &format!("Cpus_allowed:\t{}\n", processor_mask(pod.processors()));
    text += &format!("Cpus_allowed_list:\t{}\n", pod.processor_list());
    text += "Mems_allowed:\t1\nMems_allowed_list:\t0\n";
    text += &chosen_lines(&host, &["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"]);
    Ok(text.into_bytes())
}

pub(super) fn cgroup(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    target.process()?;
    Ok(b"0::/\n".to_vec())
}

pub(super) fn id_map(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    target.process()?;
    Ok(format!("{:>10} {:>10} {:>10}\n", 0, 0, u32::MAX).into_bytes())
}

pub(super) fn io(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    target.process()?;
    let names = ["rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes", "cancelled_write_bytes"];
    Ok(names.iter().fold(String::new(), |text, name| text + name + ": 0\n").into_bytes())
}

pub(super) fn limits(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    Ok(target.process()?.limits.table().into_bytes())
}

pub(super) fn oom_score(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let adjustment = target.process()?.settings.lock().oom_score_adj;
    Ok(format!("{}\n", (666 + adjustment * 2 / 3).max(0)).into_bytes())
}

pub(super) fn oom_score_adj(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    Ok(format!("{}\n", target.process()?.settings.lock().oom_score_adj).into_bytes())
}

/// -1000 ..= 1000; below the present value only with CAP_SYS_RESOURCE.
pub(super) fn set_oom_score_adj(target: &Target, writer: &Arc<Task>, text: &[u8]) -> Result<(), Errno> {
    let value: i32 = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok()).ok_or(Errno::EINVAL)?;
    if !(-1000..=1000).contains(&value) {
        return Err(Errno::EINVAL);
    }
    let process = target.living()?;
    let mut settings = process.settings.lock();
    if value < settings.oom_score_adj && !writer.credentials().capable(capability::SYS_RESOURCE) {
        return Err(Errno::EACCES);
    }
    settings.oom_score_adj = value;
    Ok(())
}

pub(super) fn personality(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    Ok(format!("{:08x}\n", target.process()?.settings.lock().personality).into_bytes())
}

pub(super) fn timer_slack(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    Ok(format!("{}\n", target.task()?.scheduling.lock().timer_slack).into_bytes())
}

pub(super) fn set_timer_slack(target: &Target, _: &Arc<Task>, text: &[u8]) -> Result<(), Errno> {
    let value: u64 = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok()).ok_or(Errno::EINVAL)?;
    target.task()?.scheduling.lock().timer_slack = if value == 0 { DEFAULT_TIMER_SLACK } else { value };
    Ok(())
}

/// What is to be forgotten: 1 ..= 5. The host goes on counting what was referenced.
pub(super) fn clear_refs(target: &Target, _: &Arc<Task>, text: &[u8]) -> Result<(), Errno> {
    target.living()?;
    match text.trim_ascii() {
        [b'1'..=b'5'] => Ok(()),
        _ => Err(Errno::EINVAL),
    }
}

pub(super) fn sched(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let process = target.process()?;
    let scheduling = target.task()?.scheduling.lock().clone();
    let name = String::from_utf8_lossy(&name_of(target, &process)).into_owned();
    let mut text = format!("{name} ({}, #threads: {})\n", target.id().0, process.thread_count().max(1));
    text += &format!("{:-<67}\n", "");
    for (label, value) in [("policy", scheduling.policy.into()), ("prio", 120 + i64::from(scheduling.nice))] {
        text += &format!("{label:<45}:{value:>21}\n");
    }
    Ok(text.into_bytes())
}
