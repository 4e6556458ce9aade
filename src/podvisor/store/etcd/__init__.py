"""The store in a real etcd cluster, for several API servers. Needs the extra `etcd`.

Decides nothing that etcd decides: it says the contract's words in etcd's language (`translate`, `client`, `watching`).
Only the composition root opens it, and imports it only then. etcd 3.4 and later; progress marks are only as good as the
member's: 3.4.25 and 3.5.8 are the first to send none that overtakes an event.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.store.backend import ALL, Compare, LeaseStatus, Op, Range, RangeResult, TxnResult, Watch
from podvisor.store.errors import Compacted, FutureRevision, LeaseNotFound
from podvisor.store.etcd import rpc_pb2 as rpc
from podvisor.store.etcd import translate
from podvisor.store.etcd.client import Client, Refused, Settings, translated
from podvisor.store.etcd.watching import EtcdWatch

__all__ = ["EtcdStore", "Settings", "open"]


class EtcdStore:
    """A `Backend` over etcd. A write that ends in Unavailable may have happened."""

    def __init__(self, client: Client, clock: Clock, scope: tasks.Scope) -> None:
        self._client = client
        self._clock = clock
        self._scope = scope
        self._seen = 1

    async def range(
        self, start: bytes, end: bytes | None = None, *, revision: int = 0, limit: int = 0, count_only: bool = False
    ) -> RangeResult:
        wanted = translate.range_request(Range(start, end, revision, limit, count_only))
        try:
            found = await self._client.call("KV/Range", wanted, rpc.RangeResponse)
        except Refused as refused:
            raise await self._refusal(refused, revision) from refused
        self._see(found.header)
        return translate.range_result(found, found.header.revision)

    async def txn(self, compares: Sequence[Compare], success: Sequence[Op], failure: Sequence[Op] = ()) -> TxnResult:
        request = translate.txn_request(compares, success, failure)
        try:
            done = await self._client.call("KV/Txn", request, rpc.TxnResponse)
        except Refused as refused:
            revisions = [op.revision for op in [*success, *failure] if isinstance(op, Range)]
            raise await self._refusal(refused, max(revisions, default=0)) from refused
        self._see(done.header)
        return translate.txn_result(done)

    def watch(self, start: bytes, end: bytes | None = None, *, revision: int = 0) -> Watch:
        watch = EtcdWatch(self._client, self._clock, start, end, revision or self._seen + 1)
        self._scope.start(watch.run(), name="etcd watch")
        return watch

    async def compact(self, revision: int) -> None:
        try:
            request = rpc.CompactionRequest(revision=revision)
            self._see((await self._client.call("KV/Compact", request, rpc.CompactionResponse)).header)
        except Refused as refused:
            raise await self._refusal(refused, revision) from refused

    async def grant(self, ttl: int, lease: int = 0) -> LeaseStatus:
        request = rpc.LeaseGrantRequest(ttl=max(ttl, 1), id=lease)
        try:
            granted = await self._client.call("Lease/LeaseGrant", request, rpc.LeaseGrantResponse)
        except Refused as refused:
            raise translated(refused, lease=lease) from refused
        return LeaseStatus(granted.id, granted.ttl, granted.ttl, [])

    async def revoke(self, lease: int) -> int:
        try:
            revoked = await self._client.call("Lease/LeaseRevoke", rpc.LeaseRequest(id=lease), rpc.LeaseRevokeResponse)
        except Refused as refused:
            raise translated(refused, lease=lease) from refused
        self._see(revoked.header)
        return revoked.header.revision

    async def keep_alive(self, lease: int) -> LeaseStatus:
        request = rpc.LeaseRequest(id=lease)
        try:
            async for answer in self._client.stream("Lease/LeaseKeepAlive", _once(request), rpc.LeaseKeepAliveResponse):
                if answer.ttl <= 0:
                    break
                return await self.lease(lease)
        except Refused as refused:
            raise translated(refused, lease=lease) from refused
        raise LeaseNotFound(lease)

    async def lease(self, lease: int) -> LeaseStatus:
        request = rpc.LeaseRequest(id=lease, keys=True)
        try:
            found = await self._client.call("Lease/LeaseTimeToLive", request, rpc.LeaseTimeToLiveResponse)
        except Refused as refused:
            raise translated(refused, lease=lease) from refused
        if found.ttl < 0:
            raise LeaseNotFound(lease)
        return LeaseStatus(lease, found.granted_ttl, found.ttl, sorted(found.keys))

    async def leases(self) -> Sequence[int]:
        try:
            found = await self._client.call("Lease/LeaseLeases", rpc.LeaseRequest(), rpc.LeaseLeasesResponse)
        except Refused as refused:
            raise translated(refused) from refused
        return sorted(lease.id for lease in found.leases)

    def _see(self, header: rpc.Header) -> None:
        """Remember how far the store has got, for watches of what comes after."""
        self._seen = max(self._seen, header.revision)

    async def _refusal(self, refused: Refused, revision: int) -> Exception:
        """The store's word for a refusal, with the numbers that etcd leaves out."""
        error = translated(refused, revision=revision)
        if isinstance(error, FutureRevision):
            return FutureRevision(revision, (await self.range(b"\0", count_only=True)).revision)
        if isinstance(error, Compacted):
            return Compacted(await self._oldest())
        return error

    async def _oldest(self) -> int:
        """Where history begins: a watch from the beginning is told."""
        watch = EtcdWatch(self._client, self._clock, b"\0", ALL, 1)
        self._scope.start(watch.run(), name="etcd history")
        try:
            await anext(watch)
        except Compacted as compacted:
            return compacted.revision
        finally:
            watch.close()
        return 0


async def _once(request: rpc.LeaseRequest) -> AsyncIterator[rpc.LeaseRequest]:
    yield request


@asynccontextmanager
async def open(settings: Settings, *, clock: Clock) -> AsyncGenerator[EtcdStore]:
    """The store in an etcd cluster. Raises Unavailable if it cannot be reached."""
    client = Client(settings)
    try:
        async with tasks.background() as scope:
            store = EtcdStore(client, clock, scope)
            await store.range(b"\0", count_only=True)
            yield store
    finally:
        await client.close()
