"""What the composition root decides about the API server."""

from dataclasses import dataclass, field

from podvisor.apiserver.podsecurity.levels import Exemptions, Standards


@dataclass(frozen=True, slots=True)
class Settings:
    """How the API server behaves."""

    bookmark_interval: float = 60.0
    """Seconds between the bookmarks of a watch that allows them; Kubernetes promises no interval and uses a minute."""
    watch_timeout: float = 1800.0
    """A watch without `timeoutSeconds` ends after once to twice this many seconds, as with --min-request-timeout."""
    future_wait: float = 3.0
    """Seconds that a read waits for a resource version that has not happened yet."""
    max_body: int = 3 * 1024 * 1024
    """Bytes that a request may carry (`--max-request-bytes` of the real server)."""
    service_addresses: str = "10.96.0.0/16"
    """Where the addresses of Services come from (`--service-cluster-ip-range`)."""
    node_ports: tuple[int, int] = (30000, 32767)
    """The first and last port for Services of type NodePort (`--service-node-port-range`)."""
    client_authority: str = ""
    """The authority of client certificates, in PEM, for servers beside this one that have to check them as well."""
    external_address: str = "127.0.0.1:6443"
    """Where clients reach this server, as discovery tells them."""
    pod_security: Standards = field(default_factory=Standards)
    """The Pod Security Standards of namespaces that say nothing of them (the defaults of PodSecurityConfiguration)."""
    pod_security_exemptions: Exemptions = field(default_factory=Exemptions)
    """Whom they do not concern."""
