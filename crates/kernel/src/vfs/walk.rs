//! Walking paths: path_resolution(7), and the restrictions of openat2(2).
//!
//! Owns: [`Walk`], from a path to a place, with search permission on every directory, symbolic links
//! and mounts. Does not own: what is done at the place. Called by: `syscalls`, `loader`, `fs::root`.

use std::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFLNK};

use crate::task::{Credentials, Task};
use crate::vfs::permission::{self, Access};
use crate::vfs::{NAME_MAX, Path};

/// How many symbolic links one path may follow.
const MAX_LINKS: u32 = 40;

bitflags::bitflags! {
    /// `resolve` of openat2(2)'s `struct open_how`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Resolve: u64 {
        /// No mount is crossed.
        const NO_XDEV = 0x01;
        /// No link of /proc/PID/fd and the like is followed.
        const NO_MAGICLINKS = 0x02;
        /// No symbolic link is followed.
        const NO_SYMLINKS = 0x04;
        /// Nothing above the start is reached.
        const BENEATH = 0x08;
        /// The start is the root.
        const IN_ROOT = 0x10;
        /// Only what needs no wait; ours never waits.
        const CACHED = 0x20;
    }
}

/// One walk: who, from where, how.
pub struct Walk<'a> {
    task: Option<&'a Arc<Task>>,
    who: Arc<Credentials>,
    root: Path,
    start: Path,
    resolve: Resolve,
    links: u32,
}

/// The last component of a path that names what may not be there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Last {
    /// An ordinary name.
    Name(Vec<u8>),
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// There is none: the path is `/`.
    Root,
}

/// The directory and the last component of a path.
pub struct Place {
    /// The directory.
    pub directory: Path,
    /// The last component.
    pub last: Last,
    /// Whether the path ends with a slash, so that only a directory may be meant.
    pub slash: bool,
}

impl Place {
    /// The name, or `errno` where it is `.`, `..` or the root.
    pub fn name(&self, errno: Errno) -> Result<&[u8], Errno> {
        match &self.last {
            Last::Name(name) => Ok(name),
            _ => Err(errno),
        }
    }
}

/// What a walk does with the last component.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Looks it up; follows a symbolic link.
    Follow,
    /// Looks it up.
    NoFollow,
    /// Leaves it to the caller.
    Leave,
    /// Looks it up and follows; leaves it to the caller where it is not there.
    FollowOrLeave,
    /// Looks it up; leaves it to the caller where it is not there.
    NoFollowOrLeave,
}

/// Where a walk ended.
pub enum Reached {
    /// At something.
    Found(Path),
    /// At a name that is still to be looked up or is not there.
    Place(Place),
}

/// The components that are still to be walked, last one first.
struct Pending {
    components: Vec<Vec<u8>>,
    slash: bool,
}

impl Pending {
    fn of(path: &[u8]) -> Pending {
        let mut pending = Pending { components: Vec::new(), slash: path.ends_with(b"/") };
        pending.push(path);
        pending
    }

    fn push(&mut self, path: &[u8]) {
        let pieces = path.rsplit(|byte| *byte == b'/').filter(|piece| !piece.is_empty());
        self.components.extend(pieces.map(<[u8]>::to_vec));
    }
}

impl<'a> Walk<'a> {
    /// A walk of `task`, from its working directory.
    pub fn of(task: &'a Arc<Task>) -> Walk<'a> {
        let fs = task.fs();
        let (root, start) = (fs.root.lock().clone(), fs.cwd.lock().clone());
        Walk { who: task.credentials(), root, start, resolve: Resolve::empty(), links: 0, task: Some(task) }
    }

    /// A walk of nobody in particular with these credentials, from `root`.
    pub fn from_root(root: &Path, who: Arc<Credentials>) -> Walk<'static> {
        Walk { task: None, who, root: root.clone(), start: root.clone(), resolve: Resolve::empty(), links: 0 }
    }

