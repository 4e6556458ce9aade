"""The host's own files as an image.

Programs, libraries and the part of /etc that every user may read and that says nothing about the users, services or
secrets of this machine. Never /root, /home, /var, /run, keys or shadow files: those paths are empty directories.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from podvisor.sandbox import spec

PROGRAMS = ("usr", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Top-level directories that are shown whole, where the host has them; often links into /usr."""

CONFIGURATION = (
    "alternatives",
    "bash.bashrc",
    "ca-certificates",
    "ca-certificates.conf",
    "debian_version",
    "ethertypes",
    "fedora-release",
    "fonts",
    "gai.conf",
    "host.conf",
    "inputrc",
    "issue",
    "java-8-openjdk",
    "java-11-openjdk",
    "java-17-openjdk",
    "java-21-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "lsb-release",
    "magic",
    "magic.mime",
    "mime.types",
    "netconfig",
    "os-release",
    "perl",
    "pki/ca-trust/extracted",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "profile",
    "profile.d",
    "protocols",
    "python3",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "redhat-release",
    "rpc",
    "services",
    "shells",
    "skel",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "system-release",
    "terminfo",
    "timezone",
    "vim",
    "xattr.conf",
)
"""What of /etc is shown, where the host has it. What is not named here is not there."""

EMPTY = {
    "/root": 0o700,
    "/home": 0o755,
    "/mnt": 0o755,
    "/run": 0o755,
    "/run/lock": 0o1777,
    "/srv": 0o755,
    "/tmp": 0o1777,
    "/var": 0o755,
    "/var/cache": 0o755,
    "/var/lib": 0o755,
    "/var/log": 0o755,
    "/var/spool": 0o755,
    "/var/tmp": 0o1777,
    "/etc": 0o755,
}
"""Directories that programs expect, without the host's content."""

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""

GROUP = """\
root:x:0:
daemon:x:1:
tty:x:5:
mail:x:8:
utmp:x:43:
users:x:100:
nogroup:x:65534:
"""

NSSWITCH = """\
passwd: files
group: files
shadow: files
hosts: files dns
networks: files
protocols: files
services: files
ethers: files
rpc: files
"""


def root(host: str = "/") -> spec.Root:
    """The host's image, for the machine whose files are at `host`."""
    return spec.Root(tuple(_layers(host)))


def _layers(host: str) -> Iterator[spec.Layer]:
    yield spec.FileLayer("/etc/passwd", PASSWD)
    yield spec.FileLayer("/etc/group", GROUP)
    yield spec.FileLayer("/etc/nsswitch.conf", NSSWITCH)
    yield spec.SymlinkLayer("/etc/mtab", "/proc/mounts")
    yield spec.SymlinkLayer("/var/run", "/run")
    yield spec.SymlinkLayer("/var/lock", "/run/lock")
    for name in CONFIGURATION:
        yield from _shown(host, f"etc/{name}")
    for name in PROGRAMS:
        yield from _shown(host, name)
    for path, mode in EMPTY.items():
        yield spec.DirectoryLayer(path, mode)


def _shown(host: str, name: str) -> Iterator[spec.Layer]:
    """The layer for one entry, as what it is: a link stays a link, and what cannot be read is not there."""
    path = os.path.join(host, name)
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    if stat.S_ISLNK(mode):
        yield spec.SymlinkLayer(f"/{name}", os.readlink(path))
    elif (stat.S_ISDIR(mode) or stat.S_ISREG(mode)) and os.access(path, os.R_OK):
        yield spec.HostLayer(f"/{name}", path)
