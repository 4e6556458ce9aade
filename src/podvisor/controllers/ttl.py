"""Deletes Jobs some time after they are over, if they say so (`ttlSecondsAfterFinished`)."""

from datetime import datetime, timedelta

from podvisor.controllers import jobplan
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import DeleteOptions, Key, errors, kinds
from podvisor.sdk.objects.batch import Job


class FinishedJobs:
    """The loop over Jobs that are over."""

    name = "ttl-after-finished-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._jobs = cluster.informers.of(kinds.JOBS)
        self._jobs.on_change(enqueue_itself(self.queue))

    async def reconcile(self, key: Key) -> None:
        """Delete one Job if its time has come, else come back when it will have."""
        job = self._jobs.cache.get(key)
        if job is None or job.metadata.deleting or (left := time_left(job, self._clock.now())) is None:
            return
        if left > 0:
            self.queue.add_after(key, left)
            return
        version = job.metadata.resource_version
        options = DeleteOptions(propagation_policy="Foreground", uid=job.metadata.uid, resource_version=version)
        try:
            await self._client.delete(kinds.JOBS, key, options)
        except errors.NotFound:
            return


def time_left(job: Job, now: datetime) -> float | None:
    """Seconds until the job may be deleted; None if it is not over, or may stay."""
    if job.spec.ttl_seconds_after_finished is None or not jobplan.is_finished(job):
        return None
    ends = (
        one.last_transition_time
        for one in job.status.conditions
        if one.type in ("Complete", "Failed") and one.status == "True"
    )
    ended = next((end for end in ends if end is not None), now)
    return (ended + timedelta(seconds=job.spec.ttl_seconds_after_finished) - now).total_seconds()
