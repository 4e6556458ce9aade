"""A client that shares its server's process."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from multidict import CIMultiDict

from podvisor import apiserver, sdk
from podvisor.apiserver import access
from podvisor.base import http
from podvisor.base.clock import SystemClock
from podvisor.sdk import kinds
from podvisor.store import embedded
from podvisor.testing.memory_journal import MemoryJournal

CLOCK = SystemClock()
KEY = sdk.Key("default", "one")
FRAME = b'{"type":"ADDED","object":{"metadata":{"name":"%b"}}}'


@pytest.fixture
async def server() -> AsyncGenerator[apiserver.Api]:
    async with embedded.running(MemoryJournal(), clock=CLOCK) as store:
        server = apiserver.Api(apiserver.Settings(), store, access.Access([]), CLOCK)
        async with server.running():
            yield server


def client_of(server: apiserver.Api, name: str = "admin", *groups: str) -> sdk.Client:
    return sdk.Client(sdk.InProcess(server, access.User(name, groups or ["system:masters"])))


async def test_a_client_does_all_that_it_does_over_http(server: apiserver.Api):
    client = client_of(server)
    made = await client.create(kinds.CONFIGMAPS.raw, {"metadata": {"name": "one"}, "data": {"a": "1"}}, "default")
    await client.patch(kinds.CONFIGMAPS, KEY, {"data": {"a": "2"}})
    assert (await client.get(kinds.CONFIGMAPS.raw, "one", "default"))["data"] == {"a": "2"}
    assert len((await client.list(kinds.CONFIGMAPS, sdk.Selection("default"))).items) == 1
    seen = client.watch(kinds.CONFIGMAPS, made["metadata"]["resourceVersion"])
    change = await anext(seen)
    assert isinstance(change, sdk.Changed)
    assert change.type.value == "MODIFIED"
    await client.delete(kinds.CONFIGMAPS, KEY)
    with pytest.raises(sdk.errors.NotFound):
        await client.get(kinds.CONFIGMAPS, "one", "default")


async def test_a_client_may_what_its_user_may(server: apiserver.Api):
    with pytest.raises(sdk.errors.Forbidden, match='User "jane" cannot list resource "configmaps"'):
        await client_of(server, "jane", "developers").list(kinds.CONFIGMAPS)


async def test_a_reader_that_does_not_stop_lets_others_have_their_turn(server: apiserver.Api):
    client, others = client_of(server), 0

    async def count() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    for _ in range(20):
        await client.read("/version")
    counting.cancel()
    assert others >= 20


class Slow:
    """A server whose answers do not come, or do not end."""

    def __init__(self, body: http.Stream | None = None) -> None:
        self.body = body
        self.asked: list[http.Request] = []

    async def answer(self, request: http.Request, user: str) -> http.Answer:
        self.asked.append(request)
        if self.body is None:
            await asyncio.Event().wait()
        return http.Answer(200, CIMultiDict(), self.body or b"")


async def test_an_answer_that_does_not_come_is_not_waited_for():
    client = sdk.Client(sdk.InProcess(Slow(), "me", timeout=0.01))
    with pytest.raises(sdk.errors.Unreachable, match=r"GET /version: no answer in 0.01 s"):
        await client.read("/version")


async def test_a_watch_that_is_left_ends_at_the_server():
    ended = False

    async def events() -> AsyncGenerator[bytes]:
        nonlocal ended
        try:
            yield FRAME % b"a" + b"\n" + FRAME % b"b" + b"\n"
            await asyncio.Event().wait()
        finally:
            ended = True

    transport = sdk.InProcess(Slow(http.Stream(events())), "me")
    async with transport.open(sdk.Request("GET", "/api/v1/configmaps", streaming=True)) as reply:
        lines = reply.lines()
        assert [await anext(lines), await anext(lines)] == [FRAME % b"a", FRAME % b"b"]
    assert ended


async def test_names_arrive_as_they_are_meant():
    server = Slow(http.Stream(nothing()))
    await sdk.Client(sdk.InProcess(server, "me")).read("/api/v1/namespaces/default/pods/a%3Ab", {"a": "b c"})
    assert (server.asked[0].path, server.asked[0].query["a"]) == ("/api/v1/namespaces/default/pods/a:b", "b c")


async def nothing() -> AsyncGenerator[bytes]:
    return
    yield
