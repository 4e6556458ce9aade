//! The requests of ioctl_tty(2).

use std::sync::Arc;

use abi::Errno;
use abi::signal::Signal;
use abi::termios::*;
use zerocopy::IntoBytes;

use super::Tty;
use super::discipline::Effects;
use crate::task::{Pid, Resource, Task, UserPtr, capability};
use crate::vfs::OpenFlags;
use crate::wait::Events;

/// The requests that a background process is stopped for.
pub(super) fn changes(request: u32) -> bool {
    matches!(
        request,
        TCSETS
            | TCSETSW
            | TCSETSF
            | TCSETS2
            | TCSETSW2
            | TCSETSF2
            | TCFLSH
            | TCXONC
            | TCSBRK
            | TCSBRKP
            | TIOCSPGRP
            | TIOCSETD
    )
}

/// A request on the terminal end.
pub(super) fn slave(tty: &Arc<Tty>, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
    match request {
        FIONREAD => tell(task, argument, tty.state.lock().discipline.readable()),
        TIOCOUTQ => tell(task, argument, tty.state.lock().screen.bytes.len()),
        TIOCGPGRP | TIOCGSID if !tty.controls(task) => Err(Errno::ENOTTY),
        TIOCNOTTY => give_up(tty, task),
        TCFLSH => flush(tty, argument),
        _ => both(tty, task, request, argument),
    }
}

/// A request on the master: most are about the terminal, as on Linux.
pub(super) fn master(tty: &Arc<Tty>, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
    match request {
        FIONREAD => tell(task, argument, tty.state.lock().screen.bytes.len()),
        TIOCOUTQ => tell(task, argument, tty.state.lock().discipline.readable()),
        TIOCGPTN => tell(task, argument, tty.index as usize),
        TIOCSPTLCK => {
            let lock: i32 = task.read(UserPtr::new(argument))?;
            tty.state.lock().locked = lock != 0;
            Ok(0)
        }
        TIOCGPTLCK => tell(task, argument, tty.state.lock().locked.into()),
        TIOCPKT => {
            let on: i32 = task.read(UserPtr::new(argument))?;
            let mut state = tty.state.lock();
            state.packet_mode = on != 0;
            state.packet = 0;
            Ok(0)
        }
        TIOCGPKT => tell(task, argument, tty.state.lock().packet_mode.into()),
        TIOCGPTPEER => open_peer(tty, task, argument),
        TIOCNOTTY => Err(Errno::ENOTTY),
        TCFLSH => flush_master(tty, argument),
        _ => both(tty, task, request, argument),
    }
}

fn both(tty: &Arc<Tty>, task: &Arc<Task>, request: u32, argument: u64) -> Result<u64, Errno> {
    match request {
        TCGETS => write(task, argument, tty.termios().as_bytes().get(..TERMIOS_SIZE).unwrap_or_default()),
        TCGETS2 => write(task, argument, tty.termios().as_bytes()),
        TCSETS | TCSETSW | TCSETSF => {
            let mut termios = tty.termios();
            let bytes = termios.as_mut_bytes().get_mut(..TERMIOS_SIZE).unwrap_or_default();
            task.read_bytes(argument, bytes)?;
            tty.set_termios(termios, request == TCSETSF);
            Ok(0)
        }
        TCSETS2 | TCSETSW2 | TCSETSF2 => {
            let termios = task.read(UserPtr::new(argument))?;
            tty.set_termios(termios, request == TCSETSF2);
            Ok(0)
        }
        TIOCGWINSZ => task.write(UserPtr::new(argument), &tty.winsize()).map(|()| 0),
        TIOCSWINSZ => {
            tty.set_winsize(task.read(UserPtr::new(argument))?);
            Ok(0)
        }
        TIOCGPGRP => tell_id(task, argument, tty.foreground().unwrap_or(Pid(0))),
        TIOCSPGRP => tty.set_foreground(task, Pid(task.read(UserPtr::new(argument))?)).map(|()| 0),
        TIOCGSID => tell_id(task, argument, tty.session().ok_or(Errno::ENOTTY)?.id),
        TIOCSCTTY => {
            let steal = argument == 1 && task.credentials().capable(capability::SYS_ADMIN);
            tty.control(task, steal).map(|()| 0)
        }
        TCXONC => flow(tty, argument),
        TCSBRK | TCSBRKP => Ok(0),
        TIOCGETD => tell(task, argument, 0),
        TIOCSETD => match task.read(UserPtr::<i32>::new(argument))? {
            0 => Ok(0),
            _ => Err(Errno::EINVAL),
        },
        TIOCEXCL | TIOCNXCL => {
            tty.state.lock().exclusive = request == TIOCEXCL;
            Ok(0)
        }
        TIOCGEXCL => tell(task, argument, tty.state.lock().exclusive.into()),
        TIOCSTI | TIOCCONS => Err(Errno::EPERM),
        _ => Err(Errno::ENOTTY),
    }
}

