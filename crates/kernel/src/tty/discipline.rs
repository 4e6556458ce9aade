//! The line discipline N_TTY: what becomes of typed bytes, termios(3).
//!
//! Owns: [`Discipline`], editing, echo, signals by key, flow control and what is ready to be read.
//! Pure data: it answers what is to be done and sends nothing. Does not own: waiting (`pty`).

use std::collections::VecDeque;

use abi::signal::Signal;
use abi::termios::*;

use super::output::Screen;

/// How many bytes of input the discipline itself keeps: N_TTY_BUF_SIZE, termios(3). Of a line that
/// is longer the rest is lost.
const CAPACITY: usize = 4096;
/// How many more wait to be looked at once it is full, before the master waits: two buffers of the
/// 8 KiB that Linux lets a pty's port have.
const WAITING: usize = 16 << 10;

/// What typed bytes lead to besides input and echo.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// Signals to the foreground group, in order.
    pub(super) signals: Vec<Signal>,
    /// TIOCPKT_ bits for a master in packet mode.
    pub(super) packet: u8,
}

impl Effects {
    /// Adds what came of something later.
    pub(super) fn join(&mut self, later: Effects) {
        self.signals.extend(later.signals);
        self.packet |= later.packet;
    }
}

/// The state of a terminal's input.
#[derive(Debug, Default)]
pub(super) struct Discipline {
    pub(super) termios: Termios,
    /// The line that is being typed, in canonical mode.
    line: Vec<u8>,
    /// What can be read.
    ready: VecDeque<u8>,
    /// In canonical mode: how many bytes of `ready` each line has; 0 is an end of file.
    lines: VecDeque<usize>,
    /// Typed, and not looked at yet since there is no room: neither echoed nor taken for a key.
    waiting: VecDeque<u8>,
    literal_next: bool,
    /// Output is stopped by the STOP character or TCXONC.
    pub(super) stopped: bool,
    /// The column at which the typed line begins.
    line_column: usize,
}

impl Discipline {
    fn local(&self, flag: u32) -> bool {
        self.termios.lflag & flag != 0
    }

    fn input(&self, flag: u32) -> bool {
        self.termios.iflag & flag != 0
    }

    fn is(&self, byte: u8, character: usize) -> bool {
        byte != DISABLED && self.termios.cc.get(character) == Some(&byte)
    }

    fn extended(&self, byte: u8, character: usize) -> bool {
        self.local(IEXTEN) && self.is(byte, character)
    }

    /// True if the discipline takes more input; a line that is too long is never a reason to wait.
    fn takes_more(&self) -> bool {
        self.ready.len() < CAPACITY - 1 || (self.local(ICANON) && self.lines.is_empty())
    }

