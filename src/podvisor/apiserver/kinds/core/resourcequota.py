"""ResourceQuota (https://kubernetes.io/docs/concepts/policy/resource-quotas/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.podspec import resources
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource
from podvisor.types import field, rules

_PODS = ("pods", *(f"{kind}{name}" for kind in ("", "requests.", "limits.") for name in ("cpu", "memory")))
_ABOUT = {
    "Terminating": _PODS,
    "NotTerminating": _PODS,
    "BestEffort": ("pods",),
    "NotBestEffort": _PODS,
    "PriorityClass": _PODS,
    "CrossNamespacePodAffinity": _PODS,
    "VolumeAttributesClass": ("persistentvolumeclaims", "requests.storage"),
}
"""The scopes, and what each can be about."""
_EXISTS_ONLY = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_CONTRARY = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})


def _amounts(at: rules.At) -> Iterator[field.Error]:
    for name, value in at.value.items():
        path = at.path.key(name)
        yield from resources.quota_name(name, path)
        yield from resources.amount(name, value, path)


def _is_unfit(scope: str, name: str) -> bool:
    """True if the scope says nothing about a resource that quotas know."""
    return scope in _ABOUT and resources.is_of_quotas(name) and name not in _ABOUT[scope]


def _scopes(at: rules.At) -> Iterator[field.Error]:
    scopes, path = at.listed("scopes"), at.path.child("scopes")
    for scope in scopes:
        if scope not in _ABOUT:
            yield field.invalid(path, scopes, "unsupported scope")
        if any(_is_unfit(scope, name) for name in at.mapping("hard")):
            yield field.invalid(path, scopes, "unsupported scope applied to resource")
    if any(pair <= set(scopes) for pair in _CONTRARY):
        yield field.invalid(path, scopes, "conflicting scopes")


def _selector(at: rules.At) -> Iterator[field.Error]:
    selector = at.mapping("scopeSelector")
    every: list[Json] = selector.get("matchExpressions", [])
    path = at.path.child("scopeSelector", "matchExpressions")
    for one in every:
        scope = one.get("scopeName", "")
        if scope not in _ABOUT:
            yield field.invalid(path.child("scopeName"), scope, "unsupported scope")
        if any(_is_unfit(scope, name) for name in at.mapping("hard")):
            yield field.invalid(path, selector, "unsupported scope applied to resource")
        yield from _requirement(one, path)
    if any(pair <= {one.get("scopeName") for one in every} for pair in _CONTRARY):
        yield field.invalid(path, at.get("scopes"), "conflicting scopes")


def _requirement(one: Json, path: field.Path) -> Iterator[field.Error]:
    operator, values = one.get("operator", ""), one.get("values", [])
    if one.get("scopeName") in _EXISTS_ONLY and operator != "Exists":
        known = ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort")
        listed = ", ".join(f"ResourceQuotaScope{name}" for name in known)
        detail = f"must be 'Exists' when scope is any of {listed} or ResourceQuotaScopeCrossNamespacePodAffinity"
        yield field.invalid(path.child("operator"), operator, detail)
    match operator:
        case "In" | "NotIn":
            if not values:
                detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                yield field.required(path.child("values"), detail)
        case "Exists" | "DoesNotExist":
            if values:
                detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                yield field.invalid(path.child("values"), values, detail)
        case _:
            yield field.invalid(path.child("operator"), operator, "not a valid selector operator")


def _scopes_stay(at: rules.At) -> Iterator[field.Error]:
    if at.updating and set(at.value or ()) != set(at.old or ()):
        yield field.invalid(at.path, at.value, "field is immutable")


RULES = (
    rules.field(
        "spec",
        rules.field("hard", _amounts),
        rules.when(rules.given("scopes"), _scopes),
        rules.when(rules.given("scopeSelector"), _selector),
        rules.field("scopes", rules.asks_nothing(_scopes_stay)),
    ),
)
STATUS_RULES = (rules.field("status", rules.field("hard", _amounts), rules.field("used", _amounts)),)


def _row(item: Json, now: datetime) -> Cells:
    status = item.get("status", {})
    used, hard = status.get("used", {}), status.get("hard", {})
    shown = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    limits = [text for name, text in shown.items() if name.startswith("limits.")]
    requests = [text for name, text in shown.items() if not name.startswith("limits.")]
    return (item["metadata"]["name"], ", ".join(requests), ", ".join(limits), cells.age(item["metadata"], now))


RECORD = Resource(
    "",
    "v1",
    "resourcequotas",
    "ResourceQuota",
    short_names=("quota",),
    columns=(NAME, Column("Request"), Column("Limit"), AGE),
    row=_row,
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
)
