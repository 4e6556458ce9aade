//! Resource limits: prlimit(2).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Program, call, see};

pub(crate) const PROGRAMS: &[Program] = &[("limits/files", files), ("limits/rules", rules)];

fn files() {
    let hard = getrlimit(Resource::Nofile).maximum;
    call("lower", setrlimit(Resource::Nofile, Rlimit { current: Some(8), maximum: hard }));
    let mut open = Vec::new();
    let error = loop {
        match std::fs::File::open("/dev/null") {
            Ok(file) => open.push(file),
            Err(error) => break error.raw_os_error(),
        }
    };
    see("refused with", error);
    see("some were opened", !open.is_empty() && open.len() <= 5);
}

fn rules() {
    let soft_over_hard = Rlimit { current: Some(10), maximum: Some(5) };
    call("soft over hard", setrlimit(Resource::Core, soft_over_hard));
    let low = Rlimit { current: Some(0), maximum: Some(1 << 20) };
    call("lower both", setrlimit(Resource::Core, low));
    see("now", getrlimit(Resource::Core));
    call("soft up", setrlimit(Resource::Core, Rlimit { current: Some(4096), ..low }));
    see("now", getrlimit(Resource::Core));
    let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    see("as text", text.lines().find(|line| line.starts_with("Max core")));
    let beyond = Rlimit { current: Some(1), maximum: Some(1 << 40) };
    call("files beyond all", setrlimit(Resource::Nofile, beyond));
}
