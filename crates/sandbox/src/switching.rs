//! `podvisor-sandbox switch`: the switch of a node.
//!
//! Owns: the command line and the walls around this process. Does not own: what it does (`switch`).

use std::net::SocketAddr;
use std::process::ExitCode;

use platform::confine::Ports;
use switch::{Bounds, Network};

use crate::complain;

/// What the words after `--control-fd N` say.
#[derive(Default, PartialEq, Eq, Debug)]
struct Wanted {
    /// The address of the machine that a Service may lead to.
    host: Option<SocketAddr>,
    /// What lies outside of the cluster and may be reached.
    bounds: Bounds,
}

impl Wanted {
    /// Nothing where a word is not known or is none of its kind.
    fn parse(words: &[&str]) -> Option<Wanted> {
        let mut wanted = Wanted::default();
        for pair in words.chunks(2) {
            match pair {
                ["--host", address] => wanted.host = Some(address.parse().ok()?),
                ["--egress", networks] => wanted.bounds.allow = parse_all(networks)?,
                ["--egress-deny", networks] => wanted.bounds.deny = parse_all(networks)?,
                _ => return None,
            }
        }
        Some(wanted)
    }

    /// Without anything to reach outside Landlock holds too that nothing is.
    fn ports(&self) -> Ports {
        if self.bounds.allow.is_empty() { Ports::Only(self.host.map(|host| host.port())) } else { Ports::All }
    }
}

fn parse_all(networks: &str) -> Option<Vec<Network>> {
    networks.split(',').filter(|text| !text.is_empty()).map(Network::parse).collect()
}

/// Does what the words say; nothing where they say nothing that is known.
pub(crate) fn main(number: &str, words: &[&str]) -> Option<ExitCode> {
    let wanted = Wanted::parse(words)?;
    let Some(control) = number.parse().ok().and_then(platform::process::take_descriptor) else {
        return Some(complain(64, &format!("podvisor-sandbox: --control-fd {number}: not an open descriptor\n")));
    };
    platform::process::close_inherited(&control);
    platform::process::prepare();
    let isolation = platform::notify::isolate_on_network();
    platform::process::end_with_parent();
    let walls = platform::confine::confine_switch(wanted.ports());
    if !walls.filter || !walls.landlock && !isolation.namespaces {
        let lacking = "podvisor-sandbox: the host has no seccomp filter for the switch, or neither user namespaces nor Landlock\n";
        return Some(complain(69, lacking));
    }
    Some(match switch::serve(control, wanted.host, wanted.bounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(69, &format!("podvisor-sandbox: switch: {error}\n")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_may_be_reached_and_others_say_nothing() {
        assert_eq!(Wanted::parse(&[]).map(|wanted| wanted.ports()), Some(Ports::Only(None)));
        let host = Wanted::parse(&["--host", "127.0.0.1:6443"]).map(|wanted| wanted.ports());
        assert_eq!(host, Some(Ports::Only(Some(6443))));
        let denied = Wanted::parse(&["--egress", "", "--egress-deny", "10.0.0.0/8"]).map(|wanted| wanted.ports());
        assert_eq!(denied, Some(Ports::Only(None)));
        let all = Wanted::parse(&["--egress", "0.0.0.0/0,::/0"]).map(|wanted| wanted.ports());
        assert_eq!(all, Some(Ports::All));
        for bad in
            [&["--host"][..], &["--host", "here"], &["--egress", "10.0.0.1"], &["--egress", "x/8"], &["--all", ""]]
        {
            assert_eq!(Wanted::parse(bad), None, "{bad:?}");
        }
    }
}
