"""The contract of a store, whatever lies below it.

The model is etcd v3's (https://etcd.io/docs/v3.5/learning/api/): a flat space of byte keys in byte order, one
revision for the whole store, and every past state readable until it is compacted away.

What every backend guarantees:

- **One order.** The store starts at revision 1. Each transaction that changes something takes the next revision;
  all its changes carry that revision. A transaction that changes nothing (only reads, a failed comparison without
  `failure`, a delete that finds no key) takes none.
- **Durable before acknowledged.** When `txn`, `grant`, `revoke` or `compact` returns, its effect survives kill -9
  and power loss. What is not yet durable is not visible: no read or watch ever shows what a crash could take back.
- **Atomic.** Comparisons and operations of a transaction see one state, and all of its changes happen or none.
  A caller that is cancelled or loses the reply does not know which; everyone else still sees all or none.
- **Linearisable.** A read that starts after a write was acknowledged sees it.
- **Complete watches.** A watch delivers every change of its range from its start revision on, once, in order of
  revision and, within a transaction, in the order of its operations. A transaction is never split over two batches.
  A watcher that falls behind is never silently skipped ahead: it catches up from history, or ends with `Compacted`.
- **Compaction** at revision R makes every revision below R unreadable; R itself and all later ones stay.
- **Leases.** When a lease ends, by `revoke` or because nobody kept it alive, every key attached to it is deleted
  in one transaction. A key is attached to the lease of its last put, or to none. A restart gives each lease its
  whole time again, never less.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

ALL = b"\0"
"""As `end`: every key from `start` on."""


def prefix_end(prefix: bytes) -> bytes:
    """The `end` of the range that holds exactly the keys beginning with `prefix`."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else ALL


class KeyValue(Struct, frozen=True, gc=False):
    """A key as some revision left it."""

    key: bytes
    value: bytes
    create_revision: int
    """The revision that created this key (after its last deletion)."""
    mod_revision: int
    """The revision that last changed it."""
    version: int
    """1 when created, one more with each change. A DELETE event's `kv` has 0, and only a key and a mod_revision."""
    lease: int = 0
    """The lease it is attached to, or 0."""


class EventKind(Enum):
    """What happened to a key."""

    PUT = "PUT"
    DELETE = "DELETE"


class Event(Struct, frozen=True, gc=False):
    """One change of one key."""

    kind: EventKind
    kv: KeyValue
    prev_kv: KeyValue | None
    """The key as it was before; None if it did not exist or if that state has been compacted away."""


class WatchBatch(NamedTuple):
    """Changes of a watched range, in order. Whole transactions only."""

    revision: int
    """Everything up to this revision has now been delivered."""
    events: Sequence[Event]
    """Empty in a progress mark."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A condition on one key, as in `etcdserverpb.Compare`.

    A key that does not exist has create_revision, mod_revision, version and lease 0, and no value: any comparison
    of its value is false.
    """

    key: bytes
    target: Literal["mod_revision", "create_revision", "version", "lease", "value"]
    op: Literal["=", "!=", "<", ">"]
    operand: int | bytes
    """Bytes for a value, a number for everything else; anything else raises TypeError."""

    def __post_init__(self) -> None:
        if isinstance(self.operand, bytes) != (self.target == "value"):
            raise TypeError(f"{self.target} cannot be compared with {self.operand!r}")


@dataclass(frozen=True, slots=True)
class Range:
    """Read the keys from `start` up to, not including, `end`: the arguments of `Backend.range`."""

    start: bytes
    end: bytes | None = None
    revision: int = 0
    limit: int = 0
    count_only: bool = False


@dataclass(frozen=True, slots=True)
class Put:
    """Give `key` a value, attached to `lease` (0: to none)."""

    key: bytes
    value: bytes
    lease: int = 0


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete `start`, or every key from `start` up to, not including, `end`."""

    start: bytes
    end: bytes | None = None


Op: TypeAlias = Put | Delete | Range


@dataclass(frozen=True, slots=True)
class RangeResult:
    """What a range held."""

    revision: int
    """The store's revision at the time of the answer, not the one that was asked for."""
    kvs: Sequence[KeyValue]
    """In the order of their keys; empty with `count_only`."""
    count: int
    """How many keys the whole range holds, whatever the limit."""
    more: bool
    """Whether the limit cut the answer short."""


