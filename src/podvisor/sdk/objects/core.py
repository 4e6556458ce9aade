"""Views of core/v1, coordination.k8s.io/v1 and discovery.k8s.io/v1 kinds."""

from datetime import datetime
from typing import Any

from msgspec import field

from podvisor.sdk.objects.meta import Condition, LabelSelector, Object, ObjectMeta, Requirement, View

Quantities = dict[str, str | int | float]
"""A resource list: name -> quantity, as written."""


class ResourceRequirements(View):
    """What a container asks for and may at most use."""

    requests: Quantities = field(default_factory=Quantities)
    limits: Quantities = field(default_factory=Quantities)


class ContainerPort(View):
    """A port that a container serves on."""

    container_port: int = 0
    host_port: int = 0
    protocol: str = "TCP"
    host_ip: str = field(default="", name="hostIP")
    name: str = ""


class Container(View):
    """A container of a pod, as placement and supervision see it."""

    name: str = ""
    image: str = ""
    restart_policy: str = ""
    resources: ResourceRequirements = field(default_factory=ResourceRequirements)
    ports: list[ContainerPort] = field(default_factory=list[ContainerPort])


class Toleration(View):
    """A taint that a pod bears, and for how long."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""
    toleration_seconds: int | None = None


class NodeSelectorTerm(View):
    """All of its expressions must hold; a term without any matches nothing."""

    match_expressions: list[Requirement] = field(default_factory=list[Requirement])
    match_fields: list[Requirement] = field(default_factory=list[Requirement])


class NodeSelector(View):
    """Holds where any of its terms holds."""

    node_selector_terms: list[NodeSelectorTerm] = field(default_factory=list[NodeSelectorTerm])


class PreferredSchedulingTerm(View):
    """A wish, worth `weight` points of 100."""

    weight: int = 0
    preference: NodeSelectorTerm = field(default_factory=NodeSelectorTerm)


class NodeAffinity(View):
    """Which nodes a pod needs, and which it would like."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: list[PreferredSchedulingTerm] = field(
        default_factory=list[PreferredSchedulingTerm]
    )


class PodAffinityTerm(View):
    """The pods that this one wants near (or far), and what near means: the same value of `topology_key`."""

    topology_key: str = ""
    label_selector: LabelSelector | None = None
    namespaces: list[str] = field(default_factory=list[str])
    namespace_selector: LabelSelector | None = None


class WeightedPodAffinityTerm(View):
    """A wish about other pods, worth `weight` points of 100."""

    weight: int = 0
    pod_affinity_term: PodAffinityTerm = field(default_factory=PodAffinityTerm)


class PodAffinity(View):
    """Needs and wishes about other pods; the same shape for affinity and anti-affinity."""

    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] = field(
        default_factory=list[PodAffinityTerm]
    )
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = field(
        default_factory=list[WeightedPodAffinityTerm]
    )


class Affinity(View):
    """Everything a pod says about where it wants to be."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class TopologySpreadConstraint(View):
    """How evenly the matching pods must lie over the values of `topology_key`."""

    max_skew: int = 0
    topology_key: str = ""
    when_unsatisfiable: str = "DoNotSchedule"
    label_selector: LabelSelector | None = None
    min_domains: int | None = None


class ClaimVolume(View):
    """The claim that a volume stands for."""

    claim_name: str = ""
    read_only: bool = False


class Volume(View):
    """A volume of a pod, as far as claims go."""

    name: str = ""
    persistent_volume_claim: ClaimVolume | None = None
    ephemeral: dict[str, Any] | None = None


class SchedulingGate(View):
    """As long as a pod has one, no scheduler looks at it."""

    name: str = ""


class PodSpec(View):
    """What a pod asks for, as far as placement and supervision look."""

    node_name: str = ""
    scheduler_name: str = "default-scheduler"
    restart_policy: str = "Always"
    service_account_name: str = ""
    host_network: bool = False
    hostname: str = ""
    subdomain: str = ""
    priority: int = 0
    preemption_policy: str = "PreemptLowerPriority"
    termination_grace_period_seconds: int = 30
    active_deadline_seconds: int | None = None
    containers: list[Container] = field(default_factory=list[Container])
    init_containers: list[Container] = field(default_factory=list[Container])
    overhead: Quantities = field(default_factory=Quantities)
    node_selector: dict[str, str] = field(default_factory=dict[str, str])
    affinity: Affinity | None = None
    tolerations: list[Toleration] = field(default_factory=list[Toleration])
    topology_spread_constraints: list[TopologySpreadConstraint] = field(default_factory=list[TopologySpreadConstraint])
    scheduling_gates: list[SchedulingGate] = field(default_factory=list[SchedulingGate])
    volumes: list[Volume] = field(default_factory=list[Volume])


class TerminatedState(View):
    """How a container ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


class ContainerState(View):
    """Exactly one of running, waiting and terminated is there; only the last is looked at."""

    terminated: TerminatedState | None = None
    running: dict[str, Any] | None = None
    waiting: dict[str, Any] | None = None


class ContainerStatus(View):
    """What the node says about one container."""

    name: str = ""
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = field(default_factory=ContainerState)


class PodIP(View):
    """One of a pod's addresses."""

    ip: str = ""


