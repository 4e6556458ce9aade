"""What an object uses of a ResourceQuota, and which quotas count it.

https://kubernetes.io/docs/concepts/policy/resource-quotas/ . Admission counts what is about to be written, the
controller what is there: both count by these functions, on whole objects.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from podvisor.types import amounts
from podvisor.types.amounts import Amounts
from podvisor.types.quantity import Quantity

Json: TypeAlias = dict[str, Any]

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_MUST_BE_SAID = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""A quota over one of these obliges every container to say it."""
_HUGE = "hugepages-"
_BY_CLASS = ".storageclass.storage.k8s.io/"
_STORAGE = ("persistentvolumeclaims", "requests.storage")
_LEGACY = ("configmaps", "secrets", "replicationcontrollers", "resourcequotas")
"""Kinds that are counted by their bare name as well."""
_ONE = Quantity(Decimal(1))
DEFAULT_CLASS = "volume.beta.kubernetes.io/storage-class"
"""The annotation by which claims named their class before there was a field."""


def count_name(group: str, plural: str) -> str:
    """The name by which objects of a kind are counted: `count/deployments.apps`."""
    return f"count/{plural}.{group}" if group else f"count/{plural}"


def names_of(group: str, plural: str, hard: Iterable[str]) -> list[str]:
    """Those names of a quota that objects of a kind can use."""
    return [name for name in hard if name == count_name(group, plural) or (not group and _is_used_by(plural, name))]


def _is_used_by(plural: str, name: str) -> bool:
    match plural:
        case "pods":
            bare = name.removeprefix("requests.").removeprefix("limits.")
            return name == "pods" or bare in _COMPUTE or _is_reserved(name)
        case "services":
            return name in ("services", "services.nodeports", "services.loadbalancers")
        case "persistentvolumeclaims":
            return name in _STORAGE or (_BY_CLASS in name and name.partition(_BY_CLASS)[2] in _STORAGE)
        case _:
            return plural in _LEGACY and name == plural


def _is_reserved(name: str) -> bool:
    """True if it is what cannot be shared: huge pages, and what nodes offer beside their own."""
    foreign = "/" in name and "kubernetes.io/" not in name
    return name.removeprefix("requests.").startswith(_HUGE) or (foreign and name.startswith("requests."))


def of_object(group: str, plural: str, item: Json, now: datetime) -> Amounts:
    """What one object uses."""
    counted = {count_name(group, plural): _ONE}
    match (group, plural):
        case ("", "pods"):
            return counted | (_of_pod(item["spec"]) if is_charged(item, now) else {})
        case ("", "services"):
            return counted | _of_service(item.get("spec", {}))
        case ("", "persistentvolumeclaims"):
            return counted | _of_claim(item)
        case ("", _) if plural in _LEGACY:
            return counted | {plural: _ONE}
        case _:
            return counted


def is_charged(pod: Json, now: datetime) -> bool:
    """True if a pod counts for more than its being there: it has not ended, nor outstayed its grace period."""
    if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return False
    metadata = pod["metadata"]
    since, grace = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
    return since is None or grace is None or now <= datetime.fromisoformat(since) + timedelta(seconds=grace)


def _of_pod(spec: Json) -> Amounts:
    return _compute(amounts.with_overhead(spec, "requests"), amounts.with_overhead(spec, "limits"))


def _compute(requests: Amounts, limits: Amounts) -> Amounts:
    used = {"pods": _ONE}
    for name, amount in requests.items():
        if name in _COMPUTE or name.startswith(_HUGE):
            used |= {name: amount, f"requests.{name}": amount}
        elif "/" in name and "kubernetes.io/" not in name:
            used[f"requests.{name}"] = amount
    return used | {f"limits.{name}": amount for name, amount in limits.items() if name in _COMPUTE}


