//! Terminals: pty(7), termios(3).

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{read, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Winsize, isatty, tcgetattr, tcgetwinsize,
    tcsetattr, tcsetwinsize,
};

use crate::{Program, call, see};

pub(crate) const PROGRAMS: &[Program] = &[
    ("terminals/open", opening),
    ("terminals/lines", lines),
    ("terminals/editing", editing),
    ("terminals/raw", raw),
    ("terminals/output", output),
    ("terminals/window", window),
    ("terminals/hangup", hangup),
    ("terminals/settings", settings),
];

/// Both ends of a new terminal.
fn pair() -> Option<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).ok()?;
    grantpt(&master).ok()?;
    unlockpt(&master).ok()?;
    let name = ptsname(&master, Vec::new()).ok()?;
    let slave = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).ok()?;
    Some((master, slave))
}

fn shown(fd: impl AsFd) -> Result<String, i32> {
    let mut buffer = [0_u8; 256];
    let count = read(fd, &mut buffer).map_err(rustix::io::Errno::raw_os_error)?;
    Ok(String::from_utf8_lossy(&buffer[..count]).into_owned())
}

fn opening() {
    let Ok(master) = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY) else { return see("openpt", false) };
    let name = ptsname(&master, Vec::new()).ok();
    see("name", name.as_ref().is_some_and(|name| name.to_bytes().starts_with(b"/dev/pts/")));
    let Some(name) = name else { return };
    let try_open = || open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    call("locked", try_open().map(|_| ()));
    call("unlock", unlockpt(&master));
    let Ok(slave) = try_open() else { return see("unlocked", false) };
    see("terminals", (isatty(&master), isatty(&slave)));
    drop(slave);
    drop(master);
    call("gone", try_open().map(|_| ()));
}

fn lines() {
    let Some((master, slave)) = pair() else { return see("pair", false) };
    call("type", write(&master, b"hello\rworld\n"));
    see("first", shown(&slave));
    see("second", shown(&slave));
    see("echo", shown(&master));
    call("end of file", write(&master, b"\x04"));
    see("nothing", shown(&slave));
    call("part and end", write(&master, b"part\x04"));
    see("part", shown(&slave));
}

fn editing() {
    let Some((master, slave)) = pair() else { return see("pair", false) };
    for keys in [
        b"abc\x7f\x7fX\n".as_slice(),
        b"forget\x15keep\n",
        b"one two\x17three\n",
        b"\x16\x03\n",
        b"tab\t\x7fbed\n",
        b"\x01\x02\n",
    ] {
        call("type", write(&master, keys));
        see("line", shown(&slave));
        see("echo", shown(&master));
    }
}

fn raw() {
    let Some((master, slave)) = pair() else { return see("pair", false) };
    let Ok(mut settings) = tcgetattr(&slave) else { return see("settings", false) };
    settings.make_raw();
    call("raw", tcsetattr(&slave, OptionalActions::Now, &settings));
    call("type", write(&master, b"a\x03\r\x04"));
    see("bytes", shown(&slave));
    settings.special_codes[SpecialCodeIndex::VMIN] = 0;
    call("no least", tcsetattr(&slave, OptionalActions::Now, &settings));
    see("at once", shown(&slave));
    settings.special_codes[SpecialCodeIndex::VTIME] = 1;
    call("a little patience", tcsetattr(&slave, OptionalActions::Now, &settings));
    see("after it", shown(&slave));
    call("write", write(&slave, b"x\ny"));
    see("as it is", shown(&master));
}

fn output() {
    let Some((master, slave)) = pair() else { return see("pair", false) };
    call("write", write(&slave, b"a\nb\tc\r"));
    see("shown", shown(&master));
    let Ok(mut settings) = tcgetattr(&slave) else { return see("settings", false) };
    settings.output_modes.insert(OutputModes::XTABS | OutputModes::OCRNL);
    settings.output_modes.remove(OutputModes::ONLCR);
    call("other modes", tcsetattr(&slave, OptionalActions::Drain, &settings));
    call("write", write(&slave, b"a\nb\tc\r"));
    see("shown", shown(&master));
}

fn window() {
    let Some((master, slave)) = pair() else { return see("pair", false) };
    call("at first", tcgetwinsize(&slave));
    let size = Winsize { ws_row: 40, ws_col: 132, ws_xpixel: 0, ws_ypixel: 0 };
    call("set", tcsetwinsize(&master, size));
    call("now", tcgetwinsize(&slave));
}

fn hangup() {
    let Some((master, slave)) = pair() else { return see("pair", false) };
    drop(slave);
    see("no terminal open", shown(&master));
    let Some((master, slave)) = pair() else { return see("pair", false) };
    call("type", write(&master, b"lost"));
    drop(master);
    see("read", shown(&slave));
    call("write", write(&slave, b"x"));
    call("settings", tcgetattr(&slave).map(|_| ()));
}

fn settings() {
    let Some((master, slave)) = pair() else { return see("pair", false) };
    let Ok(mut settings) = tcgetattr(&slave) else { return see("settings", false) };
    see("input", settings.input_modes);
    see("output", settings.output_modes);
    see("local", settings.local_modes);
    settings.local_modes.remove(LocalModes::ECHO);
    settings.input_modes.insert(InputModes::INLCR);
    call("set on the master", tcsetattr(&master, OptionalActions::Flush, &settings));
    call("seen on the slave", tcgetattr(&slave).map(|seen| seen.local_modes == settings.local_modes));
    call("type quietly", write(&master, b"quiet\r"));
    see("line", shown(&slave));
}
