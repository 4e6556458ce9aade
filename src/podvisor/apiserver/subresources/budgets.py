"""Whether a pod may be evicted now: what the PodDisruptionBudget over it has left, and taking from it.

https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.store.backend import KeyValue
from podvisor.types import selectors, status

_MOST_DISRUPTED = 2000
"""Evictions that the controller has not seen yet; with more than that it must be in trouble."""
_ATTEMPTS = 20
_SOON = 10
"""Seconds after which asking again makes sense where the controller has yet to look."""
_BUSY = "The disruption budget is changed by too many at once."
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def is_guarded(pod: Json) -> bool:
    """True if an eviction of the pod disrupts something: it runs, and nobody has deleted it yet."""
    phase = pod.get("status", {}).get("phase")
    return phase not in ("Succeeded", "Failed", "Pending") and "deletionTimestamp" not in pod["metadata"]


async def take(server: Server, pod: Json, *, dry_run: bool) -> bool:
    """Take the pod from its budget; True if it is deleted only in the state in which it was looked at.

    Raises TooManyRequests if the budget has nothing left, InternalError if the pod is under two budgets.
    """
    resource = server.catalogue.get("policy", "v1", "poddisruptionbudgets")
    for _ in range(_ATTEMPTS):
        found = await _over(server, resource, pod)
        if len(found) > 1:
            raise status.InternalError(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            )
        if not found:
            return False
        (kv, budget) = found[0]
        if not _is_ready(pod) and _lets_unhealthy_go(budget):
            return True
        _decrement(budget, pod["metadata"]["name"], cells.timestamp(server.clock.now()))
        if dry_run or await server.storage.replace(resource, kv, objects.encode(budget)) is not None:
            return False
    raise _too_many(_BUSY, _SOON)


async def _over(server: Server, resource: Resource, pod: Json) -> list[tuple[KeyValue, Json]]:
    every = (await server.storage.all(resource, pod["metadata"]["namespace"])).kvs
    decoded = [(kv, objects.decode(resource, kv)) for kv in every]
    labels = pod["metadata"].get("labels", {})
    return [(kv, one) for kv, one in decoded if _selects(one, labels)]


def _selects(budget: Json, labels: dict[str, str]) -> bool:
    """True if the budget is about pods with these labels; one without a selector is about none."""
    parsed = selectors.from_object(budget.get("spec", {}).get("selector"))
    return parsed is not None and parsed.matches(labels)


def _lets_unhealthy_go(budget: Json) -> bool:
    """Pods that are not ready do not count, so nothing is taken for them where the rest is well."""
    if budget.get("spec", {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    now = budget["status"]
    return now["currentHealthy"] >= now["desiredHealthy"] > 0


def _decrement(budget: Json, pod: str, now: str) -> None:
    state, name = budget["status"], budget["metadata"]["name"]
    if state.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _too_many(f"The disruption budget {name} is still being processed by the server.", _SOON)
    if len(state.get("disruptedPods", ())) > _MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise status.Forbidden(why, status.Subject("policy", "poddisruptionbudget", name))
    if state["disruptionsAllowed"] <= 0:
        needs = f"needs {state['desiredHealthy']} healthy pods and has {state['currentHealthy']} currently"
        raise _too_many(f"The disruption budget {name} {needs}")
    state["disruptionsAllowed"] -= 1
    # The controller takes the pod for gone from now on, whether it sees the deletion at once or not.
    state.setdefault("disruptedPods", {})[pod] = now


def _too_many(why: str, seconds: int = 0) -> status.TooManyRequests:
    causes = [status.Cause("DisruptionBudget", why)]
    return status.TooManyRequests(_REFUSED, causes=causes, retry_after=seconds)


def _is_ready(pod: Json) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
