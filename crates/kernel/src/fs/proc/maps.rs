//! /proc/PID/maps and smaps: a process's memory, proc_pid_maps(5).
//!
//! The host knows the mappings. Files are shown under the guest's paths for them; what has none (our
//! stub, files that are gone) shows no name, and no path of the host's gets out.

use std::sync::Arc;

use abi::Errno;

use super::target::Target;
use super::text::escaped;
use crate::fs::device_parts;
use crate::task::{Process, Task};

/// A line of the host's maps, taken apart.
struct Line<'t> {
    range: &'t str,
    permissions: &'t str,
    offset: &'t str,
    device: &'t str,
    inode: &'t str,
    name: &'t str,
}

impl<'t> Line<'t> {
    /// `None` where it is no line of a mapping, but a figure of smaps.
    fn parse(line: &'t str) -> Option<Line<'t>> {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        u64::from_str_radix(start, 16).ok()?;
        u64::from_str_radix(end, 16).ok()?;
        let (permissions, rest) = rest.split_once(' ')?;
        let (offset, rest) = rest.split_once(' ')?;
        let (device, rest) = rest.split_once(' ')?;
        let (inode, name) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(Line { range, permissions, offset, device, inode, name: name.trim_start() })
    }

    /// The host's key of the mapped file.
    fn key(&self) -> Option<(u64, u64)> {
        let (major, minor) = self.device.split_once(':')?;
        let (major, minor) = (u64::from_str_radix(major, 16).ok()?, u64::from_str_radix(minor, 16).ok()?);
        Some((crate::fs::device_number(major, minor), self.inode.parse().ok()?))
    }

    fn is_file(&self) -> bool {
        self.inode != "0"
    }

    /// As the guest sees it.
    fn translated(&self, process: &Process) -> Vec<u8> {
        let position = u64::from_str_radix(self.offset, 16).unwrap_or(0);
        let file = self.key().and_then(|key| process.mappings.file(key, position));
        let offset = file.as_ref().map_or(position, |(_, offset)| *offset);
        let (device, inode, name) = match file {
            Some((file, _)) => {
                let (major, minor) = device_parts(file.device);
                (format!("{major:02x}:{minor:02x}"), file.inode, escaped(&file.path, b"\n"))
            }
            None if self.is_file() => ("00:00".to_owned(), 0, Vec::new()),
            None => (self.device.to_owned(), 0, self.name.as_bytes().to_vec()),
        };
        let mut text = format!("{} {} {offset:08x} {device} {inode} ", self.range, self.permissions).into_bytes();
        if !name.is_empty() {
            text.resize(text.len().max(73), b' ');
            text.extend(name);
        }
        text
    }
}

/// A file of the host's with the lines of mappings translated, all others as they are.
fn translated(target: &Target, name: &str) -> Result<Vec<u8>, Errno> {
    let process = target.living()?;
    let host = target.host_file(name);
    let mut text = Vec::with_capacity(host.len());
    for line in String::from_utf8_lossy(&host).lines() {
        match Line::parse(line) {
            Some(mapping) => text.extend(mapping.translated(&process)),
            None => text.extend_from_slice(line.as_bytes()),
        }
        text.push(b'\n');
    }
    Ok(text)
}

pub(super) fn maps(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    translated(target, "maps")
}

pub(super) fn smaps(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    translated(target, "smaps")
}

pub(super) fn smaps_rollup(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    translated(target, "smaps_rollup")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_told_from_a_figure_of_it() {
        let line = "7f00-8f00 r-xp 00001000 fe:01 1234                       /lib/a b.so";
        let parsed = Line::parse(line).expect("it is one");
        assert_eq!((parsed.permissions, parsed.inode, parsed.name), ("r-xp", "1234", "/lib/a b.so"));
        assert_eq!(parsed.key(), Some((crate::fs::device_number(0xfe, 1), 1234)));
        assert!(Line::parse("Size:                  4 kB").is_none());
        assert!(Line::parse("VmFlags: rd ex mr mw me").is_none());
    }
}
