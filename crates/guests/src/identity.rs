//! Who a process is: credentials(7), prctl(2).

use rustix::process::{
    DumpableBehavior, Signal, dumpable_behavior, getegid, geteuid, getgid, getuid, parent_process_death_signal,
    set_dumpable_behavior, set_parent_process_death_signal,
};
use rustix::thread::{name, no_new_privs, set_name, set_no_new_privs};

use crate::{Program, call, see};

pub(crate) const PROGRAMS: &[Program] = &[("identity/ids", ids), ("identity/prctl", prctl), ("identity/name", names)];

fn ids() {
    see("the same users", getuid() == geteuid());
    see("the same groups", getgid() == getegid());
    let nobody = rustix::process::Uid::from_raw(65_534);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("Uid:")).unwrap_or_default();
    let expected = format!("Uid:\t{0}\t{0}\t{0}\t{0}", getuid().as_raw());
    see("status agrees", line == expected);
    call("setuid", rustix::thread::set_thread_uid(getuid()));
    if geteuid().is_root() {
        call("become nobody", rustix::thread::set_thread_res_uid(nobody, nobody, nobody));
        see("nobody", geteuid() == nobody);
        call("become root again", rustix::thread::set_thread_uid(rustix::process::Uid::ROOT));
        call(
            "read shadow",
            rustix::fs::open("/proc/1/environ", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).map(|_| ()),
        );
    }
}

fn prctl() {
    call("dumpable", dumpable_behavior());
    call("not dumpable", set_dumpable_behavior(DumpableBehavior::NotDumpable));
    call("dumpable", dumpable_behavior());
    call("death signal", parent_process_death_signal());
    call("set death signal", set_parent_process_death_signal(Some(Signal::TERM)));
    call("death signal", parent_process_death_signal());
    call("clear death signal", set_parent_process_death_signal(None));
    call("no new privileges", no_new_privs());
    call("set no new privileges", set_no_new_privs(true));
    call("no new privileges", no_new_privs());
}

fn names() {
    call("set", set_name(c"a rather long name of a thread"));
    call("get", name());
    see("comm", std::fs::read_to_string("/proc/self/comm"));
    see("write", std::fs::write("/proc/self/comm", "other").is_ok());
    call("get", name());
    let thread = std::thread::Builder::new().name("worker".to_owned());
    let joined = thread.spawn(|| std::fs::read_to_string("/proc/thread-self/comm")).map(|handle| handle.join());
    see("thread", joined.ok().and_then(Result::ok).map(|read| read.unwrap_or_default()));
}
