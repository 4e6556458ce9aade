"""The leases that run, and which keys hang on them.

Pure data on the clock's monotonic time; ending a lease in the store is the writer's step (`draft.Draft.end_lease`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from podvisor.store.backend import KeyValue, LeaseStatus
from podvisor.store.errors import LeaseNotFound
from podvisor.store.history import Change


@dataclass(slots=True)
class _Lease:
    ttl: int
    deadline: float
    keys: set[bytes] = field(default_factory=set[bytes])


class Leases:
    """Leases by id, with the time at which each ends."""

    def __init__(self) -> None:
        self._leases: dict[int, _Lease] = {}

    def __contains__(self, lease: int) -> bool:
        return lease in self._leases

    def ids(self) -> Sequence[int]:
        """All leases, in order of their ids."""
        return sorted(self._leases)

    def keys(self, lease: int) -> Sequence[bytes]:
        """The keys attached to a lease, in order."""
        return sorted(self._leases[lease].keys)

    def add(self, lease: int, ttl: int, now: float) -> None:
        """A lease begins."""
        self._leases[lease] = _Lease(ttl, now + ttl)

    def remove(self, lease: int) -> None:
        """A lease has ended."""
        self._leases.pop(lease, None)

    def keep_alive(self, lease: int, now: float) -> None:
        """Start the time of a lease anew. Raises LeaseNotFound."""
        found = self._running(lease, now)
        found.deadline = now + found.ttl

    def status(self, lease: int, now: float) -> LeaseStatus:
        """A lease as it is now. Raises LeaseNotFound."""
        found = self._running(lease, now)
        return LeaseStatus(lease, found.ttl, found.deadline - now, self.keys(lease))

    def expired(self, now: float) -> Sequence[int]:
        """The leases whose time has run out, in order of their ids."""
        return sorted(lease for lease, found in self._leases.items() if found.deadline <= now)

    def next_deadline(self) -> float | None:
        """When the next lease ends, if any runs."""
        return min((found.deadline for found in self._leases.values()), default=None)

    def follow(self, changes: Iterable[Change]) -> None:
        """Attach and detach the keys that these changes touched."""
        for change in changes:
            event = change.event
            if event.prev_kv is not None and event.prev_kv.lease in self._leases:
                self._leases[event.prev_kv.lease].keys.discard(change.key)
            if event.kv.lease in self._leases:
                self._leases[event.kv.lease].keys.add(change.key)

    def attach(self, kvs: Iterable[KeyValue]) -> None:
        """Attach the keys that were there before."""
        for kv in kvs:
            if kv.lease in self._leases:
                self._leases[kv.lease].keys.add(kv.key)

    def _running(self, lease: int, now: float) -> _Lease:
        found = self._leases.get(lease)
        if found is None or found.deadline <= now:
            raise LeaseNotFound(lease)
        return found
