use abi::socket::{MSG_PEEK, SOCK_DGRAM, SOCK_SEQPACKET, Ucred};

use super::*;
use crate::net::address::{Address, UnixName};
use crate::net::flight::Flights;
use crate::net::message::Outgoing;
use crate::net::socket::Socket;
use crate::vfs::OpenFlags;
use crate::wait::Events;

const ME: Caller = Caller { ucred: Ucred { pid: 5, uid: 6, gid: 7 }, low_ports: false };
const YOU: Caller = Caller { ucred: Ucred { pid: 8, uid: 9, gid: 9 }, low_ports: false };

fn named(name: &[u8]) -> Address {
    Address::Unix(UnixName::Abstract(name.to_vec()))
}

fn send(socket: &Arc<dyn Endpoint>, bytes: &[u8]) -> Result<usize, Errno> {
    socket.send(&mut Outgoing { from: ME.ucred, bytes, to: None, claimed: false, files: Vec::new() })
}

fn receive(socket: &Arc<dyn Endpoint>) -> Result<Vec<u8>, Errno> {
    let mut buffer = [0; 100];
    socket.receive(&mut buffer, 0).map(|got| buffer[..got.count].to_vec())
}

fn listener(names: &Arc<Names>, name: &[u8], backlog: i32) -> Arc<dyn Endpoint> {
    let socket = socket(names, &ME, SOCK_STREAM, 0).expect("a socket");
    Arc::clone(&socket).bind(&ME, &named(name)).expect("a free name");
    Arc::clone(&socket).listen(&ME, backlog).expect("it is bound");
    socket
}

#[test]
fn a_stream_is_connected_by_name_and_knows_its_peer() {
    let names = Arc::<Names>::default();
    let server = listener(&names, b"there", 5);
    let client = socket(&names, &YOU, SOCK_STREAM, 0).expect("a socket");
    assert_eq!(client.poll(), Events::OUT | Events::WRNORM | Events::HUP);
    assert_eq!(server.accept().err(), Some(Errno::EAGAIN));
    assert_eq!(Arc::clone(&client).connect(&YOU, &named(b"there")), Ok(()));
    assert_eq!(Arc::clone(&client).connect(&YOU, &named(b"there")), Err(Errno::EISCONN));
    let served = server.accept().expect("somebody connected");
    assert_eq!((served.peer_ucred(), client.peer_ucred()), (YOU.ucred, ME.ucred));
    assert_eq!(send(&client, b"hello"), Ok(5));
    assert_eq!(receive(&served), Ok(b"hello".to_vec()));
    server.close();
    served.close();
    assert_eq!(receive(&client), Ok(Vec::new()));
    assert_eq!(send(&client, b"x"), Err(Errno::EPIPE));
}

#[test]
fn connecting_fails_as_unix_7_tells() {
    let names = Arc::<Names>::default();
    let _server = listener(&names, b"stream", 0);
    let connect =
        |kind, name: &[u8]| Arc::clone(&socket(&names, &ME, kind, 0).expect("a socket")).connect(&ME, &named(name));
    assert_eq!(connect(SOCK_STREAM, b"nobody"), Err(Errno::ECONNREFUSED));
    assert_eq!(connect(SOCK_DGRAM, b"stream"), Err(Errno::EPROTOTYPE));
    assert_eq!(connect(SOCK_SEQPACKET, b"stream"), Err(Errno::EPROTOTYPE));
    assert_eq!(connect(SOCK_STREAM, b"stream"), Ok(()));
    assert_eq!(connect(SOCK_STREAM, b"stream"), Err(Errno::EAGAIN), "the queue is full");
    let second = socket(&names, &ME, SOCK_STREAM, 0).expect("a socket");
    assert_eq!(second.bind(&ME, &named(b"stream")), Err(Errno::EADDRINUSE));
}

#[test]
fn datagrams_keep_their_borders_their_sender_and_their_order() {
    let names = Arc::<Names>::default();
    let taker = socket(&names, &ME, SOCK_DGRAM, 0).expect("a socket");
    Arc::clone(&taker).bind(&ME, &named(b"taker")).expect("a free name");
    let sender = socket(&names, &ME, SOCK_DGRAM, 0).expect("a socket");
    assert_eq!(send(&sender, b"x"), Err(Errno::ENOTCONN));
    Arc::clone(&sender).bind(&ME, &Address::Unix(UnixName::Unnamed)).expect("a name is found");
    Arc::clone(&sender).connect(&ME, &named(b"taker")).expect("it is there");
    assert_eq!((send(&sender, b"one"), send(&sender, b"")), (Ok(3), Ok(0)));
    let mut buffer = [0; 2];
    let peeked = taker.receive(&mut buffer, MSG_PEEK).expect("a datagram");
    assert_eq!((peeked.count, peeked.full), (2, 3));
    assert!(matches!(peeked.from, Some(Address::Unix(UnixName::Abstract(name))) if name == b"00000"));
    assert_eq!(receive(&taker), Ok(b"one".to_vec()));
    assert_eq!(receive(&taker), Ok(Vec::new()));
    assert_eq!(receive(&taker), Err(Errno::EAGAIN));
    taker.close();
    drop(taker);
    assert_eq!(send(&sender, b"x"), Err(Errno::ECONNREFUSED));
}

