"""watch: what is delivered, from where, in which form."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from apiserver.conftest import Api
from apiserver.samples import MAPS, config_map
from podvisor.store.backend import Backend


class Stream:
    """The events of a watch, one by one."""

    def __init__(self, content: Any) -> None:
        self._content = content

    async def next(self) -> tuple[str, dict[str, Any]]:
        event = orjson.loads(await self._content.readline())
        return event["type"], event["object"]

    async def names(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next events."""
        events = [await self.next() for _ in range(count)]
        return [(kind, item["metadata"].get("name", "")) for kind, item in events]

    async def ended(self) -> bool:
        return await self._content.readline() == b""


@asynccontextmanager
async def watch(api: Api, query: str = "", path: str = MAPS, accept: str = "*/*") -> AsyncGenerator[Stream]:
    address = f"{api.address}{path}?watch=true&{query}"
    async with api.session.get(address, headers={"Accept": accept}) as answer:
        yield Stream(answer.content)


async def version(api: Api) -> str:
    return (await api.get(MAPS)).body["metadata"]["resourceVersion"]


async def test_every_change_is_seen_once_and_in_order(api: Api) -> None:
    start = await version(api)
    async with watch(api, f"resourceVersion={start}") as stream:
        made = (await api.post(MAPS, config_map())).body
        assert await stream.next() == ("ADDED", made)
        changed = (await api.patch(f"{MAPS}/one", {"data": {"a": "1"}})).body
        assert await stream.next() == ("MODIFIED", changed)
        await api.delete(f"{MAPS}/one")
        kind, last = await stream.next()
        assert (kind, last["data"]) == ("DELETED", {"a": "1"})
        assert int(last["metadata"]["resourceVersion"]) > int(changed["metadata"]["resourceVersion"])


async def test_a_watch_resumes_where_another_ended(api: Api) -> None:
    start = await version(api)
    await api.post(MAPS, config_map("a"))
    middle = await version(api)
    await api.post(MAPS, config_map("b"))
    async with watch(api, f"resourceVersion={start}") as stream:
        assert await stream.names(2) == [("ADDED", "a"), ("ADDED", "b")]
    async with watch(api, f"resourceVersion={middle}") as stream:
        assert await stream.names(1) == [("ADDED", "b")]


async def test_without_a_version_the_state_comes_first(api: Api) -> None:
    await api.post(MAPS, config_map("a"))
    for query in ("", "resourceVersion=0"):
        async with watch(api, query) as stream:
            assert await stream.names(1) == [("ADDED", "a")]


async def test_objects_enter_and_leave_a_selection(api: Api) -> None:
    start = await version(api)
    async with watch(api, f"resourceVersion={start}&labelSelector=on=yes") as stream:
        await api.post(MAPS, config_map("other"))
        await api.post(MAPS, config_map("one"))
        await api.patch(f"{MAPS}/one", {"metadata": {"labels": {"on": "yes"}}})
        await api.patch(f"{MAPS}/one", {"data": {"a": "1"}})
        await api.patch(f"{MAPS}/one", {"metadata": {"labels": {"on": None}}})
        await api.delete(f"{MAPS}/one")
        await api.post(MAPS, config_map("two", {"on": "yes"}))
        events = [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one"), ("ADDED", "two")]
        assert await stream.names(4) == events


async def test_one_object_is_watched_by_its_name(api: Api) -> None:
    start = await version(api)
    async with watch(api, f"resourceVersion={start}&fieldSelector=metadata.name=b") as stream:
        for name in ("a", "b", "c"):
            await api.post(MAPS, config_map(name))
        assert await stream.names(1) == [("ADDED", "b")]


async def test_a_list_can_be_streamed(api: Api) -> None:
    await api.post(MAPS, config_map("a"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion="
    async with watch(api, query) as stream:
        assert await stream.names(1) == [("ADDED", "a")]
        kind, mark = await stream.next()
        assert kind == "BOOKMARK"
        assert mark["kind"] == "ConfigMap"
        assert mark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert mark["metadata"]["resourceVersion"] == await version(api)
        await api.post(MAPS, config_map("b"))
        assert await stream.names(1) == [("ADDED", "b")]
    refused = await api.get(f"{MAPS}?watch=true&sendInitialEvents=true")
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")


async def test_a_watch_ends_when_its_time_is_up(api: Api) -> None:
    async with watch(api, "timeoutSeconds=1") as stream:
        assert await stream.ended()


async def test_tables_are_watched(api: Api) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    async with watch(api, "", MAPS, accept) as stream:
        await api.post(MAPS, config_map("a"))
        kind, table = await stream.next()
        assert (kind, table["kind"], table["rows"][0]["cells"][0]) == ("ADDED", "Table", "a")


async def test_events_of_other_namespaces_are_not_seen(api: Api) -> None:
    await api.post("/api/v1/namespaces/kube-system/configmaps", config_map("elsewhere"))
    async with watch(api) as stream:
        await api.post(MAPS, config_map("here"))
        assert await stream.names(1) == [("ADDED", "here")]
    async with watch(api, "", "/api/v1/configmaps") as stream:
        assert await stream.names(2) == [("ADDED", "here"), ("ADDED", "elsewhere")]


async def test_a_watcher_that_goes_is_no_failure_of_the_server(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    start = await version(api)
    for _ in range(3):
        async with watch(api, f"resourceVersion={start}&allowWatchBookmarks=true"):
            pass
    for name in ("a", "b", "c"):
        assert (await api.post(MAPS, config_map(name))).code == 201
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_bookmarks_tell_how_far_a_quiet_watch_has_got(store: Backend, api: Api) -> None:
    async with watch(api, "resourceVersion=1&allowWatchBookmarks=true&labelSelector=none") as stream:
        await api.post(MAPS, config_map("a"))
        now = await version(api)
        kind, mark = await stream.next()
        while int(mark["metadata"]["resourceVersion"]) < int(now):
            kind, mark = await stream.next()
        assert kind == "BOOKMARK"
        assert "annotations" not in mark["metadata"]


async def test_a_version_that_is_forgotten_is_gone(store: Backend, api: Api) -> None:
    old = await version(api)
    await api.post(MAPS, config_map("a"))
    page = (await api.get("/api/v1/namespaces?limit=1")).body["metadata"]["continue"]
    await api.post(MAPS, config_map("b"))
    await store.compact(int(await version(api)))
    async with watch(api, f"resourceVersion={old}") as stream:
        kind, error = await stream.next()
        assert (kind, error["code"], error["reason"]) == ("ERROR", 410, "Expired")
        assert error["message"] == f"too old resource version: {old} ({int(await version(api)) - 1})"
        assert await stream.ended()
    exact = await api.get(f"{MAPS}?resourceVersion={old}&resourceVersionMatch=Exact")
    assert (exact.code, exact.body["reason"]) == (410, "Expired")
    late = await api.get(f"/api/v1/namespaces?limit=1&continue={page}")
    assert late.code == 410
    rest = await api.get(f"/api/v1/namespaces?continue={late.body['metadata']['continue']}")
    assert len(rest.body["items"]) == 3
