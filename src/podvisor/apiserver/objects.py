"""Objects as the store holds them: JSON bytes that lack only the resourceVersion.

Kubernetes' resourceVersion is the revision of the write, so it cannot be part of what is written. It is spliced in
behind the fixed head `{"kind":...,"apiVersion":...,"metadata":{` on the way out; nothing is decoded for that.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import msgspec
import orjson

from podvisor.apiserver.resource import Json, Resource
from podvisor.store.backend import KeyValue


class _Meta(msgspec.Struct, gc=False):
    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}


class _Outline(msgspec.Struct, gc=False):
    metadata: _Meta


_outline = msgspec.json.Decoder(_Outline)


def key(resource: Resource, namespace: str, name: str) -> bytes:
    """Where an object is stored."""
    return resource.key + (f"{namespace}/{name}" if resource.namespaced else name).encode()


def prefix(resource: Resource, namespace: str) -> bytes:
    """Where the objects of a namespace, or of all, are stored."""
    return resource.key + (f"{namespace}/".encode() if resource.namespaced and namespace else b"")


def encode(item: Json) -> bytes:
    """What the store holds for `item`. Its own resourceVersion is left out."""
    kept = content(item)
    return orjson.dumps({"kind": item["kind"], "apiVersion": item["apiVersion"], "metadata": kept["metadata"]} | kept)


def decode(resource: Resource, kv: KeyValue) -> Json:
    """The object in a key, with its resourceVersion; what was never stored has none."""
    item = cast("Json", orjson.loads(kv.value))
    if kv.mod_revision:
        item["metadata"]["resourceVersion"] = str(kv.mod_revision)
    return resource.hooks.from_storage(item) if resource.hooks.from_storage else item


def sent(resource: Resource, kv: KeyValue, revision: int = 0) -> bytes:
    """The object in a key as clients get it, with `revision` in place of its own if that is given."""
    revision = revision or kv.mod_revision
    if not resource.is_sent_as_stored(kv.value):
        item = decode(resource, kv)
        if revision:
            item["metadata"]["resourceVersion"] = str(revision)
        return orjson.dumps(item)
    if not revision:
        return kv.value
    place = len(resource.head)
    return b'%b"resourceVersion":"%d",%b' % (resource.head, revision, kv.value[place:])


def labels(kv: KeyValue) -> dict[str, str]:
    """The labels of the object in a key; nothing else of it is decoded."""
    return _outline.decode(kv.value).metadata.labels


def converted(item: Json, source: Resource, target: Resource) -> Json:
    """The object in another version of its resource."""
    if source is target:
        return item
    stored = source.hooks.to_storage(item) if source.hooks.to_storage else item
    result = target.hooks.from_storage(stored) if target.hooks.from_storage else dict(stored)
    return result | {"apiVersion": target.api_version, "kind": target.kind}


def content(item: Json) -> Json:
    """All of an object that is stored."""
    metadata = {name: value for name, value in item["metadata"].items() if name != "resourceVersion"}
    return item | {"metadata": metadata}


def dig(item: Any, *path: str) -> Any:
    """The value at `path`, or None where something on the way is missing."""
    for name in path:
        if not isinstance(item, dict):
            return None
        item = cast("Json", item).get(name)
    return item


Reader: TypeAlias = Callable[[Json], str]


def text(*path: str) -> Reader:
    """A function that reads the value at `path` as text, '' if it is missing: a selectable field."""
    return lambda item: _text(dig(item, *path))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
