"""A container's limits hold in that container; what one does beyond them is no other's affair."""

import signal

import pytest

from podvisor.sandbox import spec
from sandbox.pods import Program, pod

MIB = 1 << 20
PYTHON = "/usr/bin/python3"
ALLOCATE = "x = []\nwhile True: x.append(bytearray(b'x' * (1 << 20)))"


def still_runs(program: Program) -> bool:
    return not program.running.exited.done()


async def test_memory_beyond_a_containers_limit_ends_that_container_only():
    async with pod() as it:
        beside = await it.start("beside", "sleep 1000")
        hog = await it.program("hog", (PYTHON, "-c", ALLOCATE), limits=spec.Limits(memory_bytes=64 * MIB))
        _, exited = await hog.end()
        assert (exited.signal, exited.oom, exited.init) == (signal.SIGKILL, True, True)
        assert still_runs(beside)
        await it.sandbox.stop("beside")
        assert not (await beside.end())[1].oom


async def test_who_was_out_of_memory_is_told_of_each_program_that_was_started():
    async with pod() as it:
        app = await it.start("app", "sleep 1000", limits=spec.Limits(memory_bytes=64 * MIB))
        hog, fine = await it.exec("app", f'exec {PYTHON} -c "{ALLOCATE}"'), await it.exec("app", "exit 3")
        told = [(exited.code, exited.signal, exited.oom) for _, exited in (await hog.end(), await fine.end())]
        assert told == [(None, signal.SIGKILL, True), (3, None, False)]
        await it.sandbox.stop("app")
        assert (await app.end())[1].oom


async def test_the_pods_limit_ends_the_largest_process_of_all():
    async with pod(memory_bytes=96 * MIB) as it:
        small = await it.start("small", "sleep 1000")
        hog = await it.program("hog", (PYTHON, "-c", ALLOCATE))
        assert (await hog.end())[1].oom
        assert still_runs(small)


async def test_files_in_memory_count_for_the_container_that_holds_them():
    async with pod() as it:
        beside = await it.start("beside", "sleep 1000")
        filler = await it.start(
            "filler", "cat /dev/zero > /tmp/big; sleep 1000", limits=spec.Limits(memory_bytes=64 * MIB)
        )
        _, exited = await filler.end()
        assert (exited.init, exited.oom) == (True, True)
        assert still_runs(beside)


FORK = """
import os, time
n = 0
try:
    while os.fork(): n += 1
    time.sleep(1000)
except BlockingIOError as error:
    print(n, error.strerror, flush=True)
    time.sleep(1000)
"""


async def test_processes_beyond_a_containers_limit_are_refused_there_only():
    async with pod() as it:
        bomb = await it.program("bomb", (PYTHON, "-c", FORK), limits=spec.Limits(pids_limit=20))
        assert await bomb.line() == "19 Resource temporarily unavailable"
        assert await it.run("beside", "for i in 1 2 3 4 5 6 7 8 9; do sleep 0 & done; wait; echo fine") == "fine\n"


async def test_the_pods_limit_on_processes_counts_all_containers():
    async with pod(pids_limit=20) as it:
        for number in range(5):
            await it.start(f"sleeper-{number}", "exec sleep 1000")
        bomb = await it.program("bomb", (PYTHON, "-c", FORK))
        assert await bomb.line() == "14 Resource temporarily unavailable"


@pytest.mark.parametrize("where", ["/tmp/big", "/usr/big", "/etc/big"])
async def test_what_is_written_to_the_root_beyond_its_size_is_refused_there_only(where):
    async with pod() as it:
        script = f"cat /dev/zero > {where}; stat -c %s {where}; touch /tmp/one /tmp/two || true; sleep 1000"
        full = await it.start("full", script, limits=spec.Limits(upper_bytes=MIB))
        assert "No space left on device" in await full.line()
        assert MIB - 65536 <= int(await full.line()) <= MIB
        assert await it.run("beside", f"head -c 4000000 /dev/zero > {where} && echo fine") == "fine\n"
        assert still_runs(full)


