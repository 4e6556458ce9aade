"""The answers to `kubectl auth can-i` and `whoami`, and to TokenReviews: who asks, and what somebody may do.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from podvisor.apiserver import answers, bodies
from podvisor.apiserver.access import Attributes, Rejected, Rule, User
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer
from podvisor.types import field, status

_Answer = Callable[[Server, Call, Resource, Json], Awaitable[Json]]


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Answer the question in the body: it comes back with its status. Nothing is stored."""
    item = bodies.typed(call, resource, await bodies.read(call))
    item.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    item["status"] = await _ANSWERS[resource.kind](server, call, resource, item)
    return answers.whole(call, item, 201)


async def _who(server: Server, call: Call, resource: Resource, item: Json) -> Json:
    return {"userInfo": _info(call.user)}


async def _token(server: Server, call: Call, resource: Resource, item: Json) -> Json:
    """Whether a token that somebody was shown is good, and for whom (`authentication.k8s.io/v1` TokenReview)."""
    spec = item.get("spec", {})
    if not (token := spec.get("token", "")):
        raise status.BadRequest("token is required for TokenReview in authentication")
    try:
        known = await server.access.reviewed(token, spec.get("audiences") or ())
    except Rejected as error:
        return {"user": {}, "error": str(error)}
    return {"authenticated": True, "user": _info(known.user), "audiences": list(known.audiences)}


def _info(user: User) -> Json:
    """`authentication.k8s.io/v1` UserInfo."""
    info: Json = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": dict(user.extra)}
    return {name: value for name, value in info.items() if value}


async def _mine(server: Server, call: Call, resource: Resource, item: Json) -> Json:
    return await _decide(server, call.user, _asked(resource, item.get("spec", {})))


async def _theirs(server: Server, call: Call, resource: Resource, item: Json) -> Json:
    spec = item.get("spec", {})
    if not spec.get("user") and not spec.get("groups"):
        error = field.invalid("spec.user", spec.get("user", ""), "at least one of user or group must be specified")
        raise status.Invalid(resource.as_kind(), [error])
    user = User(spec.get("user", ""), spec.get("groups", ()), spec.get("uid", ""), spec.get("extra", {}))
    return await _decide(server, user, _asked(resource, spec))


async def _rules(server: Server, call: Call, resource: Resource, item: Json) -> Json:
    namespace = item.get("spec", {}).get("namespace", "")
    if not namespace:
        raise status.BadRequest("no namespace on request")
    found = await server.access.authorizer.rules(call.user, namespace)
    return {
        "resourceRules": [_resource_rule(rule) for rule in found if rule.resources],
        "nonResourceRules": [
            {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.paths)} for rule in found if rule.paths
        ],
        "incomplete": False,
    }


def _resource_rule(rule: Rule) -> Json:
    shown: Json = {"verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources)}
    return shown | ({"resourceNames": list(rule.names)} if rule.names else {})


def _asked(resource: Resource, spec: Mapping[str, Any]) -> Attributes:
    """What a spec asks about. Raises Invalid unless that is a resource or a path."""
    about: Json | None = spec.get("resourceAttributes")
    path: Json | None = spec.get("nonResourceAttributes")
    if about is not None and path is None:
        names = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
        return Attributes(**{name: about.get(name, "") for name in names})
    if path is not None and about is None:
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
    raise status.Invalid(resource.as_kind(), [field.invalid("spec.resourceAttributes", about, detail)])


async def _decide(server: Server, user: User, asked: Attributes) -> Json:
    decision = await server.access.authorizer.authorize(user, asked)
    return {"allowed": decision.allowed} | ({"reason": decision.reason} if decision.reason else {})


_ANSWERS: Mapping[str, _Answer] = {
    "SelfSubjectReview": _who,
    "TokenReview": _token,
    "SelfSubjectAccessReview": _mine,
    "SelfSubjectRulesReview": _rules,
    "SubjectAccessReview": _theirs,
    "LocalSubjectAccessReview": _theirs,
}
