"""How a webhook is reached: by URL or through a Service (apiserver `pkg/util/webhook/validation.go`)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from podvisor.apiserver.resource import Json
from podvisor.types import field, names, rules

_FORM = "; desired format: https://host[:port]/path"


def client_config(at: rules.At) -> Iterator[field.Error]:
    """Exactly one way, and that a good one."""
    url, service = at.get("url"), at.get("service")
    if (url is None) == (service is None):
        yield field.required(at.path, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(at.path.child("url"), url)
    else:
        yield from _service(at.path.child("service"), service)


def _url(path: field.Path, url: str) -> Iterator[field.Error]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        yield field.required(path, f"url must be a valid URL: {error}{_FORM}")
        return
    if parts.scheme != "https":
        yield field.invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not parts.netloc.rpartition("@")[2]:
        yield field.invalid(path, parts.netloc, f"host must be specified{_FORM}")
    if "@" in parts.netloc:
        yield field.invalid(path, parts.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    if parts.fragment:
        yield field.invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield field.invalid(path, parts.query, "query parameters are not permitted in the URL")


def _service(path: field.Path, service: dict[str, object]) -> Iterator[field.Error]:
    # Upstream takes the one for the other here, and clients are used to it.
    if not service.get("namespace"):
        yield field.required(path.child("name"), "service name is required")
    if not service.get("name"):
        yield field.required(path.child("namespace"), "service namespace is required")
    port = service.get("port")
    if not (isinstance(port, int) and 1 <= port <= 65535):
        yield field.invalid(path.child("port"), port, "port is not valid: must be between 1 and 65535, inclusive")
    if isinstance(where := service.get("path"), str):
        yield from _path(path.child("path"), where)


def _path(path: field.Path, where: str) -> Iterator[field.Error]:
    if not where.startswith("/"):
        yield field.invalid(path, where, "must start with a '/'")
    segments = where[1:].removesuffix("/").split("/") if where.strip("/") else []
    for position, segment in enumerate(segments):
        if not segment:
            yield field.invalid(path, where, f"segment[{position}] may not be empty")
        for why in names.dns_subdomain(segment) if segment else ():
            yield field.invalid(path, where, f"segment[{position}]: {why}")


def default(config: Json) -> None:
    """The port of https."""
    service: Json | None = config.get("service")
    if service is not None:
        service.setdefault("port", 443)
