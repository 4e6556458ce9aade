"""list: many objects of one state of the store, in pages if the client wants.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from podvisor import store
from podvisor.apiserver import answers, negotiation, objects, selection, table, versions
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.selection import Selection
from podvisor.apiserver.server import Server
from podvisor.apiserver.state import State
from podvisor.base.http import Answer
from podvisor.store.backend import KeyValue
from podvisor.types import status

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
_BATCH = 500
"""Keys that are looked at in one step when a selector makes it unknown how many a page needs."""


@dataclass(frozen=True, slots=True)
class _Found:
    kvs: Sequence[KeyValue]
    revision: int
    more: str = ""
    remaining: int | None = None

    def metadata(self) -> Json:
        shown: Json = {"resourceVersion": str(self.revision)}
        if self.more:
            shown["continue"] = self.more
        if self.remaining is not None:
            shown["remainingItemCount"] = self.remaining
        return shown


class _ExpiredToken(status.Expired):
    """Carries the token with which a client may go on, inconsistently."""

    def __init__(self, token: str) -> None:
        super().__init__(_EXPIRED)
        self.token = token

    def to_json(self) -> Json:
        shown = super().to_json()
        shown["metadata"] = {"continue": self.token}
        return shown


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """The objects that the request selects."""
    wanted = negotiation.reply(call.request.headers.get("Accept"))
    chosen = selection.of(call, resource)
    found = await _find(server, call, chosen)
    return answers.many(wanted, _body(server, call, chosen, found, wanted))


async def _find(server: Server, call: Call, chosen: Selection) -> _Found:
    limit = max(call.number("limit") or 0, 0)
    page = await _page(server, call, chosen, limit)
    try:
        return await _collect(server, chosen, page, limit)
    except store.Compacted:
        if "continue" in call.query:
            raise _ExpiredToken(versions.Page(0, page.start).token()) from None
        raise status.Expired(f"The resourceVersion for the provided list is too old: {page.revision}") from None


async def _page(server: Server, call: Call, chosen: Selection, limit: int) -> versions.Page:
    """The state and the key that the list begins with."""
    token, text = call.query.get("continue", ""), call.query.get("resourceVersion", "")
    match = call.query.get("resourceVersionMatch", "")
    versions.check_match(match, text, token)
    if token:
        if text not in ("", "0"):
            raise status.BadRequest("specifying resource version is not allowed when using continue")
        return versions.from_token(token, chosen.start)
    revision = versions.parse(text) if text else 0
    await versions.reached(server, revision)
    exact = match == "Exact" or (not match and limit and revision)
    return versions.Page(revision if exact else 0, chosen.start)


async def _collect(server: Server, chosen: Selection, page: versions.Page, limit: int) -> _Found:
    """Read until `limit` objects are found or there are no more."""
    kvs: list[KeyValue] = []
    revision, start = page.revision, page.start
    while True:
        asked = 0 if not limit else (limit - len(kvs) if chosen.is_plain else _BATCH)
        result = await server.storage.range(chosen.resource, start, chosen.end, revision=revision, limit=asked)
        revision = revision or result.revision
        for index, kv in enumerate(result.kvs):
            if chosen.holds(State(chosen.resource, kv)):
                kvs.append(kv)
            if limit and len(kvs) == limit and (result.more or index + 1 < len(result.kvs)):
                remaining = result.count - index - 1 if chosen.is_plain else None
                return _Found(kvs, revision, versions.Page(revision, kv.key + b"\0").token(), remaining)
        if not result.more:
            return _Found(kvs, revision)
        start = result.kvs[-1].key + b"\0"


def _body(server: Server, call: Call, chosen: Selection, found: _Found, wanted: negotiation.Reply) -> bytes:
    resource = chosen.resource
    if wanted.form == "object":
        items = b",".join([objects.sent(resource, kv) for kv in found.kvs])
        kind = resource.list_kind or f"{resource.kind}List"
        head = f'{{"kind":"{kind}","apiVersion":"{resource.api_version}","metadata":'.encode()
        return b'%b%b,"items":[%b]}' % (head, orjson.dumps(found.metadata()), items)
    decoded = [objects.decode(resource, kv) for kv in found.kvs]
    if wanted.form == "Table":
        shown: Json = table.of(resource, decoded, server.clock.now(), call.query, wanted.version)
    else:
        shown = {"kind": "PartialObjectMetadataList", "apiVersion": f"meta.k8s.io/{wanted.version}"}
        shown["items"] = [answers.partial(item, wanted.version) for item in decoded]
    return orjson.dumps(shown | {"metadata": found.metadata()})
