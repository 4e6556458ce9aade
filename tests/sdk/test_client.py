"""Verbs, errors and watches, against the API in memory."""

import pytest

from podvisor import sdk
from podvisor.sdk import errors, kinds
from podvisor.sdk.objects import core
from podvisor.testing.clock import settle

CONFIG = sdk.Key("default", "config")


def config(name: str = "config", **labels: str) -> dict:
    return {"metadata": {"name": name, "labels": labels}, "data": {"colour": "blue"}}


async def test_what_was_created_can_be_read_as_a_view_and_whole(client):
    created = await client.create(kinds.CONFIGMAPS, config(), "default")
    read = await client.get(kinds.CONFIGMAPS, "config", "default")
    whole = await client.get(kinds.CONFIGMAPS.raw, "config", "default")
    assert read == created
    assert read.data == {"colour": "blue"}
    assert whole["metadata"]["uid"] == read.metadata.uid


async def test_a_missing_object_is_not_found_and_a_taken_name_already_exists(client):
    with pytest.raises(errors.NotFound, match='configmaps "config" not found') as caught:
        await client.get(kinds.CONFIGMAPS, "config", "default")
    assert caught.value.status.details.name == "config"
    await client.create(kinds.CONFIGMAPS, config(), "default")
    with pytest.raises(errors.AlreadyExists):
        await client.create(kinds.CONFIGMAPS, config(), "default")


async def test_an_update_from_an_old_version_conflicts_and_changes_nothing(client):
    old = await client.create(kinds.CONFIGMAPS.raw, config(), "default")
    await client.patch(kinds.CONFIGMAPS, CONFIG, {"data": {"colour": "red"}})
    with pytest.raises(errors.Conflict):
        await client.update(kinds.CONFIGMAPS, old | {"data": {}}, CONFIG)
    assert (await client.get(kinds.CONFIGMAPS, "config", "default")).data == {"colour": "red"}


async def test_a_patch_for_another_uid_conflicts(client):
    await client.create(kinds.CONFIGMAPS, config(), "default")
    with pytest.raises(errors.Conflict):
        await client.patch(kinds.CONFIGMAPS, CONFIG, {"metadata": {"uid": "another"}, "data": {}})


async def test_the_status_door_changes_the_status_only(client):
    await client.create(kinds.PODS, {"metadata": {"name": "p"}, "spec": {"hostname": "a"}}, "default")
    patch = {"spec": {"hostname": "b"}, "status": {"phase": "Running"}}
    pod = await client.patch(kinds.PODS, sdk.Key("default", "p"), patch, sdk.STATUS)
    assert (pod.spec.hostname, pod.status.phase, pod.metadata.generation) == ("a", "Running", 1)
    pod = await client.patch(kinds.PODS, sdk.Key("default", "p"), patch | {"status": {"phase": "Failed"}})
    assert (pod.spec.hostname, pod.status.phase, pod.metadata.generation) == ("b", "Running", 2)


async def test_lists_are_narrowed_by_namespace_labels_and_fields(client):
    for name, tier in [("a", "web"), ("b", "web"), ("c", "cache")]:
        await client.create(kinds.CONFIGMAPS, config(name, tier=tier), "default")
    await client.create(kinds.CONFIGMAPS, config("d", tier="web"), "kube-system")

    async def names(**selection: str) -> list[str]:
        listed = await client.list(kinds.CONFIGMAPS, sdk.Selection(**selection))
        return [one.metadata.name for one in listed.items]

    assert await names(labels="tier=web") == ["a", "b", "d"]
    assert await names(namespace="default", labels="tier in (web, cache),tier!=web") == ["c"]
    assert await names(fields="metadata.name=b") == ["b"]


