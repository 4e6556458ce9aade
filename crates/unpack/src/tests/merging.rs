use super::archive::{Archive, Fields};
use super::{Reason, merged};

#[test]
fn upper_layers_hide_lower_ones_and_directories_merge() {
    let lower = Archive::new().directory("d/", 0o700).file("d/one", "below").file("d/two", "below").file("f/in", "");
    let upper = Archive::new().directory("d/", 0o755).file("d/one", "above").file("f", "a file now");
    let tree = merged(vec![lower, upper]).unwrap();
    assert_eq!((tree.text("d/one"), tree.text("d/two")), ("above".into(), "below".into()));
    assert_eq!(tree.inode("d").mode & 0o777, 0o755);
    assert_eq!(tree.text("f"), "a file now");
}

#[test]
fn a_directory_that_no_entry_describes_keeps_what_lower_layers_say() {
    let lower = Archive::new().entry("d/", Fields { kind: b'5', mode: 0o700, uid: 7, ..Fields::default() }, "");
    let tree = merged(vec![lower, Archive::new().file("d/new", "")]).unwrap();
    assert_eq!((tree.inode("d").mode & 0o777, tree.inode("d").uid), (0o700, 7));
    assert_eq!(tree.inode("/").mode, 0o040_755);
}

#[test]
fn whiteouts_hide_what_lower_layers_have_only() {
    let lower = Archive::new().file("d/gone", "").file("d/kept", "").file("e/x", "").file("again/old", "");
    let upper = Archive::new()
        .file("d/.wh.gone", "")
        .file("d/.wh.never", "")
        .file("foreign/.wh.name", "")
        .file(".wh.e", "")
        .file("again/new", "")
        .file(".wh.again", "")
        .file("d/.wh..wh.aufs", "");
    let tree = merged(vec![lower, upper]).unwrap();
    assert_eq!(tree.names("/"), ["again", "d", "foreign"]);
    assert_eq!(tree.names("d"), ["kept"]);
    assert_eq!(tree.names("again"), ["new"]);
    assert!(tree.names("foreign").is_empty());
}

#[test]
fn opaque_directories_hide_all_below_whichever_entry_comes_first() {
    let lower = || Archive::new().file("d/old", "").file("d/sub/old", "");
    for upper in [
        Archive::new().file("d/.wh..wh..opq", "").file("d/new", ""),
        Archive::new().file("d/new", "").file("d/.wh..wh..opq", ""),
        Archive::new().file(".wh.d", "").file("d/new", ""),
        Archive::new().file("d", "").directory("d/", 0o755).file("d/new", ""),
    ] {
        let tree = merged(vec![lower(), upper, Archive::new().file("d/third", "")]).unwrap();
        assert_eq!(tree.names("d"), ["new", "third"]);
        assert!(tree.xattrs("d").is_empty());
    }
}

#[test]
fn hard_links_reach_across_layers() {
    let lower = Archive::new().file("a", "text").hard_link("b", "a");
    let upper = Archive::new().hard_link("c", "a").file("b", "own");
    let tree = merged(vec![lower, upper]).unwrap();
    assert_eq!((tree.inode("a").nid, tree.inode("a").nlink), (tree.inode("c").nid, 2));
    assert_eq!((tree.text("b"), tree.inode("b").nlink), ("own".into(), 1));
}

#[test]
fn hard_links_to_what_is_not_there_are_refused() {
    for lower in [Archive::new(), Archive::new().directory("gone/", 0o755), Archive::new().file("other", "")] {
        let refusal = merged(vec![lower, Archive::new().hard_link("d/link", "gone")]).err().expect("it is refused");
        assert_eq!(refusal.reason, Reason::InvalidLayer);
        assert_eq!(refusal.message, "layer 2: entry \"link\": a hard link to \"gone\", which is not there");
    }
    let hidden = merged(vec![Archive::new().file("a", ""), Archive::new().file(".wh.a", "").hard_link("b", "a")]);
    assert!(hidden.is_err());
}

