"""pods/eviction: a deletion that asks first.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ ; PodDisruptionBudgets do not exist here yet, so
every eviction is granted.
"""

from podvisor.apiserver import answers, bodies
from podvisor.apiserver.call import Call, is_dry_run
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.verbs import delete
from podvisor.base.http import Answer
from podvisor.types import status

EVICTION = Resource("policy", "v1", "evictions", "Eviction")


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
    await delete.delete(server, call, resource, call.target.namespace, call.target.name, wanted)
    return answers.whole(
        call, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
    )
