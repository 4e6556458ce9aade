"""Which pods use more of the disk than they said they would: emptyDirs, containers, whole pods.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#resource-emphemeralstorage-consumption .
A pod's kernel lets them grow a little over that (`room`), so that it shows, and no further.
"""

from podvisor.node import objects
from podvisor.node.eviction import words
from podvisor.node.metering.figures import Figures
from podvisor.node.metering.meter import Measured
from podvisor.node.metering.summary import ephemeral
from podvisor.types import amounts, quantity

_STORAGE = "ephemeral-storage"
_LEAST = 64 << 10


def room(limit: int) -> int:
    """How far what may take `limit` bytes can really grow, until the pod is evicted for it."""
    return limit + max(limit // 16, _LEAST)


def exceeded(one: Measured, figures: Figures) -> str:
    """Why a pod is to end, in the kubelet's words; empty if it keeps to what it said."""
    return _volumes(one) or _whole(one, figures) or _containers(one, figures)


def _volumes(one: Measured) -> str:
    for volume in one.pod.spec.volumes:
        filled, empty = one.last.volumes.get(volume.name), volume.empty_dir
        if filled is None or empty is None or empty.size_limit is None:
            continue
        limit = quantity.parse(str(empty.size_limit))
        if 0 < limit.value < filled.used:
            return words.volume(volume.name, limit)
    return ""


def _whole(one: Measured, figures: Figures) -> str:
    """The limits that are there add up, as upstream, though one of the containers may have none."""
    limits = [_limit(each) for each in one.pod.spec.containers]
    known = [limit for limit in limits if limit is not None]
    if not known:
        return ""
    total = known[0]
    for limit in known[1:]:
        total += limit
    return words.whole(total) if ephemeral(one, figures) > total.value else ""


def _containers(one: Measured, figures: Figures) -> str:
    for each in one.pod.spec.containers:
        limit, use = _limit(each), one.last.containers.get(each.name)
        if limit is None or use is None or not limit.value:
            continue
        logs = figures.logs.get((one.pod.metadata.uid, each.name), 0)
        if use.root + logs > limit.value:
            return words.container(each.name, limit)
    return ""


def _limit(container: objects.Container) -> amounts.Quantity | None:
    listed = container.resources.limits
    return quantity.parse(str(listed[_STORAGE])) if _STORAGE in listed else None
