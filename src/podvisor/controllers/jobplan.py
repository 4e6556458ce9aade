"""What a Job needs next, worked out from its pods, without any I/O.

https://kubernetes.io/docs/concepts/workloads/controllers/job/. Each pod carries a finalizer until its end has been
counted, so that no end is lost: first its uid goes into `uncountedTerminatedPods`, then the finalizer goes, then the
counter goes up and the uid is struck out. Whichever step a crash interrupts, the next look continues there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from podvisor.controllers import conditions, indexes, pods
from podvisor.sdk.objects.batch import Job
from podvisor.sdk.objects.core import Pod
from podvisor.sdk.objects.meta import Condition, seconds

FINALIZER = "batch.kubernetes.io/job-tracking"
FIRST_BACKOFF = 10.0
LONGEST_BACKOFF = 600.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Which ends are counted, and which are on their way to it."""

    succeeded: int
    failed: int
    uncounted_succeeded: Sequence[str]
    uncounted_failed: Sequence[str]
    completed: frozenset[int] = frozenset()

    @property
    def all_succeeded(self) -> int:
        """Successes, whether or not they are in the counter yet."""
        return self.succeeded + len(self.uncounted_succeeded)

    @property
    def all_failed(self) -> int:
        """Failures, whether or not they are in the counter yet."""
        return self.failed + len(self.uncounted_failed)


def tally(job: Job, owned: Sequence[Pod]) -> Tally:
    """Count the ends whose finalizers are gone, and write down the new ones.

    A pod that is being deleted before it succeeded counts as failed at once, as the default podReplacementPolicy
    (TerminatingOrFailed) has it. Of an Indexed job's successes each index counts once.
    """
    held = {pod.metadata.uid: pod for pod in owned if FINALIZER in pod.metadata.finalizers}
    waiting = job.status.uncounted_terminated_pods
    succeeded = [uid for uid in waiting.succeeded if uid in held]
    failed = [uid for uid in waiting.failed if uid in held]
    new = [pod for uid, pod in held.items() if uid not in succeeded and uid not in failed]
    completed = indexes.parse(job.status.completed_indexes)
    if _indexed(job):
        ended = {indexes.of(pod) for pod in owned if pod.status.phase == "Succeeded"}
        completed |= {index for index in ended if index is not None and index < (job.spec.completions or 0)}
        counted = len(completed)
    else:
        counted = job.status.succeeded + len(waiting.succeeded) - len(succeeded)
        succeeded += [pod.metadata.uid for pod in new if pod.status.phase == "Succeeded"]
    lost = job.status.failed + len(waiting.failed) - len(failed)
    failed += [pod.metadata.uid for pod in new if has_failed(pod)]
    return Tally(counted, lost, succeeded, failed, completed)


def has_failed(pod: Pod) -> bool:
    """Whether a pod will not succeed any more."""
    return pod.status.phase == "Failed" or (pod.metadata.deleting and pod.status.phase != "Succeeded")


