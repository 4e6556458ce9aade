"""What StatefulSets, DaemonSets and Jobs do alike with their pods: hearing of them, and deleting them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from podvisor.controllers import ownership
from podvisor.controllers.expectations import Expectations
from podvisor.sdk import Cache, Client, DeleteOptions, Key, Resource, WorkQueue, errors, key_of, kinds
from podvisor.sdk.objects import controller_of
from podvisor.sdk.objects.core import Pod


@dataclass(frozen=True, slots=True)
class Dependents:
    """The pods of one kind of workload, as its loop hears of them and ends them."""

    client: Client
    resource: Resource[Any]
    owners: Cache[Any]
    queue: WorkQueue[Key]
    expectations: Expectations

    def changed(self, old: Pod | None, new: Pod | None) -> None:
        """Tick off what was expected, and have the owners look: those that it has or had, or who would take it."""
        for pod in (old, new):
            owner = controller_of(pod) if pod is not None else None
            if pod is None or owner is None or owner.kind != self.resource.kind:
                continue
            key = Key(pod.metadata.namespace, owner.name)
            if old is None:
                self.expectations.created(key)
            if new is None or new.metadata.deleting:
                self.expectations.deleted(key, pod.metadata.uid)
            self.queue.add(key)
        if new is not None and controller_of(new) is None:
            for owner in ownership.takers(self.owners, new):
                self.queue.add(key_of(owner))

    async def delete(self, key: Key, pod: Pod, failed: Callable[[Exception], None] | None = None) -> bool:
        """Delete a pod of the owner `key`; False if it was gone. A refusal is told to `failed` and raised."""
        try:
            await self.client.delete(kinds.PODS, key_of(pod), DeleteOptions(uid=pod.metadata.uid))
        except errors.NotFound:
            self.expectations.deleted(key, pod.metadata.uid)
            return False
        except (errors.ApiError, errors.Unreachable) as error:
            self.expectations.deleted(key, pod.metadata.uid)
            if failed is not None:
                failed(error)
            raise
        return True