MAP = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p

def shared(fd, size):
    at = libc.mmap(None, ctypes.c_size_t(size), 3, 1, fd, ctypes.c_long(0))
    if at == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return at
"""
FILL = """
for number in range(int(sys.argv[1])):
    fd = os.open(f"/data/{number}", os.O_RDWR | os.O_CREAT)
    os.truncate(fd, 256 << 20)
    at = shared(fd, 256 << 20)
    for page in range(0, 256 << 20, 1 << 20):
        ctypes.memset(at + page, 1, 1 << 20)
print("all of it", flush=True)
"""


async def test_a_volume_in_memory_is_not_filled_beyond_its_size_by_mappings():
    async with pod(spec.Volume("data", size_bytes=16 * MIB)) as it:
        for _ in range(2):
            full = await it.program("full", (PYTHON, "-c", MAP + FILL, "1"), spec.VolumeMount("data", "/data"))
            text, exited = await full.end()
            assert ("all of it" in text, exited.oom) == (False, False)
            held = int(await it.run("beside", "du -s -B1M /data | cut -f1", spec.VolumeMount("data", "/data")))
            assert held < 128


PIN = """
made = 0
try:
    while made < 64:
        fd = os.open("/data/x", os.O_RDWR | os.O_CREAT)
        if os.write(fd, bytes(1 << 20)) < 1 << 20: break
        at = shared(fd, 1 << 20)
        if sys.argv[1] == "let go": libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(1 << 20))
        if made % 2: os.unlink("/data/x")
        os.close(fd)
        if not made % 2: os.unlink("/data/x")
        made += 1
except OSError as error:
    print(error.strerror, end=" ")
print("after", made, flush=True)
"""


@pytest.mark.parametrize(("what", "says"), [("keep", "after 7"), ("let go", "after 64")])
async def test_removed_files_of_a_volume_take_room_as_long_as_they_are_mapped(tmp_path, what, says):
    async with pod(spec.Volume("data", str(tmp_path), size_bytes=8 * MIB)) as it:
        app = await it.program("app", (PYTHON, "-c", MAP + PIN, what), spec.VolumeMount("data", "/data"))
        assert (await app.end())[0] == f"{says}\n"
        assert (
            await it.run(
                "beside", "head -c 7000000 /dev/zero > /data/y && echo fine", spec.VolumeMount("data", "/data")
            )
            == "fine\n"
        )


async def test_large_files_lie_on_the_disk_where_there_is_one(tmp_path):
    script = """
head -c 150000000 /dev/zero > /tmp/big; stat -c %s /tmp/big
cp -L /usr/bin/python3 /tmp/python; /tmp/python -c '
import mmap
file = open("/tmp/mapped", "wb+")
file.truncate(1 << 20)
mmap.mmap(file.fileno(), 0)[5:10] = b"there"
print(open("/tmp/mapped", "rb").read(10)[5:])'
rm /tmp/big; cat /dev/zero > /tmp/big; df --output=avail /tmp | tail -1
"""
    async with pod() as it:
        it.root = spec.Root(it.root.layers, upper=str(tmp_path), upper_bytes=200 * MIB)
        text = await it.run("app", script, limits=spec.Limits(memory_bytes=64 * MIB))
        assert text.splitlines()[:2] == ["150000000", "b'there'"]
        assert "No space left on device" in text
        assert int(text.splitlines()[-1]) < 64
        assert list(tmp_path.iterdir()) == []


async def test_a_container_that_writes_without_end_leaves_the_others_their_turn():
    async with pod() as it:
        await it.program("busy", ("sh", "-c", "while :; do : > /tmp/x; done"))
        for _ in range(10):
            assert await it.run("quiet", "echo fine") == "fine\n"


async def test_a_container_whose_output_nobody_reads_holds_nobody_else_up():
    async with pod() as it:
        await it.start("loud", "yes")
        assert await it.run("quiet", "echo fine") == "fine\n"
        await it.sandbox.stop("loud")
