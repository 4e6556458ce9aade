"""One object at a time in the store: read, create, replace if unchanged, remove if unchanged."""

from collections.abc import Sequence
from dataclasses import dataclass

from podvisor import store
from podvisor.apiserver import objects
from podvisor.apiserver.expiry import Expiry
from podvisor.apiserver.resource import Json, Resource
from podvisor.store.backend import Backend, Compare, Delete, KeyValue, Put, Range, RangeResult, prefix_end
from podvisor.types import status


@dataclass(frozen=True, slots=True)
class Beside:
    """Another object that is written in the same step: as it is now, and what it becomes."""

    old: KeyValue
    value: bytes


@dataclass(frozen=True, slots=True)
class Storage:
    """The objects of all resources."""

    backend: Backend
    expiry: Expiry | None = None
    """Ends what has a lifetime; None for those who only read."""

    async def find(self, resource: Resource, namespace: str, name: str) -> KeyValue | None:
        """An object, or None."""
        kvs = (await self.backend.range(objects.key(resource, namespace, name))).kvs
        return kvs[0] if kvs else None

    async def get(self, resource: Resource, namespace: str, name: str) -> KeyValue:
        """An object. Raises NotFound."""
        if (kv := await self.find(resource, namespace, name)) is None:
            raise status.NotFound(resource.subject(name))
        return kv

    async def all(self, resource: Resource, namespace: str = "") -> RangeResult:
        """The objects of a namespace or of the cluster."""
        prefix = objects.prefix(resource, namespace)
        return await self.backend.range(prefix, prefix_end(prefix))

    async def create(self, resource: Resource, item: Json, beside: Sequence[Beside] = ()) -> KeyValue | None:
        """Store a new object. Raises AlreadyExists; None, and nothing has happened, if one beside it has changed."""
        metadata = item["metadata"]
        key, value = objects.key(resource, metadata.get("namespace", ""), metadata["name"]), objects.encode(item)
        unchanged, also = _with(beside)
        put = Put(key, value, await self._lease(resource))
        result = await self.backend.txn(
            [Compare(key, "mod_revision", "=", 0), *unchanged], [put, *also], [Range(key, count_only=True)]
        )
        if result.succeeded:
            return KeyValue(key, value, result.revision, result.revision, 1)
        if isinstance(found := result.responses[0], RangeResult) and found.count:
            raise status.AlreadyExists(resource.subject(metadata["name"]))
        return None

    async def replace(
        self, resource: Resource, old: KeyValue, value: bytes, beside: Sequence[Beside] = ()
    ) -> KeyValue | None:
        """Store a new state; None, and nothing has happened, if the object, or one beside it, is not as it was."""
        unchanged, also = _with(beside)
        put = Put(old.key, value, await self._lease(resource))
        result = await self.backend.txn([_unchanged(old), *unchanged], [put, *also])
        if not result.succeeded:
            return None
        return KeyValue(old.key, value, old.create_revision, result.revision, old.version + 1)

    async def remove(self, old: KeyValue) -> int | None:
        """Delete the object; the revision, or None, and nothing has happened, if it is no longer as it was."""
        result = await self.backend.txn([_unchanged(old)], [Delete(old.key)])
        return result.revision if result.succeeded else None

    async def _lease(self, resource: Resource) -> int:
        return await self.expiry.lease(resource.lifetime) if self.expiry else 0


def _with(beside: Sequence[Beside]) -> tuple[list[Compare], list[Put]]:
    return [_unchanged(one.old) for one in beside], [Put(one.old.key, one.value) for one in beside]


def _unchanged(kv: KeyValue) -> Compare:
    return Compare(kv.key, "mod_revision", "=", kv.mod_revision)


def refusal(error: store.StoreError) -> status.ApiError:
    """What a client is told about a fault of the store."""
    match error:
        case store.Compacted():
            return status.Expired("The provided resource version is too old.")
        case store.NoSpace():
            return status.InsufficientStorage(
                f"{error}; nothing was changed and reads go on: make room on the disk of the data directory, or delete "
                "objects, and try again"
            )
        case store.Unavailable():
            return status.Unavailable(f"the store cannot be reached: {error}")
        case _:
            return status.InternalError(str(error))
