"""A pod as the node reads it: all that is needed to run its containers.

The views of `sdk` show what placement and supervision look at; these go further. Field by field they are those of
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/.
"""

from datetime import datetime
from typing import Any

from msgspec import field

from podvisor import sdk
from podvisor.sdk.objects.meta import Condition, Object, View

Amounts = dict[str, str | int | float]
"""A resource list: name -> quantity, as written."""


class KeyReference(View):
    """One entry of a ConfigMap or Secret."""

    key: str
    name: str = ""
    optional: bool = False


class Reference(View):
    """A whole ConfigMap or Secret."""

    name: str = ""
    optional: bool = False


class FieldReference(View):
    """A field of the pod itself."""

    field_path: str


class ResourceReference(View):
    """A container's request or limit, in units of the divisor."""

    resource: str
    container_name: str = ""
    divisor: str | int | float = ""


class VariableSource(View):
    """Where a variable's value comes from."""

    field_ref: FieldReference | None = None
    resource_field_ref: ResourceReference | None = None
    config_map_key_ref: KeyReference | None = None
    secret_key_ref: KeyReference | None = None


class Variable(View):
    """One environment variable."""

    name: str
    value: str = ""
    value_from: VariableSource | None = None


class VariablesSource(View):
    """Every entry of a ConfigMap or Secret as a variable."""

    prefix: str = ""
    config_map_ref: Reference | None = None
    secret_ref: Reference | None = None


class VolumeMount(View):
    """A volume in a container's tree."""

    name: str
    mount_path: str
    read_only: bool = False
    sub_path: str = ""
    sub_path_expr: str = ""


class Resources(View):
    """What a container asks for and may at most use."""

    requests: Amounts = field(default_factory=Amounts)
    limits: Amounts = field(default_factory=Amounts)


class Port(View):
    """A port that a container serves on."""

    container_port: int
    name: str = ""
    protocol: str = "TCP"
    host_port: int = 0
    host_ip: str = field(default="", name="hostIP")


class Capabilities(View):
    """What is added to and taken from a container's capabilities."""

    add: list[str] = field(default_factory=list[str])
    drop: list[str] = field(default_factory=list[str])


class SecurityContext(View):
    """Who a container's processes are; what is None is as the pod says."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    privileged: bool | None = None


class PodSecurityContext(View):
    """Who the pod's processes are, unless their container says otherwise."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    fs_group: int | None = None
    supplemental_groups: list[int] = field(default_factory=list[int])


class Command(View):
    """A program that runs in the container."""

    command: list[str] = field(default_factory=list[str])


class Header(View):
    """A header of a request."""

    name: str
    value: str


class HttpGet(View):
    """A request to the container."""

    port: int | str
    path: str = "/"
    scheme: str = "HTTP"
    host: str = ""
    http_headers: list[Header] = field(default_factory=list[Header])


class TcpSocket(View):
    """A connection to the container."""

    port: int | str
    host: str = ""


class Grpc(View):
    """A question to the container's health service."""

    port: int
    service: str = ""


class Sleep(View):
    """A pause."""

    seconds: int


class Action(View):
    """What a hook or a probe does; one of these is there."""

    exec: Command | None = None
    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    sleep: Sleep | None = None
    grpc: Grpc | None = None


class Probe(Action):
    """An action that is done again and again."""

    initial_delay_seconds: int = 0
    timeout_seconds: int = 1
    period_seconds: int = 10
    success_threshold: int = 1
    failure_threshold: int = 3
    termination_grace_period_seconds: int | None = None


class Lifecycle(View):
    """What is done after a container's start and before its end."""

    post_start: Action | None = None
    pre_stop: Action | None = None


class Container(View):
    """A container."""

    name: str
    image: str = ""
    command: list[str] = field(default_factory=list[str])
    args: list[str] = field(default_factory=list[str])
    working_dir: str = ""
    env: list[Variable] = field(default_factory=list[Variable])
    env_from: list[VariablesSource] = field(default_factory=list[VariablesSource])
    ports: list[Port] = field(default_factory=list[Port])
    resources: Resources = field(default_factory=Resources)
    volume_mounts: list[VolumeMount] = field(default_factory=list[VolumeMount])
    restart_policy: str = ""
    image_pull_policy: str = ""
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    security_context: SecurityContext = field(default_factory=SecurityContext)
    termination_message_path: str = "/dev/termination-log"
    termination_message_policy: str = "File"
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False

    @property
    def sidecar(self) -> bool:
        """Of an init container: whether it goes on beside the main ones."""
        return self.restart_policy == "Always"


class KeyToPath(View):
    """An entry, and the file that it becomes."""

    key: str
    path: str
    mode: int | None = None


class EmptyDir(View):
    """A directory that lives as long as the pod."""

    medium: str = ""
    size_limit: str | int | float | None = None


class HostPath(View):
    """A file or directory of the machine."""

    path: str
    type: str = ""


class Files(View):
    """Entries of a ConfigMap or Secret as files. A Secret volume names it `secretName`, everything else `name`."""

    name: str = ""
    secret_name: str = ""
    optional: bool = False
    default_mode: int | None = None
    items: list[KeyToPath] = field(default_factory=list[KeyToPath])


class DownwardFile(View):
    """A fact about the pod as a file."""

    path: str
    field_ref: FieldReference | None = None
    resource_field_ref: ResourceReference | None = None
    mode: int | None = None


