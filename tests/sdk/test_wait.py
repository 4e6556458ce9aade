"""Waiting for an object to be as wanted."""

import pytest

from podvisor import sdk
from podvisor.base import tasks
from podvisor.sdk import kinds
from podvisor.testing.clock import settle

KEY = sdk.Key("default", "config")


@pytest.fixture
def waiting(client, clock):
    def start(scope, wanted):
        return scope.start(sdk.until(client, kinds.CONFIGMAPS, KEY, wanted, clock, 30))

    return start


async def test_an_object_that_is_as_wanted_is_returned_at_once(client, clock):
    await client.create(kinds.CONFIGMAPS, {"metadata": {"name": "config"}}, "default")
    found = await sdk.until(client, kinds.CONFIGMAPS, KEY, lambda one: one is not None, clock, 30)
    assert found.metadata.name == "config"


async def test_changes_are_followed_over_a_lost_watch(api, client, clock, waiting):
    async with tasks.background() as scope:
        task = waiting(scope, lambda one: one is not None and one.data.get("done") == "yes")
        await settle()
        await client.create(kinds.CONFIGMAPS, {"metadata": {"name": "config"}, "data": {"done": "no"}}, "default")
        api.store.interrupt()
        await clock.advance(1)
        assert not task.done()
        await client.patch(kinds.CONFIGMAPS, KEY, {"data": {"done": "yes"}})
        assert (await task).data == {"done": "yes"}


async def test_a_deletion_can_be_waited_for(client, clock, waiting):
    await client.create(kinds.CONFIGMAPS, {"metadata": {"name": "config"}}, "default")
    async with tasks.background() as scope:
        task = waiting(scope, lambda one: one is None)
        await settle()
        await client.delete(kinds.CONFIGMAPS, KEY)
        assert await task is None


async def test_patience_ends(clock, client):
    async with tasks.background() as scope:
        outcome = []

        async def wait() -> None:
            try:
                await sdk.until(client, kinds.CONFIGMAPS, KEY, lambda one: one is not None, clock, 30)
            except TimeoutError:
                outcome.append("timed out")

        scope.start(wait())
        await clock.advance(29)
        assert outcome == []
        await clock.advance(2)
        assert outcome == ["timed out"]
