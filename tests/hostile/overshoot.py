"""How far beyond its memory limit a sandbox gets before it is ended, and for how long, by the host's own account.

    python -m hostile.overshoot --memory-cgroup DIR [--times N] [--beside N]       (in tests/)

Each program runs under `podvisor run --memory 64m` in a memory cgroup of its own below DIR, which counts what the host
charges and limits nothing. The figures are the most of N runs; --beside has that many loops keep the processors busy.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.runners import PATIENCE, podvisor
from hostile import pods
from podvisor.node import memory_group
from podvisor.node.memory_group import MemoryGroup, Parent

MIB = 1 << 20
LIMIT = 64 * MIB
EVERY = 0.002
"""Seconds between two looks."""
ATTACKS = {
    "private memory": "/attacks/silent_memory",
    "memory that fork(2) shared, written by all": "/attacks/forked_copies",
    "shared anonymous memory, dropped": "/attacks/drop_shared anonymous",
    "memfd_create(2), dropped": "/attacks/drop_shared memfd",
    "/dev/shm, dropped": "/attacks/drop_shared /dev/shm/x",
    "files of the root in memory": "for n in $(seq 1000); do head -c 200000 /dev/zero > /tmp/$n; done",
    "page tables": "/attacks/page_tables",
    "mappings of one page": "/attacks/tiny_mappings",
}


@dataclass(slots=True)
class Peak:
    """What was held at most beyond the time when nothing had begun, and the longest time over the limit and a tenth."""

    held: int = 0
    over: float = 0.0

    def widen(self, other: "Peak") -> None:
        """The most of both."""
        self.held, self.over = max(self.held, other.held), max(self.over, other.over)


def measure(group: MemoryGroup, attack: str, attacks: Path) -> Peak:
    """Run an attack in a group to its end."""
    shell = f'echo $$ > {group.path}/cgroup.procs; exec "$@"'
    sandbox = [podvisor(), "run", "--memory", str(LIMIT), "--mount", f"{attacks}:/attacks:ro", "--"]
    script = f"echo ready; read begin; {attack}"
    program = subprocess.Popen(
        ["sh", "-c", shell, "sh", *sandbox, "bash", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert program.stdin
    assert program.stdout
    assert program.stdout.readline() == "ready\n"
    before, peak, since = group.held(), Peak(), 0.0
    program.stdin.write("\n")
    program.stdin.flush()
    end = time.monotonic() + PATIENCE
    while program.poll() is None and time.monotonic() < end:
        held, now = group.held() - before, time.monotonic()
        since = (since or now) if held > LIMIT * 1.1 else 0.0
        peak.widen(Peak(held, now - since if since else 0.0))
        time.sleep(EVERY)
    program.kill()
    program.communicate()
    return peak


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Loops that keep processors busy."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def table(parent: Parent, attacks: Path, times: int) -> Iterator[Sequence[str]]:
    """A row for each attack."""
    for number, (name, attack) in enumerate(ATTACKS.items()):
        peak = Peak()
        for turn in range(times):
            group = parent.make(f"overshoot-{number}-{turn}")
            try:
                peak.widen(measure(group, attack, attacks))
            finally:
                _remove(group)
        yield name, f"{peak.held / MIB:.0f} MiB", f"{peak.over:.2f} s"


def _remove(group: MemoryGroup) -> None:
    end = time.monotonic() + PATIENCE
    while not group.remove() and time.monotonic() < end:
        time.sleep(EVERY)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory-cgroup", type=Path, required=True, help="a directory of a memory cgroup hierarchy")
    parser.add_argument("--times", type=int, default=5, help="runs of each")
    parser.add_argument("--beside", type=int, default=0, help="busy loops beside them")
    chosen = parser.parse_args()
    parent = memory_group.at(chosen.memory_cgroup)
    if parent is None:
        parser.error(f"{chosen.memory_cgroup} is no memory cgroup that can have others")
    with tempfile.TemporaryDirectory(prefix="overshoot-") as made, busy(chosen.beside):
        attacks = Path(made)
        attacks.chmod(0o755)
        pods.compile_attacks(attacks)
        for row in table(parent, attacks, chosen.times):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
