use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use abi::Errno;

use super::{Layer, Source, union};
use crate::fs::tmpfs::{Options, Tmpfs};
use crate::testing::Guest;
use crate::vfs::{FileSystem, Inode, OpenFlags};

/// A directory of the host that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(files: &[(&str, &str)]) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("podvisor-overlay-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let scratch = Scratch(std::env::temp_dir().join(unique));
        fs::create_dir(&scratch.0).unwrap();
        for (path, content) in files {
            let path = scratch.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        scratch
    }

    fn at(&self, at: &str) -> Layer {
        Layer { at: at.into(), source: Source::Host { fd: open(&self.0), host_ids: false } }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> OwnedFd {
    fs::File::open(path).unwrap().into()
}

fn root(layers: Vec<Layer>) -> Arc<dyn Inode> {
    Tmpfs::above(union(layers).unwrap(), Options::sized(1 << 20), None).unwrap().root()
}

fn find(root: &Arc<dyn Inode>, path: &str) -> Result<Arc<dyn Inode>, Errno> {
    path.split('/').try_fold(Arc::clone(root), |at, name| at.lookup(name.as_bytes()))
}

fn read(root: &Arc<dyn Inode>, path: &str) -> Result<String, Errno> {
    let file = find(root, path)?.open(&Guest::new().task, OpenFlags::empty())?;
    let mut buffer = [0; 100];
    let length = file.read(&mut buffer, 0)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

fn names(root: &Arc<dyn Inode>, path: &str) -> Vec<String> {
    let directory = find(root, path).unwrap().open(&Guest::new().task, OpenFlags::empty()).unwrap();
    let entries = directory.read_dir(0).unwrap();
    let mut names: Vec<String> =
        entries.iter().skip(2).map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect();
    names.sort();
    names
}

#[test]
fn upper_layers_hide_lower_ones_and_directories_merge() {
    let above = Scratch::new(&[("d/one", "above"), ("file", "above")]);
    let below = Scratch::new(&[("d/one", "below"), ("d/two", "below"), ("file/inside", "below")]);
    let root = root(vec![above.at("/"), below.at("/")]);
    assert_eq!(read(&root, "d/one").unwrap(), "above");
    assert_eq!(read(&root, "d/two").unwrap(), "below");
    assert_eq!(read(&root, "file").unwrap(), "above");
    assert_eq!(names(&root, "d"), ["one", "two"]);
}

#[test]
fn marks_hide_what_is_below_and_are_not_seen() {
    let above = Scratch::new(&[("d/.wh.gone", ""), ("d/kept", ""), ("o/.wh..wh..opq", ""), ("o/new", "")]);
    let below = Scratch::new(&[("d/gone", ""), ("d/other", ""), ("o/old", "")]);
    let root = root(vec![above.at("/"), below.at("/")]);
    assert_eq!(find(&root, "d/gone").err(), Some(Errno::ENOENT));
    assert_eq!(find(&root, "d/.wh.gone").err(), Some(Errno::ENOENT));
    assert_eq!(names(&root, "d"), ["kept", "other"]);
    assert_eq!(names(&root, "o"), ["new"]);
    assert_eq!(find(&root, "o/old").err(), Some(Errno::ENOENT));
}

#[test]
fn layers_are_seen_at_their_paths_only() {
    let tree = Scratch::new(&[("bin/tool", "tool")]);
    let etc = Scratch::new(&[("hosts", "image"), ("passwd", "root")]);
    let root = root(vec![
        Layer { at: "/etc/hosts".into(), source: Source::Bytes { bytes: b"pod".as_slice().into(), mode: 0o640 } },
        Layer { at: "/bin".into(), source: Source::Symlink(b"usr/bin".to_vec()) },
        Layer { at: "/var/tmp".into(), source: Source::Directory { mode: 0o1777 } },
        tree.at("/usr"),
        etc.at("/etc"),
    ]);
    assert_eq!(read(&root, "usr/bin/tool").unwrap(), "tool");
    assert_eq!(read(&root, "etc/hosts").unwrap(), "pod");
    assert_eq!(read(&root, "etc/passwd").unwrap(), "root");
    assert_eq!(find(&root, "bin").unwrap().link_text().unwrap(), b"usr/bin");
    assert_eq!(find(&root, "var/tmp").unwrap().stat().unwrap().mode, 0o041777);
    assert_eq!(find(&root, "etc/hosts").unwrap().stat().unwrap().mode, 0o100640);
    assert_eq!(find(&root, "tmp").err(), Some(Errno::ENOENT));
}

#[test]
fn a_name_is_listed_with_the_number_that_stat_tells() {
    let above = Scratch::new(&[("d/one", "")]);
    let below = Scratch::new(&[("d/two", ""), ("e/three", "")]);
    let deep = Scratch::new(&[("four", "")]);
    let root = root(vec![deep.at("/e/f"), above.at("/"), below.at("/")]);
    for path in ["d", "e"] {
        let directory = find(&root, path).unwrap();
        let open = Arc::clone(&directory).open(&Guest::new().task, OpenFlags::empty()).unwrap();
        for entry in open.read_dir(0).unwrap().iter().skip(2) {
            assert_eq!(directory.lookup(&entry.name).unwrap().stat().unwrap().ino, entry.ino);
        }
    }
    let shown = Arc::clone(&root).open(&Guest::new().task, OpenFlags::empty()).unwrap().read_dir(0).unwrap();
    for entry in shown.iter().skip(2) {
        assert_eq!(root.lookup(&entry.name).unwrap().stat().unwrap().ino, entry.ino);
    }
}

#[test]
fn a_lower_directory_is_renamed_with_all_that_is_in_it() {
    let below = Scratch::new(&[("d/sub/file", "text"), ("d/other", "")]);
    let root = root(vec![below.at("/")]);
    assert_eq!(root.rename(b"d", &root, b"e", 0), Ok(()));
    assert_eq!(read(&root, "e/sub/file").unwrap(), "text");
    assert_eq!(names(&root, "e"), ["other", "sub"]);
    assert_eq!(find(&root, "d").err(), Some(Errno::ENOENT));
    assert!(below.0.join("d/sub/file").exists());
}

#[test]
fn hard_links_of_a_layer_are_one_file_also_after_a_change() {
    let below = Scratch::new(&[("one", "text")]);
    fs::hard_link(below.0.join("one"), below.0.join("two")).unwrap();
    let root = root(vec![below.at("/")]);
    let file = find(&root, "one").unwrap().open(&Guest::new().task, OpenFlags::RDWR).unwrap();
    file.write(b"new!", 0).unwrap();
    drop(file);
    assert_eq!(read(&root, "two").unwrap(), "new!");
    assert_eq!(fs::read_to_string(below.0.join("two")).unwrap(), "text");
}
