"""What a node may do: what its own pods need, and no more (the Node authorizer of Kubernetes).

https://kubernetes.io/docs/reference/access-authn-authz/node/ . Secrets and ConfigMaps are a node's only while a pod
that is bound to it names them; it reads and writes its own Node, its own Lease, and the pods that are bound to it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from podvisor.apiserver import objects
from podvisor.apiserver.access import rules
from podvisor.apiserver.access.policy import Attributes, Decision, Rule
from podvisor.apiserver.access.users import User
from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.resource import Json
from podvisor.apiserver.storage import Storage

GROUP = "system:nodes"
_PREFIX = "system:node:"
_READ = ("get", "list", "watch")
RULES = (
    Rule(_READ, ("",), ("services",)),
    # A node is its own load balancer: what a cloud's controller manager writes with a role of its own.
    Rule(("patch",), ("",), ("services/status",)),
    # A node does the work of kube-proxy too, which reads these as system:node-proxier.
    Rule(_READ, ("discovery.k8s.io",), ("endpointslices",)),
    # And the work of a network plugin, whose agents read these with roles of their own.
    Rule(_READ, ("networking.k8s.io",), ("networkpolicies",)),
    # These are read by CoreDNS too, as system:coredns.
    Rule(_READ, ("",), ("namespaces",)),
    Rule((*_READ, "patch"), ("",), ("persistentvolumes",)),
    Rule(_READ, ("node.k8s.io",), ("runtimeclasses",)),
    Rule(_READ, ("storage.k8s.io",), ("csidrivers", "csinodes")),
    Rule(("create",), ("",), ("nodes",)),
    Rule(("create", "update", "patch"), ("",), ("events",)),
    Rule(("create",), ("certificates.k8s.io",), ("certificatesigningrequests",)),
    Rule(("create",), ("authentication.k8s.io",), ("tokenreviews",)),
    Rule(("create",), ("authorization.k8s.io",), ("subjectaccessreviews", "localsubjectaccessreviews")),
)
"""What every node may, whatever runs on it. Admission sees that the Node it creates is its own."""
_LEASES = "kube-node-lease"


class Nodes:
    """The `Authorizer` for members of `system:nodes` who are called `system:node:<name>`."""

    def __init__(self, storage: Storage, catalogue: Catalogue) -> None:
        self._storage = storage
        self._pods = catalogue.get("", "v1", "pods")

    async def authorize(self, user: User, asked: Attributes) -> Decision:
        """See Authorizer."""
        node = node_name(user)
        if node is None or asked.path:
            return Decision(False)
        if any(rules.allows(rule, asked) for rule in RULES) or _own(asked, node) or await self._by_pods(asked, node):
            return Decision(True)
        return Decision(False, f"no relationship found between node '{node}' and this object")

    async def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """See Authorizer."""
        return RULES if node_name(user) else ()

    async def _by_pods(self, asked: Attributes, node: str) -> bool:
        """True if a pod that is bound to the node makes this the node's affair."""
        match (asked.group, asked.resource, asked.subresource, asked.verb):
            case ("", "pods", "", "list" | "watch"):
                return ("spec.nodeName", node) in asked.fields
            case (
                ("", "pods", "", "get" | "delete")
                | ("", "pods", "status", "get" | "update" | "patch")
                | ("", "pods", "eviction", "create")
            ):
                found = await self._storage.find(self._pods, asked.namespace, asked.name) if asked.name else None
                return bool(asked.name) and (found is None or node_of(objects.decode(self._pods, found)) == node)
            case ("", "secrets" | "configmaps", "", "get" | "list" | "watch"):
                return await self._is_named(asked, node)
            case ("", "persistentvolumeclaims", "", "get"):
                return await self._is_claimed(asked, node)
            case ("", "serviceaccounts", "token", "create") | ("", "serviceaccounts", "", "get"):
                return await self._is_named(asked, node)
            case _:
                return False

    async def _is_named(self, asked: Attributes, node: str) -> bool:
        """True if a pod of the node names this object. The bytes are looked at first, which is what makes it cheap."""
        if not asked.name or not asked.namespace:
            return False
        name = f'"{asked.name}"'.encode()
        for kv in (await self._storage.all(self._pods, asked.namespace)).kvs:
            if name in kv.value:
                pod = objects.decode(self._pods, kv)
                if node_of(pod) == node and asked.name in set(_references(pod["spec"], asked.resource)):
                    return True
        return False

    async def _is_claimed(self, asked: Attributes, node: str) -> bool:
        """True if a pod of the node has a volume of this claim."""
        every = (await self._storage.all(self._pods, asked.namespace)).kvs if asked.name and asked.namespace else ()
        pods = (objects.decode(self._pods, kv) for kv in every if b'"volumes"' in kv.value)
        return any(node_of(pod) == node and asked.name in set(_claims(pod)) for pod in pods)


def node_name(user: User) -> str | None:
    """The node that a user is, if he is one."""
    if GROUP not in user.groups or not user.name.startswith(_PREFIX):
        return None
    return user.name.removeprefix(_PREFIX)


def node_of(pod: Json) -> str:
    """The node that a pod is bound to."""
    return pod["spec"].get("nodeName", "")


def _own(asked: Attributes, node: str) -> bool:
    """True if this is the node's own Node or Lease. A create does not name its object; admission looks at that."""
    match (asked.group, asked.resource, asked.subresource):
        case ("", "nodes", "" | "status"):
            return asked.name == node and asked.verb in (*_READ, "update", "patch")
        case ("coordination.k8s.io", "leases", "") if asked.namespace == _LEASES:
            return asked.verb == "create" or (asked.name == node and asked.verb in ("get", "update", "patch", "delete"))
        case _:
            return False


_WHERE = {
    "secrets": ("secretKeyRef", "secretRef", "secret"),
    "configmaps": ("configMapKeyRef", "configMapRef", "configMap"),
}
"""The fields of an environment variable, of `envFrom`, and of a volume that name one."""
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def _references(spec: Json, resource: str) -> Iterator[str]:
    """The names of Secrets, ConfigMaps or accounts that a pod's spec holds."""
    if resource == "serviceaccounts":
        yield spec.get("serviceAccountName") or "default"
        return
    key, ref, source = _WHERE[resource]
    for container in (one for kind in _CONTAINERS for one in spec.get(kind, ())):
        yield from (_name(objects.dig(variable, "valueFrom", key)) for variable in container.get("env", ()))
        yield from (_name(given.get(ref)) for given in container.get("envFrom", ()))
    for volume in spec.get("volumes", ()):
        yield from (_name(one.get(source)) for one in (volume, *(objects.dig(volume, "projected", "sources") or ())))
    if resource == "secrets":
        yield from (one.get("name", "") for one in spec.get("imagePullSecrets", ()))


def _claims(pod: Json) -> Iterator[str]:
    """The names of a pod's claims."""
    for volume in pod["spec"].get("volumes", ()):
        if "ephemeral" in volume:
            yield f"{pod['metadata']['name']}-{volume['name']}"
        yield objects.dig(volume, "persistentVolumeClaim", "claimName") or ""


def _name(reference: Any) -> str:
    given = cast("Json", reference) if isinstance(reference, dict) else {}
    return given.get("name") or given.get("secretName") or ""
