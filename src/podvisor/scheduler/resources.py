"""Amounts of what nodes have and pods ask for, as whole numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from podvisor.sdk.objects.core import Container, Pod, Quantities
from podvisor.types import quantity

DEFAULT_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024
"""What a container that asks for nothing counts as when nodes are compared, so that such pods spread as well."""
NAMED = frozenset({"cpu", "memory", "ephemeral-storage", "pods"})


@dataclass(slots=True)
class Amounts:
    """CPU in thousandths, memory and storage in bytes, everything else by name."""

    cpu: int = 0
    memory: int = 0
    storage: int = 0
    others: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, more: "Amounts", sign: int = 1) -> None:
        """Add (or with -1 take away) in place."""
        self.cpu += sign * more.cpu
        self.memory += sign * more.memory
        self.storage += sign * more.storage
        for name, amount in more.others.items():
            self.others[name] = self.others.get(name, 0) + sign * amount

    def copy(self) -> "Amounts":
        """The same amounts, to be changed apart."""
        return Amounts(self.cpu, self.memory, self.storage, dict(self.others))

    def raise_to(self, least: "Amounts") -> None:
        """Make each amount at least that of `least`, in place."""
        self.cpu = max(self.cpu, least.cpu)
        self.memory = max(self.memory, least.memory)
        self.storage = max(self.storage, least.storage)
        for name, amount in least.others.items():
            self.others[name] = max(self.others.get(name, 0), amount)


def parse(listed: Quantities) -> Amounts:
    """Read a resource list. `pods` is left out: it counts pods, not what they ask for."""
    others = {name: quantity.parse(str(amount)).value for name, amount in listed.items() if name not in NAMED}
    return Amounts(
        cpu=quantity.parse(str(listed.get("cpu", 0))).milli,
        memory=quantity.parse(str(listed.get("memory", 0))).value,
        storage=quantity.parse(str(listed.get("ephemeral-storage", 0))).value,
        others=others,
    )


def pods_allowed(allocatable: Quantities) -> int:
    """How many pods a node takes."""
    return quantity.parse(str(allocatable.get("pods", 0))).value


def asked(pod: Pod) -> Amounts:
    """What a pod asks for in all.

    Its containers and sidecars together, or what a single init container needs beside the sidecars started before it,
    whichever is more; plus the overhead of its RuntimeClass
    (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers).
    """
    total, sidecars, largest = Amounts(), Amounts(), Amounts()
    for container in pod.spec.containers:
        total.add(parse(container.resources.requests))
    for container in pod.spec.init_containers:
        one = parse(container.resources.requests)
        if container.restart_policy == "Always":
            total.add(one)
            sidecars.add(one)
            one = sidecars
        else:
            one.add(sidecars)
        largest.raise_to(one)
    total.raise_to(largest)
    total.add(parse(pod.spec.overhead))
    return total


def assumed(pod: Pod, total: Amounts) -> Amounts:
    """What a pod counts as when nodes are compared: what it asks for, and something for containers that do not say."""
    silent_cpu = _silent(pod.spec.containers, "cpu")
    silent_memory = _silent(pod.spec.containers, "memory")
    return Amounts(total.cpu + silent_cpu * DEFAULT_CPU, total.memory + silent_memory * DEFAULT_MEMORY)


def _silent(containers: Iterable[Container], name: str) -> int:
    return sum(name not in container.resources.requests for container in containers)
