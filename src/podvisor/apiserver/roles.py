"""The roles and bindings that every cluster has, as data.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings ; `first` writes them.
"""

from collections.abc import Iterator, Sequence

from podvisor.apiserver.resource import Json

GROUP = "rbac.authorization.k8s.io"
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_ALL = ("*",)


def _rule(verbs: Sequence[str], resources: Sequence[str], *groups: str, names: Sequence[str] = ()) -> Json:
    rule: Json = {"verbs": list(verbs), "apiGroups": list(groups or ("",)), "resources": list(resources)}
    return rule | ({"resourceNames": list(names)} if names else {})


def _paths(*paths: str) -> Json:
    return {"verbs": ["get"], "nonResourceURLs": list(paths)}


_HEALTH = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
_WORKLOADS = ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets")
_SCALES = tuple(f"{kind}/scale" for kind in ("deployments", "replicasets", "statefulsets"))
_STATUSES = tuple(f"{kind}/status" for kind in ("daemonsets", "deployments", "replicasets", "statefulsets"))
_NAMESPACED = (
    *("configmaps", "endpoints", "persistentvolumeclaims", "pods", "replicationcontrollers"),
    *("replicationcontrollers/scale", "serviceaccounts", "services"),
)
_VIEWED = (
    *_NAMESPACED,
    *("persistentvolumeclaims/status", "services/status", "bindings", "events", "limitranges", "namespaces/status"),
    *("pods/log", "pods/status", "replicationcontrollers/status", "resourcequotas", "resourcequotas/status"),
    "namespaces",
)
_STREAMS = ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy")

_VIEW = (
    _rule(_READ, _VIEWED),
    _rule(_READ, ("endpointslices",), "discovery.k8s.io"),
    _rule(_READ, (*_WORKLOADS, *_SCALES, *_STATUSES), "apps"),
    _rule(_READ, ("horizontalpodautoscalers", "horizontalpodautoscalers/status"), "autoscaling"),
    _rule(_READ, ("cronjobs", "cronjobs/status", "jobs", "jobs/status"), "batch"),
    _rule(_READ, ("poddisruptionbudgets", "poddisruptionbudgets/status"), "policy"),
    _rule(_READ, ("ingresses", "ingresses/status", "networkpolicies"), "networking.k8s.io"),
    _rule(_READ, ("nodes", "pods"), "metrics.k8s.io"),  # metrics-server: system:aggregated-metrics-reader
)
_EDIT = (
    _rule(_READ, (*_STREAMS, "secrets", "services/proxy")),
    _rule(("impersonate",), ("serviceaccounts",)),
    _rule(_WRITE, ("pods", *_STREAMS)),
    _rule(("create",), ("pods/eviction",)),
    _rule(_WRITE, (*(kind for kind in _NAMESPACED if kind != "pods"), "events", "secrets", "services/proxy")),
    _rule(("create",), ("serviceaccounts/token",)),
    _rule(_WRITE, (*_WORKLOADS[1:], "deployments/rollback", *_SCALES), "apps"),
    _rule(_WRITE, ("horizontalpodautoscalers",), "autoscaling"),
    _rule(_WRITE, ("cronjobs", "jobs"), "batch"),
    _rule(_WRITE, ("poddisruptionbudgets",), "policy"),
    _rule(_WRITE, ("ingresses", "networkpolicies"), "networking.k8s.io"),
    _rule((*_WRITE, *_READ), ("leases",), "coordination.k8s.io"),
)
_ADMIN = (
    _rule(("create",), ("localsubjectaccessreviews",), "authorization.k8s.io"),
    _rule((*_WRITE, *_READ), ("rolebindings", "roles"), GROUP),
)
_EVENTS = _rule(("create", "patch", "update"), ("events",), "", "events.k8s.io")
_REVIEWS = (
    _rule(("create",), ("tokenreviews",), "authentication.k8s.io"),
    _rule(("create",), ("subjectaccessreviews",), "authorization.k8s.io"),
)


