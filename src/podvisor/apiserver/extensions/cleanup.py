"""Removes the objects of a definition that is being deleted, and then lets it go.

As apiextensions-apiserver's `pkg/controller/finalizer/crd_finalizer.go`, except that it hears of the last object's end
and does not ask again and again.
"""

from datetime import datetime

import orjson

from podvisor.apiserver import cells, objects
from podvisor.apiserver.extensions import conditions, custom, definition
from podvisor.apiserver.extensions.definition import Condition, Definition
from podvisor.apiserver.kinds.apiextensions.customresourcedefinition import CLEANUP, RECORD
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.storage import Storage
from podvisor.base.clock import Clock
from podvisor.store.backend import KeyValue, prefix_end
from podvisor.store.errors import Compacted

_PROGRESS = Condition("Terminating", "True", "", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
_DONE = Condition("Terminating", "False", "", "InstanceDeletionCompleted", "removed all instances")
_NEVER = Condition("Terminating", "False", "", "NeverEstablished", "resource was never established")
AGAIN = 30.0
"""Seconds after which it looks again at what is left, whatever it has heard."""


async def run(storage: Storage, key: bytes, clock: Clock) -> None:
    """Remove what the definition at `key` has made, wait for what others have to finish first, and let it go."""
    while (found := await _read(storage, key)) is not None:
        kv, item, wanted = found
        if not wanted.deleting or CLEANUP not in wanted.metadata.finalizers:
            return
        resource = custom.of_storage(wanted)
        if wanted.holds("Established") and (left := await _sweep(storage, resource, clock.now())):
            if (there := wanted.condition("Terminating")) is None or there.reason != _PROGRESS.reason:
                conditions.put(item, _PROGRESS, clock.now())
                await storage.replace(RECORD, kv, orjson.dumps(item))
            await _wait(storage, resource, left, clock)
        elif await _let_go(storage, kv, item, wanted, clock.now()):
            return


async def _let_go(storage: Storage, kv: KeyValue, item: Json, wanted: Definition, now: datetime) -> bool:
    """Take our finalizer away, and with the last one the definition. False if it has changed meanwhile."""
    kept = [one for one in wanted.metadata.finalizers if one != CLEANUP]
    if not kept:
        return await storage.remove(kv) is not None
    item["metadata"]["finalizers"] = kept
    conditions.put(item, _DONE if wanted.holds("Established") else _NEVER, now)
    return await storage.replace(RECORD, kv, orjson.dumps(item)) is not None


async def _read(storage: Storage, key: bytes) -> tuple[KeyValue, Json, Definition] | None:
    if not (kvs := (await storage.backend.range(key)).kvs):
        return None
    return kvs[0], orjson.loads(kvs[0].value), definition.read(kvs[0].value)


async def _sweep(storage: Storage, resource: Resource, now: datetime) -> int:
    """Delete every object that nobody has to finish, and mark the others; 0 if none is left, else the revision."""
    found = await storage.all(resource)
    gone = [await _delete(storage, resource, kv, now) for kv in found.kvs]
    return 0 if all(gone) else found.revision


async def _delete(storage: Storage, resource: Resource, kv: KeyValue, now: datetime) -> bool:
    """Delete an object, or mark it if it has finalizers. True if it is gone; one that changes meanwhile is not."""
    item: Json = orjson.loads(kv.value)
    metadata = item["metadata"]
    if not metadata.get("finalizers"):
        return await storage.remove(kv) is not None
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = cells.timestamp(now)
        metadata["deletionGracePeriodSeconds"] = 0
        metadata["generation"] = metadata.get("generation", 0) + 1
        await storage.replace(resource, kv, objects.encode(item))
    return False


async def _wait(storage: Storage, resource: Resource, revision: int, clock: Clock) -> None:
    """Until an object has changed after `revision`, or a while has passed."""
    watch = storage.backend.watch(resource.key, prefix_end(resource.key), revision=revision + 1)
    try:
        async with clock.timeout(AGAIN):
            async for batch in watch:
                if batch.events:
                    return
    except (TimeoutError, Compacted):
        return
    finally:
        watch.close()
