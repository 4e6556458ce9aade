//! Guest memory: every access is a copy, checked when it is made.
//!
//! Owns: [`UserPtr`] and a task's copy-in and copy-out. Does not own: how the host reaches the
//! memory (`platform`). A bad address is `EFAULT`, as each man page says.
//!
//! A thread that is killed leaves its id to whoever comes next, while its call may still be handled. The id of a
//! process is its own until we have reaped it, so memory, which threads share, is reached by that. Only where the
//! first thread has ended before the others is it reached by the thread's own id, and then the host is asked whether
//! the thread still waits: after reading, before writing, seccomp_unotify(2).

use std::marker::PhantomData;

use abi::Errno;
use platform::BadAddress;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::Task;

/// The address of a `T` in a guest's memory; 0 is the null pointer.
pub struct UserPtr<T>(pub u64, PhantomData<fn() -> T>);

impl<T> UserPtr<T> {
    /// The pointer with that value.
    pub const fn new(address: u64) -> UserPtr<T> {
        UserPtr(address, PhantomData)
    }

    /// Whether it is the null pointer.
    pub fn is_null(self) -> bool {
        self.0 == 0
    }
}

impl<T> Clone for UserPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for UserPtr<T> {}

/// The longest path that a call accepts, with its final zero: limits.h's PATH_MAX.
pub const PATH_MAX: usize = 4096;

impl Task {
    /// Fills `buffer` from `address`, or `EFAULT`.
    pub fn read_bytes(&self, address: u64, buffer: &mut [u8]) -> Result<(), Errno> {
        match self.read_some(address, buffer)? {
            n if n == buffer.len() => Ok(()),
            _ => Err(Errno::EFAULT),
        }
    }

    /// Reads as much as is mapped from `address` on; `EFAULT` where nothing is.
    pub fn read_some(&self, address: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let platform = &self.kernel().platform;
        let read = match platform.read_memory(self.process().host, address, buffer) {
            Err(BadAddress) if self.may_outlive_first() => {
                platform.read_memory(self.host, address, buffer).and_then(|length| match self.is_waiting() {
                    true => Ok(length),
                    false => Err(BadAddress),
                })
            }
            read => read,
        };
        read.map_err(|BadAddress| Errno::EFAULT)
    }

