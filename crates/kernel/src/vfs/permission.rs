//! Who may do what with an inode: path_resolution(7), "Permissions", and credentials(7).
//!
//! Owns: the rules as functions of credentials and status. Does not own: when they are asked
//! (`vfs::walk`, `vfs::change`, `syscalls`).

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFMT, S_ISGID, S_ISVTX, Stat};

use crate::task::{Credentials, capability};

bitflags::bitflags! {
    /// What access(2) asks for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Access: u32 {
        /// Execute, or search a directory.
        const EXEC = 1;
        /// Write.
        const WRITE = 2;
        /// Read.
        const READ = 4;
    }
}

/// `EACCES` where these credentials do not have `wanted` on an inode of this status.
pub fn check(who: &Credentials, stat: &Stat, wanted: Access) -> Result<(), Errno> {
    let granted = if who.fsuid == stat.uid {
        stat.mode >> 6
    } else if who.in_group(stat.gid) {
        stat.mode >> 3
    } else {
        stat.mode
    };
    if wanted.bits() & !granted == 0 {
        return Ok(());
    }
    let directory = stat.mode & S_IFMT == S_IFDIR;
    let only_reading = !wanted.contains(Access::WRITE) && (directory || !wanted.contains(Access::EXEC));
    if who.capable(capability::DAC_READ_SEARCH) && only_reading {
        return Ok(());
    }
    let executable = directory || stat.mode & 0o111 != 0;
    if who.capable(capability::DAC_OVERRIDE) && (executable || !wanted.contains(Access::EXEC)) {
        return Ok(());
    }
    Err(Errno::EACCES)
}

/// Whether every directory can be searched, so that nobody needs to look.
pub fn searches_everything(who: &Credentials) -> bool {
    who.capable(capability::DAC_OVERRIDE) || who.capable(capability::DAC_READ_SEARCH)
}

/// Whether these credentials own the inode or act as its owner.
pub fn owns(who: &Credentials, stat: &Stat) -> bool {
    who.fsuid == stat.uid || who.capable(capability::FOWNER)
}

/// `EPERM` where the sticky bit of `directory` keeps these credentials from removing `child`, unlink(2).
pub fn may_remove(who: &Credentials, directory: &Stat, child: &Stat) -> Result<(), Errno> {
    let kept = directory.mode & S_ISVTX != 0
        && who.fsuid != child.uid
        && who.fsuid != directory.uid
        && !who.capable(capability::FOWNER);
    if kept { Err(Errno::EPERM) } else { Ok(()) }
}

/// The permission bits that chmod(2) sets when these credentials ask for `mode`: the set-group-id
/// bit goes where the caller is not in the file's group.
pub fn allowed_mode(who: &Credentials, stat: &Stat, mode: u32) -> u32 {
    if mode & S_ISGID != 0 && !who.in_group(stat.gid) && !who.capable(capability::FSETID) {
        return mode & !S_ISGID;
    }
    mode
}

/// `EPERM` where chown(2) with these ids is not allowed.
pub fn may_chown(who: &Credentials, stat: &Stat, uid: Option<u32>, gid: Option<u32>) -> Result<(), Errno> {
    if who.capable(capability::CHOWN) {
        return Ok(());
    }
    let owner = who.fsuid == stat.uid;
    let uid_stays = uid.is_none_or(|uid| owner && uid == stat.uid);
    let gid_allowed = gid.is_none_or(|gid| owner && (gid == stat.gid || who.in_group(gid)));
    if uid_stays && gid_allowed { Ok(()) } else { Err(Errno::EPERM) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(mode: u32, uid: u32, gid: u32) -> Stat {
        Stat { mode, uid, gid, ..Stat::default() }
    }

    #[test]
    fn the_owner_is_bound_by_the_owner_bits_even_where_others_may_more() {
        let owner = Credentials::user(5, 5, Vec::new());
        assert_eq!(check(&owner, &file(0o100077, 5, 5), Access::READ), Err(Errno::EACCES));
        let other = Credentials::user(6, 6, Vec::new());
        assert_eq!(check(&other, &file(0o100077, 5, 5), Access::READ), Ok(()));
        let member = Credentials::user(6, 6, vec![5]);
        assert_eq!(check(&member, &file(0o100607, 5, 5), Access::READ), Err(Errno::EACCES));
    }

    #[test]
    fn root_executes_only_what_somebody_may_execute() {
        let root = Credentials::user(0, 0, Vec::new());
        assert_eq!(check(&root, &file(0o100000, 5, 5), Access::READ | Access::WRITE), Ok(()));
        assert_eq!(check(&root, &file(0o100644, 5, 5), Access::EXEC), Err(Errno::EACCES));
        assert_eq!(check(&root, &file(0o100645, 5, 5), Access::EXEC), Ok(()));
        assert_eq!(check(&root, &file(0o040000, 5, 5), Access::EXEC), Ok(()));
    }

    #[test]
    fn a_sticky_directory_keeps_the_files_of_others() {
        let user = Credentials::user(7, 7, Vec::new());
        let directory = file(0o041777, 0, 0);
        assert_eq!(may_remove(&user, &directory, &file(0o100666, 8, 8)), Err(Errno::EPERM));
        assert_eq!(may_remove(&user, &directory, &file(0o100666, 7, 8)), Ok(()));
    }

    #[test]
    fn an_owner_gives_a_file_to_own_groups_only() {
        let user = Credentials::user(7, 7, vec![9]);
        let mine = file(0o100644, 7, 7);
        assert_eq!(may_chown(&user, &mine, None, Some(9)), Ok(()));
        assert_eq!(may_chown(&user, &mine, None, Some(10)), Err(Errno::EPERM));
        assert_eq!(may_chown(&user, &mine, Some(8), None), Err(Errno::EPERM));
    }
}
