//! capget(2) and capset(2).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `_LINUX_CAPABILITY_VERSION_1`: 32 capabilities.
pub const VERSION_1: u32 = 0x1998_0330;
/// `_LINUX_CAPABILITY_VERSION_2`: as version 3.
pub const VERSION_2: u32 = 0x2007_1026;
/// `_LINUX_CAPABILITY_VERSION_3`: 64 capabilities in two structures.
pub const VERSION_3: u32 = 0x2008_0522;

/// `struct __user_cap_header_struct`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// One of the versions.
    pub version: u32,
    /// Whose sets; 0 is the caller's own.
    pub pid: i32,
}

/// `struct __user_cap_data_struct`: 32 capabilities of each set.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the set of that name in capabilities(7)")]
pub struct Data {
    pub effective: u32,
    pub permitted: u32,
    pub inheritable: u32,
}
