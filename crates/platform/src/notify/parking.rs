//! Taking a stopped thread to its next signal, and no instruction of its program further.
//!
//! The host delivers a signal to a thread on its way back to its program, and where the signal is gone by then
//! (another thread may take it, or ignore it, natively and at any moment) the thread is back in it: with a mask that it
//! has only for the moment of the delivery, which rt_sigprocmask(2), native as well, would then show. So the way back
//! leads to a `syscall` instruction, where PTRACE_SYSEMU stops the thread before anybody has seen a call.

use super::deliver::Target;
use super::stops::{Registers, is_call, ptrace, registers, set_registers, signal_of, stop};
use super::{memory, stub};

const PTRACE_GET_RSEQ_CONFIGURATION: libc::c_uint = 0x420f;

/// `struct ptrace_rseq_configuration`.
#[derive(Default)]
#[repr(C)]
struct RseqConfiguration {
    area: u64,
    size: u32,
    signature: u32,
    flags: u32,
    pad: u32,
}

impl Target<'_> {
    /// Lets the stopped thread go on to its next signal; `None` where there is none, or where it cannot be told: then
    /// it has not run.
    pub(super) fn next_signal(self) -> Result<Option<i32>, i32> {
        let own = registers(self.host)?;
        let Some(place) = self.syscall_place(&own) else { return Ok(None) };
        let sequence = self.sequence();
        set_registers(self.host, &Registers { rip: place, orig_rax: u64::MAX, ..own })?;
        let stopped = self.go_on();
        set_registers(self.host, &own)?;
        if let Some((address, value)) = sequence {
            let _ = memory::write(self.host, address, &value);
        }
        let status = stopped?;
        if is_call(status) {
            // Of a call that is not made: as if the thread had never left.
            ptrace(libc::PTRACE_INTERRUPT, self.host, 0, 0)?;
            self.step(libc::PTRACE_CONT)?;
        }
        Ok(signal_of(status))
    }

    /// Over stops of a process that is halted, or goes on, at the moment.
    fn go_on(self) -> Result<i32, i32> {
        const HALTS: usize = 4;
        let mut status = self.step(libc::PTRACE_SYSEMU)?;
        for _ in 1..HALTS {
            if status >> 16 != libc::PTRACE_EVENT_STOP {
                break;
            }
            status = self.step(libc::PTRACE_SYSEMU)?;
        }
        Ok(status)
    }

    /// Lets the thread go on to its next stop, which is ahead wherever it is. It may have to wait for a processor
    /// until then, so nothing is concluded from the time that it takes.
    fn step(self, request: libc::c_uint) -> Result<i32, i32> {
        ptrace(request, self.host, 0, 0)?;
        stop(self.host)
    }

    /// Where the thread finds a `syscall` instruction: in the stub, or behind itself where it comes from one.
    fn syscall_place(self, own: &Registers) -> Option<u64> {
        let behind = own.rip.wrapping_sub(stub::SYSCALL.len() as u64);
        stub::syscall_place().into_iter().chain([behind]).find(|place| {
            let mut code = [0; stub::SYSCALL.len()];
            memory::read(self.host, *place, &mut code).is_ok_and(|count| count == code.len()) && code == stub::SYSCALL
        })
    }

    /// The restartable sequence that the thread is in, rseq(2), and where it is kept: the host forgets it where it
    /// meets the thread somewhere else, and would not start it again.
    fn sequence(self) -> Option<(u64, [u8; 8])> {
        /// Of `rseq_cs` in `struct rseq`.
        const OFFSET: u64 = 8;
        let mut found = RseqConfiguration::default();
        let size = size_of::<RseqConfiguration>();
        // SAFETY: `found` is a place for the structure of that size.
        let done = unsafe { libc::ptrace(PTRACE_GET_RSEQ_CONFIGURATION, self.host, size, &raw mut found) };
        let address = (done > 0 && found.area != 0).then(|| found.area.wrapping_add(OFFSET))?;
        let mut value = [0; 8];
        let read = memory::read(self.host, address, &mut value);
        (read.is_ok_and(|count| count == value.len()) && value != [0; 8]).then_some((address, value))
    }
}
