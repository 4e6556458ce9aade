"""serviceaccounts/token: a signed token for a ServiceAccount.

https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from podvisor.apiserver import answers, bodies, cells, objects
from podvisor.apiserver.access import nodes
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.tokens import Issuer, TokenClaims
from podvisor.base.http import Answer
from podvisor.types import field, status

REQUEST = Resource("authentication.k8s.io", "v1", "tokenrequests", "TokenRequest")
_SHORTEST, _LONGEST = 600, 2**32


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """The TokenRequest with its token. Raises NotImplementedHere if this server has no signing key."""
    if (issuer := server.issuer) is None:
        raise status.NotImplementedHere("this server has no key to sign ServiceAccount tokens with")
    wanted = bodies.typed(call, REQUEST, await bodies.read(call))
    metadata: Json = wanted.get("metadata") or {}
    _check_place(call, metadata)
    kv = await server.storage.get(resource, call.target.namespace, call.target.name)
    account = objects.decode(resource, kv)
    claims = _claims(account, wanted.setdefault("spec", {}), issuer)
    claims = await _bound(server, claims, nodes.node_name(call.user))
    now = server.clock.now()
    token, ends = issuer.issue(claims, now)
    wanted["spec"] |= {"audiences": list(claims.audiences), "expirationSeconds": claims.seconds}
    place = {"name": call.target.name, "namespace": call.target.namespace}
    wanted["metadata"] = metadata | place | {"creationTimestamp": cells.timestamp(now)}
    wanted["status"] = {"token": token, "expirationTimestamp": cells.timestamp(ends)}
    return answers.whole(call, wanted, 201)


def _check_place(call: Call, metadata: Json) -> None:
    """Raises Invalid where the body speaks of another account than the path."""
    for key, meant in (("name", call.target.name), ("namespace", call.target.namespace)):
        if (given := metadata.get(key)) and given != meant:
            error = field.invalid(f"metadata.{key}", given, f"must match the service account {key} if specified")
            raise status.Invalid(REQUEST.as_kind(call.target.name), [error])


def _claims(account: Json, spec: Json, issuer: Issuer) -> TokenClaims:
    seconds = spec.get("expirationSeconds", 3600)
    path = "spec.expirationSeconds"
    errors: list[field.Error] = []
    if seconds < _SHORTEST:
        errors.append(field.invalid(path, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > _LONGEST:
        errors.append(field.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"))
    if errors:
        raise status.Invalid(REQUEST.as_kind(), errors)
    metadata = account["metadata"]
    audiences = spec.get("audiences") or issuer.audiences
    return TokenClaims(
        metadata["namespace"], metadata["name"], metadata["uid"], audiences, seconds, spec.get("boundObjectRef")
    )


async def _bound(server: Server, claims: TokenClaims, node: str | None) -> TokenClaims:
    """The claims with the uid of what the token is bound to; for `node`, if one asks, that is a pod of its own.

    Raises NotFound or Conflict if that is not there, BadRequest if it is a pod of another account.
    """
    bound = claims.bound_to
    if node is not None and (bound is None or bound.get("kind") != "Pod"):
        raise status.Forbidden("node requested token not bound to a pod")
    if bound is None:
        return claims
    found = await _object(server, claims.namespace, bound)
    uid = found["metadata"]["uid"]
    if bound.get("uid") not in (None, "", uid):
        why = f"the UID in the bound object reference ({bound['uid']}) does not match the UID in record ({uid})"
        subject = status.Subject("", bound["kind"], bound["name"])
        raise status.Conflict(subject, f"{why}. The object might have been deleted and then recreated")
    bound = {**bound, "uid": uid}
    if bound["kind"] != "Pod":
        return replace(claims, bound_to=bound)
    if node is not None and nodes.node_of(found) != node:
        raise status.Forbidden("node requested token bound to a pod scheduled on a different node")
    if (found["spec"].get("serviceAccountName") or "default") != claims.service_account:
        why = f'cannot bind token for serviceaccount "{claims.service_account}"'
        raise status.BadRequest(f"{why} to pod running with different serviceaccount name.")
    return replace(claims, bound_to=bound, node=await _node(server, nodes.node_of(found)))


async def _object(server: Server, namespace: str, bound: Mapping[str, Any]) -> Json:
    """What a token is to be bound to. Raises NotFound, and BadRequest for other kinds."""
    version, kind = bound.get("apiVersion") or "v1", bound.get("kind", "")
    if "/" in version or kind not in ("Pod", "Secret", "Node"):
        group, _, version = version.rpartition("/")
        raise status.BadRequest(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    resource = server.catalogue.now.by_kind["v1", kind]
    kv = await server.storage.get(resource, namespace if resource.namespaced else "", bound.get("name", ""))
    return objects.decode(resource, kv)


async def _node(server: Server, name: str) -> Mapping[str, str] | None:
    """What a pod's token says of the pod's node; only its name where there is no such Node."""
    if not name:
        return None
    resource = server.catalogue.get("", "v1", "nodes")
    found = await server.storage.find(resource, "", name)
    return {"name": name} | ({"uid": objects.decode(resource, found)["metadata"]["uid"]} if found else {})
