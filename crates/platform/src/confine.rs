//! The second wall: what the kernel's own process gives up, and what guests give up beside their
//! filter, by Landlock and seccomp.

/// In a guest's first process: no path, no TCP port, no signal to anybody outside, by Landlock,
/// where the host has it. The filter holds alone where it does not.
pub(crate) fn seal_guest() {
    #[repr(C)]
    struct Ruleset {
        files: u64,
        network: u64,
        scoped: u64,
    }
    const CREATE: i64 = 444;
    const RESTRICT: i64 = 446;
    const VERSION: u32 = 1;
    // SAFETY: with the version flag no ruleset is passed.
    let version = unsafe { libc::syscall(CREATE, 0, 0, VERSION) };
    let files: u64 = match version {
        1 => 0x1fff,
        2 => 0x3fff,
        3 | 4 => 0x7fff,
        5.. => 0xffff,
        _ => return,
    };
    let ruleset =
        Ruleset { files, network: if version >= 4 { 3 } else { 0 }, scoped: if version >= 6 { 3 } else { 0 } };
    let size = match version {
        1..=3 => 8,
        4 | 5 => 16,
        _ => 24,
    };
    // SAFETY: `ruleset` is readable for `size` bytes; the descriptor is closed after use.
    unsafe {
        let fd = libc::syscall(CREATE, &raw const ruleset, size, 0);
        if fd >= 0 {
            libc::syscall(RESTRICT, fd, 0);
            libc::close(fd as i32);
        }
    }
}

/// The host calls that the kernel's own process can make once it is confined.
pub const KERNEL_CALLS: &[u32] = &[];
