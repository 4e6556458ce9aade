//! The first stack of a program: argument count, arguments, environment, auxiliary vector, strings,
//! as the x86-64 System V ABI lays it out (getauxval(3) lists the entries).

use zerocopy::IntoBytes;

/// The auxiliary vector's entry types that we set.
#[allow(missing_docs, reason = "each constant is the entry of that name in getauxval(3)")]
pub(super) mod at {
    pub(crate) const NULL: u64 = 0;
    pub(crate) const PHDR: u64 = 3;
    pub(crate) const PHENT: u64 = 4;
    pub(crate) const PHNUM: u64 = 5;
    pub(crate) const PAGESZ: u64 = 6;
    pub(crate) const BASE: u64 = 7;
    pub(crate) const FLAGS: u64 = 8;
    pub(crate) const ENTRY: u64 = 9;
    pub(crate) const UID: u64 = 11;
    pub(crate) const EUID: u64 = 12;
    pub(crate) const GID: u64 = 13;
    pub(crate) const EGID: u64 = 14;
    pub(crate) const PLATFORM: u64 = 15;
    pub(crate) const HWCAP: u64 = 16;
    pub(crate) const CLKTCK: u64 = 17;
    pub(crate) const SECURE: u64 = 23;
    pub(crate) const RANDOM: u64 = 25;
    pub(crate) const HWCAP2: u64 = 26;
    pub(crate) const RSEQ_FEATURE_SIZE: u64 = 27;
    pub(crate) const RSEQ_ALIGN: u64 = 28;
    pub(crate) const EXECFN: u64 = 31;
    pub(crate) const SYSINFO_EHDR: u64 = 33;
    pub(crate) const MINSIGSTKSZ: u64 = 51;
}

/// What goes onto the stack.
pub(super) struct Contents<'c> {
    pub(super) arguments: &'c [Vec<u8>],
    pub(super) environment: &'c [Vec<u8>],
    pub(super) called: &'c [u8],
    pub(super) random: [u8; 16],
    /// Entries without RANDOM, EXECFN, PLATFORM and NULL.
    pub(super) auxiliary: Vec<(u64, u64)>,
}

/// A finished stack.
pub(super) struct Stack {
    /// Where it begins: the stack pointer.
    pub(super) pointer: u64,
    /// Its bytes from there on.
    pub(super) bytes: Vec<u8>,
    /// The auxiliary vector's bytes.
    pub(super) auxiliary: Vec<u8>,
}

impl Contents<'_> {
    /// How many bytes it takes at most.
    pub(super) fn size(&self) -> u64 {
        let strings: usize = self.arguments.iter().chain(self.environment).map(|text| text.len() + 1 + 8).sum();
        (strings + self.called.len() + 16 * (self.auxiliary.len() + 8) + 512) as u64
    }

    /// Lays it out so that it ends at `top`.
    pub(super) fn lay_out(&self, top: u64) -> Stack {
        let mut strings = Vec::new();
        let mut places = Vec::new();
        let mut put = |text: &[u8]| {
            places.push(strings.len() as u64);
            strings.extend_from_slice(text);
            strings.push(0);
        };
        put(&self.random);
        put(b"x86_64");
        put(self.called);
        self.arguments.iter().chain(self.environment).for_each(|text| put(text));
        let base = top.saturating_sub(strings.len() as u64) & !15;
        let mut addresses = places.into_iter().map(|place| base + place);
        let mut auxiliary = self.auxiliary.clone();
        for kind in [at::RANDOM, at::PLATFORM, at::EXECFN] {
            auxiliary.extend(addresses.next().map(|address| (kind, address)));
        }
        auxiliary.push((at::NULL, 0));
        let auxiliary: Vec<u64> = auxiliary.into_iter().flat_map(|(kind, value)| [kind, value]).collect();
        let mut words = vec![self.arguments.len() as u64];
        words.extend(addresses.by_ref().take(self.arguments.len()));
        words.push(0);
        words.extend(addresses);
        words.push(0);
        words.extend_from_slice(&auxiliary);
        let pointer = base.saturating_sub(words.as_bytes().len() as u64) & !15;
        let mut bytes = words.as_bytes().to_vec();
        bytes.resize((base - pointer) as usize, 0);
        bytes.extend_from_slice(&strings);
        Stack { pointer, bytes, auxiliary: auxiliary.as_bytes().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(stack: &Stack, index: usize) -> u64 {
        u64::from_ne_bytes(stack.bytes[index * 8..index * 8 + 8].try_into().unwrap())
    }

    #[test]
    fn the_stack_pointer_is_aligned_and_points_at_the_argument_count() {
        let contents = Contents {
            arguments: &[b"sh".to_vec(), b"-c".to_vec()],
            environment: &[b"A=1".to_vec()],
            called: b"/bin/sh",
            random: [7; 16],
            auxiliary: vec![(at::PAGESZ, 4096)],
        };
        let stack = contents.lay_out(0x7fff_0000);
        assert_eq!(stack.pointer % 16, 0);
        assert!(stack.pointer + stack.bytes.len() as u64 <= 0x7fff_0000);
        assert_eq!(word(&stack, 0), 2);
        let first = (word(&stack, 1) - stack.pointer) as usize;
        assert_eq!(&stack.bytes[first..first + 3], b"sh\0");
        assert_eq!(word(&stack, 3), 0);
        assert_eq!(word(&stack, 5), 0);
        assert_eq!(word(&stack, 6), at::PAGESZ);
    }
}
