//! Terminals: termios(3), ioctl_tty(2).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// How many control characters there are.
pub const NCCS: usize = 19;

/// `struct termios2` of the kernel, 44 bytes; its first 36 are `struct termios`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Termios {
    /// Input modes.
    pub iflag: u32,
    /// Output modes.
    pub oflag: u32,
    /// Control modes.
    pub cflag: u32,
    /// Local modes.
    pub lflag: u32,
    /// The line discipline; 0 is N_TTY.
    pub line: u8,
    /// The control characters.
    pub cc: [u8; NCCS],
    /// Input speed in bits a second.
    pub ispeed: u32,
    /// Output speed in bits a second.
    pub ospeed: u32,
}

/// The bytes of `struct termios`.
pub const TERMIOS_SIZE: usize = 36;

/// `struct winsize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Winsize {
    /// Lines.
    pub rows: u16,
    /// Characters of a line.
    pub columns: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

macro_rules! constants {
    ($($(#[$doc:meta])* $kind:ty: $($name:ident = $value:expr),* $(,)?;)*) => {
        $($(#[doc = concat!("`", stringify!($name), "`, see termios(3) and ioctl_tty(2).")] pub const $name: $kind = $value;)*)*
    };
}

constants! {
    usize: VINTR = 0, VQUIT = 1, VERASE = 2, VKILL = 3, VEOF = 4, VTIME = 5, VMIN = 6, VSWTC = 7, VSTART = 8,
        VSTOP = 9, VSUSP = 10, VEOL = 11, VREPRINT = 12, VDISCARD = 13, VWERASE = 14, VLNEXT = 15, VEOL2 = 16;
    u32: IGNBRK = 0o1, BRKINT = 0o2, INPCK = 0o20, ISTRIP = 0o40, INLCR = 0o100, IGNCR = 0o200, ICRNL = 0o400,
        IUCLC = 0o1000, IXON = 0o2000, IXANY = 0o4000, IXOFF = 0o10000, IMAXBEL = 0o20000, IUTF8 = 0o40000;
    u32: OPOST = 0o1, OLCUC = 0o2, ONLCR = 0o4, OCRNL = 0o10, ONOCR = 0o20, ONLRET = 0o40, XTABS = 0o14000;
    u32: CS8 = 0o60, CREAD = 0o200, HUPCL = 0o2000, B38400 = 0o17;
    u32: ISIG = 0o1, ICANON = 0o2, ECHO = 0o10, ECHOE = 0o20, ECHOK = 0o40, ECHONL = 0o100, NOFLSH = 0o200,
        TOSTOP = 0o400, ECHOCTL = 0o1000, ECHOPRT = 0o2000, ECHOKE = 0o4000, IEXTEN = 0o100_000, EXTPROC = 0o200_000;
    u32: TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCSBRK = 0x5409, TCXONC = 0x540a,
        TCFLSH = 0x540b, TIOCEXCL = 0x540c, TIOCNXCL = 0x540d, TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f,
        TIOCSPGRP = 0x5410, TIOCOUTQ = 0x5411, TIOCSTI = 0x5412, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414,
        FIONREAD = 0x541b, TIOCCONS = 0x541d, TIOCPKT = 0x5420, TIOCNOTTY = 0x5422, TIOCSETD = 0x5423,
        TIOCGETD = 0x5424, TCSBRKP = 0x5425, TIOCGSID = 0x5429, TCGETS2 = 0x802c_542a, TCSETS2 = 0x402c_542b,
        TCSETSW2 = 0x402c_542c, TCSETSF2 = 0x402c_542d, TIOCGPTN = 0x8004_5430, TIOCSPTLCK = 0x4004_5431,
        TIOCGPKT = 0x8004_5438, TIOCGPTLCK = 0x8004_5439, TIOCGEXCL = 0x8004_5440, TIOCGPTPEER = 0x5441;
    u8: TIOCPKT_DATA = 0, TIOCPKT_FLUSHREAD = 1, TIOCPKT_FLUSHWRITE = 2, TIOCPKT_STOP = 4, TIOCPKT_START = 8,
        TIOCPKT_NOSTOP = 16, TIOCPKT_DOSTOP = 32;
}

/// A control character that is switched off.
pub const DISABLED: u8 = 0;

impl Default for Termios {
    /// A new terminal's settings, as Linux has them.
    fn default() -> Termios {
        let mut cc = [0; NCCS];
        for (at, value) in [
            (VINTR, 3),
            (VQUIT, 28),
            (VERASE, 127),
            (VKILL, 21),
            (VEOF, 4),
            (VMIN, 1),
            (VSTART, 17),
            (VSTOP, 19),
            (VSUSP, 26),
            (VREPRINT, 18),
            (VDISCARD, 15),
            (VWERASE, 23),
            (VLNEXT, 22),
        ] {
            cc[at] = value;
        }
        Termios {
            iflag: ICRNL | IXON,
            oflag: OPOST | ONLCR,
            cflag: B38400 | CS8 | CREAD,
            lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
            line: 0,
            cc,
            ispeed: 38_400,
            ospeed: 38_400,
        }
    }
}
