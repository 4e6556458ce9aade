"""A node writes about itself and its own pods, and gives itself nothing (the plugin NodeRestriction).

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
"""

from collections.abc import Iterable, Mapping

from podvisor.apiserver import objects
from podvisor.apiserver.access import nodes
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json
from podvisor.types import status

_ALLOWED = frozenset(
    {
        *("kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch"),
        *("beta.kubernetes.io/os", "beta.kubernetes.io/arch", "beta.kubernetes.io/instance-type"),
        *("node.kubernetes.io/instance-type", "topology.kubernetes.io/zone", "topology.kubernetes.io/region"),
        *("failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"),
    }
)
"""Labels of Kubernetes' own domains that a node says of itself."""
_ALLOWED_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")
_DOMAINS = ("kubernetes.io", "k8s.io")


async def node_restriction(change: Change, view: View) -> None:
    """Raises Forbidden where a node writes what is not its own, or about itself what others rely on."""
    own = nodes.node_name(change.user)
    if own is None or change.operation == "DELETE" or change.new is None:
        return
    new, old = change.new, change.old or {}
    match (change.resource.group, change.resource.plural):
        case ("", "nodes"):
            _check_node(change, own, new, old)
        case ("coordination.k8s.io", "leases") if change.name != own:
            raise _refused(change, "can only access node lease with the same name as the requesting node")
        case ("", "persistentvolumes") if not _frees_only(new, old):
            raise _refused(change, "can only remove its finalizer from a volume that is being deleted")
        case ("", "pods") if _labels(new) != _labels(old):
            raise _refused(change, "cannot update labels through pod status")
        case _:
            return


def _check_node(change: Change, own: str, new: Json, old: Json) -> None:
    if change.name != own:
        raise _refused(change, f'node "{own}" is not allowed to modify node "{change.name}"')
    if old and new["spec"].get("taints") != old["spec"].get("taints"):
        raise _refused(change, f'node "{own}" is not allowed to modify taints')
    labels, before = _labels(new), _labels(old)
    changed = (name for name in {*labels, *before} if labels.get(name) != before.get(name))
    if wrong := sorted(_foreign(changed)):
        raise _refused(change, f"is not allowed to modify labels: {', '.join(wrong)}")


def _frees_only(new: Json, old: Json) -> bool:
    """True if nothing changes of a volume that goes but who keeps it."""
    kept = {"finalizers", "managedFields", "resourceVersion"}
    before, after = ({k: v for k, v in one["metadata"].items() if k not in kept} for one in (old, new))
    going = "deletionTimestamp" in before
    return going and before == after and old["spec"] == new["spec"] and old.get("status") == new.get("status")


def _labels(item: Json) -> Mapping[str, str]:
    return objects.dig(item, "metadata", "labels") or {}


def _foreign(labels: Iterable[str]) -> Iterable[str]:
    """Those of some labels by which others choose nodes, so that no node may claim them."""
    for label in labels:
        domain = label.partition("/")[0] if "/" in label else ""
        if label in _ALLOWED or _within(domain, _ALLOWED_DOMAINS):
            continue
        if _within(domain, _DOMAINS):
            yield label


def _within(domain: str, known: Iterable[str]) -> bool:
    return any(domain == one or domain.endswith(f".{one}") for one in known)


def _refused(change: Change, why: str) -> status.Forbidden:
    return status.Forbidden(why, change.resource.subject(change.name))
