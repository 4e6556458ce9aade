//! ELF files: headers, segments, interpreter, elf(5). Everything in them is the guest's and may be
//! nonsense; what does not fit is `ENOEXEC`.

use abi::Errno;
use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::vfs::File;

const PAGE: u64 = 4096;
const TYPE_EXECUTABLE: u16 = 2;
const TYPE_SHARED: u16 = 3;
const MACHINE_X86_64: u16 = 62;
const SEGMENT_LOAD: u32 = 1;
const SEGMENT_INTERPRETER: u32 = 3;
/// The end of what a guest may map.
pub(super) const ADDRESS_END: u64 = 0x7fff_ffff_f000;

#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Header {
    ident: [u8; 16],
    kind: u16,
    machine: u16,
    version: u32,
    entry: u64,
    program_headers: u64,
    section_headers: u64,
    flags: u32,
    size: u16,
    program_header_size: u16,
    program_header_count: u16,
    section_header_size: u16,
    section_header_count: u16,
    section_names: u16,
}

#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
#[repr(C)]
struct ProgramHeader {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical: u64,
    file_size: u64,
    memory_size: u64,
    align: u64,
}

/// A part of the file to map, at addresses relative to the image's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) file_size: u64,
    pub(super) memory_size: u64,
    /// PROT_* bits.
    pub(super) protection: u64,
}

/// What an ELF file wants.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) relocatable: bool,
    pub(super) entry: u64,
    pub(super) segments: Vec<Segment>,
    pub(super) interpreter: Option<Vec<u8>>,
    pub(super) headers_address: u64,
    pub(super) header_count: u64,
    pub(super) align: u64,
}

impl Image {
    /// The first and the last address of the image, page-aligned.
    pub(super) fn extent(&self) -> (u64, u64) {
        let first = self.segments.iter().map(|segment| segment.address).min().unwrap_or(0) & !(PAGE - 1);
        let end = self.segments.iter().map(|segment| segment.address.saturating_add(segment.memory_size)).max();
        (first, end.unwrap_or(0).saturating_add(PAGE - 1) & !(PAGE - 1))
    }
}

/// Reads the image of a file whose first page is `head`.
pub(super) fn parse(file: &dyn File, head: &[u8]) -> Result<Image, Errno> {
    let (header, _) = Header::read_from_prefix(head).map_err(|_| Errno::ENOEXEC)?;
    let sane = header.ident.starts_with(b"\x7fELF\x02\x01")
        && header.machine == MACHINE_X86_64
        && matches!(header.kind, TYPE_EXECUTABLE | TYPE_SHARED)
        && usize::from(header.program_header_size) == size_of::<ProgramHeader>()
        && (1..=128).contains(&header.program_header_count);
    if !sane {
        return Err(Errno::ENOEXEC);
    }
    let headers = program_headers(file, &header)?;
    let mut image = Image {
        relocatable: header.kind == TYPE_SHARED,
        entry: header.entry,
        segments: Vec::new(),
        interpreter: None,
        headers_address: 0,
        header_count: u64::from(header.program_header_count),
        align: PAGE,
    };
    for program_header in &headers {
        match program_header.kind {
            SEGMENT_LOAD if program_header.memory_size > 0 => {
                let segment = segment(program_header)?;
                let holds = header.program_headers.checked_sub(segment.offset).filter(|at| *at < segment.file_size);
                if let Some(inside) = holds {
                    image.headers_address = segment.address.saturating_add(inside);
                }
                if program_header.align.is_power_of_two() && program_header.align <= 1 << 30 {
                    image.align = image.align.max(program_header.align);
                }
                image.segments.push(segment);
            }
            SEGMENT_INTERPRETER => image.interpreter = Some(interpreter(file, program_header)?),
            _ => {}
        }
    }
    if image.segments.is_empty() || image.segments.len() > 20 {
        return Err(Errno::ENOEXEC);
    }
    Ok(image)
}

fn program_headers(file: &dyn File, header: &Header) -> Result<Vec<ProgramHeader>, Errno> {
    let mut bytes = vec![0u8; usize::from(header.program_header_count) * size_of::<ProgramHeader>()];
    read_exact(file, &mut bytes, header.program_headers)?;
    let chunks = bytes.chunks_exact(size_of::<ProgramHeader>());
    chunks.map(|chunk| ProgramHeader::read_from_bytes(chunk).map_err(|_| Errno::ENOEXEC)).collect()
}

fn segment(header: &ProgramHeader) -> Result<Segment, Errno> {
    let end = header.address.checked_add(header.memory_size).ok_or(Errno::ENOEXEC)?;
    let aligned = header.address % PAGE == header.offset % PAGE;
    if end > ADDRESS_END || header.file_size > header.memory_size || !aligned {
        return Err(Errno::ENOEXEC);
    }
    header.offset.checked_add(header.file_size).ok_or(Errno::ENOEXEC)?;
    let bit = |flag: u32, protection: u64| if header.flags & flag != 0 { protection } else { 0 };
    Ok(Segment {
        address: header.address,
        offset: header.offset,
        file_size: header.file_size,
        memory_size: header.memory_size,
        protection: bit(4, 1) | bit(2, 2) | bit(1, 4),
    })
}

fn interpreter(file: &dyn File, header: &ProgramHeader) -> Result<Vec<u8>, Errno> {
    if !(2..=4096).contains(&header.file_size) {
        return Err(Errno::ENOEXEC);
    }
    let mut path = vec![0u8; header.file_size as usize];
    read_exact(file, &mut path, header.offset)?;
    match path.pop() {
        Some(0) => Ok(path.into_iter().take_while(|byte| *byte != 0).collect()),
        _ => Err(Errno::ENOEXEC),
    }
}

fn read_exact(file: &dyn File, buffer: &mut [u8], offset: u64) -> Result<(), Errno> {
    match file.read(buffer, offset)? {
        length if length == buffer.len() => Ok(()),
        _ => Err(Errno::ENOEXEC),
    }
}
