//! Keeping two threads on one processor for a moment.
//!
//! A wake-up across processors costs about 40 us where the other one sleeps, one on the same
//! processor about 5 (docs/adr/0005-one-thread.md), and ptrace(2) has no hint for it: so for the time
//! of a redirect the guest's thread and ours are bound to the processor that we are on.

use std::sync::OnceLock;

/// Both threads, bound until this is dropped.
pub(super) struct Together {
    hosts: Vec<i32>,
}

fn all() -> &'static libc::cpu_set_t {
    static ALL: OnceLock<libc::cpu_set_t> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut set = std::mem::MaybeUninit::<libc::cpu_set_t>::zeroed();
        // SAFETY: `set` is a place for a processor set; zeros are valid.
        unsafe {
            libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), set.as_mut_ptr());
            set.assume_init()
        }
    })
}

fn bind(host: i32, set: &libc::cpu_set_t) {
    // SAFETY: `set` is a valid processor set.
    unsafe { libc::sched_setaffinity(host, size_of::<libc::cpu_set_t>(), set) };
}

impl Together {
    /// Binds `host` and the caller to the caller's processor.
    pub(super) fn new(host: i32) -> Together {
        let everywhere = all();
        let mut here = std::mem::MaybeUninit::<libc::cpu_set_t>::zeroed();
        // SAFETY: zeros are a valid, empty set.
        let here = unsafe {
            let processor = libc::sched_getcpu();
            let here = here.assume_init_mut();
            if processor >= 0 && libc::CPU_ISSET(processor as usize, everywhere) {
                libc::CPU_SET(processor as usize, here);
                *here
            } else {
                *everywhere
            }
        };
        bind(0, &here);
        bind(host, &here);
        Together { hosts: vec![0, host] }
    }

    /// A child has inherited the binding.
    pub(super) fn add(&mut self, host: i32) {
        self.hosts.push(host);
    }
}

impl Drop for Together {
    fn drop(&mut self) {
        for host in &self.hosts {
            bind(*host, all());
        }
    }
}