@dataclass(frozen=True, slots=True)
class PutResult:
    """A put that was done."""

    prev_kv: KeyValue | None


@dataclass(frozen=True, slots=True)
class DeleteResult:
    """A delete that was done; `prev_kvs` is empty if there was nothing to delete."""

    prev_kvs: Sequence[KeyValue]


OpResult: TypeAlias = PutResult | DeleteResult | RangeResult


@dataclass(frozen=True, slots=True)
class TxnResult:
    """What a transaction did."""

    succeeded: bool
    """Whether the comparisons held, and so `success` was done rather than `failure`."""
    revision: int
    """The store's revision after it: the one its changes carry, if it made any."""
    responses: Sequence[OpResult]
    """One for each operation of the branch that was done, in its order."""


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """A lease as it is now."""

    id: int
    ttl: int
    """Seconds it was granted for."""
    remaining: float
    """Seconds until it ends if nobody keeps it alive."""
    keys: Sequence[bytes]
    """The keys attached to it, in order."""


class Watch(Protocol):
    """A running watch: an iterator of batches, ended by `close` or by the end of the store.

    Raises `Compacted` once the next event it owes is no longer in the history: immediately if it asked for such
    a revision, later if its reader was too slow. The reader then reads the range anew and watches from there.
    Cancelling `anext` loses nothing.
    """

    def __aiter__(self) -> AsyncIterator[WatchBatch]: ...

    async def __anext__(self) -> WatchBatch: ...

    def request_progress(self) -> None:
        """Ask for a batch, empty if need be, that says how far this watch has got: at least the revision of now."""
        ...

    def close(self) -> None:
        """End the watch: a reader that waits gets StopAsyncIteration. Closing twice is allowed."""
        ...


class Backend(Protocol):
    """A store. See the head of this module for what all methods promise together."""

    async def range(
        self, start: bytes, end: bytes | None = None, *, revision: int = 0, limit: int = 0, count_only: bool = False
    ) -> RangeResult:
        """The keys from `start` up to, not including, `end`; only `start` itself without `end`.

        `revision` 0 is now, `limit` 0 is all. Raises Compacted or FutureRevision for a revision that cannot be read.
        """
        ...

    async def txn(self, compares: Sequence[Compare], success: Sequence[Op], failure: Sequence[Op] = ()) -> TxnResult:
        """If all `compares` hold do `success`, else `failure`, as one step.

        A Range inside sees the changes of the operations before it. Raises DuplicateKey if the branch would change
        a key twice, LeaseNotFound for a put on a lease that is not there, Compacted or FutureRevision as `range`,
        NoSpace if there is no room.
        """
        ...

    def watch(self, start: bytes, end: bytes | None = None, *, revision: int = 0) -> Watch:
        """Watch a range for changes of `revision` and later.

        0 means whatever comes after the newest revision that this backend has answered with. A revision in the
        future is allowed, as in etcd: nothing before it is delivered.
        """
        ...

    async def compact(self, revision: int) -> None:
        """Forget what only revisions before `revision` can see.

        Raises Compacted if that was done before, FutureRevision beyond the current revision. Returns as soon as
        the decision is durable; the space is given back step by step.
        """
        ...

    async def grant(self, ttl: int, lease: int = 0) -> LeaseStatus:
        """A new lease of `ttl` seconds (at least one), with the id `lease` or one of the store's own choosing.

        Raises LeaseExists.
        """
        ...

    async def revoke(self, lease: int) -> int:
        """End a lease and delete its keys in one transaction; the store's revision afterwards. Raises LeaseNotFound."""
        ...

    async def keep_alive(self, lease: int) -> LeaseStatus:
        """Start the time of a lease anew. Raises LeaseNotFound if it has ended."""
        ...

    async def lease(self, lease: int) -> LeaseStatus:
        """A lease as it is now. Raises LeaseNotFound."""
        ...

    async def leases(self) -> Sequence[int]:
        """The ids of all leases, in order."""
        ...
