"""Starts each CronJob's Jobs when they are due, and clears away those that ended long ago."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from podvisor.controllers import cronjobplan, ownership, pods
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, DeleteOptions, Key, errors, key_of, kinds
from podvisor.sdk.objects import controller_of
from podvisor.sdk.objects.batch import CronJob, CronJobStatus, Job, ObjectReference
from podvisor.sdk.objects.meta import seconds

LATE = 0.1
"""Seconds after the full minute at which a run is looked for, so that the clock has certainly passed it."""


class CronJobs:
    """The loop over CronJobs."""

    name = "cronjob-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._crons = cluster.informers.of(kinds.CRONJOBS)
        self._jobs = cluster.informers.of(kinds.JOBS)
        ownership.index(self._jobs.cache)
        self._crons.on_change(enqueue_itself(self.queue))
        self._jobs.on_change(self._job_changed)

    async def reconcile(self, key: Key) -> None:
        """Note what has ended, start what is due, and come back when the next run is."""
        await self._jobs.wait_synced()
        cron = self._crons.cache.get(key)
        if cron is None:
            return
        jobs = self._jobs.cache.indexed(ownership.CONTROLLER, cron.metadata.uid)
        status = self._looked_over(cron, jobs)
        try:
            if not cron.metadata.deleting and not cron.spec.suspend:
                await self._start(cron, status)
        finally:
            await self._report(cron, status)
        for job in cronjobplan.superfluous(cron, jobs):
            await self._delete(cron, key_of(job), job.metadata.uid)

    def _looked_over(self, cron: CronJob, jobs: Sequence[Job]) -> CronJobStatus:
        """The status with the Jobs that run now."""
        status = CronJobStatus(
            active=list(cron.status.active),
            last_schedule_time=cron.status.last_schedule_time,
            last_successful_time=cron.status.last_successful_time,
        )
        listed = {one.uid for one in status.active}
        known = {job.metadata.uid for job in jobs}
        for job in jobs:
            ended = cronjobplan.outcome(job)
            if job.metadata.uid in listed and ended:
                status.active = [one for one in status.active if one.uid != job.metadata.uid]
                message = f"Saw completed job: {job.metadata.name}, condition: {ended}"
                self._events.normal(kinds.CRONJOBS, cron, "SawCompletedJob", message)
            elif job.metadata.uid not in listed and not ended:
                # Ours, and not in the list: made just before this process, or one before it, ended.
                status.active.append(_reference(job))
            if ended == "Complete" and (moment := job.status.completion_time) is not None:
                status.last_successful_time = max(status.last_successful_time or moment, moment)
        for one in [one for one in status.active if one.uid not in known]:
            if self._jobs.cache.get(Key(one.namespace, one.name)) is None and one.name not in self._just_made(cron):
                status.active.remove(one)
                self._events.normal(kinds.CRONJOBS, cron, "MissingJob", f"Active job went missing: {one.name}")
        return status

    def _just_made(self, cron: CronJob) -> set[str]:
        """The run that the status names last: its Job may not be in the cache yet."""
        last = cron.status.last_schedule_time
        return {cronjobplan.job_for(cron, last)["metadata"]["name"]} if last is not None else set()

    async def _start(self, cron: CronJob, status: CronJobStatus) -> None:
        now = self._clock.now()
        try:
            due = cronjobplan.due(cron, now)
        except cronjobplan.Unschedulable as error:
            self._events.warning(kinds.CRONJOBS, cron, error.reason, str(error))
            return
        if due.next is not None:
            self.queue.add_after(key_of(cron), (due.next - now).total_seconds() + LATE)
        if due.many_missed:
            message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._events.warning(kinds.CRONJOBS, cron, "TooManyMissedTimes", message)
        if due.time is None or due.time == status.last_schedule_time:
            return
        if cronjobplan.is_too_late(cron, due.time, now):
            moment = due.time.strftime("%a, %d %b %Y %H:%M:%S %z")
            message = f"Missed scheduled time to start a job: {moment}"
            self._events.warning(kinds.CRONJOBS, cron, "MissSchedule", message)
            return
        if status.active and cron.spec.concurrency_policy == "Forbid":
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._events.normal(kinds.CRONJOBS, cron, "JobAlreadyActive", message)
            return
        if cron.spec.concurrency_policy == "Replace":
            for one in list(status.active):
                await self._delete(cron, Key(one.namespace, one.name), one.uid)
                status.active.remove(one)
        await self._create(cron, due.time, status)

    async def _create(self, cron: CronJob, time: datetime, status: CronJobStatus) -> None:
        thing = cronjobplan.job_for(cron, time)
        namespace = cron.metadata.namespace
        try:
            job = await self._client.create(kinds.JOBS, thing, namespace)
        except errors.AlreadyExists:
            job = await self._client.get(kinds.JOBS, thing["metadata"]["name"], namespace)
            owner = controller_of(job)
            if owner is None or owner.uid != cron.metadata.uid:
                raise
        except errors.ApiError as error:
            if pods.is_namespace_ending(error):
                return
            self._events.warning(kinds.CRONJOBS, cron, "FailedCreate", f"Error creating job: {error}")
            raise
        else:
            self._events.normal(kinds.CRONJOBS, cron, "SuccessfulCreate", f"Created job {job.metadata.name}")
        status.last_schedule_time = time
        if all(one.uid != job.metadata.uid for one in status.active) and not cronjobplan.outcome(job):
            status.active.append(_reference(job))

    async def _delete(self, cron: CronJob, key: Key, uid: str) -> None:
        try:
            await self._client.delete(kinds.JOBS, key, DeleteOptions(propagation_policy="Background", uid=uid))
        except errors.NotFound:
            return
        except errors.ApiError as error:
            self._events.warning(kinds.CRONJOBS, cron, "FailedDelete", f"Deleted job: {error}")
            raise
        self._events.normal(kinds.CRONJOBS, cron, "SuccessfulDelete", f"Deleted job {key.name}")

    async def _report(self, cron: CronJob, status: CronJobStatus) -> None:
        if status == cron.status:
            return
        patch = {"metadata": {"uid": cron.metadata.uid}, "status": _plain(status)}
        await self._client.patch(kinds.CRONJOBS, key_of(cron), patch, STATUS)

    def _job_changed(self, old: Job | None, new: Job | None) -> None:
        for job in (old, new):
            owner = controller_of(job) if job is not None else None
            if job is not None and owner is not None and owner.kind == kinds.CRONJOBS.kind:
                self.queue.add(Key(job.metadata.namespace, owner.name))


def _reference(job: Job) -> ObjectReference:
    return ObjectReference(
        api_version=kinds.JOBS.api_version,
        kind=kinds.JOBS.kind,
        namespace=job.metadata.namespace,
        name=job.metadata.name,
        uid=job.metadata.uid,
        resource_version=job.metadata.resource_version,
    )


def _plain(status: CronJobStatus) -> dict[str, Any]:
    """As a merge patch: nothing is struck out."""
    active = [
        {
            "apiVersion": one.api_version,
            "kind": one.kind,
            "namespace": one.namespace,
            "name": one.name,
            "uid": one.uid,
            "resourceVersion": one.resource_version,
        }
        for one in status.active
    ]
    times = {"lastScheduleTime": status.last_schedule_time, "lastSuccessfulTime": status.last_successful_time}
    return {"active": active or None} | {name: seconds(time) for name, time in times.items() if time is not None}
