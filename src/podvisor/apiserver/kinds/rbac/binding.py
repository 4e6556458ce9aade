"""RoleBinding and ClusterRoleBinding: to whom a role is given."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules

GROUP = "rbac.authorization.k8s.io"
_KINDS = ("ServiceAccount", "User", "Group")
_COLUMNS = (NAME, Column("Role"), AGE, *(Column(name, wide=True) for name in ("Users", "Groups", "ServiceAccounts")))


def _default(item: Json) -> None:
    item.setdefault("roleRef", {}).setdefault("apiGroup", GROUP)
    for subject in item.get("subjects", ()):
        if subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = subject.get("apiGroup") or GROUP


def _cluster_role(at: rules.At) -> Iterator[field.Error]:
    return _ref(at, ("ClusterRole",))


def _role(at: rules.At) -> Iterator[field.Error]:
    return _ref(at, ("Role", "ClusterRole"))


def _ref(at: rules.At, known: Sequence[str]) -> Iterator[field.Error]:
    ref: Json = at.value
    if ref.get("apiGroup") != GROUP:
        yield field.unsupported(at.path.child("apiGroup"), ref.get("apiGroup", ""), (GROUP,))
    if ref.get("kind") not in known:
        yield field.unsupported(at.path.child("kind"), ref.get("kind", ""), known)
    if not ref.get("name"):
        yield field.required(at.path.child("name"))
    else:
        why = names.path_segment(ref["name"])
        yield from (field.invalid(at.path.child("name"), ref["name"], detail) for detail in why)


def _subject(at: rules.At) -> Iterator[field.Error]:
    subject: Json = at.value
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    if not subject.get("name"):
        yield field.required(at.path.child("name"))
    if kind not in _KINDS:
        yield field.unsupported(at.path.child("kind"), kind, _KINDS)
    elif group != (wanted := "" if kind == "ServiceAccount" else GROUP):
        yield field.unsupported(at.path.child("apiGroup"), group, (wanted,))
    elif kind == "ServiceAccount":
        if name := subject.get("name"):
            yield from (field.invalid(at.path.child("name"), name, why) for why in names.dns_subdomain(name))
        if not subject.get("namespace"):
            yield field.required(at.path.child("namespace"))


def _row(item: Json, now: datetime) -> Cells:
    ref = item["roleRef"]
    shown = {kind: [_name(one) for one in item.get("subjects", ()) if one["kind"] == kind] for kind in _KINDS}
    lists = (", ".join(shown[kind]) for kind in ("User", "Group", "ServiceAccount"))
    age = cells.age(item["metadata"], now)
    return (item["metadata"]["name"], f"{ref['kind']}/{ref['name']}", age, *lists)


def _name(subject: Json) -> str:
    return f"{subject['namespace']}/{subject['name']}" if subject.get("namespace") else subject["name"]


def _record(plural: str, kind: str, *, namespaced: bool) -> Resource:
    return Resource(
        GROUP,
        "v1",
        plural,
        kind,
        namespaced=namespaced,
        columns=_COLUMNS,
        row=_row,
        hooks=Hooks(default=_default),
        name_rule=names.path_segment,
        rules=(
            rules.field("roleRef", _role if namespaced else _cluster_role, rules.immutable("cannot change roleRef")),
            rules.field("subjects", rules.each(_subject)),
        ),
    )


ROLE_BINDING = _record("rolebindings", "RoleBinding", namespaced=True)
CLUSTER_ROLE_BINDING = _record("clusterrolebindings", "ClusterRoleBinding", namespaced=False)
