use std::os::fd::AsFd;
use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFREG, Stat};

use super::lower::{LowerContent, LowerDirectory, LowerEntry, LowerNode};
use super::{Options, Tmpfs};
use crate::testing::Guest;
use crate::vfs::{Attributes, File, FileSystem, Inode, NewNode, OpenFlags, Xattrs};

const PLAIN: Attributes = Attributes { mode: 0o644, uid: 0, gid: 0 };

fn small() -> (Arc<Tmpfs>, Arc<dyn Inode>) {
    let fs = Tmpfs::new(Options::sized(1 << 20));
    let root = fs.root();
    fs.mounted();
    (fs, root)
}

fn mounted(fs: Arc<Tmpfs>) -> Arc<dyn Inode> {
    let root = fs.root();
    fs.mounted();
    root
}

fn open(inode: &Arc<dyn Inode>) -> Arc<dyn File> {
    Arc::clone(inode).open(&Guest::new().task, OpenFlags::RDWR).unwrap()
}

fn contents(file: &Arc<dyn File>) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 20];
    let length = file.read(&mut buffer, 0).unwrap();
    buffer.truncate(length);
    buffer
}

fn names(directory: &Arc<dyn Inode>) -> Vec<String> {
    let entries = open(directory).read_dir(0).unwrap();
    entries.iter().skip(2).map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
}

#[test]
fn bytes_are_read_back_after_the_file_has_moved_to_a_memory_file() {
    let (_fs, root) = small();
    let file = open(&root.create(b"file", NewNode::Regular, PLAIN).unwrap());
    file.write(b"hello", 0).unwrap();
    file.host_mapping(true).unwrap();
    file.write(b" world", 5).unwrap();
    assert_eq!(contents(&file), b"hello world");
    file.truncate(4).unwrap();
    file.truncate(6).unwrap();
    assert_eq!(contents(&file), b"hell\0\0");
}

#[test]
fn a_descriptor_for_reading_cannot_be_written_by_who_gets_it() {
    let (_fs, root) = small();
    let file = open(&root.create(b"file", NewNode::Regular, PLAIN).unwrap());
    file.write(b"x", 0).unwrap();
    let mapping = file.host_mapping(false).unwrap();
    assert!(platform::host::write_at(mapping.file.as_fd(), b"y", 0).is_err());
}

#[test]
fn a_hole_costs_nothing_and_a_full_file_system_says_so() {
    let (fs, root) = small();
    let file = open(&root.create(b"file", NewNode::Regular, PLAIN).unwrap());
    file.write(b"end", 1 << 40).unwrap();
    assert_eq!(file.stat().unwrap().size, (1 << 40) + 3);
    assert!(fs.memory_bytes() <= 66 * 1024, "used {}", fs.memory_bytes());
    let block = vec![7; 256 * 1024];
    let mut position = 0;
    let failure = loop {
        match file.write(&block, position) {
            Ok(written) => position += written as u64,
            Err(errno) => break errno,
        }
    };
    assert_eq!(failure, Errno::ENOSPC);
    assert!(fs.memory_bytes() <= (1 << 20) + 4096);
    assert!(position > (1 << 20) - 128 * 1024, "wrote {position}");
    assert_eq!(file.write(b"over what is there", 0), Ok(18));
}

#[test]
fn space_comes_back_when_the_last_holder_lets_go() {
    let (fs, root) = small();
    let inode = root.create(b"file", NewNode::Regular, PLAIN).unwrap();
    let file = open(&inode);
    file.write(&[1; 100_000], 0).unwrap();
    root.unlink(b"file").unwrap();
    drop(inode);
    assert!(fs.memory_bytes() >= 100_000);
    drop(file);
    assert_eq!(fs.memory_bytes(), 0);
    assert_eq!(fs.stat().files - fs.stat().files_free, 0);
}

#[test]
fn a_directory_with_names_is_neither_removed_nor_replaced() {
    let (_fs, root) = small();
    let full = root.create(b"full", NewNode::Directory, PLAIN).unwrap();
    root.create(b"empty", NewNode::Directory, PLAIN).unwrap();
    full.create(b"file", NewNode::Regular, PLAIN).unwrap();
    assert_eq!(root.rmdir(b"full"), Err(Errno::ENOTEMPTY));
    assert_eq!(root.rename(b"empty", &root, b"full", 0), Err(Errno::ENOTEMPTY));
    assert_eq!(root.rename(b"full", &root, b"empty", 0), Ok(()));
    assert_eq!(names(&root), ["empty"]);
    assert_eq!(root.stat().unwrap().nlink, 3);
}

