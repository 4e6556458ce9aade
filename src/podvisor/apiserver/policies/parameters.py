"""Which objects are the parameters of a policy in one of its bindings (apiserver `policy/generic`, CollectParams)."""

from collections.abc import Sequence

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json, Resource
from podvisor.types import selectors


class Misconfigured(Exception):
    """A policy or a binding that cannot be followed, and why."""


def resource_of(spec: Json, view: View) -> Resource | None:
    """The resource of a policy's parameters, None if it has none. Raises Misconfigured for a kind that is not there."""
    if (kind := spec.get("paramKind")) is None:
        return None
    version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    if (found := view.catalogue.now.by_kind.get((version, name))) is None:
        shown = version if "/" in version else f"/{version}"
        raise Misconfigured(f"failed to find resource referenced by paramKind: '{shown}, Kind={name}'")
    return found


async def collect(kind: Resource | None, binding: Json, change: Change, view: View) -> Sequence[Json | None]:
    """The parameters with each of which the policy is asked; a None is a question without any. Raises Misconfigured."""
    reference: Json | None = binding.get("paramRef")
    if kind is None or reference is None:
        return [None]
    namespace = _namespace(kind, reference, change)
    if name := reference.get("name"):
        kv = await view.storage.find(kind, namespace, name)
        found = [objects.decode(kind, kv)] if kv else []
    else:
        chosen = selectors.from_object(reference.get("selector") or {}) or selectors.EVERYTHING
        every = (await view.storage.all(kind, namespace)).kvs
        found = [objects.decode(kind, kv) for kv in every if chosen.matches(objects.labels(kv))]
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        raise Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction")
    return found


def _namespace(kind: Resource, reference: Json, change: Change) -> str:
    given: str = reference.get("namespace") or ""
    if not kind.namespaced:
        if given:
            raise Misconfigured("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    is_namespace = (change.resource.group, change.resource.plural) == ("", "namespaces")
    if not (namespace := given or (change.name if is_namespace else change.namespace)):
        raise Misconfigured("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    return namespace
