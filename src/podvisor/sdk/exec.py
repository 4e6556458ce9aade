"""Running a command in a container that runs, over a WebSocket.

The subprotocol is v5.channel.k8s.io or its predecessor v4 (apimachinery `pkg/util/remotecommand`): the first byte of
a message says which stream the rest belongs to, and the last message is a Status that tells how the command ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from yarl import URL

from podvisor.sdk import codec, errors, kinds
from podvisor.sdk.http import Access, tls_context
from podvisor.sdk.resource import Key

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _ERROR = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str


async def execute(
    access: Access, pod: Key, command: Sequence[str], *, container: str = "", seconds: float = 60.0
) -> Finished:
    """Run a command without input to its end, in the named container or the pod's default one.

    Raises `errors.ApiError` where the server refuses or the command cannot be started, `errors.Unreachable` where the
    connection breaks, and TimeoutError after `seconds`.
    """
    query = [("stdout", "true"), ("stderr", "true"), *(("command", word) for word in command)]
    if container:
        query.append(("container", container))
    path = kinds.PODS.path(pod.namespace, pod.name, "exec")
    url = URL(access.server.rstrip("/") + path, encoded=True).with_query(query)
    headers = {"Authorization": f"Bearer {access.bearer()}"} if access.bearer() else {}
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.ws_connect(url, ssl=tls_context(access), protocols=PROTOCOLS, max_msg_size=0) as stream,
        ):
            return await _finished(stream)
    except aiohttp.WSServerHandshakeError as error:
        raise errors.from_reply(error.status, error.message.encode()) from error
    except aiohttp.ClientError as error:
        raise errors.Unreachable(f"exec {url}: {error}") from error


async def _finished(stream: aiohttp.ClientWebSocketResponse) -> Finished:
    written = {_STDOUT: bytearray(), _STDERR: bytearray(), _ERROR: bytearray()}
    async for message in stream:
        if message.type is aiohttp.WSMsgType.BINARY and message.data and message.data[0] in written:
            written[message.data[0]] += message.data[1:]
    if not written[_ERROR]:
        raise errors.Unreachable("exec: the connection ended before the command did")
    code = _exit_code(codec.decode(bytes(written[_ERROR]), errors.Status))
    return Finished(code, written[_STDOUT].decode(errors="replace"), written[_STDERR].decode(errors="replace"))


def _exit_code(status: errors.Status) -> int:
    """Raises ApiError for a command that could not be started."""
    if status.status == "Success":
        return 0
    codes = [cause.message for cause in status.details.causes if cause.reason == "ExitCode"]
    if status.reason != "NonZeroExitCode" or not codes:
        raise errors.from_status(status)
    return int(codes[0])
