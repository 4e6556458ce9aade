"""What an operator may decide about the controllers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from podvisor.types.csr import SigningRequest

Sign: TypeAlias = Callable[[SigningRequest, Sequence[str], timedelta, datetime], bytes]
"""From a request, its usages, how long it shall hold and the time to a certificate in PEM."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Patience, and what the loops hand out. The defaults are kube-controller-manager's."""

    root_authority: str = ""
    """PEM of the cluster's CA, published to every namespace as `kube-root-ca.crt`; empty publishes nothing."""
    sign: Sign | None = None
    """Makes certificates for Kubernetes' own signers; None leaves requests to others."""
    certificate_seconds: float = 365 * 86400.0
    """How long such a certificate holds at most (`--cluster-signing-duration`)."""
    node_grace_seconds: float = 50.0
    """How long a node may be silent before it counts as Unknown."""
    discovery_seconds: float = 30.0
    """How often the garbage collector looks for kinds that have come or gone."""
    orphan_quarantine_seconds: float = 40.0
    """How long a pod of a node that does not exist is left alone."""
    quota_seconds: float = 300.0
    """How often the use of a quota is counted anew, whatever was heard meanwhile."""
    workers: int = 5
    """Keys that each loop works on at once."""
