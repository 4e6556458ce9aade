"""What webhooks and policies match: conditions in CEL, and the resources of a policy or binding.

Words and order of kubernetes `pkg/apis/admissionregistration/validation`.
"""

from collections.abc import Iterator, Mapping

from podvisor.apiserver.kinds.admissionregistration import operations
from podvisor.apiserver.policies import compiling
from podvisor.apiserver.resource import Json
from podvisor.types import cel, field, names, rules

_MOST_CONDITIONS = 64


def conditions(at: rules.At, declared: Mapping[str, cel.Type]) -> Iterator[field.Error]:
    """Objections to match conditions, which may speak of what is `declared`."""
    if len(at.value) > _MOST_CONDITIONS:
        yield field.too_many(at.path, len(at.value), _MOST_CONDITIONS)
    seen: set[str] = set()
    for one in at.items():
        yield from _condition(one, declared)
        if (name := one.get("name") or "") in seen:
            yield field.duplicate(one.path.child("name"), name)
        elif name:
            seen.add(name)


def _condition(at: rules.At, declared: Mapping[str, cel.Type]) -> Iterator[field.Error]:
    expression, name = (at.get("expression") or "").strip(), at.get("name") or ""
    if not expression:
        yield field.required(at.path.child("expression"))
    elif why := compiling.compile(expression, declared, compiling.BOOL).error:
        yield field.invalid(at.path.child("expression"), expression, why)
    if not name:
        yield field.required(at.path.child("name"))
    else:
        yield from (field.invalid(at.path.child("name"), name, why) for why in names.qualified(name))


def _named_rule(at: rules.At) -> Iterator[field.Error]:
    seen: set[str] = set()
    for position, name in enumerate(at.listed("resourceNames")):
        path = at.path.child("resourceNames").at(position)
        yield from (field.invalid(path, name, why) for why in names.path_segment(name))
        if name in seen:
            yield field.duplicate(path, name)
        seen.add(name)
    yield from operations.operations(at)


RESOURCES = (
    rules.field("matchPolicy", rules.one_of("Equivalent", "Exact")),
    rules.field("namespaceSelector", rules.selector()),
    rules.field("objectSelector", rules.selector()),
    rules.field("resourceRules", rules.each(_named_rule)),
    rules.field("excludeResourceRules", rules.each(_named_rule)),
)
"""Rules for what a policy or a binding matches (MatchResources)."""


def default(given: Json | None) -> None:
    """Any namespace, any object, in whatever version it is written."""
    if given is None:
        return
    given["matchPolicy"] = given.get("matchPolicy") or "Equivalent"
    for selector in ("namespaceSelector", "objectSelector"):
        if given.get(selector) is None:
            given[selector] = {}
    for name in ("resourceRules", "excludeResourceRules"):
        operations.default(given.get(name) or ())
