//! Signals: who gets one, when, and what it does where no handler runs.
//!
//! Masks, handlers and pending signals live on the host, natively, so that their semantics are
//! Linux's own; the kernel decides about permission, stops, the first process's immunity and, above
//! all, *when* the host is told. A thread whose call is on its way to us (made, not yet received)
//! would see a call like close(2) fail with EINTR; so a signal for a thread that has a received call
//! cuts that short and goes with its answer, and a signal for a running thread waits for its next call,
//! which is then made again ([`platform::Reply::RestartAlways`]), or for [`PATIENCE`].
//! See signal(7), kill(2).

use std::sync::{Arc, Weak};

use abi::signal::{DefaultAction, SI_KERNEL, SI_USER, SigInfo, Signal, SignalSet};
use platform::{Delivery, GuestCall, Queued, Reply, SignalState};
use zerocopy::FromZeros;

use super::family::News;
use super::{Pid, Process, Task};
use crate::sync::Mutex;
use crate::time::Nanos;
use crate::wait::{Events, Listener, WaitQueue};

/// How long a signal waits for a running thread's next call.
pub const PATIENCE: Nanos = 1_000_000;

/// How many signals we keep at most for a thread or a process; more are lost, as beyond RLIMIT_SIGPENDING.
const MOST_HELD: usize = 4096;
/// The first real-time signal: those before it wait once only, signal(7).
const REAL_TIME: u32 = 32;

/// What wait(2) must know of a process's SIGCHLD action, sigaction(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildSignal {
    /// A handler is installed.
    pub handled: bool,
    /// The signal is ignored.
    pub ignored: bool,
    /// SA_NOCLDWAIT: children leave no zombies.
    pub no_zombies: bool,
    /// SA_NOCLDSTOP: stops are not told.
    pub no_stops: bool,
}

impl ChildSignal {
    /// Whether ended children vanish without being waited for.
    pub fn reaps_itself(self) -> bool {
        self.ignored || self.no_zombies
    }

    /// Handlers do not survive execve(2), ignoring does.
    pub fn reset_for_exec(&mut self) {
        *self = ChildSignal { ignored: self.ignored, ..ChildSignal::default() };
    }
}

/// Signals that the kernel itself keeps for signalfd(2).
#[derive(Default)]
pub struct Pending {
    queue: Mutex<Vec<Queued>>,
    wanted: Mutex<SignalSet>,
    /// Announced when a signal is added.
    pub changed: WaitQueue,
}

impl Pending {
    /// From now on blocked signals of `mask` are kept here.
    pub fn want(&self, mask: SignalSet) {
        let mut wanted = self.wanted.lock();
        *wanted = SignalSet(wanted.0 | mask.0);
    }

    /// Whether `signal` is kept here.
    pub fn wants(&self, signal: Signal) -> bool {
        self.wanted.lock().contains(signal)
    }

    /// Whether a signal of `mask` waits.
    pub fn has(&self, mask: SignalSet) -> bool {
        self.queue.lock().iter().any(|waiting| mask.contains(waiting.delivery.0))
    }

    /// Takes the first signal of `mask`: those of a thread before those of the process, lower numbers before higher.
    pub fn take(&self, mask: SignalSet) -> Option<Delivery> {
        let mut queue = self.queue.lock();
        let of_mask = queue.iter().enumerate().filter(|(_, waiting)| mask.contains(waiting.delivery.0));
        let (at, _) = of_mask.min_by_key(|(_, waiting)| (waiting.whole, waiting.delivery.0))?;
        Some(queue.remove(at).delivery)
    }

    fn push(&self, waiting: Queued) {
        {
            let mut queue = self.queue.lock();
            let same = |other: &Queued| (other.delivery.0, other.whole) == (waiting.delivery.0, waiting.whole);
            let merges = waiting.delivery.0.number() < REAL_TIME && queue.iter().any(same);
            if merges || queue.len() >= MOST_HELD {
                return;
            }
            queue.push(waiting);
        }
        self.changed.announce(Events::IN);
    }
}

/// The siginfo of a signal that the kernel itself sends.
pub fn from_kernel(signal: Signal) -> SigInfo {
    SigInfo { signo: signal.number() as i32, code: SI_KERNEL, ..SigInfo::new_zeroed() }
}

/// The siginfo of a signal that `sender` sends with `code`.
pub fn from_process(signal: Signal, code: i32, sender: &Task) -> SigInfo {
    let (pid, uid) = (sender.process().pid.0, sender.credentials().uid);
    SigInfo { signo: signal.number() as i32, code, pid, uid, ..SigInfo::new_zeroed() }
}

