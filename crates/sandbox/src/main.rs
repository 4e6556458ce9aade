//! `podvisor-sandbox`: one user-space kernel for one pod.
//!
//! Owns the command line and the life of the process. Decides nothing about guests: that is `kernel`.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("podvisor-sandbox: no kernel is linked into this build yet");
    ExitCode::from(70)
}
