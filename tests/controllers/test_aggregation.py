"""ClusterRoles that are put together from others."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds

LOOK = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
CHANGE = {"verbs": ["update"], "apiGroups": [""], "resources": ["pods"]}
CHOSEN = {"clusterRoleSelectors": [{"matchLabels": {"for": "all"}}, {"matchLabels": {"and": "this"}}]}


@pytest.fixture
async def world(running):
    async with running("aggregation") as world:
        yield world


async def create(world, name: str, **content) -> None:
    labels = content.pop("labels", {})
    await world.client.create(kinds.CLUSTERROLES, {"metadata": {"name": name, "labels": labels}, **content})
    await world.settle()


async def test_an_aggregated_role_has_the_rules_of_those_it_selects(world):
    await create(world, "all", aggregationRule=CHOSEN, labels={"for": "all"})
    await create(world, "b", rules=[LOOK], labels={"for": "all"})
    await create(world, "a", rules=[CHANGE, LOOK], labels={"for": "all"})
    await create(world, "other", rules=[{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])
    assert world.one(kinds.CLUSTERROLES, "all")["rules"] == [CHANGE, LOOK]
    await world.client.patch(kinds.CLUSTERROLES, sdk.Key("", "a"), {"rules": []})
    await world.settle()
    assert world.one(kinds.CLUSTERROLES, "all")["rules"] == [LOOK]
    await world.client.delete(kinds.CLUSTERROLES, sdk.Key("", "b"))
    await world.settle()
    assert world.one(kinds.CLUSTERROLES, "all")["rules"] == []


async def test_a_role_that_aggregates_nothing_is_left_alone(world):
    await create(world, "plain", rules=[LOOK])
    assert world.one(kinds.CLUSTERROLES, "plain")["rules"] == [LOOK]