impl Process {
    /// Sends a signal to the process; any thread may take it.
    pub fn send_signal(self: &Arc<Self>, signal: Signal, info: SigInfo) {
        self.deliver(signal, info, None, true);
    }

    /// As [`Process::send_signal`], from outside the sandbox: the first process has no immunity.
    pub fn send_signal_from_outside(self: &Arc<Self>, signal: Signal) {
        self.deliver(signal, from_kernel(signal), None, false);
    }

    fn deliver(self: &Arc<Self>, signal: Signal, info: SigInfo, thread: Option<&Arc<Task>>, inside: bool) {
        if self.is_zombie() {
            return;
        }
        let immune = inside && self.pid == Pid(1);
        match signal {
            Signal::SIGKILL if immune => {}
            Signal::SIGKILL => self.host_signal(None, signal, None),
            Signal::SIGSTOP if immune => {}
            Signal::SIGSTOP => self.stop(signal),
            Signal::SIGCONT if self.kernel().throttle.postpones(self, info) => {}
            Signal::SIGCHLD if thread.is_none() && !self.child_signal.lock().handled && !self.is_awaited(signal) => {
                self.quiet(signal, info, None);
            }
            _ => {
                if signal == Signal::SIGCONT {
                    self.go_on();
                }
                self.by_action(signal, info, thread, immune);
            }
        }
    }

    /// True if a thread waits to take it, sigtimedwait(2).
    fn is_awaited(&self, signal: Signal) -> bool {
        self.tasks().iter().any(|task| task.awaits(signal))
    }

    /// A signal without a handler that is ignored by default: it matters only where it is blocked.
    fn quiet(self: &Arc<Self>, signal: Signal, info: SigInfo, thread: Option<&Arc<Task>>) {
        let blocked = match thread {
            Some(thread) => thread.blocks(signal),
            None => self.blocked_everywhere(signal),
        };
        match blocked {
            true => self.to_wait(signal, info, thread),
            false => self.host_signal(thread, signal, Some(info)),
        }
    }

    /// Keeps a signal that who is to take it blocks, until it is let through: for signalfd(2) where somebody asked for
    /// that, and on the host otherwise, where sigpending(2), sigwaitinfo(2) and rt_sigprocmask(2) find it.
    fn to_wait(self: &Arc<Self>, signal: Signal, info: SigInfo, thread: Option<&Arc<Task>>) {
        let waiting = Queued { delivery: (signal, info), whole: thread.is_none() };
        if self.held_for_signalfd.wants(signal) {
            return self.held_for_signalfd.push(waiting);
        }
        match thread.cloned().or_else(|| self.tasks().into_iter().find(|task| !task.is_in_call())) {
            Some(task) => task.hold(waiting),
            None => {
                let mut unseen = self.unseen.lock();
                let merges = signal.number() < REAL_TIME && unseen.iter().any(|(other, _)| *other == signal);
                if !merges && unseen.len() < MOST_HELD {
                    unseen.push((signal, info));
                }
            }
        }
    }

    fn by_action(self: &Arc<Self>, signal: Signal, info: SigInfo, thread: Option<&Arc<Task>>, immune: bool) {
        let awaiting = match thread {
            Some(thread) => Some(Arc::clone(thread)).filter(|thread| thread.awaits(signal)),
            None => self.tasks().into_iter().find(|task| task.awaits(signal)),
        };
        if let Some(task) = awaiting {
            return match task.awaits_blocked(signal) {
                true => task.hold(Queued { delivery: (signal, info), whole: thread.is_none() }),
                false => self.host_signal(thread, signal, Some(info)),
            };
        }
        let Some(state) = self.signal_state() else { return };
        if state.caught.contains(signal) {
            return self.to_taker(signal, info, thread, Task::take_signal);
        }
        if state.ignored.contains(signal) {
            return self.quiet(signal, info, thread);
        }
        let blocked = self.blocked_everywhere(signal);
        match signal.default_action() {
            DefaultAction::Ignore | DefaultAction::Continue => self.quiet(signal, info, thread),
            _ if blocked => self.to_wait(signal, info, thread),
            _ if immune => {}
            DefaultAction::Stop if self.group_is_orphaned() => {}
            DefaultAction::Stop => self.stop(signal),
            DefaultAction::Terminate | DefaultAction::Core => self.to_taker(signal, info, thread, Task::die_of),
        }
    }

