"""From a request to the handler of its verb."""

import logging
from collections.abc import Awaitable, Callable

from podvisor import store
from podvisor.apiserver import answers, nonresource, selection, storage
from podvisor.apiserver.access import Attributes, User, act_as
from podvisor.apiserver.call import Call, Target, target, verb
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.subresources import table as subresources
from podvisor.apiserver.verbs import create, delete, get, list, measured, patch, review, update, watch
from podvisor.base.http import Answer, ClientGone, Request
from podvisor.types import status

log = logging.getLogger(__name__)
Handler = Callable[[Server, Call, Resource], Awaitable[Answer]]

VERBS: dict[str, Handler] = {
    "get": get.handle,
    "list": list.handle,
    "watch": watch.handle,
    "create": create.handle,
    "update": update.handle,
    "patch": patch.handle,
    "delete": delete.handle,
    "deletecollection": delete.handle_collection,
}


async def dispatch(server: Server, request: Request, user: User | None = None) -> Answer:
    """Answer a request, of `user` if that is known; every failure is a Status. Raises ClientGone."""
    with server.metrics.counting(request, server.clock) as counting:
        return counting.answered(await _dispatch(server, request, user))


async def _dispatch(server: Server, request: Request, user: User | None) -> Answer:
    try:
        return await _answer(server, request, user)
    except status.ApiError as error:
        return answers.refusal(error)
    except store.StoreError as error:
        return answers.refusal(storage.refusal(error))
    except ClientGone:
        raise
    except Exception as error:
        log.exception("%s %s failed", request.method, request.path)
        return answers.refusal(status.InternalError(f"{type(error).__name__}: {error}"))


async def _answer(server: Server, request: Request, user: User | None) -> Answer:
    user = await act_as(server.access, await server.access.user(request, user), request)
    where = target(request.path)
    if where is None:
        await server.access.check(user, Attributes(request.method.lower(), path=request.path))
        return await nonresource.handle(server, request)
    return await _on_resource(server, request, user, where)


async def _on_resource(server: Server, request: Request, user: User, where: Target) -> Answer:
    call = Call(request, where, user, verb(request.method, where, request.query), request.query)
    await server.access.check(user, _asked(call))
    resource = server.catalogue.now.by_path.get((where.group, where.version, where.plural))
    if resource is None:
        raise status.NotFound()
    handler = subresources.handler(call, resource) if where.subresource else _handler(call, resource)
    answer = await handler(server, call, resource)
    return answers.warn(answer, [resource.deprecation]) if resource.deprecation else answer


def _asked(call: Call) -> Attributes:
    """What is to be allowed. A list or watch of one name is about that name, as upstream's RequestInfo has it."""
    where, name, fields = call.target, call.target.name, ()
    if call.verb in ("list", "watch", "deletecollection") and (text := call.query.get("fieldSelector")):
        fields = selection.equal_fields(text)
        name = name or dict(fields).get("metadata.name", "")
    return Attributes(
        call.verb, where.group, where.version, where.plural, where.subresource, where.namespace, name, "", fields
    )


def _handler(call: Call, resource: Resource) -> Handler:
    """Raises MethodNotAllowed for a verb that the resource does not have, or not at this path."""
    at_object = call.verb in ("get", "update", "patch", "delete")
    named = bool(call.target.name) or call.verb == "watch"
    if call.verb not in resource.verbs or (at_object != named and call.verb != "watch"):
        raise status.MethodNotAllowed()
    if resource.namespaced and not call.target.namespace and (at_object or call.verb in ("create", "deletecollection")):
        raise status.MethodNotAllowed()
    if resource.is_measured:
        return measured.handle
    return review.handle if resource.is_question else VERBS[call.verb]
