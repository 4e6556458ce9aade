//! What /proc/net/* shows of the pod's network, proc(5).
//!
//! Each function is the content of the file of its name.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use abi::socket::{SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};

use crate::net::address::Address;
use crate::net::inet::{TcpSocket, UdpSocket};
use crate::net::interface;
use crate::net::{Endpoint, Stack};

/// /proc/net/dev
pub fn dev(stack: &Stack) -> String {
    let mut text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo \
                    colls carrier compressed\n"
        .to_owned();
    for one in interface::all(&stack.inet) {
        let (received, sent) = if one.name == interface::OUTWARD { stack.inet.traffic.bytes() } else { (0, 0) };
        let _ = writeln!(
            text,
            "{:>6}:{received:8}       0    0    0    0     0          0         0 {sent:8}       0    0    0    0     0       0          0",
            one.name
        );
    }
    text
}

/// /proc/net/route
pub fn route(stack: &Stack) -> String {
    let mut text =
        format!("{:<127}\n", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
    for one in interface::all(&stack.inet) {
        for (ip, prefix) in &one.addresses {
            let IpAddr::V4(ip) = ip else { continue };
            if ip.is_loopback() {
                continue;
            }
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(u32::from(*prefix))).unwrap_or(0);
            let (network, gateway) = (ip.to_bits() & mask, ip.to_bits() & mask | 1);
            let mut line = |to: u32, via: u32, flags: u32, mask: u32| {
                let row = format!(
                    "{}\t{:08X}\t{:08X}\t{flags:04X}\t0\t0\t0\t{:08X}\t0\t0\t0",
                    one.name,
                    to.swap_bytes(),
                    via.swap_bytes(),
                    mask.swap_bytes()
                );
                let _ = writeln!(text, "{row:<127}");
            };
            line(0, gateway, 3, 0);
            line(network, 0, 1, mask);
        }
    }
    text
}

/// /proc/net/if_inet6
pub fn if_inet6(stack: &Stack) -> String {
    let mut text = String::new();
    for one in interface::all(&stack.inet) {
        for (ip, prefix) in &one.addresses {
            let IpAddr::V6(ip) = ip else { continue };
            let scope = if ip.is_loopback() { 0x10 } else { 0 };
            let bits = ip.to_bits();
            let _ = writeln!(text, "{bits:032x} {:02x} {prefix:02x} {scope:02x} 80 {:>8}", one.index, one.name);
        }
    }
    text
}

/// An address as the tables of /proc/net show it: words in the machine's order.
fn hex(address: SocketAddr, v6: bool) -> String {
    let ip = match (address.ip(), v6) {
        (IpAddr::V4(ip), true) if !ip.is_unspecified() => IpAddr::V6(ip.to_ipv6_mapped()),
        (IpAddr::V4(_), true) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        (ip, _) => ip,
    };
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let (words, _) = octets.as_chunks::<4>();
    let text: String = words.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word))).collect();
    format!("{text}:{:04X}", address.port())
}

/// One line of a table.
struct Row {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    out: usize,
    held: usize,
    uid: u32,
    ino: u64,
}

fn table(head: &str, rows: impl Iterator<Item = Row>, v6: bool, tail: &str) -> String {
    let mut text = format!("{head}\n");
    for (number, row) in rows.enumerate() {
        let line = format!(
            "{number:4}: {} {} {:02X} {:08X}:{:08X} 00:00000000 00000000 {:5}        0 {} {tail}",
            hex(row.local, v6),
            hex(row.remote, v6),
            row.state,
            row.out,
            row.held,
            row.uid,
            row.ino
        );
        let _ = writeln!(text, "{line:<149}");
    }
    text
}

const HEAD_V4: &str =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const HEAD_V6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue \
                       tr tm->when retrnsmt   uid  timeout inode";

fn tcp_row(socket: &TcpSocket) -> Row {
    let (local, remote, state) = socket.facts();
    let base = socket.base();
    Row {
        local,
        remote,
        state: state as u8,
        out: socket.unsent().unwrap_or(0),
        held: socket.pending().unwrap_or(0),
        uid: base.maker.uid,
        ino: base.ino,
    }
}

