"""Updates and applied configurations in turns: objects, owners and conflicts as Kubernetes' own libraries have them.

applied.json.xz holds sequences of operations that were made at random, and what apimachinery's `pkg/util/managedfields`
of Kubernetes 1.33 made of them.
"""

import lzma
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from podvisor.types import decode, schema, structural
from podvisor.types.managed import conflicts, last_applied, managers, typed, updates, validation
from podvisor.types.managed.applying import Configuration
from podvisor.types.managed.managers import Managed
from podvisor.types.managed.scope import Scope
from podvisor.types.schema import Shape
from podvisor.types.structural import node

Json = dict[str, Any]

TABLE = orjson.loads(lzma.decompress((Path(__file__).parent / "applied.json.xz").read_bytes()))
KINDS = sorted({one["kind"] for one in TABLE["sequences"]})
NOW = "2026-01-01T00:00:00Z"
RESET = {"": {"f:status": {}}, "status": {"f:spec": {}}}


class OneVersion:
    """A kind that has no other versions."""

    def type(self, version: str) -> None:
        return None

    def converted(self, item: Json, version: str) -> Json:
        raise AssertionError(version)


@cache
def shape(version: str, kind: str) -> Shape:
    if kind == "Foo":
        return node.shape(structural.compile(TABLE["schema"]), kind)
    group, _, version = version.rpartition("/")
    return schema.of_kind(group, version, kind)


def as_go_writes(shape: Shape, value: Any) -> Any:
    """Without what Go's structs omit."""
    match value:
        case dict():
            found: Json = {}
            for name, item in value.items():
                known = shape.fields.get(name)
                inner = known.shape if known else shape.items
                kept = as_go_writes(inner, item) if inner else item
                if kept or known is None or known.empty != "omitted":
                    found[name] = kept
            return found
        case list():
            return [as_go_writes(shape.items, item) if shape.items else item for item in value]
        case _:
            return value


def decoded(sequence: Json, item: Json) -> Json:
    known = shape(sequence["apiVersion"], sequence["kind"])
    if sequence["kind"] != "Foo":
        return as_go_writes(known, decode.conform(known, item)[0])
    meta = schema.of_definition(node.OBJECT_META)
    return item | {"metadata": as_go_writes(meta, decode.conform(meta, item["metadata"])[0])}


def comparable(kind: str, value: Any) -> Any:
    """What of an object has to be alike: all of a custom resource; nothing that is empty or zero of others."""
    if isinstance(value, list):
        return [comparable(kind, item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {name: comparable(kind, item) for name, item in value.items() if name not in ("uid", "creationTimestamp")}
    if kind == "Foo":
        return {name: item for name, item in found.items() if name not in ("apiVersion", "kind")}
    return {name: item for name, item in found.items() if item or (isinstance(item, str) and item)}


def after(sequence: Json, step: Json, live: Json, managed: Managed) -> tuple[Json, Managed]:
    """What an operation makes. Raises Conflicts, Invalid or Unkeyed."""
    below = step["subresource"]
    known = typed.of(shape(sequence["apiVersion"], sequence["kind"]))
    scope = Scope(sequence["apiVersion"], known, OneVersion(), below, RESET[below])
    if step["op"] == "apply":
        validation.check(known, step["object"])
        config = Configuration(step["object"], step["manager"], step["force"])
        bare = live or {"apiVersion": sequence["apiVersion"], "kind": sequence["kind"]}
        new, managed = last_applied.apply(scope, bare, config, managed, NOW)
        return decoded(sequence, new), managed
    new = decoded(sequence, step["object"])
    known_owners = {} if step.get("entries") == "none" and not below else managed
    if live and not known_owners:
        return new, {}
    return new, updates.update(scope, (live, new), updates.reconciled(scope, known_owners), step["manager"], NOW)


def outcome(sequence: Json, step: Json, live: Json, managed: Managed) -> tuple[str, Json, Managed]:
    try:
        return "", *after(sequence, step, live, managed)
    except (conflicts.Conflicts, validation.Invalid, typed.Unkeyed) as error:
        return str(error), live, managed


@pytest.mark.parametrize("kind", KINDS)
def test_sequences_end_as_with_kubernetes(kind: str) -> None:
    operations = 0
    for sequence in (one for one in TABLE["sequences"] if one["kind"] == kind):
        live: Json = {}
        managed: Managed = {}
        for step in sequence["steps"]:
            why, live, managed = outcome(sequence, step, live, managed)
            owners = [
                (m.name, m.operation, m.subresource, owned.fields, owned.time is not None)
                for m, owned in managed.items()
            ]
            assert sorted(why.splitlines()) == sorted(step["error"].splitlines())
            assert sorted(owners, key=str) == sorted(map(tuple, step["owners"]), key=str)
            assert why or comparable(kind, live) == step["result"]
            managed = managers.decode(orjson.loads(orjson.dumps(managers.encode(managed))))
            operations += 1
    assert operations > 100
