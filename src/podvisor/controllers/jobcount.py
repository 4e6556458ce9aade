"""Counts how a Job's pods ended, so that each end counts once.

Each pod carries a finalizer until its end has been counted: first its uid goes into `uncountedTerminatedPods`, then the
finalizer goes, then the counter goes up and the uid is struck out. Whichever step a crash interrupts, the next look
continues there (https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podvisor.controllers import indexes, jobpolicy
from podvisor.sdk.objects.batch import Job
from podvisor.sdk.objects.core import Pod

FINALIZER = "batch.kubernetes.io/job-tracking"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
"""Annotation of an Indexed job's pod: how often its index had failed before."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Which ends are counted, and which are on their way to it."""

    succeeded: int
    failed: int
    uncounted_succeeded: Sequence[str]
    uncounted_failed: Sequence[str]
    completed: frozenset[int] = frozenset()
    """Indexes that are done."""
    given_up: frozenset[int] = frozenset()
    """Indexes that have failed for good."""
    ignored: frozenset[str] = frozenset()
    """Failed pods that the job's policy says not to count."""

    @property
    def all_succeeded(self) -> int:
        """Successes, whether or not they are in the counter yet."""
        return self.succeeded + len(self.uncounted_succeeded)

    @property
    def all_failed(self) -> int:
        """Failures, whether or not they are in the counter yet."""
        return self.failed + len(self.uncounted_failed)


def is_indexed(job: Job) -> bool:
    """Whether its pods each work on a number of their own."""
    return job.spec.completion_mode == "Indexed"


def tally(job: Job, owned: Sequence[Pod]) -> Tally:
    """Count the ends whose finalizers are gone, and write down the new ones.

    Of an Indexed job's successes each index counts once.
    """
    held = {pod.metadata.uid: pod for pod in owned if FINALIZER in pod.metadata.finalizers}
    waiting = job.status.uncounted_terminated_pods
    succeeded = [uid for uid in waiting.succeeded if uid in held]
    failed = [uid for uid in waiting.failed if uid in held]
    new = [pod for uid, pod in held.items() if uid not in succeeded and uid not in failed]
    counted = job.status.succeeded + len(waiting.succeeded) - len(succeeded)
    lost = job.status.failed + len(waiting.failed) - len(failed)
    completed = _completed(job, owned)
    if is_indexed(job):
        counted = len(completed)
    else:
        succeeded += [pod.metadata.uid for pod in new if pod.status.phase == "Succeeded"]
    fallen = [pod for pod in new if jobpolicy.has_failed(job, pod)]
    ignored = frozenset(pod.metadata.uid for pod in fallen if jobpolicy.match(job, pod).action == "Ignore")
    failed += [pod.metadata.uid for pod in fallen if pod.metadata.uid not in ignored]
    return Tally(counted, lost, succeeded, failed, completed, _given_up(job, fallen) - completed, ignored)


def releasable(job: Job, owned: Iterable[Pod], count: Tally) -> list[Pod]:
    """The pods whose finalizer may go, because the status, once written, accounts for their ends."""
    written = {*count.uncounted_succeeded, *count.uncounted_failed, *count.ignored}
    return [
        pod
        for pod in owned
        if FINALIZER in pod.metadata.finalizers
        and (pod.metadata.uid in written or (is_indexed(job) and pod.status.phase == "Succeeded"))
    ]


def failures_of(job: Job, owned: Iterable[Pod], index: int) -> int:
    """How often an index has failed so far, ignored failures left out."""
    fallen = (pod for pod in owned if indexes.of(pod) == index and jobpolicy.has_failed(job, pod))
    return max((_failures(job, pod) for pod in fallen), default=0)


def _completed(job: Job, owned: Sequence[Pod]) -> frozenset[int]:
    if not is_indexed(job):
        return frozenset()
    ended = {indexes.of(pod) for pod in owned if pod.status.phase == "Succeeded"}
    fresh = {index for index in ended if index is not None and index < (job.spec.completions or 0)}
    return indexes.parse(job.status.completed_indexes) | fresh


def _given_up(job: Job, fallen: Iterable[Pod]) -> frozenset[int]:
    limit = job.spec.backoff_limit_per_index
    if limit is None:
        return frozenset()
    fresh = {
        index
        for pod in fallen
        if (index := indexes.of(pod)) is not None
        and (jobpolicy.match(job, pod).action == "FailIndex" or _failures(job, pod) > limit)
    }
    return indexes.parse(job.status.failed_indexes or "") | fresh


def _failures(job: Job, pod: Pod) -> int:
    before = pod.metadata.annotations.get(FAILURES, "")
    counts = jobpolicy.match(job, pod).action != "Ignore"
    return (int(before) if before.isdecimal() else 0) + counts
