"""What an operator may decide about the scheduler."""

from dataclasses import dataclass

from podvisor.base.backoff import Backoff

BACKOFF = Backoff(first=1.0, factor=2.0, limit=10.0)


@dataclass(frozen=True, slots=True)
class Settings:
    """The defaults are kube-scheduler's."""

    name: str = "default-scheduler"
    """Pods whose `schedulerName` is another are left alone."""
    backoff: Backoff = BACKOFF
    """How long a pod that found no node waits at least before it is tried again."""
    retry_seconds: float = 300.0
    """How often a pod without a node is tried even though nothing seems to have changed for it."""
    bindings: int = 64
    """How many bindings may be on their way at once."""
    volume_seconds: float = 600.0
    """How long a pod's claims may take to be bound for its node."""
