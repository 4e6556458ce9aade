"""Which pod ends first: those that use more than they request, then by priority, then by how much more it is.

https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podvisor.node import objects
from podvisor.node.metering.figures import Figures
from podvisor.node.metering.meter import Measured
from podvisor.node.metering.summary import ephemeral
from podvisor.types import quantity

CRITICAL = 2_000_000_000
"""The least priority of those that are never evicted (the kubelet's `IsCriticalPod`)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pod that may have to end, and what it uses; None where that is not known."""

    pod: objects.Pod
    memory: int | None = None
    disk: int | None = None
    processes: int | None = None

    def used(self, resource: str) -> int | None:
        """Of a resource; of inodes as of the disk, since nobody counts them by pod."""
        by_name = {"memory": self.memory, "pids": self.processes}
        return by_name.get(resource, self.disk)


def candidates(pods: Iterable[objects.Pod], figures: Figures) -> Sequence[Candidate]:
    """The pods that run, with what is known of them."""
    known = {one.pod.metadata.uid: one for one in figures.pods}
    return [_candidate(pod, known.get(pod.metadata.uid), figures) for pod in pods]


def _candidate(pod: objects.Pod, measured: Measured | None, figures: Figures) -> Candidate:
    if measured is None:
        return Candidate(pod)
    whole = measured.last.whole
    return Candidate(pod, whole.memory, ephemeral(measured, figures), whole.processes)


def rank(found: Iterable[Candidate], resource: str) -> Sequence[Candidate]:
    """The first to end first; none that is critical."""
    chosen = [one for one in found if one.pod.spec.priority < CRITICAL]
    return sorted(chosen, key=lambda one: _order(one, resource))


def _order(one: Candidate, resource: str) -> tuple[bool, bool, int, int]:
    used = one.used(resource)
    if used is None:
        return (False, False, one.pod.spec.priority, 0)
    if resource == "pids":
        return (True, True, one.pod.spec.priority, -used)
    requested = requests(one.pod, "memory" if resource == "memory" else "ephemeral-storage")
    return (True, used <= requested, one.pod.spec.priority, requested - used)


def requests(pod: objects.Pod, resource: str) -> int:
    """What all containers of a pod request together."""
    running = [*pod.spec.containers, *(one for one in pod.spec.init_containers if one.sidecar)]
    total = sum(amount(one.resources.requests, resource) for one in running)
    once = [amount(one.resources.requests, resource) for one in pod.spec.init_containers if not one.sidecar]
    return max([total, *once])


def amount(listed: objects.Amounts, resource: str) -> int:
    """One entry of a resource list; nothing where it is not there."""
    return quantity.parse(str(listed[resource])).value if resource in listed else 0
