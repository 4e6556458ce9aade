//! Resource limits of a process.
//!
//! Owns: [`Resource`], [`Limits`] and the rules of prlimit(2) about who may change what. Does not
//! own: keeping to a limit; whoever hands the resource out asks [`Limits::soft`]. Inherited by
//! fork(2), kept by execve(2).

use abi::Errno;
use abi::resource::{RLIM_INFINITY, Rlimit};
use platform::HostLimits;

use crate::sync::Mutex;

/// A resource that prlimit(2) limits, with its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Resource {
    /// RLIMIT_CPU: seconds of processor time.
    Cpu = 0,
    /// RLIMIT_FSIZE: bytes of a file.
    FileSize = 1,
    /// RLIMIT_DATA: bytes of data.
    Data = 2,
    /// RLIMIT_STACK: bytes of the first thread's stack.
    Stack = 3,
    /// RLIMIT_CORE: bytes of a core file.
    Core = 4,
    /// RLIMIT_RSS: without effect, as on Linux.
    Rss = 5,
    /// RLIMIT_NPROC: threads of the user.
    Processes = 6,
    /// RLIMIT_NOFILE: one more than the highest descriptor.
    NoFile = 7,
    /// RLIMIT_MEMLOCK: bytes locked.
    MemLock = 8,
    /// RLIMIT_AS: bytes of address space.
    AddressSpace = 9,
    /// RLIMIT_LOCKS: without effect, as on Linux.
    Locks = 10,
    /// RLIMIT_SIGPENDING: queued signals of the user.
    SigPending = 11,
    /// RLIMIT_MSGQUEUE: bytes of POSIX message queues.
    MsgQueue = 12,
    /// RLIMIT_NICE: 20 minus the lowest nice value.
    Nice = 13,
    /// RLIMIT_RTPRIO: the highest real-time priority.
    RtPrio = 14,
    /// RLIMIT_RTTIME: microseconds of real-time scheduling without a wait.
    RtTime = 15,
}

/// How many resources there are: RLIM_NLIMITS.
const COUNT: usize = 16;

