"""The pods that run while a cluster's processes are killed: two of a Deployment, and one that is never restarted."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from podvisor import sdk

Json = dict[str, Any]
Pods = Mapping[str, Json]
"""By uid."""
PODS = sdk.kinds.PODS.raw
DEPLOYMENTS = sdk.kinds.DEPLOYMENTS.raw
PATIENCE = 60.0
"""Seconds after which a pod counts as lost."""
REPLICAS = 2
SCRIPT = "trap 'exit 0' TERM; (trap '' TERM; while :; do sleep 1000; done) & sleep 1000 & wait"
LABELS = {"app": "kept"}
SINGLE = sdk.Key("default", "once")


def _spec(restart: str) -> Json:
    container = {"name": "main", "image": "host", "command": ["sh", "-c", SCRIPT]}
    return {"restartPolicy": restart, "automountServiceAccountToken": False, "containers": [container]}


async def create(client: sdk.Client) -> None:
    """Make the Deployment, and the pod that is never restarted, where they are not there."""
    template = {"metadata": {"labels": LABELS}, "spec": _spec("Always")}
    spec = {"replicas": REPLICAS, "selector": {"matchLabels": LABELS}, "template": template}
    with suppress(sdk.errors.AlreadyExists):
        await client.create(DEPLOYMENTS, {"metadata": {"name": "kept"}, "spec": spec}, "default")
    with suppress(sdk.errors.AlreadyExists):
        await client.create(PODS, {"metadata": {"name": SINGLE.name}, "spec": _spec("Never")}, SINGLE.namespace)


async def renew(client: sdk.Client) -> None:
    """Have others in the place of those that ended: the next end would make them wait (CrashLoopBackOff)."""
    pods = (await client.list(PODS, sdk.Selection("default"))).items
    ended = {pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in pods if restarts(pod) or failed(pod)}
    for uid, name in ended.items():
        await client.delete(PODS, sdk.Key("default", name), sdk.DeleteOptions(uid=uid))
    await until(client, lambda now: ended.keys().isdisjoint(now))


def is_single(pod: Json) -> bool:
    return bool(pod["metadata"]["name"] == SINGLE.name)


def restarts(pod: Json) -> int:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))


def runs(pod: Json) -> bool:
    """Whether all containers of a pod that stays run."""
    states = [one["state"] for one in pod["status"].get("containerStatuses", ())]
    return bool(states) and all("running" in state for state in states) and "deletionTimestamp" not in pod["metadata"]


def failed(pod: Json) -> bool:
    return bool(pod["status"]["phase"] == "Failed")


def all_run(pods: Pods) -> bool:
    """Whether everything that was made runs."""
    return len(pods) == REPLICAS + 1 and all(map(runs, pods.values()))


async def until(client: sdk.Client, wanted: Callable[[Pods], bool]) -> Pods:
    """The pods as soon as they are as wanted."""
    pods: dict[str, Json] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            await _follow(client, pods, wanted)
    except TimeoutError:
        states = {pod["metadata"]["name"]: pod["status"] for pod in pods.values()}
        raise AssertionError(f"after {PATIENCE:g} s the pods are still not as wanted: {states}") from None
    return pods


async def _follow(client: sdk.Client, pods: dict[str, Json], wanted: Callable[[Pods], bool]) -> None:
    listed = await client.list(PODS, sdk.Selection("default"))
    pods.update((pod["metadata"]["uid"], pod) for pod in listed.items)
    changes = client.watch(PODS, listed.metadata.resource_version, sdk.Selection("default"))
    while not wanted(pods):
        change = await anext(changes)
        if isinstance(change, sdk.Changed):
            uid = change.object["metadata"]["uid"]
            pods[uid] = change.object
            if change.type is sdk.WatchType.DELETED:
                del pods[uid]
