"""Which encodings a client can have, and what it sends (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from podvisor.types import status

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
OFFERED = (JSON, YAML)

Form = Literal["object", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"]


@dataclass(frozen=True, slots=True)
class Reply:
    """How to answer."""

    media_type: str = JSON
    form: Form = "object"
    version: str = "v1"
    """Of the Table or PartialObjectMetadata."""


@lru_cache(maxsize=256)
def reply(accept: str | None) -> Reply:
    """The first acceptable answer. Raises NotAcceptable."""
    if not accept or accept == JSON:
        return Reply()
    for media_type, parameters in accepted(accept):
        if media_type in ("*/*", "application/*") and "as" not in parameters:
            return Reply()
        if media_type not in OFFERED or parameters.get("g", "meta.k8s.io") != "meta.k8s.io":
            continue
        form = parameters.get("as", "object")
        if form in ("object", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"):
            return Reply(media_type, form, parameters.get("v", "v1"))
    raise status.NotAcceptable(OFFERED)


@lru_cache(maxsize=256)
def plain(accept: str | None) -> Reply:
    """The first acceptable answer for what has neither rows nor metadata to show. Raises NotAcceptable."""
    kept = [one for one in (accept or "").split(",") if "as=" not in one.replace(" ", "")]
    if accept and not kept:
        raise status.NotAcceptable(OFFERED)
    return reply(",".join(kept))


def accepted(accept: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The media types of an Accept header and their parameters, best first."""
    found: list[tuple[float, str, Mapping[str, str]]] = []
    for entry in accept.split(","):
        media_type, *rest = (part.strip() for part in entry.split(";"))
        parameters = {name: value for name, _, value in (part.partition("=") for part in rest)}
        found.append((_quality(parameters.pop("q", "1")), media_type.lower(), parameters))
    for _, media_type, parameters in sorted(found, key=lambda item: -item[0]):
        yield media_type, parameters


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
