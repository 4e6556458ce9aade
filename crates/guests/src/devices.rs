//! The devices of a container: null(4), full(4), random(4), tty(4).

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use crate::{Program, see};

pub(crate) const PROGRAMS: &[Program] =
    &[("devices/numbers", numbers), ("devices/memory", memory), ("devices/random", random), ("devices/links", links)];

fn numbers() {
    for name in ["null", "zero", "full", "random", "urandom", "tty"] {
        let status = std::fs::metadata(format!("/dev/{name}"));
        see(
            name,
            status.ok().map(|status| (status.file_type().is_char_device(), status.rdev(), status.mode() & 0o777)),
        );
    }
}

fn memory() {
    let mut buffer = [1; 8];
    see("null reads", File::open("/dev/null").and_then(|mut file| file.read(&mut buffer)).ok());
    see("zero reads", File::open("/dev/zero").and_then(|mut file| file.read(&mut buffer)).ok());
    see("zeros", buffer);
    let write = |name: &str| {
        let file = OpenOptions::new().write(true).open(name);
        file.and_then(|mut file| file.write(b"abc")).map_err(|error| error.raw_os_error())
    };
    for name in ["/dev/null", "/dev/zero", "/dev/full"] {
        see(name, write(name));
    }
    let seek = File::open("/dev/zero").and_then(|mut file| file.seek(SeekFrom::Start(100)));
    see("seek", seek.is_ok());
    see("append", std::process::Command::new("sh").args(["-c", "echo x >> /dev/null"]).status().ok());
}

fn random() {
    let mut two = [[0_u8; 32]; 2];
    for buffer in &mut two {
        let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(buffer));
        see("read", read.is_ok());
    }
    let [one, other] = two;
    see("different", one != other && one != [0; 32]);
    let mut bytes = [0_u8; 16];
    let flags = rustix::rand::GetRandomFlags::empty();
    see("getrandom", rustix::rand::getrandom(&mut bytes, flags).ok());
}

fn links() {
    for name in ["stdin", "stdout", "stderr", "fd"] {
        see(name, std::fs::read_link(format!("/dev/{name}")).ok());
    }
    let through = OpenOptions::new().append(true).open("/dev/stdout").and_then(|mut out| out.write(b"through\n"));
    see("written", through.ok());
}
