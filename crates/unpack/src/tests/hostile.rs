use super::archive::{Archive, Fields, gnu_sparse};
use super::layers::gzip;
use super::{LIMITS, Limits, Reason, Tree, refused, unpacked};

#[track_caller]
fn says(archive: Archive, words: &str) {
    let refusal = refused(archive);
    assert_eq!(refusal.reason, Reason::InvalidLayer, "{}", refusal.message);
    assert!(refusal.message.contains(words), "{}", refusal.message);
    assert!(!refusal.message.contains('\n'));
}

#[test]
fn names_that_lead_outside_are_refused() {
    for name in ["../escape", "a/../../escape", "/../escape"] {
        says(Archive::new().file(name, ""), "outside of the layer");
    }
    assert_eq!(Tree::of(Archive::new().file("/etc/passwd", "mine")).text("etc/passwd"), "mine");
    says(Archive::new().hard_link("link", "../../etc/passwd"), "outside of the layer");
    says(Archive::new().pax(&[("path", b"a\0b")]).file("a", ""), "zero byte");
}

#[test]
fn entries_below_what_is_no_directory_are_refused() {
    says(Archive::new().file("file", "").file("file/below", ""), "not a directory");
    says(Archive::new().symlink("loop", "loop").file("loop/below", ""), "too many levels of symbolic links");
    says(Archive::new().file(".wh.name/below", ""), "whiteout");
    says(Archive::new().file("./", ""), "the root is a directory");
}

#[test]
fn hard_links_to_directories_are_refused() {
    says(Archive::new().directory("d/", 0o755).hard_link("link", "d"), "a hard link to a directory");
    says(Archive::new().hard_link("link", "/"), "a hard link to a directory");
}

#[test]
fn whiteouts_of_no_proper_name_are_refused() {
    for name in [".wh.", ".wh..", ".wh...", "d/.wh..."] {
        says(Archive::new().file(name, ""), "whiteout");
    }
}

#[test]
fn archives_that_end_in_the_middle_are_refused() {
    let whole = Archive::new().file("first", "text").file("second", &"x".repeat(2000)).cut();
    for length in [100, 512 + 3, 1024 + 512, whole.len() - 100] {
        let refusal = unpacked(whole[..length].to_vec(), LIMITS).unwrap_err();
        assert!(refusal.message.ends_with("the archive ends in the middle"), "{}", refusal.message);
    }
    let zipped = gzip(&whole);
    let refusal = unpacked(zipped[..zipped.len() - 20].to_vec(), LIMITS).unwrap_err();
    assert!(refusal.message.contains("compression is broken"), "{}", refusal.message);
    assert!(unpacked(whole.clone(), LIMITS).is_ok(), "the blocks of zeros may be missing");
    assert!(unpacked(whole[..whole.len() - 48].to_vec(), LIMITS).is_ok(), "and the zeros behind the data");
}

#[test]
fn garbage_is_refused() {
    let message = |bytes: &[u8]| unpacked(bytes.to_vec(), LIMITS).unwrap_err().message;
    assert!(message(&[7; 5000]).contains("not a tar archive"));
    assert!(message(b"BZh91AY&SY").contains("bzip2"));
    assert!(message(b"\xfd7zXZ\0\0\0").contains("xz"));
    assert!(message(&[b"\x1f\x8b".as_slice(), &[9; 100]].concat()).contains("compression is broken"));
    let behind = [gzip(&Archive::new().file("a", "").end()), b"garbage".to_vec()].concat();
    assert!(message(&behind).contains("compression is broken"));
    let lone = Archive::new().file("a", "").raw(&[0; 512]).file("b", "").end();
    assert!(message(&lone).contains("a header follows its end"));
}

#[test]
fn sizes_that_lie_are_refused() {
    let told = |size| Fields { size: Some(size), ..Fields::default() };
    let archive = Archive::new().entry("file", told(1 << 32), "short");
    assert_eq!(unpacked(archive.cut(), LIMITS).unwrap_err().message, "entry \"file\": the archive ends in the middle");
    let header = Archive::new().entry("x", Fields { kind: b'x', ..told(1 << 30) }, "").end();
    assert!(unpacked(header, LIMITS).unwrap_err().message.contains("more than 1 MiB"));
    let link = Fields { kind: b'2', link: b"target".to_vec(), ..told(4096) };
    let tree = Tree::of(Archive::new().entry("link", link, "").file("after", "text"));
    assert_eq!(tree.text("after"), "text", "no data follows a link, whatever it says");
}

#[test]
fn maps_of_sparse_files_that_lie_are_refused() {
    let sparse = |pieces: &[(u64, u64)], size, data: &[u8]| Archive::new().raw(&gnu_sparse("s", pieces, size, data));
    says(sparse(&[(0, 100), (50, 100)], 1000, &[1; 200]), "out of order");
    says(sparse(&[(900, 200)], 1000, &[1; 200]), "out of order");
    says(sparse(&[(0, 512)], 1000, &[1; 100]), "more data than there is");
    let count = [("GNU.sparse.major", b"1".as_slice()), ("GNU.sparse.realsize", b"10")];
    let archive =
        Archive::new().pax(&count).entry("s", Fields::default(), "99999999999\n".to_owned() + &"\0".repeat(600));
    assert_eq!(refused(archive).reason, Reason::TooLarge);
    let huge = sparse(&[(1 << 32, 1)], (1 << 33) - 1, b"x");
    let tree = Tree::of(huge);
    assert_eq!(tree.inode("s").size, (1 << 33) - 1, "a hole of gigabytes costs nothing");
}

