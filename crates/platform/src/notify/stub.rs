//! The loader stub: the only program that the host's own ELF loader ever starts for a guest.
//!
//! Owns: a few instructions, and the ELF file around them in a memfd. The stub asks our kernel for
//! a script of calls ([`Step`]), makes them one after the other, tells the kernel, and jumps to the
//! guest's entry point. It lies far from where guests are loaded; the host puts the guest's heap
//! (brk) behind it.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use zerocopy::{Immutable, IntoBytes};

/// The private call that asks for the script: first argument the stack pointer; the answer is the
/// script's address.
pub const HELLO: u32 = 0x0F00_0001;
/// The private call that says that a step failed: the step's address and the host's answer.
pub const FAILED: u32 = 0x0F00_0002;
/// The private call that a script makes last, once everything is mapped.
pub const READY: u32 = 0x0F00_0003;

/// Where the stub lies.
pub const BASE: u64 = 0x5500_0000_0000;
/// Where it wants its script.
pub const SCRIPT: u64 = BASE + 0x1000;
/// Behind [`BASE`], a byte that is 0: in the header, `ident`'s padding.
pub const ZERO_OFFSET: u64 = 8;
/// The instruction `syscall`.
pub(super) const SYSCALL: [u8; 2] = [0x0f, 0x05];
/// How many steps fit.
pub const STEPS: usize = 64;

/// One call of the script; a `number` of [`JUMP`] ends it.
#[derive(Clone, Copy, Debug, Default, IntoBytes, Immutable)]
#[repr(C)]
pub struct Step {
    /// The call, or [`JUMP`].
    pub number: u64,
    /// Its arguments; for [`JUMP`] the stack pointer and the entry point.
    pub args: [u64; 6],
    /// Unused.
    pub pad: u64,
}

/// Ends a script: take this stack pointer and jump there.
pub const JUMP: u64 = u64::MAX;

core::arch::global_asm!(
    ".pushsection .rodata.podvisor_stub, \"a\"",
    ".globl podvisor_stub_begin",
    ".globl podvisor_stub_end",
    "podvisor_stub_begin:",
    "mov rdi, rsp",
    "mov eax, {hello}",
    "syscall",
    "mov r12, rax",
    "2:",
    "mov rax, [r12]",
    "cmp rax, -1",
    "je 3f",
    "mov rdi, [r12 + 8]",
    "mov rsi, [r12 + 16]",
    "mov rdx, [r12 + 24]",
    "mov r10, [r12 + 32]",
    "mov r8, [r12 + 40]",
    "mov r9, [r12 + 48]",
    "syscall",
    "add r12, 64",
    "cmp rax, -4096",
    "jbe 2b",
    "mov rsi, rax",
    "lea rdi, [r12 - 64]",
    "mov eax, {failed}",
    "syscall",
    "hlt",
    "3:",
    "mov rsp, [r12 + 8]",
    "mov rcx, [r12 + 16]",
    "xor eax, eax",
    "xor ebx, ebx",
    "xor edx, edx",
    "xor esi, esi",
    "xor edi, edi",
    "xor ebp, ebp",
    "xor r8d, r8d",
    "xor r9d, r9d",
    "xor r10d, r10d",
    "xor r11d, r11d",
    "xor r12d, r12d",
    "jmp rcx",
    "podvisor_stub_end:",
    ".popsection",
    hello = const HELLO,
    failed = const FAILED,
);

unsafe extern "C" {
    static podvisor_stub_begin: u8;
    static podvisor_stub_end: u8;
}

#[derive(IntoBytes, Immutable)]
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
    code: Segment,
    script: Segment,
    stack: Segment,
}

#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical: u64,
    file_size: u64,
    memory_size: u64,
    align: u64,
}

fn code() -> &'static [u8] {
    let begin = &raw const podvisor_stub_begin;
    let end = &raw const podvisor_stub_end;
    // SAFETY: both symbols bound one block of read-only bytes of this program.
    unsafe { std::slice::from_raw_parts(begin, end.offset_from(begin) as usize) }
}

/// Where a `syscall` instruction of the stub lies in every guest that has not unmapped it.
pub(super) fn syscall_place() -> Option<u64> {
    let at = code().windows(SYSCALL.len()).position(|bytes| bytes == SYSCALL)?;
    Some(BASE + (size_of::<Header>() + at) as u64)
}

fn segment(kind: u32, flags: u32, address: u64, file_size: u64, memory_size: u64) -> Segment {
    Segment { kind, flags, offset: 0, address, physical: address, file_size, memory_size, align: 0x1000 }
}

/// The stub's ELF file, see elf(5).
fn image() -> Vec<u8> {
    let code = code();
    let header_size = size_of::<Header>() as u64;
    let total = header_size + code.len() as u64;
    let header = Header {
        ident: *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
        kind: 2,
        machine: 62,
        version: 1,
        entry: BASE + header_size,
        program_headers: std::mem::offset_of!(Header, code) as u64,
        section_headers: 0,
        flags: 0,
        size: 64,
        program_header_size: 56,
        program_header_count: 3,
        section_header_size: 0,
        section_header_count: 0,
        section_names: 0,
        code: segment(1, 5, BASE, total, total),
        script: segment(1, 6, SCRIPT, 0, (STEPS * size_of::<Step>()) as u64),
        stack: segment(0x6474_e551, 6, 0, 0, 0),
    };
    let mut image = header.as_bytes().to_vec();
    image.extend_from_slice(code);
    image
}

/// A sealed memfd with the stub, ready for execveat(2).
pub fn file() -> std::io::Result<OwnedFd> {
    const MFD_EXEC: u32 = 0x10;
    let create = |flags: u32| {
        // SAFETY: the name is a zero-terminated string.
        unsafe { libc::memfd_create(c"podvisor-guest".as_ptr(), flags) }
    };
    let plain = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    let mut fd = create(plain | MFD_EXEC);
    if fd < 0 && crate::last_errno() == libc::EINVAL {
        fd = create(plain);
    }
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: `fd` was just made and is owned by nobody else.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    let image = image();
    // SAFETY: `image` is a readable block of that length.
    let written = unsafe { libc::write(fd, image.as_ptr().cast(), image.len()) };
    if written != image.len() as isize {
        return Err(std::io::Error::last_os_error());
    }
    let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
    // SAFETY: F_ADD_SEALS takes an int.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(file)
}
