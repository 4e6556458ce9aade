//! Sockets: unix(7), tcp(7), udp(7), within this machine or pod.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use crate::{Program, see};

pub(crate) const PROGRAMS: &[Program] = &[
    ("sockets/unix_stream", unix_streams),
    ("sockets/unix_datagram", unix_datagrams),
    ("sockets/tcp", tcp_streams),
    ("sockets/tcp_refused", tcp_refusals),
    ("sockets/udp", udp_datagrams),
];

/// The error's number, where there is one.
fn told<T>(result: std::io::Result<T>) -> Result<T, Option<i32>> {
    result.map_err(|error| error.raw_os_error())
}

fn unix_streams() {
    let path = format!("/tmp/podvisor-unix-{}", std::process::id());
    see("nobody", told(UnixStream::connect(&path)).map(|_| ()));
    let Ok(listener) = UnixListener::bind(&path) else { return };
    see("bound twice", told(UnixListener::bind(&path)).map(|_| ()));
    let Ok(mut client) = UnixStream::connect(&path) else { return };
    let Ok((mut served, from)) = listener.accept() else { return };
    see("client is unnamed", from.is_unnamed());
    see("sent", told(client.write(b"hello")));
    see("shut", told(client.shutdown(Shutdown::Write)));
    let mut text = String::new();
    see("received", told(served.read_to_string(&mut text)));
    see("text", &text);
    drop(served);
    see("sent to nobody", told(client.write(b"x")));
    drop(listener);
    see("connect to a closed listener", told(UnixStream::connect(&path)).map(|_| ()));
    see("removed", told(std::fs::remove_file(&path)));
}

fn unix_datagrams() {
    let Ok((a, b)) = UnixDatagram::pair() else { return };
    see("sent", (told(a.send(b"one")), told(a.send(b"")), told(a.send(b"three"))));
    let mut buffer = [0; 2];
    see("cut", told(b.recv(&mut buffer)));
    see("empty", told(b.recv(&mut buffer)));
    see("too long", told(a.send(&vec![0; 1 << 20])));
    drop(b);
    see("sent to nobody", told(a.send(b"x")));
    let Ok(alone) = UnixDatagram::unbound() else { return };
    see("without a peer", told(alone.send(b"x")));
}

fn tcp_streams() {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return };
    let Ok(address) = listener.local_addr() else { return };
    let Ok(mut client) = TcpStream::connect(address) else { return };
    let Ok((mut served, from)) = listener.accept() else { return };
    see("the client's address is what the server sees", client.local_addr().is_ok_and(|own| own == from));
    see("no delay", (told(client.set_nodelay(true)), told(client.nodelay())));
    let sender = std::thread::spawn(move || {
        let sent = client.write_all(&vec![7; 3_000_000]);
        (told(sent), told(client.shutdown(Shutdown::Write)), client)
    });
    let mut bytes = Vec::new();
    see("received", told(served.read_to_end(&mut bytes)));
    let Ok((sent, shut, client)) = sender.join() else { return };
    see("sent and shut", (sent, shut));
    drop(served);
    see("bound while a connection lives", told(TcpListener::bind(address)).map(|_| ()));
    drop(client);
}

fn tcp_refusals() {
    see("nobody listens", told(TcpStream::connect("127.0.0.1:1")).map(|_| ()));
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return };
    let Ok(address) = listener.local_addr() else { return };
    see("bound twice", told(TcpListener::bind(address)).map(|_| ()));
    let Ok(mut client) = TcpStream::connect(address) else { return };
    see("sent", told(client.write(b"unread")));
    let Ok((served, _)) = listener.accept() else { return };
    let mut one = [0; 1];
    see("peeked", told(served.peek(&mut one)));
    drop(served);
    see("reset by a peer that had not read", told(client.read(&mut one)));
    see("not one of ours", told(TcpListener::bind("198.51.100.7:0")).map(|_| ()));
}

fn udp_datagrams() {
    let Ok(taker) = UdpSocket::bind("127.0.0.1:0") else { return };
    let Ok(sender) = UdpSocket::bind("127.0.0.1:0") else { return };
    let Ok(address) = taker.local_addr() else { return };
    see("sent", told(sender.send_to(b"hello", address)));
    let mut buffer = [0; 3];
    let got = told(taker.recv_from(&mut buffer));
    see("received", got.map(|(count, from)| (count, sender.local_addr().is_ok_and(|own| own == from))));
    see("too long", told(sender.send_to(&vec![0; 70000], address)));
    drop(taker);
    see("connected", told(sender.connect(address)));
    see("sent to nobody", told(sender.send(b"x")));
    see("refused", told(sender.recv(&mut buffer)));
}
