//! /proc/PID/task: a directory per thread.

use std::sync::Arc;

use abi::Errno;
use abi::stat::S_IFDIR;

use super::process::{Listing, thread_directory};
use super::target::Target;
use super::text;
use crate::fs::pseudo::PseudoFs;
use crate::task::Task;
use crate::vfs::Inode;

/// The threads.
pub(super) struct Threads;

impl Listing for Threads {
    fn names(&self, target: &Target) -> Vec<Vec<u8>> {
        target.threads().into_iter().map(|tid| tid.0.to_string().into_bytes()).collect()
    }

    fn entry(&self) -> u32 {
        S_IFDIR | 0o555
    }

    fn child(&self, fs: &Arc<PseudoFs>, _: u64, target: &Target, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        let tid = text::id(name).ok_or(Errno::ENOENT)?;
        if !target.threads().contains(&tid) {
            return Err(Errno::ENOENT);
        }
        Ok(thread_directory(fs, target.thread(tid)))
    }
}

/// The children of a thread's process; all are shown with its first thread, whose they are when that ends.
pub(super) fn children(target: &Target, _: &Arc<Task>) -> Result<Vec<u8>, Errno> {
    let process = target.process()?;
    if target.id() != process.pid {
        return Ok(Vec::new());
    }
    Ok(process.children().iter().fold(String::new(), |text, child| format!("{text}{} ", child.pid.0)).into_bytes())
}
