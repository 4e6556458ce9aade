"""FlowSchema: which requests belong to which priority level.

https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules

GROUP = "flowcontrol.apiserver.k8s.io"
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_MEMBERS = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
"""The field that a subject of each kind has, and no other."""
_LAST = 10_000
"""The highest matchingPrecedence."""


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec["matchingPrecedence"] = spec.get("matchingPrecedence") or 1000


def _precedence(at: rules.At) -> Iterator[field.Error]:
    if at.value <= 0:
        yield field.invalid(at.path, at.value, "must be a positive value")
    if at.value > _LAST:
        yield field.invalid(at.path, at.value, f"must not be greater than {_LAST}")
    if at.value == 1 and at.inside("schema").get("metadata", "name") != "exempt":
        yield field.invalid(at.path, at.value, "only the schema named 'exempt' may have matchingPrecedence 1")


def _distinguisher(at: rules.At) -> Iterator[field.Error]:
    known = ("ByNamespace", "ByUser")
    if at.get("type") not in known:
        yield field.unsupported(at.path.child("type"), at.value, known)


def _subject(at: rules.At) -> Iterator[field.Error]:
    kind = at.get("kind") or ""
    if kind not in _MEMBERS:
        yield field.unsupported(at.path.child("kind"), kind, tuple(_MEMBERS))
        return
    member = _MEMBERS[kind]
    if at.get(member) is None:
        yield field.required(at.path.child(member), f"{member} is required when subject kind is '{kind}'")
    else:
        yield from _subject_name(at.child(member))
    for other, name in _MEMBERS.items():
        if other != kind and at.get(name) is not None:
            yield field.forbidden(at.path.child(name), f"{name} is forbidden when subject kind is not '{other}'")


def _subject_name(at: rules.At) -> Iterator[field.Error]:
    name, namespace, here = at.get("name") or "", at.get("namespace") or "", at.path
    if not name:
        yield field.required(here.child("name"))
    if at.step != "serviceAccount":
        return
    if name and name != "*":
        yield from (field.invalid(here.child("name"), name, why) for why in names.dns_subdomain(name))
    if not namespace:
        yield field.required(here.child("namespace"), "must specify namespace for service account")
    yield from (
        field.invalid(here.child("namespace"), namespace, why) for why in names.dns_label(namespace) if namespace
    )


def _alone(what: str) -> Callable[[rules.At], Iterator[field.Error]]:
    """A list in which `*` is the only item, if it is one."""

    def alone(at: rules.At) -> Iterator[field.Error]:
        if "*" in at.value and len(at.value) > 1:
            yield field.invalid(at.path, at.value, f"if '*' is present, must not specify other {what}")

    return alone


def _verbs(at: rules.At) -> Iterator[field.Error]:
    if "*" not in at.value and not set(at.value) <= set(_VERBS):
        yield field.unsupported(at.path, at.value, _VERBS)


def _urls(at: rules.At) -> Iterator[field.Error]:
    paths: Sequence[str] = at.value
    if "*" in paths:
        return
    for index, path in enumerate(paths):
        if wrong := _wrong_with(path):
            yield field.invalid(at.path.at(index), path, wrong)


def _wrong_with(path: str) -> str:
    """What a path of a request may not be; empty if it may."""
    if not path:
        return "must not be empty"
    if not path.startswith("/"):
        return "must start with slash"
    if " " in path:
        return "must not contain white-space"
    if "//" in path:
        return "must not contain double slash"
    return "wildcard can only do suffix matching" if "*" in path.removesuffix("/*") else ""


def _namespaces(at: rules.At) -> Iterator[field.Error]:
    found, here = at.listed("namespaces"), at.path.child("namespaces")
    if not found and not at.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        yield field.required(here, detail)
    elif "*" in found:
        yield from _alone("namespaces")(at.child("namespaces"))
    else:
        intro = "each member of this list must be '*' or a DNS-1123 label; "
        for index, name in enumerate(found):
            yield from (field.invalid(here.at(index), name, intro + why) for why in names.dns_label(name))


def _some_rules(at: rules.At) -> Iterator[field.Error]:
    if not at.listed("resourceRules") and not at.listed("nonResourceRules"):
        yield field.required(at.path, "at least one of resourceRules and nonResourceRules has to be non-empty")


_RULE_VERBS = rules.field("verbs", rules.required("verbs must contain at least one value"), _alone("verbs"), _verbs)
RULES = (
    rules.scope(
        "schema",
        rules.field(
            "spec",
            rules.field("matchingPrecedence", _precedence),
            rules.field("distinguisherMethod", _distinguisher),
            rules.field(
                "priorityLevelConfiguration",
                rules.field(
                    "name", rules.required("must reference a priority level"), rules.matches(names.dns_subdomain)
                ),
            ),
            rules.field(
                "rules",
                rules.each(
                    rules.field(
                        "subjects", rules.required("subjects must contain at least one value"), rules.each(_subject)
                    ),
                    _some_rules,
                    rules.field(
                        "resourceRules",
                        rules.each(
                            _RULE_VERBS,
                            rules.field(
                                "apiGroups",
                                rules.required("resource rules must supply at least one api group"),
                                _alone("api groups"),
                            ),
                            rules.field(
                                "resources",
                                rules.required("resource rules must supply at least one resource"),
                                _alone("resources"),
                            ),
                            _namespaces,
                        ),
                    ),
                    rules.field(
                        "nonResourceRules",
                        rules.each(
                            _RULE_VERBS,
                            rules.field(
                                "nonResourceURLs",
                                rules.required("nonResourceURLs must contain at least one value"),
                                _alone("non-resource URLs"),
                                _urls,
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
CONDITIONS = rules.field(
    "status",
    rules.field(
        "conditions",
        rules.unique_by("type"),
        rules.each(rules.field("type", rules.required("must not be empty"))),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    spec = item["spec"]
    conditions = objects.dig(item, "status", "conditions") or ()
    dangling = next((found["status"] for found in conditions if found["type"] == "Dangling"), "?")
    return (
        item["metadata"]["name"],
        spec["priorityLevelConfiguration"]["name"],
        spec["matchingPrecedence"],
        objects.dig(spec, "distinguisherMethod", "type") or "<none>",
        cells.age(item["metadata"], now),
        dangling,
    )


RECORD = Resource(
    GROUP,
    "v1",
    "flowschemas",
    "FlowSchema",
    namespaced=False,
    columns=(
        NAME,
        *(Column(name) for name in ("PriorityLevel", "MatchingPrecedence", "DistinguisherMethod")),
        AGE,
        Column("MissingPL"),
    ),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    status_rules=(CONDITIONS,),
    has_status=True,
    status_resets=(("metadata",),),
    counts_generations=True,
)
