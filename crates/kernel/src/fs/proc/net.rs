//! /proc/PID/net: the pod's network as proc_pid_net(5) shows it; the room `net` makes the texts.

use std::sync::Arc;

use abi::Errno;

use super::entries::{Entry, entry};
use super::process::Kind;
use crate::net::{Stack, procfs};
use crate::task::Task;

fn text(task: &Arc<Task>, show: fn(&Stack) -> String) -> Result<Vec<u8>, Errno> {
    Ok(show(&task.kernel().net).into_bytes())
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("arp", 0o444, Kind::Text(|_, _| Ok(ARP.into()))),
    entry("dev", 0o444, Kind::Text(|_, task| text(task, procfs::dev))),
    entry("if_inet6", 0o444, Kind::Text(|_, task| text(task, procfs::if_inet6))),
    entry("netlink", 0o444, Kind::Text(|_, _| Ok(NETLINK.into()))),
    entry("packet", 0o444, Kind::Text(|_, _| Ok(PACKET.into()))),
    entry("protocols", 0o444, Kind::Text(|_, _| Ok(Vec::new()))),
    entry("raw", 0o444, Kind::Text(|_, _| Ok(RAW.into()))),
    entry("route", 0o444, Kind::Text(|_, task| text(task, procfs::route))),
    entry("sockstat", 0o444, Kind::Text(|_, _| Ok(Vec::new()))),
    entry("tcp", 0o444, Kind::Text(|_, task| text(task, procfs::tcp))),
    entry("tcp6", 0o444, Kind::Text(|_, task| text(task, procfs::tcp6))),
    entry("udp", 0o444, Kind::Text(|_, task| text(task, procfs::udp))),
    entry("udp6", 0o444, Kind::Text(|_, task| text(task, procfs::udp6))),
    entry("unix", 0o444, Kind::Text(|_, task| Ok(procfs::unix(&task.kernel().net)))),
];

const ARP: &str = "IP address       HW type     Flags       HW address            Mask     Device\n";
const NETLINK: &str = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n";
const PACKET: &str = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n";
const RAW: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
