"""The end of everything that was started is told once, and of the right start; what it wrote ends with it."""

import asyncio
import fcntl
import os
import random
import signal
from contextlib import contextmanager, suppress

import pytest

from podvisor.sandbox import errors, spec
from sandbox.pods import Pod, pod


async def test_the_output_of_the_first_container_ends_with_it():
    async with pod() as it:
        program = await it.start("app", "echo hello")
        assert await asyncio.wait_for(program.end(), 30) == ("hello\n", await program.running.exited)


async def test_a_container_that_has_ended_may_start_again_under_its_name():
    async with pod() as it:
        for code in (1, 2, 3):
            program = await it.start("app", f"exit {code}")
            assert (await program.end())[1].code == code
        await it.sandbox.stop("app")
        with pytest.raises(errors.Refused, match="there is none of that name"):
            await it.sandbox.stop("app")


async def test_a_container_that_runs_does_not_start_again():
    async with pod() as it:
        await it.start("app", "sleep 1000")
        with pytest.raises(errors.Refused, match="container app: already exists"):
            await it.start("app", "true")


async def test_programs_of_exec_end_before_the_container_whose_end_ends_them():
    async with pod() as it:
        app = await it.start("app", "sleep 1000")
        execs = [await it.exec("app", "sleep 1000 | sleep 1000") for _ in range(3)]
        ended: list[int] = []
        for program in (app, *execs):
            program.running.exited.add_done_callback(lambda future: ended.append(future.result().pid))
        await it.sandbox.signal("app", app.running.pid, signal.SIGKILL)
        _, exited = await app.end()
        assert (exited.signal, exited.init) == (signal.SIGKILL, True)
        for program in execs:
            _, exited = await program.end()
            assert (exited.signal, exited.init) == (signal.SIGKILL, False)
        await it.sandbox.stats()
        assert (ended[-1], len(ended)) == (1, 4)


async def test_nothing_is_started_in_a_container_that_has_ended():
    async with pod() as it:
        await it.run("app", "true")
        with pytest.raises(errors.Refused, match="container app: cannot exec in a stopped container") as refused:
            await it.exec("app", "true")
        assert refused.value.kind == "NoSuch"


async def test_an_exec_that_meets_the_end_of_its_container_ends_with_it_or_is_refused():
    async with pod() as it:
        for _ in range(20):
            app = await it.start("app", "sleep 1000")
            kill = it.sandbox.signal("app", app.running.pid, signal.SIGKILL)
            first, _, second = await asyncio.gather(
                it.exec("app", "sleep 1000"), kill, it.exec("app", "sleep 1000"), return_exceptions=True
            )
            assert (await app.end())[1].init
            for program in (first, second):
                if isinstance(program, errors.Refused):
                    assert program.kind == "NoSuch"
                else:
                    assert (await program.end())[1].signal == signal.SIGKILL


async def test_a_signal_to_all_reaches_what_exec_started():
    async with pod() as it:
        app = await it.start("app", "trap 'exit 5' TERM; sleep 1000 & wait")
        other = await it.exec("app", "trap 'exit 6' TERM; echo ready; sleep 1000 & wait")
        assert await other.line() == "ready"
        await it.sandbox.signal("app", app.running.pid, signal.SIGTERM, all=True)
        assert {(await app.end())[1].code, (await other.end())[1].code} <= {5, 6, None}


async def test_one_container_ends_and_the_others_go_on():
    async with pod() as it:
        stays = await it.start("stays", "read line < /dev/zero; sleep 1000")
        leaves = await it.start("leaves", "sleep 1000")
        await it.sandbox.stop("leaves")
        assert (await leaves.end())[1].signal == signal.SIGKILL
        assert await (await it.exec("stays", "echo here")).line() == "here"
        assert not stays.running.exited.done()


async def test_a_stop_holds_up_nobody_and_lets_nothing_more_begin():
    async with pod() as it:
        slow = await it.program(
            "slow", ("/usr/bin/python3", "-c", "x = bytearray(400 << 20); print('full', flush=True); input()")
        )
        beside = await it.start("beside", "exit 4")
        stopping = asyncio.ensure_future(it.sandbox.stop("slow"))
        late = asyncio.ensure_future(it.exec("slow", "sleep 1000"))
        again = asyncio.ensure_future(it.sandbox.stop("slow"))
        assert (await beside.end())[1].code == 4
        # It comes while the first stop is under way, or finds that it is over.
        with pytest.raises(errors.Refused, match=r"cannot exec in a stopped container|there is none of that name"):
            await late
        await stopping
        with suppress(errors.Refused):
            await again
        assert (await slow.end())[1].signal == signal.SIGKILL
        assert await it.run("slow", "echo fine") == "fine\n"


