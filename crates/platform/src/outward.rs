//! TCP sockets of the machine's own network, for a node's switch: connections that it opens and takes in for pods.
//!
//! Owns: making them, and seeing how they stand. Does not own: whom they may lead to (the switch). Nothing here waits.
//!
//! A socket that is handed on is connected, and its holder can never connect it again: it has no connect(2), and
//! `MSG_FASTOPEN` of sendmsg(2) connects only what the host counts as unconnected. While a connection is being made,
//! and after it failed, the host does: so only one that stands leaves the switch, after [`settle`] has seen it.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use abi::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

const FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

/// Begins a connection; [`settle`] says how it stands.
pub fn begin(to: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = rustix::net::socket_with(family(to), SocketType::STREAM, FLAGS, None).map_err(known)?;
    let _ = sockopt::set_tcp_nodelay(&socket, true);
    match rustix::net::connect(socket.as_fd(), &to) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(known(error)),
    }
}

/// Whether a connection that was begun stands: `EAGAIN` while that is open, otherwise why there will be none.
pub fn settle(socket: BorrowedFd<'_>, to: SocketAddr) -> Result<(), Errno> {
    // connect(2) tells it, and only its answer makes the host count the socket as connected.
    match rustix::net::connect(socket, &to) {
        Ok(()) | Err(rustix::io::Errno::ISCONN) => Ok(()),
        Err(rustix::io::Errno::INPROGRESS | rustix::io::Errno::ALREADY) => Err(Errno::EAGAIN),
        Err(error) => Err(known(error)),
    }
}

/// The machine's address from which `to` is reached. No packet is sent.
pub fn source(to: SocketAddr) -> Result<IpAddr, Errno> {
    let probe = rustix::net::socket_with(family(to), SocketType::DGRAM, FLAGS, None).map_err(known)?;
    rustix::net::connect(probe.as_fd(), &to).map_err(known)?;
    local(probe.as_fd())
}

/// The machine's address of a connection's end.
pub fn local(socket: BorrowedFd<'_>) -> Result<IpAddr, Errno> {
    let address = rustix::net::getsockname(socket).map_err(known)?;
    SocketAddr::try_from(address).map(|address| address.ip().to_canonical()).map_err(|_| Errno::EIO)
}

/// Takes a connection from a listener of the machine: it, and who connects. `EAGAIN` where there is none.
pub fn accept(listener: BorrowedFd<'_>) -> Result<(OwnedFd, SocketAddr), Errno> {
    let (socket, from) = rustix::net::acceptfrom_with(listener, FLAGS).map_err(known)?;
    let from = from.and_then(|from| SocketAddr::try_from(from).ok()).ok_or(Errno::EIO)?;
    let _ = sockopt::set_tcp_nodelay(&socket, true);
    Ok((socket, SocketAddr::new(from.ip().to_canonical(), from.port())))
}

/// Ends a connection that nobody takes: its client is told of a reset.
pub fn reset(socket: OwnedFd) {
    let _ = sockopt::set_socket_linger(&socket, Some(std::time::Duration::ZERO));
}

fn family(to: SocketAddr) -> AddressFamily {
    if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 }
}

/// What a guest may hear of. That the machine lacks descriptors or ports is a lost packet: it may have some soon.
fn known(error: rustix::io::Errno) -> Errno {
    match error {
        rustix::io::Errno::CONNREFUSED | rustix::io::Errno::CONNRESET => Errno::ECONNREFUSED,
        rustix::io::Errno::HOSTUNREACH | rustix::io::Errno::HOSTDOWN => Errno::EHOSTUNREACH,
        rustix::io::Errno::TIMEDOUT => Errno::ETIMEDOUT,
        rustix::io::Errno::NETUNREACH | rustix::io::Errno::NETDOWN | rustix::io::Errno::INVAL => Errno::ENETUNREACH,
        // The machine's own firewall says so, and Landlock.
        rustix::io::Errno::PERM | rustix::io::Errno::ACCESS => Errno::EACCES,
        _ => Errno::EAGAIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(socket: &OwnedFd, to: SocketAddr) -> Result<(), Errno> {
        loop {
            match settle(socket.as_fd(), to) {
                Err(Errno::EAGAIN) => std::thread::yield_now(),
                other => return other,
            }
        }
    }

    #[test]
    fn a_connection_that_is_taken_stands_and_one_that_nobody_takes_is_refused() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let socket = begin(to).unwrap();
        assert_eq!(settled(&socket, to), Ok(()));
        let (served, from) = accept(listener.as_fd()).unwrap();
        assert_eq!((from.ip(), local(served.as_fd()).unwrap()), (to.ip(), to.ip()));
        drop(listener);
        let refused = begin(to).and_then(|socket| settled(&socket, to));
        assert_eq!(refused, Err(Errno::ECONNREFUSED));
    }

    #[test]
    fn the_machine_reaches_its_own_addresses_from_themselves() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(source(SocketAddr::new(loopback, 9)), Ok(loopback));
    }

    /// Sends with MSG_FASTOPEN, which connects a socket that is not connected: the host's answer.
    fn connect_by_sending(socket: &OwnedFd, to: SocketAddr) -> i32 {
        use std::os::fd::AsRawFd;
        let SocketAddr::V4(to) = to else { panic!("an address of IPv4") };
        let address = libc::sockaddr_in {
            sin_family: libc::AF_INET as u16,
            sin_port: to.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(to.ip().octets()) },
            sin_zero: [0; 8],
        };
        // SAFETY: the buffer has one byte, and the address the length that is told.
        let sent = unsafe {
            libc::sendto(
                socket.as_raw_fd(),
                b"x".as_ptr().cast(),
                1,
                libc::MSG_FASTOPEN | libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
                (&raw const address).cast(),
                size_of::<libc::sockaddr_in>() as u32,
            )
        };
        if sent < 0 { crate::last_errno() } else { 0 }
    }

    #[test]
    fn what_leaves_the_switch_cannot_be_connected_elsewhere() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let to = listener.local_addr().unwrap();
        let socket = begin(to).unwrap();
        assert_eq!(settled(&socket, to), Ok(()));
        // Both sides end it, and the host has forgotten the connection; the socket stays what it was.
        drop(accept(listener.as_fd()).unwrap());
        crate::stream::end_sending(socket.as_fd());
        for _ in 0..3 {
            assert_ne!(connect_by_sending(&socket, elsewhere.local_addr().unwrap()), 0);
        }
        assert!(elsewhere.accept().is_err());
    }
}
