//! File systems whose files are made up when they are read: what proc and sysfs are built of.
//!
//! Owns: [`PseudoFs`], directories with fixed names, files of generated text, links. A text is made
//! anew by each read at position 0, so that a descriptor kept open shows fresh figures after a seek
//! to the start. All sizes are 0, as proc(5) has it. Does not own: what the texts say.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use abi::Errno;
use abi::stat::{S_IFDIR, S_IFLNK, S_IFREG, Stat};
use abi::time::Timespec;

use crate::sync::Mutex;
use crate::task::{Fault, Task};
use crate::vfs::{DirEntry, File, FileSystem, FileSystemStat, Inode, OpenFlags, anonymous_device};

/// A file system of made-up files.
pub struct PseudoFs {
    name: &'static str,
    magic: u64,
    device: u64,
    mounted: Timespec,
    top: OnceLock<Arc<dyn Inode>>,
}

impl PseudoFs {
    /// An empty one; `magic` as statfs(2) lists them. Its top directory is made by `top` once.
    pub fn new(name: &'static str, magic: u64, top: impl FnOnce(&Arc<PseudoFs>) -> Arc<dyn Inode>) -> Arc<PseudoFs> {
        let device = anonymous_device();
        let fs = Arc::new(PseudoFs { name, magic, device, mounted: crate::time::now(), top: OnceLock::new() });
        let top = top(&fs);
        fs.top.get_or_init(|| top);
        fs
    }

    /// The status of one of its files.
    pub fn stat_of(&self, ino: u64, mode: u32, owner: (u32, u32)) -> Stat {
        let nlink = if mode & abi::stat::S_IFMT == S_IFDIR { 2 } else { 1 };
        Stat {
            dev: self.device,
            ino,
            nlink,
            mode,
            uid: owner.0,
            gid: owner.1,
            blksize: 1024,
            atime: self.mounted,
            mtime: self.mounted,
            ctime: self.mounted,
            ..Stat::default()
        }
    }
}

impl FileSystem for PseudoFs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn device(&self) -> u64 {
        self.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        let top = self.top.get();
        // Set before anybody else sees the file system.
        top.map(Arc::clone).unwrap_or_else(|| unreachable!("a file system without its top"))
    }

    fn stat(&self) -> FileSystemStat {
        FileSystemStat { magic: self.magic, block_size: 4096, ..FileSystemStat::default() }
    }
}

/// An inode number that stays the same for the same name in the same place.
pub fn ino_of(parent: u64, name: &[u8]) -> u64 {
    // FNV-1a: stable, and spread well enough for a few thousand names.
    let seed = 0xcbf2_9ce4_8422_2325 ^ parent;
    let hash = name.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash >> 1 | 1
}

/// The entries of a directory from `position` on, `.` and `..` first. A number's position is its
/// value, so that whoever closes descriptors while reading /proc/self/fd misses none.
pub fn entries(own: u64, names: impl Iterator<Item = Name>, position: u64) -> Vec<DirEntry> {
    /// The positions of fixed names lie below this one, those of numbers above.
    const NUMBERS: u64 = 1 << 32;
    let number = |name: &[u8]| std::str::from_utf8(name).ok()?.parse::<u32>().ok();
    let dots = [(b".".to_vec(), own, S_IFDIR), (b"..".to_vec(), own, S_IFDIR)];
    let all = dots.into_iter().chain(names).zip(1_u64..);
    let placed = all.map(|((name, ino, kind), index)| {
        let next = number(&name).map_or(index, |number| NUMBERS + u64::from(number));
        DirEntry { name, ino, kind, next }
    });
    let mut rest: Vec<DirEntry> = placed.filter(|entry| entry.next > position).collect();
    rest.sort_by_key(|entry| entry.next);
    rest
}

/// An open directory; its entries are asked for at each reading.
pub struct OpenDirectory<F>(pub Stat, pub F);

impl<F: Fn(u64) -> Result<Vec<DirEntry>, Errno> + Send + Sync + 'static> File for OpenDirectory<F> {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.0)
    }

    fn seekable(&self) -> bool {
        true
    }

    fn read(&self, _: &mut [u8], _: u64) -> Result<usize, Errno> {
        Err(Errno::EISDIR)
    }

    fn read_dir(&self, position: u64) -> Result<Vec<DirEntry>, Errno> {
        self.1(position)
    }
}

