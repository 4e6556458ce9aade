//! A program that is ready to be mapped.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use abi::Errno;
use platform::notify::stub;
use zerocopy::IntoBytes;

use super::elf::{self, Image};
use super::stack::{Contents, Stack, at};
use super::{Executable, Program, Request};
use crate::task::{Credentials, HostPlace, MappedFile, Task};
use crate::vfs::walk::Walk;
use crate::vfs::{File, HostMapping, Path};

const PAGE: u64 = 4096;
const MAP_PRIVATE: u64 = 0x02;
const MAP_FIXED: u64 = 0x10;
const MAP_ANONYMOUS: u64 = 0x20;
const MAP_GROWSDOWN: u64 = 0x100;
const MAP_NORESERVE: u64 = 0x4000;
const MAP_FIXED_NOREPLACE: u64 = 0x10_0000;
const PROT_READ_WRITE: u64 = 3;
/// Where position-independent programs go, and their interpreters; 28 random bits of pages follow.
const PROGRAM_BASE: u64 = 0x5600_0000_0000;
const INTERPRETER_BASE: u64 = 0x7e00_0000_0000;
const RANDOM_PAGES: u64 = (1 << 28) - 1;
/// What the host's own first stack surely holds.
const SMALL_STACK: u64 = 64 << 10;
/// What the stack of a program with many arguments begins with beside them, as on Linux: the host lets it grow as far
/// as RLIMIT_STACK allows.
const STACK_ROOM: u64 = 128 << 10;
/// The numbers under which the stub finds the files.
const PROGRAM_FD: u32 = 10;
const INTERPRETER_FD: u32 = 11;

/// An image, the host file with its bytes, and where it goes.
struct Placed {
    image: Image,
    host: HostMapping,
    /// The guest's name of that host file.
    mapped: Option<(HostPlace, MappedFile)>,
    /// Added to the image's own addresses.
    shift: u64,
}

/// Everything that can fail has been checked; what remains is to do it.
pub struct Plan {
    program: Program,
    credentials: Credentials,
    called: Vec<u8>,
    executable: Placed,
    interpreter: Option<Placed>,
}

/// A finished script for the stub.
pub struct Script {
    /// The stub's steps.
    pub steps: Vec<stub::Step>,
    /// The first stack: where and what.
    pub stack: (u64, Vec<u8>),
    /// Ranges to fill with zeros once everything is mapped: the rest of the page where data ends.
    pub zeros: Vec<(u64, u64)>,
    /// Host files to install, by number.
    pub files: Vec<(u32, Arc<OwnedFd>)>,
}

pub(super) fn make(
    task: &Arc<Task>,
    executable: Executable,
    request: Request,
    credentials: Credentials,
    name: Vec<u8>,
) -> Result<Plan, Errno> {
    let image = elf::parse(&*executable.file, &executable.head)?;
    let interpreter = match &image.interpreter {
        Some(path) => Some(interpreter(task, path)?),
        None => None,
    };
    let placed = place(image, &*executable.file, &executable.path, PROGRAM_BASE)?;
    let mapped = [Some(&placed), interpreter.as_ref()].into_iter().flatten();
    let program = Program {
        mapped: mapped.filter_map(|placed| placed.mapped.clone()).collect(),
        executable: Some(executable.path),
        arguments: request.arguments,
        environment: request.environment,
        auxiliary: Vec::new(),
        name,
    };
    Ok(Plan { program, credentials, called: request.called, executable: placed, interpreter })
}

fn interpreter(task: &Arc<Task>, path: &[u8]) -> Result<Placed, Errno> {
    let path = Walk::of(task).find(path, true)?;
    let found = super::open(task, &path)?;
    let image = elf::parse(&*found.file, &found.head).map_err(|_| Errno::ELIBBAD)?;
    place(image, &*found.file, &path, INTERPRETER_BASE)
}

fn place(image: Image, file: &dyn File, path: &Path, base: u64) -> Result<Placed, Errno> {
    let host = file.host_mapping(false)?;
    let (first, end) = image.extent();
    let shift = if image.relocatable {
        let random = crate::random::number() & RANDOM_PAGES;
        (base + random * PAGE).next_multiple_of(image.align).wrapping_sub(first)
    } else {
        0
    };
    let (first, end) = (first.wrapping_add(shift), end.wrapping_add(shift));
    let meets_stub = first < stub::BASE + 0x10_0000 && end > stub::BASE;
    if end > elf::ADDRESS_END || meets_stub {
        return Err(Errno::ENOEXEC);
    }
    let mapped = MappedFile::of(&host, path);
    Ok(Placed { image, host, mapped, shift })
}

impl Placed {
    fn steps(&self, fd: u32, script: &mut Script) {
        for segment in &self.image.segments {
            let address = segment.address.wrapping_add(self.shift);
            let start = address & !(PAGE - 1);
            let file_end = address.saturating_add(segment.file_size);
            let end = address.saturating_add(segment.memory_size).next_multiple_of(PAGE);
            let mut anonymous = start;
            if segment.file_size > 0 {
                anonymous = file_end.next_multiple_of(PAGE);
                let offset = self.host.offset.saturating_add(segment.offset & !(PAGE - 1));
                let flags = MAP_PRIVATE | MAP_FIXED;
                script.map([start, anonymous - start, segment.protection, flags, u64::from(fd), offset]);
                if segment.memory_size > segment.file_size && segment.protection & 2 != 0 {
                    script.zeros.push((file_end, anonymous.min(end).saturating_sub(file_end)));
                }
            }
            if end > anonymous {
                let flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS;
                script.map([anonymous, end - anonymous, segment.protection, flags, u64::MAX, 0]);
            }
        }
        script.files.push((fd, Arc::clone(&self.host.file)));
    }