async def test_a_list_comes_in_pages(client):
    for name in "abcde":
        await client.create(kinds.CONFIGMAPS, config(name), "default")
    first = await client.list(kinds.CONFIGMAPS, limit=2)
    second = await client.list(kinds.CONFIGMAPS, limit=2, continue_=first.metadata.continue_)
    assert [one.metadata.name for one in first.items + second.items] == list("abcd")
    assert second.metadata.remaining_item_count == 1


async def test_a_watch_delivers_what_happened_after_its_version(client, api):
    await client.create(kinds.CONFIGMAPS, config("before"), "default")
    listed = await client.list(kinds.CONFIGMAPS)
    await client.create(kinds.CONFIGMAPS, config(), "default")
    await client.delete(kinds.CONFIGMAPS, CONFIG)
    watching = client.watch(kinds.CONFIGMAPS, listed.metadata.resource_version)
    added, deleted = await anext(watching), await anext(watching)
    assert (added.type, deleted.type) == (sdk.WatchType.ADDED, sdk.WatchType.DELETED)
    assert isinstance(deleted.object, core.ConfigMap)
    assert int(deleted.object.metadata.resource_version) > int(added.object.metadata.resource_version)
    await watching.aclose()


async def test_a_watcher_sees_an_object_leave_its_selection_as_a_deletion(client):
    await client.create(kinds.CONFIGMAPS, config(tier="web"), "default")
    watching = client.watch(kinds.CONFIGMAPS, "1", sdk.Selection(labels="tier=web"))
    assert (await anext(watching)).type is sdk.WatchType.ADDED
    await client.patch(kinds.CONFIGMAPS, CONFIG, {"metadata": {"labels": {"tier": None}}})
    assert (await anext(watching)).type is sdk.WatchType.DELETED
    await watching.aclose()


async def test_a_watch_from_a_compacted_version_is_gone(client, api):
    await client.create(kinds.CONFIGMAPS, config(), "default")
    api.store.compact()
    with pytest.raises(errors.Gone):
        await anext(client.watch(kinds.CONFIGMAPS, "1"))


async def test_an_object_with_a_finalizer_goes_when_the_finalizer_does(client):
    thing = config()
    thing["metadata"]["finalizers"] = ["example.com/hold"]
    await client.create(kinds.CONFIGMAPS, thing, "default")
    await client.delete(kinds.CONFIGMAPS, CONFIG)
    assert (await client.get(kinds.CONFIGMAPS, "config", "default")).metadata.deleting
    await client.patch(kinds.CONFIGMAPS, CONFIG, {"metadata": {"finalizers": None}})
    with pytest.raises(errors.NotFound):
        await client.get(kinds.CONFIGMAPS, "config", "default")


async def test_a_null_in_place_of_a_field_counts_as_its_absence(api, client):
    api.add(kinds.PODS, {"metadata": {"name": "p", "labels": None}, "spec": {"containers": None}})
    pod = await client.get(kinds.PODS, "p", "default")
    assert (pod.metadata.labels, pod.spec.containers) == ({}, [])


async def test_a_busy_server_is_asked_again_when_it_said(clock):
    class Busy:
        def __init__(self) -> None:
            self.asked = 0

        def open(self, request):
            self.asked += 1
            return Reply(429 if self.asked < 3 else 200)

    class Reply:
        def __init__(self, status: int) -> None:
            self.status = status
            self.headers = {"Retry-After": "5"}

        async def __aenter__(self):
            return self

        async def __aexit__(self, *error):
            return None

        async def read(self) -> bytes:
            return b"{}"

    import asyncio

    busy = Busy()
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(sdk.Client(busy, clock=clock).read("/version"))
        await settle()
        assert (busy.asked, asked.done()) == (1, False)
        await clock.advance(10)
        assert await asked == b"{}"
    assert busy.asked == 3


async def test_discovery_names_what_the_server_serves(client):
    found = await sdk.discovery.discover(client)
    names = {str(resource) for resource in found.with_verbs("list", "watch")}
    assert {"pods", "deployments.apps", "jobs.batch"} <= names
    assert not found.failed