#[test]
fn files_travel_and_close_with_a_message_that_nobody_reads() {
    let names = Arc::<Names>::default();
    let flights = Arc::<Flights>::default();
    let (a, b) = pair(&names, &ME, SOCK_STREAM, 0).expect("a pair");
    let (reader, writer) =
        crate::fs::pipe::Pipe::pair(&crate::task::Credentials::user(0, 0, Vec::new()), OpenFlags::empty());
    let files = flights.board(vec![Arc::clone(&writer)]).expect("few are under way");
    a.send(&mut Outgoing { from: ME.ucred, bytes: b"xyz", to: None, claimed: false, files }).expect("there is room");
    send(&a, b"more").expect("there is room");
    let mut buffer = [0; 10];
    let got = b.receive(&mut buffer, 0).expect("a message");
    assert_eq!((got.count, got.files.len()), (3, 1), "bytes behind a message with files wait for the next read");
    assert!(Arc::ptr_eq(&got.files[0], &writer));
    drop(got);
    let files = flights.board(vec![writer]).expect("few are under way");
    a.send(&mut Outgoing { from: ME.ucred, bytes: b"x", to: None, claimed: false, files }).expect("there is room");
    assert!(!reader.file().poll().contains(Events::HUP));
    drop((Socket::open(b, OpenFlags::empty()), a));
    assert!(reader.file().poll().contains(Events::HUP));
}

#[test]
fn a_long_chain_of_sockets_in_sockets_is_let_go_without_recursion() {
    let names = Arc::<Names>::default();
    let flights = Arc::<Flights>::default();
    let mut inner = None;
    for _ in 0..10_000 {
        let (a, b) = pair(&names, &ME, SOCK_STREAM, 0).expect("a pair");
        if let Some(file) = inner.take() {
            let files = flights.board(vec![file]).expect("few are under way");
            a.send(&mut Outgoing { from: ME.ucred, bytes: b"x", to: None, claimed: false, files })
                .expect("there is room");
        }
        drop(Socket::open(a, OpenFlags::empty()));
        inner = Some(Socket::open(b, OpenFlags::empty()));
    }
    drop(inner);
    assert!(names.all().is_empty());
}

#[test]
fn sockets_that_only_hold_each_other_are_found_and_let_go() {
    let (names, flights) = (Arc::<Names>::default(), Arc::<Flights>::default());
    let open = |endpoint| Socket::open(endpoint, OpenFlags::empty());
    let post = |into: &Arc<dyn Endpoint>, file: &Arc<crate::vfs::OpenFile>| {
        let files = flights.board(vec![Arc::clone(file)]).expect("few are under way");
        into.send(&mut Outgoing { from: ME.ucred, bytes: b"x", to: None, claimed: false, files })
            .expect("there is room");
    };
    // Two sockets, each in a message that waits in the other; and one more that waits in a socket in use.
    let (a, to_a) = pair(&names, &ME, SOCK_STREAM, 0).expect("a pair");
    let (b, to_b) = pair(&names, &ME, SOCK_DGRAM, 0).expect("a pair");
    let (c, to_c) = pair(&names, &ME, SOCK_STREAM, 0).expect("a pair");
    let (a, b, c, used) = (open(a), open(b), open(c), open(Arc::clone(&to_c)));
    post(&to_a, &b);
    post(&to_b, &a);
    let (d, _to_d) = pair(&names, &ME, SOCK_STREAM, 0).expect("a pair");
    let d = open(d);
    let keep: Arc<dyn Endpoint> = Arc::clone(Socket::of(&c).expect("a socket").endpoint());
    post(&keep, &d);
    drop((a, b, d));
    assert_eq!(flights.count(), 3);
    flights.collect();
    assert_eq!(flights.count(), 1, "what waits in a socket in use still flies");
    assert_eq!(used.file().read(&mut [0; 5], 0), Ok(1));
    assert_eq!(flights.count(), 0);
}
