//! inotify_init, inotify_add_watch, inotify_rm_watch: inotify(7).

use std::sync::Arc;

use abi::Errno;
use abi::event::{IN_DONT_FOLLOW, IN_ONLYDIR};

use super::event::{install, making};
use super::{Answer, Args, Call};
use crate::event::Inotify;
use crate::now;
use crate::task::Task;
use crate::vfs::OpenFile;
use crate::vfs::permission::{self, Access};
use crate::vfs::walk::Walk;

pub(super) const CALLS: &[Call] = &[
    now!(INOTIFY_INIT, inotify_init),
    now!(INOTIFY_INIT1, inotify_init1),
    now!(INOTIFY_ADD_WATCH, inotify_add_watch, "IN_EXCL_UNLINK changes nothing"),
    now!(INOTIFY_RM_WATCH, inotify_rm_watch),
];

fn inotify_init(task: &Arc<Task>, _: Args) -> Answer {
    inotify_init1(task, [0; 6])
}

fn inotify_init1(task: &Arc<Task>, [flags, ..]: Args) -> Answer {
    let (status, close_on_exec) = making(flags, 0)?;
    install(task, OpenFile::anonymous(Inotify::new(), status), close_on_exec)
}

fn inotify_add_watch(task: &Arc<Task>, [fd, path, mask, ..]: Args) -> Answer {
    let mask = mask as u32;
    let file = task.files().get(fd as i32)?;
    let inotify = file.downcast::<Inotify>().ok_or(Errno::EINVAL)?;
    let path = task.read_path(path)?;
    let found = Walk::of(task).find(&path, mask & IN_DONT_FOLLOW == 0)?;
    if mask & IN_ONLYDIR != 0 && !found.is_directory() {
        return Err(Errno::ENOTDIR.into());
    }
    permission::check(&task.credentials(), &found.stat()?, Access::READ)?;
    let watch = inotify.watch(&task.kernel().notifier, found.inode(), mask)?;
    Ok(u64::from(watch.unsigned_abs()))
}

fn inotify_rm_watch(task: &Arc<Task>, [fd, watch, ..]: Args) -> Answer {
    let file = task.files().get(fd as i32)?;
    file.downcast::<Inotify>().ok_or(Errno::EINVAL)?.unwatch(watch as i32)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use abi::nr;

    use super::*;
    use crate::task::Fault;
    use crate::testing::Guest;

    #[test]
    fn what_is_not_an_instance_or_not_a_directory_is_refused() {
        let guest = Guest::new();
        let fd = guest.call(nr::INOTIFY_INIT1, &[0]).expect("a descriptor");
        let (root, missing) = (guest.text("/"), guest.text("/missing"));
        assert_eq!(guest.call(nr::INOTIFY_ADD_WATCH, &[fd, root, 0x100]), Ok(1));
        assert_eq!(guest.call(nr::INOTIFY_ADD_WATCH, &[fd, missing, 0x100]), Err(Fault::Errno(Errno::ENOENT)));
        let event = guest.call(nr::EVENTFD2, &[0, 0]).expect("a descriptor");
        assert_eq!(guest.call(nr::INOTIFY_ADD_WATCH, &[event, root, 0x100]), Err(Fault::Errno(Errno::EINVAL)));
        assert_eq!(guest.call(nr::INOTIFY_RM_WATCH, &[fd, 1]), Ok(0));
        assert_eq!(guest.call(nr::INOTIFY_RM_WATCH, &[fd, 1]), Err(Fault::Errno(Errno::EINVAL)));
    }
}
