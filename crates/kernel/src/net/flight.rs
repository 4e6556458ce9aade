//! Open files on their way: those in messages that nobody has received yet, unix(7) SCM_RIGHTS.
//!
//! Owns: [`Flying`], a file in a message; [`Flights`], how many there are, and the search for those that
//! nobody can receive any more: a socket in a message that lies in that very socket, or in a ring of
//! such. Does not own: the messages (`stream`, `unix`).

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use abi::Errno;

use crate::kernel::Kernel;
use crate::net::socket::Socket;
use crate::sync::Mutex;
use crate::time::{Nanos, SECOND, Timer};
use crate::vfs::OpenFile;
use crate::wait::{Events, Listener};

/// How many files may be on their way in a pod, unix(7) ETOOMANYREFS.
const MOST: usize = 16384;
/// How many files make a first search worth its time.
const FIRST_SEARCH: usize = 256;
/// How long a search by itself is put off, and how much longer than the last one took.
const PAUSE: Nanos = SECOND / 4;
const SHARE: Nanos = 50;

/// The files on their way in a pod.
pub struct Flights {
    state: Mutex<State>,
}

struct State {
    /// By the file's address: the file, and in how many messages it is.
    files: HashMap<usize, (Weak<OpenFile>, usize)>,
    count: usize,
    /// How many there may be before the next search.
    patience: usize,
    next: Next,
}

/// The search that comes by itself: guests may have closed what was the last way to a socket.
#[derive(Default)]
struct Next {
    timer: Option<Timer>,
    /// The count of [`crate::activity::Activity`] at the last search: none is needed until it is another one.
    searched_at: Option<u64>,
    /// How long the last one took.
    took: Nanos,
}

impl Default for Flights {
    fn default() -> Flights {
        let state = State { files: HashMap::new(), count: 0, patience: FIRST_SEARCH, next: Next::default() };
        Flights { state: Mutex::new(state) }
    }
}

/// An open file in a message.
pub struct Flying {
    file: Option<Arc<OpenFile>>,
    flights: Arc<Flights>,
}

impl Flights {
    /// Takes `files` along; `ETOOMANYREFS` where too many are on their way already.
    pub fn board(self: &Arc<Self>, files: Vec<Arc<OpenFile>>) -> Result<Vec<Flying>, Errno> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let (many, due) = {
            let state = self.state.lock();
            let after = state.count.saturating_add(files.len());
            (after > MOST, after > state.patience)
        };
        if due {
            self.collect();
        }
        if many && self.state.lock().count.saturating_add(files.len()) > MOST {
            return Err(Errno::ETOOMANYREFS);
        }
        let mut state = self.state.lock();
        for file in &files {
            let entry = state.files.entry(address(file)).or_insert_with(|| (Arc::downgrade(file), 0));
            entry.1 = entry.1.saturating_add(1);
            state.count = state.count.saturating_add(1);
        }
        Ok(files.into_iter().map(|file| Flying { file: Some(file), flights: Arc::clone(self) }).collect())
    }

    /// How many files are on their way.
    pub fn count(&self) -> usize {
        self.state.lock().count
    }

    fn left(&self, file: &Arc<OpenFile>) {
        let mut state = self.state.lock();
        state.count = state.count.saturating_sub(1);
        let key = address(file);
        if let Some(entry) = state.files.get_mut(&key) {
            entry.1 = entry.1.saturating_sub(1);
            if entry.1 == 0 {
                state.files.remove(&key);
            }
        }
    }

    /// Empties the sockets that are in messages only, and in none that anybody can receive.
    pub fn collect(&self) {
        let unreachable = self.unreachable();
        let lost: Vec<_> = unreachable.iter().flat_map(|socket| contents(socket)).collect();
        drop(unreachable);
        drop(lost);
        let mut state = self.state.lock();
        state.patience = state.count.saturating_mul(2).max(FIRST_SEARCH);
    }

    /// The sockets in messages that nobody can receive: those that nobody has open, less all that lie in
    /// messages of sockets that are not among them.
    fn unreachable(&self) -> Vec<Arc<OpenFile>> {
        let mut suspects = self.suspects();
        let mut inside: HashMap<usize, usize> = HashMap::new();
        for key in suspects.values().flat_map(|suspect| &suspect.held) {
            let messages = inside.entry(*key).or_default();
            *messages = messages.saturating_add(1);
        }
        let cleared = |key: &usize, suspect: &Suspect, inside: &HashMap<usize, usize>| {
            inside.get(key).copied().unwrap_or(0) != suspect.messages
        };
        let mut reachable: Vec<usize> =
            suspects.iter().filter(|(key, suspect)| cleared(key, suspect, &inside)).map(|(key, _)| *key).collect();
        while let Some(key) = reachable.pop() {
            let Some(suspect) = suspects.remove(&key) else { continue };
            for key in suspect.held {
                if let Some(messages) = inside.get_mut(&key) {
                    *messages = messages.saturating_sub(1);
                }
                reachable.push(key);
            }
        }
        suspects.into_values().map(|suspect| suspect.socket).collect()
    }

    /// The sockets that are in messages and nowhere else, by address.
    fn suspects(&self) -> HashMap<usize, Suspect> {
        let flying: Vec<(Arc<OpenFile>, usize)> = {
            let state = self.state.lock();
            state.files.values().filter_map(|(file, messages)| Some((file.upgrade()?, *messages))).collect()
        };
        // The list itself holds one reference.
        let closed = |file: &Arc<OpenFile>, messages: usize| Arc::strong_count(file) == messages.saturating_add(1);
        flying
            .into_iter()
            .filter(|(file, messages)| Socket::of(file).is_ok() && closed(file, *messages))
            .map(|(socket, messages)| (address(&socket), Suspect { held: held(&socket), socket, messages }))
            .collect()
    }
}