def _lock(name: str) -> tuple[Json, Json]:
    """What it takes to lead by a Lease."""
    group = "coordination.k8s.io"
    return _rule(("create",), ("leases",), group), _rule(("get", "update"), ("leases",), group, names=(name,))


_SCHEDULER = (
    _EVENTS,
    *_lock("kube-scheduler"),
    _rule(_READ, ("nodes",)),
    _rule(("delete", *_READ), ("pods",)),
    _rule(("create",), ("bindings", "pods/binding")),
    _rule(("patch", "update"), ("pods/status",)),
    _rule(_READ, ("namespaces", "persistentvolumeclaims", "persistentvolumes", "replicationcontrollers", "services")),
    _rule(("patch", "update"), ("persistentvolumeclaims", "persistentvolumes")),
    _rule(_READ, ("replicasets", "statefulsets"), "apps"),
    _rule(_READ, ("poddisruptionbudgets",), "policy"),
    _rule(_READ, ("csidrivers", "csinodes", "csistoragecapacities", "volumeattachments"), "storage.k8s.io"),
    _rule(_READ, ("storageclasses",), "storage.k8s.io"),
    *_REVIEWS,
)
_MANAGER = (
    _EVENTS,
    *_lock("kube-controller-manager"),
    _rule(("create",), ("secrets", "serviceaccounts")),
    _rule(("delete",), ("secrets",)),
    _rule(("get",), ("configmaps", "namespaces", "secrets", "serviceaccounts")),
    _rule(("update",), ("secrets", "serviceaccounts")),
    *_REVIEWS,
    _rule(("list", "watch"), _ALL, "*"),
    _rule(("create",), ("serviceaccounts/token",)),
)
# Upstream's controllers each have an account of their own; here they are one client. The garbage collector and the
# namespace controller end objects of any kind, so its role reaches all of them; it cannot create what gives rights,
# act as somebody else, or bind a role.
_CONTROLLERS = (
    _rule((*_READ, "delete", "deletecollection", "patch", "update"), _ALL, "*"),
    _rule(("create",), ("configmaps", "endpoints", "persistentvolumeclaims", "pods", "pods/binding", "pods/eviction")),
    _rule(("create",), ("persistentvolumes",)),
    _rule(("create",), _ALL, "apps", "batch", "discovery.k8s.io", "coordination.k8s.io"),
    _rule(("escalate",), ("clusterroles",), GROUP),
)
_NODE = (
    *_REVIEWS,
    _rule(_READ, ("services",)),
    _rule(_READ, ("endpointslices",), "discovery.k8s.io"),
    _rule(("create", *_READ), ("nodes",)),
    _rule(("patch", "update"), ("nodes", "nodes/status")),
    _rule(("create", "patch", "update"), ("events",)),
    _rule(_READ, ("pods",)),
    _rule(("create", "delete"), ("pods",)),
    _rule(("patch", "update"), ("pods/status",)),
    _rule(("create",), ("pods/eviction",)),
    _rule(_READ, ("configmaps", "secrets")),
    _rule(("get",), ("persistentvolumeclaims", "persistentvolumes")),
    _rule(("create", "delete", "get", "patch", "update"), ("leases",), "coordination.k8s.io"),
    _rule(("create",), ("serviceaccounts/token",)),
    _rule(_READ, ("runtimeclasses",), "node.k8s.io"),
)
_ROLES: dict[str, Sequence[Json]] = {
    "cluster-admin": (_rule(_ALL, _ALL, "*"), {"verbs": ["*"], "nonResourceURLs": ["*"]}),
    "system:discovery": (_paths(*_DISCOVERY, *_HEALTH),),
    "system:public-info-viewer": (_paths(*_HEALTH),),
    "system:monitoring": (
        _paths("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"),
    ),
    "system:basic-user": (
        _rule(("create",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews"), "authorization.k8s.io"),
        _rule(("create",), ("selfsubjectreviews",), "authentication.k8s.io"),
    ),
    "system:auth-delegator": _REVIEWS,
    "system:service-account-issuer-discovery": (
        _paths("/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks"),
    ),
    "system:kubelet-api-admin": (
        _rule(_READ, ("nodes",)),
        _rule(("proxy",), ("nodes",)),
        _rule(_ALL, ("nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats")),
    ),
    "system:kube-scheduler": _SCHEDULER,
    "system:kube-controller-manager": _MANAGER,
    "system:node": _NODE,
    "podvisor:controllers": _CONTROLLERS,
    "system:aggregate-to-view": _VIEW,
    "system:aggregate-to-edit": _EDIT,
    "system:aggregate-to-admin": _ADMIN,
}
_AGGREGATED: dict[str, Sequence[Json]] = {
    "view": _VIEW,
    "edit": (*_EDIT, *_VIEW),
    "admin": (*_EDIT, *_VIEW, *_ADMIN),
}
"""What each collects from other roles, as it is at the beginning."""
_ABOVE = {"view": ("edit",), "edit": ("admin",), "admin": ()}
"""Which roles a role is part of."""
_MANAGER_USER, _SCHEDULER_USER = "system:kube-controller-manager", "system:kube-scheduler"
_BINDINGS: dict[str, tuple[str, str]] = {
    "cluster-admin": ("Group", "system:masters"),
    "system:discovery": ("Group", "system:authenticated"),
    "system:basic-user": ("Group", "system:authenticated"),
    "system:public-info-viewer": ("Group", "system:authenticated"),
    "system:monitoring": ("Group", "system:monitoring"),
    "system:service-account-issuer-discovery": ("Group", "system:serviceaccounts"),
    "system:kube-scheduler": ("User", _SCHEDULER_USER),
    "system:kube-controller-manager": ("User", _MANAGER_USER),
    "podvisor:controllers": ("User", _MANAGER_USER),
}
_AUTHENTICATION = "extension-apiserver-authentication"


def roles() -> Iterator[Json]:
    """The ClusterRoles, and the Roles of kube-system."""
    for name, rules in _ROLES.items():
        yield _object("ClusterRole", name, _labels(name)) | {"rules": list(rules)}
    for name, rules in _AGGREGATED.items():
        chosen = [{"matchLabels": {f"{_AGGREGATE}{name}": "true"}}]
        labels = {f"{_AGGREGATE}{above}": "true" for above in _ABOVE[name]}
        item = _object("ClusterRole", name, labels)
        yield item | {"aggregationRule": {"clusterRoleSelectors": chosen}, "rules": list(rules)}
    reader = _object("Role", f"{_AUTHENTICATION}-reader", {}, "kube-system")
    yield reader | {"rules": [_rule(_READ, ("configmaps",), names=(_AUTHENTICATION,))]}


def bindings() -> Iterator[Json]:
    """The ClusterRoleBindings, and the RoleBindings of kube-system."""
    for role, subject in _BINDINGS.items():
        yield _object("ClusterRoleBinding", role, {}) | _bound("ClusterRole", role, subject)
    name = f"{_AUTHENTICATION}-reader"
    both = ("User", _MANAGER_USER), ("User", _SCHEDULER_USER)
    yield _object("RoleBinding", f"system::{name}", {}, "kube-system") | _bound("Role", name, *both)


def _bound(kind: str, role: str, *subjects: tuple[str, str]) -> Json:
    ref = {"kind": kind, "name": role, "apiGroup": GROUP}
    return {"roleRef": ref, "subjects": [{"kind": one, "name": name, "apiGroup": GROUP} for one, name in subjects]}


def _labels(name: str) -> dict[str, str]:
    level = name.removeprefix("system:aggregate-to-")
    return {f"{_AGGREGATE}{level}": "true"} if level != name else {}


def _object(kind: str, name: str, labels: dict[str, str], namespace: str = "") -> Json:
    metadata: Json = {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **labels},
        "annotations": {AUTOUPDATE: "true"},
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"kind": kind, "apiVersion": f"{GROUP}/v1", "metadata": metadata}
