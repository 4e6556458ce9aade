"""Everything above the node under random changes: what must always hold, and what must hold once there is quiet.

`make test` changes little; `make test-churn` goes on for hours of the cluster's time. The dice say their seed when
something does not hold.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from podvisor import apiserver, controllers, scheduler, sdk
from podvisor.apiserver import access
from podvisor.base import tasks
from podvisor.sdk import kinds
from podvisor.sdk.objects.core import Pod
from podvisor.store import embedded
from podvisor.testing.clock import VirtualClock, settle
from podvisor.testing.fake_node import FakeNode
from podvisor.testing.memory_journal import MemoryJournal
from podvisor.types import amounts

ROUNDS = int(os.environ.get("PODVISOR_CHURN", "12"))
"""How many changes are made."""
SEED = int(os.environ.get("PODVISOR_SEED", "1"))
QUIET = 400
"""How many looks quiet may take to come."""
NAMESPACE = "churn"
QUOTA, BUDGET = 12, 2
"""How many pods there may be, and how many of a Deployment have to stay."""
NAMES = ("a", "b", "c")
BOUNDED = "deployment-a"
"""The Deployment that has a budget."""
FATE = "testing.podvisor.dev/exit-code"
Json = dict[str, Any]


def ends(pod: Pod) -> int | None:
    code = pod.metadata.annotations.get(FATE)
    return int(code) if code else None


def template(name: str, fate: int | None = None) -> Json:
    annotations = {} if fate is None else {FATE: str(fate)}
    container = {"name": "main", "image": "x", "resources": {"requests": {"cpu": "10m"}}}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    return {"metadata": {"labels": {"app": name}, "annotations": annotations}, "spec": spec}


def replicated(name: str, dice: random.Random) -> Json:
    selector = {"matchLabels": {"app": name}}
    return {"replicas": dice.randint(0, 5), "selector": selector, "template": template(name)}


def job(name: str, dice: random.Random) -> Json:
    wanted = template(name, dice.choice((0, 0, 1)))
    wanted["spec"]["restartPolicy"] = "Never"
    return {"completions": dice.randint(1, 4), "parallelism": 2, "backoffLimit": 1, "template": wanted}


def autoscaler(name: str, dice: random.Random) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": BOUNDED}
    return {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": dice.randint(1, 4)}


MAKERS: dict[sdk.Resource[Any], tuple[str, Callable[[str, random.Random], Json]]] = {
    kinds.DEPLOYMENTS: ("deployment", replicated),
    kinds.REPLICASETS: ("replicaset", replicated),
    kinds.STATEFULSETS: ("statefulset", lambda name, dice: replicated(name, dice) | {"serviceName": name}),
    kinds.DAEMONSETS: (
        "daemonset",
        lambda name, dice: {key: value for key, value in replicated(name, dice).items() if key != "replicas"},
    ),
    kinds.JOBS: ("job", job),
    kinds.HORIZONTALPODAUTOSCALERS: ("autoscaler", autoscaler),
}


@dataclass
class Churn:
    """A cluster that is changed at random."""

    client: sdk.Client
    clock: VirtualClock
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter[str])

    async def pass_time(self, seconds: float) -> None:
        """Let time go by; the store has a thread of its own, which is given a moment."""
        await self.clock.advance(seconds)
        for _ in range(3):
            await asyncio.sleep(0.001)
            await settle(40)

    async def change(self) -> None:
        """One random change. That somebody else was faster, or a quota is full, is part of the game."""
        resource = self.dice.choice(list(MAKERS))
        stem, make = MAKERS[resource]
        key = sdk.Key(NAMESPACE, f"{stem}-{self.dice.choice(NAMES)}")
        what = self.dice.choice(("create", "create", "create", "scale", "delete", "evict", "kill"))
        with suppress(sdk.errors.ApiError):
            match what:
                case "create":
                    await self.client.create(
                        resource.raw, {"metadata": {"name": key.name}, "spec": make(key.name, self.dice)}, NAMESPACE
                    )
                case "scale" if resource in (kinds.DEPLOYMENTS, kinds.REPLICASETS, kinds.STATEFULSETS):
                    await self.client.patch(resource, key, {"spec": {"replicas": self.dice.randint(0, 6)}})
                case "delete":
                    policy = self.dice.choice(("Background", "Foreground"))
                    await self.client.delete(resource, key, sdk.DeleteOptions(propagation_policy=policy))
                case "evict":
                    await self._evict()
                case _:
                    await self._kill()
            self.done[what] += 1

    async def _pod(self) -> Json | None:
        pods = await self.pods()
        return self.dice.choice(pods) if pods else None

    async def _evict(self) -> None:
        """Whoever is evicted leaves as many behind as the budget says, where the budget knows what there is."""
        await self.pass_time(2)
        if (pod := await self._pod()) is not None:
            name = pod["metadata"]["name"]
            healthy = _is_healthy(pod)
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            options = sdk.WriteOptions(subresource="eviction")
            await self.client.create(kinds.PODS.raw, eviction, NAMESPACE, name=name, options=options)
            self.done["evicted"] += 1
            if healthy and pod["metadata"]["labels"]["app"] == BOUNDED:
                left = [one for one in await self.pods() if one["metadata"]["labels"]["app"] == BOUNDED]
                assert sum(map(_is_healthy, left)) >= BUDGET

    async def _kill(self) -> None:
        if (pod := await self._pod()) is not None:
            key = sdk.Key(NAMESPACE, pod["metadata"]["name"])
            await self.client.patch(kinds.PODS, key, {"status": {"phase": "Failed"}}, sdk.STATUS)

    async def pods(self) -> list[Json]:
        return (await self.client.list(kinds.PODS.raw, sdk.Selection(NAMESPACE))).items

    async def check_always(self) -> None:
        """What holds at every moment."""
        pods = await self.pods()
        counted = [pod for pod in pods if pod["status"].get("phase") not in ("Succeeded", "Failed")]
        assert len(counted) <= QUOTA
        quota = await self.client.get(kinds.RESOURCEQUOTAS.raw, "pods", NAMESPACE)
        used = amounts.parse(quota.get("status", {}).get("used"))
        assert used["pods"].value <= QUOTA
        for pod in pods:
            owners = pod["metadata"].get("ownerReferences", ())
            assert sum(bool(one.get("controller")) for one in owners) == 1, pod["metadata"]["name"]

    async def wrongs(self) -> list[str]:
        """What does not hold that must once there is quiet."""
        found: list[str] = []
        uids: dict[str, str] = {}
        listed: dict[str, list[Json]] = {}
        for resource in MAKERS:
            listed[resource.kind] = (await self.client.list(resource.raw, sdk.Selection(NAMESPACE))).items
            uids |= {one["metadata"]["uid"]: one["metadata"]["name"] for one in listed[resource.kind]}
        pods = await self.pods()
        for thing in (*pods, *listed["ReplicaSet"]):
            for owner in thing["metadata"].get("ownerReferences", ()):
                if owner["uid"] not in uids:
                    found.append(f"{thing['metadata']['name']} is an orphan of {owner['name']}")
        for kind in ("ReplicaSet", "StatefulSet"):
            found += [text for one in listed[kind] if (text := _miscounted(one, pods))]
        found += [f"{one['metadata']['name']} ends and ends" for one in pods if "deletionTimestamp" in one["metadata"]]
        return found


def _is_healthy(pod: Json) -> bool:
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))
    return ready and pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]


def _miscounted(owner: Json, pods: list[Json]) -> str:
    """Too many pods are wrong; too few may be all that the quota allows."""
    uid, wanted = owner["metadata"]["uid"], owner["spec"]["replicas"]
    own = [
        pod
        for pod in pods
        if any(one["uid"] == uid for one in pod["metadata"].get("ownerReferences", ()))
        and pod["status"].get("phase") not in ("Succeeded", "Failed")
    ]
    full = len([pod for pod in pods if pod["status"].get("phase") not in ("Succeeded", "Failed")]) >= QUOTA
    if len(own) > wanted or (len(own) < wanted and not full):
        return f"{owner['metadata']['name']} has {len(own)} pods of {wanted}"
    return ""


@pytest.fixture
async def churn() -> AsyncGenerator[Churn]:
    clock = VirtualClock()
    async with embedded.running(MemoryJournal(), clock=clock) as store:
        allowed = access.Access([access.ClientCertificates(), access.Tokens()])
        api = apiserver.Api(apiserver.Settings(), store, allowed, clock)
        async with api.running(), tasks.background() as scope:
            client = sdk.Client(sdk.InProcess(api, access.User("churn", ["system:masters"])), clock=clock)
            scope.start(controllers.run(client, controllers.Settings(root_authority="PEM"), clock))
            scope.start(scheduler.run(client, scheduler.Settings(), clock))
            for name in ("n1", "n2"):
                scope.start(FakeNode(client, clock, name, ends=ends).run())
            made = Churn(client, clock, random.Random(SEED))
            await client.create(kinds.NAMESPACES, {"metadata": {"name": NAMESPACE}})
            quota = {"metadata": {"name": "pods"}, "spec": {"hard": {"pods": str(QUOTA)}}}
            await client.create(kinds.RESOURCEQUOTAS, quota, NAMESPACE)
            budget = {"minAvailable": BUDGET, "selector": {"matchLabels": {"app": BOUNDED}}}
            await client.create(kinds.PODDISRUPTIONBUDGETS, {"metadata": {"name": "b"}, "spec": budget}, NAMESPACE)
            for _ in range(20):
                await made.pass_time(1)
            yield made


async def test_what_must_hold_holds_under_churn(churn: Churn):
    for _ in range(ROUNDS):
        await churn.change()
        await churn.pass_time(churn.dice.choice((0.1, 1, 5, 20)))
        await churn.check_always()
    wrongs: list[str] = []
    for _ in range(QUIET):
        await churn.pass_time(10)
        await churn.check_always()
        if not (wrongs := await churn.wrongs()):
            break
    assert not wrongs, f"seed {SEED}: {wrongs} after {dict(churn.done)}"
    assert churn.done["create"] > 0
