"""pods/eviction: a deletion that asks first.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from dataclasses import replace

from podvisor.apiserver import answers, bodies, cells, objects, writing
from podvisor.apiserver.call import Call, is_dry_run
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.subresources import budgets
from podvisor.apiserver.verbs import delete
from podvisor.base.http import Answer
from podvisor.types import status

EVICTION = Resource("policy", "v1", "evictions", "Eviction")
_TARGET = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Delete the pod with the options of the eviction."""
    eviction = bodies.typed(call, EVICTION, await bodies.read(call))
    if eviction["metadata"].get("name", call.target.name) != call.target.name:
        raise status.BadRequest("name in URL does not match name in Eviction object")
    given = eviction.get("deleteOptions", {})
    wanted = delete.Options(
        given.get("gracePeriodSeconds"),
        given.get("propagationPolicy", ""),
        given.get("preconditions", {}).get("uid", ""),
        given.get("preconditions", {}).get("resourceVersion", ""),
        call.dry_run or is_dry_run(given.get("dryRun")),
    )
    wanted = await _allowed(server, call, resource, wanted)
    if not wanted.dry_run:
        wanted = await _mark(server, call, resource, wanted)
    await delete.delete(server, call, resource, call.target.namespace, call.target.name, wanted)
    return answers.whole(
        call, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
    )


async def _allowed(server: Server, call: Call, resource: Resource, wanted: delete.Options) -> delete.Options:
    """Ask the pod's budget. What was found to be harmless is so only as long as the pod stays as it is."""
    kv = await server.storage.get(resource, call.target.namespace, call.target.name)
    pod = objects.decode(resource, kv)
    delete.check(resource, pod, wanted)
    if not budgets.is_guarded(pod) or not await budgets.take(server, pod, dry_run=wanted.dry_run):
        return wanted
    return replace(wanted, version=wanted.version or str(kv.mod_revision))


async def _mark(server: Server, call: Call, resource: Resource, wanted: delete.Options) -> delete.Options:
    """Say in the pod's status why it goes; a Job's podFailurePolicy asks for that. Raises what the deletion would.

    https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions ; a resourceVersion that
    must match is afterwards the one that this write made.
    """
    now = cells.timestamp(server.clock.now())

    def make(pod: Json) -> Json:
        delete.check(resource, pod, wanted)
        conditions: list[Json] = pod.setdefault("status", {}).setdefault("conditions", [])
        old: Json = next((one for one in conditions if one["type"] == "DisruptionTarget"), Json())
        since = old["lastTransitionTime"] if old.get("status") == "True" else now
        conditions[:] = [*(one for one in conditions if one is not old), _TARGET | {"lastTransitionTime": since}]
        return pod

    marked = await writing.change(server, call, resource, writing.Edit(make, "eviction", tracked=True))
    return replace(wanted, version=str(marked.mod_revision)) if wanted.version else wanted
