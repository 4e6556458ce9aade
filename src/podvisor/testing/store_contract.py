"""What every store backend must do: the contract of `store.backend`, as tests.

    class TestMine(StoreContract):
        @pytest.fixture
        async def store(self) -> AsyncGenerator[Backend]:
            async with my_backend(clock) as store: yield store

The backend starts empty. A subclass whose backend takes a clock hands out a `VirtualClock` in the fixture `clock`.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest

from podvisor.store import Compacted, DuplicateKey, FutureRevision, LeaseExists, LeaseNotFound
from podvisor.store.backend import (
    ALL,
    Backend,
    Compare,
    Delete,
    DeleteResult,
    Event,
    EventKind,
    Put,
    PutResult,
    Range,
    RangeResult,
    Watch,
    prefix_end,
)
from podvisor.testing.clock import VirtualClock, settle


async def put(store: Backend, key: bytes, value: bytes = b"", lease: int = 0) -> int:
    """Put one key; the revision after it."""
    return (await store.txn([], [Put(key, value, lease)])).revision


async def delete(store: Backend, start: bytes, end: bytes | None = None) -> int:
    """Delete a range; the revision after it."""
    return (await store.txn([], [Delete(start, end)])).revision


async def keys(store: Backend, start: bytes = b"\0", end: bytes | None = ALL, *, revision: int = 0) -> list[bytes]:
    """The keys of a range."""
    return [kv.key for kv in (await store.range(start, end, revision=revision)).kvs]


async def collect(watch: Watch, count: int) -> list[Event]:
    """The next `count` events or more: as many as the batches that hold them bring."""
    events: list[Event] = []
    while len(events) < count:
        events += (await anext(watch)).events
    return events


def brief(events: Sequence[Event]) -> list[tuple[str, bytes, int]]:
    """Kind, key and revision of each event."""
    return [(event.kind.value, event.kv.key, event.kv.mod_revision) for event in events]


class RangeContract:
    async def test_an_empty_store_is_at_revision_1(self, store: Backend):
        assert await store.range(b"\0", ALL) == RangeResult(1, [], 0, more=False)

    async def test_a_key_carries_its_history_in_numbers(self, store: Backend):
        await put(store, b"other")
        await put(store, b"key", b"1")
        await put(store, b"key", b"2")
        [kv] = (await store.range(b"key")).kvs
        assert (kv.value, kv.create_revision, kv.mod_revision, kv.version, kv.lease) == (b"2", 3, 4, 2, 0)

    async def test_a_key_that_was_deleted_begins_anew(self, store: Backend):
        await put(store, b"key")
        await put(store, b"key")
        await delete(store, b"key")
        await put(store, b"key")
        [kv] = (await store.range(b"key")).kvs
        assert (kv.create_revision, kv.mod_revision, kv.version) == (5, 5, 1)

    async def test_a_range_is_ordered_by_bytes_and_excludes_its_end(self, store: Backend):
        for key in (b"b", b"a\xff", b"a", b"a\0", b"c", b"aa"):
            await put(store, key)
        assert await keys(store, b"a", b"b") == [b"a", b"a\0", b"aa", b"a\xff"]
        assert await keys(store, b"aa", ALL) == [b"aa", b"a\xff", b"b", b"c"]
        assert await keys(store, b"a", None) == [b"a"]
        assert await keys(store, b"b", b"a") == []

    async def test_a_prefix_that_ends_in_the_last_byte_has_an_end(self, store: Backend):
        for key in (b"a\xfe", b"a\xff", b"a\xff1", b"b"):
            await put(store, key)
        assert await keys(store, b"a\xff", prefix_end(b"a\xff")) == [b"a\xff", b"a\xff1"]
        assert await keys(store, b"\xff", prefix_end(b"\xff")) == []

    async def test_a_limit_cuts_the_answer_but_not_the_count(self, store: Backend):
        for key in (b"a", b"b", b"c"):
            await put(store, key)
        cut = await store.range(b"a", ALL, limit=2)
        assert ([kv.key for kv in cut.kvs], cut.count, cut.more) == ([b"a", b"b"], 3, True)
        whole = await store.range(b"a", ALL, limit=3)
        assert (len(whole.kvs), whole.count, whole.more) == (3, 3, False)

    async def test_counting_returns_no_keys(self, store: Backend):
        await put(store, b"a")
        await put(store, b"b")
        assert await store.range(b"a", ALL, count_only=True) == RangeResult(3, [], 2, more=False)

    async def test_the_past_can_be_read(self, store: Backend):
        await put(store, b"a", b"1")  # revision 2
        await put(store, b"b", b"1")
        await put(store, b"a", b"2")
        await delete(store, b"b")
        await put(store, b"c", b"1")  # revision 6
        past = await store.range(b"\0", ALL, revision=3)
        assert past.revision == 6
        assert [(kv.key, kv.value, kv.mod_revision) for kv in past.kvs] == [(b"a", b"1", 2), (b"b", b"1", 3)]
        assert await keys(store, revision=1) == []
        assert await keys(store, revision=5) == [b"a"]
        assert await keys(store, b"b", None, revision=4) == [b"b"]

    async def test_the_past_can_be_read_in_pages(self, store: Backend):
        for key in (b"a", b"b", b"c", b"d"):
            await put(store, key)
        await delete(store, b"\0", ALL)
        page = await store.range(b"b", ALL, revision=5, limit=2)
        assert ([kv.key for kv in page.kvs], page.count, page.more) == ([b"b", b"c"], 3, True)

    async def test_the_future_cannot_be_read(self, store: Backend):
        with pytest.raises(FutureRevision) as caught:
            await store.range(b"a", revision=2)
        assert caught.value.revision == 1

    async def test_values_of_every_size_come_back_whole(self, store: Backend):
        values = [b"", b"\0", b"\xff" * 1000, bytes(range(256)) * 16, b"x" * 1_500_000]
        for number, value in enumerate(values):
            await put(store, b"%d" % number, value)
        assert [kv.value for kv in (await store.range(b"\0", ALL)).kvs] == values

    async def test_a_key_may_be_long(self, store: Backend):
        key = b"k" * 4000
        await put(store, key, b"v")
        assert await keys(store) == [key]


class TxnContract:
    async def test_all_changes_of_a_transaction_carry_one_revision(self, store: Backend):
        result = await store.txn([], [Put(b"a", b"1"), Put(b"b", b"2")])
        assert result.revision == 2
        assert {kv.mod_revision for kv in (await store.range(b"\0", ALL)).kvs} == {2}

    async def test_a_transaction_that_changes_nothing_takes_no_revision(self, store: Backend):
        await put(store, b"a")
        for ops in ([], [Range(b"a")], [Delete(b"nothing")]):
            assert (await store.txn([], ops)).revision == 2
        assert (await store.txn([Compare(b"a", "version", "=", 9)], [Put(b"a", b"")])).revision == 2

    async def test_a_failed_comparison_takes_the_other_branch(self, store: Backend):
        await put(store, b"a", b"old")
        result = await store.txn([Compare(b"a", "mod_revision", "=", 1)], [Put(b"a", b"new")], [Range(b"a")])
        assert not result.succeeded
        [found] = result.responses
        assert isinstance(found, RangeResult)
        assert found.kvs[0].value == b"old"

    @pytest.mark.parametrize(
        ("compare", "holds"),
        [
            (Compare(b"a", "mod_revision", "=", 3), True),
            (Compare(b"a", "mod_revision", "!=", 3), False),
            (Compare(b"a", "mod_revision", ">", 2), True),
            (Compare(b"a", "mod_revision", "<", 3), False),
            (Compare(b"a", "create_revision", "=", 2), True),
            (Compare(b"a", "version", "=", 2), True),
            (Compare(b"a", "version", "<", 3), True),
            (Compare(b"a", "lease", "=", 0), True),
            (Compare(b"a", "value", "=", b"two"), True),
            (Compare(b"a", "value", ">", b"t"), True),
            (Compare(b"a", "value", "<", b"one"), False),
            (Compare(b"none", "mod_revision", "=", 0), True),
            (Compare(b"none", "create_revision", ">", 0), False),
            (Compare(b"none", "version", "=", 0), True),
            (Compare(b"none", "value", "=", b""), False),
            (Compare(b"none", "value", "!=", b"x"), False),
        ],
        ids=str,
    )
    async def test_comparisons(self, store: Backend, compare: Compare, holds: bool):
        await put(store, b"a", b"one")
        await put(store, b"a", b"two")
        assert (await store.txn([compare], [], [])).succeeded is holds

    async def test_one_false_comparison_is_enough_to_fail(self, store: Backend):
        compares = [Compare(b"a", "version", "=", 0), Compare(b"b", "version", ">", 0)]
        assert not (await store.txn(compares, [Put(b"a", b"")])).succeeded
        assert await keys(store) == []

    async def test_of_many_who_create_a_key_at_once_one_wins(self, store: Backend):
        absent = Compare(b"a", "create_revision", "=", 0)
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(store.txn([absent], [Put(b"a", b"%d" % n)])) for n in range(20)]
        assert sum(task.result().succeeded for task in tries) == 1
        [kv] = (await store.range(b"a")).kvs
        assert kv.version == 1

    async def test_no_increment_of_many_is_lost(self, store: Backend):
        await put(store, b"n", b"0")

        async def increment() -> None:
            while True:
                [kv] = (await store.range(b"n")).kvs
                bump = Put(b"n", b"%d" % (int(kv.value) + 1))
                if (await store.txn([Compare(b"n", "mod_revision", "=", kv.mod_revision)], [bump])).succeeded:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(increment())
        assert (await store.range(b"n")).kvs[0].value == b"20"

    async def test_a_put_answers_what_was_there(self, store: Backend):
        first = await store.txn([], [Put(b"a", b"1")])
        second = await store.txn([], [Put(b"a", b"2")])
        assert first.responses == [PutResult(None)]
        [response] = second.responses
        assert isinstance(response, PutResult)
        assert response.prev_kv is not None
        assert response.prev_kv.value == b"1"

    async def test_a_delete_answers_what_it_took(self, store: Backend):
        await store.txn([], [Put(b"a", b"1"), Put(b"b", b"2"), Put(b"c", b"3")])
        [response] = (await store.txn([], [Delete(b"a", b"c")])).responses
        assert isinstance(response, DeleteResult)
        assert [(kv.key, kv.value) for kv in response.prev_kvs] == [(b"a", b"1"), (b"b", b"2")]
        assert await keys(store) == [b"c"]

    async def test_a_range_inside_sees_the_operations_before_it(self, store: Backend):
        await store.txn([], [Put(b"a", b"1"), Put(b"b", b"1")])
        ops = [Put(b"c", b"2"), Range(b"\0", ALL), Delete(b"a"), Range(b"\0", ALL), Range(b"\0", ALL, revision=2)]
        responses = (await store.txn([], ops)).responses
        seen = [[kv.key for kv in found.kvs] for found in responses if isinstance(found, RangeResult)]
        assert seen == [[b"a", b"b", b"c"], [b"b", b"c"], [b"a", b"b"]]

    @pytest.mark.parametrize(
        "ops",
        [[Put(b"a", b"1"), Put(b"a", b"2")], [Delete(b"a", b"b"), Put(b"a", b"")], [Put(b"b", b""), Delete(b"b")]],
        ids=["put put", "delete put", "put delete"],
    )
    async def test_a_key_may_be_changed_once_in_a_transaction(self, store: Backend, ops: list[Put | Delete]):
        with pytest.raises(DuplicateKey):
            await store.txn([], ops)
        assert (await store.range(b"\0", ALL)).revision == 1

    async def test_deletes_may_overlap(self, store: Backend):
        await put(store, b"a")
        first, second = (await store.txn([], [Delete(b"a"), Delete(b"\0", ALL)])).responses
        assert isinstance(first, DeleteResult)
        assert isinstance(second, DeleteResult)
        assert (len(first.prev_kvs), len(second.prev_kvs)) == (1, 0)

    async def test_a_refused_transaction_changes_nothing(self, store: Backend):
        with pytest.raises(LeaseNotFound):
            await store.txn([], [Put(b"a", b""), Put(b"b", b"", lease=77)])
        with pytest.raises(FutureRevision):
            await store.txn([], [Put(b"a", b""), Range(b"a", revision=99)])
        assert (await store.range(b"\0", ALL)).revision == 1


class WatchContract:
    async def test_a_watch_sees_what_comes_after_it_began(self, store: Backend):
        await put(store, b"a", b"before")
        watch = store.watch(b"a")
        await put(store, b"a", b"after")
        await delete(store, b"a")
        first, second = await collect(watch, 2)
        assert (first.kind, first.kv.value, first.kv.mod_revision) == (EventKind.PUT, b"after", 3)
        assert first.prev_kv is not None
        assert first.prev_kv.value == b"before"
        assert (second.kind, second.kv.key, second.kv.mod_revision) == (EventKind.DELETE, b"a", 4)
        assert (second.kv.value, second.kv.version) == (b"", 0)
        assert second.prev_kv is not None
        assert second.prev_kv.value == b"after"

    async def test_the_first_put_of_a_key_has_no_predecessor(self, store: Backend):
        watch = store.watch(b"a", revision=2)
        await put(store, b"a")
        [event] = await collect(watch, 1)
        assert event.prev_kv is None

    async def test_a_watch_from_a_revision_replays_history_and_goes_on(self, store: Backend):
        for number in range(5):
            await put(store, b"%d" % number)
        watch = store.watch(b"\0", ALL, revision=4)
        events = await collect(watch, 3)
        await put(store, b"5")
        events += await collect(watch, 1)
        assert [event.kv.mod_revision for event in events] == [4, 5, 6, 7]

    async def test_a_watch_sees_its_range_only(self, store: Backend):
        watch = store.watch(b"b", b"d", revision=1)
        for key in (b"a", b"b", b"c", b"d", b"bb"):
            await put(store, key)
        assert [event.kv.key for event in await collect(watch, 3)] == [b"b", b"c", b"bb"]

    async def test_a_transaction_comes_whole_and_in_the_order_of_its_operations(self, store: Backend):
        await put(store, b"z")
        watch = store.watch(b"\0", ALL)
        await store.txn([], [Put(b"c", b""), Delete(b"z"), Put(b"a", b"")])
        batch = await anext(watch)
        assert brief(batch.events) == [("PUT", b"c", 3), ("DELETE", b"z", 3), ("PUT", b"a", 3)]

    async def test_a_watch_from_the_future_waits_for_it(self, store: Backend):
        watch = store.watch(b"\0", ALL, revision=4)
        for key in (b"a", b"b", b"c", b"d"):
            await put(store, key)
        assert [event.kv.mod_revision for event in await collect(watch, 2)] == [4, 5]

    async def test_every_batch_says_how_far_the_watch_has_got(self, store: Backend):
        watch = store.watch(b"a", revision=1)
        await put(store, b"a")
        last = await put(store, b"elsewhere")
        reached, events = 0, 0
        watch.request_progress()
        while reached < last:
            batch = await anext(watch)
            assert batch.revision >= reached
            reached, events = batch.revision, events + len(batch.events)
        assert events == 1

    async def test_progress_can_be_asked_for_on_a_quiet_watch(self, store: Backend):
        watch = store.watch(b"quiet")
        last = await put(store, b"elsewhere")
        watch.request_progress()
        batch = await anext(watch)
        assert (batch.revision, list(batch.events)) == (last, [])

    async def test_a_slow_reader_misses_nothing(self, store: Backend):
        watch = store.watch(b"\0", ALL)
        for number in range(40):
            await store.txn([], [Put(b"%d" % key, b"%d" % number) for key in range(100)])
        events = await collect(watch, 4000)
        assert [event.kv.mod_revision for event in events] == [
            revision for revision in range(2, 42) for _ in range(100)
        ]
        await put(store, b"last")
        assert (await collect(watch, 1))[0].kv.key == b"last"

    async def test_a_slow_reader_whose_history_is_gone_is_told_unless_it_had_all(self, store: Backend):
        watch = store.watch(b"\0", ALL, revision=1)
        for number in range(30):
            await store.txn([], [Put(b"%d" % key, b"%d" % number) for key in range(100)])
        await store.compact(31)
        events: list[Event] = []
        with contextlib.suppress(Compacted):
            while len(events) < 3000:
                events += (await anext(watch)).events
        assert [event.kv.mod_revision for event in events] == [2 + number // 100 for number in range(len(events))]

    async def test_waiting_can_be_cancelled_and_taken_up_again(self, store: Backend):
        watch = store.watch(b"a")
        reader = asyncio.ensure_future(anext(watch))
        await settle()
        reader.cancel()
        await settle()
        await put(store, b"a")
        assert [event.kv.key for event in await collect(watch, 1)] == [b"a"]

    async def test_closing_a_watch_ends_its_reader(self, store: Backend):
        watch = store.watch(b"a")
        reader = asyncio.ensure_future(anext(watch, None))
        await settle()
        watch.close()
        watch.close()
        assert await reader is None
        assert [batch async for batch in watch] == []

    async def test_many_watches_see_the_same(self, store: Backend):
        watches = [store.watch(b"a", b"b", revision=1) for _ in range(10)]
        await put(store, b"a1")
        await put(store, b"a2")
        seen = [brief(await collect(watch, 2)) for watch in watches]
        assert seen == [[("PUT", b"a1", 2), ("PUT", b"a2", 3)]] * 10

    async def test_what_a_watch_shows_can_be_read(self, store: Backend):
        watch = store.watch(b"a")
        writing = asyncio.ensure_future(put(store, b"a", b"1"))
        [event] = await collect(watch, 1)
        assert (await store.range(b"a")).kvs == [event.kv]
        await writing


class CompactionContract:
    async def test_what_is_below_is_gone_and_the_rest_stays(self, store: Backend):
        await put(store, b"a", b"1")  # 2
        await put(store, b"a", b"2")  # 3
        await put(store, b"b", b"1")  # 4
        await delete(store, b"b")  # 5
        await put(store, b"a", b"3")  # 6
        await store.compact(4)
        with pytest.raises(Compacted) as caught:
            await store.range(b"a", revision=3)
        assert caught.value.revision == 4
        assert [kv.value for kv in (await store.range(b"a", revision=4)).kvs] == [b"2"]
        assert await keys(store, revision=4) == [b"a", b"b"]
        assert await keys(store, revision=5) == [b"a"]
        assert [kv.value for kv in (await store.range(b"a")).kvs] == [b"3"]

    async def test_numbers_go_on_as_before(self, store: Backend):
        await put(store, b"a")
        await put(store, b"a")
        await store.compact(3)
        await put(store, b"a")
        [kv] = (await store.range(b"a")).kvs
        assert (kv.create_revision, kv.mod_revision, kv.version) == (2, 4, 3)

    async def test_it_can_be_done_once_and_not_ahead(self, store: Backend):
        await put(store, b"a")
        await put(store, b"a")
        await store.compact(3)
        with pytest.raises(Compacted):
            await store.compact(3)
        with pytest.raises(Compacted):
            await store.compact(2)
        with pytest.raises(FutureRevision):
            await store.compact(4)

    async def test_a_watch_can_begin_at_the_oldest_revision_but_not_before(self, store: Backend):
        await put(store, b"a", b"1")
        await put(store, b"a", b"2")
        await put(store, b"a", b"3")
        await store.compact(3)
        assert brief(await collect(store.watch(b"a", revision=3), 2)) == [("PUT", b"a", 3), ("PUT", b"a", 4)]
        with pytest.raises(Compacted):
            await anext(store.watch(b"a", revision=2))

    async def test_a_deletion_at_the_oldest_revision_is_still_seen(self, store: Backend):
        await put(store, b"a", b"1")
        await delete(store, b"a")
        await store.compact(3)
        assert brief(await collect(store.watch(b"a", revision=3), 1)) == [("DELETE", b"a", 3)]

    async def test_a_running_watch_is_not_disturbed(self, store: Backend):
        watch = store.watch(b"a")
        await put(store, b"a", b"1")
        assert len(await collect(watch, 1)) == 1
        await put(store, b"other")
        await store.compact(3)
        await put(store, b"a", b"2")
        assert brief(await collect(watch, 1)) == [("PUT", b"a", 4)]

    async def test_a_transaction_cannot_read_what_is_gone(self, store: Backend):
        await put(store, b"a")
        await put(store, b"a")
        await store.compact(3)
        with pytest.raises(Compacted):
            await store.txn([], [Put(b"b", b""), Range(b"a", revision=2)])
        assert await keys(store) == [b"a"]


class LeaseContract:
    async def test_a_lease_has_what_it_was_granted(self, store: Backend):
        status = await store.grant(10, 7)
        assert (status.id, status.ttl, list(status.keys)) == (7, 10, [])
        chosen = await store.grant(20)
        assert chosen.id > 0
        assert list(await store.leases()) == sorted([7, chosen.id])

    async def test_an_id_can_be_taken_once(self, store: Backend):
        await store.grant(10, 7)
        with pytest.raises(LeaseExists):
            await store.grant(10, 7)

    async def test_a_revoked_lease_takes_its_keys_in_one_transaction(self, store: Backend):
        await store.grant(10, 7)
        await store.txn([], [Put(b"a", b"", 7), Put(b"b", b"", 7), Put(b"c", b"")])
        watch = store.watch(b"\0", ALL)
        assert await store.revoke(7) == 3
        assert brief((await anext(watch)).events) == [("DELETE", b"a", 3), ("DELETE", b"b", 3)]
        assert await keys(store) == [b"c"]
        assert list(await store.leases()) == []

    async def test_revoking_a_lease_without_keys_takes_no_revision(self, store: Backend):
        await store.grant(10, 7)
        assert await store.revoke(7) == 1

    async def test_a_key_hangs_on_the_lease_of_its_last_put(self, store: Backend):
        await store.grant(10, 7)
        await store.grant(10, 8)
        for key in (b"a", b"b", b"c"):
            await put(store, key, lease=7)
        await put(store, b"b", lease=8)
        await put(store, b"c")
        assert list((await store.lease(7)).keys) == [b"a"]
        await store.revoke(7)
        assert await keys(store) == [b"b", b"c"]
        await store.revoke(8)
        assert await keys(store) == [b"c"]

    async def test_a_deleted_key_hangs_on_nothing(self, store: Backend):
        await store.grant(10, 7)
        await put(store, b"a", lease=7)
        await delete(store, b"a")
        await put(store, b"a")
        await store.revoke(7)
        assert await keys(store) == [b"a"]

    async def test_a_lease_that_is_not_there_is_not_found(self, store: Backend):
        for asked in (store.revoke(9), store.keep_alive(9), store.lease(9), put(store, b"a", lease=9)):
            with pytest.raises(LeaseNotFound):
                await asked

    async def test_a_lease_ends_when_its_time_has_run_out(self, store: Backend, clock: VirtualClock):
        await store.grant(10, 7)
        await store.grant(30, 8)
        await put(store, b"a", lease=7)
        await put(store, b"b", lease=8)
        watch = store.watch(b"\0", ALL)
        await clock.advance(10)
        assert brief(await collect(watch, 1)) == [("DELETE", b"a", 4)]
        assert list(await store.leases()) == [8]
        assert await keys(store) == [b"b"]

    async def test_a_lease_that_is_kept_alive_stays(self, store: Backend, clock: VirtualClock):
        await store.grant(10, 7)
        await put(store, b"a", lease=7)
        for _ in range(5):
            await clock.advance(9)
            assert (await store.keep_alive(7)).remaining == 10
        assert (await store.lease(7)).ttl == 10
        assert await keys(store) == [b"a"]

    async def test_a_shorter_lease_that_comes_later_ends_first(self, store: Backend, clock: VirtualClock):
        await store.grant(100, 7)
        await clock.advance(1)
        await store.grant(5, 8)
        await clock.advance(5)
        watch = store.watch(b"\0", ALL, revision=1)
        await put(store, b"a", lease=7)
        await collect(watch, 1)
        with pytest.raises(LeaseNotFound):
            await store.lease(8)


class StoreContract(RangeContract, TxnContract, WatchContract, CompactionContract, LeaseContract):
    """All of it."""

    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock()
