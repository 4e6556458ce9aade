//! Facts of the host's hardware that guests may know.

/// The host's memory in bytes: all of it and what is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Installed and usable.
    pub total: u64,
    /// Free and in caches that can go, as sysinfo(2) tells.
    pub free: u64,
}

/// The host's memory, sysinfo(2).
pub fn memory() -> Memory {
    let info = rustix::system::sysinfo();
    let unit = u64::from(info.mem_unit.max(1));
    Memory {
        total: info.totalram.saturating_mul(unit),
        free: info.freeram.saturating_add(info.bufferram).saturating_mul(unit),
    }
}
