"""Rules for requests and limits (https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/)."""

from collections.abc import Iterator
from typing import Any

from podvisor.types import field, names, quantity, rules
from podvisor.types.field import Error, Path

_OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
_COUNTED = (
    *("pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims"),
    *("configmaps", "services.nodeports", "services.loadbalancers"),
)
_OF_QUOTAS = (
    *(f"{kind}.{name}" for kind in ("requests", "limits") for name in _OF_CONTAINERS),
    *(*_COUNTED, "requests.storage", "storage"),
)
_HUGE = "hugepages-"


def is_native(name: str) -> bool:
    """True if Kubernetes itself counts it."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """True if a node offers it in whole numbers, as `example.com/gpu`."""
    return not is_native(name) and not name.startswith("requests.") and not [*names.qualified(f"requests.{name}")]


def _unfit(path: Path, name: str, why: str) -> Error:
    """The real server shows these names without quotes."""
    return field.invalid_place(path, f"{name}: {why}")


def general_name(name: str, path: Path) -> Iterator[Error]:
    """Objections to the name of a resource, whatever has it."""
    wrong = [_unfit(path, name, why) for why in names.qualified(name)]
    yield from wrong
    if not wrong and "/" not in name and not _is_standard(name):
        yield _unfit(path, name, "must be a standard resource type or fully qualified")


def container_name(name: str, path: Path) -> Iterator[Error]:
    """Objections to the name of a resource that a container asks for."""
    yield from general_name(name, path)
    if "/" not in name:
        if name not in _OF_CONTAINERS and not name.startswith(_HUGE):
            yield _unfit(path, name, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        yield _unfit(path, name, "doesn't follow extended resource name standard")


def quota_name(name: str, path: Path) -> Iterator[Error]:
    """Objections to the name of a resource that a quota bounds."""
    yield from general_name(name, path)
    if "/" not in name and not is_of_quotas(name):
        yield _unfit(path, name, "must be a standard resource for quota")


def is_of_quotas(name: str) -> bool:
    """True if it is one that a quota bounds by a name of Kubernetes' own."""
    return name != "storage" and _is_standard(name)


def _is_standard(name: str) -> bool:
    return name in _OF_CONTAINERS or name in _OF_QUOTAS or name.removeprefix("requests.").startswith(_HUGE)


def amount(name: str, value: str, path: Path) -> Iterator[Error]:
    """Objections to the quantity of a resource."""
    given = quantity.parse(value)
    if given.amount < 0:
        yield field.invalid(path, value, "must be greater than or equal to 0")
    counted = is_extended(name) or name in _COUNTED
    if counted and given.amount != given.amount.to_integral_value():
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
        yield from container_name(name, path)
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