fn write(task: &Task, address: u64, bytes: &[u8]) -> Result<u64, Errno> {
    task.write_bytes(address, bytes).map(|()| 0)
}

/// Answers a number by an `int` in the caller's memory.
fn tell(task: &Task, address: u64, number: usize) -> Result<u64, Errno> {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    task.write(UserPtr::new(address), &number).map(|()| 0)
}

fn tell_id(task: &Task, address: u64, id: Pid) -> Result<u64, Errno> {
    task.write(UserPtr::new(address), &id.0).map(|()| 0)
}

/// TIOCNOTTY: a leader's whole session loses the terminal, and the foreground group, of which the
/// leader may be one, gets SIGHUP and SIGCONT. Of another process Linux takes it alone; here its
/// session keeps it.
fn give_up(tty: &Arc<Tty>, task: &Arc<Task>) -> Result<u64, Errno> {
    if !tty.controls(task) {
        return Err(Errno::ENOTTY);
    }
    if !task.process().leads_session() {
        return Ok(0);
    }
    let (controlled, foreground) = {
        let mut state = tty.state.lock();
        (state.controlled.take(), state.foreground.take())
    };
    if let Some(controlled) = controlled {
        controlled.session.set_tty(None);
        for signal in [Signal::SIGHUP, Signal::SIGCONT] {
            foreground.into_iter().for_each(|group| super::job::signal_group(&controlled.pids, group, signal));
        }
    }
    Ok(0)
}

/// Which queues TCFLSH names, tcflush(3): input, output.
fn flushed(queue: u64) -> Result<(bool, bool), Errno> {
    match queue {
        0 => Ok((true, false)),
        1 => Ok((false, true)),
        2 => Ok((true, true)),
        _ => Err(Errno::EINVAL),
    }
}

/// TCFLSH on the terminal end; a master in packet mode is told, TIOCPKT in ioctl_tty(2).
fn flush(tty: &Tty, queue: u64) -> Result<u64, Errno> {
    let (input, output) = flushed(queue)?;
    let mut effects = Effects::default();
    if input {
        tty.state.lock().discipline.flush_all_input();
        effects.packet |= TIOCPKT_FLUSHREAD;
    }
    if output {
        tty.state.lock().screen.drop_undelivered();
        effects.packet |= TIOCPKT_FLUSHWRITE;
    }
    tty.apply(&effects);
    tty.master_queue.announce(Events::OUT);
    Ok(0)
}

/// TCFLSH on the master: its input is the terminal's output. It is not told of it in packet mode.
fn flush_master(tty: &Tty, queue: u64) -> Result<u64, Errno> {
    let (input, output) = flushed(queue)?;
    if input {
        tty.state.lock().screen.bytes.clear();
    }
    if output {
        tty.state.lock().discipline.drop_undelivered();
    }
    tty.slave_queue.announce(Events::OUT);
    tty.master_queue.announce(Events::OUT);
    Ok(0)
}

/// TCXONC, tcflow(3).
fn flow(tty: &Tty, action: u64) -> Result<u64, Errno> {
    let mut effects = Effects::default();
    {
        let mut state = tty.state.lock();
        let control = |at: usize| state.discipline.termios.cc.get(at).copied().filter(|byte| *byte != DISABLED);
        match action {
            0 => state.discipline.set_stopped(true, &mut effects),
            1 => state.discipline.set_stopped(false, &mut effects),
            2 | 3 => {
                if let Some(byte) = control(if action == 2 { VSTOP } else { VSTART }) {
                    state.screen.raw(byte);
                }
            }
            _ => return Err(Errno::EINVAL),
        }
    }
    tty.apply(&effects);
    tty.slave_queue.announce(Events::OUT);
    Ok(0)
}

/// TIOCGPTPEER: a descriptor of the terminal end, whatever is mounted at /dev/pts.
fn open_peer(tty: &Arc<Tty>, task: &Arc<Task>, flags: u64) -> Result<u64, Errno> {
    let flags = OpenFlags::from_bits_retain(flags as u32);
    let file = crate::fs::devpts::open_peer(tty, task, flags)?;
    let limit = task.process().limit(Resource::NoFile);
    let fd = task.files().add(file, flags.contains(OpenFlags::CLOEXEC), 0, limit)?;
    Ok(fd as u64)
}
