//! Conformance programs: `podvisor-guests NAME` runs one, `podvisor-guests` lists them.
//!
//! Owns what a program exercises. Each prints what it observes, and nothing that differs from one
//! run on Linux to the next: no ids, no times, no sizes of the machine. It is run natively and in
//! the sandbox, and the outputs are compared by the tests.

mod clocks;
mod devices;
mod identity;
mod limits;
mod machine;
mod pipes;
mod procfs;
mod readiness;
mod scheduling;
mod sockets;
mod terminals;

use std::fmt::Debug;
use std::process::ExitCode;

/// A program's name and what it does.
type Program = (&'static str, fn());

const FAMILIES: &[&[Program]] = &[
    clocks::PROGRAMS,
    devices::PROGRAMS,
    identity::PROGRAMS,
    limits::PROGRAMS,
    machine::PROGRAMS,
    pipes::PROGRAMS,
    procfs::PROGRAMS,
    readiness::PROGRAMS,
    scheduling::PROGRAMS,
    sockets::PROGRAMS,
    terminals::PROGRAMS,
];

fn main() -> ExitCode {
    let programs = || FAMILIES.iter().flat_map(|family| family.iter());
    let Some(wanted) = std::env::args().nth(1) else {
        programs().for_each(|(name, _)| say(name));
        return ExitCode::SUCCESS;
    };
    match programs().find(|(name, _)| *name == wanted) {
        Some((_, run)) => {
            run();
            ExitCode::SUCCESS
        }
        None => {
            say(&format!("{wanted}: no such program"));
            ExitCode::from(64)
        }
    }
}

/// Prints a line.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints what was seen.
fn see(what: &str, value: impl Debug) {
    say(&format!("{what}: {value:?}"));
}

/// Prints how a call ended: its error's name, or the answer.
fn call<T: Debug>(what: &str, result: Result<T, rustix::io::Errno>) {
    match result {
        Ok(value) => see(what, value),
        Err(errno) => say(&format!("{what}: errno {}", errno.raw_os_error())),
    }
}
