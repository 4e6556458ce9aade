"""What keeps a store's batches: the contract of the durable side, and the bytes of one record.

A journal decides nothing about revisions, watches or leases. It is used by one thread at a time.
"""

import struct
import zlib
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


_HEAD = struct.Struct(">IQQqI")
"""Checksum, create_revision, version, lease, length of the key."""
_SEALED = struct.Struct(">QIQQqI")
"""What the checksum is of, before key and value: the place, and the head without the checksum."""


def encode(place: Place, kv: KeyValue) -> bytes:
    """The bytes of a record; its revision is in its place. Version 0 marks a deletion.

    It begins with a CRC-32 of its place and of the rest, so that what was changed or moved is found when it is read.
    """
    head = (kv.create_revision, kv.version, kv.lease, len(kv.key))
    checksum = zlib.crc32(kv.value, zlib.crc32(kv.key, zlib.crc32(_SEALED.pack(*place, *head))))
    return b"".join((_HEAD.pack(checksum, *head), kv.key, kv.value))


def decode(place: Place, record: bytes) -> KeyValue:
    """The inverse of `encode`. Raises ValueError for bytes that it has not written at this place."""
    kv = _fields(place[0], record)
    if kv is None or encode(place, kv) != record:
        raise ValueError(f"revision {place[0]}{_legible(kv)} does not match its checksum")
    return kv


def decode_unchecked(place: Place, record: bytes) -> KeyValue:
    """A record of format 1, which had no checksum. Raises ValueError for bytes that cannot be one."""
    kv = _fields(place[0], b"\0\0\0\0" + record)
    if kv is None or not kv.key or kv.create_revision > place[0]:
        raise ValueError(f"revision {place[0]} is not well formed")
    return kv


def _fields(revision: int, record: bytes) -> KeyValue | None:
    """What a record says, whether or not that is true."""
    if len(record) < _HEAD.size:
        return None
    _, created, version, lease, length = _HEAD.unpack_from(record)
    middle = _HEAD.size + length
    if len(record) < middle:
        return None
    return KeyValue(record[_HEAD.size : middle], record[middle:], created, revision, version, lease)


def _legible(kv: KeyValue | None) -> str:
    """The key of a damaged record, where it can still be read as one."""
    return f" of {kv.key.decode()}" if kv and kv.key and len(kv.key) < 1024 and kv.key.isascii() else ""
