//! The machine as a whole: uname(2), sysinfo(2), host names, and what only a machine's own
//! administrator may do.
//!
//! Calls that container runtimes keep from containers answer `EPERM`, as under Docker's default
//! profile, so that programs take the way round that they have for that.

use std::sync::Arc;

use abi::Errno;
use abi::system::{Sysinfo, UTS_FIELD, Utsname};

use super::{Answer, Args, Call};
use crate::now;
use crate::pod::{MACHINE, RELEASE, SYSNAME, VERSION};
use crate::task::{Task, UserPtr, capability};

pub(super) const CALLS: &[Call] = &[
    now!(UNAME, uname),
    now!(SYSINFO, sysinfo, "load is always 0"),
    now!(SETHOSTNAME, sethostname),
    now!(SETDOMAINNAME, setdomainname),
    now!(GETCPU, getcpu, "always processor 0"),
    now!(PERSONALITY, personality, "stored, without effect"),
    now!(SYSLOG, syslog, "the log is empty"),
    now!(SECCOMP, absent, "guests cannot filter their own calls"),
    now!(ACCT, refused, "never allowed"),
    now!(ADD_KEY, refused, "never allowed"),
    now!(BPF, refused, "never allowed"),
    now!(DELETE_MODULE, refused, "never allowed"),
    now!(FANOTIFY_INIT, refused, "never allowed"),
    now!(FINIT_MODULE, refused, "never allowed"),
    now!(INIT_MODULE, refused, "never allowed"),
    now!(IO_URING_SETUP, refused, "never allowed"),
    now!(IO_URING_ENTER, refused, "never allowed"),
    now!(IO_URING_REGISTER, refused, "never allowed"),
    now!(IOPERM, refused, "never allowed"),
    now!(IOPL, refused, "never allowed"),
    now!(KCMP, refused, "never allowed"),
    now!(KEXEC_FILE_LOAD, refused, "never allowed"),
    now!(KEXEC_LOAD, refused, "never allowed"),
    now!(KEYCTL, refused, "never allowed"),
    now!(LOOKUP_DCOOKIE, refused, "never allowed"),
    now!(MIGRATE_PAGES, refused, "never allowed"),
    now!(PERF_EVENT_OPEN, refused, "never allowed"),
    now!(REBOOT, refused, "never allowed"),
    now!(REQUEST_KEY, refused, "never allowed"),
    now!(SWAPOFF, refused, "never allowed"),
    now!(SWAPON, refused, "never allowed"),
    now!(USERFAULTFD, refused, "never allowed"),
    now!(VHANGUP, refused, "never allowed"),
];

/// The longest name that sethostname(2) takes.
const NAME_MAX: u64 = 64;

fn refused(_: &Arc<Task>, _: Args) -> Answer {
    Err(Errno::EPERM.into())
}

fn absent(_: &Arc<Task>, _: Args) -> Answer {
    Err(Errno::ENOSYS.into())
}

fn field(text: &[u8]) -> [u8; UTS_FIELD] {
    let mut field = [0; UTS_FIELD];
    for (place, byte) in field.iter_mut().zip(text.iter().take(UTS_FIELD - 1)) {
        *place = *byte;
    }
    field
}

fn uname(task: &Arc<Task>, [buffer, ..]: Args) -> Answer {
    let uts = task.kernel().pod.uts.lock().clone();
    let names = Utsname {
        sysname: field(SYSNAME.as_bytes()),
        nodename: field(&uts.hostname),
        release: field(RELEASE.as_bytes()),
        version: field(VERSION.as_bytes()),
        machine: field(MACHINE.as_bytes()),
        domainname: field(&uts.domainname),
    };
    task.write(UserPtr::new(buffer), &names)?;
    Ok(0)
}

