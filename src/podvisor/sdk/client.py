"""Requests to the Kubernetes API, one method per verb, for any resource.

https://kubernetes.io/docs/reference/using-api/api-concepts/ is what each verb promises.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from podvisor.base.clock import Clock, SystemClock
from podvisor.sdk import codec, errors
from podvisor.sdk.codec import ObjectList
from podvisor.sdk.objects.meta import Object
from podvisor.sdk.resource import Key, Resource
from podvisor.sdk.transport import Request, Transport

T = TypeVar("T")

ATTEMPTS = 10
"""How often a request is made while the server answers "later" (429, or 5xx with Retry-After), as client-go does."""


class PatchType(Enum):
    """How a patch is written; the value is its media type."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a resource: all of them, unless something narrows it."""

    namespace: str = ""
    """Empty means every namespace."""
    labels: str = ""
    """A label selector, such as `app=web,tier!=cache`."""
    fields: str = ""
    """A field selector, such as `spec.nodeName=n1`."""

    def query(self) -> dict[str, str]:
        """Its share of the query string."""
        pairs = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete, and only if what is there is what the caller saw."""

    grace_period_seconds: int | None = None
    propagation_policy: str = ""
    """`Background`, `Foreground`, `Orphan`, or empty for the kind's default."""
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False

    def body(self) -> dict[str, Any]:
        """As the API takes it."""
        preconditions = {"uid": self.uid, "resourceVersion": self.resource_version}
        options = {
            "gracePeriodSeconds": self.grace_period_seconds,
            "propagationPolicy": self.propagation_policy or None,
            "preconditions": {name: value for name, value in preconditions.items() if value} or None,
            "dryRun": ["All"] if self.dry_run else None,
        }
        present = {name: value for name, value in options.items() if value is not None}
        return {"kind": "DeleteOptions", "apiVersion": "v1", **present}


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What changes for a create, an update or a patch."""

    subresource: str = ""
    dry_run: bool = False
    field_manager: str = ""
    patch_type: PatchType = PatchType.MERGE

    def query(self) -> dict[str, str]:
        """Its share of the query string."""
        pairs = {"dryRun": "All" if self.dry_run else "", "fieldManager": self.field_manager}
        return {name: value for name, value in pairs.items() if value}


EVERYTHING = Selection()
NOTHING: Mapping[str, str] = {}
PLAIN_DELETE = DeleteOptions()
PLAIN_WRITE = WriteOptions()
STATUS = WriteOptions(subresource="status")
"""Write the status, and nothing else."""


class WatchType(Enum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Everything up to this resource version has been delivered."""

    resource_version: str
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Changed:
    """An object was added, modified or deleted; for a deletion this is the object as it last was."""

    type: WatchType
    object: Any
    """Of the type that the resource is read as."""


