"""How a webhook is reached, by URL or through a Service (apiserver `pkg/util/webhook/validation.go`)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from podvisor.apiserver.resource import Json
from podvisor.types import field, names
from podvisor.types.field import Error, Path

_FORM = "; desired format: https://host[/path]"


def default(config: Json) -> None:
    """The port of https."""
    service: Json | None = config.get("service")
    if service is not None:
        service.setdefault("port", 443)


def check(config: Json, path: Path) -> Iterator[Error]:
    """Objections to a WebhookClientConfig."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield field.required(path, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(url, path.child("url"))
    elif service is not None:
        yield from _service(service, path.child("service"))


def _url(url: str, path: Path) -> Iterator[Error]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        yield field.required(path, f"url must be a valid URL: {error}{_FORM}")
        return
    if parts.scheme != "https":
        yield field.invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not parts.netloc.rpartition("@")[2]:
        yield field.invalid(path, "", f"host must be specified{_FORM}")
    if "@" in parts.netloc:
        yield field.invalid(path, parts.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    if parts.fragment:
        yield field.invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield field.invalid(path, parts.query, "query parameters are not permitted in the URL")


def _service(service: Json, path: Path) -> Iterator[Error]:
    # Both of upstream's callers give the one for the other here, and clients are used to it.
    if not service.get("namespace"):
        yield field.required(path.child("name"), "service name is required")
    if not service.get("name"):
        yield field.required(path.child("namespace"), "service namespace is required")
    port = service.get("port", 443)
    if not 0 < port < 2**16:
        detail = "port is not valid: must be between 1 and 65535, inclusive"
        yield field.invalid(path.child("port"), port, detail)
    if (given := service.get("path")) is not None:
        yield from _path(given, path.child("path"))


def _path(given: str, path: Path) -> Iterator[Error]:
    if given in ("", "/"):
        return
    if given == "//":
        yield field.invalid(path, given, "segment[0] may not be empty")
        return
    if not given.startswith("/"):
        yield field.invalid(path, given, "must start with a '/'")
    segments = given[1:].removesuffix("/").split("/")
    for index, segment in enumerate(segments):
        if not segment:
            yield field.invalid(path, given, f"segment[{index}] may not be empty")
            continue
        yield from (field.invalid(path, given, f"segment[{index}]: {why}") for why in names.dns_subdomain(segment))
