"""Resource lists: amounts by name, and what a pod asks for in all.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from podvisor.types import quantity
from podvisor.types.quantity import Quantity

Json: TypeAlias = dict[str, Any]
Amounts: TypeAlias = dict[str, Quantity]


def parse(listed: Mapping[str, Any] | None) -> Amounts:
    """Read a resource list; none is an empty one. Raises ValueError for what is no quantity."""
    return {name: quantity.parse(str(amount)) for name, amount in (listed or {}).items()}


def plain(amounts: Amounts) -> dict[str, str]:
    """A resource list as the API shows it."""
    return {name: str(amount) for name, amount in amounts.items()}


def add(one: Amounts, other: Amounts) -> Amounts:
    """The sums, for every name that either has."""
    return one | {name: one[name] + amount if name in one else amount for name, amount in other.items()}


def subtract(one: Amounts, other: Amounts) -> Amounts:
    """What of `one` is left without `other`, for every name that either has; never less than nothing."""
    none = Quantity(quantity.parse("0").amount)
    left = {name: one.get(name, none) - other.get(name, none) for name in (*one, *other)}
    return {name: amount if amount.amount > 0 else none for name, amount in left.items()}


def only(amounts: Amounts, names: Iterable[str]) -> Amounts:
    """Those of these names."""
    wanted = set(names)
    return {name: amount for name, amount in amounts.items() if name in wanted}


def largest(one: Amounts, other: Amounts) -> Amounts:
    """For every name the larger amount."""
    return one | {name: max(one.get(name, amount), amount) for name, amount in other.items()}


def of_pod(spec: Mapping[str, Any], kind: str) -> Amounts:
    """What the containers of a pod have together as their `requests` or `limits`.

    Containers and sidecars together, or what a single init container needs beside the sidecars started before it,
    whichever is more (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers).
    """
    total: Amounts = {}
    sidecars: Amounts = {}
    most: Amounts = {}
    for container in spec.get("containers") or ():
        total = add(total, of_container(container, kind))
    for container in spec.get("initContainers") or ():
        own = of_container(container, kind)
        if container.get("restartPolicy") == "Always":
            total, sidecars = add(total, own), add(sidecars, own)
            most = largest(most, sidecars)
        else:
            most = largest(most, add(own, sidecars))
    return largest(total, most)


def of_container(container: Json, kind: str) -> Amounts:
    """The `requests` or `limits` of a container."""
    resources: Json = container.get("resources", {})
    return parse(resources.get(kind))


def with_overhead(spec: Mapping[str, Any], kind: str) -> Amounts:
    """As `of_pod`, and what the pod's runtime takes beside its containers. A limit is only raised, never made."""
    total, overhead = of_pod(spec, kind), parse(spec.get("overhead"))
    if kind == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in total and total[name].amount}
    return add(total, overhead)
