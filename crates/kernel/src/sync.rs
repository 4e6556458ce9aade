//! The kernel's lock.
//!
//! Owns: [`Mutex`], the only lock of this crate. The kernel runs its handlers on one thread, so a
//! lock that is taken twice is a bug of ours and never contention: it panics with the place, which
//! ends this sandbox with a message instead of a hang. A guard is not `Send`, so the compiler
//! refuses to hold one across an await.

use std::sync::{MutexGuard, TryLockError};

/// A mutual exclusion that reports recursion instead of hanging.
#[derive(Debug, Default)]
pub struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// A lock around `value`.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex(std::sync::Mutex::new(value))
    }

    /// The value, until the guard is dropped.
    ///
    /// # Panics
    /// Where the lock is held already.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        match self.0.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => panic!("a kernel lock was taken twice"),
        }
    }

    /// The value, without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
