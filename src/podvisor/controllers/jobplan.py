"""What a Job needs next, worked out from its pods, without any I/O.

https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from podvisor.controllers import indexes, jobcount, jobpolicy, pods
from podvisor.controllers.jobcount import Tally, is_indexed
from podvisor.sdk import conditions
from podvisor.sdk.objects.batch import Job
from podvisor.sdk.objects.core import Pod

FIRST_BACKOFF = 10.0
LONGEST_BACKOFF = 600.0


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a job is over."""

    succeeded: bool
    reason: str
    message: str


def ending(job: Job, owned: Sequence[Pod], count: Tally, now: datetime) -> Ending | None:
    """Whether the job is over, for better or worse."""
    if (already := _decided(job)) is not None:
        return already
    fallen = (pod for pod in owned if jobcount.FINALIZER in pod.metadata.finalizers and jobpolicy.has_failed(job, pod))
    for found in (jobpolicy.match(job, pod) for pod in fallen):
        if found.action == "FailJob":
            return Ending(False, "PodFailurePolicy", found.message)
    if _exceeds_backoff_limit(job, owned, count):
        return Ending(False, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if (left := until_deadline(job, now)) is not None and left <= 0:
        return Ending(False, "DeadlineExceeded", "Job was active longer than specified deadline")
    if (ended := _indexes_ended(job, count)) is not None:
        return ended
    active = sum(map(pods.is_active, owned))
    done = count.all_succeeded
    enough = done > 0 and not active if job.spec.completions is None else done >= job.spec.completions
    if enough and not job.spec.suspend:
        return Ending(True, "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _indexes_ended(job: Job, count: Tally) -> Ending | None:
    """An ending that only an Indexed job can have."""
    if (number := jobpolicy.success(job, count.completed)) is not None:
        return Ending(True, "SuccessPolicy", f"Matched rules at index {number}")
    given_up, most = len(count.given_up), job.spec.max_failed_indexes
    if most is not None and given_up > most:
        message = "Job has exceeded the specified maximal number of failed indexes"
        return Ending(False, "MaxFailedIndexesExceeded", message)
    if given_up and job.spec.completions is not None and given_up + len(count.completed) >= job.spec.completions:
        return Ending(False, "FailedIndexes", "Job has failed indexes")
    return None


def until_deadline(job: Job, now: datetime) -> float | None:
    """Seconds that are left of `activeDeadlineSeconds`, while that clock runs."""
    if job.spec.active_deadline_seconds is None or job.status.start_time is None or job.spec.suspend:
        return None
    return (job.status.start_time + timedelta(seconds=job.spec.active_deadline_seconds) - now).total_seconds()


def is_going(pod: Pod) -> bool:
    """Whether its deletion has begun, and its containers may still run."""
    return pod.metadata.deleting and not pods.is_ended(pod)


def is_finished(job: Job) -> bool:
    """Whether the job is over and everything about it is settled."""
    return any(conditions.is_true(job.status.conditions, type) for type in ("Complete", "Failed"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to create (as many pods, or pods of these indexes) and delete, and how long to hold back before creating."""

    create: int = 0
    indexes: Sequence[int] = ()
    delete: Sequence[Pod] = ()
    wait: float = 0.0


def plan(job: Job, owned: Sequence[Pod], count: Tally, now: datetime) -> Plan:
    """The pods that are missing or too much while the job goes on."""
    active = [pod for pod in owned if pods.is_active(pod)]
    if job.spec.suspend:
        return Plan(delete=active)
    going = [] if jobpolicy.counts_deleted_as_failed(job) else [pod for pod in owned if is_going(pod)]
    surplus = _duplicates(job, active, count)
    active = [pod for pod in active if pod not in surplus]
    wanted = _wanted_active(job, len(active), count)
    if len(active) > wanted:
        ranked = pods.rank_for_deletion(active, active, now)
        return Plan(delete=[*surplus, *ranked[: len(active) - wanted]])
    active += going
    missing = wanted - len(active)
    if missing <= 0:
        return Plan(delete=surplus)
    if is_indexed(job):
        return _missing_indexes(job, _Look(owned, active, count, now), missing, surplus)
    wait = _backoff_left(job, owned, count.all_failed, now)
    return Plan(delete=surplus, wait=wait) if wait > 0 else Plan(create=missing, delete=surplus)


@dataclass(frozen=True, slots=True)
class _Look:
    """The pods of a job at one moment."""

    owned: Sequence[Pod]
    active: Sequence[Pod]
    count: Tally
    now: datetime


def _missing_indexes(job: Job, look: _Look, missing: int, surplus: Sequence[Pod]) -> Plan:
    """The first free indexes that do not back off; without a limit per index all of them back off as one."""
    taken = {*look.count.completed, *look.count.given_up, *(indexes.of(pod) for pod in look.active)}
    free = [index for index in range(job.spec.completions or 0) if index not in taken]
    if job.spec.backoff_limit_per_index is None:
        waits = dict.fromkeys(free, _backoff_left(job, look.owned, look.count.all_failed, look.now))
    else:
        waits = {index: _index_backoff_left(job, look, index) for index in free}
    which = [index for index in free if waits[index] <= 0][:missing]
    wait = 0.0 if len(which) == missing else min((left for left in waits.values() if left > 0), default=0.0)
    return Plan(create=len(which), indexes=which, delete=surplus, wait=wait)


def _index_backoff_left(job: Job, look: _Look, index: int) -> float:
    own = [pod for pod in look.owned if indexes.of(pod) == index]
    return _backoff_left(job, own, jobcount.failures_of(job, own, index), look.now)


def pod_for(job: Job, owner: Mapping[str, Any], index: int | None, failures: int = 0) -> dict[str, Any]:
    """A new pod of the job; with an index, it learns of it by annotation, label, hostname and environment."""
    prefix = f"{job.metadata.name}-" if index is None else f"{job.metadata.name}-{index}-"
    pod = pods.from_template(job.spec.template, prefix, dict(owner))
    meta = pod["metadata"]
    meta["finalizers"] = [*meta.get("finalizers", []), jobcount.FINALIZER]
    if index is None:
        return pod
    meta["annotations"] = {**meta.get("annotations", {}), indexes.ANNOTATION: str(index)}
    meta["labels"] = {**meta.get("labels", {}), indexes.ANNOTATION: str(index)}
    if job.spec.backoff_limit_per_index is not None:
        meta["annotations"][jobcount.FAILURES] = str(failures)
    spec = {**pod["spec"]}
    spec["hostname"] = f"{job.metadata.name}-{index}"
    for group in ("initContainers", "containers"):
        if spec.get(group):
            spec[group] = [_told_index(container) for container in spec[group]]
    return {**pod, "spec": spec}


def _decided(job: Job) -> Ending | None:
    """An ending that an earlier look has already written down."""
    for type in ("SuccessCriteriaMet", "FailureTarget"):
        decided = conditions.find(job.status.conditions, type)
        if decided is not None and decided.status == "True":
            return Ending(type == "SuccessCriteriaMet", decided.reason, decided.message)
    return None


def _exceeds_backoff_limit(job: Job, owned: Sequence[Pod], count: Tally) -> bool:
    if count.all_failed > job.spec.backoff_limit:
        return True
    if cast("dict[str, Any]", job.spec.template.get("spec") or {}).get("restartPolicy") != "OnFailure":
        return False
    running = (pod for pod in owned if pod.status.phase in ("Pending", "Running"))
    restarts = sum(
        status.restart_count
        for pod in running
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    )
    return restarts > 0 if job.spec.backoff_limit == 0 else restarts >= job.spec.backoff_limit


def _wanted_active(job: Job, active: int, count: Tally) -> int:
    if job.spec.completions is None:
        return min(active, job.spec.parallelism) if count.all_succeeded else job.spec.parallelism
    left = job.spec.completions - count.all_succeeded - len(count.given_up)
    return max(min(left, job.spec.parallelism), 0)


def _duplicates(job: Job, active: Sequence[Pod], count: Tally) -> list[Pod]:
    """Pods of an Indexed job whose index is already done, taken, or out of range."""
    if not is_indexed(job):
        return []
    seen, surplus = set(count.completed | count.given_up), list[Pod]()
    for pod in active:
        index = indexes.of(pod)
        if index is None or index in seen or index >= (job.spec.completions or 0):
            surplus.append(pod)
        else:
            seen.add(index)
    return surplus


def _backoff_left(job: Job, owned: Sequence[Pod], failed: int, now: datetime) -> float:
    """Seconds until the next pod may be created: 10 s after a failure, doubled for each further one, up to 10 min."""
    failures = [_finished_at(pod, now) for pod in owned if jobpolicy.has_failed(job, pod)]
    successes = [_finished_at(pod, now) for pod in owned if pod.status.phase == "Succeeded"]
    latest_success = max(successes, default=None)
    recent = [moment for moment in failures if latest_success is None or moment > latest_success]
    if not recent:
        return 0.0
    in_a_row = len(recent) if latest_success is not None else max(len(recent), failed)
    delay = min(FIRST_BACKOFF * 2 ** min(in_a_row - 1, 10), LONGEST_BACKOFF)
    return delay - (now - max(recent)).total_seconds()


def _finished_at(pod: Pod, now: datetime) -> datetime:
    """When its last container ended, or else when its deletion was asked for."""
    ends = [
        status.state.terminated.finished_at
        for status in pod.status.container_statuses
        if status.state.terminated is not None and status.state.terminated.finished_at is not None
    ]
    if ends or pod.metadata.deletion_timestamp is None:
        return max(ends, default=pod.metadata.creation_timestamp or now)
    return pod.metadata.deletion_timestamp - timedelta(seconds=pod.metadata.deletion_grace_period_seconds or 0)


def _told_index(container: Mapping[str, Any]) -> dict[str, Any]:
    path = f"metadata.annotations['{indexes.ANNOTATION}']"
    variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
    environment = cast("list[dict[str, Any]]", container.get("env") or [])
    given = [one for one in environment if one["name"] != variable["name"]]
    return {**container, "env": [*given, variable]}
