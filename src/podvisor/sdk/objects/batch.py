"""Views of batch/v1 kinds."""

from datetime import datetime
from typing import Any

from msgspec import field

from podvisor.sdk.objects.meta import Condition, LabelSelector, Object, View


class OnExitCodes(View):
    """Matches a container that ended with one of (or none of) these codes; code 0 never counts."""

    operator: str = ""
    values: list[int] = field(default_factory=list[int])
    container_name: str | None = None


class OnPodCondition(View):
    """Matches a pod that has this condition."""

    type: str = ""
    status: str = "True"


class PodFailureRule(View):
    """What a failure of this description means: `FailJob`, `FailIndex`, `Ignore` or `Count`."""

    action: str = ""
    on_exit_codes: OnExitCodes | None = None
    on_pod_conditions: list[OnPodCondition] = field(default_factory=list[OnPodCondition])


class PodFailurePolicy(View):
    """The first rule that matches a failed pod counts."""

    rules: list[PodFailureRule] = field(default_factory=list[PodFailureRule])


class SuccessRule(View):
    """Enough indexes, of all or of some."""

    succeeded_indexes: str | None = None
    succeeded_count: int | None = None


class SuccessPolicy(View):
    """One rule that holds is enough."""

    rules: list[SuccessRule] = field(default_factory=list[SuccessRule])


class JobSpec(View):
    """What is to be run to its end, and how hard to try."""

    parallelism: int = 1
    completions: int | None = None
    completion_mode: str = "NonIndexed"
    backoff_limit: int = 6
    active_deadline_seconds: int | None = None
    ttl_seconds_after_finished: int | None = None
    suspend: bool = False
    backoff_limit_per_index: int | None = None
    max_failed_indexes: int | None = None
    pod_failure_policy: PodFailurePolicy | None = None
    success_policy: SuccessPolicy | None = None
    pod_replacement_policy: str | None = None
    managed_by: str | None = None
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: dict[str, Any] = field(default_factory=dict[str, Any])


class UncountedPods(View):
    """Ended pods whose tracking finalizer may already be gone while the counters do not include them yet."""

    succeeded: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])


class JobStatus(View):
    """How far the work is."""

    active: int = 0
    ready: int = 0
    terminating: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: datetime | None = None
    completion_time: datetime | None = None
    completed_indexes: str = ""
    failed_indexes: str | None = None
    uncounted_terminated_pods: UncountedPods = field(default_factory=UncountedPods)
    conditions: list[Condition] = field(default_factory=list[Condition])


class Job(Object):
    """Pods that are meant to end."""

    spec: JobSpec = field(default_factory=JobSpec)
    status: JobStatus = field(default_factory=JobStatus)


class JobTemplate(View):
    """The Jobs that a CronJob makes; whole, since it is copied."""

    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    spec: dict[str, Any] = field(default_factory=dict[str, Any])


class CronJobSpec(View):
    """When a Job is made, and what is done about those before it."""

    schedule: str = ""
    time_zone: str | None = None
    starting_deadline_seconds: int | None = None
    concurrency_policy: str = "Allow"
    suspend: bool = False
    job_template: JobTemplate = field(default_factory=JobTemplate)
    successful_jobs_history_limit: int | None = None
    failed_jobs_history_limit: int | None = None


class ObjectReference(View):
    """Another object, by name and uid."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    resource_version: str = ""


class CronJobStatus(View):
    """The Jobs that run, and when the last began and ended."""

    active: list[ObjectReference] = field(default_factory=list[ObjectReference])
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None


class CronJob(Object):
    """Jobs by the clock."""

    spec: CronJobSpec = field(default_factory=CronJobSpec)
    status: CronJobStatus = field(default_factory=CronJobStatus)