def _of_service(spec: Json) -> Amounts:
    """Ports of a node are counted by what is asked for: which they are is not decided yet."""
    kind, ports = spec.get("type"), _listed(spec, "ports")
    on_nodes = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        on_nodes = sum(bool(port.get("nodePort")) for port in ports)
    return {
        "services": _ONE,
        "services.nodeports": Quantity(Decimal(on_nodes)),
        "services.loadbalancers": Quantity(Decimal(kind == "LoadBalancer")),
    }


def class_of(claim: Json) -> str:
    """The class of a claim, by its old annotation or by its field."""
    named = claim["metadata"].get("annotations", {}).get(DEFAULT_CLASS)
    return named if named is not None else claim["spec"].get("storageClassName") or ""


def _of_claim(claim: Json) -> Amounts:
    used = {"persistentvolumeclaims": _ONE}
    asked = amounts.parse(claim["spec"].get("resources", {}).get("requests")).get("storage")
    granted = amounts.parse(claim.get("status", {}).get("allocatedResources")).get("storage")
    if asked is not None:
        most = max(asked, granted or asked)
        used["requests.storage"] = Quantity(Decimal(most.value), most.family)
    if name := class_of(claim):
        used |= {f"{name}{_BY_CLASS}{what}": amount for what, amount in used.items()}
    return used


def unsaid(pod: Json, names: Iterable[str]) -> str:
    """What a pod's containers have to say and do not, as `limits.cpu for: a,b; limits.memory for: a`."""
    missing: dict[str, list[str]] = {}
    every = [one for kind in ("containers", "initContainers") for one in pod["spec"].get(kind, ())]
    for container in every:
        said = _compute(amounts.of_container(container, "requests"), amounts.of_container(container, "limits"))
        for name in sorted(set(names) & set(_MUST_BE_SAID) - said.keys()):
            missing.setdefault(name, []).append(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))


def counts(quota_spec: Json, hard: Iterable[str], group: str, plural: str, item: Json) -> bool:
    """True if a quota with these hard amounts counts an object: it has a name for it, and all its scopes hold."""
    if not names_of(group, plural, hard):
        return False
    scopes = [*_scopes(quota_spec)]
    if (group, plural) != ("", "pods"):
        # Scopes are about pods alone.
        return not scopes
    return all(_holds(scope, item) for scope in scopes)


def _listed(item: Json, name: str) -> list[Json]:
    return item.get(name, [])


def _scopes(spec: Json) -> Iterator[Json]:
    for scope in spec.get("scopes") or ():
        yield {"scopeName": scope, "operator": "Exists"}
    yield from _listed(spec.get("scopeSelector", {}), "matchExpressions")


def _holds(scope: Json, pod: Json) -> bool:
    spec = pod["spec"]
    match scope["scopeName"]:
        case "Terminating":
            return is_terminating(pod)
        case "NotTerminating":
            return not is_terminating(pod)
        case "BestEffort":
            return pod.get("status", {}).get("qosClass") == "BestEffort"
        case "NotBestEffort":
            return pod.get("status", {}).get("qosClass") != "BestEffort"
        case "PriorityClass":
            return _is_of_class(scope["operator"], scope.get("values") or (), spec.get("priorityClassName") or "")
        case "CrossNamespacePodAffinity":
            return any(term.get("namespaces") or "namespaceSelector" in term for term in _affinity_terms(spec))
        case _:
            return False


def is_terminating(pod: Json) -> bool:
    """True if the pod ends by itself, since it has a deadline."""
    return pod["spec"].get("activeDeadlineSeconds", -1) >= 0


def _is_of_class(operator: str, values: Sequence[str], name: str) -> bool:
    match operator:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "Exists":
            return bool(name)
        case _:
            return not name


def _affinity_terms(spec: Json) -> Iterator[Json]:
    for kind in ("podAffinity", "podAntiAffinity"):
        rules: Json = spec.get("affinity", {}).get(kind, {})
        required: list[Json] = rules.get("requiredDuringSchedulingIgnoredDuringExecution", [])
        preferred: list[Json] = rules.get("preferredDuringSchedulingIgnoredDuringExecution", [])
        yield from (*required, *(one.get("podAffinityTerm", {}) for one in preferred))
