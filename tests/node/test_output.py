"""What containers write: as lines in a log, to attached clients, and without keeping the node from other work."""

import asyncio
import os
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from podvisor.node import logs, pace, pipes
from podvisor.node.backlog import ROOM, Backlog
from podvisor.node.logs import LONGEST, Log, keeper
from podvisor.node.pace import Pace
from podvisor.node.streams import Session
from podvisor.sandbox import driver
from podvisor.sandbox.protocol import Exited
from podvisor.testing.clock import VirtualClock, settle


class Endless:
    """A pipe that has something every time one looks, as a guest can arrange it."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def read(self) -> bytes:
        self.left -= 1
        return b"\n" * 100 if self.left >= 0 else b""

    def finish(self) -> None: ...

    def close(self) -> None: ...


class Process:
    """A process whose end a test decides."""

    def __init__(self) -> None:
        self.end: asyncio.Future[Exited] = asyncio.get_running_loop().create_future()

    @property
    def exited(self) -> asyncio.Future[Exited]:
        return asyncio.shield(self.end)


def kept(path: Path) -> list[bytes]:
    """The log's lines without their times."""
    return [line.split(b" ", 1)[1] for line in path.read_bytes().splitlines(keepends=True)]


async def test_guest_that_always_has_output_does_not_keep_the_node_from_other_work() -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def drop(stream: str, data: bytes) -> None: ...

    others = asyncio.ensure_future(take_turns())
    ended = asyncio.get_running_loop().create_future()
    ended.set_result(None)
    endless = cast("dict[str, pipes.Reader]", {"stdout": Endless(100)})
    await pipes.carry(endless, ended, drop)
    others.cancel()
    assert turns >= 100


async def test_guests_that_write_much_rest_longer_the_more_of_them_there_are() -> None:
    clock = VirtualClock()
    shared = Pace(clock)
    hogs = [asyncio.ensure_future(shared.rest(pace.RATE // 10)) for _ in range(4)]
    small = asyncio.ensure_future(shared.rest(80))
    await clock.advance(5 * pace.SHORTEST)
    assert small.done()
    woken: list[int] = []
    for _ in range(4):
        await clock.advance(0.1)
        woken.append(sum(one.done() for one in hogs))
    assert woken == [1, 2, 3, 4]


async def test_container_rests_after_what_it_wrote_became_and_not_after_what_it_wrote(tmp_path: Path) -> None:
    clock = VirtualClock()
    log = Log(tmp_path / "0.log", 1 << 30)
    written = log.news
    keeping = asyncio.ensure_future(keeper(log, Pace(clock))("stdout", b"\n" * (64 << 10)))
    await written.wait()
    await settle()
    await clock.advance((64 << 10) * 20 / pace.RATE)
    assert not keeping.done()
    await clock.advance(log.path.stat().st_size / pace.RATE)
    assert keeping.done()
    await log.close()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"a\n\nb\n", [b"stdout F a\n", b"stdout F \n", b"stdout F b\n"]),
        (b"a\nrest", [b"stdout F a\n", b"stdout P rest\n"]),
        (b"x" * LONGEST + b"\n", [b"stdout F " + b"x" * LONGEST + b"\n"]),
        (
            b"a\n" + b"x" * (2 * LONGEST + 1) + b"\nb\n\n",
            [
                b"stdout F a\n",
                b"stdout P " + b"x" * LONGEST + b"\n",
                b"stdout P " + b"x" * LONGEST + b"\n",
                b"stdout F x\n",
                b"stdout F b\n",
                b"stdout F \n",
            ],
        ),
    ],
)
async def test_lines_are_kept_whole_and_long_ones_in_parts(tmp_path: Path, text: bytes, lines: list[bytes]) -> None:
    log = Log(tmp_path / "0.log", 1 << 30)
    await log.write("stdout", text)
    await log.close()
    assert kept(log.path) == lines


async def test_disk_that_does_not_answer_keeps_one_container_waiting_and_not_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def write(log: Log, stream: str, data: bytes) -> int:
        assert answered.wait(20)
        return len(data)

    monkeypatch.setattr(Log, "_write", write)
    log = Log(tmp_path / "0.log", 1 << 30)
    writing = asyncio.ensure_future(log.write("stdout", b"x"))
    await settle()
    assert not writing.done()
    answered.set()
    assert await writing == 1
    await log.close()


async def test_log_that_could_not_begin_a_new_file_goes_on_in_the_old_one(tmp_path: Path) -> None:
    log = Log(tmp_path / "0.log", 10)
    logs.rotated(log.path).mkdir()
    await log.write("stdout", b"one\n")
    await log.write("stdout", b"two\n")
    await log.close()
    assert kept(log.path) == [b"stdout F one\n", b"stdout F two\n"]


async def test_container_waits_for_an_attached_client_that_does_not_read() -> None:
    backlog = Backlog(cast("driver.Running", Process()))
    await backlog.add("stdout", b"x" * ROOM)
    waiting = asyncio.ensure_future(backlog.add("stdout", b"more"))
    await settle()
    assert not waiting.done()
    await backlog.take()
    backlog.done()
    await waiting
    assert await backlog.take() == ("stdout", b"more")


async def test_ended_container_does_not_wait_for_an_attached_client_and_loses_nothing() -> None:
    process = Process()
    backlog = Backlog(cast("driver.Running", process))
    waiting = asyncio.ensure_future(backlog.add("stdout", b"x" * (ROOM + 1)))
    await settle()
    process.end.set_result(Exited("c", 1, 0, None, oom=False, init=True))
    await waiting
    await backlog.add("stderr", b"last words")
    await backlog.take()
    backlog.done()
    assert await backlog.take() == ("stderr", b"last words")


async def test_container_goes_on_when_a_client_that_did_not_read_is_gone() -> None:
    backlog = Backlog(cast("driver.Running", Process()))
    waiting = asyncio.ensure_future(backlog.add("stdout", b"x" * (ROOM + 1)))
    await settle()
    backlog.close()
    await waiting


async def test_output_ends_with_its_process_though_another_holds_the_pipe_and_writes_on() -> None:
    theirs, ours = os.pipe()
    reader = pipes.Reader(theirs)
    os.write(ours, b"before")
    reader.finish()
    os.write(ours, b"after")
    assert (await reader.read(), await reader.read()) == (b"before", b"")
    os.close(ours)
    reader.close()


async def test_who_writes_to_a_container_that_does_not_read_is_told_when_it_ends() -> None:
    theirs, ours = os.pipe()
    writer = pipes.Writer(ours)
    writing = [asyncio.ensure_future(writer.write(b"x" * (1 << 20))) for _ in range(2)]
    await settle()
    writer.close()
    await settle()
    assert [type(one.exception()) for one in writing if one.done()] == [OSError, OSError]
    os.close(theirs)


async def test_output_for_a_client_that_is_gone_is_not_thrown_away_as_fast_as_it_comes() -> None:
    class Gone:
        async def send_bytes(self, data: bytes) -> None:
            raise ConnectionResetError

    clock = VirtualClock()
    session = Session(*cast("tuple[Any, Any, Any]", (Gone(), None, None)), Pace(clock))
    giving = asyncio.ensure_future(session.give("stdout", b"x" * (pace.RATE // 10)))
    await clock.advance(0.09)
    assert not giving.done()
    await clock.advance(0.01)
    assert giving.done()
