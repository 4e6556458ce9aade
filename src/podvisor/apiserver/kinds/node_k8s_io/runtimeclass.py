"""RuntimeClass (https://kubernetes.io/docs/concepts/containers/runtime-class/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.podspec import resources
from podvisor.apiserver.kinds.podspec.scheduling import TOLERATIONS
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource
from podvisor.types import field, names, rules


def _overhead(at: rules.At) -> Iterator[field.Error]:
    yield from resources.fixed(at, at.get("podFixed"))


def _distinct(at: rules.At) -> Iterator[field.Error]:
    """No toleration comes twice."""
    seen: list[Json] = []
    for one in at.items():
        if one.value in seen:
            yield field.duplicate(one.path, one.value)
        seen.append(one.value)


RULES = (
    rules.field("handler", rules.matches(names.dns_label), otherwise=""),
    rules.field("overhead", _overhead),
    rules.field(
        "scheduling",
        rules.field("nodeSelector", rules.labels()),
        TOLERATIONS,
        rules.field("tolerations", _distinct),
    ),
    rules.field("handler", rules.immutable()),
)


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], item["handler"], cells.age(item["metadata"], now))


RECORD = Resource(
    "node.k8s.io",
    "v1",
    "runtimeclasses",
    "RuntimeClass",
    namespaced=False,
    columns=(NAME, Column("Handler", description="The runtime that the node knows by this name."), AGE),
    row=_row,
    rules=RULES,
)
