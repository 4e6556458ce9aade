//! Damage of every kind: images and archives with changed bytes are refused or read, and nothing else happens.
//!
//! Seeded, so that a failure comes again: the number of the round is in the message.

use std::fs::File;
use std::os::unix::fs::FileExt;

use erofs::{Image, ReadAt};

use super::archive::{Archive, Fields};
use super::{LIMITS, merged, scratch, unpacked};
use crate::{archive, export, merge};

/// How often a layer's image is damaged, most of which is a hole, and how often a tree's.
const ROUNDS: [u64; 2] = [800, 6000];

/// As many rounds as usual, or $PODVISOR_ROUNDS times as many.
fn rounds(usual: u64) -> u64 {
    usual * std::env::var("PODVISOR_ROUNDS").map_or(1, |times| times.parse().unwrap())
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn of(round: u64) -> Random {
        Random(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// Changes a few bytes, mostly where something is.
fn damage(bytes: &mut Vec<u8>, interesting: &[usize], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let near = interesting.get(random.below(interesting.len() * 2)).copied();
        let at = near.unwrap_or_else(|| random.below(bytes.len())).min(bytes.len() - 1);
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => bytes[at] = 0xff,
            2 => bytes[at] ^= 1 << random.below(8),
            3 => bytes[at] = random.below(256) as u8,
            4 => {
                let value = [0, 1, 0x7fff_ffff, u32::MAX, 4096, 0xffff][random.below(6)].to_le_bytes();
                bytes.iter_mut().skip(at & !3).zip(value).for_each(|(to, from)| *to = from);
            }
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
        if bytes.is_empty() {
            return;
        }
    }
}

fn sample() -> Archive {
    let names: String = "name/".repeat(3);
    (0..150)
        .fold(Archive::new(), |archive, number| archive.file(format!("many/{number:03}"), ""))
        .directory("d/", 0o755)
        .file(format!("{names}deep"), "text")
        .hard_link("link", &format!("{names}deep"))
        .symlink("symlink", "d/../name")
        .entry("null", Fields { kind: b'3', device: (1, 3), ..Fields::default() }, "")
        .pax(&[("SCHILY.xattr.user.a", b"value"), ("SCHILY.xattr.security.capability", b"12345678")])
        .file("xattrs", "text")
        .pax(&[("GNU.sparse.size", b"100000"), ("GNU.sparse.map", b"50000,4")])
        .file("sparse", "text")
}

struct Bytes<'b>(&'b [u8]);

impl ReadAt for Bytes<'_> {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> Result<usize, i32> {
        let found = usize::try_from(position).ok().and_then(|at| self.0.get(at..)).unwrap_or_default();
        let length = found.len().min(buffer.len());
        buffer[..length].copy_from_slice(&found[..length]);
        Ok(length)
    }
}

/// Asks everything that can be asked of an image, as far as a guest with patience would.
fn explore(bytes: &[u8], devices: &[u64]) -> erofs::Result<usize> {
    let image = Image::open(Bytes(bytes), bytes.len() as u64, devices)?;
    let mut pending = vec![image.root()?.nid];
    let mut seen = 0;
    while let Some(nid) = pending.pop() {
        seen += 1;
        if seen > 2000 {
            break;
        }
        let Ok(inode) = image.inode(nid) else { continue };
        let _ = (image.xattrs(&inode), image.link_text(&inode), image.read(&inode, inode.size / 2, 10_000));
        let mut position = 0;
        for _ in 0..100 {
            let Ok(Some(run)) = image.run(&inode, position) else { break };
            assert!(run.length > 0);
            let length = [&[bytes.len() as u64], devices].concat()[usize::from(run.device)];
            assert!(run.at.is_none_or(|at| at + run.length <= length), "data behind the end of its file");
            position += run.length;
        }
        let Ok(entries) = image.list(&inode) else { continue };
        for entry in entries.iter().take(300) {
            assert!(!entry.name.is_empty() && !entry.name.contains(&b'/'));
            let _ = image.lookup(&inode, &entry.name);
            pending.push(entry.nid);
        }
    }
    Ok(seen)
}

fn read_all(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn damaged_images_are_errors_and_nothing_else() {
    let layer = read_all(&unpacked(sample().end(), LIMITS).unwrap().0);
    let tree = merged(vec![sample(), sample().file("d/.wh.x", "")]).unwrap();
    let lengths: Vec<u64> = tree.devices.iter().map(|file| file.metadata().unwrap().len()).collect();
    for ((whole, devices), often) in [(layer, Vec::new()), (read_all(&tree.image), lengths)].into_iter().zip(ROUNDS) {
        assert!(explore(&whole, &devices).unwrap() > 100, "undamaged it can be read");
        let mut plain = whole.clone();
        // Without its checksum, so that damage gets further than the superblock.
        plain[1024 + 8] &= !1;
        let interesting: Vec<usize> = (0..plain.len()).filter(|at| plain[*at] != 0).collect();
        for round in 0..rounds(often) {
            let mut damaged = plain.clone();
            damage(&mut damaged, &interesting, &mut Random::of(round));
            let done = std::panic::catch_unwind(|| explore(&damaged, &devices).is_ok());
            assert!(done.is_ok(), "round {round}");
        }
    }
}

#[test]
fn damaged_layers_are_merged_and_archived_or_refused() {
    let whole = read_all(&unpacked(sample().end(), LIMITS).unwrap().0);
    let mut plain = whole;
    plain[1024 + 8] &= !1;
    let interesting: Vec<usize> = (0..plain.len()).filter(|at| plain[*at] != 0).collect();
    for round in 0..rounds(300) {
        let mut damaged = plain.clone();
        damage(&mut damaged, &interesting, &mut Random::of(round));
        let file = scratch();
        file.write_all_at(&damaged, 0).unwrap();
        let _ = (archive(&file, std::io::sink()), export(&file, std::io::sink()));
        let _ = merge(&[file], &scratch());
    }
}

#[test]
fn damaged_archives_are_unpacked_or_refused() {
    let whole = sample().end();
    let interesting: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    for round in 0..rounds(1000) {
        let mut damaged = whole.clone();
        damage(&mut damaged, &interesting, &mut Random::of(round));
        // The checksum of the headers is mended, so that their fields are looked at.
        for header in damaged.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        if let Err(refusal) = unpacked(damaged, super::Limits { max_bytes: 1 << 24, ..LIMITS }) {
            assert!(!refusal.message.contains('\n'), "round {round}: {}", refusal.message);
        }
    }
}
