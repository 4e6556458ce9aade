"""The Node object: what this machine has, and that it is alive.

https://kubernetes.io/docs/reference/node/node-status/
"""

import os
import platform
from collections.abc import Mapping
from contextlib import suppress

from podvisor import sdk
from podvisor.base.clock import Clock
from podvisor.node.settings import Settings
from podvisor.node.states import Json
from podvisor.sdk import errors
from podvisor.sdk.objects.meta import micros, seconds

LEASES = "kube-node-lease"
LEASE_SECONDS = 40
BEAT = 10.0
"""Seconds between renewals of the lease."""
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_FINE = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


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
    }
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": settings.name, "labels": labels}}
    with suppress(errors.AlreadyExists):
        await client.create(sdk.kinds.NODES, node)
    key = sdk.Key("", settings.name)
    await client.patch(sdk.kinds.NODES, key, {"metadata": {"labels": labels}})
    status = _status(settings, clock, port, architecture)
    await client.patch(sdk.kinds.NODES, key, {"status": status}, sdk.STATUS)


def _status(settings: Settings, clock: Clock, port: int, architecture: str) -> Json:
    amounts = capacity(settings)
    system = platform.freedesktop_os_release() if os.path.exists("/etc/os-release") else {}
    return {
        "capacity": amounts,
        "allocatable": amounts,
        "addresses": [
            {"type": "InternalIP", "address": settings.address},
            {"type": "Hostname", "address": settings.name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": _conditions(clock),
        "nodeInfo": {
            "architecture": architecture,
            "operatingSystem": "linux",
            "kernelVersion": platform.release(),
            "osImage": system.get("PRETTY_NAME", "Linux"),
            "containerRuntimeVersion": "podvisor://0.1.0",
            "kubeletVersion": "v1.33.0-podvisor",
            "kubeProxyVersion": "",
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
        },
    }


def _conditions(clock: Clock) -> list[Json]:
    now = seconds(clock.now())
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    fine = [
        {"type": type, "status": "False", "reason": reason, "message": message, **times}
        for type, (reason, message) in _FINE.items()
    ]
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the node is ready", **times}
    return [*fine, ready]


async def beat(client: sdk.Client, settings: Settings, clock: Clock) -> None:
    """Renew the node's lease until cancelled."""
    key = sdk.Key(LEASES, settings.name)
    while True:
        spec = {
            "holderIdentity": settings.name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": micros(clock.now()),
        }
        try:
            await client.patch(sdk.kinds.LEASES, key, {"spec": spec})
        except errors.NotFound:
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": settings.name}}
            await client.create(sdk.kinds.LEASES, lease | {"spec": spec}, LEASES)
        await clock.sleep(BEAT)
