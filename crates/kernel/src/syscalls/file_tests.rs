//! The calls about files, as a guest makes them.

use std::task::Poll;

use abi::{Errno, nr};

use crate::task::Fault;
use crate::testing::Guest;

const O_WRONLY: u64 = 1;
const O_RDWR: u64 = 2;
const O_CREAT: u64 = 0o100;
const O_EXCL: u64 = 0o200;
const O_TRUNC: u64 = 0o1000;
const O_APPEND: u64 = 0o2000;
const O_DIRECTORY: u64 = 0o200000;
const O_NOFOLLOW: u64 = 0o400000;
const O_PATH: u64 = 0o10000000;

fn errno<T>(errno: Errno) -> Result<T, Fault> {
    Err(Fault::Errno(errno))
}

impl Guest {
    fn open(&self, path: &str, flags: u64) -> Result<u64, Fault> {
        self.call(nr::OPEN, &[self.text(path), flags, 0o666])
    }

    fn write(&self, fd: u64, text: &str) -> Result<u64, Fault> {
        self.call(nr::WRITE, &[fd, self.put(text.as_bytes()), text.len() as u64])
    }

    fn read(&self, fd: u64, length: usize) -> Result<String, Fault> {
        let buffer = self.room(length);
        let done = self.call(nr::READ, &[fd, buffer, length as u64])?;
        Ok(String::from_utf8_lossy(&self.bytes(buffer, done as usize)).into_owned())
    }

    fn file(&self, path: &str, text: &str) {
        let fd = self.open(path, O_CREAT | O_TRUNC | O_WRONLY).unwrap();
        self.write(fd, text).unwrap();
        self.call(nr::CLOSE, &[fd]).unwrap();
    }

    fn content(&self, path: &str) -> Result<String, Fault> {
        let fd = self.open(path, 0)?;
        let text = self.read(fd, 4096);
        self.call(nr::CLOSE, &[fd])?;
        text
    }

    fn mode(&self, path: &str) -> u32 {
        let buffer = self.room(144);
        self.call(nr::STAT, &[self.text(path), buffer]).unwrap();
        u32::from_ne_bytes(self.bytes(buffer + 24, 4).try_into().unwrap())
    }
}

#[test]
fn what_is_written_is_read_from_where_the_position_is() {
    let guest = Guest::new();
    let fd = guest.open("/file", O_CREAT | O_RDWR).unwrap();
    assert_eq!(guest.write(fd, "hello"), Ok(5));
    assert_eq!(guest.read(fd, 10).unwrap(), "");
    assert_eq!(guest.call(nr::LSEEK, &[fd, 1, 0]), Ok(1));
    assert_eq!(guest.read(fd, 3).unwrap(), "ell");
    assert_eq!(guest.call(nr::LSEEK, &[fd, (-1_i64) as u64, 2]), Ok(4));
    assert_eq!(guest.call(nr::LSEEK, &[fd, (-9_i64) as u64, 1]), errno(Errno::EINVAL));
    let twin = guest.call(nr::DUP, &[fd]).unwrap();
    assert_eq!(guest.read(twin, 10).unwrap(), "o");
    assert_eq!(guest.read(fd, 10).unwrap(), "");
}

#[test]
fn appending_writes_at_the_end_wherever_the_position_is() {
    let guest = Guest::new();
    guest.file("/file", "one");
    let fd = guest.open("/file", O_RDWR | O_APPEND).unwrap();
    guest.write(fd, "two").unwrap();
    assert_eq!(guest.call(nr::LSEEK, &[fd, 0, 1]), Ok(6));
    assert_eq!(guest.content("/file").unwrap(), "onetwo");
}

#[test]
fn open_answers_as_its_man_page_lists() {
    let guest = Guest::new();
    guest.file("/file", "x");
    guest.call(nr::MKDIR, &[guest.text("/dir"), 0o755]).unwrap();
    guest.call(nr::SYMLINK, &[guest.text("made"), guest.text("/link")]).unwrap();
    assert_eq!(guest.open("/file", O_CREAT | O_EXCL), errno(Errno::EEXIST));
    assert_eq!(guest.open("/link", O_CREAT | O_EXCL), errno(Errno::EEXIST));
    assert_eq!(guest.open("/file", O_DIRECTORY), errno(Errno::ENOTDIR));
    assert_eq!(guest.open("/dir", O_RDWR), errno(Errno::EISDIR));
    assert_eq!(guest.open("/dir", O_CREAT), errno(Errno::EISDIR));
    assert_eq!(guest.open("/link", O_NOFOLLOW), errno(Errno::ELOOP));
    assert_eq!(guest.open("/link", 0), errno(Errno::ENOENT));
    guest.open("/link", O_CREAT | O_WRONLY).unwrap();
    assert_eq!(guest.mode("/made"), 0o100644);
    let place = guest.open("/file", O_PATH).unwrap();
    assert_eq!(guest.read(place, 1), errno(Errno::EBADF));
    assert_eq!(guest.open("/dir/", O_CREAT | O_WRONLY), errno(Errno::EISDIR));
}

