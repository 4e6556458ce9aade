//! Who a process is: credentials(7) and capabilities(7), inside the sandbox only.
//!
//! Owns: ids and capability sets as data. uid 0 here is nobody outside.

/// The capability bit numbers of capabilities(7).
pub mod capability {
    #![allow(missing_docs, reason = "each constant is the capability of that name")]
    pub const CHOWN: u32 = 0;
    pub const DAC_OVERRIDE: u32 = 1;
    pub const DAC_READ_SEARCH: u32 = 2;
    pub const FOWNER: u32 = 3;
    pub const FSETID: u32 = 4;
    pub const KILL: u32 = 5;
    pub const SETGID: u32 = 6;
    pub const SETUID: u32 = 7;
    pub const SETPCAP: u32 = 8;
    pub const LINUX_IMMUTABLE: u32 = 9;
    pub const NET_BIND_SERVICE: u32 = 10;
    pub const NET_BROADCAST: u32 = 11;
    pub const NET_ADMIN: u32 = 12;
    pub const NET_RAW: u32 = 13;
    pub const IPC_LOCK: u32 = 14;
    pub const IPC_OWNER: u32 = 15;
    pub const SYS_MODULE: u32 = 16;
    pub const SYS_RAWIO: u32 = 17;
    pub const SYS_CHROOT: u32 = 18;
    pub const SYS_PTRACE: u32 = 19;
    pub const SYS_PACCT: u32 = 20;
    pub const SYS_ADMIN: u32 = 21;
    pub const SYS_BOOT: u32 = 22;
    pub const SYS_NICE: u32 = 23;
    pub const SYS_RESOURCE: u32 = 24;
    pub const SYS_TIME: u32 = 25;
    pub const SYS_TTY_CONFIG: u32 = 26;
    pub const MKNOD: u32 = 27;
    pub const LEASE: u32 = 28;
    pub const AUDIT_WRITE: u32 = 29;
    pub const AUDIT_CONTROL: u32 = 30;
    pub const SETFCAP: u32 = 31;
    pub const MAC_OVERRIDE: u32 = 32;
    pub const MAC_ADMIN: u32 = 33;
    pub const SYSLOG: u32 = 34;
    pub const WAKE_ALARM: u32 = 35;
    pub const BLOCK_SUSPEND: u32 = 36;
    pub const AUDIT_READ: u32 = 37;
    pub const PERFMON: u32 = 38;
    pub const BPF: u32 = 39;
    pub const CHECKPOINT_RESTORE: u32 = 40;
    /// The highest number: /proc/sys/kernel/cap_last_cap.
    pub const LAST: u32 = 40;
}

/// The capabilities that container runtimes give root by default.
pub const DEFAULT_CAPABILITIES: u64 = {
    use capability::{
        AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, NET_RAW, SETFCAP, SETGID,
        SETPCAP, SETUID, SYS_CHROOT,
    };
    1 << CHOWN
        | 1 << DAC_OVERRIDE
        | 1 << FOWNER
        | 1 << FSETID
        | 1 << KILL
        | 1 << SETGID
        | 1 << SETUID
        | 1 << SETPCAP
        | 1 << NET_BIND_SERVICE
        | 1 << NET_RAW
        | 1 << SYS_CHROOT
        | 1 << MKNOD
        | 1 << AUDIT_WRITE
        | 1 << SETFCAP
};

/// The credentials of a process. Shared and never changed in place: a change is a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the id or set of that name in credentials(7)")]
pub struct Credentials {
    pub uid: u32,
    pub euid: u32,
    pub suid: u32,
    pub fsuid: u32,
    pub gid: u32,
    pub egid: u32,
    pub sgid: u32,
    pub fsgid: u32,
    pub groups: Vec<u32>,
    pub inheritable: u64,
    pub permitted: u64,
    pub effective: u64,
    pub bounding: u64,
    pub ambient: u64,
    pub no_new_privs: bool,
    /// The SECBIT_ flags of capabilities(7).
    pub securebits: u32,
}

impl Credentials {
    /// A user with these ids; uid 0 gets the default capabilities, others none.
    pub fn user(uid: u32, gid: u32, groups: Vec<u32>) -> Credentials {
        let held = if uid == 0 { DEFAULT_CAPABILITIES } else { 0 };
        Credentials {
            uid,
            euid: uid,
            suid: uid,
            fsuid: uid,
            gid,
            egid: gid,
            sgid: gid,
            fsgid: gid,
            groups,
            inheritable: 0,
            permitted: held,
            effective: held,
            bounding: DEFAULT_CAPABILITIES,
            ambient: 0,
            no_new_privs: false,
            securebits: 0,
        }
    }

    /// Whether the effective set has capability `number`.
    pub fn capable(&self, number: u32) -> bool {
        self.effective & (1 << number) != 0
    }

    /// Whether `gid` is the file-system group or one of the supplementary groups.
    pub fn in_group(&self, gid: u32) -> bool {
        self.fsgid == gid || self.groups.contains(&gid)
    }
}
