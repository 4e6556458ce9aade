"""LimitRange (https://kubernetes.io/docs/concepts/policy/limit-range/)."""

from collections.abc import Iterator

from podvisor.apiserver.kinds.podspec import resources
from podvisor.apiserver.resource import Hooks, Json, Resource
from podvisor.types import amounts, field, names, quantity, rules
from podvisor.types.amounts import Amounts
from podvisor.types.field import Path

_KINDS = ("Pod", "Container", "PersistentVolumeClaim")
_DEFAULTS = ("default", "defaultRequest")


def _default(item: Json) -> None:
    """What a container gets without asking is what it may have at most, and at least."""
    for limit in item.setdefault("spec", {}).get("limits", ()):
        if limit.get("type") != "Container":
            continue
        default = {**limit.get("max", {}), **limit.get("default", {})}
        request = {**limit.get("min", {}), **default, **limit.get("defaultRequest", {})}
        for name, listed in (("default", default), ("defaultRequest", request)):
            if listed:
                limit[name] = listed


def _kind(at: rules.At) -> Iterator[field.Error]:
    kind = at.value or ""
    if wrong := [*names.qualified(kind)]:
        yield from (field.invalid(at.path, kind, why) for why in wrong)
    elif "/" not in kind and kind not in _KINDS:
        yield field.invalid(at.path, kind, "must be a standard limit type or fully qualified")


def _names(at: rules.At) -> Iterator[field.Error]:
    kind = at.get("type")
    check = resources.container_name if kind in ("Pod", "Container") else resources.general_name
    lists = ["max", "min", "default", "defaultRequest"]
    for one in lists:
        if kind == "Pod" and one in _DEFAULTS:
            if at.mapping(one):
                yield field.forbidden(at.path.child(one), "may not be specified when `type` is 'Pod'")
            continue
        for name in at.mapping(one):
            yield from check(name, at.path.child(one).key(name))
    if kind == "PersistentVolumeClaim" and "storage" not in {*at.mapping("min"), *at.mapping("max")}:
        detail = "either minimum or maximum storage value is required, but neither was provided"
        yield field.required(at.path.child("limits"), detail)
    for name in at.mapping("maxLimitRequestRatio"):
        yield from check(name, at.path.child("maxLimitRequestRatio").key(name))


def _order(at: rules.At) -> Iterator[field.Error]:
    """The least is not above what is given, nor that above the most; for every resource that is named."""
    lists = {name: amounts.parse(at.mapping(name)) for name in ("min", "max", "default", "defaultRequest")}
    if at.get("type") == "Pod":
        lists |= {name: {} for name in _DEFAULTS}
    ratios = amounts.parse(at.mapping("maxLimitRequestRatio"))
    for name in dict.fromkeys(name for listed in (*lists.values(), ratios) for name in listed):
        yield from _between(name, lists, at.path)
        yield from _ratio(name, ratios, lists, at.path)
        default, request = lists["default"].get(name), lists["defaultRequest"].get(name)
        shared = resources.is_native(name) and not name.startswith("hugepages-")
        if not shared and None not in (default, request) and default != request:
            detail = f"default value {default} must equal to defaultRequest value {request} in {name}"
            yield field.invalid(at.path.child("defaultRequest").key(name), str(request), detail)


_COMPARED = (
    ("min", "max", "min", "min value", "max value"),
    ("min", "defaultRequest", "defaultRequest", "min value", "default request value"),
    ("defaultRequest", "max", "defaultRequest", "default request value", "max value"),
    ("defaultRequest", "default", "defaultRequest", "default request value", "default limit value"),
    ("min", "default", "default", "min value", "default value"),
    ("default", "max", "default", "default value", "max value"),
)
"""What is not to be larger than what, where the error is, and what it calls the two."""


def _between(name: str, lists: dict[str, Amounts], path: Path) -> Iterator[field.Error]:
    for low, high, where, word, other in _COMPARED:
        less, more = lists[low].get(name), lists[high].get(name)
        if less is not None and more is not None and less > more:
            # The real server shows the bound where a default is wrong, and the value itself elsewhere.
            shown = less if (low == where) != (where == "default") else more
            yield field.invalid(
                path.child(where).key(name), str(shown), f"{word} {less} is greater than {other} {more}"
            )


def _ratio(name: str, ratios: Amounts, lists: dict[str, Amounts], path: Path) -> Iterator[field.Error]:
    if (ratio := ratios.get(name)) is None:
        return
    where = path.child("maxLimitRequestRatio").key(name)
    if ratio < quantity.parse("1"):
        yield field.invalid(where, str(ratio), f"ratio {ratio} is less than 1")
    least, most = lists["min"].get(name), lists["max"].get(name)
    if least is not None and most is not None and least.amount:
        possible = float(most.amount / least.amount)
        if float(ratio.amount) > possible:
            yield field.invalid(where, str(ratio), f"ratio {ratio} is greater than max/min = {possible:f}")


RULES = (
    rules.field(
        "spec",
        rules.field(
            "limits",
            rules.each(rules.field("type", rules.asks_nothing(_kind)), _names, _order),
            rules.unique_by("type"),
        ),
    ),
)

RECORD = Resource(
    "",
    "v1",
    "limitranges",
    "LimitRange",
    short_names=("limits",),
    hooks=Hooks(default=_default),
    rules=RULES,
)
