use super::archive::{Archive, Fields, gnu_sparse};
use super::{LIMITS, Tree, unpacked};

#[test]
fn attributes_of_a_layer_are_those_of_its_entries() {
    let fields = Fields { mode: 0o4755, uid: 33, gid: 44, mtime: 1_700_000_000, ..Fields::default() };
    let device = Fields { kind: b'3', mode: 0o660, device: (5, 300), ..Fields::default() };
    let tree = Tree::of(
        Archive::new()
            .directory("d/", 0o1777)
            .entry("d/setuid", fields, "text")
            .pax(&[("uid", b"4000000000"), ("mtime", b"12.25"), ("SCHILY.xattr.security.capability", b"\x01\0\n\xff")])
            .file("pax", "")
            .entry("null", device, "")
            .entry("fifo", Fields { kind: b'6', ..Fields::default() }, "")
            .symlink("link", "../../etc/passwd"),
    );
    let inode = tree.inode("d/setuid");
    assert_eq!((inode.mode, inode.uid, inode.gid, inode.mtime), (0o104_755, 33, 44, 1_700_000_000));
    assert_eq!(tree.text("d/setuid"), "text");
    let directory = tree.inode("d");
    assert_eq!((directory.mode, directory.nlink), (0o041_777, 2));
    let pax = tree.inode("pax");
    assert_eq!((pax.uid, pax.mtime, pax.mtime_nsec), (4_000_000_000, 12, 250_000_000));
    assert_eq!(tree.xattrs("pax"), [("security.capability".to_owned(), b"\x01\0\n\xff".to_vec())]);
    assert_eq!(erofs::layout::decode_device(tree.inode("null").device()), (5, 300));
    assert_eq!(tree.inode("fifo").mode & 0o170_000, 0o010_000);
    assert_eq!(tree.link("link"), "../../etc/passwd");
    assert_eq!(tree.names("/"), ["d", "fifo", "link", "null", "pax"]);
}

#[test]
fn hard_links_are_one_inode() {
    let tree = Tree::of(Archive::new().file("a", "text").hard_link("d/b", "a").hard_link("c", "/d/../d/b"));
    let first = tree.inode("a");
    assert_eq!((first.nlink, tree.inode("d/b").nid, tree.inode("c").nid), (3, first.nid, first.nid));
}

#[test]
fn data_of_files_begins_with_a_page() {
    let large = "0123456789".repeat(1000);
    let tree = Tree::of(Archive::new().file("small", "x").file("large", &large));
    for path in ["small", "large"] {
        let run = tree.open().run(&tree.inode(path), 0).unwrap().unwrap();
        assert_eq!((run.at.unwrap() % 4096, run.length), (0, tree.inode(path).size));
    }
    assert_eq!(tree.text("large"), large);
}

#[test]
fn directories_of_many_names_are_found_and_listed_in_order() {
    let names: Vec<String> = (0..3000).map(|number| format!("{number:07}-{}", "n".repeat(number % 200))).collect();
    let archive = names.iter().fold(Archive::new().file("d/+", ""), |archive, name| {
        archive.pax(&[("path", format!("d/{name}").as_bytes())]).file("", name)
    });
    let tree = Tree::of(archive);
    let mut all = names.clone();
    all.insert(0, "+".to_owned());
    assert_eq!(tree.names("d"), all);
    for name in names.iter().step_by(97) {
        assert_eq!(&tree.text(&format!("d/{name}")), name);
    }
    assert!(tree.find(b"d/absent").is_none());
}

#[test]
fn long_names_come_in_both_formats() {
    let long = "x/".repeat(120) + "file";
    let gnu = |kind, text: &str| Fields { kind, size: Some(text.len() as u64 + 1), ..Fields::default() };
    let tree = Tree::of(
        Archive::new()
            .entry("././@LongLink", gnu(b'L', &long), format!("{long}\0"))
            .file("cut", "gnu")
            .pax(&[("path", format!("pax/{long}").as_bytes())])
            .file("cut", "pax")
            .entry("././@LongLink", gnu(b'K', &long), format!("{long}\0"))
            .symlink("link", "cut"),
    );
    assert_eq!(tree.text(&long), "gnu");
    assert_eq!(tree.text(&format!("pax/{long}")), "pax");
    assert_eq!(tree.link("link"), long);
}

#[test]
fn names_are_bytes() {
    let tree = Tree::of(Archive::new().file(b"a\nb", "newline").file(b"\xff\xfe", "no text"));
    assert_eq!(tree.find(b"a\nb").unwrap().size, 7);
    assert_eq!(tree.find(b"\xff\xfe").unwrap().size, 7);
}