/// A directory whose names never change.
pub struct Directory {
    fs: Weak<PseudoFs>,
    ino: u64,
    children: Vec<(String, Arc<dyn Inode>)>,
}

impl Directory {
    /// A directory of those children.
    pub fn new<N: Into<String>>(fs: &Arc<PseudoFs>, ino: u64, children: Vec<(N, Arc<dyn Inode>)>) -> Arc<Directory> {
        let children = children.into_iter().map(|(name, inode)| (name.into(), inode)).collect();
        Arc::new(Directory { fs: Arc::downgrade(fs), ino, children })
    }

    /// The child of that name.
    pub fn child(&self, name: &[u8]) -> Option<Arc<dyn Inode>> {
        let found = self.children.iter().find(|(child, _)| child.as_bytes() == name);
        found.map(|(_, inode)| Arc::clone(inode))
    }

    /// Names, numbers and types of the children.
    pub fn listing(&self) -> Vec<Name> {
        let entry = |(name, inode): &(String, Arc<dyn Inode>)| {
            let ino = inode.stat().map_or(0, |stat| stat.ino);
            (name.as_bytes().to_vec(), ino, inode.kind())
        };
        self.children.iter().map(entry).collect()
    }
}

/// The file system of an inode that lives no longer than it.
fn upgrade(fs: &Weak<PseudoFs>) -> Result<Arc<PseudoFs>, Errno> {
    fs.upgrade().ok_or(Errno::ENODEV)
}

macro_rules! belongs_to {
    () => {
        fn file_system(&self) -> Arc<dyn FileSystem> {
            match self.fs.upgrade() {
                Some(fs) => fs,
                // The mount went before its last inode: an empty stand-in has the answers that remain.
                None => PseudoFs::new("none", 0, |fs| empty(fs)),
            }
        }
    };
}

impl Inode for Directory {
    belongs_to!();

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(upgrade(&self.fs)?.stat_of(self.ino, S_IFDIR | 0o555, (0, 0)))
    }

    fn kind(&self) -> u32 {
        S_IFDIR
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        self.child(name).ok_or(Errno::ENOENT)
    }

    fn open(self: Arc<Self>, _: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        let stat = self.stat()?;
        Ok(Arc::new(OpenDirectory(stat, move |at| Ok(entries(self.ino, self.listing().into_iter(), at)))))
    }
}

/// A line of text made for whoever reads it.
pub type Line = fn(&Arc<Task>) -> String;

/// A directory without names.
pub fn empty(fs: &Arc<PseudoFs>) -> Arc<Directory> {
    Directory::new::<String>(fs, 1, Vec::new())
}

/// Directories under construction: files are added by path.
#[derive(Default)]
pub struct Tree {
    directories: BTreeMap<String, Tree>,
    files: Vec<(String, Arc<dyn Inode>)>,
}

impl Tree {
    /// Adds a file; the directories above it come by themselves.
    pub fn add(&mut self, path: &str, file: Arc<dyn Inode>) {
        match path.split_once('/') {
            Some((directory, rest)) => self.directories.entry(directory.to_owned()).or_default().add(rest, file),
            None => self.files.push((path.to_owned(), file)),
        }
    }

    /// Adds an empty directory.
    pub fn add_directory(&mut self, path: &str) {
        match path.split_once('/') {
            Some((directory, rest)) => self.directories.entry(directory.to_owned()).or_default().add_directory(rest),
            None => drop(self.directories.entry(path.to_owned()).or_default()),
        }
    }

    /// Adds a file of fixed text, a newline behind it.
    pub fn text(&mut self, fs: &Arc<PseudoFs>, path: &str, text: &str) {
        let text = format!("{text}\n").into_bytes();
        self.add(path, TextFile::new(fs, ino_of(TREE, path.as_bytes()), move |_| Ok(text.clone())));
    }

    /// Adds a file of computed text, a newline behind it.
    pub fn computed(
        &mut self,
        fs: &Arc<PseudoFs>,
        path: &str,
        text: impl Fn(&Arc<Task>) -> String + Send + Sync + 'static,
    ) {
        let text = move |task: &Arc<Task>| Ok(format!("{}\n", text(task)).into_bytes());
        self.add(path, TextFile::new(fs, ino_of(TREE, path.as_bytes()), text));
    }

