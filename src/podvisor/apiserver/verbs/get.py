"""get: one object."""

from podvisor.apiserver import answers, versions
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """The object as it is now: a resourceVersion in the request only says that nothing older will do."""
    if wanted := call.query.get("resourceVersion", ""):
        await versions.reached(server, versions.parse(wanted))
    kv = await server.storage.get(resource, call.target.namespace, call.target.name)
    return answers.one(server, call, resource, kv)