#[test]
fn a_user_opens_only_what_the_bits_allow() {
    let guest = Guest::new();
    guest.file("/file", "x");
    guest.call(nr::CHMOD, &[guest.text("/file"), 0o604]).unwrap();
    guest.become_user(1000);
    assert!(guest.open("/file", 0).is_ok());
    assert_eq!(guest.open("/file", O_WRONLY), errno(Errno::EACCES));
    assert_eq!(guest.call(nr::CHMOD, &[guest.text("/file"), 0o777]), errno(Errno::EPERM));
    assert_eq!(guest.call(nr::ACCESS, &[guest.text("/file"), 1]), errno(Errno::EACCES));
}

#[test]
fn a_vector_is_gathered_and_filled_in_order() {
    let guest = Guest::new();
    let fd = guest.open("/file", O_CREAT | O_RDWR).unwrap();
    let (one, two) = (guest.put(b"ab"), guest.put(b"cde"));
    let vector: Vec<u8> = [one, 2, two, 3].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let vector = guest.put(&vector);
    assert_eq!(guest.call(nr::WRITEV, &[fd, vector, 2]), Ok(5));
    assert_eq!(guest.content("/file").unwrap(), "abcde");
    assert_eq!(guest.call(nr::PREADV, &[fd, vector, 2, 1]), Ok(4));
    assert_eq!((guest.bytes(one, 2), guest.bytes(two, 3)), (b"bc".to_vec(), b"dee".to_vec()));
    assert_eq!(guest.call(nr::WRITEV, &[fd, vector, 1025]), errno(Errno::EINVAL));
}

#[test]
fn a_bad_address_is_a_fault_and_changes_nothing() {
    let guest = Guest::new();
    let fd = guest.open("/file", O_CREAT | O_RDWR).unwrap();
    assert_eq!(guest.call(nr::WRITE, &[fd, 8, 4]), errno(Errno::EFAULT));
    assert_eq!(guest.content("/file").unwrap(), "");
    guest.write(fd, "text").unwrap();
    assert_eq!(guest.call(nr::PREAD64, &[fd, 8, 4, 0]), errno(Errno::EFAULT));
    assert_eq!(guest.call(nr::OPEN, &[8, 0, 0]), errno(Errno::EFAULT));
}

#[test]
fn a_directory_is_listed_to_its_end_and_again_from_the_start() {
    let guest = Guest::new();
    for index in 0..100 {
        guest.file(&format!("/file-{index}"), "");
    }
    let fd = guest.open("/", O_DIRECTORY).unwrap();
    let buffer = guest.room(512);
    let mut count = 0;
    loop {
        let length = guest.call(nr::GETDENTS64, &[fd, buffer, 512]).unwrap() as usize;
        if length == 0 {
            break;
        }
        let records = guest.bytes(buffer, length);
        let mut at = 0;
        while at < length {
            count += 1;
            at += usize::from(u16::from_ne_bytes([records[at + 16], records[at + 17]]));
        }
        assert_eq!(at, length);
    }
    assert_eq!(count, 102);
    assert_eq!(guest.call(nr::LSEEK, &[fd, 0, 0]), Ok(0));
    assert!(guest.call(nr::GETDENTS64, &[fd, buffer, 512]).unwrap() > 0);
    assert_eq!(guest.call(nr::GETDENTS64, &[fd, buffer, 4]), errno(Errno::EINVAL));
}

#[test]
fn renames_keep_trees_trees() {
    let guest = Guest::new();
    for path in ["/a", "/a/b", "/full", "/full/x"] {
        guest.call(nr::MKDIR, &[guest.text(path), 0o755]).unwrap();
    }
    guest.file("/file", "text");
    let rename = |old: &str, new: &str| guest.call(nr::RENAME, &[guest.text(old), guest.text(new)]);
    assert_eq!(rename("/a", "/a/b/c"), errno(Errno::EINVAL));
    assert_eq!(rename("/a/b", "/a"), errno(Errno::ENOTEMPTY));
    assert_eq!(rename("/file", "/a"), errno(Errno::EISDIR));
    assert_eq!(rename("/a", "/file"), errno(Errno::ENOTDIR));
    assert_eq!(rename("/a", "/full"), errno(Errno::ENOTEMPTY));
    assert_eq!(rename("/a", "/a/."), errno(Errno::EBUSY));
    assert_eq!(rename("/file", "/a/b/moved"), Ok(0));
    assert_eq!(guest.content("/a/b/moved").unwrap(), "text");
    assert_eq!(guest.content("/file"), errno(Errno::ENOENT));
}

