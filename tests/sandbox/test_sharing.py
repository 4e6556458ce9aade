"""What the containers of a pod share: network, names, IPC, shared memory; and how the node reaches in."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from podvisor.sandbox import errors
from sandbox.pods import Pod, Program, pod

PYTHON = "/usr/bin/python3"
ADDRESS = "10.42.0.5"

LISTEN = """
import socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=int(sys.argv[3]))
print("listening", flush=True)
"""
SERVE = f"""{LISTEN}
while True:
    one, peer = server.accept()
    data = b""
    while piece := one.recv(65536):
        data += piece
    one.sendall(f"{{len(data)}} from {{peer[0]}} at {{one.getsockname()[0]}}".encode())
    one.close()
"""


async def serving(it: Pod, program: str = SERVE, host: str = "0.0.0.0", port: int = 8080, backlog: int = 8) -> Program:
    server = await it.program("server", (PYTHON, "-c", program, host, str(port), str(backlog)))
    assert await server.line() == "listening"
    return server


async def dialled(
    it: Pod, port: int = 8080, address: str | None = None, **rest: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            await it.sandbox.dial(address, port, theirs.fileno(), **rest)
    except BaseException:
        ours.close()
        raise
    return await asyncio.open_connection(sock=ours)


async def asked(it: Pod, request: bytes, port: int = 8080, **rest: str) -> bytes:
    reader, writer = await dialled(it, port, **rest)
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_loopback_and_ports_are_one_for_all_containers():
    connect = "import socket; one = socket.create_connection(('127.0.0.1', 8080)); one.shutdown(1); print(one.recv(99))"
    async with pod() as it:
        await serving(it, host="127.0.0.1")
        client = await it.program("client", (PYTHON, "-c", connect))
        assert (await client.end())[0] == "b'0 from 127.0.0.1 at 127.0.0.1'\n"
        second = await it.program("second", (PYTHON, "-c", LISTEN, "127.0.0.1", "8080", "1"))
        assert "Address already in use" in (await second.end())[0]


async def test_the_pods_address_is_eth0s_and_the_containers_own():
    script = f"""
import fcntl, socket, struct
server = socket.create_server(("{ADDRESS}", 80))
one = socket.create_connection(("{ADDRESS}", 80))
print(one.getpeername()[0], one.getsockname()[0], [name for _, name in socket.if_nameindex()])
print(socket.inet_ntoa(fcntl.ioctl(server, 0x8915, struct.pack("256s", b"eth0"))[20:24]))
"""
    async with pod(addresses=(ADDRESS,)) as it:
        program = await it.program("app", (PYTHON, "-c", script))
        assert (await program.end())[0] == f"{ADDRESS} {ADDRESS} ['lo', 'eth0']\n{ADDRESS}\n"


async def test_abstract_unix_names_are_one_for_all_containers():
    serve = "import socket; s = socket.socket(1); s.bind('\\0name'); s.listen(); print('up', flush=True); s.accept()"
    connect = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('\\0name'); print('connected')"
    async with pod() as it:
        assert await (await it.program("server", (PYTHON, "-c", serve))).line() == "up"
        assert (await (await it.program("client", (PYTHON, "-c", connect))).end())[0] == "connected\n"


async def test_the_hostname_is_one_for_all_containers():
    async with pod() as it:
        await it.run("first", f"{PYTHON} -c 'import socket; socket.sethostname(\"other\")' 2>/dev/null || true")
        names = [await it.run(name, "hostname; cat /proc/sys/kernel/hostname") for name in ("second", "third")]
        assert names[0] == names[1]


async def test_dev_shm_is_one_for_all_containers_and_outlives_them():
    async with pod() as it:
        await it.run("first", "echo shared > /dev/shm/segment")
        assert await it.run("second", "cat /dev/shm/segment; stat -f -c %T /dev/shm") == "shared\ntmpfs\n"


async def test_system_v_queues_and_segments_are_one_for_all_containers():
    make = """
import ctypes
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(77, 4096, 0o1666)
ctypes.memmove(libc.shmat(segment, None, 0), b"hello", 5)
"""
    look = """
