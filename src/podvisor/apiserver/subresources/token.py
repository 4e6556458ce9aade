"""serviceaccounts/token: a signed token for a ServiceAccount.

https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
"""

from dataclasses import replace

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
    kv = await server.storage.get(resource, call.target.namespace, call.target.name)
    account = objects.decode(resource, kv)
    claims = _claims(account, wanted.setdefault("spec", {}), issuer)
    claims = await _bound(server, claims, nodes.node_name(call.user))
    token, ends = issuer.issue(claims, server.clock.now())
    wanted["spec"] |= {"audiences": list(claims.audiences), "expirationSeconds": claims.seconds}
    wanted["metadata"] = {"name": call.target.name, "namespace": call.target.namespace}
    wanted["status"] = {"token": token, "expirationTimestamp": cells.timestamp(ends)}
    return answers.whole(call, wanted, 201)


def _claims(account: Json, spec: Json, issuer: Issuer) -> TokenClaims:
    seconds = spec.get("expirationSeconds", 3600)
    path = "spec.expirationSeconds"
    errors: list[field.Error] = []
    if seconds < _SHORTEST:
        errors.append(field.invalid(path, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > _LONGEST:
        errors.append(field.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"))
    metadata = account["metadata"]
    if errors:
        raise status.Invalid(REQUEST.as_kind(metadata["name"]), errors)
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
    if bound.get("kind") not in ("Pod", "Secret"):
        why = f"cannot bind token for object of type {bound.get('kind', '')}"
        raise status.BadRequest(why)
    resource = server.catalogue.now.by_kind["v1", bound["kind"]]
    kv = await server.storage.get(resource, claims.namespace, bound.get("name", ""))
    found = objects.decode(resource, kv)
    uid = found["metadata"]["uid"]
    if bound.get("uid") not in (None, "", uid):
        why = f"the UID in the bound object reference ({bound['uid']}) does not match the UID in record ({uid})"
        raise status.Conflict(resource.subject(bound["name"]), why)
    if node is not None and nodes.node_of(found) != node:
        raise status.Forbidden("node requested token bound to a pod scheduled on a different node")
    if bound["kind"] == "Pod" and (found["spec"].get("serviceAccountName") or "default") != claims.service_account:
        why = f'cannot bind token for serviceaccount "{claims.service_account}"'
        raise status.BadRequest(f"{why} to pod running with different serviceaccount name.")
    return replace(claims, bound_to={**bound, "uid": uid})