class Downward(View):
    """Facts about the pod as files."""

    items: list[DownwardFile] = field(default_factory=list[DownwardFile])
    default_mode: int | None = None


class Token(View):
    """A ServiceAccount token that is bound to the pod."""

    path: str
    audience: str = ""
    expiration_seconds: int = 3600


class Projection(View):
    """One source of a projected volume."""

    config_map: Files | None = None
    secret: Files | None = None
    downward_api: Downward | None = field(default=None, name="downwardAPI")
    service_account_token: Token | None = None


class Projected(View):
    """Several sources in one directory."""

    sources: list[Projection] = field(default_factory=list[Projection])
    default_mode: int | None = None


class ImageSource(View):
    """An image whose files the volume shows."""

    reference: str = ""
    pull_policy: str = "IfNotPresent"


class Claim(View):
    """The claim that a volume stands for."""

    claim_name: str = ""
    read_only: bool = False


class Volume(View):
    """A volume; the one source that is there says of which kind."""

    name: str
    empty_dir: EmptyDir | None = None
    host_path: HostPath | None = None
    config_map: Files | None = None
    secret: Files | None = None
    downward_api: Downward | None = field(default=None, name="downwardAPI")
    projected: Projected | None = None
    image: ImageSource | None = None
    persistent_volume_claim: Claim | None = None
    ephemeral: dict[str, Any] | None = None


class HostAlias(View):
    """A line of /etc/hosts."""

    ip: str
    hostnames: list[str] = field(default_factory=list[str])


class DnsOption(View):
    """An option of resolv.conf."""

    name: str
    value: str | None = None


class DnsConfig(View):
    """What resolv.conf says beside the policy's own."""

    nameservers: list[str] = field(default_factory=list[str])
    searches: list[str] = field(default_factory=list[str])
    options: list[DnsOption] = field(default_factory=list[DnsOption])


class ReadinessGate(View):
    """A condition, set by somebody else, without which the pod is not ready."""

    condition_type: str


class LocalReference(View):
    """An object of the pod's namespace."""

    name: str = ""


class Toleration(View):
    """A taint that the pod bears; without a key every one."""

    key: str = ""


class PodSpec(View):
    """What the pod asks for."""

    containers: list[Container]
    init_containers: list[Container] = field(default_factory=list[Container])
    volumes: list[Volume] = field(default_factory=list[Volume])
    node_name: str = ""
    restart_policy: str = "Always"
    termination_grace_period_seconds: int = 30
    active_deadline_seconds: int | None = None
    service_account_name: str = ""
    image_pull_secrets: list[LocalReference] = field(default_factory=list[LocalReference])
    hostname: str = ""
    subdomain: str = ""
    host_aliases: list[HostAlias] = field(default_factory=list[HostAlias])
    dns_config: DnsConfig = field(default_factory=DnsConfig)
    dns_policy: str = "ClusterFirst"
    security_context: PodSecurityContext = field(default_factory=PodSecurityContext)
    share_process_namespace: bool = False
    enable_service_links: bool = True
    readiness_gates: list[ReadinessGate] = field(default_factory=list[ReadinessGate])
    priority: int = 0
    tolerations: list[Toleration] = field(default_factory=list[Toleration])
    host_network: bool = False
    host_ipc: bool = field(default=False, name="hostIPC")
    host_pid: bool = field(default=False, name="hostPID")


class WaitingState(View):
    """It does not run yet, or not again yet."""

    reason: str = ""


class RunningState(View):
    """It runs."""

    started_at: datetime | None = None


class TerminatedState(View):
    """It has ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    container_id: str = field(default="", name="containerID")


class ContainerState(View):
    """At most one of these is there."""

    waiting: WaitingState | None = None
    running: RunningState | None = None
    terminated: TerminatedState | None = None


class ContainerStatus(View):
    """What this node has said about a container."""

    name: str
    container_id: str = field(default="", name="containerID")
    image_id: str = field(default="", name="imageID")
    restart_count: int = 0
    state: ContainerState = field(default_factory=ContainerState)
    last_state: ContainerState = field(default_factory=ContainerState)


class PodStatus(View):
    """What this node has said about the pod."""

    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    pod_ip: str = field(default="", name="podIP")
    qos_class: str = ""
    start_time: datetime | None = None
    conditions: list[Condition] = field(default_factory=list[Condition])
    container_statuses: list[ContainerStatus] = field(default_factory=list[ContainerStatus])
    init_container_statuses: list[ContainerStatus] = field(default_factory=list[ContainerStatus])

    @property
    def every_container(self) -> list[ContainerStatus]:
        """Of the init containers and the main ones."""
        return [*self.init_container_statuses, *self.container_statuses]


class Pod(Object, kw_only=True):
    """A pod, whole."""

    spec: PodSpec
    status: PodStatus = field(default_factory=PodStatus)

    @property
    def every_container(self) -> list[Container]:
        """Its init containers and its main ones, in the order of their starts."""
        return [*self.spec.init_containers, *self.spec.containers]

    @property
    def finished(self) -> bool:
        """Whether its phase is one that never changes again."""
        return self.status.phase in ("Succeeded", "Failed")

    def container(self, name: str) -> Container:
        """One of its containers. Raises KeyError."""
        for one in self.every_container:
            if one.name == name:
                return one
        raise KeyError(name)


PODS = sdk.kinds.PODS.read_as(Pod)
