"""What an operator decides about a node."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podvisor.node import resolvconf
from podvisor.node.eviction import thresholds
from podvisor.node.memory_group import Parent

MEMORY_SHARE = 0.9
"""How much of the machine's memory one pod may take that has no limit: the rest keeps the machine alive."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A node."""

    data_dir: Path
    """Where the pods' volumes and logs lie."""
    certificate: Path
    """What the node's own server shows to the API server."""
    key: Path
    authority: Path
    """Who signs the certificates of those that may ask for logs and exec."""
    images: Path
    """The local image store."""
    name: str = field(default_factory=lambda: socket.gethostname().lower())
    address: str = "127.0.0.1"
    port: int = 0
    """Where the node's server listens; 0 takes any free port."""
    api_address: str | None = None
    """Where this machine reaches the API server, `ADDRESS:PORT`: what the Service `kubernetes` leads pods to."""
    dns: resolvconf.Cluster = field(default_factory=resolvconf.Cluster)
    """The cluster's DNS, which the node serves to its pods at that address (the kubelet's `clusterDNS`)."""
    pod_addresses: str = "10.42.0.0/24"
    """Where the pods' addresses come from."""
    service_addresses: str = "10.96.0.0/16"
    """Where the addresses of Services come from: none of them is outside of the cluster."""
    nodeport_addresses: Sequence[str] = ("127.0.0.1",)
    """The addresses of this machine at which node ports, load balancers and host ports are open."""
    egress: Sequence[str] = ()
    """Networks outside of the cluster that pods may reach, as far as policies let them."""
    egress_deny: Sequence[str] = ()
    """Networks that they may not, whatever else is allowed."""
    max_pods: int = 250
    """How many pods the node takes; the range of addresses must hold as many."""
    host_paths: Sequence[str] = ()
    """Below which directories hostPath volumes are allowed; by default nowhere."""
    empty_dir_bytes: int = 10 << 30
    """The size of an emptyDir on disk that names none: without one a pod could fill the disk for everybody."""
    log_bytes: int = 10 << 20
    """How long a container's log grows before a new file is begun (the kubelet's `containerLogMaxSize`)."""
    pod_memory: int | None = None
    """How many bytes a pod may take whose containers do not all have a limit; None for MEMORY_SHARE of the machine."""
    memory_groups: Parent | None = None
    """The memory cgroup below which each pod gets one of its own, as a second belt."""
    eviction: thresholds.Settings = field(default_factory=thresholds.settings)
    """When pods are evicted for memory, disk and processes (the kubelet's `--eviction-...`)."""
    pod_pids: int = 1024
    """How many processes and threads a pod may have (the kubelet's `podPidsLimit`)."""

    @property
    def registries(self) -> Path:
        """The node's `registries.yaml`, beside its images; it need not be there."""
        return self.images.parent / "registries.yaml"

    @property
    def memory_limit(self) -> int:
        """What `pod_memory` comes to."""
        return self.pod_memory or int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
