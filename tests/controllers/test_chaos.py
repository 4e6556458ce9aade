"""Whatever fails on the way, the loops arrive where the objects ask for."""

import random

import pytest

from podvisor import sdk
from podvisor.sdk import errors, kinds
from podvisor.testing.memory.status import Refused

from .conftest import deployment, template

KEY = sdk.Key("default", "web")
LOST = "the connection broke off"


class Weather:
    """Loses requests and answers, refuses writes, cuts watches and forgets history, as the dice will."""

    def __init__(self, world, seed: int) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self.struck = 0

    def __call__(self, request) -> None:
        roll = self._dice.random()
        self.struck += roll < 0.15
        if roll < 0.10:
            raise errors.Unreachable(LOST)
        if roll < 0.15 and request.method != "GET":
            raise Refused(500, "InternalError", "not now")
        if roll < 0.20 and request.method == "PATCH":
            raise Refused(409, "Conflict", "somebody was faster")

    def lose_answer(self, request) -> None:
        if self._dice.random() < 0.10:
            raise errors.Unreachable(LOST)

    def gust(self) -> None:
        if self._dice.random() < 0.3:
            self._world.api.store.compact()
        self._world.api.store.interrupt()


@pytest.mark.parametrize("seed", range(4))
async def test_a_deployment_arrives_through_any_weather(running, seed):
    async with running("deployment", "replicaset", "garbage") as world:
        weather = Weather(world, seed)
        await world.client.create(kinds.DEPLOYMENTS, deployment(replicas=5), "default")
        for number in range(2, 5):
            world.api.intercept, world.api.deliver = weather, weather.lose_answer
            for _ in range(10):
                await world.clock.advance(1)
                weather.gust()
            world.api.intercept = world.api.deliver = lambda request: None
            await world.make_ready()
            patch = {"spec": {"template": template(f"web:{number}", app="web"), "replicas": number + 2}}
            await world.client.patch(kinds.DEPLOYMENTS, KEY, patch)
        for _ in range(60):
            await world.clock.advance(20)
            await world.make_ready()
        running_pods = [pod for pod in world.pods() if "deletionTimestamp" not in pod["metadata"]]
        assert [pod["spec"]["containers"][0]["image"] for pod in running_pods] == ["web:4"] * 6
        revisions = {
            one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: one["spec"]["replicas"]
            for one in world.api.everything(kinds.REPLICASETS)
        }
        assert max(revisions, key=int) == max((key for key, size in revisions.items() if size), key=int)
        assert sorted(revisions.values())[:-1] == [0] * (len(revisions) - 1)
        assert weather.struck > 10
        await world.client.delete(kinds.DEPLOYMENTS, KEY)
        await world.clock.advance(60)
        assert (world.names(kinds.REPLICASETS), world.names(kinds.PODS)) == ([], [])


@pytest.mark.parametrize("seed", range(4))
async def test_a_job_counts_each_end_once_in_any_weather(running, seed):
    async with running("job", "podgc") as world:
        weather = Weather(world, seed)
        labels = {"job": "work"}
        spec = {
            "completions": 6,
            "parallelism": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main"}]}},
        }
        await world.client.create(kinds.JOBS, {"metadata": {"name": "work"}, "spec": spec}, "default")
        ended = 0
        for _ in range(60):
            world.api.intercept, world.api.deliver = weather, weather.lose_answer
            await world.clock.advance(5)
            weather.gust()
            world.api.intercept = world.api.deliver = lambda request: None
            if active := [pod for pod in world.pods() if pod["status"]["phase"] == "Pending"]:
                await world.set_status(active[0], phase="Succeeded")
                ended += 1
        await world.clock.advance(400)
        status = world.one(kinds.JOBS, "work")["status"]
        assert weather.struck > 3
        assert status["succeeded"] == ended == 6
        assert status["conditions"][-1]["type"] == "Complete"
        assert all(not pod["metadata"].get("finalizers") for pod in world.pods())