    /// The finished directory.
    pub fn build(self, fs: &Arc<PseudoFs>, ino: u64) -> Arc<Directory> {
        let mut children = self.files;
        for (name, tree) in self.directories {
            let number = ino_of(ino, name.as_bytes());
            children.push((name, tree.build(fs, number)));
        }
        children.sort_by(|(one, _), (other, _)| one.cmp(other));
        Directory::new(fs, ino, children)
    }
}

/// A name in a directory: its text, inode number and type.
pub type Name = (Vec<u8>, u64, u32);

/// What the inode numbers of a tree's files are made from, besides their paths.
const TREE: u64 = 7;

/// Makes the text of a file for whoever reads it.
pub type Generate = Box<dyn Fn(&Arc<Task>) -> Result<Vec<u8>, Errno> + Send + Sync>;

/// Takes what is written to a file.
pub type Accept = Box<dyn Fn(&Arc<Task>, &[u8]) -> Result<(), Errno> + Send + Sync>;

/// The errno where a task may neither read nor write a file that is open.
type Guard = Box<dyn Fn(&Arc<Task>) -> Result<(), Errno> + Send + Sync>;

/// What an open file of text says, takes and asks.
pub struct Content {
    generate: Generate,
    accept: Option<Accept>,
    guard: Option<Guard>,
}

impl Content {
    /// A text that can only be read.
    pub fn read_only(generate: impl Fn(&Arc<Task>) -> Result<Vec<u8>, Errno> + Send + Sync + 'static) -> Content {
        Content { generate: Box::new(generate), accept: None, guard: None }
    }

    /// The same, which takes what is written.
    pub fn accepting(self, accept: impl Fn(&Arc<Task>, &[u8]) -> Result<(), Errno> + Send + Sync + 'static) -> Content {
        Content { accept: Some(Box::new(accept)), ..self }
    }

    /// The same for those whom `guard` lets, whoever opened it.
    pub fn guarded(self, guard: impl Fn(&Arc<Task>) -> Result<(), Errno> + Send + Sync + 'static) -> Content {
        Content { guard: Some(Box::new(guard)), ..self }
    }

    /// True if it takes what is written.
    pub fn is_writable(&self) -> bool {
        self.accept.is_some()
    }
}

/// A file of generated text.
pub struct TextFile {
    fs: Weak<PseudoFs>,
    ino: u64,
    mode: u32,
    generate: Generate,
    accept: Option<Accept>,
}

impl TextFile {
    /// A file that can only be read.
    pub fn new(
        fs: &Arc<PseudoFs>,
        ino: u64,
        generate: impl Fn(&Arc<Task>) -> Result<Vec<u8>, Errno> + Send + Sync + 'static,
    ) -> Arc<TextFile> {
        let generate = Box::new(generate);
        Arc::new(TextFile { fs: Arc::downgrade(fs), ino, mode: 0o444, generate, accept: None })
    }

    /// A file that can be written by root, too.
    pub fn writable(fs: &Arc<PseudoFs>, ino: u64, generate: Generate, accept: Accept) -> Arc<TextFile> {
        Arc::new(TextFile { fs: Arc::downgrade(fs), ino, mode: 0o644, generate, accept: Some(accept) })
    }
}

impl Inode for TextFile {
    belongs_to!();

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(upgrade(&self.fs)?.stat_of(self.ino, S_IFREG | self.mode, (0, 0)))
    }

    fn kind(&self) -> u32 {
        S_IFREG
    }

    fn open(self: Arc<Self>, task: &Arc<Task>, flags: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        if flags.writable() && self.accept.is_none() {
            return Err(Errno::EACCES);
        }
        let stat = self.stat()?;
        let inode = Arc::clone(&self);
        let content = Content::read_only(move |task| (inode.generate)(task));
        let content = content.accepting(move |task, bytes| match &self.accept {
            Some(accept) => accept(task, bytes),
            None => Err(Errno::EIO),
        });
        Ok(OpenText::new(stat, task, content))
    }

    fn truncate(&self, _: u64) -> Result<(), Errno> {
        Ok(())
    }
}

