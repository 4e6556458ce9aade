"""What a Job's status should say, and what it says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from podvisor.controllers import indexes, pods
from podvisor.controllers.jobcount import Tally
from podvisor.controllers.jobplan import Ending, is_going
from podvisor.sdk import conditions
from podvisor.sdk.objects.batch import Job
from podvisor.sdk.objects.core import Pod
from podvisor.sdk.objects.meta import Condition, seconds


def status_of(job: Job, owned: Sequence[Pod], count: Tally, end: Ending | None, now: datetime) -> dict[str, Any]:
    """The status to write, as a merge patch: zero counts and empty fields are struck out."""
    active = [pod for pod in owned if pods.is_active(pod)]
    going = [pod for pod in owned if is_going(pod)]
    waiting = {"succeeded": list(count.uncounted_succeeded), "failed": list(count.uncounted_failed)}
    settled = not active and not going and not any(waiting.values())
    conclusion = _conditions(job, end, settled, now)
    complete = conditions.is_true(conclusion, "Complete")
    start = _start(job, now)
    return {
        "active": len(active) or None,
        "ready": sum(map(pods.is_ready, active)),
        "terminating": len(going),
        "succeeded": count.succeeded or None,
        "failed": count.failed or None,
        "completedIndexes": indexes.format(count.completed) or None,
        "failedIndexes": None if job.spec.backoff_limit_per_index is None else indexes.format(count.given_up),
        "uncountedTerminatedPods": {name: uids or None for name, uids in waiting.items()},
        "startTime": seconds(start) if start else None,
        "completionTime": seconds(job.status.completion_time or now) if complete else None,
        "conditions": [conditions.plain(one) for one in conclusion],
    }


def told(job: Job) -> dict[str, Any]:
    """The status that the job has, in the form of `status_of`."""
    status, waiting = job.status, job.status.uncounted_terminated_pods
    return {
        "active": status.active or None,
        "ready": status.ready,
        "terminating": status.terminating,
        "succeeded": status.succeeded or None,
        "failed": status.failed or None,
        "completedIndexes": status.completed_indexes or None,
        "failedIndexes": status.failed_indexes,
        "uncountedTerminatedPods": {"succeeded": waiting.succeeded or None, "failed": waiting.failed or None},
        "startTime": seconds(status.start_time) if status.start_time else None,
        "completionTime": seconds(status.completion_time) if status.completion_time else None,
        "conditions": [conditions.plain(one) for one in status.conditions],
    }


def _start(job: Job, now: datetime) -> datetime | None:
    if job.spec.suspend:
        return None
    return job.status.start_time or now


def _conditions(job: Job, end: Ending | None, settled: bool, now: datetime) -> list[Condition]:
    result = _suspension(job, now)
    if end is None:
        return result
    first, last = ("SuccessCriteriaMet", "Complete") if end.succeeded else ("FailureTarget", "Failed")
    for type in (first, last) if settled else (first,):
        result = conditions.put(result, _condition(type, "True", end.reason, end.message, now))
    return result


def _suspension(job: Job, now: datetime) -> list[Condition]:
    current = list(job.status.conditions)
    if job.spec.suspend:
        return conditions.put(current, _condition("Suspended", "True", "JobSuspended", "Job suspended", now))
    if conditions.is_true(current, "Suspended"):
        return conditions.put(current, _condition("Suspended", "False", "JobResumed", "Job resumed", now))
    return current


def _condition(type: str, status: str, reason: str, message: str, now: datetime) -> Condition:
    return Condition(
        type=type, status=status, reason=reason, message=message, last_transition_time=now, last_probe_time=now
    )