#[test]
fn a_tree_of_great_depth_is_dropped_without_a_deep_stack() {
    let (_fs, root) = small();
    let fs = Tmpfs::new(Options { inodes: u64::MAX, ..Options::sized(1 << 20) });
    let top = fs.root();
    let mut at = Arc::clone(&top);
    for _ in 0..200_000 {
        at = at.create(b"d", NewNode::Directory, PLAIN).unwrap();
    }
    fs.mounted();
    drop((at, root));
    drop(top);
    assert_eq!(fs.stat().files - fs.stat().files_free, 0);
}

#[test]
fn a_sealed_file_neither_grows_nor_changes() {
    let (_fs, root) = small();
    let open = crate::fs::anon::memory_file(&Guest::new().task, b"test", 0o777, true).unwrap();
    let file = open.file();
    file.write(b"fixed", 0).unwrap();
    file.add_seals(0x04 | 0x08).unwrap();
    assert_eq!(file.write(b"x", 0), Err(Errno::EPERM));
    assert_eq!(file.truncate(100), Err(Errno::EPERM));
    assert_eq!(file.host_mapping(true).err(), Some(Errno::EPERM));
    assert_eq!(contents(file), b"fixed");
    drop(root);
}

/// One lower directory with one file in it.
struct Lower;

impl LowerDirectory for Lower {
    fn lookup(&self, name: &[u8]) -> Result<Option<LowerNode>, Errno> {
        Ok((name == b"lower").then(|| LowerNode {
            stat: Stat { ino: 77, nlink: 1, mode: S_IFREG | 0o444, size: 5, ..Stat::default() },
            content: LowerContent::Bytes(b"below".as_slice().into()),
            xattrs: Xattrs::default(),
        }))
    }

    fn list(&self) -> Result<Vec<LowerEntry>, Errno> {
        Ok(vec![LowerEntry { name: b"lower".to_vec(), ino: 77, kind: S_IFREG }])
    }
}

fn layered() -> Arc<dyn Inode> {
    let stat = Stat { ino: 5, nlink: 2, mode: S_IFDIR | 0o755, ..Stat::default() };
    let directory = |ino| LowerNode {
        stat: Stat { ino, ..stat },
        content: LowerContent::Directory(Arc::new(Lower)),
        xattrs: Xattrs::default(),
    };
    mounted(Tmpfs::above(directory(5), Options::sized(1 << 20), None).unwrap())
}

#[test]
fn a_lower_file_is_changed_above_and_keeps_its_number() {
    let root = layered();
    let inode = root.lookup(b"lower").unwrap();
    let reader = open(&inode);
    assert_eq!(contents(&reader), b"below");
    open(&inode).write(b"above", 0).unwrap();
    drop((inode, reader));
    let again = root.lookup(b"lower").unwrap();
    assert_eq!(contents(&open(&again)), b"above");
    assert_eq!(again.stat().unwrap().ino, 77);
}

#[test]
fn a_removed_lower_name_stays_removed_and_can_be_made_anew() {
    let root = layered();
    root.unlink(b"lower").unwrap();
    assert_eq!(root.lookup(b"lower").err(), Some(Errno::ENOENT));
    assert!(names(&root).is_empty());
    root.create(b"lower", NewNode::Regular, PLAIN).unwrap();
    assert_eq!(names(&root), ["lower"]);
    assert_eq!(contents(&open(&root.lookup(b"lower").unwrap())), b"");
    root.unlink(b"lower").unwrap();
    assert!(names(&root).is_empty());
}

#[test]
fn a_renamed_lower_file_is_found_under_the_new_name_only() {
    let root = layered();
    root.rename(b"lower", &root, b"moved", 0).unwrap();
    assert_eq!(names(&root), ["moved"]);
    assert_eq!(contents(&open(&root.lookup(b"moved").unwrap())), b"below");
}
