"""A node's server that makes up its answers: logs, commands and ports that echo."""

import asyncio
from contextlib import suppress

import orjson
from aiohttp import web

LEFT = asyncio.Event()
"""Set once a client has gone in the middle of its input."""


def app() -> web.Application:
    """The server; every pod has the same containers."""
    application = web.Application()
    application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", logs)
    application.router.add_get("/exec/{namespace}/{pod}/{container}", run)
    application.router.add_get("/attach/{namespace}/{pod}/{container}", run)
    application.router.add_get("/stats/summary", summary)
    application.router.add_get("/portForward/{namespace}/{pod}", forward)
    return application


def addresses(port: int) -> dict:
    """The part of a node's status that says where the server listens."""
    return {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }


SUMMARY: dict = {"node": {}, "pods": []}
"""What every such node says of its use; tests put something in."""


def use(cores: int | None, memory: int, started: str = "2026-01-01T00:00:00Z") -> dict:
    """What something uses, as a summary has it: nanocores, which may not be known yet, and bytes."""
    cpu = {"time": "2026-01-01T01:00:00Z", "usageCoreNanoSeconds": 1} | ({"usageNanoCores": cores} if cores else {})
    return {"startTime": started, "cpu": cpu, "memory": {"workingSetBytes": memory}}


async def summary(request: web.Request) -> web.Response:
    """What is used; only processors and memory may be asked for."""
    assert request.query == {"only_cpu_and_memory": "true"}
    return web.json_response(SUMMARY)


async def logs(request: web.Request) -> web.StreamResponse:
    """A container's log; `side` has none yet."""
    if request.match_info["container"] == "side":
        return web.Response(status=400, text='container "side" in pod "one" is waiting to start: ContainerCreating')
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(f"{request.match_info['container']} {dict(request.query)}\n".encode())
    await response.write(b"second\n")
    return response


async def run(request: web.Request) -> web.WebSocketResponse:
    """A command that echoes its input, or says what it was asked, and exits with 3 if it is called `fail`."""
    stream = web.WebSocketResponse(protocols=["v5.channel.k8s.io", "v4.channel.k8s.io"])
    await stream.prepare(request)
    command = request.query.getall("command", [])
    await stream.send_bytes(b"\x01" + " ".join(command).encode() + b"\n")
    if command == ["cat"]:
        async for message in stream:
            if message.data[0] == 255:
                break
            await stream.send_bytes(b"\x01" + message.data[1:])
        else:
            LEFT.set()
    result = {"metadata": {}, "status": "Success"}
    if command == ["fail"]:
        causes = [{"reason": "ExitCode", "message": "3"}]
        message = "command terminated with non-zero exit code: exit status 3"
        result = {"status": "Failure", "reason": "NonZeroExitCode", "message": message, "details": {"causes": causes}}
    await stream.send_bytes(b"\x03" + orjson.dumps(result))
    await stream.close()
    return stream


async def forward(request: web.Request) -> web.WebSocketResponse:
    """Port 7 echoes to the end of its input and then says "over", 9 refuses, 5 says what it was asked and ends.

    Others are this machine's, as if the pod had them.
    """
    stream = web.WebSocketResponse(protocols=["v5.channel.k8s.io", "v4.channel.k8s.io"])
    await stream.prepare(request)
    port = int(request.query["port"])
    begin = port.to_bytes(2, "little")
    await stream.send_bytes(b"\x01" + begin)
    if port == 9:
        await stream.send_bytes(b"\x01dial tcp4 127.0.0.1:9: connect: connection refused")
        await stream.close()
        return stream
    await stream.send_bytes(b"\x00" + begin)
    if port == 5:
        await stream.send_bytes(b"\x00" + f"{request.path} {dict(request.query)}".encode())
    if port > 1000:
        await _to_machine(stream, port)
        return stream
    if port == 7:
        async for message in stream:
            if message.data == b"\xff\x00":
                break
            await stream.send_bytes(message.data)
        await stream.send_bytes(b"\x00over")
    await stream.send_bytes(b"\xff\x00")
    async for _ in stream:
        continue
    return stream


async def _to_machine(stream: web.WebSocketResponse, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def back() -> None:
        while data := await reader.read(65536):
            await stream.send_bytes(b"\x00" + data)
        await stream.send_bytes(b"\xff\x00")

    sending = asyncio.ensure_future(back())
    try:
        async for message in stream:
            if message.data == b"\xff\x00":
                writer.write_eof()
            else:
                writer.write(message.data[1:])
    finally:
        sending.cancel()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
