"""What is refused of Role: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
_RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
BASE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [_RULE]}
MISTAKES: list[Mistake] = [
    ({"rules": [_RULE | {"verbs": []}]}, [
        "Required rules[0].verbs: Required value: verbs must contain at least one value"]),
    ({"rules": [_RULE | {"apiGroups": []}]}, [
        "Required rules[0].apiGroups: Required value: resource rules must supply at least one api group"]),
    ({"rules": [_RULE | {"resources": []}]}, [
        "Required rules[0].resources: Required value: resource rules must supply at least one resource"]),
    ({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/a"]}]}, [
        "Invalid rules[0].nonResourceURLs: Invalid value: [\"/a\"]: namespaced rules cannot apply to non-resource…"]),
    ({"metadata": {"name": "a/b"}}, ["Invalid metadata.name: Invalid value: \"a/b\": may not contain '/'"]),
]
CHANGES: list[Change] = [
    ({}, {"rules": [_RULE | {"verbs": []}]}, [
        "Required rules[0].verbs: Required value: verbs must contain at least one value"]),
]
# fmt: on
