"""Whether a pod bears a taint (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/)."""

from collections.abc import Iterable, Sequence

from podvisor.sdk.objects.core import Taint, Toleration


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether one toleration covers one taint; an empty key or effect covers every key or effect."""
    if toleration.effect not in ("", taint.effect):
        return False
    if toleration.key not in ("", taint.key):
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value


def untolerated(tolerations: Sequence[Toleration], taints: Iterable[Taint], *effects: str) -> Taint | None:
    """The first taint of one of these effects that nothing covers, or None."""
    relevant = (taint for taint in taints if taint.effect in effects)
    return next((taint for taint in relevant if not any(tolerates(one, taint) for one in tolerations)), None)
