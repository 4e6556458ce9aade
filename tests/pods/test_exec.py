"""`kubectl exec`.

https://kubernetes.io/docs/tasks/debug/debug-application/get-shell-running-container/
"""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios

import pytest

from pods.kit import CLOCK, SECONDS, Kubectl, Pods, container, forever

MEGABYTES = 10


@pytest.fixture(params=["websockets", "SPDY"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kubectl asks today, and as it did before 1.30."""
    monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "true" if request.param == "websockets" else "false")


class Terminal:
    """kubectl on a terminal of its own, as a person has it."""

    def __init__(self, kubectl: Kubectl, *arguments: str) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execvpe(kubectl.binary, kubectl.command(*arguments), dict(kubectl.environment))
        os.set_blocking(self._master, False)
        self.seen = b""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    async def shows(self, text: bytes) -> None:
        """Wait until this has been shown after what was waited for before."""
        loop = asyncio.get_running_loop()
        async with CLOCK.timeout(SECONDS):
            while text not in self.seen:
                readable = asyncio.Event()
                loop.add_reader(self._master, readable.set)
                try:
                    await readable.wait()
                finally:
                    loop.remove_reader(self._master)
                self.seen += os.read(self._master, 65536)
        self.seen = self.seen.partition(text)[2]

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def end(self) -> int:
        """Its exit code."""
        ending = asyncio.create_task(asyncio.to_thread(os.waitpid, self.pid, 0))
        await asyncio.wait({ending}, timeout=SECONDS)
        if not ending.done():
            os.kill(self.pid, signal.SIGKILL)
        _, status = await ending
        os.close(self._master)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.usefixtures("either_way")
async def test_output_streams_and_exit_code_arrive(pods: Pods):
    name = await pods.up(forever())
    done = await pods.sh(name, "echo out; echo err >&2; exit 42")
    assert (done.code, done.out) == (42, "out\n")
    assert done.err == "err\ncommand terminated with exit code 42\n"


async def test_command_that_dies_of_a_signal_ends_with_128_and_its_number(pods: Pods):
    name = await pods.up(forever())
    assert (await pods.sh(name, "kill -KILL $$")).code == 137


@pytest.mark.usefixtures("either_way")
async def test_command_that_is_not_there_is_told_in_the_words_of_runc(pods: Pods):
    name = await pods.up(forever())
    told = await pods.kubectl("exec", name, "--", "no-such-program", code=1)
    assert 'exec: "no-such-program": executable file not found in $PATH' in told
    assert "OCI runtime exec failed: exec failed: unable to start container process: " in told


async def test_file_that_is_no_program_is_told(pods: Pods):
    name = await pods.up(forever())
    assert "permission denied" in await pods.kubectl("exec", name, "--", "/etc/passwd", code=1)


@pytest.mark.usefixtures("either_way")
async def test_megabytes_pass_both_ways_unchanged(pods: Pods):
    name = await pods.up(forever())
    sent = os.urandom(MEGABYTES << 20)
    code, out, err = await pods.kubectl.run("exec", "-i", name, "--", "cat", given=sent)
    assert (code, err) == (0, b"")
    assert out == sent


async def test_without_stdin_a_command_reads_nothing(pods: Pods):
    name = await pods.up(forever())
    assert (await pods.sh(name, "cat; echo over")).out == "over\n"


@pytest.mark.usefixtures("either_way")
async def test_terminal_is_one_and_has_its_size(pods: Pods):
    name = await pods.up(forever())
    terminal = Terminal(pods.kubectl, "exec", "-it", name, "--", "bash", "--norc")
    terminal.resize(33, 101)
    await terminal.shows(b"# ")
    terminal.type("tty; echo $TERM\n")
    await terminal.shows(b"/dev/pts/")
    await terminal.shows(b"xterm")
    os.kill(terminal.pid, signal.SIGWINCH)
    terminal.type("stty size\n")
    await terminal.shows(b"33 101")
    terminal.resize(40, 120)
    terminal.type("until stty size | grep '40 120'; do sleep 0.1; done\n")
    await terminal.shows(b"40 120\r\n")
    terminal.type("exit 7\n")
    assert await terminal.end() == 7


async def test_interrupt_key_ends_the_command_and_not_the_shell(pods: Pods):
    name = await pods.up(forever())
    terminal = Terminal(pods.kubectl, "exec", "-it", name, "--", "bash", "--norc")
    await terminal.shows(b"# ")
    terminal.type("cat -n\n")
    terminal.type("hello\n")
    await terminal.shows(b"1\thello")
    terminal.type("\x03")
    await terminal.shows(b"# ")
    terminal.type("echo code $?; exit\n")
    await terminal.shows(b"code 130")
    assert await terminal.end() == 0


@pytest.mark.usefixtures("either_way")
async def test_shell_is_hung_up_when_its_client_goes(pods: Pods):
    name = await pods.up(forever())
    terminal = Terminal(pods.kubectl, "exec", "-it", name, "--", "bash", "--norc")
    await terminal.shows(b"# ")
    os.kill(terminal.pid, signal.SIGKILL)
    await terminal.end()
    done = await pods.sh(
        name, "for i in $(seq 50); do pgrep -xf 'bash --norc' > /dev/null || exit 0; sleep 0.1; done; exit 1"
    )
    assert done.code == 0


async def test_command_whose_client_goes_sees_the_end_of_its_input_and_the_container_goes_on(pods: Pods):
    name = await pods.up(forever())
    client = await pods.kubectl.start("exec", "-i", name, "--", "bash", "-c", "cat > /got; echo end >> /got")
    assert client.stdin is not None
    client.stdin.write(b"half\n")
    await client.stdin.drain()
    assert (await pods.sh(name, "until grep -q half /got; do sleep 0.1; done")).code == 0
    client.kill()
    await client.wait()
    assert (await pods.sh(name, "for i in $(seq 50); do grep -q end /got && exit 0; sleep 0.1; done; exit 1")).code == 0


async def test_many_at_once_do_not_mix(pods: Pods):
    name = await pods.up(forever())
    scripts = [f"for i in $(seq 200); do echo {number}; done; exit {number}" for number in range(8)]
    done = await asyncio.gather(*(pods.sh(name, script) for script in scripts))
    assert [one.code for one in done] == list(range(8))
    assert [set(one.out.split()) for one in done] == [{str(number)} for number in range(8)]


@pytest.mark.usefixtures("either_way")
async def test_container_that_does_not_run_cannot_be_entered(pods: Pods):
    name = await pods.create(container("true"), initContainers=[forever("first")])
    await pods.until(name, lambda pod: pod["status"].get("initContainerStatuses", [{}])[0].get("started") is not None)
    told = await pods.kubectl("exec", name, "-c", "main", "--", "true", code=1)
    assert 'container not found ("main")' in told


async def test_finished_pod_cannot_be_entered(pods: Pods):
    name = (await pods.ended(container("true")))["metadata"]["name"]
    told = await pods.kubectl("exec", name, "--", "true", code=1)
    assert "cannot exec into a container in a completed pod; current phase is Succeeded" in told


@pytest.mark.parametrize("what", ["main", "side"])
async def test_each_container_is_entered_by_its_name(pods: Pods, what: str):
    name = await pods.up(
        forever(env=[{"name": "WHO", "value": "main"}]), forever("side", env=[{"name": "WHO", "value": "side"}])
    )
    assert (await pods.sh(name, "echo $WHO", within=what)).out == f"{what}\n"


async def test_command_goes_on_when_the_container_is_not_its_parent(pods: Pods):
    name = await pods.up(forever())
    assert (await pods.sh(name, "(sleep 0.2; touch /late) > /dev/null 2>&1 &")).code == 0
    assert (await pods.sh(name, "until test -e /late; do sleep 0.1; done")).code == 0


async def test_end_of_the_container_ends_the_command(pods: Pods):
    name = await pods.up(forever())
    client = await pods.kubectl.start("exec", name, "--", "sleep", "infinity")
    assert (await pods.sh(name, "until pgrep -x sleep | wc -l | grep -q 2; do sleep 0.1; done")).code == 0
    await pods.delete(name)
    async with CLOCK.timeout(SECONDS):
        await client.communicate()
    assert client.returncode == 137
