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


class Ordinals(View):
    """How the pods of a StatefulSet are numbered."""

    start: int = 0


class StatefulSetRollingUpdate(View):
    """Which ordinals an update reaches, and how many pods it may take away at once."""

    partition: int = 0
    max_unavailable: int | str | None = None


class StatefulSetStrategy(View):
    """How old pods give way to new ones; without `rolling_update` as if every field had its default."""

    type: str = "RollingUpdate"
    rolling_update: StatefulSetRollingUpdate | None = None


class ClaimRetention(View):
    """What becomes of claims when their set is deleted or shrinks: `Retain` or `Delete`."""

    when_deleted: str = "Retain"
    when_scaled: str = "Retain"


class StatefulSetSpec(View):
    """Numbered pods of one template, each with claims of its own."""

    replicas: int = 1
    min_ready_seconds: int = 0
    revision_history_limit: int = 10
    service_name: str = ""
    pod_management_policy: str = "OrderedReady"
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: Template = field(default_factory=dict[str, Any])
    volume_claim_templates: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    update_strategy: StatefulSetStrategy = field(default_factory=StatefulSetStrategy)
    persistent_volume_claim_retention_policy: ClaimRetention = field(default_factory=ClaimRetention)
    ordinals: Ordinals = field(default_factory=Ordinals)


class StatefulSetStatus(View):
    """How many there are, of which revision."""

    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    current_replicas: int = 0
    updated_replicas: int = 0
    current_revision: str = ""
    update_revision: str = ""
    observed_generation: int = 0
    collision_count: int = 0
    conditions: list[Condition] = field(default_factory=list[Condition])


class StatefulSet(Object):
    """Pods with names, an order and storage that last."""

    spec: StatefulSetSpec = field(default_factory=StatefulSetSpec)
    status: StatefulSetStatus = field(default_factory=StatefulSetStatus)


class DaemonSetRollingUpdate(View):
    """How many nodes may be without a pod, or have two, while an update goes on."""

    max_unavailable: int | str = 1
    max_surge: int | str = 0


class DaemonSetStrategy(View):
    """How old pods give way to new ones."""

    type: str = "RollingUpdate"
    rolling_update: DaemonSetRollingUpdate = field(default_factory=DaemonSetRollingUpdate)


class DaemonSetSpec(View):
    """One pod of this template for each node that it fits."""

    min_ready_seconds: int = 0
    revision_history_limit: int = 10
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: Template = field(default_factory=dict[str, Any])
    update_strategy: DaemonSetStrategy = field(default_factory=DaemonSetStrategy)


class DaemonSetStatus(View):
    """On how many nodes it runs, and on how many it should."""

    current_number_scheduled: int = 0
    number_misscheduled: int = 0
    desired_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0
    number_available: int = 0
    number_unavailable: int = 0
    observed_generation: int = 0
    collision_count: int = 0


class DaemonSet(Object):
    """A pod on every node."""

    spec: DaemonSetSpec = field(default_factory=DaemonSetSpec)
    status: DaemonSetStatus = field(default_factory=DaemonSetStatus)


class ControllerRevision(Object):
    """What a workload once was: the part of it that its pods follow."""

    revision: int = 0
    data: dict[str, Any] = field(default_factory=dict[str, Any])
