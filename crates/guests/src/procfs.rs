//! /proc/PID: proc(5).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use crate::{Program, see};

pub(crate) const PROGRAMS: &[Program] = &[
    ("procfs/self", own),
    ("procfs/descriptors", descriptors),
    ("procfs/maps", maps),
    ("procfs/threads", threads),
    ("procfs/children", children),
    ("procfs/reading", reading),
];

fn text(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| format!("error {:?}", error.raw_os_error()))
}

fn own() {
    let pid = std::process::id();
    see("self", std::fs::read_link("/proc/self").is_ok_and(|link| link.to_str() == Some(&pid.to_string())));
    let stat = text("/proc/self/stat");
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = behind.split_whitespace().collect();
    see("pid", stat.starts_with(&format!("{pid} (")));
    see("state", fields.first());
    see("fields", fields.len());
    let status = text("/proc/self/status");
    for name in ["Name", "State", "Threads", "TracerPid", "NoNewPrivs"] {
        see(name, status.lines().find(|line| line.starts_with(&format!("{name}:"))));
    }
    for name in ["VmRSS", "VmSize", "Groups", "CapEff", "SigIgn", "Cpus_allowed_list"] {
        see(name, status.lines().any(|line| line.starts_with(&format!("{name}:"))));
    }
    see("arguments", text("/proc/self/cmdline").ends_with("procfs/self\0"));
    let exe = std::fs::read_link("/proc/self/exe").ok();
    see("executable", exe.is_some() && exe == std::env::current_exe().ok());
    let cwd = std::fs::read_link("/proc/self/cwd").ok();
    see("directory", cwd.is_some() && cwd == std::env::current_dir().ok());
    see("root", std::fs::read_link("/proc/self/root").ok());
    see("oom adjustment", text("/proc/self/oom_score_adj"));
    see("raise it", std::fs::write("/proc/self/oom_score_adj", "500").is_ok());
    see("oom adjustment", text("/proc/self/oom_score_adj"));
    see("statm", text("/proc/self/statm").split_whitespace().count());
    see("mounts", text("/proc/mounts").lines().any(|line| line.contains(" /proc proc ")));
    see("mountinfo", text("/proc/self/mountinfo").lines().any(|line| line.contains(" /proc ")));
    see("cgroup", text("/proc/self/cgroup").contains("::/"));
}

fn descriptors() {
    let Ok(file) = File::open("/dev/null") else { return see("open", false) };
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    see("link", std::fs::read_link(&link).ok());
    see("type", std::fs::symlink_metadata(&link).ok().map(|status| status.mode()));
    let info = text(&format!("/proc/self/fdinfo/{}", file.as_raw_fd()));
    see("info", info.lines().take(2).collect::<Vec<_>>());
    drop(file);
    see("gone", std::fs::read_link(&link).map_err(|error| error.raw_os_error()));
    let path = "/tmp/podvisor-guest-removed";
    if let Ok(mut file) = File::create_new(path) {
        use std::io::Write;
        let _ = file.write_all(b"still here");
        let _ = std::fs::remove_file(path);
        let link = format!("/proc/self/fd/{}", file.as_raw_fd());
        see("removed", std::fs::read_link(&link).ok());
        see("content", text(&link));
    }
}

fn maps() {
    let maps = text("/proc/self/maps");
    let exe = std::env::current_exe().unwrap_or_default();
    let program = maps.lines().find(|line| line.ends_with(&*exe.to_string_lossy()));
    see("program", program.is_some());
    see("code", maps.lines().any(|line| line.contains(" r-xp ") && line.ends_with(&*exe.to_string_lossy())));
    for name in ["[heap]", "[stack]", "[vdso]"] {
        see(name, maps.lines().any(|line| line.ends_with(name)));
    }
    let whole = |line: &str| line.split_once('-').is_some_and(|(start, _)| u64::from_str_radix(start, 16).is_ok());
    see("all lines", maps.lines().all(whole));
    see("smaps", text("/proc/self/smaps").contains("\nRss:"));
    see("rollup", text("/proc/self/smaps_rollup").contains("\nPss:"));
}

fn threads() {
    let count = || std::fs::read_dir("/proc/self/task").map(Iterator::count).ok();
    see("before", count());
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let _ = ready.send(());
        let _ = told.recv();
    });
    let _ = is_ready.recv();
    see("with one more", count());
    let status = text("/proc/self/status");
    see("told", status.lines().find(|line| line.starts_with("Threads:")));
    let _ = tell.send(());
    let _ = thread.join();
    see("own directory", text(&format!("/proc/self/task/{}/comm", std::process::id())).is_empty());
}

fn children() {
    let mut command = std::process::Command::new("cat");
    let child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn();
    let Ok(mut child) = child else { return see("spawn", false) };
    // What it says back shows that it runs its own program by now.
    let said = child.stdin.as_mut().map(|input| std::io::Write::write_all(input, b"x").is_ok());
    let heard = child.stdout.as_mut().map(|output| output.read_exact(&mut [0]).is_ok());
    see("talks", (said, heard));
    let own = std::process::id();
    let status = text(&format!("/proc/{}/status", child.id()));
    see("parent", status.lines().any(|line| line == format!("PPid:\t{own}")));
    see("arguments", text(&format!("/proc/{}/cmdline", child.id())));
    let listed = std::fs::read_dir("/proc").ok().map(|mut names| {
        names.any(|name| name.is_ok_and(|name| name.file_name().to_str() == Some(&child.id().to_string())))
    });
    see("listed", listed);
    let directory = format!("/proc/{}", child.id());
    drop(child.stdin.take());
    see("ended", child.wait().ok());
    see("gone", std::fs::metadata(directory).map(|_| ()).map_err(|error| error.raw_os_error()));
}

fn reading() {
    let Ok(mut file) = File::open("/proc/self/comm") else { return see("open", false) };
    see("size", file.metadata().map(|status| status.len()).ok());
    let mut byte = [0; 1];
    let mut whole = String::new();
    see("a byte", file.read(&mut byte).ok());
    see("the rest", file.read_to_string(&mut whole).is_ok());
    see("joined", format!("{}{whole}", char::from(byte[0])));
    see("renamed", std::fs::write("/proc/self/comm", "other").is_ok());
    see("again", file.seek(SeekFrom::Start(0)).ok());
    whole.clear();
    see("read", file.read_to_string(&mut whole).is_ok());
    see("fresh", whole);
}