/// An open file of generated text.
pub struct OpenText {
    stat: Stat,
    /// For whom it is made: the opener, or who came first after that thread had ended.
    reader: Mutex<Weak<Task>>,
    content: Content,
    text: Mutex<Vec<u8>>,
}

impl OpenText {
    /// The open file; texts are made for `task` as it is then.
    pub fn new(stat: Stat, task: &Arc<Task>, content: Content) -> Arc<OpenText> {
        Arc::new(OpenText { stat, reader: Mutex::new(Arc::downgrade(task)), content, text: Mutex::default() })
    }

    fn reader(&self) -> Result<Arc<Task>, Errno> {
        self.reader.lock().upgrade().ok_or(Errno::ESRCH)
    }
}

impl File for OpenText {
    fn stat(&self) -> Result<Stat, Errno> {
        Ok(self.stat)
    }

    fn seekable(&self) -> bool {
        true
    }

    fn read(&self, buffer: &mut [u8], position: u64) -> Result<usize, Errno> {
        if position == 0 {
            let fresh = (self.content.generate)(&self.reader()?)?;
            *self.text.lock() = fresh;
        }
        let text = self.text.lock();
        let rest = usize::try_from(position).ok().and_then(|at| text.get(at..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        Ok(count)
    }

    fn write(&self, buffer: &[u8], _: u64) -> Result<usize, Errno> {
        let accept = self.content.accept.as_ref().ok_or(Errno::EIO)?;
        accept(&self.reader()?, buffer)?;
        Ok(buffer.len())
    }

    fn before_io(&self, task: &Arc<Task>, _: bool) -> Result<(), Fault> {
        let mut reader = self.reader.lock();
        if reader.strong_count() == 0 {
            *reader = Arc::downgrade(task);
        }
        drop(reader);
        match &self.content.guard {
            Some(guard) => Ok(guard(task)?),
            None => Ok(()),
        }
    }

    fn truncate(&self, _: u64) -> Result<(), Errno> {
        Ok(())
    }
}

/// Says where a link leads for whoever asks.
type Target = Box<dyn Fn(&Arc<Task>) -> Result<Vec<u8>, Errno> + Send + Sync>;

/// A symbolic link.
pub struct Link {
    fs: Weak<PseudoFs>,
    ino: u64,
    target: Target,
}

impl Link {
    /// A link to what `target` says.
    pub fn new(
        fs: &Arc<PseudoFs>,
        ino: u64,
        target: impl Fn(&Arc<Task>) -> Result<Vec<u8>, Errno> + Send + Sync + 'static,
    ) -> Arc<Link> {
        Arc::new(Link { fs: Arc::downgrade(fs), ino, target: Box::new(target) })
    }
}

impl Inode for Link {
    belongs_to!();

    fn stat(&self) -> Result<Stat, Errno> {
        Ok(upgrade(&self.fs)?.stat_of(self.ino, S_IFLNK | 0o777, (0, 0)))
    }

    fn kind(&self) -> u32 {
        S_IFLNK
    }

    fn read_link(&self, task: &Arc<Task>) -> Result<Vec<u8>, Errno> {
        (self.target)(task)
    }

    fn open(self: Arc<Self>, _: &Arc<Task>, _: OpenFlags) -> Result<Arc<dyn File>, Errno> {
        Err(Errno::ELOOP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(present: &[&str], position: u64) -> Vec<(String, u64)> {
        let listed = present.iter().map(|name| (name.as_bytes().to_vec(), 7, S_IFREG));
        let text = |entry: DirEntry| (String::from_utf8_lossy(&entry.name).into_owned(), entry.next);
        entries(1, listed, position).into_iter().map(text).collect()
    }

    #[test]
    fn a_directory_of_numbers_that_shrinks_while_it_is_read_is_read_in_full() {
        let first = names(&["3", "10", "4"], 0);
        let order: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(order, [".", "..", "3", "4", "10"]);
        let after_three = first.get(2).map_or(0, |(_, next)| *next);
        let rest: Vec<String> = names(&["10"], after_three).into_iter().map(|(name, _)| name).collect();
        assert_eq!(rest, ["10"]);
    }
}
