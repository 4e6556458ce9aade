//! Archives, written by hand so that they can say what no tool would write.

/// A tar stream that is being written.
#[derive(Clone, Default)]
pub(super) struct Archive(Vec<u8>);

/// The fields of one header.
#[derive(Clone)]
pub(super) struct Fields {
    pub(super) kind: u8,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mtime: u64,
    pub(super) link: Vec<u8>,
    pub(super) device: (u32, u32),
    /// The size that is told, where it is not that of the data.
    pub(super) size: Option<u64>,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields { kind: b'0', mode: 0o644, uid: 0, gid: 0, mtime: 0, link: vec![], device: (0, 0), size: None }
    }
}

impl Archive {
    pub(super) fn new() -> Archive {
        Archive::default()
    }

    pub(super) fn entry(mut self, name: impl AsRef<[u8]>, fields: Fields, data: impl AsRef<[u8]>) -> Archive {
        let data = data.as_ref();
        self.0.extend(header(name.as_ref(), &fields, data.len() as u64));
        self.raw(data)
    }

    /// Data without a header, up to a whole block.
    pub(super) fn raw(mut self, data: &[u8]) -> Archive {
        self.0.extend(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(super) fn file(self, name: impl AsRef<[u8]>, text: &str) -> Archive {
        self.entry(name, Fields::default(), text)
    }

    pub(super) fn directory(self, name: &str, mode: u32) -> Archive {
        self.entry(name, Fields { kind: b'5', mode, ..Fields::default() }, "")
    }

    pub(super) fn symlink(self, name: &str, target: &str) -> Archive {
        self.entry(name, Fields { kind: b'2', mode: 0o777, link: target.into(), ..Fields::default() }, "")
    }

    pub(super) fn hard_link(self, name: &str, target: &str) -> Archive {
        self.entry(name, Fields { kind: b'1', link: target.into(), ..Fields::default() }, "")
    }

    /// An extended header for the entry that comes next.
    pub(super) fn pax(self, records: &[(&str, &[u8])]) -> Archive {
        let mut text = Vec::new();
        for (key, value) in records {
            let rest = [b" ", key.as_bytes(), b"=", value, b"\n"].concat();
            let mut length = rest.len() + 1;
            while length.to_string().len() + rest.len() != length {
                length += 1;
            }
            text.extend(length.to_string().into_bytes());
            text.extend(rest);
        }
        self.entry("PaxHeaders/x", Fields { kind: b'x', ..Fields::default() }, text)
    }

    /// The bytes so far, without an end.
    pub(super) fn cut(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

fn header(name: &[u8], fields: &Fields, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &name[..name.len().min(100)]);
    put(100, format!("{:07o}", fields.mode).as_bytes());
    put(108, format!("{:07o}", fields.uid).as_bytes());
    put(116, format!("{:07o}", fields.gid).as_bytes());
    put(124, format!("{:011o}", fields.size.unwrap_or(size)).as_bytes());
    put(136, format!("{:011o}", fields.mtime).as_bytes());
    put(148, b"        ");
    put(156, &[fields.kind]);
    put(157, &fields.link[..fields.link.len().min(100)]);
    put(257, b"ustar\x0000");
    put(329, format!("{:07o}", fields.device.0).as_bytes());
    put(337, format!("{:07o}", fields.device.1).as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// One block of GNU's old sparse format.
pub(super) fn gnu_sparse(name: &str, pieces: &[(u64, u64)], size: u64, data: &[u8]) -> Vec<u8> {
    let mut block = header(name.as_bytes(), &Fields { kind: b'S', ..Fields::default() }, data.len() as u64);
    block[257..265].copy_from_slice(b"ustar  \0");
    block[345..500].fill(0);
    for (index, (offset, length)) in pieces.iter().enumerate() {
        let at = 386 + index * 24;
        block[at..at + 11].copy_from_slice(format!("{offset:011o}").as_bytes());
        block[at + 12..at + 23].copy_from_slice(format!("{length:011o}").as_bytes());
    }
    block[483..494].copy_from_slice(format!("{size:011o}").as_bytes());
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [&block[..], data].concat()
}
