"""What a sandbox costs: starting, single calls, memory; beside native and, where it is installed, runsc.

    python benches/sandbox.py

Every figure has its target beside it. Where the time of a start goes is printed below.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from podvisor.images import host
from podvisor.sandbox import protocol, spec
from podvisor.sandbox.process import Sandbox

PODVISOR = str(Path(sys.executable).with_name("podvisor"))
RUNSC = ["runsc", "--ignore-cgroups", "--network=none", "--platform=ptrace", "do"]
GUEST = Path(__file__).with_name("guest") / "calls.c"
ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must not exceed: a number in the figure's unit, a multiple of native, or runsc's figure."""

    text: str
    holds: Callable[[float, float | None, float | None], bool]


def at_most(limit: float, unit: str) -> Target:
    return Target(f"<= {limit:g} {unit}", lambda ours, native, peer: ours <= limit)


def times_native(factor: float) -> Target:
    return Target(f"<= {factor:g}x native", lambda ours, native, peer: native is not None and ours <= factor * native)


AHEAD = Target("ahead of runsc", lambda ours, native, peer: peer is None or ours < peer)

CALLS = {
    "getppid": at_most(12, "us"),
    "pread 4 KB": AHEAD,
    "pwrite 4 KB": AHEAD,
    "stat": AHEAD,
    "open+close": AHEAD,
    "pipe write+read": AHEAD,
    "mmap+touch+munmap": times_native(1.2),
    "fork+wait": times_native(3),
    "fork+exec+wait": times_native(3),
}


def main() -> None:
    """Print every figure."""
    print(f"{'':32} {'podvisor':>12} {'native':>12} {'runsc':>12}   {'target':16}")
    starts()
    phases = [phases_of_a_start() for _ in range(ROUNDS)]
    kernel_only = sum(median(phase[name] for phase in phases) for name in phases[0])
    row("podvisor-sandbox: /bin/true", kernel_only, None, None, "ms", at_most(30, "ms"))
    calls()
    idle()
    print(
        "\nwhere a start's time goes, ms: "
        + ", ".join(f"{name} {median(phase[name] for phase in phases):.1f}" for name in phases[0])
    )
    print(f"of `podvisor run`, Python up to the kernel: {python_part():.0f} ms")


def row(title: str, ours: float | None, native: float | None, peer: float | None, unit: str, target: Target) -> None:
    """One figure with its comparison."""
    cells = [f"{figure:.2f} {unit}" if figure is not None else "-" for figure in (ours, native, peer)]
    verdict = "missed" if ours is None or not target.holds(ours, native, peer) else "met"
    ratio = f"{ours / native:6.1f}x native" if ours and native else ""
    print(f"{title:32} {cells[0]:>12} {cells[1]:>12} {cells[2]:>12}   {target.text:16} {verdict:7} {ratio}", flush=True)


def starts() -> None:
    """The whole command, from exec to exit."""
    ours = elapsed([PODVISOR, "run", "--", "true"])
    peer = elapsed([*RUNSC, "true"]) if has_runsc() else None
    row("podvisor run -- true", ours, elapsed(["true"]), peer, "ms", at_most(200, "ms"))


def elapsed(argv: Sequence[str]) -> float:
    """Median milliseconds of a command."""
    taken: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


def has_runsc() -> bool:
    """Whether runsc is installed and can run something here."""
    return (
        shutil.which("runsc") is not None
        and subprocess.run([*RUNSC, "true"], check=False, capture_output=True, timeout=60).returncode == 0
    )


def phases_of_a_start() -> dict[str, float]:
    """One start, run and end without the command line around it, in milliseconds by phase."""
    phases: dict[str, float] = {}
    began = time.perf_counter()

    def done(name: str) -> None:
        nonlocal began
        phases[name], began = (time.perf_counter() - began) * 1000, time.perf_counter()

    sandbox = Sandbox()
    done("spawn")
    sandbox.create(spec.Pod("bench"))
    done("create")
    process = spec.Process(("/bin/true",), spec.Streams())
    pid = sandbox.start(spec.Container("main", host.root(), process))
    done("start")
    while not any(isinstance(event, protocol.Exited) and event.pid == pid for event in sandbox.events()):
        sandbox.receive()
    done("run")
    sandbox.close()
    done("end")
    return phases


def calls() -> None:
    """Single operations, by one program that is run everywhere."""
    if shutil.which("gcc") is None:
        print("single calls: gcc is not installed")
        return
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "calls")
        subprocess.run(["gcc", "-O2", "-static", "-o", program, str(GUEST)], check=True)
        ours = figures([PODVISOR, "run", "--mount", f"{directory}:/bench:ro", "--", "/bench/calls"])
        native = figures([program])
        peer = figures([*RUNSC, program]) if has_runsc() else {}
    for name, target in CALLS.items():
        row(name, ours.get(name), native.get(name), peer.get(name), "us", target)


def figures(argv: Sequence[str]) -> dict[str, float]:
    """What the guest program printed, in microseconds."""
    told = subprocess.run(argv, check=False, capture_output=True, text=True)
    if told.returncode:
        print(f"{argv[0]}: exit code {told.returncode} {told.stderr.strip()}")
    rows = (line.split("\t") for line in told.stdout.splitlines())
    return {name: float(nanoseconds) / 1000 for name, nanoseconds in rows}


def idle() -> None:
    """A sleeping sandbox: the memory of kernel and guest, and the processor time that it takes in a second."""
    argv = [PODVISOR, "run", "--", "sh", "-c", "echo ready; exec sleep 1000"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        below = descendants(process.pid)
        memory = sum(map(proportional_memory, below)) / 1024
        before = sum(map(ticks, below))
        time.sleep(1)
        spent = (sum(map(ticks, below)) - before) * 1000 / os.sysconf("SC_CLK_TCK")
        process.terminate()
    row("idle sandbox, memory", memory, None, None, "MB", at_most(6, "MB"))
    row("idle sandbox, time in a second", spent, None, None, "ms", at_most(0, "ms"))


def descendants(pid: int) -> list[int]:
    """Every process below one."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *descendants(child)]
    return found


def proportional_memory(pid: int) -> int:
    """KiB, each shared page divided by how many map it (proc(5), smaps_rollup)."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) for line in rows if line.startswith("Pss:")), 0)


def ticks(pid: int) -> int:
    """Processor time so far (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def python_part() -> float:
    """Milliseconds from exec to the moment at which the kernel would be started."""
    with tempfile.TemporaryDirectory() as directory:
        stand_in = Path(directory) / "podvisor-sandbox"
        stand_in.write_text("#!/bin/sh\nexit 1\n")
        stand_in.chmod(0o755)
        taken: list[float] = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run(
                [PODVISOR, "run", "--", "true"],
                env={**os.environ, "PODVISOR_SANDBOX": str(stand_in)},
                check=False,
                capture_output=True,
            )
            taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


if __name__ == "__main__":
    main()