    /// Gives a signal that a handler takes, or that ends the process, to the thread that shall take it.
    fn to_taker(
        self: &Arc<Self>,
        signal: Signal,
        info: SigInfo,
        thread: Option<&Arc<Task>>,
        take: impl FnOnce(&Arc<Task>, Queued),
    ) {
        let target = match thread {
            Some(thread) => (!thread.blocks(signal)).then(|| Arc::clone(thread)),
            None => self.tasks().into_iter().find(|task| !task.blocks(signal)),
        };
        match target {
            Some(task) => take(&task, Queued { delivery: (signal, info), whole: thread.is_none() }),
            None => self.to_wait(signal, info, thread),
        }
    }

    fn blocked_everywhere(&self, signal: Signal) -> bool {
        let tasks = self.tasks();
        !tasks.is_empty() && tasks.iter().all(|task| task.blocks(signal))
    }

    fn signal_state(&self) -> Option<SignalState> {
        self.kernel().platform.signal_state(self.host)
    }

    fn host_signal(&self, thread: Option<&Arc<Task>>, signal: Signal, info: Option<SigInfo>) {
        self.kernel().activity.note();
        self.kernel().platform.signal(self.host, thread.map(|task| task.host), signal, info);
    }

    /// Stops the process and tells its parent.
    pub fn stop(self: &Arc<Self>, signal: Signal) {
        if self.is_stopped() {
            return;
        }
        self.set_stopped(true);
        self.kernel().throttle.discard(self);
        self.halt();
        self.report(News::Stopped(signal));
    }

    fn go_on(self: &Arc<Self>) {
        if !self.is_stopped() {
            return;
        }
        self.set_stopped(false);
        self.host_signal(None, Signal::SIGCONT, None);
        for task in self.tasks() {
            task.signalled.announce(Events::IN);
        }
        self.report(News::Continued);
    }

    /// Kills the process, whatever it is and does.
    pub fn kill(&self) {
        self.host_signal(None, Signal::SIGKILL, None);
    }
}

impl Task {
    /// Sends a signal to this thread.
    pub fn send_signal(self: &Arc<Self>, signal: Signal, info: SigInfo) {
        self.process().deliver(signal, info, Some(self), true);
    }

    /// Its own call brings a signal upon this thread, as SIGPIPE and SIGXFSZ come: as if the process had sent it.
    pub fn raise(self: &Arc<Self>, signal: Signal) {
        self.send_signal(signal, from_process(signal, SI_USER, self));
    }

    /// Whether the thread blocks `signal` now: by the mask of the call it waits in, if that set one.
    pub fn blocks(&self, signal: Signal) -> bool {
        let temporary = *self.temporary_mask.lock();
        match temporary {
            Some(mask) => mask.contains(signal),
            None => self.kernel().platform.signal_state(self.host).is_some_and(|state| state.blocked.contains(signal)),
        }
    }

    /// The thread's call waits under `mask`: a signal that waits for it already, and that `mask` lets
    /// through, cuts the call short, ppoll(2).
    pub fn wait_under(&self, mask: SignalSet) {
        *self.temporary_mask.lock() = Some(mask);
        let Some(state) = self.kernel().platform.signal_state(self.host) else { return };
        let waiting = SignalSet(state.pending.0 & !mask.0 & !state.ignored.0);
        let ends = |signal: Signal| {
            matches!(signal.default_action(), DefaultAction::Terminate | DefaultAction::Core)
                || state.caught.contains(signal)
        };
        if waiting.0 != 0 && (1..=64).filter_map(Signal::new).any(|signal| waiting.contains(signal) && ends(signal)) {
            self.cut.store(true, std::sync::atomic::Ordering::Release);
        }
    }

    /// Gives the thread a signal that it does not block and has a handler for.
    fn take_signal(self: &Arc<Self>, signal: Queued) {
        self.held.lock().push(signal);
        if self.is_in_call() {
            self.cut_short();
        } else if matches!(self.place(), Place::Wait | Place::Futex) {
            self.release();
        } else {
            self.release_later();
        }
    }

    /// Gives the thread a signal that ends its process.
    fn die_of(self: &Arc<Self>, signal: Queued) {
        let (signal, info) = signal.delivery;
        self.process().host_signal(Some(self), signal, Some(info));
        if self.is_in_call() {
            self.cut_short();
        }
    }

    /// Gives the thread a signal that it blocks. A call that it waits in goes on: the signal comes with the answer.
    fn hold(self: &Arc<Self>, signal: Queued) {
        {
            let mut held = self.held.lock();
            if held.len() < MOST_HELD {
                held.push(signal);
            }
        }
        if !self.is_in_call() {
            self.release();
        }
    }

    fn release_later(self: &Arc<Self>) {
        let when = crate::time::monotonic().saturating_add(PATIENCE);
        let timer = self.kernel().timers.at(when, Arc::new(Release(Arc::downgrade(self))));
        *self.held_timer.lock() = Some(timer);
    }

