"""What is refused of ClusterRoleBinding: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
_GROUP = "rbac.authorization.k8s.io"
_REF = {"kind": "ClusterRole", "name": "r", "apiGroup": _GROUP}
BASE = {"apiVersion": f"{_GROUP}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": _REF}
MISTAKES: list[Mistake] = [
    ({"roleRef": {"kind": "Role"}}, [
        "NotSupported roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\""]),
]
CHANGES: list[Change] = [
    ({}, {"roleRef": {"name": "other"}}, [
        "Invalid roleRef: Invalid value: {\"kind\":\"ClusterRole\",\"name\":\"other\",\"apiGroup\":\"rba…"]),
]
# fmt: on
