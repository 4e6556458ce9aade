//! Images as archives again: the very same one, or another that says the same.

use std::os::unix::fs::FileExt;

use super::archive::{Archive, Fields};
use super::layers::gzip;
use super::{LIMITS, Tree, scratch, unpacked};
use crate::recipe::TAIL;
use crate::{Archived, Reason, archive, export, list};

/// The archive that the image of the layer `bytes` gives again.
#[track_caller]
fn comes_back(bytes: &[u8], layer: Vec<u8>) {
    let (image, summary) = unpacked(layer, LIMITS).unwrap();
    let mut again = Vec::new();
    let archived = archive(&image, &mut again).unwrap();
    assert!(again == bytes, "{} bytes of {}", again.len(), bytes.len());
    assert_eq!(archived, Archived { diff_id: summary.diff_id, tar_bytes: bytes.len() as u64 });
}

#[test]
fn the_archive_of_a_layer_comes_back_byte_for_byte() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let archive = Archive::new()
        .file("d/file", "first")
        .entry("large", Fields::default(), &large)
        .entry("secret", Fields { mode: 0o600, uid: 7, ..Fields::default() }, "only for some")
        .file("d/file", "second, in place of the first")
        .hard_link("link", "d/file")
        .pax(&[("SCHILY.xattr.user.a", b"b"), ("comment", b"nobody reads this")])
        .file("d/.wh.gone", "what is in a whiteout, though nothing should be")
        .entry("d/.wh.large", Fields::default(), &large)
        .pax(&[("GNU.sparse.size", b"100000"), ("GNU.sparse.map", b"50000,4")])
        .file("sparse", "text and more than the map names")
        .pax(&[("GNU.sparse.size", b"0"), ("GNU.sparse.map", b"0,0")])
        .entry("empty", Fields::default(), &large);
    let behind = [archive.clone().end(), vec![0; 9000], large].concat();
    comes_back(&behind, gzip(&behind));
    let cut = archive.cut();
    comes_back(&cut, cut.clone());
    comes_back(&[], vec![]);
}

#[test]
fn headers_of_many_entries_take_little_room() {
    let archive = (0..20_000).fold(Archive::new(), |archive, number| archive.file(format!("d/{number}"), "")).end();
    let (image, summary) = unpacked(archive.clone(), LIMITS).unwrap();
    comes_back(&archive, archive.clone());
    let metadata = 20_000 * (64 + 12 + 5);
    let before = erofs::layout::PUBLIC_FROM + metadata;
    assert!(summary.image_bytes < before + archive.len() as u64 / 10, "{}", summary.image_bytes - before);
    drop(image);
}

#[test]
fn a_layer_that_says_nothing_of_its_archive_or_contradicts_itself_is_refused() {
    let (image, summary) = unpacked(Archive::new().file("a", &"text".repeat(100)).end(), LIMITS).unwrap();
    let mut bytes = vec![0; summary.image_bytes as usize];
    image.read_exact_at(&mut bytes, 0).unwrap();
    let refused = |bytes: &[u8]| {
        let file = scratch();
        file.write_all_at(bytes, 0).unwrap();
        archive(&file, std::io::sink()).unwrap_err().reason
    };
    assert_eq!(refused(&bytes[..bytes.len() - 4096]), Reason::Unsupported);
    assert_eq!(refused(b""), Reason::Unsupported);
    for (at, value) in [(TAIL, 1_u64), (TAIL - 8, u64::MAX), (TAIL - 8, 0), (TAIL + 12, 1 << 60), (TAIL + 12, 0)] {
        let mut damaged = bytes.clone();
        let at = damaged.len() - at;
        damaged[at..at + 8].copy_from_slice(&value.to_le_bytes());
        assert_eq!(refused(&damaged), Reason::InvalidLayer, "{at} {value}");
    }
}