    /// The same from `start` where the path is relative.
    pub fn from(mut self, start: Path) -> Walk<'a> {
        self.start = start;
        self
    }

    /// The same with other credentials: access(2) asks with the real ids.
    pub fn acting_as(mut self, who: Arc<Credentials>) -> Walk<'a> {
        self.who = who;
        self
    }

    /// The same with the restrictions of openat2(2).
    pub fn restricted(mut self, resolve: Resolve) -> Walk<'a> {
        self.resolve = resolve;
        if resolve.intersects(Resolve::IN_ROOT | Resolve::BENEATH) {
            self.root = self.start.clone();
        }
        self
    }

    /// What is at `path`; a symbolic link at its end is followed where `follow`.
    pub fn find(self, path: &[u8], follow: bool) -> Result<Path, Errno> {
        match self.run(path, if follow { Ending::Follow } else { Ending::NoFollow })? {
            Reached::Found(path) => Ok(path),
            Reached::Place(_) => Err(Errno::ENOENT),
        }
    }

    /// The directory and the name of `path`, which is not looked up.
    pub fn place(self, path: &[u8]) -> Result<Place, Errno> {
        match self.run(path, Ending::Leave)? {
            Reached::Place(place) => Ok(place),
            Reached::Found(_) => Err(Errno::EEXIST),
        }
    }

    /// What is at `path`, or the place where it would be: open(2) with O_CREAT.
    pub fn find_or_place(self, path: &[u8], follow: bool) -> Result<Reached, Errno> {
        self.run(path, if follow { Ending::FollowOrLeave } else { Ending::NoFollowOrLeave })
    }

    fn run(mut self, path: &[u8], ending: Ending) -> Result<Reached, Errno> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        let mut at = self.start.clone();
        if path.starts_with(b"/") {
            at = self.jump_to_root()?;
        }
        let mut todo = Pending::of(path);
        if todo.components.is_empty() && ending == Ending::Leave {
            return Ok(Reached::Place(Place { directory: at, last: Last::Root, slash: true }));
        }
        while let Some(name) = todo.components.pop() {
            let is_last = todo.components.is_empty();
            self.may_search(&at)?;
            if is_last && ending == Ending::Leave {
                return leave(at, &name, todo.slash).map(Reached::Place);
            }
            match name.as_slice() {
                b"." => continue,
                b".." => {
                    at = self.above(&at)?;
                    continue;
                }
                _ if name.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
                _ => {}
            }
            let child = match at.child(&name) {
                Err(Errno::ENOENT) if is_last && matches!(ending, Ending::FollowOrLeave | Ending::NoFollowOrLeave) => {
                    return leave(at, &name, todo.slash).map(Reached::Place);
                }
                other => other?,
            };
            let follow = !is_last || todo.slash || matches!(ending, Ending::Follow | Ending::FollowOrLeave);
            at = if follow && child.dentry.kind() == S_IFLNK {
                self.follow(at, &child, &mut todo)?
            } else {
                self.crossed(&at, &child)?;
                child
            };
        }
        if todo.slash && at.dentry.kind() != S_IFDIR {
            return Err(Errno::ENOTDIR);
        }
        Ok(Reached::Found(at))
    }

    /// `ENOTDIR` or `EACCES` where `at` cannot be searched.
    fn may_search(&self, at: &Path) -> Result<(), Errno> {
        if !at.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        match self.task.and_then(|task| at.inode().admits(task)) {
            Some(true) => return Ok(()),
            Some(false) => return Err(Errno::EACCES),
            None => {}
        }
        if permission::searches_everything(&self.who) {
            return Ok(());
        }
        permission::check(&self.who, &at.stat()?, Access::EXEC)
    }

    fn jump_to_root(&self) -> Result<Path, Errno> {
        if self.resolve.contains(Resolve::BENEATH) {
            return Err(Errno::EXDEV);
        }
        Ok(self.root.clone())
    }

    fn above(&self, at: &Path) -> Result<Path, Errno> {
        if at.is(&self.root) {
            let beneath = self.resolve.contains(Resolve::BENEATH);
            return if beneath { Err(Errno::EXDEV) } else { Ok(at.clone()) };
        }
        let above = at.above();
        self.crossed(at, &above)?;
        Ok(above.top())
    }

    fn crossed(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        let crossed = self.resolve.contains(Resolve::NO_XDEV) && !Arc::ptr_eq(&from.mount, &to.mount);
        if crossed { Err(Errno::EXDEV) } else { Ok(()) }
    }

    /// Where the walk goes on after the symbolic link `link` in `directory`.
    fn follow(&mut self, directory: Path, link: &Path, todo: &mut Pending) -> Result<Path, Errno> {
        self.links = self.links.saturating_add(1);
        if self.links > MAX_LINKS || self.resolve.contains(Resolve::NO_SYMLINKS) {
            return Err(Errno::ELOOP);
        }
        if let Some(task) = self.task
            && let Some(target) = link.inode().follow(task)
        {
            if self.resolve.intersects(Resolve::NO_MAGICLINKS) {
                return Err(Errno::ELOOP);
            }
            if self.resolve.intersects(Resolve::BENEATH | Resolve::IN_ROOT) {
                return Err(Errno::EXDEV);
            }
            let target = target?;
            self.crossed(&directory, &target)?;
            return Ok(target);
        }
        let text = match self.task {
            Some(task) => link.inode().read_link(task)?,
            None => link.inode().link_text()?,
        };
        if text.is_empty() {
            return Err(Errno::ENOENT);
        }
        todo.slash |= todo.components.is_empty() && text.ends_with(b"/");
        todo.push(&text);
        if text.starts_with(b"/") {
            let root = self.jump_to_root()?;
            self.crossed(&directory, &root)?;
            return Ok(root);
        }
        Ok(directory)
    }
}

fn leave(directory: Path, name: &[u8], slash: bool) -> Result<Place, Errno> {
    let last = match name {
        b"." => Last::Dot,
        b".." => Last::DotDot,
        _ if name.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
        _ => Last::Name(name.to_vec()),
    };
    Ok(Place { directory, last, slash })
}

#[cfg(test)]
mod tests;
