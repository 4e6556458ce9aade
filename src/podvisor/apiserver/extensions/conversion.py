"""Objects of custom resources in other versions, made by the webhook that their definition names.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion
Words and checks are those of apiextensions-apiserver's `pkg/apiserver/conversion`: of the metadata a webhook changes
labels and annotations, nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.extensions.custom import CustomResource
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.webhooks import services
from podvisor.apiserver.webhooks.client import CallFailed, WebhookClient
from podvisor.types import decode, field, names, status

_SECONDS = 30
_REVIEWS = ("v1", "v1beta1")


class ConversionFailed(status.ApiError):
    """An object cannot be had in the version that is asked for."""

    reason = ""


class _Wrong(Exception):
    """An object that came back is none that may come back, and why."""


@dataclass(frozen=True, slots=True)
class Converter:
    """Asks webhooks, each request in one review (see `storage.Conversion`)."""

    client: WebhookClient
    storage: Storage
    catalogue: Catalogue

    async def convert(self, resource: Resource, items: Sequence[Json], wanted: str) -> Sequence[Json]:
        """The objects as of `wanted`, an apiVersion. Raises ConversionFailed."""
        if not isinstance(resource, CustomResource) or resource.conversion is None:
            raise ConversionFailed(f"no conversion of {resource.plural} to {wanted}")
        kind = f"{items[0]['apiVersion']}, Kind={items[0]['kind']}"
        versions = resource.conversion.conversion_review_versions
        version = next((one for one in versions if one in _REVIEWS), None)
        if version is None:
            raise ConversionFailed("no supported conversion review versions")
        try:
            found = await self._ask(resource, review(version, items, wanted))
        except CallFailed as error:
            raise ConversionFailed(f"conversion webhook for {kind} failed: {error}") from None
        if len(found) != len(items):
            why = f"returned {len(found)} objects, expected {len(items)}"
            raise ConversionFailed(f"conversion webhook for {kind} {why}")
        made = [_checked(kind, index, pair, wanted) for index, pair in enumerate(zip(items, found, strict=True))]
        if wanted == resource.api_version:
            _fit(resource, kind, made)
        return made

    async def _ask(self, resource: CustomResource, asked: Json) -> Sequence[Any]:
        assert resource.conversion is not None
        endpoint = await services.endpoint(resource.conversion.client_config, self)
        answer = await self.client.post(endpoint, asked, _SECONDS)
        return converted_objects(answer, asked)


def _fit(resource: CustomResource, kind: str, items: Sequence[Json]) -> None:
    """Prune and default what came back, as all that is read. Raises ConversionFailed."""
    for item in items:
        try:
            resource.read(item)
        except decode.WrongType as error:
            raise ConversionFailed(f"conversion webhook for {kind} returned invalid object: {error}") from None


def review(version: str, items: Sequence[Json], wanted: str) -> Json:
    """A ConversionReview that asks for these objects in another version."""
    request = {"uid": str(uuid4()), "desiredAPIVersion": wanted, "objects": list(items)}
    return {"kind": "ConversionReview", "apiVersion": f"apiextensions.k8s.io/{version}", "request": request}


def converted_objects(answer: Json, asked: Json) -> Sequence[Any]:
    """What a webhook answered. Raises CallFailed for a failure, and for what is no answer to what was asked."""
    is_v1 = asked["apiVersion"].endswith("/v1")
    version, kind = answer.get("apiVersion", ""), answer.get("kind", "")
    if is_v1 and (version, kind) != (asked["apiVersion"], asked["kind"]):
        shown = f"{version or '/'}, Kind={kind}"
        raise CallFailed(f"expected webhook response of {asked['apiVersion']}, Kind=ConversionReview, got {shown}")
    response = answer.get("response")
    if not isinstance(response, dict):
        raise CallFailed("no response provided")
    given = cast("Json", response)
    uid = asked["request"]["uid"]
    if is_v1 and given.get("uid") != uid:
        raise CallFailed(f'expected response.uid="{uid}", got "{given.get("uid") or ""}"')
    result: Any = given.get("result")
    said: Json = cast("Json", result) if isinstance(result, dict) else {}
    if said.get("status") != "Success":
        raise CallFailed(said.get("message") or f"response.result.status was '{said.get('status', '')}', not 'Success'")
    found = given.get("convertedObjects")
    return cast("Sequence[Any]", found) if isinstance(found, list) else ()


def _checked(kind: str, index: int, pair: tuple[Json, Any], wanted: str) -> Json:
    """A converted object with the metadata that it had, labels and annotations aside. Raises ConversionFailed."""
    before, after = pair
    returned = f"conversion webhook for {kind} returned invalid"
    if not isinstance(after, dict):
        raise ConversionFailed(f"{returned} object at index {index}: it is no object")
    made = cast("Json", after)
    for name, word in (("apiVersion", "groupVersion"), ("kind", "kind")):
        expected = wanted if name == "apiVersion" else before[name]
        if made.get(name) != expected:
            why = f"invalid {word} (expected {expected}, received {made.get(name, '')})"
            raise ConversionFailed(f"{returned} object at index {index}: {why}")
    metadata: Any = made.get("metadata")
    try:
        if not isinstance(metadata, dict):
            raise _Wrong("missing metadata in converted object")
        _check_identity(before["metadata"], cast("Json", metadata))
        return made | {"metadata": _metadata(before["metadata"], cast("Json", metadata))}
    except _Wrong as error:
        part = "object" if str(error).startswith("must") else "metadata"
        raise ConversionFailed(f"{returned} {part}: {error}") from None


def _check_identity(before: Json, after: Json) -> None:
    for name, word in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        had, has = before.get(name) or "", after.get(name) or ""
        if had != has:
            raise _Wrong(f"must have the same {word}: {had} != {has}")


def _metadata(before: Json, after: Json) -> Json:
    kept = {name: value for name, value in before.items() if name not in ("labels", "annotations")}
    for name in ("labels", "annotations"):
        given: Any = after.get(name)
        if given is None:
            continue
        if not isinstance(given, dict):
            raise _Wrong(f"invalid metadata.{name} of type {type(given).__name__} in converted object")
        texts = cast("Json", given)
        for key, value in texts.items():
            if not isinstance(value, str):
                raise _Wrong(
                    f"metadata.{name}[{key}] must be a string, but is {type(value).__name__} in converted object"
                )
        if texts != before.get(name):
            check = names.labels if name == "labels" else names.annotations
            if wrong := [str(one) for one in check(texts, field.Path(f"metadata.{name}"))]:
                raise _Wrong(wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]")
        kept[name] = texts
    return kept