class Client:
    """Speaks to one API server. Safe to use from many tasks of one event loop.

    Every method raises a subclass of `errors.ApiError` for a refusal and `errors.Unreachable` where no answer came.
    A cancelled write may or may not have been carried out.
    """

    def __init__(self, transport: Transport, *, clock: Clock | None = None) -> None:
        self._transport = transport
        self._clock = clock or SystemClock()

    async def close(self) -> None:
        """Give up the transport's connections."""
        await self._transport.close()

    async def get(self, resource: Resource[T], name: str, namespace: str = "", *, subresource: str = "") -> T:
        """One object."""
        body = await self._send(Request("GET", resource.path(namespace, name, subresource)))
        return codec.decode(body, resource.view)

    async def list(
        self, resource: Resource[T], selection: Selection = EVERYTHING, *, limit: int = 0, continue_: str = ""
    ) -> ObjectList[T]:
        """The objects of a selection, with the resource version of the state that they show; one page if limited."""
        query = selection.query()
        if limit:
            query["limit"] = str(limit)
        if continue_:
            query["continue"] = continue_
        body = await self._send(Request("GET", resource.path(selection.namespace), query))
        return codec.decode(body, ObjectList[resource.view])

    async def watch(
        self, resource: Resource[T], resource_version: str, selection: Selection = EVERYTHING, *, seconds: int = 0
    ) -> AsyncIterator[Changed | Bookmark]:
        """What happens to a selection after `resource_version`, until the server ends it.

        Raises `errors.Gone` where that version has been compacted. To follow for ever, use `reflect` or an `Informer`.
        """
        query = selection.query() | {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
        }
        if seconds:
            query["timeoutSeconds"] = str(seconds)
        request = Request("GET", resource.path(selection.namespace), query, streaming=True)
        async with self._transport.open(request) as reply:
            if reply.status != 200:
                raise errors.from_reply(reply.status, await reply.read())
            async for line in reply.lines():
                yield _watched(line, resource)

    async def create(
        self,
        resource: Resource[T],
        thing: object,
        namespace: str = "",
        *,
        name: str = "",
        options: WriteOptions = PLAIN_WRITE,
    ) -> T:
        """Create an object; or, with `name` and a subresource, post to it (a pod's `binding` or `eviction`).

        A subresource's answer is a Status and not the object: read the resource as `raw` there.
        """
        path = resource.path(namespace, name, options.subresource)
        return codec.decode(await self._write("POST", path, thing, options), resource.view)

    async def update(self, resource: Resource[T], thing: object, key: Key, options: WriteOptions = PLAIN_WRITE) -> T:
        """Replace an object; its resourceVersion, if it has one, must still be current."""
        path = resource.path(key.namespace, key.name, options.subresource)
        return codec.decode(await self._write("PUT", path, thing, options), resource.view)

    async def patch(self, resource: Resource[T], key: Key, patch: object, options: WriteOptions = PLAIN_WRITE) -> T:
        """Change parts of an object. A `resourceVersion` or `uid` in the patch's metadata is a precondition."""
        path = resource.path(key.namespace, key.name, options.subresource)
        return codec.decode(
            await self._write("PATCH", path, patch, options, media_type=options.patch_type.value), resource.view
        )

    async def delete(self, resource: Resource[Any], key: Key, options: DeleteOptions = PLAIN_DELETE) -> None:
        """Ask for an object's deletion. Finalizers and grace periods may keep it for a while."""
        await self._delete(resource.path(key.namespace, key.name), options, {})

    async def delete_collection(
        self, resource: Resource[Any], selection: Selection, options: DeleteOptions = PLAIN_DELETE
    ) -> None:
        """Ask for the deletion of every object of a selection."""
        await self._delete(resource.path(selection.namespace), options, selection.query())

    async def read(self, path: str, query: Mapping[str, str] = NOTHING, accept: str = "application/json") -> bytes:
        """GET a path whose answer is no object: discovery, `/version`, `/healthz`, a pod's `log`."""
        return await self._send(Request("GET", path, query, headers={"Accept": accept}))

    async def _delete(self, path: str, options: DeleteOptions, query: dict[str, str]) -> None:
        headers = {"Content-Type": "application/json"}
        await self._send(Request("DELETE", path, query, headers, codec.encode(options.body())))

    async def _write(
        self, method: str, path: str, thing: object, options: WriteOptions, media_type: str = "application/json"
    ) -> bytes:
        headers = {"Content-Type": media_type}
        return await self._send(Request(method, path, options.query(), headers, codec.encode(thing)))

    async def _send(self, request: Request) -> bytes:
        attempt = 1
        while True:
            async with self._transport.open(request) as reply:
                body = await reply.read()
            if 200 <= reply.status < 300:
                return body
            later = reply.headers.get("Retry-After", "")
            if attempt == ATTEMPTS or not later.isdecimal() or not (reply.status == 429 or reply.status >= 500):
                raise errors.from_reply(reply.status, body)
            attempt += 1
            await self._clock.sleep(int(later))


def _watched(line: bytes, resource: Resource[Any]) -> Changed | Bookmark:
    frame = codec.decode(line, codec.Frame)
    if frame.type == "ERROR":
        raise errors.from_status(codec.decode(frame.object, errors.Status))
    if frame.type == "BOOKMARK":
        meta = codec.decode(frame.object, Object).metadata
        return Bookmark(meta.resource_version, meta.annotations)
    return Changed(WatchType(frame.type), codec.decode(frame.object, resource.view))