impl Kernel {
    /// Searches soon for files on their way that nobody can receive any more, unless nothing has happened since the
    /// last search. To be called whenever a guest may have gone on.
    pub fn watch_flights(self: &Arc<Self>) {
        let mut state = self.net.flights.state.lock();
        let rests = state.next.searched_at == Some(self.activity.count());
        if state.count == 0 || rests || state.next.timer.is_some() {
            return;
        }
        let delay = PAUSE.max(state.next.took.saturating_mul(SHARE));
        let when = crate::time::monotonic().saturating_add(delay);
        state.next.timer = Some(self.timers.at(when, Arc::new(Search(Arc::downgrade(self)))));
    }

    fn search_flights(&self) {
        let fired = self.net.flights.state.lock().next.timer.take();
        drop(fired);
        let (seen, begun) = (self.activity.count(), crate::time::monotonic());
        self.net.flights.collect();
        let next = &mut self.net.flights.state.lock().next;
        (next.searched_at, next.took) = (Some(seen), crate::time::monotonic().saturating_sub(begun));
    }
}

struct Search(Weak<Kernel>);

impl Listener for Search {
    fn notify(&self, _: Events) {
        if let Some(kernel) = self.0.upgrade() {
            kernel.search_flights();
        }
    }
}

/// A socket that nobody has open, in how many messages it is, and what lies in its own.
struct Suspect {
    socket: Arc<OpenFile>,
    messages: usize,
    held: Vec<usize>,
}

fn address(file: &Arc<OpenFile>) -> usize {
    Arc::as_ptr(file).addr()
}

/// The files in the messages that wait in a socket, by address.
fn held(socket: &OpenFile) -> Vec<usize> {
    Socket::of(socket).map(|socket| socket.endpoint().flying()).unwrap_or_default()
}

/// Takes the files out of the messages that wait in a socket.
fn contents(socket: &OpenFile) -> Vec<Flying> {
    Socket::of(socket).map(|socket| socket.endpoint().take_flying()).unwrap_or_default()
}

impl Flying {
    /// The file, which has arrived.
    pub fn land(mut self) -> Option<Arc<OpenFile>> {
        let file = self.file.take()?;
        self.flights.left(&file);
        Some(file)
    }

    /// The file, which flies on: for MSG_PEEK.
    pub fn file(&self) -> Option<&Arc<OpenFile>> {
        self.file.as_ref()
    }

    /// What tells the file from all others while it lives.
    pub fn key(&self) -> Option<usize> {
        self.file.as_ref().map(address)
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            self.flights.left(&file);
            bury(file);
        }
    }
}

/// Lets go of a file without recursion: it may be a socket that holds messages with sockets.
fn bury(file: Arc<OpenFile>) {
    thread_local! {
        static GRAVES: RefCell<Option<Vec<Arc<OpenFile>>>> = const { RefCell::new(None) };
    }
    let digging = GRAVES.with_borrow_mut(|graves| match graves {
        Some(list) => {
            list.push(Arc::clone(&file));
            true
        }
        None => {
            *graves = Some(Vec::new());
            false
        }
    });
    if digging {
        return;
    }
    drop(file);
    while let Some(next) = GRAVES.with_borrow_mut(|graves| graves.as_mut().and_then(Vec::pop)) {
        drop(next);
    }
    GRAVES.with_borrow_mut(|graves| *graves = None);
}
