"""The figures as `/stats/summary` shows them, which metrics.k8s.io and dashboards read.

https://kubernetes.io/docs/reference/instrumentation/node-metrics/ ; the fields are those of `stats/v1alpha1`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from podvisor.node import objects
from podvisor.node.metering.figures import Figures
from podvisor.node.metering.files import FileSystem
from podvisor.node.metering.meter import Measured
from podvisor.node.metering.samples import Rate, Use
from podvisor.sdk.objects.meta import seconds

Json = dict[str, Any]


def summary(figures: Figures, *, only_cpu_and_memory: bool = False) -> Json:
    """All of it, or with `only_cpu_and_memory` just that."""
    pods = [_pod(one, figures, brief=only_cpu_and_memory) for one in figures.pods]
    return {"node": _node(figures, brief=only_cpu_and_memory), "pods": pods}


def _node(figures: Figures, *, brief: bool) -> Json:
    machine = figures.machine
    shown: Json = {"nodeName": figures.node, "startTime": seconds(machine.use.started)}
    shown |= _use(machine.use, figures.rate, machine.time, available=machine.memory_available)
    if brief:
        return shown
    time = seconds(machine.time)
    return shown | {
        "fs": _file_system(figures.disk, machine.time),
        "runtime": {"imageFs": _file_system(figures.images, machine.time)},
        "rlimit": {"time": time, "maxpid": machine.most_threads, "curproc": machine.threads},
    }


def _pod(one: Measured, figures: Figures, *, brief: bool) -> Json:
    meta, sample = one.pod.metadata, one.last
    shown: Json = {
        "podRef": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
        "startTime": seconds(one.pod.status.start_time or sample.kernel.started),
        "containers": [_container(name, one, figures, brief=brief) for name in sample.containers],
        **_use(sample.whole, one.whole_rate, sample.time),
    }
    if brief:
        return shown
    time = seconds(sample.time)
    traffic = {"name": "eth0", "rxBytes": sample.network.received, "txBytes": sample.network.sent}
    return shown | {
        "network": {"time": time, **traffic, "interfaces": [traffic]},
        "volume": list(_volumes(one)),
        "ephemeral-storage": _part(ephemeral(one, figures), figures.disk, sample.time),
        "process_stats": {"process_count": sample.whole.processes},
    }


def _container(name: str, one: Measured, figures: Figures, *, brief: bool) -> Json:
    use, time = one.last.containers[name], one.last.time
    shown: Json = {"name": name, "startTime": seconds(use.started), **_use(use, one.rate(name), time)}
    if brief:
        return shown
    logs = figures.logs.get((one.pod.metadata.uid, name), 0)
    return shown | {"rootfs": _part(use.root, figures.disk, time), "logs": _part(logs, figures.disk, time)}


def ephemeral(one: Measured, figures: Figures) -> int:
    """Bytes of the disk that end with the pod: what its containers wrote to their roots and logs, and its emptyDirs."""
    uid = one.pod.metadata.uid
    logs = sum(bytes for (of, _), bytes in figures.logs.items() if of == uid)
    on_disk = {volume.name for volume in one.pod.spec.volumes if _is_on_disk(volume)}
    volumes = sum(filled.used for name, filled in one.last.volumes.items() if name in on_disk)
    return one.last.whole.root + logs + volumes


def _is_on_disk(volume: objects.Volume) -> bool:
    return volume.empty_dir is not None and volume.empty_dir.medium != "Memory"


def _volumes(one: Measured) -> Iterable[Json]:
    namespace, time = one.pod.metadata.namespace, seconds(one.last.time)
    for volume in one.pod.spec.volumes:
        if (filled := one.last.volumes.get(volume.name)) is None:
            continue
        shown: Json = {"time": time, "usedBytes": filled.used, "capacityBytes": filled.capacity}
        shown |= {"availableBytes": filled.capacity - filled.used, "name": volume.name}
        if (claim := volume.persistent_volume_claim) is not None:
            shown["pvcRef"] = {"name": claim.claim_name, "namespace": namespace}
        yield shown


def _use(use: Use, rate: Rate | None, time: datetime, *, available: int | None = None) -> Json:
    at = seconds(time)
    cpu: Json = {"time": at, "usageCoreNanoSeconds": use.cpu}
    if rate is not None:
        cpu["usageNanoCores"] = rate.nanocores
    memory: Json = {"time": at, "usageBytes": use.memory, "workingSetBytes": use.memory, "rssBytes": use.memory}
    if available is not None:
        memory["availableBytes"] = available
    return {"cpu": cpu, "memory": memory}


def _part(used: int, disk: FileSystem, time: datetime) -> Json:
    """What something takes of a file system."""
    shown: Json = {"time": seconds(time), "usedBytes": used}
    return shown | {"availableBytes": disk.available, "capacityBytes": disk.capacity}


def _file_system(disk: FileSystem, time: datetime) -> Json:
    inodes = {"inodes": disk.inodes, "inodesFree": disk.free_inodes, "inodesUsed": disk.inodes - disk.free_inodes}
    return _part(disk.capacity - disk.available, disk, time) | inodes
