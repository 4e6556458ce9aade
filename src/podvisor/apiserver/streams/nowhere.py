"""For a server without nodes: every stream is refused."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from podvisor.apiserver.resource import Json
from podvisor.base.http import Answer, Outgoing, WebSocket
from podvisor.types import status


class Nowhere:
    """See NodeStreams."""

    @asynccontextmanager
    async def get(self, node: Json, path: str, query: Mapping[str, str]) -> AsyncGenerator[Answer]:
        raise _refusal(node)
        yield

    @asynccontextmanager
    async def connect(
        self, node: Json, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> AsyncGenerator[WebSocket]:
        raise _refusal(node)
        yield

    async def forward(self, node: Json, request: Outgoing) -> Answer:
        raise _refusal(node)


def _refusal(node: Json) -> status.Unavailable:
    return status.Unavailable(f"node {node['metadata']['name']} cannot be reached from here")
