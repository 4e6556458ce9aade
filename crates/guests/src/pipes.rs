//! Pipes and FIFOs: pipe(7), fifo(7).

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, openat, unlink};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe, pipe_with};

use crate::{Program, call, see};

pub(crate) const PROGRAMS: &[Program] =
    &[("pipes/fill", fills_and_drains), ("pipes/ends", ends), ("pipes/packets", packets), ("pipes/fifo", fifo_opens)];

fn events(file: impl AsFd) -> Result<PollFlags, Errno> {
    let mut list = [PollFd::new(&file, PollFlags::IN | PollFlags::OUT)];
    poll(&mut list, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    Ok(list.first().map(PollFd::revents).unwrap_or(PollFlags::empty()))
}

fn taken(file: &OwnedFd, most: usize) -> Result<usize, Errno> {
    read(file, &mut vec![0; most])
}

fn fills_and_drains() {
    let Ok((reading, writing)) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC) else { return };
    call("size", fcntl_getpipe_size(&writing));
    call("set to 5000", fcntl_setpipe_size(&writing, 5000));
    call("size", fcntl_getpipe_size(&writing));
    call("read of nothing", taken(&reading, 10));
    call("write", write(&writing, &[1; 8000]));
    call("a short one that does not fit", write(&writing, &[2; 4096]));
    call("a long one that does not fit", write(&writing, &[3; 5000]));
    call("writing end", events(&writing));
    call("reading end", events(&reading));
    call("shrink below what is held", fcntl_setpipe_size(&writing, 4096));
    call("read", taken(&reading, 10000));
    call("writing end", events(&writing));
}

fn ends() {
    let Ok((reading, writing)) = pipe() else { return };
    call("write", write(&writing, b"last"));
    drop(writing);
    call("reading end", events(&reading));
    call("read", taken(&reading, 10));
    call("read at the end", taken(&reading, 10));
    call("write to the reading end", write(&reading, b"x"));
}

fn packets() {
    let Ok((reading, writing)) = pipe_with(PipeFlags::DIRECT | PipeFlags::CLOEXEC) else { return };
    call("first", write(&writing, b"first"));
    call("second", write(&writing, b"second"));
    call("part of the first", taken(&reading, 3));
    call("the second", taken(&reading, 100));
}

fn fifo_opens() {
    let path = format!("/tmp/podvisor-fifo-{}", std::process::id());
    call("make", rustix::fs::mknodat(CWD, &path, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0));
    let open = |flags| openat(CWD, &path, flags | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    call("write without a reader", open(OFlags::WRONLY).map(|_| ()));
    let Ok(reading) = open(OFlags::RDONLY) else { return };
    call("reader before any writer", events(&reading));
    let Ok(writing) = open(OFlags::WRONLY) else { return };
    call("write", write(&writing, b"x"));
    drop(writing);
    call("reader after the writer", events(&reading));
    call("read", taken(&reading, 10));
    call("remove", unlink(&path));
    see("done", ());
}
