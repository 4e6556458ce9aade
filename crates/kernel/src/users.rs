//! Users by name: the image's /etc/passwd and /etc/group, passwd(5) and group(5).
//!
//! Owns: what `UID[:GID]` and `NAME[:GROUP]` mean in an image, in the words that runc uses when they
//! mean nothing. Called by: `start`.

use std::sync::Arc;

use crate::task::{Credentials, Task};
use crate::vfs::OpenFlags;
use crate::vfs::walk::Walk;

/// Files longer than this are not read on.
const LONGEST: usize = 1 << 20;

/// A user that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its credentials, with the groups that /etc/group lists it in.
    pub credentials: Credentials,
    /// Its home directory.
    pub home: String,
}

/// The user that `wanted` names in the image of `task`; root for an empty string.
pub fn resolve(task: &Arc<Task>, wanted: &str, more_groups: &[u32]) -> Result<User, String> {
    let (passwd, group) = (read(task, b"/etc/passwd"), read(task, b"/etc/group"));
    find(&passwd, &group, wanted, more_groups)
}

fn read(task: &Arc<Task>, path: &[u8]) -> String {
    let file = Walk::of(task).find(path, true).and_then(|path| Arc::clone(path.inode()).open(task, OpenFlags::empty()));
    let Ok(file) = file else { return String::new() };
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = file.read(&mut chunk, text.len() as u64) {
        text.extend(chunk.iter().take(length));
        if text.len() > LONGEST {
            break;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn find(passwd: &str, group: &str, wanted: &str, more_groups: &[u32]) -> Result<User, String> {
    let (name, group_name) = match wanted.split_once(':') {
        Some((name, group_name)) => (name, Some(group_name)),
        None => (wanted, None),
    };
    let name = if name.is_empty() { "0" } else { name };
    let number: Option<u32> = name.parse().ok();
    let entry = entries(passwd).find(|fields| {
        fields.first() == Some(&name) || number.is_some() && fields.get(2).and_then(|uid| uid.parse().ok()) == number
    });
    let field = |index: usize| entry.as_ref().and_then(|fields| fields.get(index)).and_then(|text| text.parse().ok());
    let uid = field(2).or(number);
    let uid = uid.ok_or_else(|| format!("unable to find user {name}: no matching entries in passwd file"))?;
    let mut gid = field(3).unwrap_or(0);
    let mut groups = Vec::new();
    match group_name {
        Some(wanted) => gid = group_id(group, wanted)?,
        None => {
            let user = entry.as_ref().and_then(|fields| fields.first()).copied().unwrap_or_default();
            groups = groups_of(group, user);
        }
    }
    groups.extend(more_groups);
    groups.retain(|group| *group != gid);
    groups.sort_unstable();
    groups.dedup();
    let home = entry.as_ref().and_then(|fields| fields.get(5)).filter(|home| !home.is_empty()).copied().unwrap_or("/");
    Ok(User { credentials: Credentials::user(uid, gid, groups), home: home.to_owned() })
}

fn entries(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(':').collect())
}

fn group_id(group: &str, wanted: &str) -> Result<u32, String> {
    let named = entries(group).find(|fields| fields.first() == Some(&wanted));
    let named = named.and_then(|fields| fields.get(2)?.parse().ok());
    named
        .or_else(|| wanted.parse().ok())
        .ok_or_else(|| format!("unable to find group {wanted}: no matching entries in group file"))
}

fn groups_of(group: &str, user: &str) -> Vec<u32> {
    let lists = entries(group).filter(|fields| {
        !user.is_empty() && fields.get(3).is_some_and(|members| members.split(',').any(|member| member == user))
    });
    lists.filter_map(|fields| fields.get(2)?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nstaff:x:50:ann,bob\nann:x:1000:\n";

    fn ids(wanted: &str) -> Result<(u32, u32, Vec<u32>), String> {
        let user = find(PASSWD, GROUP, wanted, &[])?;
        Ok((user.credentials.uid, user.credentials.gid, user.credentials.groups))
    }

    #[test]
    fn a_name_brings_its_groups() {
        assert_eq!(ids("ann"), Ok((1000, 1000, vec![50])));
        assert_eq!(ids("1000"), Ok((1000, 1000, vec![50])));
        assert_eq!(find(PASSWD, GROUP, "ann", &[7]).unwrap().home, "/home/ann");
    }

    #[test]
    fn a_number_needs_no_entry_and_a_group_replaces_the_groups() {
        assert_eq!(ids("4711"), Ok((4711, 0, vec![])));
        assert_eq!(ids("ann:staff"), Ok((1000, 50, vec![])));
        assert_eq!(ids(""), Ok((0, 0, vec![])));
    }

    #[test]
    fn a_name_without_an_entry_is_refused_in_runcs_words() {
        assert_eq!(ids("bob"), Err("unable to find user bob: no matching entries in passwd file".into()));
        assert_eq!(ids("ann:no"), Err("unable to find group no: no matching entries in group file".into()));
    }
}
