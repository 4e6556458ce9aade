//! What a host must have for a sandbox: with less, a guest that takes over its kernel would be more than a process in
//! a cage. Decides only; see docs/adr/0004.

use platform::confine::Confinement;
use platform::notify::Isolation;

/// Why this host is refused, if it is.
pub(crate) fn lacking(confinement: Confinement, isolation: Isolation) -> Option<&'static str> {
    match (confinement.filter, confinement.landlock) {
        (false, _) => Some("the host refuses a seccomp filter for the kernel's own process"),
        (true, true) => None,
        // Its capabilities are dropped, but files of the machine, /proc/sys among them, belong to its user.
        (true, false) if isolation.root => Some(
            "the host has neither user namespaces nor Landlock, and this is root, whose files the machine's are: enable one of them (user.max_user_namespaces, or a kernel with Landlock), or start as another user",
        ),
        (true, false) if isolation.namespaces => None,
        (true, false) => Some(
            "the host has neither user namespaces nor Landlock: enable one of them (user.max_user_namespaces, or a kernel with Landlock)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(landlock: bool, namespaces: bool, root: bool) -> bool {
        lacking(Confinement { landlock, filter: true }, Isolation { namespaces, root, error: 0 }).is_some()
    }

    #[test]
    fn a_host_needs_namespaces_or_landlock() {
        assert!(!refused(true, false, false));
        assert!(!refused(false, true, false));
        assert!(refused(false, false, false));
    }

    #[test]
    fn root_of_the_machine_needs_landlock_whatever_other_namespaces_there_are() {
        assert!(!refused(true, true, true));
        assert!(refused(false, true, true));
        assert!(refused(false, false, true));
    }

    #[test]
    fn without_a_filter_nothing_starts() {
        let isolation = Isolation { namespaces: true, root: false, error: 0 };
        assert!(lacking(Confinement { landlock: true, filter: false }, isolation).is_some());
    }
}
