//! What a terminal's screen side does to output: termios(3), "c_oflag flag constants".
//!
//! Owns: [`Screen`], the bytes on their way to the master and the cursor's column. Does not own: the
//! editing of input (`discipline`).

use std::collections::VecDeque;

use abi::termios::{OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, Termios, XTABS};

/// How many bytes may wait for the master before writers wait.
pub(super) const CAPACITY: usize = 16 << 10;
/// How many bytes echo may add to that, so that a master who never reads costs no more.
const ECHO_CAPACITY: usize = CAPACITY + (4 << 10);
/// How much the master's side has taken in before it is read, and TCOFLUSH does not take back.
const DELIVERED: usize = 4095;
/// The distance of tab stops.
const TAB: usize = 8;

/// The way from the terminal to its master.
#[derive(Debug, Default)]
pub(super) struct Screen {
    pub(super) bytes: VecDeque<u8>,
    /// Where the cursor is, counted from 0.
    pub(super) column: usize,
}

impl Screen {
    /// Whether a writer may go on.
    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() < CAPACITY
    }

    /// Drops what the master's side has not taken in: TCOFLUSH, tcflush(3).
    pub(super) fn drop_undelivered(&mut self) {
        self.bytes.truncate(DELIVERED);
    }

    /// Takes as much of `bytes` as there is room for; answers how much.
    pub(super) fn write(&mut self, bytes: &[u8], termios: &Termios) -> usize {
        let mut taken = 0;
        for byte in bytes {
            if !self.has_room() {
                break;
            }
            self.put(*byte, termios);
            taken += 1;
        }
        taken
    }

    /// Adds a byte as echo: dropped where the master has not read for long.
    pub(super) fn echo(&mut self, byte: u8, termios: &Termios) {
        if self.bytes.len() < ECHO_CAPACITY {
            self.put(byte, termios);
        }
    }

    /// Adds a byte as it is.
    pub(super) fn raw(&mut self, byte: u8) {
        if self.bytes.len() < ECHO_CAPACITY {
            self.bytes.push_back(byte);
        }
    }

    fn put(&mut self, byte: u8, termios: &Termios) {
        let on = |flag: u32| termios.oflag & flag == flag;
        if !on(OPOST) {
            self.bytes.push_back(byte);
            return;
        }
        match byte {
            b'\n' if on(ONLCR) => {
                self.bytes.extend(b"\r\n");
                self.column = 0;
            }
            b'\n' => {
                self.bytes.push_back(byte);
                if on(ONLRET) {
                    self.column = 0;
                }
            }
            b'\r' if on(ONOCR) && self.column == 0 => {}
            b'\r' if on(OCRNL) => {
                self.bytes.push_back(b'\n');
                if on(ONLRET) {
                    self.column = 0;
                }
            }
            b'\r' => {
                self.bytes.push_back(byte);
                self.column = 0;
            }
            b'\t' => {
                let spaces = TAB - self.column % TAB;
                self.column = self.column.wrapping_add(spaces);
                if on(XTABS) {
                    self.bytes.extend(std::iter::repeat_n(b' ', spaces));
                } else {
                    self.bytes.push_back(byte);
                }
            }
            0x08 => {
                self.column = self.column.saturating_sub(1);
                self.bytes.push_back(byte);
            }
            _ => {
                let byte = if on(OLCUC) { byte.to_ascii_uppercase() } else { byte };
                let continues = termios.iflag & abi::termios::IUTF8 != 0 && byte & 0xc0 == 0x80;
                if !byte.is_ascii_control() && !continues {
                    self.column = self.column.wrapping_add(1);
                }
                self.bytes.push_back(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8], oflag: u32) -> Vec<u8> {
        let mut screen = Screen::default();
        screen.write(text, &Termios { oflag, ..Termios::default() });
        screen.bytes.into()
    }

    #[test]
    fn newlines_and_tabs_are_shown_as_the_flags_say() {
        assert_eq!(shown(b"a\nb\tc", OPOST | ONLCR), b"a\r\nb\tc");
        assert_eq!(shown(b"a\n\tc", OPOST | ONLCR | XTABS), b"a\r\n        c");
        assert_eq!(shown(b"ab\tc", OPOST | XTABS), b"ab      c");
        assert_eq!(shown(b"\ra\r", OPOST | ONOCR), b"a\r");
        assert_eq!(shown(b"a\r", OPOST | OCRNL), b"a\n");
        assert_eq!(shown(b"a\n", ONLCR), b"a\n");
    }

    #[test]
    fn a_writer_waits_when_nobody_reads() {
        let mut screen = Screen::default();
        let flood = vec![b'x'; CAPACITY + 10];
        assert_eq!(screen.write(&flood, &Termios::default()), CAPACITY);
        assert!(!screen.has_room());
    }
}