#[test]
fn sparse_files_of_every_format_have_their_holes() {
    let mut expected = vec![0; 3 << 20];
    expected[4096..8192].fill(b'a');
    expected[2 << 20..(2 << 20) + 100].fill(b'b');
    let pieces = [(4096, 4096), (2 << 20, 100)];
    let data = [vec![b'a'; 4096], vec![b'b'; 100]].concat();
    let size = expected.len().to_string();
    let one = format!("2\n4096\n4096\n{}\n100\n", 2 << 20);
    let mut with_map = one.into_bytes();
    with_map.resize(512, 0);
    with_map.extend(&data);
    let tree = Tree::of(
        Archive::new()
            .raw(&gnu_sparse("old", &pieces, expected.len() as u64, &data))
            .pax(&[
                ("GNU.sparse.size", size.as_bytes()),
                ("GNU.sparse.numblocks", b"2"),
                ("GNU.sparse.offset", b"4096"),
                ("GNU.sparse.numbytes", b"4096"),
                ("GNU.sparse.offset", b"2097152"),
                ("GNU.sparse.numbytes", b"100"),
            ])
            .entry("0.0", Fields::default(), &data)
            .pax(&[
                ("GNU.sparse.size", size.as_bytes()),
                ("GNU.sparse.name", b"0.1"),
                ("GNU.sparse.map", b"4096,4096,2097152,100"),
            ])
            .entry("GNUSparseFile.0/x", Fields::default(), &data)
            .pax(&[
                ("GNU.sparse.major", b"1"),
                ("GNU.sparse.minor", b"0"),
                ("GNU.sparse.name", b"1.0"),
                ("GNU.sparse.realsize", size.as_bytes()),
            ])
            .entry("GNUSparseFile.0/x", Fields::default(), &with_map),
    );
    for name in ["old", "0.0", "0.1", "1.0"] {
        assert!(tree.read(name) == expected, "{name}");
        assert!(tree.open().run(&tree.inode(name), 0).unwrap().unwrap().at.is_none(), "{name} begins with a hole");
    }
    assert!(
        std::os::unix::fs::MetadataExt::blocks(&tree.image.metadata().unwrap()) * 512 < 1 << 20,
        "holes take no room"
    );
}

#[test]
fn later_entries_take_the_place_of_earlier_ones() {
    let tree = Tree::of(
        Archive::new()
            .file("file", "first")
            .file("file", "second")
            .directory("d/", 0o700)
            .file("d/kept", "kept")
            .directory("d/", 0o755)
            .file("becomes", "a directory")
            .directory("becomes/", 0o755)
            .file("gone/below", "")
            .file("gone", "a file"),
    );
    assert_eq!(tree.text("file"), "second");
    assert_eq!((tree.inode("d").mode & 0o777, tree.text("d/kept")), (0o755, "kept".to_owned()));
    assert!(tree.inode("becomes").is_directory());
    assert_eq!(tree.text("gone"), "a file");
}

#[test]
fn links_on_the_way_lead_below_the_root() {
    let tree = Tree::of(
        Archive::new()
            .symlink("bin", "usr/bin")
            .file("bin/tool", "tool")
            .symlink("out", "../../../../etc")
            .file("out/passwd", "mine")
            .symlink("usr/abs", "/var")
            .file("usr/abs/log", "log"),
    );
    assert_eq!(tree.text("usr/bin/tool"), "tool");
    assert_eq!(tree.text("etc/passwd"), "mine");
    assert_eq!(tree.text("var/log"), "log");
}

#[test]
fn the_digest_is_that_of_all_uncompressed_bytes() {
    use sha2::{Digest, Sha256};
    let mut tar = Archive::new().file("a", "text").end();
    tar.extend(b"what follows the archive is no part of it, but of the layer");
    let (_, summary) = unpacked(tar.clone(), LIMITS).unwrap();
    assert_eq!(summary.diff_id.as_slice(), Sha256::digest(&tar).as_slice());
    assert_eq!((summary.tar_bytes, summary.entries), (tar.len() as u64, 1));
    for compressed in [gzip(&tar), [gzip(&tar[..700]), gzip(&tar[700..])].concat()] {
        let (file, zipped) = unpacked(compressed, LIMITS).unwrap();
        assert_eq!(zipped, summary);
        assert_eq!(Tree { image: file, devices: vec![] }.text("a"), "text");
    }
    let zstd = |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
    let skipped = [b"\x50\x2a\x4d\x18\x04\0\0\0skip".to_vec(), zstd(&tar[..700]), zstd(&tar[700..])].concat();
    for compressed in [zstd(&tar), skipped] {
        assert_eq!(unpacked(compressed, LIMITS).unwrap().1, summary);
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
