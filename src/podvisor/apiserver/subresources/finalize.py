"""namespaces/finalize: whoever keeps a namespace alive says that it no longer does."""

import orjson

from podvisor.apiserver import answers, bodies, metadata, writing
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Replace `spec.finalizers`, and nothing else."""
    wanted = bodies.typed(call, resource, await bodies.read(call))
    metadata.check_named(wanted, call.target.name)

    def make(old: Json) -> Json:
        new = orjson.loads(orjson.dumps(old))
        new["metadata"]["resourceVersion"] = wanted["metadata"].get("resourceVersion", "")
        new.setdefault("spec", {})["finalizers"] = wanted.get("spec", {}).get("finalizers", [])
        return new

    edit = writing.Edit(make, "finalize")
    return answers.one(server, call, resource, await writing.change(server, call, resource, edit))
