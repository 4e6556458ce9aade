use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use abi::Errno;
use abi::stat::{S_IFMT, S_IFSOCK};

use super::{HostFs, Shown};
use crate::testing::Guest;
use crate::vfs::{Attributes, FileSystem, Inode, NewNode, OpenFlags, SetAttributes};

const PLAIN: Attributes = Attributes { mode: 0o644, uid: 0, gid: 0 };

/// A directory of the host, served as a volume and removed at the end.
struct Volume {
    path: PathBuf,
    fs: Arc<HostFs>,
    root: Arc<dyn Inode>,
}

impl Volume {
    fn new() -> Volume {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("podvisor-volume-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(unique);
        fs::create_dir(&path).unwrap();
        let fs = HostFs::new(open(&path), Shown::default()).unwrap();
        let root = fs.root();
        Volume { path, fs, root }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn open(path: &PathBuf) -> OwnedFd {
    fs::File::open(path).unwrap().into()
}

#[test]
fn a_link_of_the_host_is_never_followed_by_the_host() {
    let volume = Volume::new();
    symlink("/etc", volume.path.join("out")).unwrap();
    let link = volume.root.lookup(b"out").unwrap();
    assert_eq!(link.link_text().unwrap(), b"/etc");
    assert_eq!(link.lookup(b"passwd").err(), Some(Errno::ENOTDIR));
    fs::create_dir(volume.path.join("dir")).unwrap();
    let directory = volume.root.lookup(b"dir").unwrap();
    fs::remove_dir(volume.path.join("dir")).unwrap();
    symlink("/etc", volume.path.join("dir")).unwrap();
    assert_eq!(directory.lookup(b"passwd").err(), Some(Errno::ENOENT));
}

#[test]
fn names_that_are_not_single_components_are_refused() {
    let volume = Volume::new();
    for name in [b"..".as_slice(), b".", b"a/b", b""] {
        assert_eq!(volume.root.lookup(name).err(), Some(Errno::EINVAL), "{name:?}");
    }
}

#[test]
fn file_that_is_marked_belongs_to_the_volumes_user_and_others_do_not() {
    let volume = Volume::new();
    for (name, mode) in [("marked", 0o1600), ("plain", 0o600)] {
        fs::write(volume.path.join(name), "").unwrap();
        fs::set_permissions(volume.path.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let fs =
        HostFs::new(open(&volume.path), Shown { uid: Some(1000), gid: Some(7), read_only: true, bytes: None }).unwrap();
    let shown = |name: &[u8]| fs.root().lookup(name).unwrap().stat().map(|one| (one.mode & 0o7777, one.uid)).unwrap();
    assert_eq!((shown(b"marked"), shown(b"plain")), ((0o640, 1000), (0o640, 0)));
}

#[test]
fn owners_and_set_id_bits_are_the_pods_own_affair() {
    let volume = Volume::new();
    let file = volume.root.create(b"file", NewNode::Regular, Attributes { uid: 1000, gid: 7, ..PLAIN }).unwrap();
    let before = fs::metadata(volume.path.join("file")).unwrap().uid();
    file.set_attributes(SetAttributes { mode: Some(0o4755), uid: Some(33), ..SetAttributes::default() }).unwrap();
    let shown = file.stat().unwrap();
    assert_eq!((shown.mode & 0o7777, shown.uid, shown.gid), (0o4755, 33, 7));
    let host = fs::metadata(volume.path.join("file")).unwrap();
    assert_eq!((host.permissions().mode() & 0o7777, host.uid()), (0o755, before));
}

#[test]
fn root_inside_goes_on_where_it_took_the_owners_bits_away() {
    let volume = Volume::new();
    let directory = volume.root.create(b"dir", NewNode::Directory, Attributes { mode: 0o555, ..PLAIN }).unwrap();
    directory.create(b"file", NewNode::Regular, Attributes { mode: 0, ..PLAIN }).unwrap();
    let file = directory.lookup(b"file").unwrap();
    assert_eq!((directory.stat().unwrap().mode & 0o7777, file.stat().unwrap().mode & 0o7777), (0o555, 0));
    assert_eq!(fs::metadata(volume.path.join("dir/file")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(directory.unlink(b"file"), Ok(()));
}

#[test]
fn a_socket_is_an_empty_file_outside_and_one_object_inside() {
    let volume = Volume::new();
    volume.root.create(b"socket", NewNode::Socket, PLAIN).unwrap().slot().unwrap().put(Some(Arc::new(5_u32)));
    assert!(fs::metadata(volume.path.join("socket")).unwrap().is_file());
    let again = HostFs::new(open(&volume.path), Shown::default()).unwrap();
    assert!(Arc::ptr_eq(&again, &volume.fs));
    let found = again.root().lookup(b"socket").unwrap();
    assert_eq!(found.stat().unwrap().mode & S_IFMT, S_IFSOCK);
    assert_eq!(found.slot().unwrap().get::<u32>().as_deref(), Some(&5));
    volume.root.unlink(b"socket").unwrap();
    fs::write(volume.path.join("socket"), "plain").unwrap();
    assert_ne!(volume.root.lookup(b"socket").unwrap().stat().unwrap().mode & S_IFMT, S_IFSOCK);
}

#[test]
fn a_device_is_never_made_on_the_host() {
    let volume = Volume::new();
    assert_eq!(volume.root.create(b"null", NewNode::CharDevice(0x103), PLAIN).err(), Some(Errno::EPERM));
    assert!(!volume.path.join("null").exists());
}

#[test]
fn an_open_file_stays_itself_when_its_name_goes_to_another() {
    let volume = Volume::new();
    let inode = volume.root.create(b"one", NewNode::Regular, PLAIN).unwrap();
    let file = Arc::clone(&inode).open(&Guest::new().task, OpenFlags::RDWR).unwrap();
    file.write(b"first", 0).unwrap();
    fs::write(volume.path.join("two"), "second one").unwrap();
    fs::rename(volume.path.join("two"), volume.path.join("one")).unwrap();
    assert_eq!(file.stat().unwrap().size, 5);
    inode.set_attributes(SetAttributes { mode: Some(0o600), ..SetAttributes::default() }).unwrap();
    assert_ne!(fs::metadata(volume.path.join("one")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(volume.root.lookup(b"one").unwrap().stat().unwrap().size, 10);
}

#[test]
fn what_is_renamed_inside_is_renamed_outside() {
    let volume = Volume::new();
    volume.root.create(b"dir", NewNode::Directory, Attributes { mode: 0o755, ..PLAIN }).unwrap();
    let directory = volume.root.lookup(b"dir").unwrap();
    directory.create(b"file", NewNode::Regular, PLAIN).unwrap();
    assert_eq!(directory.rename(b"file", &volume.root, b"moved", 0), Ok(()));
    assert!(volume.path.join("moved").exists());
    assert_eq!(volume.root.rmdir(b"dir"), Ok(()));
    assert!(!volume.path.join("dir").exists());
}

#[test]
fn every_further_name_of_a_file_counts_for_the_volumes_size() {
    let volume = Volume::new();
    let fs = HostFs::new(open(&volume.path), Shown { bytes: Some(64 << 10), ..Shown::default() }).unwrap();
    let root = fs.root();
    let free = || fs.stat().free;
    let file = root.create(b"file", NewNode::Regular, PLAIN).unwrap();
    let names: Vec<_> = (0..1000).map(|number| number.to_string().into_bytes()).collect();
    let made = names.iter().take_while(|name| root.link(name, &file).is_ok()).count();
    assert_eq!((made, free()), ((64 << 10) / 512 - 1, 0));
    assert_eq!(root.link(b"more", &file), Err(Errno::ENOSPC));
    for name in names.iter().take(made) {
        root.unlink(name).unwrap();
    }
    root.unlink(b"file").unwrap();
    assert_eq!(free(), fs.stat().blocks);
}