    fn entry(&self) -> u64 {
        self.image.entry.wrapping_add(self.shift)
    }
}

impl Script {
    fn map(&mut self, args: [u64; 6]) {
        self.steps.push(stub::Step { number: u64::from(abi::nr::MMAP), args, pad: 0 });
    }
}

impl Plan {
    /// The name for /proc/PID/comm.
    pub fn name(&self) -> &[u8] {
        &self.program.name
    }

    /// Who the program runs as.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The script, given the stack pointer that the host gave the stub and its auxiliary vector;
    /// and the program as /proc shows it.
    pub fn finish(self, pointer: u64, host_auxiliary: &[(u64, u64)]) -> (Script, Program, Credentials) {
        let mut script = Script { steps: Vec::new(), stack: (0, Vec::new()), zeros: Vec::new(), files: Vec::new() };
        self.executable.steps(PROGRAM_FD, &mut script);
        if let Some(interpreter) = &self.interpreter {
            interpreter.steps(INTERPRETER_FD, &mut script);
        }
        let entry = self.interpreter.as_ref().unwrap_or(&self.executable).entry();
        let stack = self.stack(pointer, host_auxiliary, &mut script);
        let ready = stub::Step { number: u64::from(stub::READY), ..stub::Step::default() };
        script.steps.push(ready);
        script.steps.push(stub::Step { number: stub::JUMP, args: [stack.pointer, entry, 0, 0, 0, 0], pad: 0 });
        script.stack = (stack.pointer, stack.bytes);
        let program = Program { auxiliary: stack.auxiliary, ..self.program };
        (script, program, self.credentials)
    }

    fn stack(&self, pointer: u64, host_auxiliary: &[(u64, u64)], script: &mut Script) -> Stack {
        let mut random = [0; 16];
        crate::random::fill(&mut random);
        let contents = Contents {
            arguments: &self.program.arguments,
            environment: &self.program.environment,
            called: &self.called,
            random,
            auxiliary: self.auxiliary(host_auxiliary),
        };
        let size = contents.size();
        if size <= SMALL_STACK {
            return contents.lay_out(pointer.saturating_sub(64));
        }
        let length = (size + STACK_ROOM).next_multiple_of(PAGE);
        let start = (pointer & !(PAGE - 1)).saturating_sub((64 << 20) + length);
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
        script.map([start, length, PROT_READ_WRITE, flags, u64::MAX, 0]);
        contents.lay_out(start + length)
    }

    fn auxiliary(&self, host: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let passed = [at::SYSINFO_EHDR, at::HWCAP, at::HWCAP2, at::MINSIGSTKSZ, at::RSEQ_FEATURE_SIZE, at::RSEQ_ALIGN];
        let mut vector: Vec<(u64, u64)> = host.iter().copied().filter(|(kind, _)| passed.contains(kind)).collect();
        let who = &self.credentials;
        let secure = who.uid != who.euid || who.gid != who.egid;
        let base = self.interpreter.as_ref().map_or(0, |placed| placed.image.extent().0.wrapping_add(placed.shift));
        vector.extend([
            (at::PAGESZ, PAGE),
            (at::CLKTCK, 100),
            (at::PHDR, self.executable.image.headers_address.wrapping_add(self.executable.shift)),
            (at::PHENT, 56),
            (at::PHNUM, self.executable.image.header_count),
            (at::BASE, base),
            (at::FLAGS, 0),
            (at::ENTRY, self.executable.entry()),
            (at::UID, u64::from(who.uid)),
            (at::EUID, u64::from(who.euid)),
            (at::GID, u64::from(who.gid)),
            (at::EGID, u64::from(who.egid)),
            (at::SECURE, u64::from(secure)),
        ]);
        vector
    }
}

/// The auxiliary vector behind the host's first stack, whose bytes from the stack pointer on are
/// `bytes`: behind the count, the arguments and the environment.
pub(crate) fn host_auxiliary(bytes: &[u8]) -> Vec<(u64, u64)> {
    let words: Vec<u64> = bytes.chunks_exact(8).map(|chunk| chunk.try_into().map_or(0, u64::from_ne_bytes)).collect();
    let mut rest = words.into_iter().skip(1);
    rest.by_ref().take_while(|word| *word != 0).for_each(drop);
    rest.by_ref().take_while(|word| *word != 0).for_each(drop);
    let mut vector = Vec::new();
    while let (Some(kind), Some(value)) = (rest.next(), rest.next()) {
        if kind == at::NULL {
            break;
        }
        vector.push((kind, value));
    }
    vector
}

/// The steps as the stub reads them.
pub(crate) fn encode(steps: &[stub::Step]) -> &[u8] {
    steps.as_bytes()
}
