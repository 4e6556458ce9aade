"""Views of apps/v1 kinds."""

from typing import Any, cast

from msgspec import field

from podvisor.sdk.objects.meta import Condition, LabelSelector, Object, View

Template = dict[str, Any]
"""A pod template as the server holds it, whole: it is copied into pods, so no field may be dropped."""


def template_metadata(template: Template) -> dict[str, Any]:
    """The metadata that a template gives its pods."""
    return cast("dict[str, Any]", template.get("metadata") or {})


def template_labels(template: Template) -> dict[str, str]:
    """The labels that a template gives its pods."""
    return cast("dict[str, str]", template_metadata(template).get("labels") or {})


class ReplicaSetSpec(View):
    """How many pods of which template."""

    replicas: int = 1
    min_ready_seconds: int = 0
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: Template = field(default_factory=dict[str, Any])


class ReplicaSetStatus(View):
    """How many there are."""

    replicas: int = 0
    fully_labeled_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    observed_generation: int = 0
    conditions: list[Condition] = field(default_factory=list[Condition])


class ReplicaSet(Object):
    """Keeps a number of equal pods alive."""

    spec: ReplicaSetSpec = field(default_factory=ReplicaSetSpec)
    status: ReplicaSetStatus = field(default_factory=ReplicaSetStatus)


class RollingUpdate(View):
    """How far a rollout may leave the wanted number, up and down: a count or a percentage."""

    max_unavailable: int | str = "25%"
    max_surge: int | str = "25%"


class DeploymentStrategy(View):
    """How old pods give way to new ones."""

    type: str = "RollingUpdate"
    rolling_update: RollingUpdate = field(default_factory=RollingUpdate)


class DeploymentSpec(View):
    """The pods that are wanted, and how to get from one template to the next."""

    replicas: int = 1
    min_ready_seconds: int = 0
    revision_history_limit: int = 10
    progress_deadline_seconds: int = 600
    paused: bool = False
    selector: LabelSelector = field(default_factory=LabelSelector)
    strategy: DeploymentStrategy = field(default_factory=DeploymentStrategy)
    template: Template = field(default_factory=dict[str, Any])


class DeploymentStatus(View):
    """How far the rollout is."""

    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    unavailable_replicas: int = 0
    observed_generation: int = 0
    collision_count: int = 0
    conditions: list[Condition] = field(default_factory=list[Condition])


class Deployment(Object):
    """Replica sets over time: one per template."""

    spec: DeploymentSpec = field(default_factory=DeploymentSpec)
    status: DeploymentStatus = field(default_factory=DeploymentStatus)
