use abi::ipc::{IPC_NOWAIT, SEM_UNDO, SemOperation};

use super::*;
use crate::task::Pid;

const ME: Pid = Pid(5);

fn user(uid: u32) -> Credentials {
    Credentials::user(uid, uid, Vec::new())
}

fn queue(table: &Table<msg::Queue>, who: &Credentials, key: i32, flags: u32) -> Result<i32, Errno> {
    table.get(who, key, flags, |permissions| Ok(msg::Queue::new(permissions)), |_| Ok(()))
}

#[test]
fn a_key_finds_the_same_object_and_a_removed_id_is_not_given_again() {
    let table = Table::default();
    assert_eq!(queue(&table, &user(1), 7, 0o600), Err(Errno::ENOENT));
    let first = queue(&table, &user(1), 7, IPC_CREAT | 0o600).expect("there is room");
    assert_eq!(queue(&table, &user(1), 7, 0), Ok(first));
    assert_eq!(queue(&table, &user(1), 7, IPC_CREAT | IPC_EXCL), Err(Errno::EEXIST));
    assert_eq!(queue(&table, &user(2), 7, 0o600), Err(Errno::EACCES));
    assert_ne!(queue(&table, &user(1), IPC_PRIVATE, 0o600), queue(&table, &user(1), IPC_PRIVATE, 0o600));
    assert!(table.remove(first).is_some());
    let second = queue(&table, &user(1), 7, IPC_CREAT | 0o600).expect("there is room");
    assert_ne!(first, second);
    assert_eq!(table.find(first).err(), Some(Errno::EINVAL));
}

#[test]
fn messages_are_taken_by_type() {
    let table = Table::default();
    let id = queue(&table, &user(1), IPC_PRIVATE, 0o600).expect("there is room");
    let queue = table.find(id).expect("it is there");
    for (kind, text) in [(3, "three"), (1, "one"), (2, "two")] {
        queue.send(&msg::Message { kind, bytes: text.into() }, ME).expect("there is room");
    }
    let take = |kind, flags| queue.receive(kind, 10, flags, ME).map(|message| message.kind);
    assert_eq!(take(-2, 0), Ok(1));
    assert_eq!(take(3, abi::ipc::MSG_EXCEPT), Ok(2));
    assert_eq!(queue.receive(0, 2, 0, ME), Err(Errno::E2BIG));
    assert_eq!(queue.receive(0, 2, abi::ipc::MSG_NOERROR, ME).map(|message| message.bytes), Ok(b"th".to_vec()));
    assert_eq!(take(0, 0), Err(Errno::EAGAIN));
    let long = msg::Message { kind: 1, bytes: vec![0; 8000] };
    assert_eq!((queue.send(&long, ME), queue.send(&long, ME)), (Ok(()), Ok(())));
    assert_eq!(queue.send(&long, ME), Err(Errno::EAGAIN));
    queue.removed();
    assert_eq!(queue.send(&long, ME), Err(Errno::EIDRM));
}

#[test]
fn semaphore_operations_are_done_together_or_not_at_all() {
    let table = Table::default();
    let id = table.get(&user(1), IPC_PRIVATE, 0o600, |permissions| sem::Set::new(permissions, 2), |_| Ok(()));
    let set = table.find(id.expect("there is room")).expect("it is there");
    let operation = |number, change| SemOperation { number, change, flags: IPC_NOWAIT as u16 };
    assert_eq!(set.attempt(&[operation(0, 2)], ME), Ok(sem::Outcome::Done));
    let blocked = set.attempt(&[operation(0, -1), operation(1, -1)], ME).expect("both are there");
    assert!(matches!(blocked, sem::Outcome::Blocked(which) if which.number == 1));
    assert_eq!(set.values(), [2, 0]);
    assert_eq!(set.attempt(&[operation(0, -2), operation(0, 0), operation(1, 1)], ME), Ok(sem::Outcome::Done));
    assert_eq!(set.values(), [0, 1]);
    assert_eq!(set.attempt(&[operation(2, 1)], ME), Err(Errno::EFBIG));
    assert_eq!(set.set_values(0, &[40000], ME), Err(Errno::ERANGE));
    let waiting = set.wait_for(&operation(0, -1));
    assert_eq!((set.waiters(0, false), set.waiters(0, true)), (Ok(1), Ok(0)));
    drop(waiting);
    assert_eq!(set.waiters(0, false), Ok(0));
}

#[test]
fn what_a_process_left_is_undone_when_it_ends() {
    let guest = crate::testing::Guest::new();
    let (process, ipc) = (guest.task.process(), &guest.task.kernel().ipc);
    let id = ipc.sem.get(&user(1), IPC_PRIVATE, 0o600, |permissions| sem::Set::new(permissions, 1), |_| Ok(()));
    let id = id.expect("there is room");
    let set = ipc.sem.find(id).expect("it is there");
    let operations = [SemOperation { number: 0, change: 3, flags: SEM_UNDO }];
    assert_eq!(set.attempt(&operations, ME), Ok(sem::Outcome::Done));
    ipc.undo.note(process, id, &operations);
    ipc.process_ended(process);
    assert_eq!(set.values(), [0]);
    ipc.process_ended(process);
    assert_eq!(set.values(), [0]);
}

#[test]
fn posix_messages_come_by_priority_and_then_by_age() {
    let names = mqueue::Names::default();
    let opening = mqueue::Opening { create: true, exclusive: false, access: crate::vfs::Access::READ, mode: 0o600 };
    let queue = names.open(&user(1), b"name", opening, None).expect("there is room");
    for (text, priority) in [("low", 1), ("high", 9), ("higher", 9)] {
        assert!(queue.send(text.as_bytes(), priority).is_ok());
    }
    let take = || queue.receive(8192).map(|(bytes, priority)| (String::from_utf8_lossy(&bytes).into_owned(), priority));
    assert_eq!(take(), Ok(("high".to_owned(), 9)));
    assert_eq!(take(), Ok(("higher".to_owned(), 9)));
    assert_eq!(queue.receive(10).err(), Some(Errno::EMSGSIZE));
    assert_eq!(take(), Ok(("low".to_owned(), 1)));
    assert_eq!(take(), Err(Errno::EAGAIN));
    assert_eq!(names.open(&user(2), b"name", opening, None).err(), Some(Errno::EACCES));
    assert_eq!(names.unlink(&user(2), b"name"), Err(Errno::EACCES));
    assert_eq!(names.unlink(&user(1), b"name"), Ok(()));
}
