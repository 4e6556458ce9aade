//! Damaged images: whatever is changed in them, what a guest can ask is answered or an error of the filesystem.
//!
//! Seeded, so that a failure comes again; its number is in the message. With $PODVISOR_ROUNDS it is so many times as long.

use std::fs::File;
use std::io::Cursor;
use std::os::unix::fs::FileExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use abi::Errno;

use super::ErofsImage;
use crate::fs::tmpfs::lower::LowerContent;

const ROUNDS: u64 = 500;
/// What a damaged filesystem may answer, beside being whole: errno(3), and a file that has no more data.
const ERRORS: [Errno; 4] = [Errno::EUCLEAN, Errno::EIO, Errno::EOPNOTSUPP, Errno::ENXIO];
/// Where a layer's image keeps its superblock's flags, the first of which says that it has a checksum.
const FLAGS: usize = 1024 + 8;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

fn scratch() -> File {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("podvisor-kernel-erofs-{}-{number}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

fn header(name: &str, kind: u8, size: usize, link: &str) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000755\x000000000\x000000000\0");
    put(124, format!("{size:011o}").as_bytes());
    put(136, b"00000000000\0        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

/// A layer with something of everything.
fn archive() -> Vec<u8> {
    let record = b"30 SCHILY.xattr.user.a=valuea\n";
    let mut bytes = header("PaxHeaders", b'x', record.len(), "");
    bytes.extend(record);
    bytes.resize(1024, 0);
    for number in 0..200 {
        bytes.extend(header(&format!("many/{number:03}"), b'0', 4, ""));
        bytes.extend(b"text");
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend(header("link", b'2', 0, "many/000"));
    bytes.extend(header("second", b'1', 0, "many/001"));
    bytes.extend(header("fifo", b'6', 0, ""));
    bytes.extend([0; 1024]);
    bytes
}

/// A layer's image, and the metadata of the tree that it makes alone.
fn images() -> (File, Vec<u8>) {
    let limits = unpack::Limits { max_bytes: 1 << 30, max_entries: 10_000 };
    let (layer, tree) = (scratch(), scratch());
    unpack::layer(Cursor::new(archive()), &layer, limits, || Ok(())).unwrap();
    unpack::merge(&[layer.try_clone().unwrap()], &tree).unwrap();
    let mut bytes = vec![0; tree.metadata().unwrap().len() as usize];
    tree.read_exact_at(&mut bytes, 0).unwrap();
    (layer, bytes)
}

/// Asks what a guest can ask, as far as the image answers; the first error that is none of a filesystem's.
fn explore(metadata: &[u8], layer: &File) -> Result<usize, Errno> {
    let file = scratch();
    file.write_all_at(metadata, 0).unwrap();
    let Ok(image) = ErofsImage::open(file.into(), vec![layer.try_clone().unwrap().into()]) else { return Ok(0) };
    let mut seen = 0;
    let mut pending = vec![allowed(image.root())?];
    while let Some(directory) = pending.pop().flatten() {
        allowed(image.is_opaque(&directory))?;
        allowed(image.find(&directory, b"many"))?;
        for (entry, _) in allowed(image.list(&directory))?.unwrap_or_default().into_iter().take(300) {
            seen += 1;
            let Some(Some(inode)) = allowed(image.find(&directory, &entry.name))? else { continue };
            let _ = image.stat(&inode);
            allowed(image.xattrs(&inode))?;
            if inode.is_directory() {
                if seen < 1000 {
                    pending.push(Some(inode));
                }
            } else if let Some(LowerContent::File(file)) = allowed(image.content(inode))? {
                let mut buffer = [0; 5000];
                for position in [0, inode.size / 2, u64::MAX - 1] {
                    allowed(file.read(&mut buffer, position))?;
                }
                allowed(file.seek_data(0, true))?;
                allowed(file.mapping())?;
            }
        }
    }
    Ok(seen)
}

fn allowed<T>(answer: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(errno) if ERRORS.contains(&errno) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[test]
fn a_damaged_image_is_an_error_of_the_filesystem_and_nothing_else() {
    let (layer, mut whole) = images();
    assert_eq!(explore(&whole, &layer), Ok(204), "undamaged everything is there");
    whole[FLAGS] &= !1;
    let interesting: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let times: u64 = std::env::var("PODVISOR_ROUNDS").map_or(1, |times| times.parse().unwrap());
    for round in 0..ROUNDS * times {
        let mut random = Random(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut damaged = whole.clone();
        for _ in 0..=random.below(4) {
            let at = interesting[random.below(interesting.len())];
            match random.below(4) {
                0 => damaged[at] ^= 1 << random.below(8),
                1 => damaged[at] = [0, 1, 0x7f, 0xff][random.below(4)],
                2 => damaged[at] = random.below(256) as u8,
                _ => damaged[at] = damaged[at].wrapping_add(1),
            }
        }
        if random.below(20) == 0 {
            damaged.truncate(random.below(damaged.len()));
        }
        let asked = std::panic::catch_unwind(AssertUnwindSafe(|| explore(&damaged, &layer)));
        assert!(matches!(asked, Ok(Ok(_))), "round {round}: {asked:?}");
    }
}

#[test]
fn a_layer_that_is_cut_short_under_a_running_container_is_an_io_error() {
    let (layer, whole) = images();
    let tree = scratch();
    tree.write_all_at(&whole, 0).unwrap();
    let image: Arc<ErofsImage> = ErofsImage::open(tree.into(), vec![layer.try_clone().unwrap().into()]).ok().unwrap();
    let find = |directory, name: &[u8]| image.find(directory, name).unwrap().unwrap();
    let inode = find(&find(&image.root().unwrap(), b"many"), b"007");
    layer.set_len(4096).unwrap();
    let Ok(LowerContent::File(file)) = image.content(inode) else { panic!("it is a file") };
    assert_eq!(file.read(&mut [0; 4], 0), Err(Errno::EIO));
}
