"""What the kernel does, shown on real programs, and then on one that tries to get out.

    make demo

Every step says what it ran, what came back, and how long the whole command took. Ends with exit code 1 where a step
fails.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PODVISOR = str(Path(sys.executable).with_name("podvisor"))
BOLD, GREEN, RED, DIM, PLAIN = ("\033[1m", "\033[32m", "\033[31m", "\033[2m", "\033[0m") if os.isatty(1) else [""] * 5


@dataclass(frozen=True, slots=True)
class Step:
    """One command in a fresh sandbox, and what its output must contain."""

    title: str
    command: tuple[str, ...]
    expected: str
    stdin: str = ""


PROGRAMS = (
    Step("a static busybox", ("busybox", "echo", "hello from busybox"), "hello from busybox"),
    Step("a pipeline in dash", ("dash", "-c", "seq 1 1000 | grep 7 | wc -l"), "271"),
    Step("bash with a trap and a job", ("bash", "-c", "trap 'echo bye' EXIT; sleep 0 & wait $!; echo $?"), "bye"),
    Step("sed, awk and a here-document", ("sh", "-c", "awk '{ print $2 }' <<E | sed s/o/0/\none two\nE"), "tw0"),
    Step(
        "find, tar and gzip", ("sh", "-c", "tar czf /tmp/a.tgz -C /etc . && tar tzf /tmp/a.tgz | grep -c passwd"), "1"
    ),
    Step(
        "python3: threads, a server, a client",
        (
            "/usr/bin/python3",
            "-c",
            "import http.server as h, threading as t, urllib.request as u\n"
            "s = h.ThreadingHTTPServer(('127.0.0.1', 8000), h.SimpleHTTPRequestHandler)\n"
            "t.Thread(target=s.serve_forever, daemon=True).start()\n"
            "print(u.urlopen('http://127.0.0.1:8000/etc/hostname').read().decode())",
        ),
        "podvisor",
    ),
    Step(
        "python3: sqlite",
        (
            "/usr/bin/python3",
            "-c",
            "import sqlite3 as s; print(s.connect('/tmp/db').execute('select 6 * 7').fetchone())",
        ),
        "42",
    ),
    Step(
        "gcc compiles, the program runs",
        (
            "sh",
            "-c",
            "cd /tmp; echo 'int puts(char *); int main() { puts(\"compiled here\"); }' >p.c; gcc -w p.c -o p; ./p",
        ),
        "compiled here",
    ),
    Step(
        "git init, commit, log",
        (
            "sh",
            "-c",
            "git init -q /tmp/r; cd /tmp/r; git config user.email a@b; git config user.name a; echo x >f; git add f;"
            " git commit -qm first; git log --format=%s",
        ),
        "first",
    ),
    Step("perl", ("perl", "-e", "print join(',', map { $_ ** 2 } 1 .. 5), qq(\\n)"), "1,4,9,16,25"),
    Step("node", ("node", "-e", "console.log([3, 1, 2].sort().join())"), "1,2,3"),
)

ESCAPES = """
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

def processes():
    seen = [entry for entry in os.listdir("/proc") if entry.isdigit()]
    if seen != [str(os.getpid())]:
        raise SystemExit(f"REACHED processes {seen}")
    raise OSError(errno.ESRCH, "only this program is there")

HOST, PORT = os.environ["HOST_PID"], int(os.environ["HOST_PORT"])
attempts = {
    "read /etc/shadow": lambda: open("/etc/shadow").read(),
    "read the host's " + os.environ["HOST_FILE"]: lambda: open(os.environ["HOST_FILE"]).read(),
    "list the host's processes": processes,
    "signal the host's process " + HOST: lambda: os.kill(int(HOST), 0),
    "ptrace the host's process " + HOST: lambda: call("ptrace", 16, int(HOST), 0, 0),
    "mount a file system": lambda: call("mount", b"none", b"/mnt", b"tmpfs", 0, None),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3),
    "reach a server on the machine's loopback": lambda: socket.create_connection(("127.0.0.1", PORT), 3),
    "reach the network": lambda: socket.create_connection(("192.0.2.1", 80), 3),
    "open a block device": lambda: (os.mknod("/tmp/d", 0o60600, os.makedev(8, 0)), open("/tmp/d").read(1)),
    "load a kernel module": lambda: call("syscall", 175, None, 0, b""),
    "load a BPF program": lambda: call("syscall", 321, 5, None, 0),
    "set the clock": lambda: __import__("time").clock_settime(0, 0),
    "set up io_uring": lambda: call("syscall", 425, 8, None),
    "reboot": lambda: call("reboot", 0x1234567),
}
for title, attempt in attempts.items():
    try:
        answer = f"REACHED {attempt()!r}"
    except OSError as error:
        answer = f"{errno.errorcode.get(error.errno, error.errno)}: {error.strerror}" if error.errno else str(error)
    print(f"{title}\\t{answer}")
