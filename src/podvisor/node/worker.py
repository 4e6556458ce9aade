"""One pod's life: looks at what is wanted and what is there, does the next step, reports, and waits for a change.

Every wait is for an event or a time that `plan` names. Cancelling a worker ends its sandbox, and with it the pod.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import structs

from podvisor import sdk
from podvisor.base import tasks
from podvisor.node import admission, objects, recovery, refreshing, removal, status, telling
from podvisor.node.eviction import words
from podvisor.node.host import Node
from podvisor.node.plan import Plan, plan
from podvisor.node.runtime import Runtime
from podvisor.node.states import Waiting
from podvisor.node.stopping import Patience
from podvisor.sdk.objects.meta import seconds

log = logging.getLogger(__name__)

AGAIN = timedelta(seconds=1)
"""When a status that could not be written is written again."""
_STATUS = sdk.WriteOptions(subresource="status", patch_type=sdk.PatchType.STRATEGIC)


class Worker:
    """Runs one pod. `update` hands in what the API says of it; `run` returns when the pod is gone."""

    def __init__(self, node: Node, pod: objects.Pod, scope: tasks.Scope) -> None:
        self.pod = pod
        self._node = node
        self._scope = scope
        self._changed = asyncio.Event()
        self._started = pod.status.start_time or node.clock.now()
        known = recovery.containers(pod, node.clock.now())
        self.runtime = Runtime(node, pod, known, self._changed, scope)
        self._starting: asyncio.Task[None] | None = None
        self._stopping: set[str] = set()
        self._patience: Patience | None = None
        """What is left of the grace period, which all containers share, once the pod is to end."""
        self._reported: status.Json = {}
        self._gone = False
        self._eviction: status.Eviction | None = None

    def evict(self, message: str, grace: int, *, disrupted: bool) -> None:
        """Have the pod end for the node's sake: its phase is Failed, its reason Evicted."""
        if self._eviction is None and not self.pod.finished:
            telling.warning(self._node, self.pod, "Evicted", message)
            self._eviction = status.Eviction(message, grace, disrupted)
            self._changed.set()

    def update(self, pod: objects.Pod | None) -> None:
        """The pod as the API has it; None once it is gone from there. What is older than our own writes is ignored."""
        if pod is None:
            self._gone = True
        elif int(pod.metadata.resource_version) > int(self.pod.metadata.resource_version):
            self._know(pod)
        self._changed.set()

    async def run(self) -> None:
        """Bring the pod to its end, whatever that takes. Cancelled, it ends what runs and leaves the pod to be."""
        if not self.pod.finished and (refusal := self._refusal()) is not None:
            await self._reject(refusal)
        await self.runtime.recall()
        self._scope.start(refreshing.keep(self.runtime.box, self._node), name="volumes")
        while not await self._step():
            pass
        await asyncio.to_thread(removal.remove, self.runtime.box.directory)
        if not self._gone:
            await self._remove()

    def _refusal(self) -> admission.Refusal | None:
        """What speaks against the pod; what ran here before is not asked whether the node has room for it."""
        if (found := admission.refusal(self.pod)) is not None:
            return found
        begun = bool(self.pod.status.every_container)
        why = "" if begun else self._node.pressure(self.pod)
        return admission.Refusal(words.REASON, why) if why else None

    def _know(self, pod: objects.Pod) -> None:
        self.pod = self.runtime.pod = pod
        self.runtime.box.know(pod)

    async def _step(self) -> bool:
        """One look, what follows from it, and the wait for the next. Whether the pod is over and to be removed."""
        self._changed.clear()
        now, evicted = self._node.clock.now(), self._eviction is not None
        made = plan(self._wanted(), self.runtime.containers, now, self._started, evicted=evicted)
        self._stop(made)
        started = self._start(made)
        if made.done:
            await self.runtime.close()
        if not started:
            await self._report(made)
        if made.done and self._wanted().metadata.deleting:
            return True
        if not self._settle():
            await self._wait(made.wake)
        return False

    def _wanted(self) -> objects.Pod:
        """The pod as the API has it; one that the API no longer has is shown as being deleted at once."""
        if not self._gone or self.pod.metadata.deleting:
            return self.pod
        # A copy: the pod may be an object of the informer's cache.
        now = self._node.clock.now()
        meta = structs.replace(self.pod.metadata, deletion_timestamp=now, deletion_grace_period_seconds=0)
        return structs.replace(self.pod, metadata=meta)

    def _stop(self, made: Plan) -> None:
        if not made.stop:
            return
        grace = self._grace()
        if self._patience is None:
            self._patience = Patience(self._node.clock, grace)
        if grace < self._patience.left:
            self._patience.shorten(grace)
        for name in made.stop:
            if name not in self._stopping:
                self._stopping.add(name)
                self._scope.start(self._end(name, self._patience), name=f"stop {name}")

    def _grace(self) -> float:
        """Seconds that the pod's containers may take to end, as its deletion or else the pod itself says."""
        pod = self._wanted()
        asked = pod.metadata.deletion_grace_period_seconds
        if self._gone:
            return 0
        grace = pod.spec.termination_grace_period_seconds if asked is None else asked
        return grace if self._eviction is None else min(grace, self._eviction.grace)

    async def _end(self, name: str, patience: Patience) -> None:
        try:
            await self.runtime.stop(name, patience, f"Stopping container {name}")
        finally:
            self._stopping.discard(name)
            self._changed.set()

    def _start(self, made: Plan) -> bool:
        """Start what is to be started, one container after the other. Whether that has just begun."""
        if self._starting is not None and self._starting.done():
            self._starting = None
        if self._starting is not None or not made.start:
            return False
        self._starting = self._scope.start(self._begin(made.start), name="start")
        return True

    async def _begin(self, names: list[str]) -> None:
        try:
            for name in names:
                if self._wanted().metadata.deleting:
                    return
                await self.runtime.start(name)
        finally:
            self._changed.set()

    def _settle(self) -> bool:
        """An image that was not there has been reported as that; from now on it is waited for. Whether one was."""
        settled = False
        for name, one in self.runtime.containers.items():
            if isinstance(one.state, Waiting) and one.state.reason == "ErrImagePull":
                self.runtime.back_off_pulling(name)
                settled = True
        return settled

    async def _wait(self, until: datetime | None) -> None:
        if until is None:
            await self._changed.wait()
            return
        seconds = (until - self._node.clock.now()).total_seconds()
        with suppress(TimeoutError):
            async with self._node.clock.timeout(max(seconds, 0.0)):
                await self._changed.wait()

    async def _report(self, made: Plan) -> None:
        """Write the status where it says something new; a rejected pod's says all from the beginning."""
        if self._gone or self._rejected:
            return
        now = self._node.clock.now()
        wanted = status.status(self._seen(made, now))
        if wanted == self._reported:
            return
        if await self._write(wanted):
            self._reported = wanted
        elif not self._gone:
            made.look_at(now + AGAIN)

    async def _write(self, wanted: status.Json) -> bool:
        """Write the status; whether that was done."""
        patch = {"metadata": {"uid": self.pod.metadata.uid}, "status": wanted}
        try:
            self._know(await self._node.client.patch(objects.PODS, sdk.key_of(self.pod), patch, _STATUS))
        except (sdk.errors.NotFound, sdk.errors.Conflict):
            self.update(None)
        except (sdk.errors.ApiError, sdk.errors.Unreachable) as error:
            log.warning("pod %s: its status was not written: %s", sdk.key_of(self.pod), error)
        else:
            return True
        return False

    @property
    def _rejected(self) -> bool:
        told = self.pod.status
        return self.pod.finished and not (told.container_statuses or told.init_container_statuses)

    async def _reject(self, refusal: admission.Refusal) -> None:
        """The pod is over before it began, as after the kubelet's `rejectPod`."""
        telling.warning(self._node, self.pod, refusal.reason, refusal.message)
        told = {"phase": "Failed", "reason": refusal.reason, "message": f"Pod was rejected: {refusal.message}"}
        while not self._gone and not self.pod.finished:
            if not await self._write(told | {"startTime": seconds(self._started)}):
                await self._node.clock.sleep(AGAIN.total_seconds())

    def _seen(self, made: Plan, now: datetime) -> status.Seen:
        box, host = self.runtime.box, self._node.settings.address
        running = box.sandbox is not None
        return status.Seen(
            self.pod, self.runtime.containers, made, box.address, host, self._started, now, running, self._eviction
        )

    async def _remove(self) -> None:
        """The last step of a deletion (kubelet: grace period 0 and the uid as precondition)."""
        options = sdk.DeleteOptions(grace_period_seconds=0, uid=self.pod.metadata.uid)
        with suppress(sdk.errors.NotFound, sdk.errors.Conflict):
            await self._node.client.delete(sdk.kinds.PODS, sdk.key_of(self.pod), options)