#[test]
fn names_below_a_link_of_a_lower_layer_go_where_it_leads() {
    let lower = Archive::new().file("usr/bin/old", "").symlink("bin", "usr/bin").symlink("usr/lib64", "../lib");
    let upper = Archive::new().file("bin/new", "").file("lib/x", "").file("usr/lib64/y", "");
    let tree = merged(vec![lower, upper]).unwrap();
    assert_eq!(tree.names("usr/bin"), ["new", "old"]);
    assert_eq!(tree.link("bin"), "usr/bin");
    let replaced = merged(vec![
        Archive::new().file("usr/bin/old", "").symlink("bin", "usr/bin"),
        Archive::new().directory("bin/", 0o755).file("bin/new", ""),
    ]);
    assert_eq!(replaced.unwrap().names("bin"), ["new"]);
}

#[test]
fn one_layer_and_forty_give_trees_alike() {
    let layers: Vec<Archive> =
        (0..40).map(|number| Archive::new().file(format!("d/{number:02}"), &number.to_string())).collect();
    let tree = merged(layers).unwrap();
    assert_eq!(tree.names("d").len(), 40);
    assert_eq!(tree.text("d/39"), "39");
    let run = tree.open().run(&tree.inode("d/39"), 0).unwrap().unwrap();
    assert_eq!(run.device, 40);
}

#[test]
fn sparse_files_stay_sparse() {
    let mut data = vec![0_u8; 512];
    data[..15].copy_from_slice(b"1\n1048576\n4096\n");
    data.extend([b'x'; 4096]);
    let records: [(&str, &[u8]); 3] =
        [("GNU.sparse.major", b"1"), ("GNU.sparse.name", b"s"), ("GNU.sparse.realsize", b"2000000")];
    let tree = merged(vec![Archive::new().pax(&records).entry("x", Fields::default(), &data)]).unwrap();
    let bytes = tree.read("s");
    assert_eq!(bytes.len(), 2_000_000);
    assert_eq!(bytes.iter().filter(|byte| **byte == b'x').count(), 4096);
    assert_eq!(bytes[1 << 20], b'x');
    assert!(tree.open().run(&tree.inode("s"), 0).unwrap().unwrap().at.is_none());
}

/// Whether the file may be mapped where it lies.
fn is_public(tree: &super::Tree, path: &str) -> bool {
    let run = tree.open().run(&tree.inode(path), 0).unwrap().unwrap();
    tree.open().is_public(run.device, run.at.unwrap())
}

#[test]
fn what_only_some_may_read_lies_before_what_everybody_may() {
    let secret = Fields { mode: 0o640, ..Fields::default() };
    let archive = Archive::new()
        .file("public", "x")
        .entry("shadow", secret.clone(), "x")
        .directory("root/", 0o700)
        .file("root/key", "x");
    let tree = merged(vec![archive]).unwrap();
    assert_eq!(["public", "shadow", "root/key"].map(|path| is_public(&tree, path)), [true, false, false]);
    let large = Archive::new().file("public", "x").entry("data", secret, vec![1; 5 << 20]);
    assert!(!is_public(&merged(vec![large]).unwrap(), "public"), "what follows it is not for everybody");
}

#[test]
fn an_upper_layer_that_closes_a_directory_is_heeded() {
    let lower = || Archive::new().directory("d/", 0o755).file("d/file", "x").file("public", "x");
    assert!(is_public(&merged(vec![lower()]).unwrap(), "public"));
    let tree = merged(vec![lower(), Archive::new().directory("d/", 0o700)]).unwrap();
    assert!(!is_public(&tree, "d/file"));
    assert!(!is_public(&tree, "public"), "it lies beside what is not for everybody any more");
    let implied = merged(vec![Archive::new().directory("d/", 0o700), Archive::new().file("d/file", "x")]).unwrap();
    assert!(!is_public(&implied, "d/file"));
}
