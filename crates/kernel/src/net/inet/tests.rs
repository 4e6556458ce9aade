use abi::socket::{AF_INET6, Ucred};

use super::*;
use crate::net::message::Outgoing;
use crate::wait::Events;

const ME: Caller = Caller { ucred: Ucred { pid: 5, uid: 6, gid: 7 }, low_ports: false };

fn at(text: &str) -> Address {
    Address::Inet(text.parse().expect("it is an address"))
}

fn tcp(inet: &Arc<Inet>) -> Arc<dyn Endpoint> {
    socket(inet, &ME, AF_INET, SOCK_STREAM, 0).expect("a socket")
}

fn udp(inet: &Arc<Inet>) -> Arc<dyn Endpoint> {
    socket(inet, &ME, AF_INET, SOCK_DGRAM, 0).expect("a socket")
}

fn listener(inet: &Arc<Inet>, address: &str) -> Arc<dyn Endpoint> {
    let server = tcp(inet);
    Arc::clone(&server).bind(&ME, &at(address)).expect("it is free");
    Arc::clone(&server).listen(&ME, 3).expect("it is bound");
    server
}

fn shown(address: Address) -> String {
    match address {
        Address::Inet(address) => address.to_string(),
        _ => "not inet".to_owned(),
    }
}

fn send(socket: &Arc<dyn Endpoint>, to: Option<&Address>, bytes: &[u8]) -> Result<usize, Errno> {
    socket.send(&mut Outgoing { from: ME.ucred, bytes, to, claimed: false, files: Vec::new() })
}

fn receive(socket: &Arc<dyn Endpoint>) -> Result<Vec<u8>, Errno> {
    let mut buffer = [0; 100];
    socket.receive(&mut buffer, 0).map(|got| buffer[..got.count].to_vec())
}

#[test]
fn a_connection_has_two_addresses_and_carries_bytes() {
    let inet = Arc::<Inet>::default();
    let server = listener(&inet, "0.0.0.0:8080");
    let client = tcp(&inet);
    assert_eq!(Arc::clone(&client).connect(&ME, &at("127.0.0.1:8080")), Ok(()));
    let served = server.accept().expect("somebody connected");
    assert_eq!(shown(served.name()), "127.0.0.1:8080");
    assert_eq!(shown(served.peer().expect("a peer")), shown(client.name()));
    assert_eq!(send(&client, None, b"hello"), Ok(5));
    assert_eq!(receive(&served), Ok(b"hello".to_vec()));
    client.close();
    assert_eq!(receive(&served), Ok(Vec::new()));
}

#[test]
fn connecting_is_refused_where_nobody_listens_and_unreachable_outside() {
    let inet = Arc::<Inet>::default();
    let connect = |to: &str| tcp(&inet).connect(&ME, &at(to));
    assert_eq!(connect("127.0.0.1:1"), Err(Errno::ECONNREFUSED));
    assert_eq!(connect("93.184.216.34:80"), Err(Errno::ENETUNREACH));
    assert_eq!(connect("[::1]:80"), Err(Errno::EAFNOSUPPORT));
}

#[test]
fn a_socket_that_does_not_wait_learns_the_outcome_later() {
    let inet = Arc::<Inet>::default();
    let server = listener(&inet, "127.0.0.1:9000");
    let client = tcp(&inet);
    assert_eq!(Arc::clone(&client).connect_nowait(&ME, &at("127.0.0.1:9000")), Err(Errno::EINPROGRESS));
    assert!(client.poll().contains(Events::OUT));
    assert_eq!(client.take_error(), None);
    assert_eq!(Arc::clone(&client).connect_nowait(&ME, &at("127.0.0.1:9000")), Ok(()));
    assert_eq!(Arc::clone(&client).connect_nowait(&ME, &at("127.0.0.1:9000")), Err(Errno::EISCONN));
    assert!(server.accept().is_ok());

    let refused = tcp(&inet);
    assert_eq!(Arc::clone(&refused).connect_nowait(&ME, &at("127.0.0.1:9")), Err(Errno::EINPROGRESS));
    assert!(refused.poll().contains(Events::ERR | Events::HUP | Events::OUT));
    assert_eq!(refused.take_error(), Some(Errno::ECONNREFUSED));
    assert_eq!(refused.take_error(), None);
}

#[test]
fn a_full_queue_makes_the_next_wait_until_somebody_accepts() {
    let inet = Arc::<Inet>::default();
    let server = listener(&inet, "127.0.0.1:9000");
    let clients: Vec<_> = (0..4).map(|_| tcp(&inet)).collect();
    for client in &clients {
        assert_eq!(Arc::clone(client).connect(&ME, &at("127.0.0.1:9000")), Ok(()));
    }
    let late = tcp(&inet);
    assert_eq!(Arc::clone(&late).connect_nowait(&ME, &at("127.0.0.1:9000")), Err(Errno::EINPROGRESS));
    assert_eq!(late.poll(), Events::empty());
    assert_eq!(Arc::clone(&late).connect_nowait(&ME, &at("127.0.0.1:9000")), Err(Errno::EALREADY));
    assert!(server.accept().is_ok());
    assert!(late.poll().contains(Events::OUT));
}

