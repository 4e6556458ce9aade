"""What is refused of ClusterRole: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
_RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
BASE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": []}
MISTAKES: list[Mistake] = [
    ({"rules": [_RULE | {"nonResourceURLs": ["/a"]}]}, [
        "Invalid rules[0].nonResourceURLs: Invalid value: [\"/a\"]: rules cannot apply to both regular resources …"]),
    ({"aggregationRule": {"clusterRoleSelectors": []}}, [
        "Required aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required…"]),
    ({"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "Is"}]}]}}, [
        "Invalid aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: \"Is\": not a…"]),
]
CHANGES: list[Change] = []
# fmt: on