/// A resource with its name in `RLIMIT_*`, and label and unit of /proc/PID/limits.
type Row = (Resource, &'static str, &'static str, &'static str);

const ROWS: [Row; COUNT] = [
    (Resource::Cpu, "CPU", "Max cpu time", "seconds"),
    (Resource::FileSize, "FSIZE", "Max file size", "bytes"),
    (Resource::Data, "DATA", "Max data size", "bytes"),
    (Resource::Stack, "STACK", "Max stack size", "bytes"),
    (Resource::Core, "CORE", "Max core file size", "bytes"),
    (Resource::Rss, "RSS", "Max resident set", "bytes"),
    (Resource::Processes, "NPROC", "Max processes", "processes"),
    (Resource::NoFile, "NOFILE", "Max open files", "files"),
    (Resource::MemLock, "MEMLOCK", "Max locked memory", "bytes"),
    (Resource::AddressSpace, "AS", "Max address space", "bytes"),
    (Resource::Locks, "LOCKS", "Max file locks", "locks"),
    (Resource::SigPending, "SIGPENDING", "Max pending signals", "signals"),
    (Resource::MsgQueue, "MSGQUEUE", "Max msgqueue size", "bytes"),
    (Resource::Nice, "NICE", "Max nice priority", ""),
    (Resource::RtPrio, "RTPRIO", "Max realtime priority", ""),
    (Resource::RtTime, "RTTIME", "Max realtime timeout", "us"),
];

/// The highest hard limit of open files, /proc/sys/fs/nr_open.
pub const NR_OPEN: u64 = 1 << 20;

impl Resource {
    /// The resource of that number, or `EINVAL`.
    pub fn new(number: u64) -> Result<Resource, Errno> {
        let index = usize::try_from(number).map_err(|_| Errno::EINVAL)?;
        ROWS.get(index).map(|row| row.0).ok_or(Errno::EINVAL)
    }

    /// The resource called `RLIMIT_` and `name`, in whatever case.
    pub fn named(name: &str) -> Option<Resource> {
        ROWS.iter().find(|row| row.1.eq_ignore_ascii_case(name)).map(|row| row.0)
    }
}

/// The limits of one process.
#[derive(Debug)]
pub struct Limits {
    values: Mutex<[Rlimit; COUNT]>,
}

impl Default for Limits {
    /// What a container starts with: open files as systemd hands them out, the rest as Linux boots.
    fn default() -> Limits {
        let mut values = [Rlimit { soft: RLIM_INFINITY, hard: RLIM_INFINITY }; COUNT];
        for (resource, soft, hard) in [
            (Resource::Stack, 8 << 20, RLIM_INFINITY),
            (Resource::Core, 0, RLIM_INFINITY),
            (Resource::NoFile, 1024, 524_288),
            (Resource::MemLock, 8 << 20, 8 << 20),
            (Resource::SigPending, 31_680, 31_680),
            (Resource::MsgQueue, 819_200, 819_200),
            (Resource::Nice, 0, 0),
            (Resource::RtPrio, 0, 0),
        ] {
            if let Some(value) = values.get_mut(resource as usize) {
                *value = Rlimit { soft, hard };
            }
        }
        Limits { values: Mutex::new(values) }
    }
}

impl Limits {
    /// Both limits of `resource`.
    pub fn get(&self, resource: Resource) -> Rlimit {
        let unlimited = Rlimit { soft: RLIM_INFINITY, hard: RLIM_INFINITY };
        self.values.lock().get(resource as usize).copied().unwrap_or(unlimited)
    }

    /// The limit that holds.
    pub fn soft(&self, resource: Resource) -> u64 {
        self.get(resource).soft
    }

    /// Sets both limits of `resource` without asking who may.
    pub fn set(&self, resource: Resource, limit: Rlimit) {
        if let Some(value) = self.values.lock().get_mut(resource as usize) {
            *value = limit;
        }
    }

    /// Whether both limits may be set, prlimit(2): `EINVAL` where soft is over hard, `EPERM` where hard would
    /// rise and the caller is not `privileged` (CAP_SYS_RESOURCE), or over [`NR_OPEN`] for files.
    pub fn may_change(&self, resource: Resource, wanted: Rlimit, privileged: bool) -> Result<(), Errno> {
        if wanted.soft > wanted.hard {
            return Err(Errno::EINVAL);
        }
        if resource == Resource::NoFile && wanted.hard > NR_OPEN {
            return Err(Errno::EPERM);
        }
        if wanted.hard > self.get(resource).hard && !privileged {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    /// What the host keeps a process with these limits to.
    pub fn of_host(&self) -> HostLimits {
        [Resource::Data, Resource::Stack, Resource::AddressSpace].map(|resource| self.soft(resource))
    }

    /// A copy for fork(2).
    pub fn copy(&self) -> Limits {
        Limits { values: Mutex::new(*self.values.lock()) }
    }

    /// The text of /proc/PID/limits, proc_pid_limits(5).
    pub fn table(&self) -> String {
        let text = |value: u64| if value == RLIM_INFINITY { "unlimited".into() } else { value.to_string() };
        let mut table = format!("{:<26}{:<21}{:<21}{:<10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
        for (resource, _, label, unit) in ROWS {
            let limit = self.get(resource);
            table.push_str(&format!("{label:<26}{:<21}{:<21}{unit:<10}\n", text(limit.soft), text(limit.hard)));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(limits: &Limits, resource: Resource, wanted: Rlimit, privileged: bool) -> Result<(), Errno> {
        limits.may_change(resource, wanted, privileged)?;
        limits.set(resource, wanted);
        Ok(())
    }

    #[test]
    fn a_hard_limit_falls_freely_and_rises_only_with_privilege() {
        let limits = Limits::default();
        let lower = Rlimit { soft: 10, hard: 20 };
        assert_eq!(change(&limits, Resource::NoFile, lower, false), Ok(()));
        assert_eq!(limits.soft(Resource::NoFile), 10);
        let higher = Rlimit { soft: 10, hard: 21 };
        assert_eq!(change(&limits, Resource::NoFile, higher, false), Err(Errno::EPERM));
        assert_eq!(change(&limits, Resource::NoFile, higher, true), Ok(()));
    }

    #[test]
    fn soft_stays_under_hard_and_files_under_nr_open() {
        let limits = Limits::default();
        let upside_down = Rlimit { soft: 2, hard: 1 };
        assert_eq!(change(&limits, Resource::Core, upside_down, true), Err(Errno::EINVAL));
        let endless = Rlimit { soft: 1, hard: NR_OPEN + 1 };
        assert_eq!(change(&limits, Resource::NoFile, endless, true), Err(Errno::EPERM));
    }

    #[test]
    fn every_number_finds_its_own_resource() {
        for number in 0..16 {
            assert_eq!(Resource::new(number).map(|resource| resource as u64), Ok(number));
        }
        assert_eq!(Resource::new(16), Err(Errno::EINVAL));
        assert_eq!(Resource::named("nofile"), Some(Resource::NoFile));
    }
}