#[test]
fn an_image_becomes_an_archive_that_says_the_same() {
    let long = "n/".repeat(80) + &"x".repeat(200);
    let sample = Archive::new()
        .directory("./", 0o751)
        .directory("d/", 0o755)
        .entry("d/setuid", Fields { mode: 0o4755, uid: 33, mtime: 1_700_000_000, ..Fields::default() }, "text")
        .hard_link("second", "d/setuid")
        .pax(&[
            ("path", long.as_bytes()),
            ("uid", b"4000000000"),
            ("mtime", b"-1.25"),
            ("SCHILY.xattr.user.a", b"\0=\n"),
        ])
        .file("", "")
        .entry("null", Fields { kind: b'3', device: (5, 300), ..Fields::default() }, "")
        .entry("fifo", Fields { kind: b'6', ..Fields::default() }, "")
        .symlink("link", &"t/".repeat(45))
        .pax(&[("GNU.sparse.size", b"3000000"), ("GNU.sparse.map", b"1000000,4"), ("GNU.sparse.name", b"sparse")])
        .file("x", "text")
        .entry(b"a\nb\xff", Fields::default(), "bytes");
    let first = Tree::of(sample);
    let mut bytes = Vec::new();
    let exported = export(&first.image, &mut bytes).unwrap();
    assert_eq!((exported.tar_bytes, exported.skipped), (bytes.len() as u64, 0));
    assert!(bytes.len() < 400_000, "holes stay holes");
    let second = Tree { image: unpacked(bytes.clone(), LIMITS).unwrap().0, devices: vec![] };
    for path in ["/", "d", "d/setuid", &long, "null", "fifo", "link", "sparse"] {
        let (a, b) = (first.inode(path), second.inode(path));
        let of = |one: &erofs::Inode| (one.mode, one.uid, one.gid, one.mtime, one.mtime_nsec, one.size, one.device());
        let special = a.mode & 0o170_000 == 0o020_000;
        assert_eq!(
            (of(&a).0, of(&a).1, of(&a).3, of(&a).4, of(&a).5),
            (of(&b).0, of(&b).1, of(&b).3, of(&b).4, of(&b).5)
        );
        assert!(!special || a.device() == b.device());
        assert_eq!((first.xattrs(path), a.nlink), (second.xattrs(path), b.nlink), "{path}");
    }
    assert_eq!(first.link("link"), second.link("link"));
    assert_eq!((first.read("sparse"), first.text("second")), (second.read("sparse"), second.text("second")));
    assert_eq!(second.find(b"a\nb\xff").unwrap().size, 5);
    let again = |image: &std::fs::File| {
        let mut bytes = Vec::new();
        export(image, &mut bytes).unwrap();
        bytes
    };
    let once = again(&second.image);
    assert!(again(&unpacked(once.clone(), LIMITS).unwrap().0) == once, "once more it is the same");
}

#[test]
fn members_are_listed_with_their_places() {
    let confine = || Ok(());
    let bytes = Archive::new()
        .directory("blobs/", 0o755)
        .pax(&[("path", b"blobs/long")])
        .file("", "content")
        .symlink("a", "blobs/long")
        .end();
    let copy = scratch();
    let listed = list(std::io::Cursor::new(gzip(&bytes)), Some(&copy), LIMITS, confine).unwrap();
    let found: Vec<(&str, &str, u64)> =
        listed.members.iter().map(|one| (one.name.as_str(), one.link.as_str(), one.size)).collect();
    assert_eq!(found, [("blobs/long", "", 7), ("a", "blobs/long", 0)]);
    let mut content = [0; 7];
    copy.read_exact_at(&mut content, listed.members[0].offset).unwrap();
    assert_eq!((&content, listed.more, listed.tar_bytes), (b"content", false, bytes.len() as u64));
    assert_eq!(copy.metadata().unwrap().len(), bytes.len() as u64);
    let odd = list(std::io::Cursor::new(Archive::new().file(b"\xff", "").end()), None, LIMITS, confine).unwrap();
    assert!(odd.more && odd.members.is_empty());
    let sparse =
        Archive::new().pax(&[("GNU.sparse.size", b"99"), ("GNU.sparse.map", b"50,4")]).file("manifest.json", "text");
    let sparse = list(std::io::Cursor::new(sparse.end()), None, LIMITS, confine).unwrap();
    assert!(sparse.more && sparse.members.is_empty());
    let bomb = gzip(&Archive::new().file("zeros", &"\0".repeat(8 << 20)).end());
    let limits = crate::Limits { max_bytes: 1 << 20, ..LIMITS };
    assert_eq!(list(std::io::Cursor::new(bomb), None, limits, confine).unwrap_err().reason, Reason::TooLarge);
}

#[test]
fn headers_that_only_say_more_have_an_end() {
    let archive = (0..100).fold(Archive::new(), |archive, _| archive.pax(&[("comment", b"x")])).file("a", "");
    let refusal = unpacked(archive.end(), LIMITS).unwrap_err();
    assert!(refusal.message.contains("more than 64 extended headers"), "{}", refusal.message);
}
