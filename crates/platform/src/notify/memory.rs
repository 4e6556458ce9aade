//! Guest memory from outside: process_vm_readv(2), and memfds that guests map.

use std::os::fd::{FromRawFd, OwnedFd};

use crate::BadAddress;

/// As `Platform::read_memory`.
pub(crate) fn read(host: i32, address: u64, buffer: &mut [u8]) -> Result<usize, BadAddress> {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: buffer.len() };
    // SAFETY: `local` bounds `buffer`; the remote range is checked by the host.
    let done = unsafe { libc::process_vm_readv(host, &raw const local, 1, &raw const remote, 1, 0) };
    if done > 0 { Ok(done as usize) } else { Err(BadAddress) }
}

/// As `Platform::write_memory`.
pub(crate) fn write(host: i32, address: u64, bytes: &[u8]) -> Result<usize, BadAddress> {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: bytes.len() };
    // SAFETY: `local` bounds `bytes` and is only read; the remote range is checked by the host.
    let done = unsafe { libc::process_vm_writev(host, &raw const local, 1, &raw const remote, 1, 0) };
    if done > 0 { Ok(done as usize) } else { Err(BadAddress) }
}

/// A new memfd; `name` shows in the host's /proc only.
pub(crate) fn file(name: &str) -> std::io::Result<OwnedFd> {
    let name = std::ffi::CString::new(name).unwrap_or_default();
    // SAFETY: `name` is a zero-terminated string.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: `fd` was just made and is owned by nobody else.
    crate::process::within_reserve(unsafe { OwnedFd::from_raw_fd(fd) })
}
