//! ioctl: ioctl(2). What is common to all descriptions is answered here, the rest by the object.

use std::sync::Arc;

use abi::Errno;
use abi::socket::{FIOGETOWN, FIOSETOWN, SIOCGPGRP, SIOCSPGRP};
use abi::stat::{S_IFMT, S_IFREG};

use super::{Answer, Args, Call};
use crate::net::Socket;
use crate::now;
use crate::task::{Task, UserPtr};
use crate::vfs::OpenFlags;

pub(super) const CALLS: &[Call] = &[now!(IOCTL, ioctl)];

const FIONREAD: u32 = 0x541b;
const FIONBIO: u32 = 0x5421;
const FIONCLEX: u32 = 0x5450;
const FIOCLEX: u32 = 0x5451;
const FIOASYNC: u32 = 0x5452;
const FIOQSIZE: u32 = 0x5460;
const FICLONE: u32 = 0x4004_9409;
const FICLONERANGE: u32 = 0x4020_940d;

fn ioctl(task: &Arc<Task>, [fd, request, argument, ..]: Args) -> Answer {
    let open = task.files().get(fd as i32)?;
    if open.flags().contains(OpenFlags::PATH) {
        return Err(Errno::EBADF.into());
    }
    let pointer: UserPtr<i32> = UserPtr::new(argument);
    let set = |flag: OpenFlags| {
        let on = task.read(pointer)? != 0;
        let flags = if on { open.flags() | flag } else { open.flags() - flag };
        open.set_flags(flags);
        Ok(0)
    };
    match request as u32 {
        FIOCLEX => Ok(task.files().set_close_on_exec(fd as i32, true).map(|()| 0)?),
        FIONCLEX => Ok(task.files().set_close_on_exec(fd as i32, false).map(|()| 0)?),
        FIONBIO => set(OpenFlags::NONBLOCK),
        FIOASYNC => set(OpenFlags::ASYNC),
        FIOSETOWN | SIOCSPGRP if Socket::of(&open).is_ok() => {
            super::descriptor::set_owner(task, &open, task.read(pointer)?)?;
            Ok(0)
        }
        FIOGETOWN | SIOCGPGRP if Socket::of(&open).is_ok() => {
            task.write(pointer, &*open.owner.lock())?;
            Ok(0)
        }
        FICLONE | FICLONERANGE => Err(Errno::EOPNOTSUPP.into()),
        FIONREAD if open.file().seekable() => {
            let stat = open.file().stat()?;
            if stat.mode & S_IFMT != S_IFREG {
                return Err(Errno::ENOTTY.into());
            }
            let left = stat.size.saturating_sub(i64::try_from(open.position()).unwrap_or(i64::MAX));
            task.write(pointer, &(left as i32))?;
            Ok(0)
        }
        FIOQSIZE if open.file().seekable() => {
            task.write(UserPtr::new(argument), &open.file().stat()?.size)?;
            Ok(0)
        }
        request => {
            open.file().before_ioctl(task, request)?;
            Ok(open.file().ioctl(task, request, argument)?)
        }
    }
}
