"""The one seam between the client and the world: a request goes in, a reply comes out.

`podvisor.sdk.http` carries requests over sockets, `podvisor.sdk.in_process` to a server that shares the process.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, relative to the server's address."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    streaming: bool = False
    """Whether the reply is read as it comes, for as long as it takes; otherwise the transport may give up on it."""


class Reply(Protocol):
    """An answer whose status and headers are known and whose body is still to be read, once."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    async def read(self) -> bytes:
        """The whole body."""
        ...

    def lines(self) -> AsyncIterator[bytes]:
        """The body as it arrives, cut at newlines. Ends when the server ends it; a broken connection raises."""
        ...


class Transport(Protocol):
    """Carries requests. Raises `errors.Unreachable` where no answer comes, or where one breaks off."""

    def open(self, request: Request) -> AbstractAsyncContextManager[Reply]:
        """Send, and give the reply for the length of the block; leaving it abandons what was not read."""
        ...

    async def close(self) -> None:
        """Give up every connection."""
        ...
