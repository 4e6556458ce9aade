//! `podvisor-sandbox switch`: the switch of a node.
//!
//! Owns: the command line and the walls around this process. Does not own: what it does (`switch`).

use std::net::SocketAddr;
use std::process::ExitCode;

use crate::complain;

/// Does what the words say; nothing where they say nothing that is known.
pub(crate) fn main(number: &str, words: &[&str]) -> Option<ExitCode> {
    let host: Option<SocketAddr> = match words {
        [] => None,
        ["--host", address] => Some(address.parse().ok()?),
        _ => return None,
    };
    let Some(control) = number.parse().ok().and_then(platform::process::take_descriptor) else {
        return Some(complain(64, &format!("podvisor-sandbox: --control-fd {number}: not an open descriptor\n")));
    };
    platform::process::close_inherited(&control);
    platform::process::prepare();
    let isolation = platform::notify::isolate_on_network();
    platform::process::end_with_parent();
    let walls = platform::confine::confine_switch(host.map(|host| host.port()));
    if !walls.filter || !walls.landlock && !isolation.namespaces {
        let lacking = "podvisor-sandbox: the host has no seccomp filter for the switch, or neither user namespaces nor Landlock\n";
        return Some(complain(69, lacking));
    }
    Some(match switch::serve(control, host) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(69, &format!("podvisor-sandbox: switch: {error}\n")),
    })
}
