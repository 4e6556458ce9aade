"""IngressClass: which controller an Ingress is for."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.networking.references import TYPED
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules


def _default(item: Json) -> None:
    if parameters := item.get("spec", {}).get("parameters"):
        parameters.setdefault("scope", "Cluster")


def _controller(at: rules.At) -> Iterator[field.Error]:
    yield from names.domain_path(at.value, at.path)


def _namespace(at: rules.At) -> Iterator[field.Error]:
    scope, namespace, here = at.get("scope"), at.get("namespace"), at.path.child("namespace")
    if scope == "Namespace":
        if namespace is None:
            yield field.required(here, "`parameters.scope` is set to 'Namespace'")
        else:
            yield from (field.invalid(here, namespace, why) for why in names.dns_label(namespace))
    elif scope == "Cluster" and namespace is not None:
        yield field.forbidden(here, "`parameters.scope` is set to 'Cluster'")


RULES = (
    rules.field(
        "spec",
        rules.field("controller", rules.immutable()),
        rules.field("controller", rules.max_bytes(250), rules.required(), _controller),
        rules.optional(
            "parameters",
            *TYPED,
            rules.field("scope", rules.required(), rules.one_of("Cluster", "Namespace")),
            _namespace,
        ),
    ),
)


def _parameters(spec: Json) -> str:
    if (found := spec.get("parameters")) is None:
        return "<none>"
    group = f".{found['apiGroup']}" if "apiGroup" in found else ""
    return f"{found['kind']}{group}/{found['name']}"


def _row(item: Json, now: datetime) -> Cells:
    spec = item["spec"]
    return (item["metadata"]["name"], spec["controller"], _parameters(spec), cells.age(item["metadata"], now))


RECORD = Resource(
    "networking.k8s.io",
    "v1",
    "ingressclasses",
    "IngressClass",
    namespaced=False,
    columns=(NAME, Column("Controller"), Column("Parameters"), AGE),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    counts_generations=True,
)