#[test]
fn the_working_directory_follows_a_rename_and_a_removed_one_has_no_name() {
    let guest = Guest::new();
    guest.call(nr::MKDIR, &[guest.text("/one"), 0o755]).unwrap();
    guest.call(nr::CHDIR, &[guest.text("/one")]).unwrap();
    guest.call(nr::RENAME, &[guest.text("/one"), guest.text("/two")]).unwrap();
    let buffer = guest.room(64);
    assert_eq!(guest.call(nr::GETCWD, &[buffer, 64]), Ok(5));
    assert_eq!(guest.bytes(buffer, 5), b"/two\0");
    assert_eq!(guest.call(nr::GETCWD, &[buffer, 4]), errno(Errno::ERANGE));
    guest.call(nr::RMDIR, &[guest.text("/two")]).unwrap();
    assert_eq!(guest.call(nr::GETCWD, &[buffer, 64]), errno(Errno::ENOENT));
    assert_eq!(guest.open("file", O_CREAT | O_WRONLY), errno(Errno::ENOENT));
}

#[test]
fn an_unlinked_file_lives_as_long_as_it_is_open() {
    let guest = Guest::new();
    guest.file("/file", "text");
    let fd = guest.open("/file", 0).unwrap();
    guest.call(nr::UNLINK, &[guest.text("/file")]).unwrap();
    assert_eq!(guest.open("/file", 0), errno(Errno::ENOENT));
    assert_eq!(guest.read(fd, 10).unwrap(), "text");
}

#[test]
fn the_umask_takes_bits_from_what_is_made_and_from_nothing_else() {
    let guest = Guest::new();
    assert_eq!(guest.call(nr::UMASK, &[0o077]), Ok(0o022));
    guest.file("/file", "");
    assert_eq!(guest.mode("/file"), 0o100600);
    guest.call(nr::CHMOD, &[guest.text("/file"), 0o666]).unwrap();
    assert_eq!(guest.mode("/file"), 0o100666);
}

#[test]
fn a_nameless_file_gets_a_name_by_link() {
    const O_TMPFILE: u64 = 0o20200000;
    let guest = Guest::new();
    let fd = guest.open("/", O_TMPFILE | O_RDWR).unwrap();
    guest.write(fd, "text").unwrap();
    guest
        .task
        .process()
        .set_credentials(crate::task::Credentials { effective: u64::MAX, ..(*guest.task.credentials()).clone() });
    let cwd = (-100_i64) as u64;
    assert_eq!(guest.call(nr::LINKAT, &[fd, guest.text(""), cwd, guest.text("/named"), 0x1000]), Ok(0));
    assert_eq!(guest.content("/named").unwrap(), "text");
}

#[test]
fn descriptors_are_the_lowest_that_are_free() {
    let guest = Guest::new();
    assert_eq!(guest.open("/", O_DIRECTORY), Ok(0));
    assert_eq!(guest.call(nr::DUP, &[0]), Ok(1));
    assert_eq!(guest.call(nr::DUP2, &[0, 7]), Ok(7));
    assert_eq!(guest.call(nr::FCNTL, &[0, 0, 5]), Ok(5));
    assert_eq!(guest.call(nr::CLOSE_RANGE, &[1, 6, 0]), Ok(0));
    assert_eq!(guest.call(nr::DUP, &[7]), Ok(1));
    assert_eq!(guest.call(nr::CLOSE, &[5]), errno(Errno::EBADF));
    assert_eq!(guest.call(nr::DUP3, &[0, 0, 0]), errno(Errno::EINVAL));
    assert_eq!(guest.call(nr::DUP2, &[0, 1 << 30]), errno(Errno::EBADF));
}

#[test]
fn a_whole_file_lock_waits_for_the_other_description_and_goes_with_its_last_close() {
    const EXCLUSIVE: u64 = 2;
    const NONBLOCK: u64 = 4;
    let guest = Guest::new();
    guest.file("/file", "");
    let (one, two) = (guest.open("/file", 0).unwrap(), guest.open("/file", 0).unwrap());
    assert_eq!(guest.call(nr::FLOCK, &[one, EXCLUSIVE]), Ok(0));
    assert_eq!(guest.call(nr::FLOCK, &[two, EXCLUSIVE | NONBLOCK]), errno(Errno::EAGAIN));
    let mut waiting = guest.begin(nr::FLOCK, &[two, EXCLUSIVE]);
    assert_eq!(waiting.poll(), Poll::Pending);
    guest.call(nr::CLOSE, &[one]).unwrap();
    assert_eq!(waiting.poll(), Poll::Ready(Ok(0)));
}

