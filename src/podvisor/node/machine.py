"""The Node object: what this machine has, and that it is alive.

https://kubernetes.io/docs/reference/node/node-status/
"""

import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import podvisor
from podvisor import sdk
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.node.settings import Settings
from podvisor.sdk import errors
from podvisor.sdk.objects.meta import Condition, micros, seconds

Json = dict[str, Any]
Images = Callable[[], Awaitable[list[Json]]]
"""What `status.images` is to say."""

LEASES = "kube-node-lease"
LEASE_SECONDS = 40
BEAT = 10.0
"""Seconds between renewals of the lease."""
REPORT = 300.0
"""Seconds between reports of a status that does not change (the kubelet's `nodeStatusReportFrequency`)."""
KUBERNETES = "v1.33.0"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
Pressure = Callable[[], Set[str]]
"""Which of the node's conditions of pressure are true."""


def capacity(settings: Settings) -> Mapping[str, str]:
    """What the machine has, in Kubernetes' units."""
    disk = os.statvfs(settings.data_dir)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{memory // 1024}Ki",
        "ephemeral-storage": f"{disk.f_blocks * disk.f_frsize // 1024}Ki",
        "pods": str(settings.max_pods),
    }


async def register(client: sdk.Client, settings: Settings, clock: Clock, port: int) -> None:
    """Make the Node object, or bring it up to date."""
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    labels = {
        "kubernetes.io/hostname": settings.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": architecture,
    }
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": settings.name, "labels": labels}}
    with suppress(errors.AlreadyExists):
        await client.create(sdk.kinds.NODES, node)
    key = sdk.Key("", settings.name)
    found = await client.patch(sdk.kinds.NODES, key, {"metadata": {"labels": labels}})
    conditions = _conditions(frozenset(), clock, found.status.conditions)
    await client.patch(sdk.kinds.NODES, key, {"status": _status(settings, port, architecture, conditions)}, sdk.STATUS)


@dataclass(frozen=True, slots=True)
class Reported:
    """What is told of the machine while it runs."""

    images: Images
    pressure: Pressure
    changed: Callable[[], Awaitable[None]]
    """Returns once the pressure is another."""


async def beat(client: sdk.Client, settings: Settings, clock: Clock, shown: Reported) -> None:
    """Renew the node's lease, and report its conditions and images when they change, until cancelled."""
    told, listed, last = frozenset[str](), list[Json](), clock.monotonic()
    while True:
        await _renew(client, settings, clock)
        pressure, there = frozenset(shown.pressure()), await shown.images()
        if pressure != told or there != listed or clock.monotonic() - last >= REPORT:
            await _report(client, settings, clock, pressure, there)
            last = clock.monotonic()
        told, listed = pressure, there
        await tasks.first(clock.sleep(BEAT), shown.changed())


async def _report(
    client: sdk.Client, settings: Settings, clock: Clock, pressure: Set[str], images: Sequence[Json]
) -> None:
    key = sdk.Key("", settings.name)
    found = await client.get(sdk.kinds.NODES, settings.name)
    conditions = _conditions(pressure, clock, found.status.conditions)
    await client.patch(sdk.kinds.NODES, key, {"status": {"conditions": conditions, "images": images}}, sdk.STATUS)


async def _renew(client: sdk.Client, settings: Settings, clock: Clock) -> None:
    spec = {"holderIdentity": settings.name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": micros(clock.now())}
    try:
        await client.patch(sdk.kinds.LEASES, sdk.Key(LEASES, settings.name), {"spec": spec})
    except errors.NotFound:
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": settings.name}}
        await client.create(sdk.kinds.LEASES, lease | {"spec": spec}, LEASES)


def _status(settings: Settings, port: int, architecture: str, conditions: Sequence[Json]) -> Json:
    amounts = capacity(settings)
    return {
        "capacity": amounts,
        "allocatable": amounts,
        "addresses": [
            {"type": "InternalIP", "address": settings.address},
            {"type": "Hostname", "address": settings.name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": conditions,
        "nodeInfo": {
            "architecture": architecture,
            "operatingSystem": "linux",
            "kernelVersion": platform.release(),
            "osImage": _system(),
            "containerRuntimeVersion": f"podvisor://{podvisor.__version__}",
            "kubeletVersion": f"{KUBERNETES}+podvisor",
            "kubeProxyVersion": f"{KUBERNETES}+podvisor",
            "machineID": _line("/etc/machine-id"),
            "systemUUID": _line("/etc/machine-id"),
            "bootID": _line("/proc/sys/kernel/random/boot_id"),
        },
    }


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"


def _line(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


_PRESSURES = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"),
    "DiskPressure": ("KubeletHasDiskPressure", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "KubeletHasSufficientPID"),
}
"""The reasons of each condition, where it is true and where not."""


def _conditions(pressure: Set[str], clock: Clock, before: Sequence[Condition]) -> list[Json]:
    """Pressures and readiness, each with the time since when it is so."""
    found = [(type, type in pressure, *reasons) for type, reasons in _PRESSURES.items()]
    found.append(("Ready", True, "KubeletReady", ""))
    now = seconds(clock.now())
    known = {one.type: one for one in before}
    made: list[Json] = []
    for type, holds, bad, fine in found:
        reason, old = bad if holds else fine, known.get(type)
        same = old is not None and old.status == str(holds) and old.last_transition_time
        since = seconds(old.last_transition_time) if old and old.last_transition_time and same else now
        message = "the node runs pods" if type == "Ready" else _words(reason)
        made.append({"type": type, "status": str(holds), "reason": reason, "message": message})
        made[-1] |= {"lastHeartbeatTime": now, "lastTransitionTime": since}
    return made


def _words(reason: str) -> str:
    """`KubeletHasNoDiskPressure` as the kubelet says it: `kubelet has no disk pressure`."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in reason).strip()
    return words.replace("p i d", "PID") + (" available" if "sufficient" in words else "")
