"""What is refused of RoleBinding: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
_GROUP = "rbac.authorization.k8s.io"
_REF = {"kind": "Role", "name": "r", "apiGroup": _GROUP}
BASE = {"apiVersion": f"{_GROUP}/v1", "kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": _REF}
MISTAKES: list[Mistake] = [
    ({"roleRef": {"apiGroup": "apps"}}, [
        "NotSupported roleRef.apiGroup: Unsupported value: \"apps\": supported values: \"rbac.authorization.k8s.io\""]),
    ({"roleRef": {"kind": "Thing"}}, [
        "NotSupported roleRef.kind: Unsupported value: \"Thing\": supported values: \"ClusterRole\", \"Role\""]),
    ({"roleRef": {"name": ""}}, ["Required roleRef.name: Required value"]),
    ({"roleRef": {"name": "a/b"}}, ["Invalid roleRef.name: Invalid value: \"a/b\": may not contain '/'"]),
    ({"subjects": [{"kind": "User", "name": "", "apiGroup": _GROUP}]}, [
        "Required subjects[0].name: Required value"]),
    ({"subjects": [{"kind": "Person", "name": "a"}]}, [
        "NotSupported subjects[0].kind: Unsupported value: \"Person\": supported values: \"Group\", \"ServiceA…"]),
    ({"subjects": [{"kind": "User", "name": "a", "apiGroup": "apps"}]}, [
        "NotSupported subjects[0].apiGroup: Unsupported value: \"apps\": supported values: \"rbac.authorization.k…"]),
    ({"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "n", "apiGroup": "apps"}]}, [
        "NotSupported subjects[0].apiGroup: Unsupported value: \"apps\": supported values: \"\""]),
    ({"subjects": [{"kind": "ServiceAccount", "name": "A", "namespace": "n"}]}, [
        "Invalid subjects[0].name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower cas…"]),
    ({"subjects": [{"kind": "ServiceAccount", "name": "a"}]}, [
        "Required subjects[0].namespace: Required value"]),
]
CHANGES: list[Change] = [
    ({}, {"roleRef": {"name": "other"}}, [
        "Invalid roleRef: Invalid value: {\"kind\":\"Role\",\"name\":\"other\",\"apiGroup\":\"rbac.author…"]),
]
# fmt: on