class PodStatus(View):
    """What became of a pod."""

    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    nominated_node_name: str = ""
    pod_ip: str = field(default="", name="podIP")
    pod_ips: list[PodIP] = field(default_factory=list[PodIP], name="podIPs")
    start_time: datetime | None = None
    conditions: list[Condition] = field(default_factory=list[Condition])
    container_statuses: list[ContainerStatus] = field(default_factory=list[ContainerStatus])
    init_container_statuses: list[ContainerStatus] = field(default_factory=list[ContainerStatus])


class Pod(Object):
    """A group of containers that is placed, started and removed as one."""

    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class Taint(View):
    """Keeps pods off a node unless they tolerate it."""

    key: str = ""
    effect: str = ""
    value: str = ""
    time_added: datetime | None = None


class NodeSpec(View):
    """What an administrator says about a node."""

    unschedulable: bool = False
    taints: list[Taint] = field(default_factory=list[Taint])


class NodeStatus(View):
    """What a node says about itself."""

    capacity: Quantities = field(default_factory=Quantities)
    allocatable: Quantities = field(default_factory=Quantities)
    conditions: list[Condition] = field(default_factory=list[Condition])


class Node(Object):
    """A machine that runs pods."""

    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)


class NamespaceSpec(View):
    """What holds a namespace while it is being emptied."""

    finalizers: list[str] = field(default_factory=list[str])


class NamespaceStatus(View):
    """Active, or Terminating."""

    phase: str = "Active"
    conditions: list[Condition] = field(default_factory=list[Condition])


class Namespace(Object):
    """A room for names."""

    spec: NamespaceSpec = field(default_factory=NamespaceSpec)
    status: NamespaceStatus = field(default_factory=NamespaceStatus)


class ConfigMap(Object):
    """Plain settings."""

    data: dict[str, str] = field(default_factory=dict[str, str])


class Secret(Object):
    """What not everybody may read; each value in base64."""

    type: str = ""
    data: dict[str, str] = field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        return f"Secret({self.metadata.namespace}/{self.metadata.name})"


class ServiceAccount(Object):
    """An identity for pods."""


class ServicePort(View):
    """A port of a service and where it leads."""

    port: int = 0
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str = 0
    node_port: int = 0
    app_protocol: str | None = None


class ServiceSpec(View):
    """Which pods stand behind one address."""

    type: str = "ClusterIP"
    cluster_ip: str = field(default="", name="clusterIP")
    cluster_ips: list[str] = field(default_factory=list[str], name="clusterIPs")
    external_name: str = ""
    session_affinity: str = "None"
    session_affinity_config: dict[str, Any] = field(default_factory=dict[str, Any])
    selector: dict[str, str] = field(default_factory=dict[str, str])
    ports: list[ServicePort] = field(default_factory=list[ServicePort])
    publish_not_ready_addresses: bool = False
    external_ips: list[str] = field(default_factory=list[str], name="externalIPs")
    external_traffic_policy: str = "Cluster"
    load_balancer_class: str = ""
    load_balancer_source_ranges: list[str] = field(default_factory=list[str])

    @property
    def affinity_seconds(self) -> int:
        """`sessionAffinityConfig.clientIP.timeoutSeconds`: three hours where it is not set."""
        by_client: dict[str, Any] = self.session_affinity_config.get("clientIP") or {}
        return int(by_client.get("timeoutSeconds", 10800))


class Service(Object):
    """A stable name and address for a set of pods."""

    spec: ServiceSpec = field(default_factory=ServiceSpec)
    status: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def balanced_at(self) -> list[dict[str, Any]]:
        """`status.loadBalancer.ingress`."""
        balancer: dict[str, Any] = self.status.get("loadBalancer") or {}
        return balancer.get("ingress") or []


class Endpoints(Object):
    """The addresses behind a service, compared and replaced as a whole."""

    subsets: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


class EndpointSlice(Object):
    """Some of the addresses behind a service, compared and replaced as a whole."""

    endpoints: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ports: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


class LeaseSpec(View):
    """Who holds a lease, and since when."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: datetime | None = None
    renew_time: datetime | None = None
    lease_transitions: int | None = None


class Lease(Object):
    """A claim that lapses when it is not renewed: a node's heartbeat, or who leads."""

    spec: LeaseSpec = field(default_factory=LeaseSpec)


class PodTemplateSpec(View):
    """The pods that a workload makes."""

    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PodSpec = field(default_factory=PodSpec)


class ReplicationControllerSpec(View):
    """How many pods of which template; the selector is a plain map of labels."""

    replicas: int = 1
    min_ready_seconds: int = 0
    match_labels: dict[str, str] = field(default_factory=dict[str, str], name="selector")
    template: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def selector(self) -> LabelSelector:
        """As the newer kinds have it."""
        return LabelSelector(match_labels=self.match_labels)


class ReplicationControllerStatus(View):
    """How many there are."""

    replicas: int = 0
    fully_labeled_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    observed_generation: int = 0
    conditions: list[Condition] = field(default_factory=list[Condition])


class ReplicationController(Object):
    """Keeps a number of equal pods alive: what ReplicaSets were before."""

    spec: ReplicationControllerSpec = field(default_factory=ReplicationControllerSpec)
    status: ReplicationControllerStatus = field(default_factory=ReplicationControllerStatus)


class ResourceQuota(Object):
    """Bounds to what a namespace may use, counted as `types.usage` has it."""

    spec: dict[str, Any] = field(default_factory=dict[str, Any])
    status: dict[str, Any] = field(default_factory=dict[str, Any])
