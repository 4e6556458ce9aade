"""Many who watch one resource: each hears of what it selects, once, and what is slow harms nobody."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import orjson
import pytest
from multidict import CIMultiDict, MultiDict

from podvisor.apiserver import Api, Settings, access
from podvisor.apiserver.watching import cache, watcher
from podvisor.base.http import Request, Stream
from podvisor.store import embedded
from podvisor.store.backend import Backend, Put
from podvisor.testing.clock import VirtualClock, settle
from podvisor.testing.memory_journal import MemoryJournal

ADMIN = access.User("admin", ["system:masters"])
PODS = "/api/v1/pods"
SPEC = {"containers": [{"name": "main", "image": "x"}], "serviceAccountName": "default"}


class Cluster:
    """An API in this process, in few words."""

    def __init__(self, api: Api, store: Backend, clock: VirtualClock) -> None:
        self.api, self.store, self.clock = api, store, clock

    async def send(self, method: str, path: str, body: object = None, accept: str = "*/*", **query: str) -> Any:
        async def read() -> bytes:
            return orjson.dumps(body)

        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = CIMultiDict({"Accept": accept, "Content-Type": kind})
        answer = await self.api.answer(Request(method, path, MultiDict(query), headers, read), ADMIN)
        assert answer.status < 300, await answer.read()
        return answer.body if isinstance(answer.body, Stream) else orjson.loads(await answer.read())

    async def pod(self, name: str, node: str = "", namespace: str = "default") -> Any:
        spec = {**SPEC, "nodeName": node} if node else SPEC
        path = f"/api/v1/namespaces/{namespace}/pods"
        return await self.send("POST", path, {"metadata": {"name": name}, "spec": spec})

    async def annotate(self, name: str, text: str) -> Any:
        return await self.send(
            "PATCH", f"/api/v1/namespaces/default/pods/{name}", {"metadata": {"annotations": {"a": text}}}
        )

    async def watch(self, path: str = PODS, accept: str = "*/*", **query: str) -> Stream:
        query = {"resourceVersion": await self.version(), **query}
        stream = await self.send("GET", path, None, accept, watch="true", **query)
        assert isinstance(stream, Stream)
        return stream

    async def version(self) -> str:
        return (await self.send("GET", PODS, limit="1"))["metadata"]["resourceVersion"]


@pytest.fixture
async def cluster() -> AsyncGenerator[Cluster]:
    clock = VirtualClock()
    async with embedded.running(MemoryJournal(), clock=clock) as store:
        api = Api(Settings(), store, access.Access([]), clock)
        async with api.running():
            cluster = Cluster(api, store, clock)
            for namespace in ("default", "kube-system"):
                path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
                await cluster.send("POST", path, {"metadata": {"name": "default"}})
            yield cluster


async def frames(stream: Stream, count: int) -> list[bytes]:
    """The next lines of a watch."""
    found: list[bytes] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += (await anext(aiter(stream))).splitlines()
    return found


async def seen(stream: Stream, count: int) -> list[tuple[str, str]]:
    events = [orjson.loads(frame) for frame in await frames(stream, count)]
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events]


async def begun(*streams: Stream) -> list[asyncio.Task[list[tuple[str, str]]]]:
    """Have these watches begin, each waiting for its first event."""
    tasks = [asyncio.ensure_future(seen(stream, 1)) for stream in streams]
    await settle()
    return tasks


async def test_a_node_sees_its_pods_and_no_others(cluster: Cluster):
    one = await cluster.watch(fieldSelector="spec.nodeName=n1")
    two = await cluster.watch(fieldSelector="spec.nodeName=n2")
    waiting = await begun(one, two)
    await cluster.pod("a", "n1")
    await cluster.pod("b", "n2")
    await cluster.pod("c")
    assert [await task for task in waiting] == [[("ADDED", "a")], [("ADDED", "b")]]
    await cluster.annotate("b", "1")
    await cluster.annotate("a", "1")
    assert await seen(one, 1) == [("MODIFIED", "a")]
    await cluster.send("POST", "/api/v1/namespaces/default/pods/c/binding", {"target": {"name": "n1"}})
    assert await seen(one, 1) == [("ADDED", "c")]


async def test_those_without_a_node_are_left_when_they_get_one(cluster: Cluster):
    unbound = await cluster.watch(fieldSelector="spec.nodeName=")
    waiting = await begun(unbound)
    await cluster.pod("a")
    await cluster.send("POST", "/api/v1/namespaces/default/pods/a/binding", {"target": {"name": "n1"}})
    assert await waiting[0] == [("ADDED", "a")]
    assert await seen(unbound, 1) == [("DELETED", "a")]


async def test_a_selection_by_field_keeps_to_its_namespace(cluster: Cluster):
    here = await cluster.watch("/api/v1/namespaces/default/pods", fieldSelector="spec.nodeName=n1")
    waiting = await begun(here)
    await cluster.pod("elsewhere", "n1", "kube-system")
    await cluster.pod("here", "n1")
    assert await waiting[0] == [("ADDED", "here")]


@pytest.mark.parametrize("form", ["", ";as=Table;v=v1;g=meta.k8s.io", ";as=PartialObjectMetadata;v=v1;g=meta.k8s.io"])
async def test_an_event_is_encoded_once_for_all_who_want_it_so(cluster: Cluster, form: str):
    streams = [await cluster.watch(accept=f"application/json{form}") for _ in range(3)]
    streams.append(await cluster.watch(accept=f"application/json{form}", labelSelector="!none"))
    waiting = [asyncio.ensure_future(anext(aiter(stream))) for stream in streams]
    await settle()
    await cluster.pod("a")
    first, *others = [await task for task in waiting]
    assert all(other is first for other in others)


async def test_a_watcher_that_does_not_read_misses_nothing(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watcher, "BUFFER", 3)
    await cluster.pod("a", "n1")
    slow, quick = await cluster.watch(), await cluster.watch()
    waiting = await begun(slow, quick)
    await cluster.annotate("a", "0")
    for task in waiting:
        await task
    for number in range(1, 10):
        await cluster.annotate("a", str(number))
        assert await seen(quick, 1) == [("MODIFIED", "a")]
    told = [orjson.loads(frame)["object"]["metadata"]["annotations"]["a"] for frame in await frames(slow, 9)]
    assert told == [str(number) for number in range(1, 10)]
    await cluster.annotate("a", "10")
    assert await seen(slow, 1) == [("MODIFIED", "a")]


async def test_a_transaction_is_not_lost_where_a_buffer_ends(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watcher, "BUFFER", 2)
    stream = await cluster.watch()
    waiting = await begun(stream)
    await cluster.pod("a")
    await waiting[0]
    kv = (await cluster.store.range(b"/registry/pods/default/a")).kvs[0]
    puts = [Put(b"/registry/pods/default/%b" % name, kv.value) for name in (b"b", b"c", b"d")]
    await cluster.store.txn([], puts)
    assert [kind for kind, _ in await seen(stream, 3)] == ["ADDED"] * 3


async def test_a_watcher_that_does_not_read_is_dropped_with_the_history(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watcher, "BUFFER", 1)
    stream = await cluster.watch()
    waiting = await begun(stream)
    await cluster.pod("a")
    await waiting[0]
    for number in range(5):
        await cluster.annotate("a", str(number))
    await cluster.store.compact(int(await cluster.version()))
    last = [orjson.loads(frame) for frame in await frames(stream, 2)][-1]
    assert (last["type"], last["object"]["code"]) == ("ERROR", 410)
    with pytest.raises(StopAsyncIteration):
        await anext(aiter(stream))


async def test_a_reader_is_not_cancelled_when_the_time_of_its_watch_is_up(cluster: Cluster):
    stream = await cluster.watch(timeoutSeconds="10")
    waiting = await begun(stream)
    await cluster.pod("a")
    await waiting[0]
    await cluster.clock.advance(11)
    await asyncio.sleep(0)
    with pytest.raises(StopAsyncIteration):
        await anext(aiter(stream))


async def test_the_end_of_the_server_ends_watches(cluster: Cluster):
    stream = await cluster.watch()
    waiting = asyncio.ensure_future(anext(aiter(stream)))
    await settle()
    cluster.api.end_watches()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_many_are_told_at_once_and_then_of_several_changes_together(cluster: Cluster):
    streams = [await cluster.watch() for _ in range(cache.MANY)]
    waiting = await begun(*streams)
    await cluster.pod("a")
    assert [await task for task in waiting] == [[("ADDED", "a")]] * cache.MANY
    later = [asyncio.ensure_future(anext(aiter(stream))) for stream in streams]
    for number in range(3):
        await cluster.annotate("a", str(number))
    await settle()
    assert not any(task.done() for task in later)
    await cluster.clock.advance(cache.LONGEST)
    assert {(await task).count(b"\n") for task in later} == {3}


async def test_an_object_that_cannot_be_read_ends_watches_and_not_the_server(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
):
    stream = await cluster.watch(fieldSelector="spec.nodeName=n1")
    waiting = asyncio.ensure_future(frames(stream, 1))
    await settle()
    await cluster.store.txn([], [Put(b"/registry/pods/default/a", b"damaged")])
    last = orjson.loads((await waiting)[0])
    assert (last["type"], last["object"]["code"]) == ("ERROR", 500)
    assert [record.message for record in caplog.records] == ["the watch cache of pods failed"]
    now = (await cluster.store.range(b"\0", count_only=True)).revision
    again = await cluster.send("GET", PODS, watch="true", fieldSelector="spec.nodeName=n1", resourceVersion=str(now))
    tasks = await begun(again)
    await cluster.pod("b", "n1")
    assert await tasks[0] == [("ADDED", "b")]
