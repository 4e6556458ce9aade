//! /proc/PID/ns: which namespaces a process is in, namespaces(7). All of a pod are in the same; they
//! can be compared, not entered.

use super::process::{Entry, Kind, entry};

macro_rules! namespaces {
    ($($name:literal = $number:literal),* $(,)?) => {
        pub(super) const ENTRIES: &[Entry] = &[
            $(entry($name, 0o777, Kind::Label(|_| Ok(concat!($name, ":[", $number, "]").into()))),)*
        ];
    };
}

namespaces! {
    "cgroup" = 4026531835, "ipc" = 4026531839, "mnt" = 4026531841, "net" = 4026531840, "pid" = 4026531836,
    "time" = 4026531834, "user" = 4026531837, "uts" = 4026531838,
}
