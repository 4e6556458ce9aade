//! Scheduling: sched(7), ioprio_set(2).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// SCHED_OTHER, the ordinary policy.
pub const SCHED_OTHER: u32 = 0;
/// SCHED_FIFO.
pub const SCHED_FIFO: u32 = 1;
/// SCHED_RR.
pub const SCHED_RR: u32 = 2;
/// SCHED_BATCH.
pub const SCHED_BATCH: u32 = 3;
/// SCHED_IDLE.
pub const SCHED_IDLE: u32 = 5;
/// SCHED_DEADLINE.
pub const SCHED_DEADLINE: u32 = 6;
/// The flag in a policy that children start with the ordinary one.
pub const SCHED_RESET_ON_FORK: u32 = 0x4000_0000;
/// The same flag in [`SchedAttr::flags`].
pub const SCHED_FLAG_RESET_ON_FORK: u64 = 1;

/// `struct sched_attr` in its first version, 48 bytes: sched_setattr(2).
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "each field is the one of that name in sched_setattr(2)")]
pub struct SchedAttr {
    pub size: u32,
    pub policy: u32,
    pub flags: u64,
    pub nice: i32,
    pub priority: u32,
    pub runtime: u64,
    pub deadline: u64,
    pub period: u64,
}
