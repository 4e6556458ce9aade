"""Views of batch/v1 kinds."""

from datetime import datetime
from typing import Any

from msgspec import field

from podvisor.sdk.objects.meta import Condition, LabelSelector, Object, View


class JobSpec(View):
    """What is to be run to its end, and how hard to try."""

    parallelism: int = 1
    completions: int | None = None
    completion_mode: str = "NonIndexed"
    backoff_limit: int = 6
    active_deadline_seconds: int | None = None
    ttl_seconds_after_finished: int | None = None
    suspend: bool = False
    manual_selector: bool = False
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
    uncounted_terminated_pods: UncountedPods = field(default_factory=UncountedPods)
    conditions: list[Condition] = field(default_factory=list[Condition])


class Job(Object):
    """Pods that are meant to end."""

    spec: JobSpec = field(default_factory=JobSpec)
    status: JobStatus = field(default_factory=JobStatus)
