"""`kubectl attach` and `kubectl run -it`."""

import asyncio

from pods.kit import CLOCK, SECONDS, Pods, container, forever
from pods.test_exec import Terminal


async def test_attached_client_sees_what_is_written_from_then_on(pods: Pods):
    name = await pods.up(forever())
    client = await pods.kubectl.start("attach", name)
    assert client.stdout is not None
    writing = asyncio.create_task(pods.sh(name, "while sleep 0.1; do echo tick > /proc/1/fd/1; done"))
    async with CLOCK.timeout(SECONDS):
        assert await client.stdout.readline() == b"tick\n"
    await pods.delete(name, 0)
    async with CLOCK.timeout(SECONDS):
        await client.communicate()
        await writing


async def test_input_reaches_the_container_and_its_end_once(pods: Pods):
    reading = container("echo up; cat; echo over", stdin=True, stdinOnce=True)
    name = await pods.up(reading)
    code, out, _ = await pods.kubectl.run("attach", "-i", name, given=b"hello\n")
    assert code == 0
    assert out.endswith(b"over\n")
    assert await pods.logs(name) == "up\nhello\nover\n"


async def test_input_stays_open_for_the_next_client_unless_it_is_once(pods: Pods):
    name = await pods.up(container("echo up; while read line; do echo got $line; done", stdin=True))
    for word in ("one", "two"):
        client = await pods.kubectl.start("attach", "-i", name)
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(f"{word}\n".encode())
        await client.stdin.drain()
        async with CLOCK.timeout(SECONDS):
            while await client.stdout.readline() != f"got {word}\n".encode():
                continue
        client.kill()
        await client.communicate()


async def test_container_with_a_terminal_is_used_as_one(pods: Pods):
    shell = {"name": "main", "image": "host", "command": ["bash", "--norc"], "stdin": True, "tty": True}
    name = await pods.ready(shell)
    terminal = Terminal(pods.kubectl, "attach", "-it", name)
    terminal.type("echo $((6 * 7)); tty\n")
    await terminal.shows(b"42\r\n")
    await terminal.shows(b"/dev/")
    terminal.type("exit 5\n")
    await terminal.end()
    pod = await pods.until(name, lambda pod: pod["status"]["phase"] == "Failed")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 5


async def test_run_with_a_terminal_and_rm_passes_on_the_exit_code_and_leaves_nothing(pods: Pods):
    name = pods.name("run")
    arguments = ["run", name, "-it", "--rm", "--restart=Never", "--image=host", "--image-pull-policy=IfNotPresent"]
    terminal = Terminal(pods.kubectl, *arguments, "--", "bash", "-c", "read line; echo got $line; exit 3")
    terminal.type("hello\n")
    await terminal.shows(b"got hello")
    await terminal.shows(b"deleted")
    assert await terminal.end() == 3
    await pods.gone(name)


async def test_run_with_input_and_rm_gives_the_output(pods: Pods):
    name = pods.name("run")
    arguments = ["run", name, "-i", "--rm", "--restart=Never", "--image=host", "--image-pull-policy=IfNotPresent"]
    code, out, err = await pods.kubectl.run(*arguments, "--", "sha1sum", given=b"hello")
    assert (code, out.split()[0]) == (0, b"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"), err
