//! poll, ppoll, select, pselect6: poll(2), select(2).

use std::sync::Arc;

use abi::Errno;
use abi::poll::PollFd;
use abi::signal::SignalSet;
use abi::time::{Timespec, Timeval};
use zerocopy::IntoBytes;

use super::{Answer, Args, Call};
use crate::task::{Cut, Fault, Task, UserPtr};
use crate::time::{self, Nanos, SECOND};
use crate::vfs::OpenFile;
use crate::wait::{Events, WaitQueue};
use crate::waits;

pub(super) const CALLS: &[Call] =
    &[waits!(POLL, poll), waits!(PPOLL, ppoll), waits!(SELECT, select), waits!(PSELECT6, pselect6)];

/// A file and what is asked of it.
struct Asked {
    file: Arc<OpenFile>,
    events: Events,
}

/// How long a call waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// Until then, monotonic.
    Until(Nanos),
    /// Without end.
    Endless,
}

impl Patience {
    /// A span from now on; `None` is without end.
    pub(super) fn of(span: Option<Nanos>) -> Patience {
        match span {
            None => Patience::Endless,
            Some(0) => Patience::None,
            Some(span) => Patience::Until(time::monotonic().saturating_add(span)),
        }
    }

    /// poll(2)'s milliseconds; negative is without end.
    pub(super) fn milliseconds(argument: u64) -> Patience {
        Patience::of(u64::try_from(argument as i32).ok().map(|ms| ms.saturating_mul(SECOND / 1000)))
    }

    /// A pointer to a timespec; null is without end.
    pub(super) fn read(task: &Task, pointer: u64) -> Result<Patience, Errno> {
        if pointer == 0 {
            return Ok(Patience::Endless);
        }
        Ok(Patience::of(Some(span(task.read(UserPtr::<Timespec>::new(pointer))?)?)))
    }

    /// What is left of it.
    pub(super) fn left(self) -> Option<Nanos> {
        match self {
            Patience::None => Some(0),
            Patience::Until(when) => Some(when.saturating_sub(time::monotonic())),
            Patience::Endless => None,
        }
    }
}

/// A time span as nanoseconds; `EINVAL` where the fields are out of range.
pub(super) fn span(time: Timespec) -> Result<Nanos, Errno> {
    let seconds = u64::try_from(time.seconds).map_err(|_| Errno::EINVAL)?;
    let nanos = u64::try_from(time.nanoseconds).ok().filter(|nanos| *nanos < SECOND).ok_or(Errno::EINVAL)?;
    Ok(seconds.saturating_mul(SECOND).saturating_add(nanos))
}

/// Waits until `ready` answers, as long as `patience` lasts; `None` when it has run out.
pub(super) async fn wait_for<T>(
    task: &Task,
    queues: &[&WaitQueue],
    patience: Patience,
    mut ready: impl FnMut() -> Option<T> + Send,
) -> Result<Option<T>, Fault> {
    let deadline = match patience {
        Patience::None => return Ok(ready()),
        Patience::Until(when) => Some(when),
        Patience::Endless => None,
    };
    match task.wait(queues, deadline, ready).await {
        Ok(value) => Ok(Some(value)),
        Err(Cut::Deadline) => Ok(None),
        Err(Cut::Signal) => Err(Fault::InterruptedAlways),
    }
}

/// The events of each file of `asked`, once any has one or `patience` is over.
async fn wait_for_any(
    task: &Task,
    asked: &[Option<Asked>],
    patience: Patience,
    at_once: bool,
) -> Result<Vec<Events>, Fault> {
    let look = || -> Vec<Events> { asked.iter().map(look_at).collect() };
    let queues: Vec<&WaitQueue> = asked.iter().flatten().filter_map(|one| one.file.file().queue()).collect();
    let any = || Some(look()).filter(|found| at_once || found.iter().any(|events| !events.is_empty()));
    Ok(wait_for(task, &queues, patience, any).await?.unwrap_or_else(|| vec![Events::empty(); asked.len()]))
}