import ctypes
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
print(ctypes.string_at(libc.shmat(libc.shmget(77, 4096, 0), None, 0)))
"""
    async with pod() as it:
        assert (await (await it.program("first", (PYTHON, "-c", make))).end())[1].code == 0
        assert (await (await it.program("second", (PYTHON, "-c", look))).end())[0] == "b'hello'\n"


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
async def test_the_node_dials_a_port_of_the_pod(size):
    async with pod(addresses=(ADDRESS,)) as it:
        await serving(it)
        assert await asked(it, bytes(size)) == f"{size} from 10.42.0.1 at {ADDRESS}".encode()


async def test_the_node_dials_loopback_or_says_who_it_is():
    async with pod(addresses=(ADDRESS,)) as it:
        await serving(it, host="127.0.0.1")
        assert await asked(it, b"x", address="127.0.0.1") == b"1 from 127.0.0.1 at 127.0.0.1"
        with pytest.raises(errors.Refused, match=f"dial tcp {ADDRESS}:8080: connect: connection refused"):
            await asked(it, b"x")
    async with pod(addresses=(ADDRESS,)) as it:
        await serving(it)
        assert await asked(it, b"x", source="192.0.2.9") == f"1 from 192.0.2.9 at {ADDRESS}".encode()


async def test_a_port_that_nobody_listens_on_is_refused_in_gos_words():
    async with pod(addresses=(ADDRESS,)) as it:
        await it.start("app", "sleep 1000")
        with pytest.raises(errors.Refused) as refused:
            await dialled(it, 81)
        assert (refused.value.kind, str(refused.value)) == (
            "NoSuch",
            f"dial tcp {ADDRESS}:81: connect: connection refused",
        )


async def test_an_address_that_is_not_the_pods_cannot_be_dialled():
    async with pod(addresses=(ADDRESS,)) as it:
        await it.start("app", "sleep 1000")
        with pytest.raises(errors.Refused, match=r"dial tcp 192\.0\.2\.1:80: connect: network is unreachable"):
            await dialled(it, 80, address="192.0.2.1")


async def test_what_the_server_sends_comes_until_it_ends():
    talk = f"""{LISTEN}
one, _ = server.accept()
for _ in range(100):
    one.sendall(bytes(100_000))
"""
    async with pod() as it:
        await serving(it, talk)
        reader, writer = await dialled(it)
        assert len(await reader.read()) == 10_000_000
        writer.close()


async def test_the_server_sees_when_the_caller_goes():
    wait = f"""{LISTEN}
one, _ = server.accept()
print(one.recv(10), flush=True)
"""
    async with pod() as it:
        server = await serving(it, wait)
        _, writer = await dialled(it)
        writer.close()
        assert (await server.end())[0] == "b''\n"


async def test_the_caller_sees_when_the_container_is_killed():
    async with pod() as it:
        talk = f"{LISTEN}\none, _ = server.accept()\none.recv(10)\nprint('there', flush=True)\none.recv(10)"
        server = await serving(it, talk)
        reader, writer = await dialled(it)
        writer.write(b"x")
        assert await server.line() == "there"
        await it.sandbox.stop("server")
        assert await reader.read() == b""
        writer.close()


async def test_a_full_queue_holds_the_answer_back_and_nothing_else():
    slow = f"{LISTEN}\ninput_ = open('/proc/self/fd/0').read()\nopen('/dev/shm/go').read()\nwhile True: server.accept()"
    async with pod() as it:
        await it.run("first", "mkfifo /dev/shm/go")
        await serving(it, slow, backlog=0)
        first = await dialled(it)
        waiting = asyncio.ensure_future(dialled(it))
        assert "server" in (await it.sandbox.stats())["containers"]
        assert not waiting.done()
        await it.run("other", "echo > /dev/shm/go")
        for _, writer in (first, await waiting):
            writer.close()


def sockets(process: int) -> int:
    """How many sockets a process has; one that it closes meanwhile does not count."""
    count = 0
    for entry in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(entry.readlink()).startswith("socket:")
    return count


async def test_a_dial_that_is_given_up_leaves_nothing():
    async with pod() as it:
        await serving(it, f"{LISTEN}\nimport threading; threading.Event().wait()", backlog=0)
        _, first = await dialled(it)
        await it.sandbox.stats()
        before = sockets(it.sandbox.pid)
        waiting = asyncio.ensure_future(dialled(it))
        await it.sandbox.stats()
        waiting.cancel()
        await asyncio.wait([waiting])
        for _ in range(1000):
            await it.sandbox.stats()
            if sockets(it.sandbox.pid) == before:
                break
        assert sockets(it.sandbox.pid) == before
        first.close()


async def test_what_cannot_be_dialled_is_said():
    async with pod() as it:
        with pytest.raises(errors.Refused, match="the descriptor is no socket"):
            await it.sandbox.dial(None, 80, 0)
        with socket.socket() as one, pytest.raises(errors.Refused, match=r"dial: port: .*70000"):
            await it.sandbox.dial(None, 70000, one.fileno())
        with socket.socket() as one, pytest.raises(errors.Refused, match=r"dial: address: .*IP address"):
            await it.sandbox.dial("not-an-address", 80, one.fileno())
