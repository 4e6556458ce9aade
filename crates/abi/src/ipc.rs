//! System V and POSIX IPC: sysvipc(7), mq_overview(7): numbers and structures.

#![allow(missing_docs, reason = "each name is the one of the man pages above")]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

pub const IPC_PRIVATE: i32 = 0;
pub const IPC_CREAT: u32 = 0o1000;
pub const IPC_EXCL: u32 = 0o2000;
pub const IPC_NOWAIT: u32 = 0o4000;

pub const IPC_RMID: u32 = 0;
pub const IPC_SET: u32 = 1;
pub const IPC_STAT: u32 = 2;
pub const IPC_INFO: u32 = 3;

pub const SHM_RDONLY: u32 = 0o10000;
pub const SHM_RND: u32 = 0o20000;
pub const SHM_REMAP: u32 = 0o40000;
pub const SHM_EXEC: u32 = 0o100000;
pub const SHM_HUGETLB: u32 = 0o4000;
pub const SHM_LOCK: u32 = 11;
pub const SHM_UNLOCK: u32 = 12;
pub const SHM_STAT: u32 = 13;
pub const SHM_INFO: u32 = 14;
pub const SHM_STAT_ANY: u32 = 15;
/// `shm_perm.mode`: the segment goes with its last attachment.
pub const SHM_DEST: u32 = 0o1000;

pub const GETPID: u32 = 11;
pub const GETVAL: u32 = 12;
pub const GETALL: u32 = 13;
pub const GETNCNT: u32 = 14;
pub const GETZCNT: u32 = 15;
pub const SETVAL: u32 = 16;
pub const SETALL: u32 = 17;
pub const SEM_STAT: u32 = 18;
pub const SEM_INFO: u32 = 19;
pub const SEM_STAT_ANY: u32 = 20;
pub const SEM_UNDO: u16 = 0x1000;

pub const MSG_NOERROR: u32 = 0o10000;
pub const MSG_EXCEPT: u32 = 0o20000;
pub const MSG_COPY: u32 = 0o40000;
pub const MSG_STAT: u32 = 11;
pub const MSG_INFO: u32 = 12;
pub const MSG_STAT_ANY: u32 = 13;

/// `struct ipc64_perm`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct IpcPerm {
    pub key: i32,
    pub uid: u32,
    pub gid: u32,
    pub cuid: u32,
    pub cgid: u32,
    pub mode: u32,
    pub sequence: u16,
    pub pad: [u16; 3],
    pub unused: [u64; 2],
}

/// `struct shmid64_ds`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ShmStatus {
    pub perm: IpcPerm,
    pub size: u64,
    pub attached: i64,
    pub detached: i64,
    pub changed: i64,
    pub creator: i32,
    pub last: i32,
    pub attachments: u64,
    pub unused: [u64; 2],
}

/// `struct semid64_ds`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SemStatus {
    pub perm: IpcPerm,
    pub operated: i64,
    pub unused1: u64,
    pub changed: i64,
    pub unused2: u64,
    pub count: u64,
    pub unused: [u64; 2],
}

/// `struct msqid64_ds`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MsgStatus {
    pub perm: IpcPerm,
    pub sent: i64,
    pub received: i64,
    pub changed: i64,
    pub bytes: u64,
    pub count: u64,
    pub most_bytes: u64,
    pub last_sender: i32,
    pub last_receiver: i32,
    pub unused: [u64; 2],
}

/// `struct sembuf`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SemOperation {
    pub number: u16,
    pub change: i16,
    pub flags: u16,
}

/// `struct mq_attr`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MqAttributes {
    pub flags: i64,
    pub most_messages: i64,
    pub message_size: i64,
    pub messages: i64,
    pub reserved: [i64; 4],
}
