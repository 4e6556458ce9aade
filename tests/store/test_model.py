"""Any sequence of operations, against a model so simple that it is obviously right."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podvisor.store import Compacted, DuplicateKey, FutureRevision, embedded
from podvisor.store.backend import ALL, Backend, Compare, Delete, EventKind, KeyValue, Put
from podvisor.store.retention import Retention
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal
from podvisor.testing.store_contract import collect

KEYS = [b"a", b"aa", b"ab", b"b", b"c"]
KEEP_ALL = Retention(seconds=1e9, bytes=1 << 40)


@dataclass(frozen=True)
class Txn:
    """A transaction that depends on the version of one key."""

    key: bytes
    version: int
    success: Sequence[Put | Delete]
    failure: Sequence[Put | Delete]


@dataclass(frozen=True)
class Compact:
    """Compaction some revisions back, and perhaps time for the sweep that follows."""

    back: int
    swept: bool


@dataclass(frozen=True)
class Reopen:
    """A restart."""


Step: TypeAlias = Txn | Compact | Reopen


@dataclass
class Model:
    """Every state there ever was, whole."""

    states: list[dict[bytes, KeyValue]] = field(default_factory=lambda: [{}, {}])
    changes: list[tuple[EventKind, bytes, int]] = field(default_factory=list[tuple[EventKind, bytes, int]])
    compacted: int = 0

    @property
    def revision(self) -> int:
        return len(self.states) - 1

    def txn(self, step: Txn) -> bool:
        """Do a transaction; whether its comparison held."""
        now = self.states[-1]
        succeeded = (now[step.key].version if step.key in now else 0) == step.version
        after, changed = dict(now), False
        for op in step.success if succeeded else step.failure:
            changed |= self._put(after, op) if isinstance(op, Put) else self._delete(after, op)
        if changed:
            self.states.append(after)
        return succeeded

    def _put(self, state: dict[bytes, KeyValue], op: Put) -> bool:
        revision, old = self.revision + 1, state.get(op.key)
        created, version = (old.create_revision, old.version) if old else (revision, 0)
        state[op.key] = KeyValue(op.key, op.value, created, revision, version + 1)
        self.changes.append((EventKind.PUT, op.key, revision))
        return True

    def _delete(self, state: dict[bytes, KeyValue], op: Delete) -> bool:
        end = op.start + b"\0" if op.end is None else op.end
        gone = sorted(key for key in state if op.start <= key and (end == ALL or key < end))
        for key in gone:
            del state[key]
            self.changes.append((EventKind.DELETE, key, self.revision + 1))
        return bool(gone)


async def agrees(store: Backend, model: Model) -> None:
    """Fail unless the store says what the model says about every readable revision."""
    for revision in range(max(model.compacted, 1), model.revision + 1):
        found = await store.range(b"\0", ALL, revision=revision)
        assert found.revision == model.revision
        assert {kv.key: kv for kv in found.kvs} == model.states[revision]
        assert [kv.key for kv in found.kvs] == sorted(model.states[revision])
    wanted = [change for change in model.changes if change[2] >= model.compacted]
    watch = store.watch(b"\0", ALL, revision=max(model.compacted, 1))
    events = await collect(watch, len(wanted))
    assert [(event.kind, event.kv.key, event.kv.mod_revision) for event in events] == wanted
    for event in events:
        before = model.states[event.kv.mod_revision - 1].get(event.kv.key)
        assert event.prev_kv == before or (event.prev_kv is None and event.kv.mod_revision == model.compacted)


async def do(store: Backend, model: Model, step: Txn | Compact) -> None:
    """Do a step in both, and compare what they answer."""
    if isinstance(step, Compact):
        await compact(store, model, model.revision - step.back)
        if step.swept:
            for _ in range(3):
                await store.grant(1000)
        return
    try:
        result = await store.txn([Compare(step.key, "version", "=", step.version)], step.success, step.failure)
    except DuplicateKey:
        return
    assert result.succeeded is model.txn(step)
    assert result.revision == model.revision


async def compact(store: Backend, model: Model, revision: int) -> None:
    """Compact both."""
    if revision <= model.compacted:
        with pytest.raises(Compacted):
            await store.compact(revision)
    else:
        await store.compact(revision)
        model.compacted = revision


async def play(steps: Sequence[Step]) -> None:
    """Do all steps, restarting where they say so."""
    journal, model, rest = MemoryJournal(), Model(), [*steps, Reopen(), Reopen()]
    while rest:
        async with embedded.running(journal, clock=VirtualClock(), retention=KEEP_ALL) as store:
            while not isinstance(step := rest.pop(0), Reopen):
                await do(store, model, step)
            await agrees(store, model)


keys = st.sampled_from(KEYS)
puts = st.builds(Put, keys, st.binary(max_size=3))
deletes = st.builds(Delete, keys, st.one_of(st.none(), st.just(ALL), keys))
branches = st.lists(st.one_of(puts, puts, deletes), max_size=4)
txns = st.builds(Txn, keys, st.integers(0, 3), branches, branches)
compactions = st.builds(Compact, st.integers(0, 4), st.booleans())
steps = st.one_of(txns, txns, compactions, st.just(Reopen()))


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=30))
def test_the_store_does_what_the_model_does(steps: list[Step]):
    asyncio.run(play(steps))


@settings(max_examples=100, deadline=None)
@given(st.lists(txns, max_size=20), st.integers(1, 5))
def test_a_concurrent_batch_is_the_same_as_one_transaction_after_the_other(steps: list[Txn], width: int):
    async def main() -> None:
        model = Model()
        async with embedded.running(MemoryJournal(), clock=VirtualClock(), retention=KEEP_ALL) as store:
            for start in range(0, len(steps), width):
                await asyncio.gather(*(do(store, model, step) for step in steps[start : start + width]))
            await agrees(store, model)
            with pytest.raises(FutureRevision):
                await store.range(b"a", revision=model.revision + 1)

    asyncio.run(main())