fn tcp_table(stack: &Stack, v6: bool, head: &str) -> String {
    const CLOSED: u8 = 7;
    let sockets = stack.inet.tcp_sockets();
    let rows = sockets.iter().filter(|socket| socket.is_v6() == v6).map(|socket| tcp_row(socket));
    table(head, rows.filter(|row| row.state != CLOSED), v6, "1 0000000000000000 100 0 0 10 0")
}

/// /proc/net/tcp
pub fn tcp(stack: &Stack) -> String {
    tcp_table(stack, false, HEAD_V4)
}

/// /proc/net/tcp6
pub fn tcp6(stack: &Stack) -> String {
    tcp_table(stack, true, HEAD_V6)
}

fn udp_row(socket: &UdpSocket) -> Row {
    let (local, remote, held) = socket.facts();
    let (base, state) = (socket.base(), if remote.port() == 0 { 7 } else { 1 });
    Row { local, remote, state, out: 0, held, uid: base.maker.uid, ino: base.ino }
}

fn udp_table(stack: &Stack, v6: bool, head: &str) -> String {
    let sockets = stack.inet.udp_sockets();
    let rows = sockets.iter().filter(|socket| socket.is_v6() == v6).map(|socket| udp_row(socket));
    table(&format!("{head} ref pointer drops"), rows.filter(|row| row.local.port() != 0), v6, "2 0000000000000000 0")
}

/// /proc/net/udp
pub fn udp(stack: &Stack) -> String {
    udp_table(stack, false, HEAD_V4)
}

/// /proc/net/udp6
pub fn udp6(stack: &Stack) -> String {
    udp_table(stack, true, HEAD_V6)
}

/// /proc/net/unix. Paths are bytes, so that the content is too.
pub fn unix(stack: &Stack) -> Vec<u8> {
    const LISTENING: u32 = 0x10000;
    let mut text = b"Num       RefCount Protocol Flags    Type St Inode Path\n".to_vec();
    for socket in stack.unix.all() {
        let base = socket.base();
        let listening = socket.listening();
        let state = match base.kind {
            SOCK_STREAM | SOCK_SEQPACKET if !listening && socket.peer().is_ok() => 3,
            SOCK_DGRAM if socket.peer().is_ok() => 3,
            _ => 1,
        };
        let flags = if listening { LISTENING } else { 0 };
        let row = format!("{:016x}: {:08X} {:08X} {flags:08X} {:04X} {state:02X} {:5}", 0, 2, 0, base.kind, base.ino);
        text.extend_from_slice(row.as_bytes());
        if let Address::Unix(name) = socket.name() {
            let name = name.shown();
            if !name.is_empty() {
                text.push(b' ');
                text.extend_from_slice(&name);
            }
        }
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::message::Caller;
    use abi::socket::{AF_INET, AF_UNIX, Ucred};

    #[test]
    fn a_listener_shows_its_address_state_and_inode() {
        let stack = Stack::default();
        let me = Caller { ucred: Ucred { pid: 1, uid: 42, gid: 0 }, low_ports: false };
        let server = stack.socket(&me, AF_INET.into(), SOCK_STREAM, 0).expect("a socket");
        std::sync::Arc::clone(&server)
            .bind(&me, &Address::Inet("127.0.0.1:8080".parse().expect("an address")))
            .expect("it is free");
        std::sync::Arc::clone(&server).listen(&me, 1).expect("it is bound");
        let text = tcp(&stack);
        let row = text.lines().nth(1).expect("one socket");
        let fields: Vec<_> = row.split_whitespace().collect();
        assert_eq!(fields[1..4], ["0100007F:1F90", "00000000:0000", "0A"]);
        assert_eq!((fields[7], fields[9]), ("42", server.base().ino.to_string().as_str()));
        assert_eq!(tcp6(&stack).lines().count(), 1);
    }

    #[test]
    fn unix_names_are_shown_with_an_at_for_the_zero_byte() {
        let stack = Stack::default();
        let me = Caller { ucred: Ucred::default(), low_ports: false };
        let socket = stack.socket(&me, AF_UNIX.into(), SOCK_STREAM, 0).expect("a socket");
        let name = crate::net::UnixName::Abstract(b"name".to_vec());
        std::sync::Arc::clone(&socket).bind(&me, &Address::Unix(name)).expect("it is free");
        assert!(String::from_utf8_lossy(&unix(&stack)).trim_end().ends_with(" @name"));
    }
}
