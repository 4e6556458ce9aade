//! What the host's /proc tells about guests, proc(5).

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use abi::signal::SignalSet;

use crate::{HostLimit, HostTask, Identity, SignalState};

/// The whole of a file below /proc.
pub(crate) fn read(proc_dir: BorrowedFd<'_>, path: &str) -> Option<Vec<u8>> {
    use std::io::Read;
    let path = std::ffi::CString::new(path).ok()?;
    // SAFETY: `path` is a zero-terminated string.
    let fd = unsafe { libc::openat(proc_dir.as_raw_fd(), path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return None;
    }
    // SAFETY: `fd` was just made and is owned by nobody else.
    let mut file = std::fs::File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    let mut text = Vec::with_capacity(2048);
    file.read_to_end(&mut text).ok()?;
    Some(text)
}

fn status(proc_dir: BorrowedFd<'_>, host: i32) -> Option<String> {
    String::from_utf8(read(proc_dir, &format!("{host}/status"))?).ok()
}

fn field<'t>(status: &'t str, name: &str) -> Option<&'t str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn last_id(list: &str) -> Option<i32> {
    list.split_whitespace().last()?.parse().ok()
}

/// As `Platform::identify`.
pub(crate) fn identify(proc_dir: BorrowedFd<'_>, host: i32) -> Option<Identity> {
    let status = status(proc_dir, host)?;
    Some(Identity {
        process: HostTask(field(&status, "Tgid")?.parse().ok()?),
        inner: last_id(field(&status, "NSpid")?)?,
        inner_process: last_id(field(&status, "NStgid")?)?,
    })
}

/// As `Platform::signal_state`.
pub(crate) fn signal_state(proc_dir: BorrowedFd<'_>, host: i32) -> Option<SignalState> {
    let status = status(proc_dir, host)?;
    let set = |name| field(&status, name).and_then(|text| u64::from_str_radix(text, 16).ok()).map(SignalSet);
    Some(SignalState {
        blocked: set("SigBlk")?,
        ignored: set("SigIgn")?,
        caught: set("SigCgt")?,
        pending: SignalSet(set("SigPnd")?.0 | set("ShdPnd")?.0),
    })
}

/// The hard limit of the process of `host`, u64::MAX where there is none: proc_pid_limits(5).
pub(crate) fn hard_limit(proc_dir: BorrowedFd<'_>, host: i32, resource: HostLimit) -> Option<u64> {
    let text = String::from_utf8(read(proc_dir, &format!("{host}/limits"))?).ok()?;
    let label = ["Max data size", "Max stack size", "Max address space"][resource as usize];
    let hard = text.lines().find_map(|line| line.strip_prefix(label))?.split_whitespace().nth(1)?.to_owned();
    if hard == "unlimited" { Some(u64::MAX) } else { hard.parse().ok() }
}

/// Whether the process runs `program`.
pub(crate) fn runs(proc_dir: BorrowedFd<'_>, host: i32, program: BorrowedFd<'_>) -> bool {
    let running = rustix::fs::statat(proc_dir, format!("{host}/exe"), rustix::fs::AtFlags::empty());
    let (Ok(running), Ok(wanted)) = (running, rustix::fs::fstat(program)) else { return false };
    (running.st_dev, running.st_ino) == (wanted.st_dev, wanted.st_ino)
}

/// Whether descriptor `number` of the process may be open on the host.
pub(crate) fn has_descriptor(proc_dir: BorrowedFd<'_>, host: i32, number: u32) -> bool {
    let itself = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::statat(proc_dir, format!("{host}/fd/{number}"), itself).err() != Some(rustix::io::Errno::NOENT)
}

/// The children of this process, which has one thread.
pub(crate) fn children(proc_dir: BorrowedFd<'_>) -> Vec<i32> {
    let own = std::process::id();
    let text = read(proc_dir, &format!("{own}/task/{own}/children")).unwrap_or_default();
    String::from_utf8_lossy(&text).split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// As `Platform::threads`.
pub(crate) fn threads(proc_dir: BorrowedFd<'_>, process: i32) -> Vec<HostTask> {
    let Ok(path) = std::ffi::CString::new(format!("{process}/task")) else { return Vec::new() };
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
    let Ok(directory) = rustix::fs::openat(proc_dir, path.as_c_str(), flags, rustix::fs::Mode::empty()) else {
        return Vec::new();
    };
    let Ok(entries) = rustix::fs::Dir::new(directory) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().to_str().ok()?.parse().ok());
    names.map(HostTask).collect()
}
