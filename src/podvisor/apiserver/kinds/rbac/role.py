"""Role and ClusterRole: lists of what one may do."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver.resource import NAME, Cells, Column, Json, Resource
from podvisor.types import field, names, rules

GROUP = "rbac.authorization.k8s.io"


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], item["metadata"]["creationTimestamp"])


def _rule(at: rules.At, *, namespaced: bool) -> Iterator[field.Error]:
    """What one entry of `rules` must say (`ValidatePolicyRule`)."""
    rule: Json = at.value
    if not rule.get("verbs"):
        yield field.required(at.path.child("verbs"), "verbs must contain at least one value")
    if paths := rule.get("nonResourceURLs"):
        here = at.path.child("nonResourceURLs")
        if namespaced:
            yield field.invalid(here, paths, "namespaced rules cannot apply to non-resource URLs")
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            yield field.invalid(here, paths, "rules cannot apply to both regular resources and non-resource URLs")
        return
    if not rule.get("apiGroups"):
        yield field.required(at.path.child("apiGroups"), "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield field.required(at.path.child("resources"), "resource rules must supply at least one resource")


def _of_role(at: rules.At) -> Iterator[field.Error]:
    return _rule(at, namespaced=True)


def _of_cluster_role(at: rules.At) -> Iterator[field.Error]:
    return _rule(at, namespaced=False)


_NO_SELECTOR = "at least one clusterRoleSelector required if aggregationRule is non-nil"
_AGGREGATION = rules.when(
    rules.given("aggregationRule"),
    rules.field(
        "aggregationRule",
        rules.field("clusterRoleSelectors", rules.required(_NO_SELECTOR), rules.each(rules.selector())),
    ),
)


def _record(plural: str, kind: str, *table: rules.Rule, namespaced: bool) -> Resource:
    return Resource(
        GROUP,
        "v1",
        plural,
        kind,
        namespaced=namespaced,
        columns=(NAME, Column("Created At", "date", description="When the object was made.")),
        row=_row,
        name_rule=names.path_segment,
        rules=table,
    )


ROLE = _record("roles", "Role", rules.field("rules", rules.each(_of_role)), namespaced=True)
CLUSTER_ROLE = _record(
    "clusterroles",
    "ClusterRole",
    rules.field("rules", rules.each(_of_cluster_role)),
    _AGGREGATION,
    namespaced=False,
)
