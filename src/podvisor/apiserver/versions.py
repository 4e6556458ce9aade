"""resourceVersion and continue tokens: which state of the store a read is about.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
"""

import base64
import binascii
from dataclasses import dataclass

import orjson

from podvisor.apiserver.server import Server
from podvisor.types import status

_MATCHES = ("Exact", "NotOlderThan")


def parse(text: str) -> int:
    """A resourceVersion. Raises BadRequest if it is none."""
    if not text.isascii() or not text.isdecimal():
        raise status.BadRequest(f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax')
    if len(text) > 20 or int(text) >= 2**64:
        raise status.BadRequest(f'Invalid value: "{text[:20]}": strconv.ParseUint: parsing: value out of range')
    return int(text)


async def current(server: Server) -> int:
    """The revision of the store."""
    return (await server.storage.backend.range(b"\0", count_only=True)).revision


async def reached(server: Server, revision: int) -> None:
    """Wait until the store is at `revision`. Raises TooLargeResourceVersion if that does not happen soon."""
    now = await current(server)
    if now >= revision:
        return
    watch = server.storage.backend.watch(b"\0", b"\0", revision=now + 1)
    try:
        async with server.clock.timeout(server.settings.future_wait):
            async for batch in watch:
                if batch.revision >= revision:
                    return
    except TimeoutError:
        raise status.TooLargeResourceVersion(revision, await current(server)) from None
    finally:
        watch.close()


@dataclass(frozen=True, slots=True)
class Page:
    """Where a list begins: at which revision, and after which key."""

    revision: int
    """0 is now."""
    start: bytes

    def token(self) -> str:
        """The `continue` that leads here."""
        content = {"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.start.decode()}
        return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def from_token(token: str, prefix: bytes) -> Page:
    """The page that `token` leads to. Raises BadRequest for a token that we did not make, or not for this list."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision, start = int(content["rv"]), str(content["start"]).encode()
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError):
        raise status.BadRequest("continue key is not valid: encoding error") from None
    if not start.startswith(prefix):
        raise status.BadRequest("continue key is not valid: it is for another list")
    return Page(max(revision, 0), start)


def check_match(match: str, revision: str, token: str) -> None:
    """Raises BadRequest for a `resourceVersionMatch` that does not fit the rest of a list request."""
    if not match:
        return
    why = ""
    if token:
        why = "resourceVersionMatch is forbidden when continue is provided"
    elif not revision:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
    elif match not in _MATCHES:
        why = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
    elif match == "Exact" and revision == "0":
        why = 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
    if why:
        raise status.BadRequest(f"resourceVersionMatch: Forbidden: {why}")
