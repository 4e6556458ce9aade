"""A store whose file is no longer what was written: it is refused, whatever the damage, and most of it comes back."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from podvisor.base.clock import SystemClock
from podvisor.store import Damaged, embedded, salvage, snapshot
from podvisor.store.backend import ALL, KeyValue, RangeResult
from podvisor.store.lmdb_journal import LmdbJournal
from podvisor.testing.store_contract import delete, put

CLOCK = SystemClock()
PAGE = 4096


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    """A store with small and large values, deletions and leases."""
    path = tmp_path / "store"
    async with embedded.open(path, clock=CLOCK) as store:
        await store.grant(1000, 7)
        for number in range(60):
            await put(store, b"/registry/configmaps/default/%d" % number, b"v" * (10 + number % 3 * 2000), lease=7)
        await delete(store, b"/registry/configmaps/default/3")
    return path


async def contents(path: Path) -> RangeResult:
    async with embedded.open(path, clock=CLOCK) as store:
        assert list(await store.leases()) == [7]
        return await store.range(b"\0", ALL)


def damage(path: Path, change: Callable[[bytearray], object]) -> bytes:
    """Change the file; what it was."""
    before = (path / "data.mdb").read_bytes()
    after = bytearray(before)
    change(after)
    (path / "data.mdb").write_bytes(after)
    return before


def zero(page: int) -> Callable[[bytearray], object]:
    return lambda data: data.__setitem__(slice(page * PAGE, (page + 1) * PAGE), bytes(PAGE))


def flip(place: int, bit: int = 0) -> Callable[[bytearray], object]:
    return lambda data: data.__setitem__(place, data[place] ^ 1 << bit)


async def refused_or_the_same(path: Path, good: RangeResult) -> bool:
    """Whether the store was refused; if not, it has to be as it was."""
    try:
        found = await contents(path)
    except Damaged:
        return True
    assert found == good
    return False


async def test_any_page_that_is_zeroed_is_noticed(filled: Path):
    good = await contents(filled)
    pages = (filled / "data.mdb").stat().st_size // PAGE
    refused = 0
    for page in range(pages):
        before = damage(filled, zero(page))
        refused += await refused_or_the_same(filled, good)
        (filled / "data.mdb").write_bytes(before)
    assert refused > pages / 2, "most pages are in use"


async def test_any_bit_that_flips_is_noticed(filled: Path):
    good, dice = await contents(filled), random.Random(5)
    size = (filled / "data.mdb").stat().st_size
    refused = 0
    for _ in range(60):
        before = damage(filled, flip(dice.randrange(size), dice.randrange(8)))
        refused += await refused_or_the_same(filled, good)
        (filled / "data.mdb").write_bytes(before)
    assert refused > 5, "the others hit what is not in use"


@pytest.mark.parametrize("place", range(0, 144, 7))
async def test_a_head_in_which_a_bit_flips_never_shows_an_older_state(filled: Path, place: int):
    good = await contents(filled)
    for head in (0, PAGE):
        before = damage(filled, flip(head + place))
        await refused_or_the_same(filled, good)
        (filled / "data.mdb").write_bytes(before)


@pytest.mark.parametrize("head", [0, PAGE])
async def test_an_older_state_is_not_taken_for_the_newest(filled: Path, head: int):
    """Either head as it was a while ago: one is the newest, which is then gone, the other the one before."""
    old = (filled / "data.mdb").read_bytes()
    async with embedded.open(filled, clock=CLOCK) as store:
        for _ in range(3):
            await put(store, b"more")
    damage(filled, lambda data: data.__setitem__(slice(head, head + PAGE), old[head : head + PAGE]))
    with pytest.raises(Damaged):
        await contents(filled)


@pytest.mark.parametrize("left", [0, None])
async def test_an_empty_or_missing_file_in_a_directory_that_was_used_is_damage(filled: Path, left: int | None):
    (filled / "data.mdb").unlink()
    if left is not None:
        (filled / "data.mdb").touch()
    with pytest.raises(Damaged, match="empty" if left is not None else "missing"):
        await contents(filled)


async def test_an_empty_file_in_a_directory_that_was_never_used_is_a_beginning(tmp_path: Path):
    """A server that was killed in its first start may have left it."""
    (tmp_path / "data.mdb").touch()
    (tmp_path / "owner").write_text("1\n")
    async with embedded.open(tmp_path, clock=CLOCK) as store:
        await put(store, b"a")


async def test_the_error_names_the_keys(filled: Path):
    place = (filled / "data.mdb").read_bytes().index(b"/registry/configmaps/default/5v")
    damage(filled, flip(place + 40))
    with pytest.raises(Damaged, match="revision 7 of /registry/configmaps/default/5 does not match its checksum"):
        await contents(filled)


async def test_repair_keeps_all_that_can_be_read_and_the_damaged_file(filled: Path):
    good = await contents(filled)
    place = (filled / "data.mdb").read_bytes().index(b"/registry/configmaps/default/5v")
    damage(filled, flip(place + 40))
    damaged = (filled / "data.mdb").read_bytes()
    found = salvage.look(filled)
    assert found.missing == 1
    kept = salvage.repair(filled, found)
    assert kept.read_bytes() == damaged
    after = await contents(filled)
    assert [kv.key for kv in good.kvs if kv.key not in {kv.key for kv in after.kvs}] == [
        b"/registry/configmaps/default/5"
    ]
    assert all(kv in good.kvs for kv in after.kvs)
    assert after.revision > good.revision, "no revision that was given out is given out again"


async def test_repair_finds_most_behind_a_lost_page(filled: Path):
    good = await contents(filled)
    for page in range(2, (filled / "data.mdb").stat().st_size // PAGE, 5):
        before = damage(filled, zero(page))
        salvage.repair(filled, salvage.look(filled))
        after = await contents(filled)
        assert {kv.key for kv in after.kvs} <= {kv.key for kv in good.kvs}, "nothing comes back to life"
        assert after.count >= good.count - 25
        (filled / "data.mdb").write_bytes(before)


async def test_nothing_to_repair_from_is_said(filled: Path):
    (filled / "data.mdb").write_bytes(b"")
    with pytest.raises(Damaged, match="nothing of it can be read"):
        salvage.repair(filled, salvage.look(filled))
    assert (filled / "data.mdb").read_bytes() == b""


SAVE = """
import sys
from pathlib import Path
from podvisor.store import snapshot
print(len(snapshot.save(*map(Path, sys.argv[1:])).keys))
"""


async def test_a_snapshot_of_a_running_store_is_restored_elsewhere(filled: Path, tmp_path: Path):
    async with embedded.open(filled, clock=CLOCK) as store:
        await put(store, b"last")
        held = await store.range(b"\0", ALL)
        save = [sys.executable, "-c", SAVE, filled, tmp_path / "saved"]
        run = await asyncio.to_thread(subprocess.run, save, capture_output=True, text=True, check=False)
        assert (run.stdout, run.stderr) == (f"{held.count}\n", "")
    snapshot.restore(tmp_path / "saved", tmp_path / "other")
    assert await contents(tmp_path / "other") == held
    with pytest.raises(snapshot.SnapshotExists):
        snapshot.restore(tmp_path / "saved", tmp_path / "other")


async def test_a_damaged_snapshot_is_not_restored(filled: Path, tmp_path: Path):
    snapshot.save(filled, tmp_path / "saved")
    data = bytearray((tmp_path / "saved").read_bytes())
    data[data.index(b"/registry/configmaps/default/5v") + 40] ^= 1
    (tmp_path / "saved").write_bytes(data)
    with pytest.raises(Damaged, match="default/5 does not match"):
        snapshot.restore(tmp_path / "saved", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def old_record(kv: KeyValue) -> bytes:
    """As format 1 had it."""
    numbers = (kv.create_revision, kv.version, kv.lease)
    return b"".join(number.to_bytes(8) for number in numbers) + len(kv.key).to_bytes(4) + kv.key + kv.value


async def test_a_store_of_the_format_without_checksums_is_taken_over(tmp_path: Path):
    path = tmp_path / "store"
    with lmdb.open(str(path), max_dbs=3) as env:
        records, leases, meta = map(env.open_db, (b"records", b"leases", b"meta"))
        with env.begin(write=True) as txn:
            txn.put(b"format", b"podvisor store 1", db=meta)
            txn.put(b"compacted", (2).to_bytes(8), db=meta)
            txn.put((7).to_bytes(8), (1000).to_bytes(8), db=leases)
            for revision in (2, 3, 4):
                kv = KeyValue(b"/%d" % revision, b"v" * revision * 999, revision, revision, 1, 7)
                txn.put(revision.to_bytes(8) + bytes(4), old_record(kv), db=records)
    found = await contents(path)
    assert [(kv.key, len(kv.value), kv.mod_revision, kv.lease) for kv in found.kvs] == [
        (b"/2", 1998, 2, 7),
        (b"/3", 2997, 3, 7),
        (b"/4", 3996, 4, 7),
    ]
    async with embedded.open(path, clock=CLOCK) as store:
        await put(store, b"/5")
    assert await contents(path) != found
    damage(path, flip((path / "data.mdb").read_bytes().rindex(b"/3vvv") + 20))
    with pytest.raises(Damaged, match="revision 3 of /3"):
        await contents(path)


async def test_a_store_of_a_later_format_is_refused(filled: Path):
    LmdbJournal(filled, max_bytes=1 << 30).close()
    with lmdb.open(str(filled), max_dbs=3) as env, env.begin(write=True) as txn:
        txn.put(b"format", b"podvisor store 3", db=env.open_db(b"meta", txn=txn))
    with pytest.raises(Damaged, match="its format is b'podvisor store 3'"):
        await contents(filled)
