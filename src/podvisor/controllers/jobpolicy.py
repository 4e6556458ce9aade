"""What a Job says about its pods' failures and about how much success is enough.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy and #success-policy
"""

from collections.abc import Set
from dataclasses import dataclass

from podvisor.controllers import indexes
from podvisor.sdk import conditions
from podvisor.sdk.objects.batch import Job, OnExitCodes, PodFailureRule
from podvisor.sdk.objects.core import Pod


@dataclass(frozen=True, slots=True)
class Match:
    """A rule of the pod failure policy holds for a pod."""

    action: str
    message: str


def counts_deleted_as_failed(job: Job) -> bool:
    """Whether a pod counts as failed as soon as its deletion begins, not only once it has ended.

    `podReplacementPolicy: TerminatingOrFailed`, the default unless there is a pod failure policy.
    """
    policy = job.spec.pod_replacement_policy
    return job.spec.pod_failure_policy is None if policy is None else policy == "TerminatingOrFailed"


def has_failed(job: Job, pod: Pod) -> bool:
    """Whether a pod will not succeed any more."""
    gone = pod.metadata.deleting and pod.status.phase != "Succeeded" and counts_deleted_as_failed(job)
    return pod.status.phase == "Failed" or gone


def match(job: Job, pod: Pod) -> Match:
    """The first rule for a failed pod; without one, the failure counts."""
    for number, rule in enumerate(job.spec.pod_failure_policy.rules if job.spec.pod_failure_policy else ()):
        if (what := _described(rule, pod)) is not None:
            return Match(rule.action, f"{what} matching {rule.action} rule at index {number}")
    return Match("Count", "")


def success(job: Job, completed: Set[int]) -> int | None:
    """The number of the first rule of the success policy that holds, if one does."""
    for number, rule in enumerate(job.spec.success_policy.rules if job.spec.success_policy else ()):
        wanted = indexes.parse(rule.succeeded_indexes) if rule.succeeded_indexes else None
        done = completed if wanted is None else completed & wanted
        enough = rule.succeeded_count if rule.succeeded_count is not None else len(wanted or ())
        if len(done) >= enough:
            return number
    return None


def _described(rule: PodFailureRule, pod: Pod) -> str | None:
    place = f"{pod.metadata.namespace}/{pod.metadata.name}"
    if rule.on_exit_codes is not None:
        return _exit(rule.on_exit_codes, pod, place)
    for wanted in rule.on_pod_conditions:
        found = conditions.find(pod.status.conditions, wanted.type)
        if found is not None and found.status == wanted.status:
            return f"Pod {place} has condition {wanted.type}"
    return None


def _exit(wanted: OnExitCodes, pod: Pod, place: str) -> str | None:
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        ended = status.state.terminated
        if ended is None or ended.exit_code == 0 or wanted.container_name not in (None, "", status.name):
            continue
        if (ended.exit_code in wanted.values) == (wanted.operator == "In"):
            return f"Container {status.name} for pod {place} failed with exit code {ended.exit_code}"
    return None
