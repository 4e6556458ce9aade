//! How credentials change: setuid(2) and its family, capset(2), capabilities(7).
//!
//! Owns: who may become whom, and what becomes of the capabilities then. Each rule answers new
//! [`Credentials`] or the errno; nothing is changed in place.

use abi::Errno;

use super::Credentials;
use super::credentials::capability;

/// An id argument of -1: leave it alone.
const KEEP: u32 = u32::MAX;

/// SECBIT_KEEP_CAPS of capabilities(7): also PR_SET_KEEPCAPS.
pub const SECBIT_KEEP_CAPS: u32 = 1 << 4;

/// The other secure bits of capabilities(7).
pub mod securebits {
    /// SECBIT_NOROOT: uid 0 is nobody special to execve(2).
    pub const NOROOT: u32 = 1 << 0;
    /// SECBIT_NO_SETUID_FIXUP: changes of uid leave the capabilities alone.
    pub const NO_SETUID_FIXUP: u32 = 1 << 2;
    /// SECBIT_NO_CAP_AMBIENT_RAISE: the ambient set cannot grow.
    pub const NO_CAP_AMBIENT_RAISE: u32 = 1 << 6;
    /// Every bit that exists; a bit's lock lies above it.
    pub const ALL: u32 = 0xff;
    /// The lock bits.
    pub const LOCKS: u32 = 0xaa;
}

/// The capabilities that follow the file-system uid, capabilities(7).
const FS_CAPABILITIES: u64 = 1 << capability::CHOWN
    | 1 << capability::DAC_OVERRIDE
    | 1 << capability::DAC_READ_SEARCH
    | 1 << capability::FOWNER
    | 1 << capability::FSETID
    | 1 << capability::LINUX_IMMUTABLE
    | 1 << capability::MKNOD
    | 1 << capability::MAC_OVERRIDE;

/// The three sets that capset(2) changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapabilitySets {
    /// What is checked.
    pub effective: u64,
    /// What may become effective.
    pub permitted: u64,
    /// What execve(2) may keep.
    pub inheritable: u64,
}

fn one_of(wanted: u32, allowed: &[u32]) -> bool {
    wanted == KEEP || allowed.contains(&wanted)
}

fn or(wanted: u32, old: u32) -> u32 {
    if wanted == KEEP { old } else { wanted }
}

impl Credentials {
    /// setuid(2).
    pub fn with_uid(&self, uid: u32) -> Result<Credentials, Errno> {
        if uid == KEEP {
            return Err(Errno::EINVAL);
        }
        if self.capable(capability::SETUID) {
            return Ok(self.after_uids(uid, uid, uid));
        }
        if uid != self.uid && uid != self.suid {
            return Err(Errno::EPERM);
        }
        Ok(self.after_uids(self.uid, uid, self.suid))
    }

    /// setreuid(2).
    pub fn with_real_effective_uid(&self, real: u32, effective: u32) -> Result<Credentials, Errno> {
        let allowed = one_of(real, &[self.uid, self.euid]) && one_of(effective, &[self.uid, self.euid, self.suid]);
        if !allowed && !self.capable(capability::SETUID) {
            return Err(Errno::EPERM);
        }
        let (new_real, new_effective) = (or(real, self.uid), or(effective, self.euid));
        let saves = real != KEEP || (effective != KEEP && effective != self.uid);
        Ok(self.after_uids(new_real, new_effective, if saves { new_effective } else { self.suid }))
    }

    /// setresuid(2).
    pub fn with_uids(&self, real: u32, effective: u32, saved: u32) -> Result<Credentials, Errno> {
        let mine = [self.uid, self.euid, self.suid];
        if ![real, effective, saved].iter().all(|id| one_of(*id, &mine)) && !self.capable(capability::SETUID) {
            return Err(Errno::EPERM);
        }
        Ok(self.after_uids(or(real, self.uid), or(effective, self.euid), or(saved, self.suid)))
    }

    /// setfsuid(2); `None` where nothing changes, which that call does not report.
    pub fn with_fs_uid(&self, uid: u32) -> Option<Credentials> {
        let allowed = [self.uid, self.euid, self.suid, self.fsuid].contains(&uid) || self.capable(capability::SETUID);
        if !allowed || uid == KEEP || uid == self.fsuid {
            return None;
        }
        let mut new = Credentials { fsuid: uid, ..self.clone() };
        if self.securebits & securebits::NO_SETUID_FIXUP == 0 {
            if self.fsuid == 0 && uid != 0 {
                new.effective &= !FS_CAPABILITIES;
            } else if self.fsuid != 0 && uid == 0 {
                new.effective |= new.permitted & FS_CAPABILITIES;
            }
        }
        Some(new)
    }

    /// setgid(2).
    pub fn with_gid(&self, gid: u32) -> Result<Credentials, Errno> {
        if gid == KEEP {
            return Err(Errno::EINVAL);
        }
        if self.capable(capability::SETGID) {
            return Ok(self.after_gids(gid, gid, gid));
        }
        if gid != self.gid && gid != self.sgid {
            return Err(Errno::EPERM);
        }
        Ok(self.after_gids(self.gid, gid, self.sgid))
    }

    /// setregid(2).
    pub fn with_real_effective_gid(&self, real: u32, effective: u32) -> Result<Credentials, Errno> {
        let allowed = one_of(real, &[self.gid, self.egid]) && one_of(effective, &[self.gid, self.egid, self.sgid]);
        if !allowed && !self.capable(capability::SETGID) {
            return Err(Errno::EPERM);
        }
        let (new_real, new_effective) = (or(real, self.gid), or(effective, self.egid));
        let saves = real != KEEP || (effective != KEEP && effective != self.gid);
        Ok(self.after_gids(new_real, new_effective, if saves { new_effective } else { self.sgid }))
    }

