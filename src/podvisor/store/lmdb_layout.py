"""What lies where in the LMDB file, and the bytes of everything but the records.

`records` maps revision and index (big endian, so in order of writing) to a record (`journal.encode`), `leases` maps an
id to its seconds to live, `meta` holds the format and the state. LMDB has no checksums of its own: each value carries
one, and the state says how much of everything there must be and which transaction wrote it, so that a page that has
gone missing and an older root page that is taken for the newest are found as well.
"""

import struct
import zlib
from dataclasses import dataclass

from podvisor.store.journal import Place

FORMAT = b"podvisor store 2"
UNCHECKED = b"podvisor store 1"
"""The format before: records and leases without checksums, no state, `compacted` on its own."""

_PLACE = struct.Struct(">QI")
_NUMBER = struct.Struct(">q")
_STATE = struct.Struct(">QQQQQ")


@dataclass(frozen=True, slots=True)
class State:
    """What must be there, as the last transaction left it."""

    compacted: int
    """The oldest readable revision."""
    revision: int
    """That of the last record."""
    records: int
    leases: int
    transaction: int
    """LMDB's own number of the transaction that wrote this."""


def place(revision: int, index: int) -> bytes:
    """The key of a record."""
    return _PLACE.pack(revision, index)


def to_place(key: bytes) -> Place:
    """The inverse of `place`. Raises ValueError."""
    if len(key) != _PLACE.size:
        raise ValueError(f"a record lies at {key!r}, which is no place")
    revision, index = _PLACE.unpack(key)
    return revision, index


def number(value: int) -> bytes:
    """The key of a lease, and any number of format 1."""
    return _NUMBER.pack(value)


def to_number(data: bytes) -> int:
    """The inverse of `number`. Raises ValueError."""
    if len(data) != _NUMBER.size:
        raise ValueError(f"{data!r} is no number")
    return _NUMBER.unpack(data)[0]


def lease(key: bytes, ttl: int) -> bytes:
    """The value of a lease."""
    return _sealed(_NUMBER.pack(ttl), key)


def to_ttl(key: bytes, value: bytes) -> int:
    """The inverse of `lease`. Raises ValueError."""
    return to_number(_opened(value, key, f"the lease {key.hex()}"))


def state(value: State) -> bytes:
    """The bytes of the state."""
    fields = (value.compacted, value.revision, value.records, value.leases, value.transaction)
    return _sealed(_STATE.pack(*fields), b"state")


def to_state(data: bytes) -> State:
    """The inverse of `state`. Raises ValueError."""
    content = _opened(data, b"state", "the state")
    if len(content) != _STATE.size:
        raise ValueError("the state is not well formed")
    return State(*_STATE.unpack(content))


def _sealed(content: bytes, key: bytes) -> bytes:
    """`content` behind a CRC-32 of it and of the key that it lies at."""
    return zlib.crc32(content, zlib.crc32(key)).to_bytes(4) + content


def _opened(data: bytes, key: bytes, what: str) -> bytes:
    if data != _sealed(data[4:], key):
        raise ValueError(f"{what} does not match its checksum")
    return data[4:]
