//! The first wall: the seccomp filter of every guest thread.
//!
//! Owns: the list of host calls that guest code can reach, with their argument filters, as data:
//! the BPF program, the printed list and its test all come from [`RULES`]. Every other call goes to
//! our kernel. See seccomp(2), and bpf(4) for the instruction set.

use libc::{sock_filter, sock_fprog};

/// What lets a call through to the host.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// Every time.
    Always,
    /// Where argument `.0` has all bits of `.1` set and none of `.2`.
    Bits(u32, u32, u32),
    /// Where argument `.0` without the bits of `.1` is one of `.2`.
    OneOf(u32, u32, &'static [u32]),
    /// Where argument `.0` is not `.1`.
    Not(u32, u32),
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Condition::Always => f.write_str("always"),
            Condition::Bits(argument, set, clear) => write!(f, "argument {argument} has {set:#x} and not {clear:#x}"),
            Condition::OneOf(argument, ignored, values) => {
                write!(f, "argument {argument} without {ignored:#x} is one of {values:x?}")
            }
            Condition::Not(argument, value) => write!(f, "argument {argument} is not {value}"),
        }
    }
}

/// A call that runs natively, and why that is harmless.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The call's number.
    pub number: u32,
    /// When.
    pub condition: Condition,
    /// Why.
    pub why: &'static str,
}

const fn rule(number: u32, condition: Condition, why: &'static str) -> Rule {
    Rule { number, condition, why }
}

/// MAP_PRIVATE and MAP_ANONYMOUS, of which nothing stays that no page table shows.
const PRIVATE_ANONYMOUS: u32 = 0x22;
/// The other bits of MAP_TYPE.
const OTHER_TYPES: u32 = 0x0d;
const MAP_HUGETLB: u32 = 0x40000;
const FUTEX_FLAGS: u32 = 128 | 256;
/// WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET: never the PI operations.
const FUTEX_OPERATIONS: &[u32] = &[0, 1, 3, 4, 5, 9, 10];
/// ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS.
const ARCH_PRCTL_CODES: &[u32] = &[0x1001, 0x1002, 0x1003, 0x1004];
const SIGCHLD: u32 = 17;
const MADV_MERGEABLE: u32 = 12;

/// The host calls that guest code can reach, the most frequent first. Each acts on the caller's own
/// memory, registers or signal state only.
pub const RULES: &[Rule] = &[
    rule(
        abi::nr::FUTEX,
        Condition::OneOf(1, FUTEX_FLAGS, FUTEX_OPERATIONS),
        "waits on its own memory; PI operations are not reached",
    ),
    rule(abi::nr::RT_SIGPROCMASK, Condition::Always, "its own signal mask"),
    rule(
        abi::nr::MMAP,
        Condition::Bits(3, PRIVATE_ANONYMOUS, OTHER_TYPES | MAP_HUGETLB),
        "private anonymous memory; files, shared memory and huge pages go to the kernel",
    ),
    rule(abi::nr::MUNMAP, Condition::Always, "its own memory"),
    rule(abi::nr::MPROTECT, Condition::Always, "its own memory"),
    rule(abi::nr::BRK, Condition::Always, "its own memory"),
    rule(abi::nr::MADVISE, Condition::Not(2, MADV_MERGEABLE), "its own memory; it is not merged with that of others"),
    rule(abi::nr::MREMAP, Condition::Always, "its own memory"),
    rule(
        abi::nr::RT_SIGACTION,
        Condition::Not(0, SIGCHLD),
        "its own handlers; SIGCHLD's flags matter to wait(2) and go to the kernel",
    ),
    rule(abi::nr::RT_SIGRETURN, Condition::Always, "its own registers"),
    rule(abi::nr::SIGALTSTACK, Condition::Always, "its own signal stack"),
    rule(abi::nr::RT_SIGPENDING, Condition::Always, "its own signals"),
    rule(abi::nr::SCHED_YIELD, Condition::Always, "gives up the processor"),
    rule(abi::nr::SET_ROBUST_LIST, Condition::Always, "its own futexes"),
    rule(abi::nr::RSEQ, Condition::Always, "its own memory"),
    rule(abi::nr::ARCH_PRCTL, Condition::OneOf(0, 0, ARCH_PRCTL_CODES), "its own FS and GS bases"),
    rule(abi::nr::MEMBARRIER, Condition::Always, "orders memory"),
    rule(abi::nr::RESTART_SYSCALL, Condition::Always, "goes on with an interrupted futex wait"),
    rule(abi::nr::EXIT_GROUP, Condition::Always, "ends itself"),
];