fn look_at(asked: &Option<Asked>) -> Events {
    match asked {
        Some(one) => one.file.file().poll() & one.events,
        None => Events::empty(),
    }
}

async fn poll(task: Arc<Task>, [list, count, timeout, ..]: Args) -> Answer {
    poll_list(&task, UserPtr::new(list), count, Patience::milliseconds(timeout)).await
}

async fn ppoll(task: Arc<Task>, [list, count, timeout, mask, size, _]: Args) -> Answer {
    let patience = Patience::read(&task, timeout)?;
    let mask = self::mask(&task, mask, size)?;
    let answer = with_mask(&task, mask, poll_list(&task, UserPtr::new(list), count, patience)).await;
    write_left(&task, timeout, patience);
    answer
}

async fn poll_list(task: &Arc<Task>, list: UserPtr<PollFd>, count: u64, patience: Patience) -> Answer {
    let limit = task.process().limit(crate::task::Resource::NoFile);
    let count = usize::try_from(count).ok().filter(|n| *n as u64 <= limit.max(64)).ok_or(Errno::EINVAL)?;
    let entries = task.read_array(list, count)?;
    let files = task.files();
    let mut asked = Vec::with_capacity(count);
    let mut closed = false;
    for entry in &entries {
        let file = if entry.fd < 0 { None } else { files.get(entry.fd).ok() };
        closed |= entry.fd >= 0 && file.is_none();
        let events = Events::from_bits_truncate(u32::from(entry.events)) | Events::ERR | Events::HUP;
        asked.push(file.map(|file| Asked { file, events }));
    }
    let found = wait_for_any(task, &asked, patience, closed).await?;
    let mut ready = 0;
    for ((index, entry), (one, events)) in (0u64..).zip(&entries).zip(asked.iter().zip(found)) {
        let events = if entry.fd >= 0 && one.is_none() { Events::NVAL } else { events };
        let revents = events.bits() as u16;
        ready += u64::from(revents != 0);
        if revents != entry.revents {
            // Only this field is written: another thread may be changing `events`.
            let address = list.0.wrapping_add(index.wrapping_mul(8)).wrapping_add(6);
            task.write(UserPtr::new(address), &revents)?;
        }
    }
    Ok(ready)
}

/// The three sets of select(2), as they are read or written.
struct Sets([Vec<u64>; 3]);

impl Sets {
    fn read(task: &Task, pointers: [u64; 3], words: usize) -> Result<Sets, Errno> {
        let mut sets = Sets(Default::default());
        for (set, pointer) in sets.0.iter_mut().zip(pointers) {
            *set = if pointer == 0 { vec![0; words] } else { task.read_array(UserPtr::new(pointer), words)? };
        }
        Ok(sets)
    }

    fn empty(words: usize) -> Sets {
        Sets([vec![0; words], vec![0; words], vec![0; words]])
    }

    fn has(&self, set: usize, fd: usize) -> bool {
        self.0.get(set).and_then(|words| words.get(fd / 64)).is_some_and(|word| word >> (fd % 64) & 1 == 1)
    }

    fn put(&mut self, set: usize, fd: usize) {
        if let Some(word) = self.0.get_mut(set).and_then(|words| words.get_mut(fd / 64)) {
            *word |= 1 << (fd % 64);
        }
    }

    fn write(&self, task: &Task, pointers: [u64; 3]) -> Result<(), Errno> {
        for (set, pointer) in self.0.iter().zip(pointers).filter(|(_, pointer)| *pointer != 0) {
            task.write_bytes(pointer, set.as_slice().as_bytes())?;
        }
        Ok(())
    }
}

/// For each set of select(2): what makes a descriptor ready.
const READY: [Events; 3] = [
    Events::IN.union(Events::RDNORM).union(Events::RDBAND).union(Events::HUP).union(Events::ERR),
    Events::OUT.union(Events::WRNORM).union(Events::WRBAND).union(Events::ERR),
    Events::PRI,
];

