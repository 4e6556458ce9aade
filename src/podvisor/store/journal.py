"""What keeps a store's batches: the contract of the durable side, and the bytes of one record.

A journal decides nothing about revisions, watches or leases. It is used by one thread at a time.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from podvisor.store.backend import KeyValue
from podvisor.store.history import Change

Place: TypeAlias = tuple[int, int]
"""Where a record lies: its revision, and its index in the transaction."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What becomes durable together, or not at all."""

    changes: Sequence[Change] = ()
    granted: Mapping[int, int] = field(default_factory=dict[int, int])
    """Leases that begin, with their seconds to live; applied after `ended`."""
    ended: Iterable[int] = ()
    compacted: int | None = None
    """The oldest revision that stays readable, if that changes."""
    garbage: Sequence[Place] = ()
    """Records that no readable revision needs."""
    grows: bool = True
    """Whether room that is set aside for deleting must not be used."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a journal holds when it is opened."""

    compacted: int
    leases: Mapping[int, int]
    records: Iterable[tuple[int, KeyValue]]
    """The index in its transaction, and what was left, of every record, in the order in which they were written.
    To be read once, before the first commit."""


class Journal(Protocol):
    """Where batches are kept."""

    def load(self) -> Contents:
        """Everything that was committed and is not garbage. Raises Damaged."""
        ...

    def commit(self, batch: Batch) -> None:
        """Keep a batch: when this returns it survives kill -9 and power loss, if it raises nothing of it was kept.

        Raises NoSpace where a smaller batch may still fit, Unavailable where nothing can be promised any more.
        """
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


_HEAD = struct.Struct(">QQqI")


def encode(kv: KeyValue) -> bytes:
    """The bytes of a record; its revision is in its place. Version 0 marks a deletion."""
    return _HEAD.pack(kv.create_revision, kv.version, kv.lease, len(kv.key)) + kv.key + kv.value


def decode(revision: int, record: bytes) -> KeyValue:
    """The inverse of `encode`. Raises ValueError for bytes that it cannot have written."""
    if len(record) < _HEAD.size:
        raise ValueError(f"the record of revision {revision} has {len(record)} bytes")
    created, version, lease, length = _HEAD.unpack_from(record)
    middle = _HEAD.size + length
    if len(record) < middle or created > revision:
        raise ValueError(f"the record of revision {revision} is not well formed")
    return KeyValue(record[_HEAD.size : middle], record[middle:], created, revision, version, lease)
