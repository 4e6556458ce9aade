"""What one rule of a role allows, and what of some rules others lack (`rbac.authorization.k8s.io/v1` PolicyRule).

The matching is that of Kubernetes' `pkg/apis/rbac/v1/evaluation_helpers.go`, the comparison that of its
`component-helpers/auth/rbac/validation/policy_comparator.go`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from podvisor.apiserver.access.policy import Attributes, Rule


def of_role(role: Mapping[str, Any]) -> Sequence[Rule]:
    """The rules that a Role or ClusterRole lists."""
    return [from_json(one) for one in role.get("rules") or ()]


def from_json(given: Mapping[str, Any]) -> Rule:
    """A PolicyRule as it is stored."""
    names = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    return Rule(*(tuple(given.get(name) or ()) for name in names))


def to_json(rule: Rule) -> dict[str, Any]:
    """A PolicyRule as it is stored."""
    values = {
        "verbs": rule.verbs,
        "apiGroups": rule.groups,
        "resources": rule.resources,
        "resourceNames": rule.names,
        "nonResourceURLs": rule.paths,
    }
    return {name: list(value) for name, value in values.items() if value}


def allows(rule: Rule, asked: Attributes) -> bool:
    """True if `rule` alone allows what is asked for."""
    if not _holds(rule.verbs, asked.verb):
        return False
    if asked.path:
        return _path(rule, asked.path)
    if not _holds(rule.groups, asked.group) or (rule.names and asked.name not in rule.names):
        return False
    return _resource(rule, asked.resource, asked.subresource)


def missing(owned: Sequence[Rule], wanted: Iterable[Rule]) -> Sequence[Rule]:
    """What of `wanted` the rules `owned` do not allow; verbs with the same object come together."""
    lacking = [part for rule in wanted for part in _parts(rule) if not any(_covers(one, part) for one in owned)]
    verbs: dict[Rule, list[str]] = {}
    for part in lacking:
        known = verbs.setdefault(Rule((), part.groups, part.resources, part.names, part.paths), [])
        known += [verb for verb in part.verbs if verb not in known]
    return [Rule(tuple(found), *_object(rule)) for rule, found in verbs.items()]


def shown(rule: Rule) -> str:
    """A rule in the words of a refusal."""
    parts = {
        "APIGroups": rule.groups,
        "Resources": rule.resources,
        "NonResourceURLs": rule.paths,
        "ResourceNames": rule.names,
        "Verbs": rule.verbs,
    }
    return "{" + ", ".join(f"{name}:{quoted(values)}" for name, values in parts.items() if values) + "}"


def quoted(values: Iterable[str]) -> str:
    """As Go's `%q` shows a slice."""
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


def _object(rule: Rule) -> tuple[tuple[str, ...], ...]:
    return rule.groups, rule.resources, rule.names, rule.paths


def _parts(rule: Rule) -> Iterator[Rule]:
    """The rule as many that cannot be divided any more."""
    for verb in rule.verbs:
        yield from (Rule((verb,), paths=(path,)) for path in rule.paths)
        for group in rule.groups:
            for resource in rule.resources:
                for name in rule.names or ("",):
                    yield Rule((verb,), (group,), (resource,), (name,) if name else ())


def _covers(owned: Rule, part: Rule) -> bool:
    """True if `owned` allows all of a part, wildcards included."""
    if not _holds(owned.verbs, part.verbs[0]):
        return False
    if part.paths:
        return _path(owned, part.paths[0])
    if not _holds(owned.groups, part.groups[0]) or (owned.names and not (part.names and part.names[0] in owned.names)):
        return False
    resource, _, below = part.resources[0].partition("/")
    return _resource(owned, resource, below)


def _resource(rule: Rule, resource: str, subresource: str) -> bool:
    if not subresource:
        return _holds(rule.resources, resource)
    known = rule.resources
    return "*" in known or f"{resource}/{subresource}" in known or f"*/{subresource}" in known


def _path(rule: Rule, path: str) -> bool:
    return any(one == path or (one.endswith("*") and path.startswith(one.rstrip("*"))) for one in rule.paths)


def _holds(known: Sequence[str], wanted: str) -> bool:
    return wanted in known or "*" in known
