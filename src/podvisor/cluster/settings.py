"""What an operator decides about a local cluster."""

import os
from dataclasses import dataclass, field
from pathlib import Path


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/podvisor`, or its usual fallback (https://specifications.freedesktop.org/basedir-spec/)."""
    data_home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return base / "podvisor"


@dataclass(frozen=True, slots=True)
class Settings:
    """A local cluster."""

    data_dir: Path = field(default_factory=default_data_dir)
    """Where everything lies that outlives the process."""
    port: int = 6443
    """Where the API server listens; 0 takes any free port."""
    address: str = "127.0.0.1"
    """On which of the machine's addresses it listens."""
    service_addresses: str = "10.96.0.0/16"
    """Where the addresses of Services come from."""
    node_ports: tuple[int, int] = (30000, 32767)
    """Where the node ports of Services come from, the first and the last."""
    nodeport_addresses: tuple[str, ...] = ("127.0.0.1",)
    """The addresses of this machine at which node ports, load balancers and host ports are open."""
    egress: tuple[str, ...] = ("0.0.0.0/0", "::/0")
    """Networks outside of the cluster that pods may reach, as far as policies let them."""
    egress_deny: tuple[str, ...] = ()
    """Networks that they may not, whatever else is allowed."""
    host_paths: tuple[str, ...] = ()
    """Below which directories hostPath volumes are allowed; by default nowhere."""
    pod_memory: int | None = None
    """Bytes that a pod without a limit may take; None for nearly all that the machine has."""
    memory_cgroup: Path | None = None
    """A memory cgroup below which each pod gets one of its own; None for the one that was delegated to the server."""
    pod_pids: int = 1024
    """Processes and threads that a pod may have."""
    eviction_hard: str = ""
    """Below which amounts of memory, disk and processes pods end at once; empty for the node's own."""
    eviction_soft: str = ""
    """Below which amounts they end after a grace period."""
    eviction_soft_grace_period: str = ""
    """How long each of these has to last."""
    eviction_minimum_reclaim: str = ""
    """How much more than that is then made available."""
