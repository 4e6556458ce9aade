"""Whoever of a sandbox's processes is killed or halted from the host: what waits is told, and nothing is left."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from harness import leftovers
from podvisor.sandbox import errors, reaping
from sandbox.pods import pod

BUSY = "sleep 1000 & (trap '' TERM; while :; do sleep 1000; done) & echo ready; wait"
SPAWNER, KEEPER = "podvisor-spawn", "podvisor-init"


def named(name: str) -> int:
    """The process of that name. Where guests fork without end, one look at /proc may miss it."""
    for _ in range(100):
        for one in leftovers.processes_below(os.getpid()):
            with suppress(OSError):
                if Path(f"/proc/{one.pid}/comm").read_text() == f"{name}\n":
                    return one.pid
    raise AssertionError(f"there is no {name}")


async def test_a_killed_kernel_takes_its_guests_along_and_fails_what_waits():
    async with pod() as it:
        program = await it.start("app", BUSY)
        assert await program.line() == "ready"
        below = leftovers.processes_below(os.getpid())
        os.kill(it.sandbox.pid, signal.SIGKILL)
        with pytest.raises(errors.Ended):
            await program.running.exited
        with pytest.raises(errors.Ended):
            await it.start("more", "true")
        assert await program.output.read() == b""
    assert leftovers.left(below, leftovers.things())[0] == []


async def test_a_halted_kernel_ends_all_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reaping, "PATIENCE", 0.05)
    async with pod() as it:
        app = await it.start("app", BUSY)
        assert await app.line() == "ready"
        below = leftovers.processes_below(os.getpid())
        os.kill(it.sandbox.pid, signal.SIGSTOP)
    assert leftovers.left(below, leftovers.things())[0] == []


async def test_a_killed_keeper_ends_its_container_only():
    async with pod() as it:
        app = await it.start("app", BUSY)
        assert await app.line() == "ready"
        keeper = named(KEEPER)
        other = await it.start("other", "echo here; sleep 1000")
        assert await other.line() == "here"
        os.kill(keeper, signal.SIGKILL)
        assert (await app.running.exited).signal == signal.SIGKILL
        again = await it.start("app", "echo again")
        assert (await again.end())[0] == "again\n"
        assert not other.running.exited.done()


@pytest.mark.parametrize("_", range(10))
async def test_a_keeper_killed_while_guests_fork_does_not_hold_the_kernel_up(_: int):
    async with pod() as it:
        app = await it.start("app", "for i in 1 2 3 4; do (while :; do : | :; done) & done; echo ready; wait")
        assert await app.line() == "ready"
        os.kill(named(KEEPER), signal.SIGKILL)
        assert (await app.running.exited).signal == signal.SIGKILL
        assert (await (await it.start("app", "echo again")).end())[0] == "again\n"


async def test_a_killed_spawner_ends_the_kernel_which_says_why():
    async with pod() as it:
        app = await it.start("app", BUSY)
        assert await app.line() == "ready"
        below = leftovers.processes_below(os.getpid())
        os.kill(named(SPAWNER), signal.SIGKILL)
        with pytest.raises(errors.Ended, match="podvisor-spawn, which makes the pod's processes, was killed"):
            await app.running.exited
    assert leftovers.left(below, leftovers.things())[0] == []


def score(process: leftovers.Process) -> str:
    """How willing the host is to end it for its memory."""
    return Path(f"/proc/{process.pid}/oom_score_adj").read_text()


async def test_a_host_without_memory_takes_it_from_pods_first():
    async with pod() as it:
        app = await it.start("app", BUSY)
        assert await app.line() == "ready"
        below = leftovers.processes_below(os.getpid())
        assert {score(one) for one in below} == {"1000\n"}


OWNER = """
import asyncio, os, signal
from sandbox.pods import pod

async def main():
    async with pod() as it:
        program = await it.start("app", "sleep 1000 & echo ready; wait")
        await program.line()
        os.kill(it.sandbox.pid, signal.SIGSTOP)
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_halted_kernel_does_not_outlive_the_process_that_started_it():
    tests = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(tests)}
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        below = leftovers.processes_below(owner.pid)
        assert len(below) > 3
        owner.kill()
    assert leftovers.left(below, leftovers.things())[0] == []