    /// Writes all of `bytes` to `address`, or `EFAULT`.
    pub fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        match self.write_some(address, bytes)? {
            n if n == bytes.len() => Ok(()),
            _ => Err(Errno::EFAULT),
        }
    }

    /// Writes as much as is mapped from `address` on; `EFAULT` where nothing is.
    pub fn write_some(&self, address: u64, bytes: &[u8]) -> Result<usize, Errno> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let platform = &self.kernel().platform;
        let written = match platform.write_memory(self.process().host, address, bytes) {
            Err(BadAddress) if self.may_outlive_first() && self.is_waiting() => {
                platform.write_memory(self.host, address, bytes)
            }
            written => written,
        };
        written.map_err(|BadAddress| Errno::EFAULT)
    }

    /// True if the first thread of its process, by which memory is reached otherwise, may have ended before this one.
    fn may_outlive_first(&self) -> bool {
        self.host != self.process().host
    }

    /// True if it waits for the answer to its call.
    fn is_waiting(&self) -> bool {
        self.call().is_some_and(|call| self.kernel().platform.is_waiting(&call))
    }

    /// Copies a value in.
    pub fn read<T: FromBytes + IntoBytes + Immutable>(&self, pointer: UserPtr<T>) -> Result<T, Errno> {
        let mut value = T::new_zeroed();
        self.read_bytes(pointer.0, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies a value out.
    pub fn write<T: IntoBytes + Immutable>(&self, pointer: UserPtr<T>, value: &T) -> Result<(), Errno> {
        self.write_bytes(pointer.0, value.as_bytes())
    }

    /// Copies `count` values in; the caller has bounded `count`.
    pub fn read_array<T: FromBytes + IntoBytes + Immutable + Clone>(
        &self,
        pointer: UserPtr<T>,
        count: usize,
    ) -> Result<Vec<T>, Errno> {
        let mut values = vec![T::new_zeroed(); count];
        self.read_bytes(pointer.0, values.as_mut_slice().as_mut_bytes())?;
        Ok(values)
    }

    /// A zero-terminated string of at most `limit` bytes with its zero, without it;
    /// `too_long` where it is longer.
    pub fn read_string(&self, address: u64, limit: usize, too_long: Errno) -> Result<Vec<u8>, Errno> {
        const PAGE: u64 = 4096;
        let mut text = Vec::new();
        let mut chunk = [0u8; PAGE as usize];
        while text.len() < limit {
            let at = address.checked_add(text.len() as u64).ok_or(Errno::EFAULT)?;
            let to_page_end = (PAGE - at % PAGE) as usize;
            let wanted = to_page_end.min(limit.saturating_sub(text.len())).min(if text.is_empty() {
                256
            } else {
                PAGE as usize
            });
            let piece = chunk.get_mut(..wanted).ok_or(Errno::EFAULT)?;
            self.read_bytes(at, piece)?;
            if let Some(end) = piece.iter().position(|byte| *byte == 0) {
                text.extend(piece.iter().take(end));
                return Ok(text);
            }
            text.extend_from_slice(piece);
        }
        Err(too_long)
    }

    /// A path argument: `ENAMETOOLONG` over [`PATH_MAX`], as path_resolution(7).
    pub fn read_path(&self, address: u64) -> Result<Vec<u8>, Errno> {
        self.read_string(address, PATH_MAX, Errno::ENAMETOOLONG)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use platform::{GuestCall, HostTask, Platform};

    use super::*;
    use crate::fs::tmpfs::{Options, Tmpfs};
    use crate::sync::Mutex;
    use crate::task::Pid;
    use crate::testing::Guest;
    use crate::vfs::{Mount, MountFlags};

    /// Tells by which ids memory is reached.
    #[derive(Default)]
    struct Told {
        used: Mutex<Vec<i32>>,
        first_has_ended: bool,
        thread_waits: bool,
    }

    impl Told {
        fn reach(&self, task: HostTask, length: usize) -> Result<usize, BadAddress> {
            self.used.lock().push(task.0);
            if self.first_has_ended && task.0 == 1 { Err(BadAddress) } else { Ok(length) }
        }
    }

    impl Platform for Told {
        fn read_memory(&self, task: HostTask, _: u64, buffer: &mut [u8]) -> Result<usize, BadAddress> {
            self.reach(task, buffer.len())
        }

        fn write_memory(&self, task: HostTask, _: u64, bytes: &[u8]) -> Result<usize, BadAddress> {
            self.reach(task, bytes.len())
        }

        fn is_waiting(&self, _: &GuestCall) -> bool {
            self.thread_waits
        }

        fn memory_file(&self, _: &str) -> std::io::Result<std::os::fd::OwnedFd> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
    }

    /// What a second thread's reading and writing come to, and the ids that were used.
    fn reached(told: Told) -> (Result<(), Errno>, Result<(), Errno>, Vec<i32>) {
        let told = Arc::new(told);
        let root = Mount::new(Tmpfs::new(Options::sized(1 << 20)), b"none", MountFlags::empty());
        let first = Guest::on(Arc::clone(&told) as Arc<dyn Platform>, root);
        let thread = Task::new(Pid(2), HostTask(2), Arc::clone(first.task.process()), Vec::new());
        let task = HostTask(2);
        let call = GuestCall { task, number: 0, args: [0; 6], instruction_pointer: 0, listener: 0, id: 7 };
        thread.begin_call(&call);
        let done = (thread.read_bytes(4096, &mut [0]), thread.write_bytes(4096, &[0]));
        (done.0, done.1, told.used.lock().clone())
    }

    #[test]
    fn memory_is_reached_by_the_id_of_the_process_which_nobody_else_can_have() {
        assert_eq!(reached(Told::default()), (Ok(()), Ok(()), vec![1, 1]));
    }

    #[test]
    fn a_thread_that_outlives_the_first_is_reached_by_its_own_id_while_it_waits() {
        let told = Told { first_has_ended: true, thread_waits: true, ..Told::default() };
        assert_eq!(reached(told), (Ok(()), Ok(()), vec![1, 2, 1, 2]));
    }

    #[test]
    fn whoever_has_the_id_of_a_thread_that_is_gone_is_not_written_to_and_not_read_from() {
        let told = Told { first_has_ended: true, thread_waits: false, ..Told::default() };
        assert_eq!(reached(told), (Err(Errno::EFAULT), Err(Errno::EFAULT), vec![1, 2, 1]));
    }
}