async def test_a_container_whose_start_fails_leaves_its_name_free():
    async with pod() as it:
        with pytest.raises(errors.Refused, match="executable file not found"):
            await it.program("app", ("no-such-program",))
        assert await it.run("app", "echo fine") == "fine\n"


THREADS = """
import os, threading
def fork_on():
    while True:
        child = os.fork()
        if child == 0:
            os.execv("/bin/true", ["true"])
        os.waitpid(child, 0)
for _ in range(3):
    threading.Thread(target=fork_on, daemon=True).start()
print("forking", flush=True)
threading.Event().wait()
"""

SCRIPTS = (
    "true",
    "exit 3",
    "sleep 1000",
    "sleep 1000 & sleep 1000 | cat & wait",
    "while :; do true | true; done",
    "trap '' TERM; while :; do /bin/true; done",
    "(kill -9 $$) & sleep 1000",
)


async def lives(it: Pod, name: str, choose: random.Random) -> None:
    """Start and end one container again and again."""
    for _ in range(12):
        app = await it.start(name, choose.choice(SCRIPTS))
        execs = await asyncio.gather(*(attempt(it, name, choose) for _ in range(choose.randrange(3))))
        if choose.random() < 0.5:
            await it.sandbox.stop(name)
        else:
            await killed(it, name, app.running.pid, choose)
        for program in [app, *(program for program in execs if program)]:
            _, exited = await asyncio.wait_for(program.end(), 60)
            assert exited.init == (program is app)


async def attempt(it: Pod, name: str, choose: random.Random):
    with nobody_there():
        return await it.exec(name, choose.choice(SCRIPTS))


async def killed(it: Pod, name: str, pid: int, choose: random.Random) -> None:
    with nobody_there():
        await it.sandbox.signal(name, pid, signal.SIGKILL, all=choose.random() < 0.5)


@contextmanager
def nobody_there():
    """What is asked of a container or process that may have ended is refused as `NoSuch` at most."""
    try:
        yield
    except errors.Refused as refused:
        if refused.kind != "NoSuch":
            raise


@pytest.mark.parametrize("seed", range(2))
async def test_no_end_is_lost_whatever_happens_at_the_same_time(seed):
    async with pod() as it:
        await asyncio.gather(*(lives(it, f"app-{number}", random.Random(seed * 10 + number)) for number in range(4)))


async def test_a_program_that_forks_from_many_threads_is_killed_at_once():
    async with pod() as it:
        for _ in range(5):
            app = await it.program("app", ("/usr/bin/python3", "-c", THREADS))
            assert await app.line() == "forking"
            await it.sandbox.stop("app")
            assert (await asyncio.wait_for(app.end(), 60))[1].signal == signal.SIGKILL


async def test_what_a_terminal_has_shown_is_read_however_late():
    async with pod() as it:
        await it.start("app", "sleep 1000")
        (keys, _keys), (reader, screen) = os.pipe(), os.pipe()
        terminal = spec.Terminal(keys, screen, 24, 80)
        running = await it.sandbox.exec("app", spec.Process(("seq", "2000"), terminal))
        os.close(screen)
        os.set_blocking(reader, False)
        size = fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        assert (await running.exited).code == 0
        assert size == 4096
        text = await asyncio.to_thread(read_all, reader)
        assert text.split() == [b"%d" % number for number in range(1, 2001)]
        for fd in (keys, _keys, reader):
            os.close(fd)


def read_all(fd: int) -> bytes:
    os.set_blocking(fd, True)
    pieces = []
    while piece := os.read(fd, 512):
        pieces.append(piece)
    return b"".join(pieces)


async def test_namespaces_and_descriptors_end_with_their_containers(open_descriptors):
    async with pod() as it:
        await it.run("app", "true")
        before = open_descriptors(it.sandbox.pid)
        for _ in range(10):
            await it.run("app", "true | true")
        assert len(open_descriptors(it.sandbox.pid)) <= len(before) + 3


async def test_what_the_caller_has_open_stays_its_own(tmp_path):
    secret = tmp_path / "secret"
    secret.touch()
    with secret.open() as file:
        os.set_inheritable(file.fileno(), True)
        async with pod() as it:
            await it.run("app", "true")
            directory = f"/proc/{it.sandbox.pid}/fd"
            assert str(secret) not in [os.readlink(f"{directory}/{name}") for name in os.listdir(directory)]
