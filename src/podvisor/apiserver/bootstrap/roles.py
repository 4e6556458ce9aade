"""The default roles and bindings as objects."""

from collections.abc import Iterator, Mapping, Sequence

from podvisor.apiserver.bootstrap import controllers, namespaces, rules, users
from podvisor.apiserver.resource import Json

GROUP = "rbac.authorization.k8s.io"
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_AGGREGATE = f"{GROUP}/aggregate-to-"
_ABOVE = {"view": ("edit",), "edit": ("admin",), "admin": ()}
"""The roles that collect rules from others, and those that each is part of."""
_LEVELS = {"view": ("view",), "edit": ("edit", "view"), "admin": ("admin", "edit", "view")}
"""Whose `system:aggregate-to-<level>` each has its rules from; the controller finds the same, and `_METRICS`."""
_METRICS = "system:aggregated-metrics-reader"
# Upstream's controllers each have an account of their own; here they are one client. The garbage collector and the
# namespace controller end objects of any kind, so its role reaches all of them; it cannot create what gives rights,
# act as somebody else, or bind a role.
_OWN: Mapping[str, tuple[str, ...]] = {
    "podvisor:controllers": (
        "get list watch delete deletecollection patch update | * | *",
        "create | core | configmaps endpoints persistentvolumeclaims persistentvolumes pods pods/binding pods/eviction",
        "create | apps batch discovery.k8s.io coordination.k8s.io | *",
        "escalate | rbac.authorization.k8s.io | clusterroles",
        "approve | certificates.k8s.io | signers | kubernetes.io/kube-apiserver-client-kubelet",
        (
            "sign | certificates.k8s.io | signers | kubernetes.io/kube-apiserver-client "
            "kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown"
        ),
    ),
    # metrics-server's own, which is part of all three levels.
    _METRICS: ("get list watch | metrics.k8s.io | pods nodes",),
}

_Subject = tuple[str, str]
"""A kind and a name; that of a service account in kube-system."""
_ACCOUNT = "ServiceAccount"
_ANYBODY, _NOBODY = ("Group", "system:authenticated"), ("Group", "system:unauthenticated")
_MANAGER, _SCHEDULER = ("User", "system:kube-controller-manager"), ("User", "system:kube-scheduler")
_BINDINGS: Mapping[str, Sequence[_Subject]] = {
    "cluster-admin": [("Group", "system:masters")],
    "system:monitoring": [("Group", "system:monitoring")],
    "system:discovery": [_ANYBODY],
    "system:basic-user": [_ANYBODY],
    "system:public-info-viewer": [_ANYBODY, _NOBODY],
    "system:node-proxier": [("User", "system:kube-proxy")],
    "system:kube-controller-manager": [_MANAGER],
    "system:kube-dns": [(_ACCOUNT, "kube-dns")],
    "system:kube-scheduler": [_SCHEDULER],
    "system:volume-scheduler": [_SCHEDULER],
    "system:node": [],
    "system:service-account-issuer-discovery": [("Group", "system:serviceaccounts")],
    "podvisor:controllers": [_MANAGER],
}
"""Who has each ClusterRole. Nodes have theirs from the Node authorizer, and nobody else may."""
_SYSTEM, _PUBLIC = "kube-system", "kube-public"
_NAMESPACED: Mapping[tuple[str, str], tuple[str, Sequence[_Subject]]] = {
    (_SYSTEM, "system::extension-apiserver-authentication-reader"): (
        "extension-apiserver-authentication-reader",
        [_MANAGER, _SCHEDULER],
    ),
    (_SYSTEM, "system::leader-locking-kube-controller-manager"): (
        "system::leader-locking-kube-controller-manager",
        [_MANAGER, (_ACCOUNT, "kube-controller-manager"), (_ACCOUNT, "leader-election-controller")],
    ),
    (_SYSTEM, "system::leader-locking-kube-scheduler"): (
        "system::leader-locking-kube-scheduler",
        [_SCHEDULER, (_ACCOUNT, "kube-scheduler")],
    ),
    (_SYSTEM, "system:controller:bootstrap-signer"): (
        "system:controller:bootstrap-signer",
        [(_ACCOUNT, "bootstrap-signer")],
    ),
    (_SYSTEM, "system:controller:cloud-provider"): ("system:controller:cloud-provider", [(_ACCOUNT, "cloud-provider")]),
    (_SYSTEM, "system:controller:token-cleaner"): ("system:controller:token-cleaner", [(_ACCOUNT, "token-cleaner")]),
    (_PUBLIC, "system:controller:bootstrap-signer"): (
        "system:controller:bootstrap-signer",
        [(_ACCOUNT, "bootstrap-signer")],
    ),
}
"""RoleBindings by namespace and name: the Role, and who has it."""


def roles() -> Iterator[Json]:
    """The ClusterRoles, and the Roles of kube-system and kube-public."""
    for name, texts in (*users.ROLES.items(), *_OWN.items()):
        yield _object("ClusterRole", name, _labels(name)) | {"rules": [rules.parse(text) for text in texts]}
    for level, above in _ABOVE.items():
        chosen = [{"matchLabels": {f"{_AGGREGATE}{level}": "true"}}]
        labels = {f"{_AGGREGATE}{one}": "true" for one in above}
        parts = (*(users.ROLES[f"system:aggregate-to-{one}"] for one in _LEVELS[level]), _OWN[_METRICS])
        collected = [rules.parse(text) for texts in parts for text in texts]
        item = _object("ClusterRole", level, labels)
        yield item | {"aggregationRule": {"clusterRoleSelectors": chosen}, "rules": collected}
    for name, texts in controllers.ROLES.items():
        item = _object("ClusterRole", f"system:controller:{name}", {})
        yield item | {"rules": [rules.parse(text) for text in texts]}
    for where, texts in namespaces.ROLES.items():
        namespace, _, name = where.partition("/")
        yield _object("Role", name, {}, namespace) | {"rules": [rules.parse(text) for text in texts]}


def bindings() -> Iterator[Json]:
    """The ClusterRoleBindings, and the RoleBindings of kube-system and kube-public."""
    for role, subjects in _BINDINGS.items():
        yield _object("ClusterRoleBinding", role, {}) | _bound("ClusterRole", role, subjects)
    for name in controllers.ROLES:
        role = f"system:controller:{name}"
        yield _object("ClusterRoleBinding", role, {}) | _bound("ClusterRole", role, [(_ACCOUNT, name)])
    for (namespace, name), (role, subjects) in _NAMESPACED.items():
        yield _object("RoleBinding", name, {}, namespace) | _bound("Role", role, subjects)


def _bound(kind: str, role: str, subjects: Sequence[_Subject]) -> Json:
    ref = {"kind": kind, "name": role, "apiGroup": GROUP}
    return {"roleRef": ref} | ({"subjects": [_subject(*subject) for subject in subjects]} if subjects else {})


def _subject(kind: str, name: str) -> Json:
    return {"kind": kind, "name": name} | ({"namespace": _SYSTEM} if kind == _ACCOUNT else {"apiGroup": GROUP})


def _labels(name: str) -> dict[str, str]:
    if name == _METRICS:
        return {f"{_AGGREGATE}{level}": "true" for level in _LEVELS}
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
