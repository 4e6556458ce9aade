"""Rules for requests and limits (https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/)."""

from collections.abc import Iterator
from typing import Any

from podvisor.types import field, names, quantity, rules
from podvisor.types.field import Error, Path

_OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
_OF_QUOTAS = (
    *(f"{kind}.{name}" for kind in ("requests", "limits") for name in (*_OF_CONTAINERS, "storage")),
    *("pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims"),
    *("configmaps", "services.nodeports", "services.loadbalancers", "storage"),
)
_HUGE = "hugepages-"


def is_native(name: str) -> bool:
    """True if Kubernetes itself counts it."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """True if a node offers it in whole numbers, as `example.com/gpu`."""
    return not is_native(name) and not name.startswith("requests.") and not [*names.qualified(f"requests.{name}")]


def _name(name: str, path: Path) -> Iterator[Error]:
    wrong = [field.invalid(path, name, why) for why in names.qualified(name)]
    yield from wrong
    if "/" not in name:
        standard = name in _OF_CONTAINERS or name.startswith(_HUGE)
        if not wrong and not standard and name not in _OF_QUOTAS:
            yield field.invalid(path, name, "must be a standard resource type or fully qualified")
        if not standard:
            yield field.invalid(path, name, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        yield field.invalid(path, name, "doesn't follow extended resource name standard")


def amount(name: str, value: str, path: Path) -> Iterator[Error]:
    """Objections to the quantity of a resource."""
    given = quantity.parse(value)
    if given.amount < 0:
        yield field.invalid(path, value, "must be greater than or equal to 0")
    if is_extended(name) and given.amount != given.amount.to_integral_value():
        yield field.invalid(path, value, "must be an integer")


def _page(name: str, value: str, path: Path) -> Iterator[Error]:
    if not name.startswith(_HUGE):
        return
    try:
        size = quantity.parse(name.removeprefix(_HUGE)).value
    except ValueError:
        size = 0
    given = quantity.parse(value)
    if size <= 0 or given.value % size:
        yield field.invalid(path, value, f"{value} is not positive integer multiple of {name}")


def _amounts(at: rules.At) -> Iterator[Error]:
    for name, value in at.mapping().items():
        path = at.path.key(name)
        yield from _name(name, path)
        yield from amount(name, value, path)
        yield from _page(name, value, path)


def _within_limits(at: rules.At) -> Iterator[Error]:
    """Requests are at most the limits; of what cannot be shared they are the limits."""
    limits, path = at.mapping("limits"), at.path.child("requests")
    for name, value in at.mapping("requests").items():
        shared = is_native(name) and not name.startswith(_HUGE)
        if name not in limits:
            if not shared:
                yield field.required(at.path.child("limits"), "Limit must be set for non overcommitable resources")
            continue
        limit = limits[name]
        if not shared and quantity.parse(value) != quantity.parse(limit):
            yield field.invalid(path, value, f"must be equal to {name} limit of {limit}")
        elif quantity.parse(value) > quantity.parse(limit):
            yield field.invalid(path, value, f"must be less than or equal to {name} limit of {limit}")


def _pages_beside_others(at: rules.At) -> Iterator[Error]:
    asked = {*at.mapping("limits"), *at.mapping("requests")}
    if any(name.startswith(_HUGE) for name in asked) and not asked & {"cpu", "memory"}:
        yield field.forbidden(at.path, "HugePages require cpu or memory")


def _claims(at: rules.At) -> Iterator[Error]:
    known = {claim.get("name") for claim in at.inside("pod").listed("resourceClaims")}
    for claim in at.items():
        name = claim.get("name") or ""
        if not name:
            yield field.required(claim.path)
        elif name not in known:
            yield field.not_found(claim.path, name)


RULES = (
    rules.field("limits", _amounts),
    rules.field("requests", _amounts),
    _within_limits,
    _pages_beside_others,
    rules.field("claims", _claims),
)


def fixed(at: rules.At, amounts: Any) -> Iterator[Error]:
    """What is wrong with what a pod takes beside its containers, which upstream checks as if it were limits."""
    place = rules.At({"limits": amounts or {}}, "overhead", at.up)
    for rule in RULES:
        yield from (rule if isinstance(rule, rules.Node) else rules.Check("overhead", rule)).check(place)
