"""AdmissionReview, `admission.k8s.io/v1`: what a webhook is told, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.webhooks import matching
from podvisor.apiserver.webhooks.client import CallFailed
from podvisor.types import status

_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a webhook answered."""

    allowed: bool
    status: Mapping[str, Any]
    patch: str | None
    """A JSON patch in base 64."""
    warnings: Sequence[str]


async def request(change: Change, wanted: Resource, view: View) -> Json:
    """The request of a review, the objects in the version that is wanted."""
    user, made = change.user, change.resource
    namespace = change.name if (made.group, made.plural) == ("", "namespaces") else change.namespace
    return {
        "uid": str(uuid4()),
        "kind": _kind(wanted),
        "resource": _resource(wanted),
        **({"subResource": change.subresource, "requestSubResource": change.subresource} if change.subresource else {}),
        "requestKind": _kind(made),
        "requestResource": _resource(made),
        **({"name": change.name} if change.name else {}),
        **({"namespace": namespace} if namespace else {}),
        "operation": change.operation,
        "userInfo": {
            "username": user.name,
            **({"uid": user.uid} if user.uid else {}),
            "groups": list(user.groups),
            **({"extra": {key: list(values) for key, values in user.extra.items()}} if user.extra else {}),
        },
        "object": await matching.converted(change.new, made, wanted, view),
        "oldObject": await matching.converted(change.old, made, wanted, view),
        "dryRun": change.dry_run,
        "options": {"kind": _OPTIONS[change.operation], "apiVersion": "meta.k8s.io/v1", **change.options},
    }


def review(asked: Json, versions: Sequence[str]) -> Json:
    """The review that holds a request, in the first version that both sides know."""
    version = next((one for one in versions if one in ("v1", "v1beta1")), "v1")
    return {"kind": "AdmissionReview", "apiVersion": f"admission.k8s.io/{version}", "request": asked}


def verdict(answer: Json, sent: Json) -> Verdict:
    """What the answer says. Raises CallFailed for one that is no answer to what was sent."""
    wanted = f"admission.k8s.io/{sent['apiVersion'].rpartition('/')[2]}"
    if (answer.get("apiVersion"), answer.get("kind")) != (wanted, "AdmissionReview"):
        shown = f"{answer.get('apiVersion')}, Kind={answer.get('kind')}"
        raise CallFailed(f"received invalid webhook response: expected webhook response of {wanted}, got {shown}")
    response = answer.get("response")
    if not isinstance(response, dict):
        raise CallFailed("received invalid webhook response: webhook response was absent")
    found: dict[str, Any] = response  # pyright: ignore[reportUnknownVariableType]
    if (uid := found.get("uid", "")) != sent["request"]["uid"]:
        raise CallFailed(
            f'received invalid webhook response: expected response.uid="{sent["request"]["uid"]}", got "{uid}"'
        )
    patch, kind = found.get("patch"), found.get("patchType")
    if (patch is None) != (kind is None) or kind not in (None, "JSONPatch"):
        raise CallFailed(f"received invalid webhook response: response.patchType {kind!r} does not fit response.patch")
    warnings = [one for one in found.get("warnings") or () if isinstance(one, str)]
    return Verdict(found.get("allowed") is True, found.get("status") or {}, patch, warnings)


class Denied(status.ApiError):
    """A webhook refused; code and reason are its own."""

    def __init__(self, name: str, said: Mapping[str, Any]) -> None:
        denied = f'admission webhook "{name}" denied the request'
        why = said.get("message") or said.get("reason")
        super().__init__(f"{denied}: {why}" if why else f"{denied} without explanation")
        code = said.get("code")
        self.code = code if isinstance(code, int) and 400 <= code < 600 else 400
        self.reason = str(said.get("reason") or "")


def _kind(resource: Resource) -> Json:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _resource(resource: Resource) -> Json:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}