    /// setresgid(2).
    pub fn with_gids(&self, real: u32, effective: u32, saved: u32) -> Result<Credentials, Errno> {
        let mine = [self.gid, self.egid, self.sgid];
        if ![real, effective, saved].iter().all(|id| one_of(*id, &mine)) && !self.capable(capability::SETGID) {
            return Err(Errno::EPERM);
        }
        Ok(self.after_gids(or(real, self.gid), or(effective, self.egid), or(saved, self.sgid)))
    }

    /// setfsgid(2); `None` where nothing changes, which that call does not report.
    pub fn with_fs_gid(&self, gid: u32) -> Option<Credentials> {
        let allowed = [self.gid, self.egid, self.sgid, self.fsgid].contains(&gid) || self.capable(capability::SETGID);
        (allowed && gid != KEEP && gid != self.fsgid).then(|| Credentials { fsgid: gid, ..self.clone() })
    }

    /// setgroups(2).
    pub fn with_groups(&self, groups: Vec<u32>) -> Result<Credentials, Errno> {
        if !self.capable(capability::SETGID) {
            return Err(Errno::EPERM);
        }
        Ok(Credentials { groups, ..self.clone() })
    }

    /// capset(2).
    pub fn with_capabilities(&self, wanted: CapabilitySets) -> Result<Credentials, Errno> {
        let inherits_freely = self.capable(capability::SETPCAP);
        let may_inherit = self.inheritable | if inherits_freely { u64::MAX } else { self.permitted };
        let within = |set: u64, limit: u64| set & !limit == 0;
        if !within(wanted.inheritable, may_inherit)
            || !within(wanted.inheritable, self.inheritable | self.bounding)
            || !within(wanted.permitted, self.permitted)
            || !within(wanted.effective, wanted.permitted)
        {
            return Err(Errno::EPERM);
        }
        Ok(Credentials {
            effective: wanted.effective,
            permitted: wanted.permitted,
            inheritable: wanted.inheritable,
            ambient: self.ambient & wanted.permitted & wanted.inheritable,
            ..self.clone()
        })
    }

    /// The credentials with other uids, after the rules of capabilities(7), "Effect of user ID
    /// changes on capabilities".
    fn after_uids(&self, uid: u32, euid: u32, suid: u32) -> Credentials {
        let mut new = Credentials { uid, euid, suid, fsuid: euid, ..self.clone() };
        if self.securebits & securebits::NO_SETUID_FIXUP != 0 {
            return new;
        }
        let had_root = [self.uid, self.euid, self.suid].contains(&0);
        if had_root && ![uid, euid, suid].contains(&0) {
            if self.securebits & SECBIT_KEEP_CAPS == 0 {
                (new.permitted, new.effective) = (0, 0);
            }
            new.ambient = 0;
        }
        if self.euid == 0 && euid != 0 {
            new.effective = 0;
        } else if self.euid != 0 && euid == 0 {
            new.effective = new.permitted;
        }
        new
    }

    fn after_gids(&self, gid: u32, egid: u32, sgid: u32) -> Credentials {
        Credentials { gid, egid, sgid, fsgid: egid, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Credentials {
        Credentials::user(0, 0, vec![0])
    }

    #[test]
    fn root_that_becomes_a_user_loses_its_capabilities_for_good() {
        let user = root().with_uid(1000).expect("root may");
        assert_eq!((user.uid, user.euid, user.suid, user.fsuid), (1000, 1000, 1000, 1000));
        assert_eq!((user.permitted, user.effective), (0, 0));
        assert_eq!(user.with_uid(0), Err(Errno::EPERM));
    }

    #[test]
    fn an_effective_uid_alone_can_be_taken_back() {
        let user = root().with_uids(KEEP, 1000, KEEP).expect("root may");
        assert_eq!(user.effective, 0);
        assert_eq!(user.permitted, root().permitted);
        let again = user.with_uids(KEEP, 0, KEEP).expect("its real uid is 0");
        assert_eq!(again.effective, root().effective);
    }

    #[test]
    fn keep_caps_keeps_the_permitted_set_only() {
        let keeper = Credentials { securebits: SECBIT_KEEP_CAPS, ..root() };
        let user = keeper.with_uid(1000).expect("root may");
        assert_eq!(user.permitted, root().permitted);
        assert_eq!(user.effective, 0);
    }

    #[test]
    fn setreuid_saves_the_new_effective_uid() {
        let user = Credentials { uid: 1, euid: 2, suid: 2, fsuid: 2, ..Credentials::user(1, 1, vec![]) };
        let swapped = user.with_real_effective_uid(2, 1).expect("both are its own");
        assert_eq!((swapped.uid, swapped.euid, swapped.suid), (2, 1, 1));
        assert_eq!(user.with_real_effective_uid(3, KEEP), Err(Errno::EPERM));
    }

    #[test]
    fn capset_cannot_add_what_is_not_permitted() {
        let old = root();
        let none = CapabilitySets { effective: 0, permitted: 0, inheritable: 0 };
        let bare = old.with_capabilities(none).expect("less is always allowed");
        let wish = CapabilitySets { effective: 1, permitted: 1, inheritable: 0 };
        assert_eq!(bare.with_capabilities(wish), Err(Errno::EPERM));
    }
}