async fn select(task: Arc<Task>, [count, read, write, except, timeout, _]: Args) -> Answer {
    let patience = match timeout {
        0 => Patience::Endless,
        pointer => Patience::of(Some(micro_span(task.read(UserPtr::<Timeval>::new(pointer))?)?)),
    };
    let answer = select_sets(&task, count, [read, write, except], patience).await;
    if let (Some(left), false) = (patience.left(), timeout == 0) {
        let time = time::timespec(left);
        let value = Timeval { seconds: time.seconds, microseconds: time.nanoseconds / 1000 };
        // As Linux: the time that is left is a courtesy, and a read-only timeout is no error.
        let _ = task.write(UserPtr::new(timeout), &value);
    }
    answer
}

async fn pselect6(task: Arc<Task>, [count, read, write, except, timeout, packed]: Args) -> Answer {
    let patience = Patience::read(&task, timeout)?;
    let mask = match packed {
        0 => None,
        pointer => {
            let [mask, size] = task.read(UserPtr::<[u64; 2]>::new(pointer))?;
            self::mask(&task, mask, size)?
        }
    };
    let answer = with_mask(&task, mask, select_sets(&task, count, [read, write, except], patience)).await;
    write_left(&task, timeout, patience);
    answer
}

async fn select_sets(task: &Arc<Task>, count: u64, pointers: [u64; 3], patience: Patience) -> Answer {
    let limit = task.process().limit(crate::task::Resource::NoFile).min(1 << 20);
    let count = usize::try_from((count as i32).max(-1)).map_err(|_| Errno::EINVAL)?.min(limit as usize);
    let words = count.div_ceil(64);
    let sets = Sets::read(task, pointers, words)?;
    let files = task.files();
    let mut asked = Vec::new();
    let mut fds = Vec::new();
    for fd in 0..count {
        let wanted = (0..3).filter(|set| sets.has(*set, fd)).filter_map(|set| READY.get(set)).copied();
        let events = wanted.fold(Events::empty(), Events::union);
        if !events.is_empty() {
            let file = files.get(i32::try_from(fd).map_err(|_| Errno::EBADF)?)?;
            asked.push(Some(Asked { file, events }));
            fds.push(fd);
        }
    }
    let found = wait_for_any(task, &asked, patience, false).await?;
    let mut answer = Sets::empty(words);
    let mut ready = 0;
    for (fd, events) in fds.into_iter().zip(found) {
        for (set, makes_ready) in READY.iter().enumerate() {
            if sets.has(set, fd) && events.intersects(*makes_ready) {
                answer.put(set, fd);
                ready += 1;
            }
        }
    }
    answer.write(task, pointers)?;
    Ok(ready)
}

/// A timeval as nanoseconds; select(2) takes more than a second of microseconds.
fn micro_span(time: Timeval) -> Result<Nanos, Errno> {
    let seconds = u64::try_from(time.seconds).map_err(|_| Errno::EINVAL)?;
    let micros = u64::try_from(time.microseconds).map_err(|_| Errno::EINVAL)?;
    Ok(seconds.saturating_mul(SECOND).saturating_add(micros.saturating_mul(1000)))
}

/// Writes the time that is left to ppoll's and pselect6's timespec, where it can be written.
fn write_left(task: &Task, pointer: u64, patience: Patience) {
    if let (Some(left), false) = (patience.left(), pointer == 0) {
        let _ = task.write(UserPtr::new(pointer), &time::timespec(left));
    }
}

/// The signal mask that a call is to wait under; `None` where the pointer is null.
pub(super) fn mask(task: &Task, pointer: u64, size: u64) -> Result<Option<SignalSet>, Errno> {
    if pointer == 0 {
        return Ok(None);
    }
    if size != 8 {
        return Err(Errno::EINVAL);
    }
    task.read(UserPtr::new(pointer)).map(Some)
}

/// Runs a wait under `mask`; the end of the call takes the mask back.
pub(super) async fn with_mask(task: &Arc<Task>, mask: Option<SignalSet>, wait: impl Future<Output = Answer>) -> Answer {
    if let Some(mask) = mask {
        task.wait_under(mask);
    }
    wait.await
}
