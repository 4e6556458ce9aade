"""A node that runs nothing: it says of every pod bound to it that it runs, or how it ended.

With it, everything above the node can be tried without a sandbox: scheduler, controllers, kubectl.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.sdk import STATUS, Client, DeleteOptions, Informers, Key, WorkQueue, errors, key_of, kinds
from podvisor.sdk.objects.core import Container, Pod
from podvisor.sdk.objects.meta import micros, seconds

RESTART = Backoff(first=1.0, limit=10.0)
HEARTBEAT = 10.0
ROOMY = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "1000"}


def runs_on(_: Pod) -> int | None:
    """The default fate of pods: they never end."""
    return None


@dataclass(frozen=True, slots=True)
class FakeNode:
    """A node by this name."""

    client: Client
    clock: Clock
    name: str = "fake"
    ends: Callable[[Pod], int | None] = runs_on
    """Whether a pod's containers end at once, and with which exit code."""
    allocatable: Mapping[str, str] = field(default_factory=lambda: ROOMY)
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    async def run(self) -> None:
        """Register, and play the node's part until cancelled."""
        await self._register()
        queue: WorkQueue[Key] = WorkQueue(self.clock)
        async with tasks.background() as scope:
            pods = Informers(self.client, self.clock, scope).of(kinds.PODS)
            pods.on_change(lambda old, new: queue.add(key_of(new)) if new and self._has(new) else None)
            scope.start(tasks.supervise("heartbeat", self._beat, clock=self.clock, backoff=RESTART))
            while True:
                key = await queue.get()
                try:
                    await self._play(pods.cache.get(key))
                except (errors.ApiError, errors.Unreachable):
                    queue.add_rate_limited(key)
                finally:
                    queue.done(key)

    def _has(self, pod: Pod) -> bool:
        return pod.spec.node_name == self.name

    async def _register(self) -> None:
        now = seconds(self.clock.now())
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "nothing to be ready for",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        status = {"capacity": self.allocatable, "allocatable": self.allocatable, "conditions": [ready]}
        metadata = {"name": self.name, "labels": {"kubernetes.io/hostname": self.name, **self.labels}}
        with suppress(errors.AlreadyExists):
            await self.client.create(kinds.NODES, {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
        await self.client.patch(kinds.NODES, Key("", self.name), {"status": status}, STATUS)

    async def _beat(self) -> None:
        spec = {"holderIdentity": self.name, "leaseDurationSeconds": 40, "renewTime": micros(self.clock.now())}
        try:
            await self.client.patch(kinds.LEASES, Key("kube-node-lease", self.name), {"spec": spec})
        except errors.NotFound:
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self.name}}
            await self.client.create(kinds.LEASES, lease | {"spec": spec}, "kube-node-lease")
        await self.clock.sleep(HEARTBEAT)

    async def _play(self, pod: Pod | None) -> None:
        if pod is None:
            return
        if pod.metadata.deleting:
            options = DeleteOptions(grace_period_seconds=0, uid=pod.metadata.uid)
            try:
                await self.client.delete(kinds.PODS, key_of(pod), options)
            except errors.NotFound:
                return
        elif pod.status.phase == "Pending":
            await self.client.patch(kinds.PODS, key_of(pod), {"status": self._status(pod)}, STATUS)

    def _status(self, pod: Pod) -> dict[str, Any]:
        now, code = seconds(self.clock.now()), self.ends(pod)
        phase = "Running" if code is None else "Failed" if code else "Succeeded"
        types = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        state = str(code is None)
        return {
            "phase": phase,
            "hostIP": "127.0.0.1",
            "podIP": "10.244.0.1",
            "podIPs": [{"ip": "10.244.0.1"}],
            "startTime": now,
            "conditions": [
                {"type": type, "status": state if "Ready" in type else "True", "lastTransitionTime": now}
                for type in types
            ],
            "containerStatuses": [_container(one, code, now) for one in pod.spec.containers],
        }


def _container(container: Container, code: int | None, now: str) -> dict[str, Any]:
    reason = "Error" if code else "Completed"
    ended = {"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now}
    return {
        "name": container.name,
        "image": container.image,
        "imageID": "",
        "restartCount": 0,
        "ready": code is None,
        "started": code is None,
        "state": {"running": {"startedAt": now}} if code is None else {"terminated": ended},
    }