#[test]
fn record_locks_of_one_process_never_conflict_and_go_with_any_close() {
    let guest = Guest::new();
    guest.file("/file", "");
    let (one, two) = (guest.open("/file", O_RDWR).unwrap(), guest.open("/file", O_RDWR).unwrap());
    let mut flock = vec![0; 32];
    flock[0] = 1;
    let flock = guest.put(&flock);
    assert_eq!(guest.call(nr::FCNTL, &[one, 6, flock]), Ok(0));
    assert_eq!(guest.call(nr::FCNTL, &[two, 6, flock]), Ok(0));
    assert_eq!(guest.call(nr::FCNTL, &[one, 37, flock]), errno(Errno::EAGAIN));
    guest.call(nr::CLOSE, &[two]).unwrap();
    assert_eq!(guest.call(nr::FCNTL, &[one, 37, flock]), Ok(0));
}

#[test]
fn bytes_move_between_files_and_pipes_without_being_lost() {
    let guest = Guest::new();
    guest.file("/file", "0123456789");
    let from = guest.open("/file", 0).unwrap();
    let to = guest.open("/copy", O_CREAT | O_RDWR).unwrap();
    let position = guest.put(&2_u64.to_ne_bytes());
    assert_eq!(guest.call(nr::SENDFILE, &[to, from, position, 3]), Ok(3));
    assert_eq!(guest.bytes(position, 8), 5_u64.to_ne_bytes());
    assert_eq!(guest.call(nr::COPY_FILE_RANGE, &[from, 0, to, 0, 100, 0]), Ok(10));
    assert_eq!(guest.content("/copy").unwrap(), "2340123456789");
    let pipe = guest.room(8);
    guest.call(nr::PIPE, &[pipe]).unwrap();
    let ends = guest.bytes(pipe, 8);
    let (reader, writer) = (u64::from(ends[0]), u64::from(ends[4]));
    let start = guest.put(&0_u64.to_ne_bytes());
    assert_eq!(guest.call(nr::SPLICE, &[from, start, writer, 0, 4, 0]), Ok(4));
    let end = guest.put(&13_u64.to_ne_bytes());
    assert_eq!(guest.call(nr::SPLICE, &[reader, 0, to, end, 100, 0]), Ok(4));
    assert_eq!(guest.content("/copy").unwrap(), "23401234567890123");
    assert_eq!(guest.call(nr::SPLICE, &[reader, 0, to, 0, 1, 2]), errno(Errno::EAGAIN));
}

#[test]
fn attributes_beside_the_usual_ones_are_kept() {
    let guest = Guest::new();
    guest.file("/file", "");
    let (path, name, value) = (guest.text("/file"), guest.text("user.colour"), guest.put(b"red"));
    assert_eq!(guest.call(nr::GETXATTR, &[path, name, 0, 0]), errno(Errno::ENODATA));
    assert_eq!(guest.call(nr::SETXATTR, &[path, name, value, 3, 0]), Ok(0));
    assert_eq!(guest.call(nr::SETXATTR, &[path, name, value, 3, 1]), errno(Errno::EEXIST));
    assert_eq!(guest.call(nr::GETXATTR, &[path, name, 0, 0]), Ok(3));
    assert_eq!(guest.call(nr::GETXATTR, &[path, name, value, 2]), errno(Errno::ERANGE));
    let list = guest.room(100);
    assert_eq!(guest.call(nr::LISTXATTR, &[path, list, 100]), Ok(12));
    let other = guest.text("unknown.name");
    assert_eq!(guest.call(nr::GETXATTR, &[path, other, 0, 0]), errno(Errno::EOPNOTSUPP));
}

#[test]
fn mounting_needs_the_capability_and_hides_what_is_below() {
    let guest = Guest::new();
    guest.call(nr::MKDIR, &[guest.text("/mnt"), 0o755]).unwrap();
    guest.file("/mnt/below", "");
    let call = |guest: &Guest| {
        let (kind, options) = (guest.text("tmpfs"), guest.text("size=1m,mode=700"));
        guest.call(nr::MOUNT, &[guest.text("none"), guest.text("/mnt"), kind, 0, options])
    };
    assert_eq!(call(&guest), errno(Errno::EPERM));
    guest
        .task
        .process()
        .set_credentials(crate::task::Credentials { effective: u64::MAX, ..(*guest.task.credentials()).clone() });
    assert_eq!(call(&guest), Ok(0));
    assert_eq!(guest.open("/mnt/below", 0), errno(Errno::ENOENT));
    assert_eq!(guest.mode("/mnt"), 0o040700);
    assert_eq!(guest.mode("/mnt/.."), guest.mode("/"));
    assert_eq!(guest.call(nr::RMDIR, &[guest.text("/mnt")]), errno(Errno::EBUSY));
    assert_eq!(guest.call(nr::UMOUNT2, &[guest.text("/mnt"), 0]), Ok(0));
    assert!(guest.open("/mnt/below", 0).is_ok());
}
