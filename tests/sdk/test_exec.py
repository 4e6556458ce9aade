"""Commands in containers, against a server that answers as the API server does."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from aiohttp import web

from podvisor import sdk
from podvisor.sdk import errors

POD = sdk.Key("default", "web-0")
SUCCESS = {"status": "Success"}
Frames = list[tuple[int, bytes]]
Serve = Callable[[Frames], Awaitable[sdk.Access]]


@pytest.fixture
async def serve() -> AsyncGenerator[Serve]:
    """A server that answers every exec with these frames, and keeps the requests."""
    runners: list[web.AppRunner] = []

    async def start(frames: Frames) -> sdk.Access:
        async def answer(request: web.Request) -> web.WebSocketResponse:
            stream = web.WebSocketResponse(protocols=["v5.channel.k8s.io"])
            await stream.prepare(request)
            asked = f"{request.path} {request.query.getall('command')} {request.query.get('container')}"
            for channel, content in frames:
                await stream.send_bytes(bytes([channel]) + content.replace(b"ASKED", asked.encode()))
            await stream.close()
            return stream

        app = web.Application()
        app.router.add_get("/api/v1/namespaces/default/pods/web-0/exec", answer)
        runners.append(web.AppRunner(app, access_log=None))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return sdk.Access(f"http://127.0.0.1:{runners[-1].addresses[0][1]}")

    yield start
    for runner in runners:
        await runner.cleanup()


def ended(status: object) -> tuple[int, bytes]:
    return 3, json.dumps(status).encode()


async def test_what_a_command_wrote_comes_back_stream_by_stream(serve: Serve) -> None:
    access = await serve([(1, b"ASKED"), (2, b"oh"), (1, b", done"), ended(SUCCESS)])
    done = await sdk.execute(access, POD, ["echo", "a b"], container="main")
    assert done.exit_code == 0
    assert done.stdout == "/api/v1/namespaces/default/pods/web-0/exec ['echo', 'a b'] main, done"
    assert done.stderr == "oh"


async def test_an_exit_code_is_passed_on(serve: Serve) -> None:
    causes = [{"reason": "ExitCode", "message": "7"}]
    failure = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
    assert (await sdk.execute(await serve([ended(failure)]), POD, ["false"])).exit_code == 7


async def test_a_command_that_cannot_be_started_is_an_error_with_the_reason(serve: Serve) -> None:
    failure = {"status": "Failure", "reason": "InternalError", "code": 500, "message": "no such file"}
    with pytest.raises(errors.ServerError, match="no such file"):
        await sdk.execute(await serve([ended(failure)]), POD, ["nothing"])


async def test_a_connection_that_breaks_is_not_taken_for_success(serve: Serve) -> None:
    with pytest.raises(errors.Unreachable):
        await sdk.execute(await serve([(1, b"half")]), POD, ["cat"])


async def test_a_refusal_is_an_error(serve: Serve) -> None:
    with pytest.raises(errors.NotFound):
        await sdk.execute(await serve([]), sdk.Key("default", "gone"), ["true"])
