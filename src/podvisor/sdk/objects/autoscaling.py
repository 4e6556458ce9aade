"""Views of autoscaling/v2 kinds."""

from datetime import datetime
from typing import Any

from msgspec import field

from podvisor.sdk.objects.meta import Condition, LabelSelector, Object, View


class CrossVersionObjectReference(View):
    """An object of the same namespace, in whatever version."""

    kind: str = ""
    name: str = ""
    api_version: str = ""


class MetricIdentifier(View):
    """A metric by its name, and which of those that have it."""

    name: str = ""
    selector: LabelSelector | None = None


class MetricTarget(View):
    """What a metric should be."""

    type: str = ""
    value: str | int | float | None = None
    average_value: str | int | float | None = None
    average_utilization: int | None = None


class MetricSource(View):
    """Where a metric comes from: each type has some of these fields."""

    name: str = ""
    """Of a resource."""
    container: str = ""
    described_object: CrossVersionObjectReference = field(default_factory=CrossVersionObjectReference)
    metric: MetricIdentifier = field(default_factory=MetricIdentifier)
    target: MetricTarget = field(default_factory=MetricTarget)


class MetricSpec(View):
    """A metric; its type says which source is there."""

    type: str = ""
    object: MetricSource | None = None
    pods: MetricSource | None = None
    resource: MetricSource | None = None
    container_resource: MetricSource | None = None
    external: MetricSource | None = None


class ScalingPolicy(View):
    """By how much the replicas may change within a time."""

    type: str = ""
    value: int = 0
    period_seconds: int = 0


class ScalingRules(View):
    """How fast the replicas may change in one direction."""

    stabilization_window_seconds: int | None = None
    select_policy: str = "Max"
    policies: list[ScalingPolicy] = field(default_factory=list[ScalingPolicy])


class Behavior(View):
    """How fast the replicas may change."""

    scale_up: ScalingRules = field(default_factory=ScalingRules)
    scale_down: ScalingRules = field(default_factory=ScalingRules)


class HorizontalPodAutoscalerSpec(View):
    """What is scaled, between which numbers, by which metrics."""

    scale_target_ref: CrossVersionObjectReference = field(default_factory=CrossVersionObjectReference)
    min_replicas: int | None = None
    max_replicas: int = 0
    metrics: list[MetricSpec] = field(default_factory=list[MetricSpec])
    behavior: Behavior | None = None


class HorizontalPodAutoscalerStatus(View):
    """What it has done last, and why."""

    observed_generation: int | None = None
    last_scale_time: datetime | None = None
    current_replicas: int = 0
    desired_replicas: int = 0
    current_metrics: list[dict[str, Any]] | None = None
    conditions: list[Condition] = field(default_factory=list[Condition])


class HorizontalPodAutoscaler(Object):
    """Keeps a number of replicas fit for what is asked of them."""

    spec: HorizontalPodAutoscalerSpec = field(default_factory=HorizontalPodAutoscalerSpec)
    status: HorizontalPodAutoscalerStatus = field(default_factory=HorizontalPodAutoscalerStatus)


class ScaleSpec(View):
    """How many replicas are wanted."""

    replicas: int = 0


class ScaleStatus(View):
    """How many there are, and which pods they are."""

    replicas: int = 0
    selector: str = ""


class Scale(Object):
    """The replicas of whatever has some (autoscaling/v1)."""

    spec: ScaleSpec = field(default_factory=ScaleSpec)
    status: ScaleStatus = field(default_factory=ScaleStatus)


class PodMetricsContainer(View):
    """What a container uses."""

    name: str = ""
    usage: dict[str, str] = field(default_factory=dict[str, str])


class PodMetrics(Object):
    """What a pod uses (metrics.k8s.io/v1beta1)."""

    timestamp: datetime | None = None
    window: str = ""
    containers: list[PodMetricsContainer] = field(default_factory=list[PodMetricsContainer])


class MetricValue(View):
    """A metric of something (custom.metrics.k8s.io and external.metrics.k8s.io, v1beta1 and later)."""

    described_object: CrossVersionObjectReference = field(default_factory=CrossVersionObjectReference)
    timestamp: datetime | None = None
    window_seconds: int | None = field(default=None, name="windowSeconds")
    window: int | None = None
    value: str = "0"


class MetricValues(View):
    """Several of them."""

    items: list[MetricValue] = field(default_factory=list[MetricValue])
