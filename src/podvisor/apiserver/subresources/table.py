"""Which handler answers for which path below an object."""

from collections.abc import Awaitable, Callable, Mapping

from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.streams import attach, log, portforward
from podvisor.apiserver.subresources import binding, eviction, finalize, proxy, scale, token
from podvisor.apiserver.verbs import get, patch, update
from podvisor.base.http import Answer
from podvisor.types import status

Handler = Callable[[Server, Call, Resource], Awaitable[Answer]]

_STATUS: Mapping[str, Handler] = {"get": get.handle, "update": update.handle, "patch": patch.handle}
_SCALE: Mapping[str, Handler] = {"get": scale.read, "update": scale.update, "patch": scale.patch}
_PROXIED = ("get", "create", "update", "patch", "delete", "")
"""All that a proxy passes on; the last is OPTIONS."""
_OF_KIND: Mapping[tuple[str, str], Mapping[str, Handler]] = {
    ("pods", "binding"): {"create": binding.handle},
    ("pods", "eviction"): {"create": eviction.handle},
    ("pods", "log"): {"get": log.handle},
    ("pods", "exec"): {"get": attach.handle, "create": attach.handle},
    ("pods", "attach"): {"get": attach.handle, "create": attach.handle},
    ("pods", "portforward"): {"get": portforward.handle, "create": portforward.handle},
    ("certificatesigningrequests", "approval"): _STATUS,
    ("pods", "proxy"): dict.fromkeys(_PROXIED, proxy.pods),
    ("services", "proxy"): dict.fromkeys(_PROXIED, proxy.services),
    ("nodes", "proxy"): dict.fromkeys(_PROXIED, proxy.nodes),
    ("namespaces", "finalize"): {"update": finalize.handle},
    ("serviceaccounts", "token"): {"create": token.handle},
}


def handler(call: Call, resource: Resource) -> Handler:
    """The handler for the request's subresource. Raises NotFound or MethodNotAllowed."""
    name = call.target.subresource
    if name not in {subresource.name for subresource in resource.all_subresources()}:
        raise status.NotFound()
    verbs = _SCALE if name == "scale" else _STATUS if name == "status" else _OF_KIND[resource.plural, name]
    if call.verb not in verbs:
        raise status.MethodNotAllowed()
    return verbs[call.verb]
