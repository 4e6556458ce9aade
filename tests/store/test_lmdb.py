"""The data directory: who may open it, what is refused in it, and what happens when it is full."""

import asyncio
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from podvisor.base.clock import SystemClock
from podvisor.store import AlreadyOpen, Damaged, NoSpace, embedded
from podvisor.store.backend import ALL
from podvisor.store.embedded import Settings
from podvisor.store.retention import Retention
from podvisor.testing.store_contract import delete, keys, put

CLOCK = SystemClock()
MIB = 1 << 20


async def test_a_second_opener_is_told_who_has_it(tmp_path: Path):
    program = (
        "import sys; from pathlib import Path; from podvisor.store.lmdb_journal import LmdbJournal\n"
        "journal = LmdbJournal(Path(sys.argv[1]), max_bytes=1 << 30); print('open', flush=True); sys.stdin.read()"
    )
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program, tmp_path, stdin=pipe, stdout=pipe)
    assert other.stdout is not None
    assert await other.stdout.readline() == b"open\n"
    with pytest.raises(AlreadyOpen, match=f"in use by process {other.pid}$"):
        async with embedded.open(tmp_path, clock=CLOCK):
            pass
    await other.communicate(b"")
    async with embedded.open(tmp_path, clock=CLOCK) as store:
        assert await keys(store) == []


async def test_the_same_process_cannot_open_it_twice_either(tmp_path: Path):
    async with embedded.open(tmp_path, clock=CLOCK) as store:
        with pytest.raises(AlreadyOpen):
            async with embedded.open(tmp_path, clock=CLOCK):
                pass
        await put(store, b"a")


async def test_a_file_that_is_no_store_is_not_touched(tmp_path: Path):
    data = tmp_path / "data.mdb"
    data.write_bytes(b"something else" * 1000)
    with pytest.raises(Damaged):
        async with embedded.open(tmp_path, clock=CLOCK):
            pass
    assert data.read_bytes() == b"something else" * 1000


async def test_a_directory_that_cannot_be_made_is_an_os_error(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        async with embedded.open(tmp_path / "file" / "store", clock=CLOCK):
            pass


async def test_others_cannot_read_it(tmp_path: Path):
    async with embedded.open(tmp_path / "store", clock=CLOCK):
        assert (tmp_path / "store").stat().st_mode & 0o077 == 0
        assert (tmp_path / "store" / "data.mdb").stat().st_mode & 0o077 == 0


async def test_the_map_grows_with_what_is_in_it(tmp_path: Path):
    settings = Settings(retention=Retention(bytes=1 << 40))
    value = b"x" * MIB
    async with embedded.open(tmp_path, clock=CLOCK, settings=settings) as store:
        for number in range(80):
            await put(store, b"%d" % number, value)
    async with embedded.open(tmp_path, clock=CLOCK, settings=settings) as store:
        assert (await store.range(b"\0", ALL, count_only=True)).count == 80
        await put(store, b"more", value)
        assert len((await store.range(b"more")).kvs[0].value) == MIB


async def test_beyond_its_limit_a_store_refuses_puts_until_something_is_deleted_and_compacted(tmp_path: Path):
    async with embedded.open(tmp_path, clock=CLOCK, settings=Settings(max_bytes=4 * MIB)) as store:
        count = await fill(store)
        assert 40 < count < 90
        assert len(await keys(store)) == count
        with pytest.raises(NoSpace, match="limit of 4 MiB"):
            await put(store, b"another", b"x" * 50_000)
        await store.compact(await delete(store, b"000", b"030"))
        await emptied(store)
        for number in range(20):
            await put(store, b"%03d" % number, b"x" * 50_000)


async def fill(store: embedded.EmbeddedStore) -> int:
    """Put until it is refused; how many puts were not."""
    for count in itertools.count():
        try:
            await put(store, b"%03d" % count, b"x" * 50_000)
        except NoSpace:
            return count
    raise AssertionError


async def emptied(store: embedded.EmbeddedStore) -> None:
    """Give the sweep the turns it needs: each of these waits for one batch."""
    for _ in range(5):
        await store.grant(1000)


FILL = """
import asyncio, resource, sys
from pathlib import Path
from podvisor.base.clock import SystemClock
from podvisor.store import NoSpace, embedded
from podvisor.testing.store_contract import keys, put

async def main():
    written = 0
    async with embedded.open(Path(sys.argv[1]), clock=SystemClock()) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))
        try:
            while True:
                await put(store, b"%03d" % written, b"x" * 50_000)
                written += 1
        except NoSpace as full:
            print(full)
        assert len(await keys(store)) == written
        print(written)

asyncio.run(main())
"""


async def test_when_the_file_cannot_grow_writes_are_refused_reads_go_on_and_nothing_is_lost(tmp_path: Path):
    """A file size limit stands for a full disk: the same refusal, for any user."""
    fill = [sys.executable, "-c", FILL, tmp_path]
    run = await asyncio.to_thread(subprocess.run, fill, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    refusal, written = run.stdout.splitlines()
    assert refusal == "no space for the write: File too large"
    async with embedded.open(tmp_path, clock=CLOCK) as store:
        assert await keys(store) == [b"%03d" % number for number in range(int(written))]
        await put(store, b"again", b"x" * 50_000)