def countable(job: Job, owned: Sequence[Pod], count: Tally) -> list[Pod]:
    """The pods whose finalizer may go, because the status, once written, accounts for their ends."""
    written = {*count.uncounted_succeeded, *count.uncounted_failed}
    return [
        pod
        for pod in owned
        if FINALIZER in pod.metadata.finalizers
        and (pod.metadata.uid in written or (_indexed(job) and pod.status.phase == "Succeeded"))
    ]


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
    if _exceeds_backoff_limit(job, owned, count):
        return Ending(False, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if (left := until_deadline(job, now)) is not None and left <= 0:
        return Ending(False, "DeadlineExceeded", "Job was active longer than specified deadline")
    active = sum(map(pods.is_active, owned))
    done = count.all_succeeded
    enough = done > 0 and not active if job.spec.completions is None else done >= job.spec.completions
    if enough and not job.spec.suspend:
        return Ending(True, "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def until_deadline(job: Job, now: datetime) -> float | None:
    """Seconds that are left of `activeDeadlineSeconds`, while that clock runs."""
    if job.spec.active_deadline_seconds is None or job.status.start_time is None or job.spec.suspend:
        return None
    return (job.status.start_time + timedelta(seconds=job.spec.active_deadline_seconds) - now).total_seconds()


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
    surplus = _duplicates(job, active, count)
    active = [pod for pod in active if pod not in surplus]
    wanted = _wanted_active(job, len(active), count)
    if len(active) > wanted:
        ranked = pods.rank_for_deletion(active, active, now)
        return Plan(delete=[*surplus, *ranked[: len(active) - wanted]])
    missing = wanted - len(active)
    wait = _backoff_left(job, owned, count, now) if missing else 0.0
    taken = {*count.completed, *(index for pod in active if (index := indexes.of(pod)) is not None)}
    which = indexes.missing(job.spec.completions or 0, taken, missing) if _indexed(job) else []
    result = Plan(create=len(which) if _indexed(job) else missing, indexes=which, delete=surplus)
    return replace(result, create=0, indexes=(), wait=wait) if wait > 0 else result


def pod_for(job: Job, owner: Mapping[str, Any], index: int | None) -> dict[str, Any]:
    """A new pod of the job; with an index, it learns of it by annotation, label, hostname and environment."""
    prefix = f"{job.metadata.name}-" if index is None else f"{job.metadata.name}-{index}-"
    pod = pods.from_template(job.spec.template, prefix, dict(owner))
    meta = pod["metadata"]
    meta["finalizers"] = [*meta.get("finalizers", []), FINALIZER]
    if index is None:
        return pod
    meta["annotations"] = {**meta.get("annotations", {}), indexes.ANNOTATION: str(index)}
    meta["labels"] = {**meta.get("labels", {}), indexes.ANNOTATION: str(index)}
    spec = {**pod["spec"]}
    spec["hostname"] = f"{job.metadata.name}-{index}"
    for group in ("initContainers", "containers"):
        if spec.get(group):
            spec[group] = [_told_index(container) for container in spec[group]]
    return {**pod, "spec": spec}


def status_of(job: Job, owned: Sequence[Pod], count: Tally, end: Ending | None, now: datetime) -> dict[str, Any]:
    """The status to write, as a merge patch: zero counts and empty fields are struck out."""
    active = [pod for pod in owned if pods.is_active(pod)]
    going = [pod for pod in owned if pod.metadata.deleting and not pods.is_ended(pod)]
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
        "uncountedTerminatedPods": {"succeeded": waiting.succeeded or None, "failed": waiting.failed or None},
        "startTime": seconds(status.start_time) if status.start_time else None,
        "completionTime": seconds(status.completion_time) if status.completion_time else None,
        "conditions": [conditions.plain(one) for one in status.conditions],
    }


def _indexed(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


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
    return max(min(job.spec.completions - count.all_succeeded, job.spec.parallelism), 0)


def _duplicates(job: Job, active: Sequence[Pod], count: Tally) -> list[Pod]:
    """Pods of an Indexed job whose index is already done, taken, or out of range."""
    if not _indexed(job):
        return []
    seen, surplus = set(count.completed), list[Pod]()
    for pod in active:
        index = indexes.of(pod)
        if index is None or index in seen or index >= (job.spec.completions or 0):
            surplus.append(pod)
        else:
            seen.add(index)
    return surplus


def _backoff_left(job: Job, owned: Sequence[Pod], count: Tally, now: datetime) -> float:
    """Seconds until the next pod may be created: 10 s after a failure, doubled for each further one, up to 10 min."""
    failures = [_finished_at(pod, now) for pod in owned if has_failed(pod)]
    successes = [_finished_at(pod, now) for pod in owned if pod.status.phase == "Succeeded"]
    latest_success = max(successes, default=None)
    recent = [moment for moment in failures if latest_success is None or moment > latest_success]
    if not recent:
        return 0.0
    in_a_row = len(recent) if latest_success is not None else max(len(recent), count.all_failed)
    delay = min(FIRST_BACKOFF * 2 ** min(in_a_row - 1, 10), LONGEST_BACKOFF)
    return delay - (now - max(recent)).total_seconds()


def _finished_at(pod: Pod, now: datetime) -> datetime:
    ends = [
        status.state.terminated.finished_at
        for status in pod.status.container_statuses
        if status.state.terminated is not None and status.state.terminated.finished_at is not None
    ]
    return max(ends, default=pod.metadata.deletion_timestamp or pod.metadata.creation_timestamp or now)


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


def _told_index(container: Mapping[str, Any]) -> dict[str, Any]:
    path = f"metadata.annotations['{indexes.ANNOTATION}']"
    variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
    environment = cast("list[dict[str, Any]]", container.get("env") or [])
    given = [one for one in environment if one["name"] != variable["name"]]
    return {**container, "env": [*given, variable]}
