"""How this server reaches a node's own server.

The addresses are those of the real kubelet: `https://<node>:<port>/containerLogs/<namespace>/<pod>/<container>`,
`/exec/...`, `/attach/...`, with the port of `Node.status.daemonEndpoints.kubeletEndpoint`. A node that listens on
a Unix socket, or in this process, is another implementation.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from podvisor.apiserver.resource import Json
from podvisor.base.http import Answer, Outgoing, WebSocket


class NodeStreams(Protocol):
    """Requests to the node that runs a pod."""

    def get(self, node: Json, path: str, query: Mapping[str, str]) -> AbstractAsyncContextManager[Answer]:
        """A plain answer, whose body may go on for as long as it likes. Raises Unavailable if nobody answers."""
        ...

    def connect(
        self, node: Json, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> AbstractAsyncContextManager[WebSocket]:
        """A WebSocket with one of these subprotocols.

        Raises Unavailable if nobody answers, and the node's refusal as a Status.
        """
        ...

    async def forward(self, node: Json, request: Outgoing) -> Answer:
        """What the node's server answers to a request whose URL is a path and its query; the body streams.

        Raises Unavailable if nobody answers.
        """
        ...