"""


def main() -> int:
    """Run every part, and say how many steps failed."""
    failures = 0
    print(f"{BOLD}Programs of this machine, each in a kernel of its own{PLAIN}")
    failures += sum(not show(step) for step in PROGRAMS)
    print(f"\n{BOLD}What one sandbox costs{PLAIN}")
    failures += not costs()
    print(f"\n{BOLD}A program that tries to get out, and what the kernel answered{PLAIN}")
    failures += escapes()
    print(f"\n{failures} steps failed" if failures else "\nevery step did what it should")
    return 1 if failures else 0


def show(step: Step) -> bool:
    """Run one step and print a line about it."""
    began = time.monotonic()
    told = sandbox(step.command, stdin=step.stdin)
    milliseconds = (time.monotonic() - began) * 1000
    good = told.returncode == 0 and step.expected in told.stdout
    said = (told.stdout if good else told.stderr or told.stdout or f"exit code {told.returncode}").strip()
    line(good, step.title, f"{milliseconds:5.0f} ms", said.splitlines()[-1] if said else "")
    return good


def costs() -> bool:
    """Start time of /bin/true, and the memory of a sleeping sandbox: kernel and guest together."""
    began = time.monotonic()
    started = all(sandbox(("true",)).returncode == 0 for _ in range(5))
    line(started, "podvisor run -- true", f"{(time.monotonic() - began) * 200:5.0f} ms", "mean of five, all included")
    with subprocess.Popen(
        [PODVISOR, "run", "--", "sh", "-c", "echo ready; exec sleep 1000"], stdout=subprocess.PIPE, text=True
    ) as idle:
        assert idle.stdout is not None
        ready = idle.stdout.readline() == "ready\n"
        below = descendants(idle.pid)
        memory = sum(map(proportional_memory, below)) / 1024
        line(ready, "an idle sandbox", f"{memory:5.1f} MB", f"{len(below)} processes: the kernel and its guest")
        idle.terminate()
    return started and ready


def descendants(pid: int) -> list[int]:
    """Every process below one, as /proc tells."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *descendants(child)]
    return found


def proportional_memory(pid: int) -> int:
    """A process's share of the memory that it maps, in KiB (proc(5), smaps_rollup)."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next((int(row.split()[1]) for row in rows if row.startswith("Pss:")), 0)


def escapes() -> int:
    """Let a program try the ways out. Returns how many were not refused."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        flags = ["--env", f"HOST_PID={os.getpid()}", "--env", f"HOST_PORT={server.getsockname()[1]}"]
        flags += ["--env", f"HOST_FILE={Path(__file__).resolve()}"]
        told = sandbox(("/usr/bin/python3", "-c", ESCAPES), flags)
    rows = [row.split("\t", 1) for row in told.stdout.splitlines() if "\t" in row]
    for title, answer in rows:
        line("REACHED" not in answer, title, "", answer)
    if told.returncode or not rows:
        line(False, "the program itself", "", told.stderr.strip().splitlines()[-1] if told.stderr else "it failed")
        return 1
    return sum("REACHED" in answer for _, answer in rows)


def sandbox(command: Sequence[str], flags: Sequence[str] = (), stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run one command in a fresh sandbox."""
    argv = [PODVISOR, "run", *flags, "--", *command]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, errors="replace", check=False)


def line(good: bool, title: str, figure: str, said: str) -> None:
    """Print one step."""
    mark = f"{GREEN}ok  {PLAIN}" if good else f"{RED}FAIL{PLAIN}"
    print(f"  {mark} {title:42} {figure:>9}  {DIM}{said[:100]}{PLAIN}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
