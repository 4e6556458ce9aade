"""Whatever bytes stand in the head of a request: an answer in words, never a 500, and the server goes on."""

import asyncio
import random
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from apiserver.authority import Authority
from apiserver.conftest import Api

NAMES = (
    *("Authorization", "Accept", "Content-Type", "Content-Encoding", "Impersonate-User", "Impersonate-Group"),
    *("Impersonate-Uid", "Impersonate-Extra-x", "Upgrade", "Connection", "Sec-WebSocket-Protocol", "Expect", "Range"),
    *("Content-Length", "Transfer-Encoding", "If-Match", "User-Agent", "Cookie", "X-Remote-User", "Host"),
)
VALUES = (
    *(b"", b"\xff\xfe", b"\xc3\x28", "é".encode(), b"Bearer \xff", b"Bearer \xc3\xa9", b"Bearer a.b.c", b"Bearer good"),
    *(
        b"Basic Og==",
        b"*/*",
        b"application/json;q=\xff",
        b"application/json;as=Table;v=v9",
        b";;;,,,==",
        b"\x7f",
        b"-1",
    ),
    *(b"1" * 30, b"websocket", b"upgrade", b"v5.channel.k8s.io", b"system:masters", b"chunked", b"100-continue"),
    *(b"application/yaml", b"application/vnd.kubernetes.protobuf", b"gzip", b"a" * 5000, b"bytes=0-", b"\t \t"),
)
PATHS = (
    *(
        "/",
        "/api",
        "/version",
        "/api/v1/pods",
        "/api/v1/namespaces/default/configmaps/x",
        "/apis//v1/x",
        "/openapi/v3/x",
    ),
    *("/api/v1/namespaces/default/pods/x/log", "/api/v1/namespaces/default/pods/x/exec", "/%ff%fe", "/api/%00", "//"),
    *(
        "/api/v1/namespaces/%c3%28/pods",
        "/openapi/v2",
        "/api/v1/namespaces/../../x",
        "*",
        "/metrics",
        "/readyz?verbose",
    ),
)
PARAMETERS = (
    *("limit", "continue", "resourceVersion", "resourceVersionMatch", "timeoutSeconds", "labelSelector", "watch"),
    *(
        "fieldSelector",
        "sendInitialEvents",
        "dryRun",
        "fieldValidation",
        "tailLines",
        "command",
        "pretty",
        "includeObject",
    ),
    *("gracePeriodSeconds", "propagationPolicy", "container"),
)
ARGUMENTS = (
    *(
        "",
        "1",
        "-1",
        "9" * 20,
        "9" * 5000,
        "1_0",
        "%d9%a3",
        "%ff",
        "%00",
        "1e9",
        "true",
        "All",
        "a=b",
        "a in (",
        "x=%ff",
    ),
    *(
        "metadata.name=%ff",
        "spec.nodeName=",
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MWU0MDB9",
        "%F0%9F%98%80",
        "0",
        "Exact",
    ),
)
METHODS = ("GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")


def heads(dice: random.Random) -> Iterator[bytes]:
    """Request lines and headers without end."""
    while True:
        query = "&".join(f"{dice.choice(PARAMETERS)}={dice.choice(ARGUMENTS)}" for _ in range(dice.randrange(3)))
        path = dice.choice(PATHS) + ("?" + query if query else "")
        lines = [f"{dice.choice(METHODS)} {path} HTTP/1.1".encode(), b"Host: x", b"Connection: close"]
        for _ in range(dice.randrange(4)):
            lines.append(dice.choice(NAMES).encode() + b": " + dice.choice(VALUES))
        head = bytearray(b"\r\n".join(lines) + b"\r\n\r\n")
        if dice.random() < 0.3:
            head[dice.randrange(len(head))] = dice.randrange(256)
        yield bytes(head)


async def code(port: int, context: ssl.SSLContext, head: bytes, patience: float = 0.5) -> int:
    """The status with which a request is answered; 0 where the server waits for more or ends the connection.

    A request that is whole is answered, however busy the machine is: who asks for that has patience.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(head)
        writer.write_eof() if writer.can_write_eof() else None
        async with asyncio.timeout(patience):
            line = await reader.readline()
        return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
    except (TimeoutError, ConnectionError, ssl.SSLError):
        return 0
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("who", ["stranger", "master"])
async def test_no_head_is_answered_with_a_500(address: str, ca: Authority, tmp_path: Path, api: Api, who: str):
    context = ca.client_context(tmp_path) if who == "master" else ssl.create_default_context(cadata=ca.pem)
    port, generated = int(address.rpartition(":")[2]), heads(random.Random(7))
    for _ in range(15):
        batch = [next(generated) for _ in range(20)]
        answers = await asyncio.gather(*(code(port, context, head) for head in batch))
        assert [head for head, answer in zip(batch, answers, strict=True) if answer in (500, 502)] == []
    whole = b"GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert await code(port, context, whole, patience=30) == (403 if who == "stranger" else 200)
    assert (await api.get("/api/v1/namespaces/default")).code == 200


@pytest.mark.parametrize("token", [b"\xff\xfe", "é".encode(), b"a.b.c", b"\x80" * 2000])
async def test_a_token_of_any_bytes_is_a_401(address: str, ca: Authority, token: bytes):
    head = b"GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
    context = ssl.create_default_context(cadata=ca.pem)
    assert await code(int(address.rpartition(":")[2]), context, head, patience=30) == 401


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("limit=99999999999999999999", "value out of range"),
        ("limit=1_0", "invalid syntax"),
        ("resourceVersion=" + "9" * 5000, "value out of range"),
        ("timeoutSeconds=" + "9" * 5000 + "&watch=1", "value out of range"),
    ],
)
async def test_numbers_are_those_of_64_bits(api: Api, query: str, why: str):
    reply = await api.get(f"/api/v1/configmaps?{query}")
    assert (reply.code, why in reply.message) == (400, True)
