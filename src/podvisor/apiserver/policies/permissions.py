"""Who makes a policy read parameters must be allowed to read them himself.

kubernetes `pkg/registry/admissionregistration`, authz.go.
"""

from dataclasses import dataclass, replace

from podvisor.apiserver import objects
from podvisor.apiserver.access import Attributes
from podvisor.apiserver.access.users import MASTERS, User
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json
from podvisor.types import field, status

_GROUP = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True)
class _Lookup:
    """What of a policy's parameters a user must be allowed to read, and why it could not be said more exactly."""

    asked: Attributes
    doubt: str = ""


async def parameters(change: Change, view: View) -> None:
    """Raises Invalid for a policy or a binding whose parameters its author may not read."""
    new = change.new
    if change.resource.group != _GROUP or new is None or MASTERS in change.user.groups or change.subresource:
        return
    match change.resource.plural:
        case "validatingadmissionpolicies" | "mutatingadmissionpolicies":
            name, why = "paramKind", await _of_policy(change, view, new["spec"])
        case "validatingadmissionpolicybindings" | "mutatingadmissionpolicybindings":
            name, why = "paramRef", await _of_binding(change, view, new["spec"])
        case _:
            return
    if why:
        raise status.Invalid(change.resource.as_kind(change.name), [field.forbidden(f"spec.{name}", why)])


async def _of_policy(change: Change, view: View, spec: Json) -> str:
    kind: Json | None = spec.get("paramKind")
    if kind is None or objects.dig(change.old, "spec", "paramKind") == kind:
        return ""
    lookup = _lookup(kind, view)
    asked = replace(lookup.asked, verb="get", name="*", namespace="*")
    if (await view.authorizer.authorize(change.user, asked)).allowed:
        return ""
    shown = f"kind={kind.get('kind', '')}, apiVersion={kind.get('apiVersion', '')}"
    return f'user {_shown(change.user)} must have "get" permission on all objects of the referenced paramKind ({shown})'


async def _of_binding(change: Change, view: View, spec: Json) -> str:
    reference: Json | None = spec.get("paramRef")
    before: Json = objects.dig(change.old, "spec") or {}
    same = (before.get("paramRef"), before.get("policyName")) == (reference, spec.get("policyName"))
    if reference is None or same:
        return ""
    lookup = await _of_named_policy(change, view, spec.get("policyName", ""))
    verb, name = ("get" if reference.get("name") else "list"), reference.get("name") or ""
    asked = replace(lookup.asked, verb=verb, name=name, namespace=reference.get("namespace") or "")
    if (await view.authorizer.authorize(change.user, asked)).allowed:
        return ""
    who = f'user {_shown(change.user)} does not have "{verb}" permission'
    if lookup.doubt:
        return (
            f"{lookup.doubt} to determine minimum required permissions and {who} for all groups, versions and resources"
        )
    return f"{who} on the object referenced by paramRef"


async def _of_named_policy(change: Change, view: View, name: str) -> _Lookup:
    plural = f"{change.resource.plural.removesuffix('ybindings')}ies"
    policies = view.catalogue.get(_GROUP, change.resource.version, plural)
    if (kv := await view.storage.find(policies, "", name)) is None:
        return _Lookup(Attributes("", "*", "*", "*"), f"unable to get policy {name}")
    kind: Json | None = objects.dig(objects.decode(policies, kv), "spec", "paramKind")
    return _lookup(kind, view) if kind is not None else _Lookup(Attributes("", "*", "*", "*"))


def _lookup(kind: Json, view: View) -> _Lookup:
    group, _, version = kind.get("apiVersion", "").rpartition("/")
    found = view.catalogue.now.by_kind.get((kind.get("apiVersion", ""), kind.get("kind", "")))
    if found is None:
        shown = f"&ParamKind{{APIVersion:{kind.get('apiVersion', '')},Kind:{kind.get('kind', '')},}}"
        return _Lookup(Attributes("", group, version, "*"), f"unable to resolve paramKind {shown}")
    return _Lookup(Attributes("", group, version, found.plural))


def _shown(user: User) -> str:
    """A user as Go prints one."""
    extra = " ".join(f"{key}:[{' '.join(values)}]" for key, values in sorted(user.extra.items()))
    return f"&{{{user.name} {user.uid} [{' '.join(user.groups)}] map[{extra}]}}"
