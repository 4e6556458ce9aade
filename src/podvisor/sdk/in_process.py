"""The transport to a server in this process: no socket, no encryption, and no text for the head of a message."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote

from multidict import CIMultiDict, MultiDict

from podvisor.base import http
from podvisor.sdk import errors
from podvisor.sdk.transport import Reply, Request

User = TypeVar("User", contravariant=True)


class Server(Protocol[User]):
    """What answers in this process. Whoever it is told asks is authorized like everybody else."""

    async def answer(self, request: http.Request, user: User) -> http.Answer:
        """Answer a request of `user`."""
        ...


class InProcess(Generic[User]):
    """Carries requests to a server that shares this process, as one user."""

    def __init__(self, server: Server[User], user: User, *, timeout: float = 60.0, agent: str = "podvisor") -> None:
        """`timeout` is the seconds for a whole reply, unless it is streaming; `agent` the User-Agent."""
        self._server = server
        self._user = user
        self._timeout = timeout
        self._agent = agent

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Reply]:
        # A read never waits for anything: without this, a caller that reads in a loop would keep everybody else out.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(None if request.streaming else self._timeout):
                answer = await self._server.answer(_carried(request, self._agent), self._user)
        except TimeoutError as error:
            raise errors.Unreachable(f"{request.method} {request.path}: no answer in {self._timeout:g} s") from error
        try:
            yield _Reply(answer)
        finally:
            if isinstance(answer.body, http.Stream):
                await answer.body.aclose()

    async def close(self) -> None:
        """Nothing is held."""


def _carried(request: Request, agent: str) -> http.Request:
    async def read() -> bytes:
        return request.body or b""

    headers = CIMultiDict({"Accept": "application/json", "User-Agent": agent})
    headers.update(request.headers)
    return http.Request(request.method, unquote(request.path), MultiDict(request.query), headers, read)


class _Reply:
    def __init__(self, answer: http.Answer) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers

    async def read(self) -> bytes:
        return await self._answer.read()

    async def lines(self) -> AsyncIterator[bytes]:
        """A server sends whole lines only, one or several at a time."""
        if isinstance(self._answer.body, http.Stream):
            async for chunk in self._answer.body:
                for line in chunk.splitlines():
                    yield line
