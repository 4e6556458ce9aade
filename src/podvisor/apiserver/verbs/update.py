"""update: replace an object, or its status."""

import orjson

from podvisor.apiserver import answers, bodies, metadata, ownership, writing
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer
from podvisor.types import status


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Store the object in the body in place of the one that is there."""
    ownership.check_name(call, "UpdateOptions")
    item = bodies.typed(call, resource, await bodies.read(call))
    _check(call, resource, item)
    encoded = orjson.dumps(item)

    def make(_: Json) -> Json:
        return orjson.loads(encoded)

    edit = writing.Edit(make, call.target.subresource)
    return answers.one(server, call, resource, await writing.change(server, call, resource, edit))


def _check(call: Call, resource: Resource, item: Json) -> None:
    metadata.check_named(item, call.target.name)
    if not resource.unconditional_update and not item["metadata"].get("resourceVersion"):
        error = status.field.invalid("metadata.resourceVersion", "", "must be specified for an update")
        raise status.Invalid(resource.as_kind(call.target.name), [error])
