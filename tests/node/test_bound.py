"""The workers of a node, by what its informer says of their pods."""

import asyncio
import importlib
from typing import Any, cast

import pytest

from podvisor.base import tasks
from podvisor.node import objects
from podvisor.node.addresses import Addresses
from podvisor.sdk.objects.meta import ObjectMeta
from podvisor.testing.clock import settle


class Worker:
    """Remembers what it was told, and never ends."""

    def __init__(self, node: object, pod: objects.Pod, scope: object) -> None:
        self.pod, self.told, self.runtime = pod, list[objects.Pod | None](), self
        made.append(self)

    def update(self, pod: objects.Pod | None) -> None:
        self.told.append(pod)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None: ...


made: list[Worker] = []


async def test_pod_that_changes_before_its_worker_has_begun_gets_one_worker_that_hears_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made.clear()
    run = importlib.import_module("podvisor.node.run")
    monkeypatch.setattr(run, "Worker", Worker)
    pod = objects.Pod(metadata=ObjectMeta(uid="u"), spec=objects.PodSpec(containers=[]))
    async with tasks.background() as scope:
        pods = run.Pods(cast("Any", None), scope)
        pods.changed(None, pod)
        pods.changed(pod, pod)
        pods.changed(pod, None)
        await settle()
        assert [one.told for one in made] == [[pod, None]]


def test_address_that_a_status_claims_is_given_only_where_it_is_one_of_ours_and_free() -> None:
    addresses = Addresses("10.42.0.0/29")
    assert addresses.give("a", "10.42.0.4") == "10.42.0.4"
    assert [
        addresses.give(uid, wanted) for uid, wanted in (("b", "10.42.0.4"), ("c", "nonsense"), ("d", "192.0.2.1"))
    ] == [
        "10.42.0.2",
        "10.42.0.3",
        "10.42.0.5",
    ]
