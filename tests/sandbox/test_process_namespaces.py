"""Each container has its own processes, unless the pod shares them: then each ends with its own first one only."""

import signal

import pytest

from podvisor.sandbox import errors
from sandbox.pods import Pod, pod

LIST = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done | grep -c ^sleep || true"


async def ended(it: Pod, name: str, program) -> signal.Signals | int | None:
    exited = (await program.end())[1]
    assert exited.init
    return exited.code if exited.signal is None else signal.Signals(exited.signal)


async def test_a_container_sees_its_own_processes_only():
    async with pod() as it:
        await it.start("one", "exec sleep 1000")
        assert await it.run("two", f"echo $$; {LIST}") == "1\n0\n"


async def test_containers_see_and_signal_each_other_where_the_pod_shares_its_processes():
    async with pod(shared_pid=True) as it:
        one = await it.start("one", "exec sleep 1000")
        assert one.running.pid > 1
        seen = f"until test $({LIST}) = 1; do :; done; echo seen"
        text = await it.run("two", f"{seen}; tr '\\0' ' ' < /proc/1/cmdline; cat /proc/1/comm; kill {one.running.pid}")
        assert text == "seen\n/pause pause\n"
        assert await ended(it, "one", one) == signal.SIGTERM


async def test_a_container_ends_alone_with_its_first_process():
    async with pod(shared_pid=True) as it:
        stays = await it.start("stays", "sleep 1000 & wait")
        leaves = await it.start(
            "leaves", "sleep 2000 & sleep 2000 & echo ready; read line < /dev/zero; exec sleep 1000"
        )
        assert await leaves.line() == "ready"
        exec_ = await it.exec("leaves", "sleep 2000")
        await it.sandbox.signal("leaves", leaves.running.pid, signal.SIGKILL)
        assert await ended(it, "leaves", leaves) == signal.SIGKILL
        assert (await exec_.end())[1].signal == signal.SIGKILL
        assert (await (await it.exec("stays", LIST)).end())[0] == "1\n"
        assert not stays.running.exited.done()
        await it.sandbox.stop("stays")
        assert await ended(it, "stays", stays) == signal.SIGKILL


async def test_nobody_ends_the_placeholder():
    async with pod(shared_pid=True) as it:
        script = "for one in KILL STOP TERM CHLD; do kill -$one 1; done; grep -E '^(Name|State)' /proc/1/status"
        text = await it.run("app", script)
        assert text == "Name:\tpause\nState:\tS (sleeping)\n"
        await it.start("other", "sleep 1000")
        with pytest.raises(errors.Refused, match="process 1: there is none"):
            await it.sandbox.signal("other", 1, signal.SIGKILL)


async def test_orphans_are_forgotten_when_they_end():
    async with pod(shared_pid=True) as it:
        script = """
(sh -c 'echo $PPID > /dev/shm/orphan; exec true' &)
(sh -c 'sleep 0.01; grep PPid /proc/$$/status > /dev/shm/parent' &)
while ! test -s /dev/shm/parent; do :; done
cat /dev/shm/parent
while grep -q zombie /proc/[0-9]*/status; do :; done
echo none
"""
        assert await it.run("app", script) == "PPid:\t1\nnone\n"


async def test_a_signal_to_all_stays_in_its_container():
    async with pod(shared_pid=True) as it:
        stays = await it.start("stays", "exec sleep 1000")
        leaves = await it.start("leaves", "exec sleep 1000")
        await it.sandbox.signal("leaves", leaves.running.pid, signal.SIGKILL, all=True)
        assert await ended(it, "leaves", leaves) == signal.SIGKILL
        await it.start("leaves", "exec sleep 1000")
        with pytest.raises(errors.Refused, match=f"process {stays.running.pid}: there is none"):
            await it.sandbox.signal("leaves", stays.running.pid, signal.SIGKILL)
        assert not stays.running.exited.done()


async def test_a_container_starts_again_among_the_others():
    async with pod(shared_pid=True) as it:
        await it.start("stays", "exec sleep 1000")
        for code in range(1, 6):
            assert await ended(it, "app", await it.start("app", f"(sleep 1000 &) ; exit {code}")) == code
        assert await it.run("app", LIST) == "1\n"