/// Calls that Linux 6.14 and newer run whatever a filter says (`seccomp_uprobe_exception` in its
/// source). They are the return of a tracer's own trampoline and raise SIGILL anywhere else.
pub const UNFILTERED: &[(u32, &str)] = &[
    (abi::nr::URETPROBE, "raises SIGILL outside of a tracer's trampoline"),
    (abi::nr::UPROBE, "raises SIGILL outside of a tracer's trampoline"),
];

/// Calls that our kernel may let go on natively after it was asked, because their whole meaning is
/// in registers or in the caller's own signal state. Nothing else is ever continued.
pub const CONTINUED: &[(u32, &str)] = &[
    (abi::nr::CLONE, "a thread, or a process with the flags that the kernel has checked and set"),
    (abi::nr::MMAP, "a file or shared mapping, after the kernel has put the vetted host file under that number"),
    (abi::nr::EXECVEAT, "only of the loader stub, on a descriptor that the kernel has just installed"),
    (abi::nr::EXIT, "a thread ends; the kernel counts it"),
    (abi::nr::SET_TID_ADDRESS, "its own memory"),
    (abi::nr::RT_SIGACTION, "SIGCHLD's handler"),
    (abi::nr::RT_SIGSUSPEND, "waits for its own signals"),
    (abi::nr::RT_SIGTIMEDWAIT, "waits for its own signals"),
    (abi::nr::PAUSE, "waits for its own signals"),
    (abi::nr::TGKILL, "a thread signals its own process"),
    (
        abi::nr::PRLIMIT64,
        "its own address space, data and stack; the number is in a register, and any value is harmless",
    ),
];

const AUDIT_ARCH_X86_64: u32 = 0xC000_003E;
const X32_BIT: u32 = 0x4000_0000;
const OFFSET_NUMBER: u32 = 0;
const OFFSET_ARCH: u32 = 4;
const OFFSET_ARGS: u32 = 16;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;
const NO_SUCH_CALL: u32 = libc::SECCOMP_RET_ERRNO | 38;

