"""One object at a time in the store: read, create, replace if unchanged, remove if unchanged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import orjson

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


class Conversion(Protocol):
    """Makes objects of one version those of another, where that takes a webhook."""

    async def convert(self, resource: Resource, items: Sequence[Json], wanted: str) -> Sequence[Json]:
        """The objects as of `wanted`, an apiVersion. Raises ApiError."""
        ...


class Converted(KeyValue, frozen=True, gc=False):
    """An object in the version that somebody asked for."""

    stored: bytes = b""
    """As it is stored."""


def stored(kv: KeyValue) -> bytes:
    """What the store holds."""
    return kv.stored if isinstance(kv, Converted) else kv.value


@dataclass(frozen=True, slots=True)
class Storage:
    """The objects of all resources, each in the version of the resource as which it is asked for."""

    backend: Backend
    expiry: Expiry | None = None
    """Ends what has a lifetime; None for those who only read."""
    conversion: Conversion | None = None
    """How webhooks are asked for other versions; None for those who read no custom resources."""

    async def find(self, resource: Resource, namespace: str, name: str) -> KeyValue | None:
        """An object, or None."""
        kvs = (await self.range(resource, objects.key(resource, namespace, name))).kvs
        return kvs[0] if kvs else None

    async def range(
        self, resource: Resource, start: bytes, end: bytes | None = None, *, revision: int = 0, limit: int = 0
    ) -> RangeResult:
        """The objects of a resource in a range of keys, as the store's own `range` has them."""
        found = await self.backend.range(start, end, revision=revision, limit=limit)
        if not resource.stored_as:
            return found
        return replace(found, kvs=await self.converted(resource, found.kvs))

    async def converted(self, resource: Resource, kvs: Sequence[KeyValue]) -> Sequence[KeyValue]:
        """Objects as they are stored, in the version of the resource: one review for all of them. Raises ApiError."""
        other = [kv for kv in kvs if resource.stored_as and not kv.value.startswith(resource.head)]
        if not other or self.conversion is None:
            return kvs
        items: list[Json] = [orjson.loads(kv.value) for kv in other]
        made = iter(await self.conversion.convert(resource, items, resource.api_version))
        return [kv if kv.value.startswith(resource.head) else _converted(kv, next(made)) for kv in kvs]

    async def to_storage(self, resource: Resource, item: Json) -> Json:
        """What is stored of an object. Raises ApiError."""
        if resource.stored_as and item["apiVersion"] != resource.stored_as and self.conversion is not None:
            # Nobody sends a resourceVersion that means nothing to whom it is sent.
            metadata = {name: value for name, value in item["metadata"].items() if name != "resourceVersion"}
            [item] = await self.conversion.convert(resource, [item | {"metadata": metadata}], resource.stored_as)
        return resource.hooks.to_storage(item) if resource.hooks.to_storage else item

    async def in_version(self, item: Json, source: Resource, target: Resource) -> Json:
        """An object as one of another resource that has the same objects. Raises ApiError."""
        if source is target:
            return item
        if target.stored_as and self.conversion is not None:
            [item] = await self.conversion.convert(target, [item], target.api_version)
            return target.hooks.from_storage(item) if target.hooks.from_storage else item
        return objects.converted(item, source, target)

    async def as_version(self, item: Json, source: Resource, version: str) -> Json:
        """What the webhook of `source` makes of an object of it, neither pruned nor defaulted. Raises ApiError."""
        if self.conversion is None:
            raise status.InternalError(f"{source.api_version} cannot be converted to {version}")
        [made] = await self.conversion.convert(source, [item], version)
        return made

    async def get(self, resource: Resource, namespace: str, name: str) -> KeyValue:
        """An object. Raises NotFound."""
        if (kv := await self.find(resource, namespace, name)) is None:
            raise status.NotFound(resource.subject(name))
        return kv

    async def all(self, resource: Resource, namespace: str = "") -> RangeResult:
        """The objects of a namespace or of the cluster."""
        prefix = objects.prefix(resource, namespace)
        return await self.range(resource, prefix, prefix_end(prefix))

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


def _converted(kv: KeyValue, item: Json) -> Converted:
    return Converted(
        kv.key, objects.encode(item), kv.create_revision, kv.mod_revision, kv.version, kv.lease, stored=kv.value
    )


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
