"""What is wrong with a pod's wishes about its neighbours: pod affinity and spreading over topologies."""

from collections.abc import Iterator, Sequence

from podvisor.apiserver.resource import Json
from podvisor.types import field, names, selectors
from podvisor.types.field import Path

_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_REQUIRED, _PREFERRED = (f"{kind}DuringSchedulingIgnoredDuringExecution" for kind in ("required", "preferred"))


def validate(spec: Json, path: Path) -> Iterator[field.Error]:
    """Objections to `affinity.podAffinity`, `affinity.podAntiAffinity` and `topologySpreadConstraints`."""
    for kind in ("podAffinity", "podAntiAffinity"):
        yield from _affinity(spec.get("affinity", {}).get(kind, {}), path.child("affinity", kind))
    yield from _spread(spec.get("topologySpreadConstraints", ()), path.child("topologySpreadConstraints"))


def _affinity(affinity: Json, path: Path) -> Iterator[field.Error]:
    for index, term in enumerate(affinity.get(_REQUIRED, ())):
        yield from _term(term, path.child(_REQUIRED).at(index))
    for index, one in enumerate(affinity.get(_PREFERRED, ())):
        here, weight = path.child(_PREFERRED).at(index), one.get("weight", 0)
        if not 1 <= weight <= 100:
            yield field.invalid(here.child("weight"), weight, "must be in the range 1-100")
        yield from _term(one.get("podAffinityTerm", {}), here.child("podAffinityTerm"))


def _term(term: Json, path: Path) -> Iterator[field.Error]:
    for name in ("labelSelector", "namespaceSelector"):
        yield from selectors.validate(term.get(name, {}), path.child(name))
    for index, namespace in enumerate(term.get("namespaces", ())):
        here = path.child("namespaces").at(index)
        yield from (field.invalid(here, namespace, why) for why in names.dns_label(namespace))
    yield from _topology_key(term, path)


def _spread(constraints: Sequence[Json], path: Path) -> Iterator[field.Error]:
    for index, one in enumerate(constraints):
        here = path.at(index)
        if one.get("maxSkew", 0) <= 0:
            yield field.invalid(here.child("maxSkew"), one.get("maxSkew", 0), "must be greater than zero")
        yield from _topology_key(one, here)
        if (action := one.get("whenUnsatisfiable", "")) not in _UNSATISFIABLE:
            yield field.unsupported(here.child("whenUnsatisfiable"), action, _UNSATISFIABLE)
        yield from selectors.validate(one.get("labelSelector", {}), here.child("labelSelector"))


def _topology_key(term: Json, path: Path) -> Iterator[field.Error]:
    if not term.get("topologyKey"):
        yield field.required(path.child("topologyKey"), "can not be empty")
    else:
        yield from names.label_key(term["topologyKey"], path.child("topologyKey"))
