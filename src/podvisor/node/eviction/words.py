"""What is said of pods that are evicted, in the kubelet's words."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from podvisor.node import objects
from podvisor.node.eviction import ranking
from podvisor.node.eviction.thresholds import Observations, Threshold
from podvisor.node.metering.meter import Measured
from podvisor.types.quantity import Quantity

REASON = "Evicted"


def low(resource: str, acting: Sequence[Threshold], seen: Observations) -> str:
    """Why a pod ends: what is short, by which threshold."""
    text = f"The node was low on resource: {resource}. "
    for one in acting:
        if one.resource == resource and (observed := seen.get(one.signal)) is not None:
            wanted, available = (binary(n) for n in (one.value.of(observed.capacity), observed.available))
            return f"{text}Threshold quantity: {wanted}, available: {available}. "
    return text


def blame(resource: str, measured: Measured | None, logs: Mapping[tuple[str, str], int]) -> str:
    """Which of a pod's containers use more than they request."""
    if measured is None or resource not in ("memory", "ephemeral-storage"):
        return ""
    pod, texts = measured.pod, list[str]()
    for name, use in measured.last.containers.items():
        used = use.memory if resource == "memory" else use.root + logs.get((pod.metadata.uid, name), 0)
        listed = pod.container(name).resources.requests
        if used > ranking.amount(listed, resource):
            request = str(listed.get(resource, "0"))
            more = f"has larger consumption of {resource}. "
            texts.append(f"Container {name} was using {binary(used)}, request is {request}, {more}")
    return "".join(texts)


def condition(conditions: Iterable[str]) -> str:
    """Why a pod is not taken."""
    names = " ".join(sorted(conditions))
    return f"The node had condition: [{names}]. "


def volume(name: str, limit: object) -> str:
    """An emptyDir has grown over its limit."""
    return f'Usage of EmptyDir volume "{name}" exceeds the limit "{limit}". '


def whole(limit: object) -> str:
    """A pod uses more of the disk than its containers may together."""
    return f"Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "


def container(name: str, limit: object) -> str:
    """A container uses more of the disk than it may."""
    return f'Container {name} exceeded its local ephemeral storage limit "{limit}". '


def is_best_effort(pod: objects.Pod) -> bool:
    """True if nothing of it requests or limits processors or memory."""
    lists = (listed for one in pod.every_container for listed in (one.resources.requests, one.resources.limits))
    return not any(name in ("cpu", "memory") for listed in lists for name in listed)


def binary(amount: int) -> str:
    """An amount as Go prints one of the family Ki, Mi."""
    return str(Quantity(Decimal(amount), "binary"))