#[test]
fn bombs_end_at_the_limit() {
    let zeros = Archive::new().file("zeros", &"\0".repeat(64 << 20)).end();
    let limits = Limits { max_bytes: 1 << 20, ..LIMITS };
    for bomb in [gzip(&zeros), zeros] {
        assert_eq!(unpacked(bomb, limits).unwrap_err().reason, Reason::TooLarge);
    }
}

#[test]
fn entries_beyond_the_limit_are_refused() {
    let archive = (0..20).fold(Archive::new(), |archive, number| archive.file(format!("{number}"), ""));
    let limits = Limits { max_entries: 10, ..LIMITS };
    let refusal = unpacked(archive.end(), limits).unwrap_err();
    assert_eq!((refusal.reason, refusal.message.as_str()), (Reason::TooLarge, "the layer has more than 10 entries"));
}

#[test]
fn attributes_without_end_are_refused() {
    let value = vec![b'x'; 60_000];
    let one = |archive: Archive, number: usize| {
        let records: Vec<(String, &[u8])> =
            (0..4).map(|index| (format!("SCHILY.xattr.user.{index}"), value.as_slice())).collect();
        let records: Vec<(&str, &[u8])> = records.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        archive.pax(&records).file(format!("f{number}"), "")
    };
    let refusal = refused((0..1200).fold(Archive::new(), one));
    assert_eq!(refusal.reason, Reason::TooLarge, "{}", refusal.message);
    says(Archive::new().pax(&[("SCHILY.xattr.user.long", &[b'x'; 70_000])]).file("f", ""), "is too long");
}

#[test]
fn marks_are_nothing_that_a_layer_sets_itself() {
    let tree = Tree::of(
        Archive::new()
            .pax(&[
                ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
                ("SCHILY.xattr.trusted.podvisor.implied", b"y"),
                ("SCHILY.xattr.user.kept", b"1"),
                ("SCHILY.xattr.system.unknown", b"1"),
            ])
            .directory("d/", 0o755),
    );
    assert_eq!(tree.xattrs("d"), [("user.kept".to_owned(), b"1".to_vec())]);
}

#[test]
fn deep_nesting_needs_no_stack() {
    let deep = "d/".repeat(2000);
    let mut archive = Archive::new();
    for number in 0..20 {
        let path = format!("{}{deep}", if number == 0 { String::new() } else { format!("l{}/", number - 1) });
        archive = archive.pax(&[("path", path.as_bytes())]).directory("", 0o755);
        let target = format!("{}{}", if number == 0 { String::new() } else { format!("l{}/", number - 1) }, deep);
        archive =
            archive.pax(&[("linkpath", target.trim_end_matches('/').as_bytes())]).symlink(&format!("l{number}"), "");
    }
    let tree = Tree::of(archive);
    assert!(tree.inode("d/d/d").is_directory());
}

#[test]
fn header_fields_that_are_no_numbers_are_refused() {
    let mut header = Archive::new().file("file", "").cut();
    header[108..116].copy_from_slice(b"zzzzzzz\0");
    header[148..156].fill(b' ');
    let sum: u32 = header[..512].iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert!(unpacked(header, LIMITS).unwrap_err().message.contains("entry \"file\": a number in its header"));
    says(Archive::new().entry("v", Fields { kind: b'M', ..Fields::default() }, ""), "entries of type 'M'");
    let device = Fields { kind: b'4', device: (0o10_000, 0), ..Fields::default() };
    says(Archive::new().entry("dev", device, ""), "is no device");
}

/// An archive of so many empty files, made while it is read.
struct Many {
    next: u32,
    end: u32,
    left: Vec<u8>,
}

impl std::io::Read for Many {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left.is_empty() && self.next < self.end {
            self.left = Archive::new().file(format!("d{}/{}", self.next / 1000, self.next), "").cut();
            self.next += 1;
        }
        let length = self.left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.left[..length]);
        self.left.drain(..length);
        Ok(length)
    }
}

#[test]
#[ignore = "takes long: make test-images"]
fn a_million_names_are_unpacked_merged_and_found_and_many_more_refused() {
    let unpack = |end| {
        let image = super::scratch();
        crate::layer(Many { next: 0, end, left: vec![] }, &image, LIMITS, || Ok(())).map(|_| image)
    };
    let layer = unpack(1_000_000).unwrap();
    let merged = super::scratch();
    assert_eq!(crate::merge(std::slice::from_ref(&layer), &merged).unwrap().inodes, 1_001_001);
    let tree = Tree { image: merged, devices: vec![layer] };
    assert!(tree.find(b"d999/999999").is_some() && tree.find(b"d999/1000000").is_none());
    assert_eq!(tree.names("d500").len(), 1000);
    assert_eq!(unpack(3_000_000).unwrap_err().reason, Reason::TooLarge);
}
