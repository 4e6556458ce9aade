"""Views of policy/v1 kinds."""

from datetime import datetime

from msgspec import field

from podvisor.sdk.objects.meta import Condition, LabelSelector, Object, View


class PodDisruptionBudgetSpec(View):
    """How many of which pods have to stay."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    selector: LabelSelector | None = None
    unhealthy_pod_eviction_policy: str | None = None


class PodDisruptionBudgetStatus(View):
    """How many may go now."""

    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0
    observed_generation: int = 0
    disrupted_pods: dict[str, datetime] = field(default_factory=dict[str, datetime])
    conditions: list[Condition] = field(default_factory=list[Condition])


class PodDisruptionBudget(Object):
    """A bound to voluntary disruptions."""

    spec: PodDisruptionBudgetSpec = field(default_factory=PodDisruptionBudgetSpec)
    status: PodDisruptionBudgetStatus = field(default_factory=PodDisruptionBudgetStatus)