    /// Delivers what is held to a thread that runs or waits on the host. One that is in a call which no signal
    /// interrupts (vfork(2) until its child has begun another program), or which is about to be handled, keeps
    /// its signals until later.
    fn release(self: &Arc<Self>) {
        let reachable = match self.place() {
            Place::Program | Place::Futex => true,
            Place::Wait => self.call.lock().native_wait,
            Place::Call => false,
        };
        let signals = if reachable { self.take_held() } else { Vec::new() };
        if signals.is_empty() {
            if self.holds_signals() {
                self.release_later();
            }
            return;
        }
        self.kernel().activity.note();
        if !self.kernel().platform.deliver(self.host, &signals) {
            self.held.lock().splice(0..0, signals);
            self.release_later();
        }
        if self.kernel().throttle.holds() {
            // A SIGCONT from before they were held has just made all threads go on.
            self.process().halt();
        }
    }

    /// True if the thread waits for signals on the host. It may have been let go for that and be back since.
    pub fn waits_natively(&self) -> bool {
        self.call.lock().native_wait && self.place() == Place::Wait
    }

    /// True if the thread waits on the host to take `signal`. The host tells such a signal as not blocked meanwhile.
    fn awaits(&self, signal: Signal) -> bool {
        let awaited = self.call.lock().awaited.contains(signal);
        awaited && self.waits_natively()
    }

    /// Where the thread is, on the host.
    fn place(&self) -> Place {
        let text = self.kernel().platform.proc_file(self.host, "syscall");
        let number = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        match std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()) {
            Some(abi::nr::FUTEX) => Place::Futex,
            Some(abi::nr::PAUSE | abi::nr::RT_SIGSUSPEND | abi::nr::RT_SIGTIMEDWAIT) => Place::Wait,
            Some(_) => Place::Call,
            None => Place::Program,
        }
    }

    /// The signals that the thread is to be given now. Which of them it blocks is seen when it stands still.
    fn take_held(&self) -> Vec<Queued> {
        let mut held = std::mem::take(&mut *self.held.lock());
        let unseen = std::mem::take(&mut *self.process().unseen.lock());
        held.extend(unseen.into_iter().map(|delivery| Queued { delivery, whole: true }));
        drop(self.held_timer.lock().take());
        held
    }

    /// What is on its way to the thread.
    pub(super) fn held_signals(&self) -> SignalSet {
        self.held.lock().iter().fold(SignalSet::EMPTY, |set, signal| set.with(signal.delivery.0))
    }

    fn holds_signals(&self) -> bool {
        !self.held.lock().is_empty() || !self.process().unseen.lock().is_empty()
    }

    /// Delivers what waits for the thread's next call: true if there was something, and `call`, which has
    /// just been received, is made again after it.
    pub fn makes_again(self: &Arc<Self>, call: &GuestCall) -> bool {
        if !self.holds_signals() {
            return false;
        }
        let signals = self.take_held();
        if signals.is_empty() {
            return false;
        }
        self.end_call();
        self.kernel().platform.answer_with(call, Reply::RestartAlways, None, &signals);
        true
    }

    /// The call is answered already, and its thread runs.
    pub fn end_answered_call(self: &Arc<Self>) {
        self.end_call();
        if self.holds_signals() {
            self.release_later();
        }
    }

    /// Ends `call`, with the signals that have cut it short; `mask` is the one that it set for its time.
    pub fn answer(self: &Arc<Self>, call: &GuestCall, reply: Reply, mask: Option<SignalSet>) {
        let platform = &self.kernel().platform;
        if mask.is_none() && !self.holds_signals() {
            self.end_call();
            return platform.answer(call, reply);
        }
        if matches!(reply, Reply::Continue) {
            self.end_call();
            self.release_later();
            return platform.answer(call, reply);
        }
        let signals = self.take_held();
        self.end_call();
        if mask.is_none() && signals.is_empty() {
            platform.answer(call, reply);
        } else {
            platform.answer_with(call, reply, mask, &signals);
        }
    }
}

/// Where a thread is on the host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In its own code.
    Program,
    /// Asleep in futex(2), where a signal does no harm.
    Futex,
    /// In a call that waits for signals, or that is about to be handled.
    Wait,
    /// In another call.
    Call,
}

/// Patience with a running thread is over.
struct Release(Weak<Task>);

impl Listener for Release {
    fn notify(&self, _: Events) {
        if let Some(task) = self.0.upgrade() {
            // A call that waits takes them with its answer.
            if !task.is_in_call() {
                task.release();
            }
        }
    }
}
