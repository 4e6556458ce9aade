"""watch: every change of the selected objects, from a state on.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes and, for
`sendInitialEvents`, #streaming-lists. An event is encoded once for all watchers that see it in the same form.
"""

import contextlib
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import orjson
from multidict import CIMultiDict

from podvisor import store
from podvisor.apiserver import answers, negotiation, objects, selection, table, versions
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.selection import Selection
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer, Stream
from podvisor.store.backend import Event, EventKind, KeyValue, RangeResult, Watch, WatchBatch
from podvisor.types import field, status

Kind = Literal["ADDED", "MODIFIED", "DELETED"]
Encoder = Callable[[Kind, KeyValue, int], bytes]

_END_OF_STATE = '"annotations":{"k8s.io/initial-events-end":"true"},'


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Stream events until the client goes, the time is up, or history does not reach back far enough."""
    wanted = negotiation.reply(call.request.headers.get("Accept"))
    chosen = selection.of(call, resource)
    _check_initial(call, resource)
    start, seconds = versions.parse(call.query.get("resourceVersion") or "0"), _timeout(server, call)
    watching = Watching(server, call, chosen, _encoder(server, call, resource, wanted))
    headers = CIMultiDict({"Content-Type": wanted.media_type, "Cache-Control": "no-cache, private"})
    return Answer(200, headers, Stream(_until(watching, start, seconds)))


@dataclass(frozen=True, slots=True)
class Watching:
    """One watch: what it is about, and the form of its events."""

    server: Server
    call: Call
    chosen: Selection
    encode: Encoder


async def _until(watching: Watching, start: int, seconds: float) -> AsyncGenerator[bytes]:
    """The events until the time is up; an error becomes the last of them."""
    try:
        async with watching.server.clock.timeout(seconds), aclosing(_stream(watching, start)) as frames:
            async for frame in frames:
                yield frame
    except TimeoutError:
        pass
    except (status.ApiError, store.StoreError) as error:
        yield _error(error, start)


def _check_initial(call: Call, resource: Resource) -> None:
    """Raises Invalid for `sendInitialEvents` without what belongs to it."""
    match = call.query.get("resourceVersionMatch", "")
    errors: list[field.Error] = []
    if "sendInitialEvents" in call.query:
        if match != "NotOlderThan":
            path = "resourceVersionMatch"
            errors.append(
                field.forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
            )
    elif match:
        errors.append(
            field.forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            )
        )
    if errors:
        raise status.Invalid(status.Subject("meta.k8s.io", "ListOptions"), errors)


def _timeout(server: Server, call: Call) -> float:
    if seconds := call.number("timeoutSeconds"):
        return float(seconds)
    return server.settings.watch_timeout * (1 + random.random())


async def _stream(watching: Watching, revision: int) -> AsyncGenerator[bytes]:
    server, call, chosen = watching.server, watching.call, watching.chosen
    initial = call.flag("sendInitialEvents") if "sendInitialEvents" in call.query else revision == 0
    if initial:
        await versions.reached(server, revision)
        found = await server.storage.backend.range(chosen.start, chosen.end)
        revision = found.revision
        for frames in _state(watching, found):
            yield frames
    elif not revision:
        revision = await versions.current(server)
    watch = server.storage.backend.watch(chosen.start, chosen.end, revision=revision + 1)
    server.watches.add(watch)
    try:
        async for frames in _follow(watching, watch):
            yield frames
    finally:
        server.watches.discard(watch)
        watch.close()


def _state(watching: Watching, found: RangeResult) -> Iterator[bytes]:
    """The objects that are there as ADDED, in pieces."""
    call, chosen = watching.call, watching.chosen
    frames: list[bytes] = []
    for kv in found.kvs:
        if chosen.is_plain or chosen.holds(kv):
            frames.append(watching.encode("ADDED", kv, 0))
        if len(frames) == 200:
            yield b"".join(frames)
            frames.clear()
    if "sendInitialEvents" in call.query and call.flag("sendInitialEvents") and _wants_bookmarks(call):
        frames.append(_bookmark(chosen.resource, found.revision, _END_OF_STATE))
    if frames:
        yield b"".join(frames)


async def _follow(watching: Watching, watch: Watch) -> AsyncGenerator[bytes]:
    """What happens; if the client wants bookmarks, one whenever an interval went by without an event for it."""
    server, chosen = watching.server, watching.chosen
    interval = server.settings.bookmark_interval if _wants_bookmarks(watching.call) else None
    due = server.clock.monotonic() + (interval or 0)
    async for batch in _batches(server, watch, interval):
        frames = [frame for event in batch.events for frame in _frames(chosen, event, watching.encode)]
        if not frames and interval and server.clock.monotonic() >= due:
            frames.append(_bookmark(chosen.resource, batch.revision, ""))
        if frames:
            due = server.clock.monotonic() + (interval or 0)
            yield b"".join(frames)


def _wants_bookmarks(call: Call) -> bool:
    return "allowWatchBookmarks" in call.query and call.flag("allowWatchBookmarks")


async def _batches(server: Server, watch: Watch, interval: float | None) -> AsyncGenerator[WatchBatch]:
    """The batches of a watch, and after each quiet interval a progress mark."""
    while True:
        try:
            async with server.clock.timeout(interval) if interval else contextlib.nullcontext():
                batch = await anext(watch)
        except TimeoutError:
            watch.request_progress()
        except StopAsyncIteration:
            return
        else:
            yield batch


def _frames(chosen: Selection, event: Event, encode: Encoder) -> Iterator[bytes]:
    """What this watcher sees of an event: an object can also enter and leave its selection."""
    before, now = event.prev_kv, event.kv
    if event.kind is EventKind.DELETE:
        if before and (chosen.is_plain or chosen.holds(before)):
            yield encode("DELETED", before, now.mod_revision)
        return
    was = before is not None and (chosen.is_plain or chosen.holds(before))
    if chosen.is_plain or chosen.holds(now):
        yield encode("MODIFIED" if was else "ADDED", now, 0)
    elif was and before:
        yield encode("DELETED", before, now.mod_revision)


def _encoder(server: Server, call: Call, resource: Resource, wanted: negotiation.Reply) -> Encoder:
    """How this watcher gets its events."""
    if wanted.form == "object":
        return lambda kind, kv, revision: (
            _object_frame(resource.head, kind, kv, revision)
            if (resource.hooks.from_storage is None)
            else _frame(kind, objects.sent(resource, kv, revision))
        )

    def encode(kind: Kind, kv: KeyValue, revision: int) -> bytes:
        item = objects.decode(resource, kv)
        item["metadata"]["resourceVersion"] = str(revision or kv.mod_revision)
        if wanted.form == "Table":
            shown = table.of(resource, [item], server.clock.now(), call.query, wanted.version)
            shown["metadata"] = {"resourceVersion": item["metadata"]["resourceVersion"]}
        else:
            shown = answers.partial(item, wanted.version)
        return _frame(kind, orjson.dumps(shown))

    return encode


@lru_cache(maxsize=2048)
def _object_frame(head: bytes, kind: Kind, kv: KeyValue, revision: int) -> bytes:
    return _frame(kind, b'%b"resourceVersion":"%d",%b' % (head, revision or kv.mod_revision, kv.value[len(head) :]))


def _frame(kind: str, item: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), item)


def _bookmark(resource: Resource, revision: int, annotations: str) -> bytes:
    head = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'
    # The real server writes creationTimestamp as null here.
    metadata = f'"metadata":{{{annotations}"resourceVersion":"{revision}","creationTimestamp":null}}}}'
    return _frame("BOOKMARK", (head + metadata).encode())


def _error(error: Exception, start: int) -> bytes:
    match error:
        case store.Compacted():
            shown: Json = status.Expired(f"too old resource version: {start} ({error.revision - 1})").to_json()
        case status.ApiError():
            shown = error.to_json()
        case _:
            shown = status.InternalError(str(error)).to_json()
    return _frame("ERROR", orjson.dumps(shown))
