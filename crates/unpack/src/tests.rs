//! Whole layers: made here byte by byte, unpacked, and read back by the reader that the kernel uses.

use std::fs::File;
use std::io::Cursor;

use erofs::{Image, Inode};

use crate::merge::Part;
use crate::{Limits, Reason, Refusal, Summary, layer, merge};

mod archive;
mod archives;
mod fuzz;
mod hostile;
mod layers;
mod merging;

use archive::Archive;

const LIMITS: Limits = Limits { max_bytes: 1 << 30, max_entries: 2_000_000 };

/// An empty file without a name.
fn scratch() -> File {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("podvisor-unpack-{}-{number}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

fn unpacked(bytes: Vec<u8>, limits: Limits) -> Result<(File, Summary), Refusal> {
    let file = scratch();
    let summary = layer(Cursor::new(bytes), &file, limits, || Ok(()))?;
    assert_eq!(file.metadata().unwrap().len(), summary.image_bytes);
    Ok((file, summary))
}

/// The image of a layer that has to be taken.
fn image(archive: Archive) -> File {
    unpacked(archive.end(), LIMITS).unwrap().0
}

/// What a layer is refused with.
fn refused(archive: Archive) -> Refusal {
    unpacked(archive.end(), LIMITS).expect_err("it is refused")
}

fn merged(layers: Vec<Archive>) -> Result<Tree, Refusal> {
    let files: Vec<File> = layers.into_iter().map(image).collect();
    let output = scratch();
    merge(&files, &output)?;
    Ok(Tree { image: output, devices: files })
}

/// An image and its data.
struct Tree {
    image: File,
    devices: Vec<File>,
}

impl Tree {
    fn of(archive: Archive) -> Tree {
        Tree { image: image(archive), devices: Vec::new() }
    }

    fn open(&self) -> Image<Part<'_>> {
        let length = |file: &File| file.metadata().unwrap().len();
        let devices: Vec<u64> = self.devices.iter().map(length).collect();
        Image::open(Part(&self.image), length(&self.image), &devices).unwrap()
    }

    fn find(&self, path: &[u8]) -> Option<Inode> {
        let image = self.open();
        let names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        let mut at = image.root().unwrap();
        for name in names {
            at = image.inode(image.lookup(&at, name).unwrap()?).unwrap();
        }
        Some(at)
    }

    fn inode(&self, path: &str) -> Inode {
        self.find(path.as_bytes()).unwrap_or_else(|| panic!("{path} is there"))
    }

    fn names(&self, path: &str) -> Vec<String> {
        let entries = self.open().list(&self.inode(path)).unwrap();
        entries.into_iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
    }

    fn link(&self, path: &str) -> String {
        String::from_utf8(self.open().link_text(&self.inode(path)).unwrap()).unwrap()
    }

    fn xattrs(&self, path: &str) -> Vec<(String, Vec<u8>)> {
        let xattrs = self.open().xattrs(&self.inode(path)).unwrap();
        xattrs.into_iter().map(|(name, value)| (String::from_utf8(name).unwrap(), value)).collect()
    }

    /// The bytes of a file, wherever they lie.
    fn read(&self, path: &str) -> Vec<u8> {
        use std::os::unix::fs::FileExt;
        let (image, inode) = (self.open(), self.inode(path));
        let mut bytes = Vec::new();
        while let Some(run) = image.run(&inode, bytes.len() as u64).unwrap() {
            let mut piece = vec![0; run.length as usize];
            if let Some(at) = run.at {
                let file = if run.device == 0 { &self.image } else { &self.devices[usize::from(run.device) - 1] };
                file.read_exact_at(&mut piece, at).unwrap();
            }
            bytes.extend(piece);
        }
        bytes
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path)).unwrap()
    }
}
