"""Pods per second through the scheduler, against the API in memory.

    python benches/scheduler.py [--pods 1000] [--nodes 1 100 1000]

Two figures for each number of nodes: the decisions alone (filter, score, assume), and the whole way from a created pod
to a bound one, API in memory and informers included. Both per second of one core's time, so that what else the machine
does matters little. kube-scheduler's published CI threshold is 680
pods/s with 5,000 nodes (SchedulingBasic, a real API server and etcd, many cores): not the same thing, but the scale.
"""

import argparse
import asyncio
import time
from typing import Any

import uvloop

from podvisor import scheduler, sdk
from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.scheduler.cycle import Cycle, Unschedulable
from podvisor.scheduler.state import PodInfo, State
from podvisor.sdk import codec, kinds
from podvisor.sdk.objects.core import Node, Pod
from podvisor.testing.memory import MemoryApi


def node(number: int) -> dict[str, Any]:
    name = f"node-{number}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number % 3}"}
    allocatable = {"cpu": "1000", "memory": "4000Gi", "ephemeral-storage": "1000Gi", "pods": "100000"}
    return {"metadata": {"name": name, "labels": labels}, "spec": {}, "status": {"allocatable": allocatable}}


def pod(number: int) -> dict[str, Any]:
    container = {"name": "main", "image": "web", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    return {"metadata": {"name": f"pod-{number}", "labels": {"app": "web"}}, "spec": {"containers": [container]}}


def decisions(nodes: int, pods: int) -> float:
    """Decisions per second."""
    state = State()
    for number in range(nodes):
        state.set_node(codec.decode(codec.encode(node(number)), Node))
    waiting = [codec.decode(codec.encode(pod(number)), Pod) for number in range(pods)]
    cycle = Cycle(state)
    started = time.process_time()
    for number, one in enumerate(waiting):
        one.metadata.uid = str(number)
        info = PodInfo(one)
        chosen = cycle.decide(info)
        assert not isinstance(chosen, Unschedulable)
        state.place(info, chosen.name)
    return pods / (time.process_time() - started)


async def bound(nodes: int, pods: int) -> float:
    """Pods bound per second, from a backlog."""
    clock = SystemClock()
    api = MemoryApi(clock)
    for number in range(nodes):
        api.add(kinds.NODES, node(number))
    for number in range(pods):
        api.add(kinds.PODS, pod(number) | {"status": {"phase": "Pending"}})
    client = sdk.Client(api, clock=clock)
    version = str(api.store.version)
    async with tasks.background() as scope:
        started = time.process_time()
        scope.start(scheduler.run(client, scheduler.Settings(), clock))
        left = pods
        async for change in client.watch(kinds.PODS, version):
            left -= isinstance(change, sdk.Changed) and bool(change.object.spec.node_name)
            if not left:
                break
        return pods / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 100, 1000])
    options = parser.parse_args()
    uvloop.install()
    for nodes in options.nodes:
        alone, whole = decisions(nodes, options.pods), asyncio.run(bound(nodes, options.pods))
        print(f"{nodes:6} nodes: {alone:9,.0f} decisions/s {whole:9,.0f} pods bound/s")


if __name__ == "__main__":
    main()
