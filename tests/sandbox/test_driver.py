"""The asyncio driver, against a kernel that runs programs on the host."""

import asyncio
import os
import signal

import pytest

from podvisor.sandbox import errors, silence, spec
from podvisor.sandbox.driver import Sandbox


def container(name: str, *args: str, stdout: int | None = None) -> spec.Container:
    return spec.Container(name, spec.Root(()), process(*args, stdout=stdout))


def process(*args: str, stdout: int | None = None) -> spec.Process:
    return spec.Process(args, spec.Streams(None, stdout, None))


async def test_containers_and_execs_run_at_the_same_time(fake_kernel):
    reader, writer = os.pipe()
    async with Sandbox(path=fake_kernel) as sandbox:
        await sandbox.create(spec.Pod("h"))
        first, second = await asyncio.gather(
            sandbox.start(container("one", "sh", "-c", "echo one; exit 1", stdout=writer)),
            sandbox.start(container("two", "sh", "-c", "echo two; exit 2", stdout=writer)),
        )
        third = await sandbox.exec("one", process("sh", "-c", "echo three; exit 3", stdout=writer))
        exits = await asyncio.gather(first.exited, second.exited, third.exited)
    assert sorted(os.read(reader, 100).split()) == [b"one", b"three", b"two"]
    os.close(reader)
    os.close(writer)
    assert [exited.code for exited in exits] == [1, 2, 3]
    assert [exited.init for exited in exits] == [True, True, False]


async def test_a_signal_ends_a_program(fake_kernel):
    async with Sandbox(path=fake_kernel) as sandbox:
        running = await sandbox.start(container("app", "sleep", "1000"))
        await sandbox.signal("app", running.pid, signal.SIGKILL)
        assert (await running.exited).signal == signal.SIGKILL


async def test_a_refusal_leaves_the_rest_alone(fake_kernel):
    async with Sandbox(path=fake_kernel) as sandbox:
        running = await sandbox.start(container("good", "cat"))
        with pytest.raises(errors.Refused, match="executable file not found"):
            await sandbox.start(container("bad", "no-such-program"))
        assert (await running.exited).code == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [("!die", "has ended"), ("!fatal", "freed twice"), ("!garbage", "message of 4294967295 bytes")],
    ids=str,
)
async def test_when_the_kernel_ends_everything_that_waits_is_told(fake_kernel, command, said):
    async with Sandbox(path=fake_kernel) as sandbox:
        running = await sandbox.start(container("app", "sleep", "1000"))
        with pytest.raises(errors.Ended, match=said):
            await sandbox.start(container("bad", command))
        with pytest.raises(errors.Ended, match=said):
            await running.exited
        with pytest.raises(errors.Ended):
            await sandbox.stats()


async def test_a_cancelled_request_leaves_the_conversation_whole(fake_kernel):
    async with Sandbox(path=fake_kernel) as sandbox:
        asking = asyncio.ensure_future(sandbox.stats())
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        assert "kernel" in await sandbox.stats()


async def test_who_stops_waiting_for_an_end_does_not_lose_it(fake_kernel):
    reader, writer = os.pipe()
    async with Sandbox(path=fake_kernel) as sandbox:
        running = await sandbox.start(container("app", "sh", "-c", "read line <&1", stdout=reader))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(running.exited, 0)
        os.close(writer)
        assert (await running.exited).code == 1
    os.close(reader)


async def test_an_end_told_together_with_the_start_is_the_new_ones(fake_kernel):
    async with Sandbox(path=fake_kernel) as sandbox:
        starting = asyncio.ensure_future(sandbox.start(container("app", "!again", "3")))
        await asyncio.sleep(0)
        starting.cancel()
        again = await sandbox.start(container("app", "!again", "4"))
        assert (again.pid, (await again.exited).code) == (1, 4)


async def test_a_kernel_that_answers_nothing_any_more_is_killed_and_everything_that_waits_is_told(fake_kernel, hasty):
    async with Sandbox(path=fake_kernel) as sandbox:
        running = await sandbox.start(container("app", "sleep", "1000"))
        hasty()
        with pytest.raises(errors.Unresponsive, match="podvisor-sandbox did not answer, and was killed"):
            await sandbox.exec("app", process("!hang"))
        with pytest.raises(errors.Unresponsive):
            await running.exited
        assert sandbox.has_ended


async def test_a_request_that_was_given_up_is_still_a_reason_to_doubt(fake_kernel, hasty):
    async with Sandbox(path=fake_kernel) as sandbox:
        running = await sandbox.start(container("app", "sleep", "1000"))
        hasty()
        asking = asyncio.create_task(sandbox.exec("app", process("!hang")))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(errors.Unresponsive):
            await running.exited


async def test_a_request_that_takes_its_time_is_no_reason_to_kill_a_kernel_that_answers_pings(fake_kernel, hasty):
    async with Sandbox(path=fake_kernel) as sandbox:
        await sandbox.create(spec.Pod("h"))
        hasty()
        asking = asyncio.create_task(sandbox.start(container("app", "!slow")))
        for _ in range(3):
            await asyncio.wait({asking}, timeout=silence.STEP * silence.STEPS)
        assert not asking.done()
        await sandbox.stats()
        asking.cancel()


async def test_a_halted_kernel_is_found_by_a_look_although_nobody_has_asked_it_anything(fake_kernel, hasty):
    async with Sandbox(path=fake_kernel) as sandbox:
        running = await sandbox.start(container("app", "sleep", "1000"))
        hasty()
        os.kill(sandbox.pid, signal.SIGSTOP)
        sandbox.look()
        with pytest.raises(errors.Unresponsive):
            await running.exited


async def asleep(pid: int) -> str:
    """How often a kernel has gone to sleep, once it sleeps."""
    before = ""
    while not (shown := silence.status(pid))["State"].startswith("S") or shown["voluntary_ctxt_switches"] != before:
        before = shown["voluntary_ctxt_switches"]
        await asyncio.sleep(0)
    return before


async def test_an_idle_kernel_is_not_woken_by_looks():
    """The first looks ask, since it has run; it comes to be left alone, whatever it did last."""
    async with Sandbox() as sandbox:
        await sandbox.create(spec.Pod("idle"))
        for _ in range(500):
            before = await asleep(sandbox.pid)
            for _ in range(3):
                sandbox.look()
            if await asleep(sandbox.pid) == before:
                return
        raise AssertionError("each look wakes it")


async def test_a_kernel_that_has_run_is_asked_again(fake_kernel):
    async with Sandbox(path=fake_kernel) as sandbox:
        suspicion = silence.Suspicion(sandbox.pid)
        await sandbox.create(spec.Pod("h"))
        suspicion.is_due()
        suspicion.is_due()
        await sandbox.stats()
        assert suspicion.is_due()


async def test_leaving_leaves_no_descriptor(fake_kernel, open_descriptors, tmp_path):
    layers = tuple(spec.HostLayer(f"/{number}", str(tmp_path)) for number in range(300))
    before = open_descriptors()
    async with Sandbox(path=fake_kernel) as sandbox:
        await sandbox.start(spec.Container("app", spec.Root(layers), process("true")))
        assert (await sandbox.stats())["kernel"]["parked"] == 60
    assert open_descriptors() == before