const fn op(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// The beginning of every program: another architecture reaches nothing; the number is loaded.
pub(crate) fn prologue() -> Vec<sock_filter> {
    vec![
        op(LOAD, OFFSET_ARCH),
        jump(EQUAL, AUDIT_ARCH_X86_64, 1, 0),
        op(RETURN, NO_SUCH_CALL),
        op(LOAD, OFFSET_NUMBER),
        jump(AT_LEAST, X32_BIT, 0, 1),
        op(RETURN, NO_SUCH_CALL),
    ]
}

/// Lets a call through.
pub(crate) fn allow(number: u32) -> [sock_filter; 2] {
    [jump(EQUAL, number, 0, 1), op(RETURN, ALLOW)]
}

/// Lets a call through where an argument is one of `values`, and refuses it otherwise.
pub(crate) fn allow_argument(number: u32, argument: u32, values: &[u32]) -> Vec<sock_filter> {
    let mut program = vec![jump(EQUAL, number, 0, values.len() as u8 + 3), op(LOAD, OFFSET_ARGS + 8 * argument)];
    for (index, value) in values.iter().enumerate() {
        program.push(jump(EQUAL, *value, (values.len() - index) as u8, 0));
    }
    program.push(refuse());
    program.push(op(RETURN, ALLOW));
    program
}

/// The end of a program that refuses what is left with `EPERM`.
pub(crate) const fn refuse() -> sock_filter {
    op(RETURN, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32)
}

/// The end of a program that refuses what is left with `ENOSYS`, unless another filter notifies of it.
pub(super) const fn refuse_unless_notified() -> sock_filter {
    op(RETURN, libc::SECCOMP_RET_TRACE)
}

/// The whole program.
pub(super) fn program() -> Vec<sock_filter> {
    let mut program = prologue();
    for rule in RULES {
        let body = condition(rule.condition);
        program.push(jump(EQUAL, rule.number, 0, body.len() as u8));
        program.extend(body);
    }
    program.push(op(RETURN, NOTIFY));
    program
}

/// True if the program reports every call of that number.
pub(super) fn always_asks(number: u32) -> bool {
    !RULES.iter().any(|rule| rule.number == number)
}

/// The instructions behind a matching number: they always return.
fn condition(condition: Condition) -> Vec<sock_filter> {
    match condition {
        Condition::Always => vec![op(RETURN, ALLOW)],
        Condition::Bits(argument, set, clear) => vec![
            op(LOAD, OFFSET_ARGS + 8 * argument),
            op(AND, set | clear),
            jump(EQUAL, set, 0, 1),
            op(RETURN, ALLOW),
            op(RETURN, NOTIFY),
        ],
        Condition::OneOf(argument, ignored, values) => {
            let mut code = vec![op(LOAD, OFFSET_ARGS + 8 * argument), op(AND, !ignored)];
            for (index, value) in values.iter().enumerate() {
                code.push(jump(EQUAL, *value, (values.len() - index) as u8, 0));
            }
            code.push(op(RETURN, NOTIFY));
            code.push(op(RETURN, ALLOW));
            code
        }
        Condition::Not(argument, value) => {
            vec![op(LOAD, OFFSET_ARGS + 8 * argument), jump(EQUAL, value, 0, 1), op(RETURN, NOTIFY), op(RETURN, ALLOW)]
        }
    }
}

/// Installs the program on the calling thread and answers the listener's descriptor, or -errno.
/// `WAIT_KILLABLE_RECV` keeps signals away from a call that our kernel has received.
pub(crate) fn install(program: &mut [sock_filter]) -> i32 {
    let prog = sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    // SAFETY: `prog` points at `program`, which outlives the call.
    let listener = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const prog) };
    if listener < 0 { -crate::last_errno() } else { listener as i32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program on one call, as the host does.
    fn verdict(arch: u32, number: u32, args: [u64; 6]) -> u32 {
        let program = program();
        let word = |offset: u32| match offset {
            OFFSET_NUMBER => number,
            OFFSET_ARCH => arch,
            _ => {
                let argument = args[((offset - OFFSET_ARGS) / 8) as usize];
                if offset.is_multiple_of(8) { argument as u32 } else { (argument >> 32) as u32 }
            }
        };
        let (mut at, mut accumulator) = (0usize, 0u32);
        loop {
            let instruction = program[at];
            at += 1;
            match instruction.code {
                LOAD => accumulator = word(instruction.k),
                AND => accumulator &= instruction.k,
                EQUAL => at += usize::from(if accumulator == instruction.k { instruction.jt } else { instruction.jf }),
                AT_LEAST => {
                    at += usize::from(if accumulator >= instruction.k { instruction.jt } else { instruction.jf })
                }
                RETURN => return instruction.k,
                code => panic!("unexpected instruction {code}"),
            }
        }
    }

    #[test]
    fn calls_that_are_not_listed_go_to_the_kernel() {
        for number in 0..600 {
            let listed = RULES.iter().any(|rule| rule.number == number);
            let allowed = verdict(AUDIT_ARCH_X86_64, number, [0; 6]) == ALLOW;
            assert!(listed || !allowed, "call {number} runs natively and is not listed");
        }
    }

    #[test]
    fn files_are_never_mapped_natively() {
        assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::MMAP, [0, 1, 1, 0x22, 0, 0]), ALLOW);
        assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::MMAP, [0, 1, 1, 0x02, 3, 0]), NOTIFY);
        assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::MMAP, [0, 1, 1, 0x40022, 0, 0]), NOTIFY);
        for shared in [0x21, 0x23, 0x28, 0x2a] {
            assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::MMAP, [0, 1, 1, shared, 0, 0]), NOTIFY);
        }
    }

    #[test]
    fn priority_inheritance_futexes_are_not_reached() {
        for operation in [0, 1, 3, 4, 5, 9, 10] {
            assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::FUTEX, [0, operation | 128, 0, 0, 0, 0]), ALLOW);
        }
        for operation in [2, 6, 7, 8, 11, 12, 13, 64] {
            assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::FUTEX, [0, operation, 0, 0, 0, 0]), NOTIFY);
        }
    }

    #[test]
    fn other_architectures_reach_nothing() {
        assert_eq!(verdict(0x4000_0003, abi::nr::BRK, [0; 6]), NO_SUCH_CALL);
        assert_eq!(verdict(AUDIT_ARCH_X86_64, X32_BIT | abi::nr::BRK, [0; 6]), NO_SUCH_CALL);
    }

    #[test]
    fn the_handler_of_sigchld_is_asked_for() {
        assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::RT_SIGACTION, [17, 0, 0, 0, 0, 0]), NOTIFY);
        assert_eq!(verdict(AUDIT_ARCH_X86_64, abi::nr::RT_SIGACTION, [2, 0, 0, 0, 0, 0]), ALLOW);
    }
}
