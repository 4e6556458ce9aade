"""How often each probe was asked, and what came of it (the kubelet's `prober_probe_total`)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from podvisor.node import objects


class Outcome(NamedTuple):
    """A probe of a container, and one of its results."""

    uid: str
    namespace: str
    pod: str
    container: str
    kind: str
    """`Liveness`, `Readiness` or `Startup`."""
    result: str
    """`successful` or `failed`."""


@dataclass(slots=True)
class Outcomes:
    """The counts of a node, of those pods that it still knows."""

    counts: Counter[Outcome] = field(default_factory=Counter[Outcome])

    def note(self, pod: objects.Pod, container: str, kind: str, *, success: bool) -> None:
        """A probe was asked once more."""
        meta, result = pod.metadata, "successful" if success else "failed"
        self.counts[Outcome(meta.uid, meta.namespace, meta.name, container, kind, result)] += 1

    def forget(self, uid: str) -> None:
        """A pod is gone."""
        for key in [key for key in self.counts if key.uid == uid]:
            del self.counts[key]
