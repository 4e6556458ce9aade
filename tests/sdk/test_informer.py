"""What an informer promises (the head of `podvisor.sdk.informer`)."""

import logging

import pytest

from podvisor import sdk
from podvisor.base import tasks
from podvisor.sdk import errors, kinds
from podvisor.testing.clock import settle

KEY = sdk.Key("default", "a")


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    return []


@pytest.fixture
async def informer(client, clock, heard):
    informer = sdk.Informer(client, kinds.CONFIGMAPS, clock)

    def handler(old, new) -> None:
        what = "added" if old is None else "deleted" if new is None else "modified"
        heard.append((what, (new or old).metadata.name))

    informer.on_change(handler)
    async with tasks.background() as scope:
        scope.start(informer.run())
        await informer.wait_synced()
        yield informer


def config(name: str) -> dict:
    return {"metadata": {"name": name}, "data": {"owner": "x"}}


async def test_the_cache_follows_and_handlers_hear_of_every_change(client, informer, heard):
    await client.create(kinds.CONFIGMAPS, config("a"), "default")
    await client.patch(kinds.CONFIGMAPS, KEY, {"data": {"n": "1"}})
    await settle()
    assert informer.cache.get(KEY).data["n"] == "1"
    await client.delete(kinds.CONFIGMAPS, KEY)
    await settle()
    assert heard == [("added", "a"), ("modified", "a"), ("deleted", "a")]
    assert len(informer.cache) == 0


async def test_a_late_handler_first_hears_of_what_is_there(client, informer):
    await client.create(kinds.CONFIGMAPS, config("a"), "default")
    await settle()
    late = []
    informer.on_change(lambda old, new: late.append((old, new.metadata.name)))
    assert late == [(None, "a")]


async def test_a_watch_that_ends_is_resumed_without_a_new_list(api, client, informer, heard):
    listed = []
    api.intercept = lambda request: listed.append(request) if request.query.get("watch") != "true" else None
    api.store.interrupt()
    await settle()
    await client.create(kinds.CONFIGMAPS, config("a"), "default")
    await settle()
    assert heard == [("added", "a")]
    assert [request.method for request in listed] == ["POST"]


async def test_lost_history_leads_to_a_new_list_that_tells_the_difference(api, client, clock, informer, heard):
    await client.create(kinds.CONFIGMAPS, config("a"), "default")
    await settle()

    def cut(request) -> None:
        raise errors.Unreachable("cut off")

    api.intercept = cut
    api.store.interrupt()
    await settle()
    api.intercept = lambda request: None
    await client.delete(kinds.CONFIGMAPS, KEY)
    await client.create(kinds.CONFIGMAPS, config("b"), "default")
    api.store.compact()
    await clock.advance(60)
    assert heard == [("added", "a"), ("deleted", "a"), ("added", "b")]


async def test_an_object_replaced_unseen_is_told_as_deleted_and_added(api, client, clock, informer, heard):
    await client.create(kinds.CONFIGMAPS, config("a"), "default")
    await settle()

    def cut(request) -> None:
        raise errors.Unreachable("cut off")

    api.intercept = cut
    api.store.interrupt()
    await settle()
    api.intercept = lambda request: None
    await client.delete(kinds.CONFIGMAPS, KEY)
    await client.create(kinds.CONFIGMAPS, config("a"), "default")
    api.store.compact()
    await clock.advance(60)
    assert heard == [("added", "a"), ("deleted", "a"), ("added", "a")]


@pytest.mark.parametrize("what", ["refused", "ended", "compacted"])
async def test_a_server_that_gives_nothing_is_not_hammered(api, clock, informer, what):
    asked = []

    def answer(request) -> None:
        asked.append(request)
        if what == "refused":
            raise errors.Unreachable("cut off")
        if request.query.get("watch") == "true":
            api.store.compacted = api.store.version + 1 if what == "compacted" else 0

    api.intercept = answer
    if what == "ended":
        api.store.changes = _nothing
    api.store.interrupt()
    await clock.advance(60)
    assert 3 < len(asked) < 30


async def _nothing(resource: str, since: int):
    for nothing in ():
        yield nothing


async def test_bookmarks_move_the_version_from_which_a_watch_resumes(api, client, informer, heard):
    await client.create(kinds.SECRETS, {"metadata": {"name": "unrelated"}}, "default")
    api.store.mark()
    await settle()
    api.store.compact()
    asked = []
    api.intercept = asked.append
    api.store.interrupt()
    await settle()
    assert [request.query.get("resourceVersion") for request in asked] == [str(api.store.version)]


async def test_a_handler_that_raises_is_logged_and_the_others_still_hear(client, informer, caplog):
    others = []
    informer.on_change(lambda old, new: 1 // 0)
    informer.on_change(lambda old, new: others.append(new))
    with caplog.at_level(logging.ERROR):
        await client.create(kinds.CONFIGMAPS, config("a"), "default")
        await settle()
    assert len(others) == 1
    assert "ZeroDivisionError" in caplog.text


async def test_an_index_finds_objects_and_forgets_them(client, informer):
    informer.cache.add_index("owner", lambda thing: [thing.data["owner"]])
    await client.create(kinds.CONFIGMAPS, config("a"), "default")
    await settle()
    assert [one.metadata.name for one in informer.cache.indexed("owner", "x")] == ["a"]
    await client.patch(kinds.CONFIGMAPS, KEY, {"data": {"owner": "y"}})
    await settle()
    assert informer.cache.indexed("owner", "x") == []
    assert len(informer.cache.indexed("owner", "y")) == 1


async def test_informers_are_shared(client, clock):
    async with tasks.background() as scope:
        informers = sdk.Informers(client, clock, scope)
        assert informers.of(kinds.PODS) is informers.of(kinds.PODS)
        await informers.wait_synced()
        assert informers.of(kinds.PODS).synced
