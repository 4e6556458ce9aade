"""When a CronJob is due, and which of its Jobs may go, worked out without any I/O.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from podvisor.controllers import jobplan, ownership
from podvisor.sdk import conditions, kinds
from podvisor.sdk.objects.batch import CronJob, Job
from podvisor.sdk.objects.meta import seconds
from podvisor.types import cron

MANY = 100
"""More starts than this that were missed are worth a warning: the clock may be wrong, or the deadline too generous."""
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class Unschedulable(Exception):
    """The schedule or the time zone cannot be read. The reason is that of the event."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Due:
    """The last time that has come and not been served, the next one, and whether very many were missed."""

    time: datetime | None
    next: datetime | None
    many_missed: bool = False


def zone_of(job: CronJob) -> tzinfo:
    """The zone of its schedule. Raises Unschedulable."""
    name = job.spec.time_zone
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        message = f'invalid timeZone: "{name}": unknown time zone {name}'
        raise Unschedulable("UnknownTimeZone", message) from None


def due(job: CronJob, now: datetime) -> Due:
    """What the clock asks for. Raises Unschedulable."""
    zone = zone_of(job)
    try:
        schedule = cron.parse(job.spec.schedule)
    except ValueError as error:
        message = f'unparseable schedule: "{job.spec.schedule}" : {error}'
        raise Unschedulable("UnparseableSchedule", message) from None
    start = job.status.last_schedule_time or job.metadata.creation_timestamp or now
    deadline = job.spec.starting_deadline_seconds
    if deadline is not None:
        start = max(start, now - timedelta(seconds=deadline))
    latest, missed = None, 0
    time = schedule.after(start, zone)
    if schedule.every is not None and time is not None and time <= now:
        missed = (now - time) // schedule.every
        time += missed * schedule.every
    while time is not None and time <= now:
        latest, missed = time, missed + 1
        time = schedule.after(time, zone)
        if missed > MANY and time is not None and time <= now:
            # The rest need not be walked through one by one to find the last.
            latest, time = _last(schedule, zone, now)
    return Due(latest, time, missed > MANY)


def _last(schedule: cron.Schedule, zone: tzinfo, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The last time up to now, looked for ever further back, and the one after it."""
    back = timedelta(minutes=1)
    while (time := schedule.after(now - back, zone)) is None or time > now:
        back *= 2
    while (following := schedule.after(time, zone)) is not None and following <= now:
        time = following
    return time, following


def is_too_late(job: CronJob, time: datetime, now: datetime) -> bool:
    """True if the deadline for starting what was due at a time is over."""
    deadline = job.spec.starting_deadline_seconds
    return deadline is not None and time + timedelta(seconds=deadline) < now


def job_for(owner: CronJob, time: datetime) -> dict[str, Any]:
    """The Job of one run. Its name says which: nobody can start the same run twice."""
    template = owner.spec.job_template
    local = time.astimezone(zone_of(owner))
    stamp = seconds(time) if owner.spec.time_zone is None else local.isoformat(timespec="seconds")
    metadata: dict[str, Any] = {
        "name": f"{owner.metadata.name}-{int(time.timestamp()) // 60}",
        "namespace": owner.metadata.namespace,
        "labels": template.metadata.get("labels") or {},
        "annotations": {**(template.metadata.get("annotations") or {}), SCHEDULED: stamp},
        "ownerReferences": [ownership.reference(kinds.CRONJOBS, owner)],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template.spec}


def outcome(job: Job) -> str:
    """`Complete`, `Failed`, or nothing for a job that goes on."""
    if not jobplan.is_finished(job):
        return ""
    return "Complete" if conditions.is_true(job.status.conditions, "Complete") else "Failed"


def superfluous(owner: CronJob, jobs: Sequence[Job]) -> list[Job]:
    """The ended Jobs beyond the history limits, oldest first; without any limit all are kept."""
    limits = owner.spec.successful_jobs_history_limit, owner.spec.failed_jobs_history_limit
    chosen: list[Job] = []
    for kind, limit in zip(("Complete", "Failed"), limits, strict=True):
        ended = sorted((job for job in jobs if outcome(job) == kind), key=_age)
        chosen += ended[: max(len(ended) - limit, 0)] if limit is not None else []
    return chosen


def _age(job: Job) -> tuple[datetime, str]:
    return (job.status.start_time or job.metadata.creation_timestamp or datetime.min.replace(tzinfo=UTC)), (
        job.metadata.name
    )
