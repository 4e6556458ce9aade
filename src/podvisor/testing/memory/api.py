"""Requests to the API in memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from podvisor.base.clock import Clock, SystemClock
from podvisor.sdk.client import PatchType
from podvisor.sdk.objects.meta import seconds
from podvisor.sdk.resource import Key, Resource
from podvisor.sdk.transport import Reply, Request
from podvisor.testing.memory import objects, selection, status
from podvisor.testing.memory.kinds import BUILT_IN, VERBS, Kind
from podvisor.testing.memory.objects import Object
from podvisor.testing.memory.status import Refused
from podvisor.testing.memory.store import Change, Compacted, Store
from podvisor.types import selectors


@dataclass(frozen=True, slots=True)
class _Target:
    """What a path names."""

    kind: Kind
    key: Key
    subresource: str

    @property
    def resource(self) -> str:
        return str(self.kind.resource)


@dataclass(slots=True)
class _MemoryReply:
    status: int
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    async def read(self) -> bytes:
        return self.body

    async def lines(self) -> AsyncIterator[bytes]:
        if self.stream is not None:
            async for line in self.stream:
                yield line


class MemoryApi:
    """A transport that answers for itself. Namespaces `default` and `kube-system` are there from the start."""

    def __init__(self, clock: Clock | None = None, kinds: Iterable[Kind] = BUILT_IN) -> None:
        self.store = Store()
        self.intercept: Callable[[Request], None] = lambda request: None
        """Called before each request; a `Refused` that it raises is answered, anything else ends the request."""
        self.deliver: Callable[[Request], None] = lambda request: None
        """Called once a request has been carried out; what it raises takes the place of the answer."""
        self._clock = clock or SystemClock()
        self._kinds = {(kind.resource.group, kind.resource.version, kind.resource.plural): kind for kind in kinds}
        for name in ("default", "kube-system", "kube-node-lease"):
            self.add(self._kinds["", "v1", "namespaces"].resource, {"metadata": {"name": name}})

    def add(self, resource: Resource[Any], thing: Object) -> Object:
        """Put an object there as it is, status included, as if it had been created and written to before."""
        kind = self._kinds[resource.group, resource.version, resource.plural]
        namespace = thing.get("metadata", {}).get("namespace", "default")
        whole = objects.prepared(kind, {**orjson.loads(orjson.dumps(thing))}, namespace, self._clock.now())
        if "status" in thing:
            whole["status"] = thing["status"]
        return self.store.put(str(resource), _key_of(kind, whole), whole)

    def everything(self, resource: Resource[Any], namespace: str = "") -> list[Object]:
        """Copies of what is there."""
        return [thing for _, thing in self.store.list(str(resource), namespace)]

    async def close(self) -> None:
        self.store.interrupt()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Reply]:
        try:
            self.intercept(request)
            reply = self._answer(request)
        except Refused as refused:
            reply = _MemoryReply(refused.code, refused.body)
        self.deliver(request)
        yield reply

    def _answer(self, request: Request) -> _MemoryReply:
        parts = [part for part in request.path.split("/") if part]
        if (found := self._discovery(parts)) is not None:
            return _MemoryReply(200, orjson.dumps(found))
        target = self._target(parts)
        body: Object = orjson.loads(request.body) if request.body else {}
        match request.method, bool(target.key.name):
            case "GET", False if request.query.get("watch") == "true":
                return _MemoryReply(200, stream=self._watch(target, request.query))
            case "GET", False:
                return _json(self._list(target, request.query))
            case "GET", True:
                return _json(self._get(target))
            case "POST", _:
                return self._post(target, body)
            case "PUT", True:
                return _json(self._write(target, lambda current: body))
            case "PATCH", True:
                return _json(self._patch(target, body, request.headers.get("Content-Type", "")))
            case "DELETE", True:
                return _json(self._delete(target, body))
            case "DELETE", False:
                for key, _ in self._selected(target, request.query):
                    self._delete(_Target(target.kind, key, ""), body)
                return _json({"kind": "Status", "apiVersion": "v1", "status": "Success"})
            case _:
                raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", f"no {request.method} here")

    def _discovery(self, parts: list[str]) -> Object | None:
        match parts:
            case ["apis"]:
                groups = sorted({(group, version) for group, version, _ in self._kinds if group})
                listed = [{"name": group, "versions": [{"version": version}]} for group, version in groups]
                return {"kind": "APIGroupList", "groups": listed}
            case ["api", "v1"]:
                return self._resources("", "v1")
            case ["apis", group, version] if any(known[:2] == (group, version) for known in self._kinds):
                return self._resources(group, version)
            case _:
                return None

    def _resources(self, group: str, version: str) -> Object:
        found = [
            {
                "name": kind.resource.plural,
                "kind": kind.resource.kind,
                "namespaced": kind.resource.namespaced,
                "verbs": [verb for verb in VERBS if verb != "deletecollection" or kind.resource.plural != "namespaces"],
            }
            for kind in self._kinds.values()
            if (kind.resource.group, kind.resource.version) == (group, version)
        ]
        return {"kind": "APIResourceList", "resources": found}

    def _target(self, parts: list[str]) -> _Target:
        group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
        namespace = ""
        if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in ("status", "finalize"):
            namespace, rest = rest[1], rest[2:]
        plural, name, subresource = [*rest, "", "", ""][:3]
        kind = self._kinds.get((group, version, plural))
        if kind is None or (subresource and subresource not in kind.subresources):
            raise Refused(HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource")
        return _Target(kind, Key(namespace, name), subresource)

    def _get(self, target: _Target) -> Object:
        if (thing := self.store.get(target.resource, target.key)) is None:
            raise status.not_found(target.kind, target.key.name)
        return _scale(target.kind, thing) if target.subresource == "scale" else thing

    def _selected(self, target: _Target, query: Mapping[str, str]) -> list[tuple[Key, Object]]:
        matches = selection.predicate(query.get("labelSelector", ""), query.get("fieldSelector", ""))
        listed = self.store.list(target.resource, target.key.namespace)
        return [(key, thing) for key, thing in listed if matches(thing)]

    def _list(self, target: _Target, query: Mapping[str, str]) -> Object:
        found = self._selected(target, query)
        limit = int(query.get("limit", 0)) or len(found)
        first = int(query.get("continue", 0))
        meta: Object = {"resourceVersion": str(self.store.version)}
        if first + limit < len(found):
            meta |= {"continue": str(first + limit), "remainingItemCount": len(found) - first - limit}
        items = [_without_kind(thing) for _, thing in found[first : first + limit]]
        resource = target.kind.resource
        return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta, "items": items}

    async def _watch(self, target: _Target, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        matches = selection.predicate(query.get("labelSelector", ""), query.get("fieldSelector", ""))
        since = int(query.get("resourceVersion") or self.store.version)
        try:
            async for change in self.store.changes(target.resource, since):
                if isinstance(change, int):
                    yield _bookmark(target.kind, change)
                elif (
                    target.key.namespace in ("", change.key.namespace) and (line := _line(change, matches)) is not None
                ):
                    yield line
        except Compacted:
            yield orjson.dumps({"type": "ERROR", "object": orjson.loads(status.expired().body)})

    def _post(self, target: _Target, body: Object) -> _MemoryReply:
        match target.subresource:
            case "binding":
                self._bind(target, body)
            case "eviction":
                self._delete(_Target(target.kind, target.key, ""), body.get("deleteOptions") or {})
            case _:
                return _json(self._create(target, body), HTTPStatus.CREATED)
        return _MemoryReply(HTTPStatus.CREATED, status.status(201, "", ""))

    def _create(self, target: _Target, body: Object) -> Object:
        self._check_namespace(target)
        thing = objects.prepared(target.kind, body, target.key.namespace, self._clock.now())
        key = _key_of(target.kind, thing)
        if not key.name:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", "metadata.name: Required value")
        if self.store.get(target.resource, key) is not None:
            raise status.already_exists(target.kind, key.name)
        return self.store.put(target.resource, key, thing)

    def _check_namespace(self, target: _Target) -> None:
        if not target.kind.resource.namespaced:
            return
        name = target.key.namespace
        if (namespace := self.store.get("namespaces", Key("", name))) is None:
            raise status.not_found(self._kinds["", "v1", "namespaces"], name)
        if "deletionTimestamp" in namespace["metadata"]:
            cause = {"reason": "NamespaceTerminating", "message": f"namespace {name} is being terminated"}
            message = f"unable to create new content in namespace {name} because it is being terminated"
            raise Refused(HTTPStatus.FORBIDDEN, "Forbidden", message, {"causes": [cause]})

    def _patch(self, target: _Target, patch: Object, media_type: str) -> Object:
        if media_type != PatchType.MERGE.value:
            message = f"the API in memory takes merge patches only, not {media_type}"
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
        return self._write(target, lambda current: objects.merged(current, patch))

    def _write(self, target: _Target, change: objects.Edit) -> Object:
        current = self._get(_Target(target.kind, target.key, ""))
        view = _scale(target.kind, current) if target.subresource == "scale" else current
        wanted = change(orjson.loads(orjson.dumps(view)))
        self._check_preconditions(target, current, wanted.get("metadata") or {})
        if target.subresource == "scale":
            wanted = {**current, "spec": {**current["spec"], "replicas": wanted["spec"]["replicas"]}}
        written = objects.updated(target.kind, current, _named(current, wanted), target.subresource)
        written = self.store.put(target.resource, target.key, written)
        if objects.removable(target.kind, written):
            self.store.remove(target.resource, target.key)
        return _scale(target.kind, written) if target.subresource == "scale" else written

    def _check_preconditions(self, target: _Target, current: Object, wanted: Mapping[str, Any]) -> None:
        for name in ("uid", "resourceVersion"):
            if wanted.get(name) and wanted[name] != current["metadata"][name]:
                raise status.conflict(target.kind, target.key.name, f"the object has been modified ({name} differs)")

    def _delete(self, target: _Target, options: Object) -> Object:
        current = self._get(target)
        self._check_preconditions(target, current, options.get("preconditions") or {})
        thing = objects.marked(target.kind, current, options, self._clock.now())
        if objects.removable(target.kind, thing):
            self.store.remove(target.resource, target.key)
        else:
            self.store.put(target.resource, target.key, thing)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _bind(self, target: _Target, body: Object) -> None:
        pod = self._get(_Target(target.kind, target.key, ""))
        if pod["spec"].get("nodeName"):
            message = f"pod {target.key.name} is already assigned to node {pod['spec']['nodeName']!r}"
            raise status.conflict(target.kind, target.key.name, message)
        pod["spec"]["nodeName"] = body["target"]["name"]
        others = [one for one in pod["status"].get("conditions", []) if one["type"] != "PodScheduled"]
        now = seconds(self._clock.now())
        pod["status"]["conditions"] = [*others, {"type": "PodScheduled", "status": "True", "lastTransitionTime": now}]
        self.store.put(target.resource, target.key, pod)


def _json(thing: Object, code: int = 200) -> _MemoryReply:
    return _MemoryReply(code, orjson.dumps(thing))


def _key_of(kind: Kind, thing: Object) -> Key:
    namespace = thing["metadata"].get("namespace", "") if kind.resource.namespaced else ""
    return Key(namespace, thing["metadata"].get("name", ""))


def _named(current: Object, wanted: Object) -> Object:
    """`wanted` with what names the object, which a replacement may leave out."""
    meta = {**wanted.get("metadata", {}), "resourceVersion": current["metadata"]["resourceVersion"]}
    meta |= {name: current["metadata"][name] for name in ("name", "namespace") if name in current["metadata"]}
    return {**wanted, "apiVersion": current["apiVersion"], "kind": current["kind"], "metadata": meta}


def _without_kind(thing: Object) -> Object:
    return {name: value for name, value in thing.items() if name not in ("apiVersion", "kind")}


def _scale(kind: Kind, thing: Object) -> Object:
    meta = {name: thing["metadata"][name] for name in ("name", "namespace", "uid", "resourceVersion")}
    given: Object = thing["spec"].get("selector") or {}
    chosen = selectors.from_object(
        given if {"matchLabels", "matchExpressions"} & set(given) else {"matchLabels": given}
    )
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": meta,
        "spec": {"replicas": thing["spec"].get("replicas", 1)},
        "status": {
            "replicas": thing.get("status", {}).get("replicas", 0),
            "selector": selectors.to_text(chosen) if chosen else "",
        },
    }


def _bookmark(kind: Kind, version: int) -> bytes:
    resource = kind.resource
    thing = {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(version)},
    }
    return orjson.dumps({"type": "BOOKMARK", "object": thing})


def _line(change: Change, matches: selection.Predicate) -> bytes | None:
    """What a watcher with this selector hears: to it, objects appear and vanish as they begin and cease to match."""
    before = None if change.before is None else orjson.loads(change.before)
    after = None if change.after is None else orjson.loads(change.after)
    was, has = before is not None and matches(before), after is not None and matches(after)
    if has:
        return orjson.dumps({"type": "MODIFIED" if was else "ADDED", "object": after})
    if not was or before is None:
        return None
    before["metadata"]["resourceVersion"] = str(change.version)
    return orjson.dumps({"type": "DELETED", "object": before})
