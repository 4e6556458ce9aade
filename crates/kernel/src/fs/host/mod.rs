//! Directories of the host.
//!
//! Owns: host directories and files as lower layers and bind mounts use them, and what a guest sees of a host error.

mod directory;
mod file;
mod node;
mod pinned;
mod size;
#[cfg(test)]
mod tests;
mod volume;

use abi::Errno;
use platform::host::HostError;

pub use self::directory::{HostDirectory, HostFile, OpenHostFile};
pub use self::node::pin;
pub use self::volume::{HostFs, Shown};

/// The error that a guest sees for a host's. What could tell about the host itself, or comes from
/// our own confinement, is `EIO`.
pub fn errno(error: HostError) -> Errno {
    const SAME: [Errno; 22] = [
        Errno::EPERM,
        Errno::ENOENT,
        Errno::ENXIO,
        Errno::EACCES,
        Errno::EBUSY,
        Errno::EEXIST,
        Errno::EXDEV,
        Errno::ENOTDIR,
        Errno::EISDIR,
        Errno::EINVAL,
        Errno::ETXTBSY,
        Errno::EFBIG,
        Errno::ENOSPC,
        Errno::EROFS,
        Errno::EMLINK,
        Errno::ENAMETOOLONG,
        Errno::ENOTEMPTY,
        Errno::ELOOP,
        Errno::ENODATA,
        Errno::EOPNOTSUPP,
        Errno::EDQUOT,
        Errno::ENOMEM,
    ];
    match u16::try_from(error.0).map(Errno) {
        Ok(Errno::EMFILE) => Errno::ENFILE,
        Ok(errno) if SAME.contains(&errno) => errno,
        _ => Errno::EIO,
    }
}