#[test]
fn ports_are_shared_only_by_those_who_ask() {
    let inet = Arc::<Inet>::default();
    let server = listener(&inet, "127.0.0.1:9000");
    let bind = |socket: &Arc<dyn Endpoint>, to: &str| Arc::clone(socket).bind(&ME, &at(to));
    assert_eq!(bind(&tcp(&inet), "127.0.0.1:9000"), Err(Errno::EADDRINUSE));
    assert_eq!(bind(&tcp(&inet), "0.0.0.0:9000"), Err(Errno::EADDRINUSE));
    assert_eq!(bind(&tcp(&inet), "127.0.0.2:9000"), Ok(()));
    assert_eq!(bind(&udp(&inet), "127.0.0.1:9000"), Ok(()), "each transport has its own ports");
    assert_eq!(bind(&tcp(&inet), "127.0.0.1:80"), Err(Errno::EACCES));
    assert_eq!(bind(&tcp(&inet), "192.0.2.1:9000"), Err(Errno::EADDRNOTAVAIL));
    server.close();
    let again = tcp(&inet);
    assert_eq!(bind(&again, "127.0.0.1:9000"), Ok(()));
    assert_eq!(bind(&again, "127.0.0.1:9001"), Err(Errno::EINVAL));
    let sharing = || {
        let socket = tcp(&inet);
        socket.base().options.lock().reuse_port = true;
        bind(&socket, "127.0.0.1:9100").and_then(|()| Arc::clone(&socket).listen(&ME, 1)).map(|()| socket)
    };
    let (first, second) = (sharing(), sharing());
    assert!(first.is_ok() && second.is_ok());
    let free = tcp(&inet);
    assert_eq!(bind(&free, "127.0.0.1:0"), Ok(()));
    assert!(!shown(free.name()).ends_with(":0"));
}

#[test]
fn version_6_sockets_also_speak_version_4_unless_told_not_to() {
    let inet = Arc::<Inet>::default();
    let server = socket(&inet, &ME, AF_INET6, SOCK_STREAM, 0).expect("a socket");
    Arc::clone(&server).bind(&ME, &at("[::]:9000")).expect("it is free");
    Arc::clone(&server).listen(&ME, 3).expect("it is bound");
    let client = tcp(&inet);
    assert_eq!(Arc::clone(&client).connect(&ME, &at("127.0.0.1:9000")), Ok(()));
    let served = server.accept().expect("somebody connected");
    assert_eq!(shown(served.name()), "[::ffff:127.0.0.1]:9000");
    assert!(shown(served.peer().expect("a peer")).starts_with("[::ffff:127.0.0.1]:"));
    assert_eq!(tcp(&inet).bind(&ME, &at("0.0.0.0:9000")), Err(Errno::EADDRINUSE));
    let only = socket(&inet, &ME, AF_INET6, SOCK_STREAM, 0).expect("a socket");
    only.base().options.lock().v6_only = true;
    assert_eq!(Arc::clone(&only).bind(&ME, &at("[::]:9001")), Ok(()));
    assert_eq!(tcp(&inet).bind(&ME, &at("0.0.0.0:9001")), Ok(()));
    assert_eq!(only.connect(&ME, &at("[::ffff:127.0.0.1]:9001")), Err(Errno::ENETUNREACH));
}

#[test]
fn datagrams_find_their_taker_and_a_refusal_is_told_to_the_connected() {
    let inet = Arc::<Inet>::default();
    let taker = udp(&inet);
    Arc::clone(&taker).bind(&ME, &at("0.0.0.0:5000")).expect("it is free");
    let sender = udp(&inet);
    assert_eq!(send(&sender, None, b"x"), Err(Errno::EDESTADDRREQ));
    assert_eq!(send(&sender, Some(&at("127.0.0.1:5000")), b"hello"), Ok(5));
    let mut buffer = [0; 3];
    let got = taker.receive(&mut buffer, 0).expect("a datagram");
    assert_eq!((got.count, got.full), (3, 5));
    let from = shown(got.from.expect("a sender"));
    assert!(from.starts_with("127.0.0.1:"));
    assert_eq!(shown(sender.name()), format!("0.0.0.0:{}", from.rsplit(':').next().expect("a port")));
    assert_eq!(send(&sender, Some(&at("127.0.0.1:5001")), b"lost"), Ok(4));
    assert_eq!(send(&sender, None, &[0; 70000]), Err(Errno::EMSGSIZE));

    assert_eq!(Arc::clone(&sender).connect(&ME, &at("127.0.0.1:5001")), Ok(()));
    assert_eq!(send(&sender, None, b"x"), Ok(1));
    assert_eq!(receive(&sender), Err(Errno::ECONNREFUSED));
    assert_eq!(receive(&sender), Err(Errno::EAGAIN));
    assert_eq!(send(&sender, Some(&at("8.8.8.8:53")), b"x"), Err(Errno::ENETUNREACH));
}

#[test]
fn the_pods_own_address_is_reached_inside() {
    let inet = Arc::<Inet>::default();
    inet.set_addresses(vec!["10.1.2.3".parse().expect("an address")]);
    let server = listener(&inet, "10.1.2.3:9000");
    let client = tcp(&inet);
    assert_eq!(Arc::clone(&client).connect(&ME, &at("127.0.0.1:9000")), Err(Errno::ECONNREFUSED));
    assert_eq!(Arc::clone(&client).connect(&ME, &at("10.1.2.3:9000")), Ok(()));
    assert!(shown(client.name()).starts_with("10.1.2.3:"));
    assert!(server.accept().is_ok());
}
