"""Runs each Job's pods until enough of them have succeeded, or too many have failed."""

import asyncio
from collections.abc import Sequence
from typing import Any

from podvisor.controllers import jobcount, jobplan, jobstatus, ownership, pods
from podvisor.controllers.dependents import Dependents
from podvisor.controllers.expectations import Expectations
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, Key, conditions, errors, key_of, kinds, selectors
from podvisor.sdk.objects import controller_of
from podvisor.sdk.objects.batch import Job
from podvisor.sdk.objects.core import Pod

MANAGER = "kubernetes.io/job-controller"
"""Jobs whose `managedBy` names somebody else are left to them."""
BY_JOB = "job"
"""Index: pods by the key of the Job that controls them."""


class Jobs:
    """The loop over Jobs."""

    name = "job-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._expectations = Expectations(cluster.clock)
        self._jobs = cluster.informers.of(kinds.JOBS)
        self._pods = cluster.informers.of(kinds.PODS)
        ownership.index(self._pods.cache)
        self._pods.cache.add_index(BY_JOB, _job_key)
        ownership.index_takers(self._jobs.cache)
        self._claimer = ownership.Claimer(
            self._client, kinds.JOBS, kinds.PODS, self._pods.cache, release_patch=_without_finalizer
        )
        self._jobs.on_change(enqueue_itself(self.queue))
        self._dependents = Dependents(self._client, kinds.JOBS, self._jobs.cache, self.queue, self._expectations)
        self._pods.on_change(self._dependents.changed)

    async def reconcile(self, key: Key) -> None:
        """Take one Job's next step: count what ended, create or delete what is needed, say how far it is."""
        await self._pods.wait_synced()
        job = self._jobs.cache.get(key)
        if job is None:
            self._expectations.forget(key)
        if job is not None and job.spec.managed_by not in (None, MANAGER):
            return
        if job is None or job.metadata.deleting or jobplan.is_finished(job) or selectors.is_empty(job.spec.selector):
            await self._let_go(key)
            return
        await self._let_go(key, counting=job.metadata.uid)
        may_act = self._expectations.satisfied(key)
        owned = await self._claimer.claim(job, job.spec.selector)
        now = self._clock.now()
        count = jobcount.tally(job, owned)
        end = jobplan.ending(job, owned, count, now)
        await self._report(job, jobstatus.status_of(job, owned, count, end, now))
        for pod in jobcount.releasable(job, owned, count):
            await self._remove_finalizer(pod)
        if may_act:
            await self._act(job, owned, count, end)
        if (left := jobplan.until_deadline(job, now)) is not None and end is None:
            self.queue.add_after(key, max(left, 0.0))

    async def _act(self, job: Job, owned: Sequence[Pod], count: jobcount.Tally, end: jobplan.Ending | None) -> None:
        key = key_of(job)
        if end is not None:
            await self._delete(job, [pod for pod in owned if pods.is_active(pod)])
            return
        todo = jobplan.plan(job, owned, count, self._clock.now())
        if todo.wait > 0:
            self.queue.add_after(key, todo.wait)
        await self._delete(job, todo.delete)
        if todo.create and not todo.delete:
            wanted = [(index, jobcount.failures_of(job, owned, index)) for index in todo.indexes]
            await self._create(job, wanted or [(None, 0)] * todo.create)

    async def _create(self, job: Job, wanted: Sequence[tuple[int | None, int]]) -> None:
        key, tries = key_of(job), 0
        owner = ownership.reference(kinds.JOBS, job)
        self._expectations.expect(key, creations=len(wanted))

        async def create(one: tuple[int | None, int]) -> None:
            nonlocal tries
            tries += 1
            try:
                pod = await self._client.create(kinds.PODS, jobplan.pod_for(job, owner, *one), key.namespace)
            except (errors.ApiError, errors.Unreachable) as error:
                self._expectations.created(key)
                self._events.warning(kinds.JOBS, job, "FailedCreate", f"Error creating: {error}")
                raise
            self._events.normal(kinds.JOBS, job, "SuccessfulCreate", f"Created pod: {pod.metadata.name}")

        failures = await pods.slow_start(wanted, create)
        self._expectations.created(key, len(wanted) - tries)
        if failures:
            raise failures[0]

    async def _delete(self, job: Job, surplus: Sequence[Pod]) -> None:
        if not surplus:
            return
        key = key_of(job)
        self._expectations.expect(key, deletions=[pod.metadata.uid for pod in surplus])

        async def delete(pod: Pod) -> None:
            if await self._dependents.delete(key, pod):
                self._events.normal(kinds.JOBS, job, "SuccessfulDelete", f"Deleted pod: {pod.metadata.name}")

        outcomes = await asyncio.gather(*map(delete, surplus), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _report(self, job: Job, status: dict[str, Any]) -> None:
        if status == jobstatus.told(job):
            return
        version = {"uid": job.metadata.uid, "resourceVersion": job.metadata.resource_version}
        patch = {"metadata": version, "status": status}
        new = await self._client.patch(kinds.JOBS, key_of(job), patch, STATUS)
        self._say_changes(job, new)

    def _say_changes(self, before: Job, after: Job) -> None:
        def turned(type: str, value: str) -> bool:
            old = conditions.find(before.status.conditions, type)
            new = conditions.find(after.status.conditions, type)
            return new is not None and new.status == value and (old is None or old.status != value)

        if turned("Complete", "True"):
            self._events.normal(kinds.JOBS, after, "Completed", "Job completed")
        if turned("FailureTarget", "True"):
            failure = conditions.find(after.status.conditions, "FailureTarget")
            assert failure is not None
            self._events.warning(kinds.JOBS, after, failure.reason, failure.message)
        if turned("Suspended", "True"):
            self._events.normal(kinds.JOBS, after, "Suspended", "Job suspended")
        if turned("Suspended", "False"):
            self._events.normal(kinds.JOBS, after, "Resumed", "Job resumed")

    async def _let_go(self, key: Key, counting: str = "") -> None:
        """Release the pods of Jobs by this name that nobody counts any more, all but those of the uid `counting`."""
        for pod in self._pods.cache.indexed(BY_JOB, str(key)):
            owner = controller_of(pod)
            if owner is not None and owner.uid != counting and jobcount.FINALIZER in pod.metadata.finalizers:
                await self._remove_finalizer(pod)

    async def _remove_finalizer(self, pod: Pod) -> None:
        version = {"uid": pod.metadata.uid, "resourceVersion": pod.metadata.resource_version}
        try:
            await self._client.patch(kinds.PODS, key_of(pod), {"metadata": version | _without_finalizer(pod)})
        except errors.NotFound:
            return


def _without_finalizer(pod: Pod) -> dict[str, Any]:
    return {"finalizers": [one for one in pod.metadata.finalizers if one != jobcount.FINALIZER]}


def _job_key(pod: Pod) -> list[str]:
    owner = controller_of(pod)
    return [str(Key(pod.metadata.namespace, owner.name))] if owner and owner.kind == kinds.JOBS.kind else []