    /// True if the master may write.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING
    }

    /// Typed bytes; answers how many were taken and what they lead to.
    pub(super) fn type_in(&mut self, bytes: &[u8], screen: &mut Screen) -> (usize, Effects) {
        let mut effects = self.look_at_waiting(screen);
        let mut taken = 0;
        for byte in bytes {
            if !self.has_room() {
                break;
            }
            if self.waiting.is_empty() && self.takes_more() {
                self.receive(*byte, screen, &mut effects);
            } else {
                self.waiting.push_back(*byte);
            }
            taken += 1;
        }
        (taken, effects)
    }

    /// Looks at what waited for room, as far as there is some; to be called after a read.
    pub(super) fn look_at_waiting(&mut self, screen: &mut Screen) -> Effects {
        let mut effects = Effects::default();
        while self.takes_more()
            && let Some(byte) = self.waiting.pop_front()
        {
            self.receive(byte, screen, &mut effects);
        }
        effects
    }

    fn receive(&mut self, byte: u8, screen: &mut Screen, effects: &mut Effects) {
        let mut byte = if self.input(ISTRIP) { byte & 0x7f } else { byte };
        if self.input(IUCLC) && self.local(IEXTEN) {
            byte.make_ascii_lowercase();
        }
        if std::mem::take(&mut self.literal_next) {
            return self.add(byte, screen);
        }
        if self.flow(byte, effects) || (self.local(ISIG) && self.signal_key(byte, screen, effects)) {
            return;
        }
        match byte {
            b'\r' if self.input(IGNCR) => return,
            b'\r' if self.input(ICRNL) => byte = b'\n',
            b'\n' if self.input(INLCR) => byte = b'\r',
            _ => {}
        }
        if self.local(ICANON) && self.edit(byte, screen) {
            return;
        }
        self.add(byte, screen);
    }

    /// START and STOP; whether the byte was one of them.
    fn flow(&mut self, byte: u8, effects: &mut Effects) -> bool {
        if !self.input(IXON) {
            return false;
        }
        if self.is(byte, VSTART) {
            self.set_stopped(false, effects);
            return true;
        }
        if self.is(byte, VSTOP) {
            self.set_stopped(true, effects);
            return true;
        }
        let any = self.stopped && self.input(IXANY);
        if any {
            self.set_stopped(false, effects);
        }
        false
    }

    /// Stops or starts output.
    pub(super) fn set_stopped(&mut self, stopped: bool, effects: &mut Effects) {
        if self.stopped != stopped {
            self.stopped = stopped;
            effects.packet |= if stopped { TIOCPKT_STOP } else { TIOCPKT_START };
        }
    }

    /// INTR, QUIT and SUSP; whether the byte was one of them.
    fn signal_key(&mut self, byte: u8, screen: &mut Screen, effects: &mut Effects) -> bool {
        let keys = [(VINTR, Signal::SIGINT), (VQUIT, Signal::SIGQUIT), (VSUSP, Signal::SIGTSTP)];
        let Some((_, signal)) = keys.into_iter().find(|(key, _)| self.is(byte, *key)) else { return false };
        if !self.local(NOFLSH) {
            // What was written before has reached the master on Linux, and stays.
            self.flush_input();
            effects.packet |= TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE;
        }
        if self.input(IXON) {
            self.set_stopped(false, effects);
        }
        if self.local(ECHO) {
            self.show(byte, screen);
        }
        effects.signals.push(signal);
        true
    }

    /// Editing of a line; whether the byte was an editing character or ended the line.
    fn edit(&mut self, byte: u8, screen: &mut Screen) -> bool {
        if self.is(byte, VERASE) {
            let _ = self.erase_character(screen);
        } else if self.is(byte, VKILL) {
            self.erase_line(byte, screen);
        } else if self.extended(byte, VWERASE) {
            self.erase_word(screen);
        } else if self.extended(byte, VLNEXT) {
            self.literal_next = true;
            if self.local(ECHO) && self.local(ECHOCTL) {
                screen.raw(b'^');
                screen.raw(0x08);
            }
        } else if self.extended(byte, VREPRINT) && self.local(ECHO) {
            self.show(byte, screen);
            screen.echo(b'\n', &self.termios);
            self.line_column = screen.column;
            for index in 0..self.line.len() {
                self.show_at(index, screen);
            }
        } else if byte == b'\n' {
            if self.local(ECHO) || self.local(ECHONL) {
                screen.echo(b'\n', &self.termios);
            }
            self.line.push(byte);
            self.end_line();
        } else if self.is(byte, VEOF) {
            self.end_line();
        } else if self.is(byte, VEOL) || self.extended(byte, VEOL2) {
            if self.local(ECHO) {
                self.show(byte, screen);
            }
            self.line.push(byte);
            self.end_line();
        } else {
            return false;
        }
        true
    }

    /// An ordinary byte.
    fn add(&mut self, byte: u8, screen: &mut Screen) {
        let canonical = self.local(ICANON);
        if canonical && self.line.len() + self.ready.len() >= CAPACITY - 1 {
            if self.input(IMAXBEL) {
                screen.raw(0x07);
            }
            return;
        }
        if self.local(ECHO) {
            if self.line.is_empty() {
                self.line_column = screen.column;
            }
            self.show(byte, screen);
        }
        if canonical { self.line.push(byte) } else { self.ready.push_back(byte) }
    }

    /// Echoes a byte, a control character as ^X.
    fn show(&self, byte: u8, screen: &mut Screen) {
        if self.local(ECHOCTL) && byte.is_ascii_control() && byte != b'\t' && byte != b'\n' {
            screen.echo(b'^', &self.termios);
            screen.echo(byte ^ 0x40, &self.termios);
        } else {
            screen.echo(byte, &self.termios);
        }
    }

    fn show_at(&self, index: usize, screen: &mut Screen) {
        if let Some(byte) = self.line.get(index) {
            self.show(*byte, screen);
        }
    }

    fn end_line(&mut self) {
        self.lines.push_back(self.line.len());
        self.ready.extend(self.line.drain(..));
    }

    /// Takes the last character off the line: with IUTF8 all of its bytes. Nothing where the line
    /// has continuation bytes only: no part of a character is erased.
    fn pop_character(&mut self) -> Option<u8> {
        let continues = |byte: &u8| self.input(IUTF8) && byte & 0xc0 == 0x80;
        let at = self.line.iter().rposition(|byte| !continues(byte))?;
        let first = self.line.get(at).copied();
        self.line.truncate(at);
        first
    }

    /// Erases the last character; true if there was one.
    fn erase_character(&mut self, screen: &mut Screen) -> bool {
        let Some(byte) = self.pop_character() else { return false };
        self.unshow(byte, screen);
        true
    }

    fn erase_word(&mut self, screen: &mut Screen) {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        let mut seen = false;
        while let Some(byte) = self.line.last().copied() {
            if seen && !is_word(byte) {
                return;
            }
            seen |= is_word(byte);
            if !self.erase_character(screen) {
                return;
            }
        }
    }

    fn erase_line(&mut self, key: u8, screen: &mut Screen) {
        let gently = [ECHOK, ECHOKE, ECHOE].iter().all(|flag| self.local(*flag));
        if !self.local(ECHO) || !gently {
            self.line.clear();
            if self.local(ECHO) {
                self.show(key, screen);
                if self.local(ECHOK) {
                    screen.echo(b'\n', &self.termios);
                }
            }
            return;
        }
        while self.erase_character(screen) {}
        self.line.clear();
    }

    /// Takes a character that was just taken off the line off the screen, too.
    fn unshow(&self, byte: u8, screen: &mut Screen) {
        if !self.local(ECHO) {
            return;
        }
        if !self.local(ECHOE) {
            let key = self.termios.cc.get(VERASE).copied().unwrap_or_default();
            return self.show(key, screen);
        }
        if byte == b'\t' {
            let target = self.column_after_line();
            while screen.column > target {
                screen.echo(0x08, &self.termios);
            }
            return;
        }
        let width = match byte.is_ascii_control() {
            true if self.local(ECHOCTL) => 2,
            true => 0,
            false => 1,
        };
        for _ in 0..width {
            for byte in [0x08, b' ', 0x08] {
                screen.echo(byte, &self.termios);
            }
        }
    }

    /// The column behind the typed line as it stands.
    fn column_after_line(&self) -> usize {
        let continues = |byte: u8| self.input(IUTF8) && byte & 0xc0 == 0x80;
        self.line.iter().fold(self.line_column, |column, byte| match byte {
            b'\t' => column + 8 - column % 8,
            byte if byte.is_ascii_control() && self.local(ECHOCTL) => column + 2,
            byte if byte.is_ascii_control() || continues(*byte) => column,
            _ => column + 1,
        })
    }

    /// Drops all input, also what was not looked at: TCIFLUSH, a hang-up.
    pub(super) fn flush_all_input(&mut self) {
        self.waiting.clear();
        self.flush_input();
    }

    /// Drops what was not looked at: TCOFLUSH of the master.
    pub(super) fn drop_undelivered(&mut self) {
        self.waiting.clear();
    }

    /// Drops the input that was looked at: a key that signals, TCSETSF.
    pub(super) fn flush_input(&mut self) {
        self.line.clear();
        self.ready.clear();
        self.lines.clear();
    }

    /// How many bytes FIONREAD tells: in canonical mode those of whole lines.
    pub(super) fn readable(&self) -> usize {
        self.ready.len()
    }

    /// Whether a read that wants `wanted` bytes has its answer; see VMIN in termios(3).
    pub(super) fn has_input(&self, wanted: usize) -> bool {
        if self.local(ICANON) {
            return !self.lines.is_empty();
        }
        let least = usize::from(self.termios.cc.get(VMIN).copied().unwrap_or_default());
        !self.ready.is_empty() && self.ready.len() >= least.min(wanted)
    }

    /// Fills `buffer` with what is ready: in canonical mode at most one line; 0 is an end of file.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let count = if self.local(ICANON) {
            let Some(line) = self.lines.front_mut() else { return 0 };
            let count = buffer.len().min(*line);
            *line -= count;
            let done = *line == 0;
            if done {
                self.lines.pop_front();
            }
            count
        } else {
            buffer.len().min(self.ready.len())
        };
        for (place, byte) in buffer.iter_mut().zip(self.ready.drain(..count)) {
            *place = byte;
        }
        count
    }

    /// Takes new settings on. What was typed stays: without canonical mode it can be read at once,
    /// with it what is there counts as one line.
    pub(super) fn set_termios(&mut self, termios: Termios, effects: &mut Effects) {
        let was_canonical = self.local(ICANON);
        let flowed = self.input(IXON);
        self.termios = termios;
        match (was_canonical, self.local(ICANON)) {
            (true, false) => {
                self.lines.clear();
                self.ready.extend(self.line.drain(..));
            }
            (false, true) if !self.ready.is_empty() => self.lines.push_back(self.ready.len()),
            _ => {}
        }
        if flowed && !self.input(IXON) {
            self.set_stopped(false, effects);
        }
        if flowed != self.input(IXON) {
            effects.packet |= if flowed { TIOCPKT_NOSTOP } else { TIOCPKT_DOSTOP };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Terminal {
        discipline: Discipline,
        screen: Screen,
        signals: Vec<Signal>,
    }

    impl Terminal {
        fn type_in(&mut self, text: &[u8]) {
            let (taken, effects) = self.discipline.type_in(text, &mut self.screen);
            assert_eq!(taken, text.len());
            self.signals.extend(effects.signals);
        }

        fn read(&mut self) -> Option<Vec<u8>> {
            let mut buffer = [0; 64];
            if !self.discipline.has_input(buffer.len()) {
                return None;
            }
            let count = self.discipline.read(&mut buffer);
            Some(buffer.into_iter().take(count).collect())
        }

        fn shown(&mut self) -> Vec<u8> {
            std::mem::take(&mut self.screen.bytes).into()
        }
    }

    #[test]
    fn a_line_can_be_read_when_it_is_ended() {
        let mut tty = Terminal::default();
        tty.type_in(b"ab");
        assert_eq!(tty.read(), None);
        tty.type_in(b"c\r");
        assert_eq!(tty.read(), Some(b"abc\n".to_vec()));
        assert_eq!(tty.shown(), b"abc\r\n");
    }

    #[test]
    fn erase_kill_and_word_erase_edit_the_line_and_the_screen() {
        let mut tty = Terminal::default();
        tty.type_in(b"ab\x7f");
        assert_eq!(tty.shown(), b"ab\x08 \x08");
        tty.type_in(b"\x15one two\x17x\n");
        assert_eq!(tty.read(), Some(b"one x\n".to_vec()));
    }

    #[test]
    fn end_of_file_ends_a_line_and_alone_reads_as_nothing() {
        let mut tty = Terminal::default();
        tty.type_in(b"ab\x04\x04");
        assert_eq!(tty.read(), Some(b"ab".to_vec()));
        assert_eq!(tty.read(), Some(Vec::new()));
        assert_eq!(tty.read(), None);
    }

    #[test]
    fn the_interrupt_key_signals_and_drops_what_was_typed() {
        let mut tty = Terminal::default();
        tty.type_in(b"abc\x03");
        assert_eq!(tty.signals, [Signal::SIGINT]);
        assert_eq!(tty.shown(), b"abc^C");
        tty.type_in(b"\n");
        assert_eq!(tty.read(), Some(b"\n".to_vec()));
    }

    #[test]
    fn a_literal_next_takes_the_key_as_data() {
        let mut tty = Terminal::default();
        tty.type_in(b"\x16\x03\n");
        assert_eq!(tty.read(), Some(b"\x03\n".to_vec()));
        assert!(tty.signals.is_empty());
    }

    #[test]
    fn raw_mode_reads_bytes_as_they_come() {
        let mut tty = Terminal::default();
        tty.type_in(b"ab");
        let raw = Termios { lflag: 0, iflag: 0, ..Termios::default() };
        tty.discipline.set_termios(raw, &mut Effects::default());
        assert_eq!(tty.read(), Some(b"ab".to_vec()));
        tty.type_in(b"\x03\r");
        assert_eq!(tty.read(), Some(b"\x03\r".to_vec()));
    }

    #[test]
    fn the_least_count_holds_a_raw_read_back() {
        let mut tty = Terminal::default();
        let mut raw = Termios { lflag: 0, ..Termios::default() };
        raw.cc[VMIN] = 3;
        tty.discipline.set_termios(raw, &mut Effects::default());
        tty.type_in(b"ab");
        assert_eq!(tty.read(), None);
        tty.type_in(b"c");
        assert_eq!(tty.read(), Some(b"abc".to_vec()));
    }

    #[test]
    fn stop_and_start_are_not_input() {
        let mut tty = Terminal::default();
        tty.type_in(b"\x13");
        assert!(tty.discipline.stopped);
        tty.type_in(b"\x11x\n");
        assert!(!tty.discipline.stopped);
        assert_eq!(tty.read(), Some(b"x\n".to_vec()));
    }

    #[test]
    fn a_tab_is_erased_to_where_it_began() {
        let mut tty = Terminal::default();
        tty.type_in(b"ab\t\x7f");
        assert_eq!(tty.shown(), [b"ab\t".as_slice(), &[8; 6]].concat());
    }
}
