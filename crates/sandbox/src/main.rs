//! `podvisor-sandbox`: the kernel of one pod, driven over a control socket.
//!
//! Owns: the command line of the binary and the exit codes: 0 when told to end, 64 for a wrong
//! command line, 69 where the host lacks what is needed, 70 for a broken invariant of ours.

mod calls;
mod server;
mod stats;
mod switching;
mod terminal;
mod translate;
mod unpacking;
mod walls;

use std::process::ExitCode;

const USAGE: &str = "usage: podvisor-sandbox run --control-fd N
       podvisor-sandbox switch --control-fd N [--host ADDR:PORT]
                                   the switch of a node
       podvisor-sandbox calls      the host calls that guests, and that this process, can reach
       podvisor-sandbox numbers    the number and name of every call of Linux
       podvisor-sandbox syscalls   the calls that guests can make, and what is missing of them
       podvisor-sandbox unpack layer --output-fd N [--max-bytes B] [--max-entries E]
                                   a layer from standard input becomes an EROFS image
       podvisor-sandbox unpack merge --output-fd N FD...
       podvisor-sandbox unpack archive --layer-fd N --output-fd M
       podvisor-sandbox unpack export --image-fd N --output-fd M
       podvisor-sandbox unpack list [--output-fd N]
                                   EROFS layers, lowest first, become one tree
       podvisor-sandbox version
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["run", "--control-fd", number] => run(number),
        ["unpack", rest @ ..] => unpacking::main(rest).unwrap_or_else(|| complain(64, USAGE)),
        ["switch", "--control-fd", number, rest @ ..] => {
            switching::main(number, rest).unwrap_or_else(|| complain(64, USAGE))
        }
        ["calls"] => calls::print_reachable(),
        ["numbers"] => calls::print_numbers(),
        ["syscalls"] => calls::print_answered(),
        ["version" | "--version"] => calls::print(&format!("podvisor-sandbox {}\n", env!("CARGO_PKG_VERSION"))),
        _ => complain(64, USAGE),
    }
}

fn run(number: &str) -> ExitCode {
    let control = match number.parse().ok().and_then(platform::process::take_descriptor) {
        Some(control) => control,
        None => return complain(64, &format!("podvisor-sandbox: --control-fd {number}: not an open descriptor\n")),
    };
    platform::process::close_inherited(&control);
    let Ok(report) = control.try_clone() else { return complain(69, "podvisor-sandbox: too many open files\n") };
    std::panic::set_hook(Box::new(|panic| {
        let _ = BROKEN.set(panic.to_string());
    }));
    match std::panic::catch_unwind(|| server::serve(control)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => complain(failure.code, &format!("podvisor-sandbox: {}\n", failure.message)),
        Err(_) => {
            let message = BROKEN.get().cloned().unwrap_or_default();
            control::Socket::new(report).send(&control::Event::Fatal { message: message.clone() });
            complain(70, &format!("podvisor-sandbox: an invariant of the kernel is broken, please report: {message}\n"))
        }
    }
}

/// The first broken invariant: what and where.
static BROKEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();

pub(crate) fn complain(code: u8, text: &str) -> ExitCode {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(code)
}
