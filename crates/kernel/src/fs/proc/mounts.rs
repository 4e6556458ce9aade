//! /proc/PID/mounts and its relatives: proc_pid_mounts(5), proc_pid_mountinfo(5).

use std::sync::Arc;

use abi::Errno;

use super::target::Target;
use super::text::escaped;
use crate::fs::device_parts;
use crate::task::Task;
use crate::vfs::{Dentry, Mount, MountFlags, Mounts};

const BLANKS: &[u8] = b" \t\n\\#";

fn options(mount: &Mount) -> String {
    let flags = mount.flags();
    let mut text = if flags.contains(MountFlags::RDONLY) { "ro".to_owned() } else { "rw".to_owned() };
    for (flag, name) in [
        (MountFlags::NOSUID, ",nosuid"),
        (MountFlags::NODEV, ",nodev"),
        (MountFlags::NOEXEC, ",noexec"),
        (MountFlags::NOATIME, ",noatime"),
        (MountFlags::NODIRATIME, ",nodiratime"),
        (MountFlags::RELATIME, ",relatime"),
    ] {
        if flags.contains(flag) {
            text.push_str(name);
        }
    }
    text
}

/// Mounts and where they are.
type Places = Vec<(Vec<u8>, Arc<Mount>)>;

fn list(target: &Target) -> Result<Places, Errno> {
    let root = target.living()?.fs().root.lock().clone();
    Ok(Mounts::list(&root))
}

pub(super) fn mounts(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let mut text = Vec::new();
    for (path, mount) in list(target)? {
        let fs = mount.file_system();
        text.extend(escaped(&mount.source, BLANKS));
        text.push(b' ');
        text.extend(escaped(&path, BLANKS));
        text.extend(format!(" {} {}{} 0 0\n", fs.name(), options(&mount), fs.options()).into_bytes());
    }
    Ok(text)
}

/// The path of a mount's root within its file system.
fn root_within(dentry: &Arc<Dentry>) -> Vec<u8> {
    let mut names = Vec::new();
    let mut at = Arc::clone(dentry);
    while let Some(parent) = at.parent() {
        names.push(at.name());
        at = parent;
    }
    let mut path = Vec::new();
    for name in names.iter().rev() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() { b"/".to_vec() } else { path }
}

pub(super) fn mountinfo(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let mut text = Vec::new();
    for (path, mount) in list(target)? {
        let fs = mount.file_system();
        let (major, minor) = device_parts(fs.device());
        let parent = mount.place().map_or(1, |place| place.mount.id);
        text.extend(format!("{} {parent} {major}:{minor} ", mount.id).into_bytes());
        text.extend(escaped(&root_within(mount.root_dentry()), BLANKS));
        text.push(b' ');
        text.extend(escaped(&path, BLANKS));
        text.extend(format!(" {} - {} ", options(&mount), fs.name()).into_bytes());
        text.extend(escaped(&mount.source, BLANKS));
        let read_only = mount.flags().contains(MountFlags::RDONLY);
        text.extend(format!(" {}{}\n", if read_only { "ro" } else { "rw" }, fs.options()).into_bytes());
    }
    Ok(text)
}

pub(super) fn mountstats(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let mut text = Vec::new();
    for (path, mount) in list(target)? {
        text.extend(b"device ");
        text.extend(escaped(&mount.source, BLANKS));
        text.extend(b" mounted on ");
        text.extend(escaped(&path, BLANKS));
        text.extend(format!(" with fstype {}\n", mount.file_system().name()).into_bytes());
    }
    Ok(text)
}
