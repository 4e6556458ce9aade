"""create: a new object."""

from podvisor.apiserver import answers, bodies, ownership, writing
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer
from podvisor.types import status

_ATTEMPTS = 8
"""Names that are tried for an object with `generateName`."""


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Store the object in the body: 201, or 409 if its name is taken."""
    ownership.check_name(call, "CreateOptions")
    body = await bodies.read(call)
    for attempt in range(_ATTEMPTS):
        item = bodies.typed(call, resource, body)
        generated = not item["metadata"].get("name") and item["metadata"].get("generateName")
        try:
            kv = await writing.create(server, call, resource, item)
        except status.AlreadyExists:
            if not generated or attempt + 1 == _ATTEMPTS:
                raise
            call.warnings.clear()
        else:
            return answers.one(server, call, resource, kv, 201)
    raise AssertionError("the last attempt returns or raises")
