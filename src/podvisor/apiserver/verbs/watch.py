"""watch: every change of the selected objects, from a state on.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes and, for
`sendInitialEvents`, #streaming-lists. An event is encoded once for all watchers that see it in the same form.
"""

import math
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

import orjson
from multidict import CIMultiDict

from podvisor import store
from podvisor.apiserver import negotiation, selection, table, versions
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.selection import Selection
from podvisor.apiserver.server import Server
from podvisor.apiserver.state import State
from podvisor.apiserver.watching import Batch, Form, Watcher
from podvisor.apiserver.watching.changes import line
from podvisor.base.http import Answer, Stream
from podvisor.store.backend import RangeResult
from podvisor.types import field, status

_END_OF_STATE = '"annotations":{"k8s.io/initial-events-end":"true"},'
_PIECE = 200
"""Objects of the state that are sent at once."""


@dataclass(frozen=True, slots=True)
class Watching:
    """One watch: what it is about, and the form of its events."""

    server: Server
    call: Call
    chosen: Selection
    form: Form
    ends: float
    """When its time is up."""

    @property
    def wants_bookmarks(self) -> bool:
        return "allowWatchBookmarks" in self.call.query and self.call.flag("allowWatchBookmarks")


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Stream events until the client goes, the time is up, or history does not reach back far enough."""
    wanted = negotiation.reply(call.request.headers.get("Accept"))
    chosen = selection.of(call, resource)
    _check_initial(call, resource)
    start = versions.parse(call.query.get("resourceVersion") or "0")
    ends = server.clock.monotonic() + _time(server, call)
    form = Form(wanted.form, wanted.version, table.included(call.query) if wanted.form == "Table" else "")
    headers = CIMultiDict({"Content-Type": wanted.media_type, "Cache-Control": "no-cache, private"})
    return Answer(200, headers, Stream(_events(Watching(server, call, chosen, form, ends), start)))


async def _events(watching: Watching, start: int) -> AsyncGenerator[bytes]:
    """The events; an error becomes the last of them."""
    try:
        async with aclosing(_stream(watching, start)) as frames:
            async for frame in frames:
                yield frame
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


def _time(server: Server, call: Call) -> float:
    """Seconds that the watch lasts."""
    if seconds := call.number("timeoutSeconds"):
        return float(seconds)
    return server.settings.watch_timeout * (1 + random.random())


async def _stream(watching: Watching, revision: int) -> AsyncGenerator[bytes]:
    server, call, chosen = watching.server, watching.call, watching.chosen
    initial = call.flag("sendInitialEvents") if "sendInitialEvents" in call.query else revision == 0
    if initial:
        await versions.reached(server, revision)
        found = await server.storage.range(chosen.resource, chosen.start, chosen.end)
        revision = found.revision
        for frames in _state(watching, found):
            yield frames
    elif not revision:
        revision = await versions.current(server)
    watcher = await server.watches.watch(chosen, revision)
    try:
        async for frames in _follow(watching, watcher):
            yield frames
    finally:
        watcher.close()


def _state(watching: Watching, found: RangeResult) -> Iterator[bytes]:
    """The objects that are there as ADDED, in pieces."""
    chosen, now = watching.chosen, watching.server.clock.now()
    frames: list[bytes] = []
    for kv in found.kvs:
        state = State(chosen.resource, kv)
        if chosen.holds(state):
            frames.append(line("ADDED", watching.form.encode(state, kv.mod_revision, now)))
        if len(frames) == _PIECE:
            yield b"".join(frames)
            frames.clear()
    if "sendInitialEvents" in watching.call.query and watching.wants_bookmarks:
        frames.append(_bookmark(chosen.resource, found.revision, _END_OF_STATE))
    if frames:
        yield b"".join(frames)


async def _follow(watching: Watching, watcher: Watcher) -> AsyncGenerator[bytes]:
    """What happens; if the client wants bookmarks, one whenever an interval went by without an event for it."""
    clock = watching.server.clock
    interval = watching.server.settings.bookmark_interval if watching.wants_bookmarks else math.inf
    due = clock.monotonic() + interval
    while (now := clock.monotonic()) < watching.ends:
        try:
            # Around this wait alone: a client that reads slowly is not to be cancelled where it reads.
            async with clock.timeout(min(interval, watching.ends - now)):
                batch = await watcher.next()
        except TimeoutError:
            watcher.request_progress()
            continue
        if batch is None:
            return
        frames = _frames(watching, batch)
        if not frames and clock.monotonic() >= due:
            frames.append(_bookmark(watching.chosen.resource, batch.revision, ""))
        if frames:
            due = clock.monotonic() + interval
            yield frames[0] if len(frames) == 1 else b"".join(frames)


def _frames(watching: Watching, batch: Batch) -> list[bytes]:
    """What this watch shows of a batch."""
    chosen, form, now = watching.chosen, watching.form, watching.server.clock.now()
    return [frame for change in batch.changes if (frame := change.frame(chosen, form, now))]


def _bookmark(resource: Resource, revision: int, annotations: str) -> bytes:
    head = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'
    # The real server writes creationTimestamp as null here.
    metadata = f'"metadata":{{{annotations}"resourceVersion":"{revision}","creationTimestamp":null}}}}'
    return line("BOOKMARK", (head + metadata).encode())


def _error(error: Exception, start: int) -> bytes:
    match error:
        case store.Compacted():
            shown: Json = status.Expired(f"too old resource version: {start} ({error.revision - 1})").to_json()
        case status.ApiError():
            shown = error.to_json()
        case _:
            shown = status.InternalError(str(error)).to_json()
    return line("ERROR", orjson.dumps(shown))