fn sysinfo(task: &Arc<Task>, [buffer, ..]: Args) -> Answer {
    let pod = &task.kernel().pod;
    let memory = task.process().container().memory();
    let info = Sysinfo {
        uptime: (pod.uptime() / crate::time::SECOND) as i64,
        totalram: memory.total,
        freeram: memory.free,
        procs: u16::try_from(task.process().pids().threads()).unwrap_or(u16::MAX),
        mem_unit: 1,
        ..Sysinfo::default()
    };
    task.write(UserPtr::new(buffer), &info)?;
    Ok(0)
}

/// The name argument of sethostname(2), where the caller may set one.
fn new_name(task: &Task, address: u64, length: u64) -> Result<Vec<u8>, Errno> {
    if !task.credentials().capable(capability::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    if length > NAME_MAX {
        return Err(Errno::EINVAL);
    }
    let mut name = vec![0; length as usize];
    task.read_bytes(address, &mut name)?;
    Ok(name.into_iter().take_while(|byte| *byte != 0).collect())
}

fn sethostname(task: &Arc<Task>, [name, length, ..]: Args) -> Answer {
    let name = new_name(task, name, length)?;
    task.kernel().pod.uts.lock().hostname = name;
    Ok(0)
}

fn setdomainname(task: &Arc<Task>, [name, length, ..]: Args) -> Answer {
    let name = new_name(task, name, length)?;
    task.kernel().pod.uts.lock().domainname = name;
    Ok(0)
}

fn getcpu(task: &Arc<Task>, [cpu, node, ..]: Args) -> Answer {
    for address in [cpu, node] {
        if address != 0 {
            task.write(UserPtr::<u32>::new(address), &0)?;
        }
    }
    Ok(0)
}

fn personality(task: &Arc<Task>, [persona, ..]: Args) -> Answer {
    /// The argument that only asks.
    const QUERY: u32 = u32::MAX;
    let mut settings = task.process().settings.lock();
    let old = settings.personality;
    if persona as u32 != QUERY {
        settings.personality = persona as u32;
    }
    Ok(old.into())
}

fn syslog(task: &Arc<Task>, [action, _, length, ..]: Args) -> Answer {
    /// SYSLOG_ACTION_READ_ALL, which every user may do.
    const READ_ALL: u64 = 3;
    /// SYSLOG_ACTION_SIZE_BUFFER, likewise.
    const SIZE_BUFFER: u64 = 10;
    match action {
        READ_ALL if (length as i32) < 0 => Err(Errno::EINVAL.into()),
        READ_ALL => Ok(0),
        SIZE_BUFFER => Ok(1 << 18),
        0..=10 if task.credentials().capable(capability::SYSLOG) => Ok(0),
        0..=10 => Err(Errno::EPERM.into()),
        _ => Err(Errno::EINVAL.into()),
    }
}

#[cfg(test)]
mod tests {
    use abi::nr;

    use super::*;
    use crate::task::Fault;
    use crate::testing::Guest;

    #[test]
    fn uname_tells_the_pods_name_and_ours() {
        let guest = Guest::new();
        let buffer = guest.room(size_of::<Utsname>());
        assert_eq!(guest.call(nr::UNAME, &[buffer]), Ok(0));
        let text = guest.bytes(buffer, 3 * UTS_FIELD);
        let fields: Vec<&[u8]> =
            text.chunks(UTS_FIELD).map(|field| field.split(|b| *b == 0).next().unwrap_or(&[])).collect();
        assert_eq!(fields, [b"Linux".as_slice(), b"test", RELEASE.as_bytes()]);
    }

    #[test]
    fn a_container_cannot_rename_its_host_or_reach_for_the_machine() {
        let guest = Guest::new();
        let name = guest.text("x");
        let refused = Err(Fault::Errno(Errno::EPERM));
        assert_eq!(guest.call(nr::SETHOSTNAME, &[name, 1]), refused);
        assert_eq!(guest.call(nr::REBOOT, &[]), refused);
        assert_eq!(guest.call(nr::BPF, &[]), refused);
    }
}
