"""Where the time of one pod goes: a cluster in this process, whose steps are timed as they happen.

The steps overlap those of the API's clients only where the pod itself waits for them, so that their sum is close to
the whole; `elsewhere` is what none of them covers: watches, decoding, and waiting for the event loop.
"""

from __future__ import annotations

import asyncio
import functools
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.cluster import server
from podvisor.cluster.settings import Settings
from podvisor.cluster.steps import Steps
from podvisor.node.pod_sandbox import PodSandbox
from podvisor.node.worker import Worker
from podvisor.sandbox.driver import Sandbox
from podvisor.sdk.objects.core import Pod

CLOCK = SystemClock()
WARM_UP = 5
VOLUMES, REPORT = "volumes and token", "status written"
STEPS: tuple[tuple[type, str, str], ...] = (
    (PodSandbox, "surroundings", VOLUMES),
    (Sandbox, "__aenter__", "kernel spawned"),
    (Sandbox, "create", "create"),
    (Sandbox, "volume", "volumes in the kernel"),
    (Sandbox, "reach", "reach"),
    (Sandbox, "start", "start"),
    (Worker, "_report", REPORT),
)
"""Which methods are timed, and what their time is called."""
Spans = dict[str, float]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a timed method."""

    name: str
    began: float
    ended: float


async def of_a_pod(spec: Mapping[str, Any], count: int) -> str:
    """The median milliseconds of each step over some pods, as one line."""
    found: list[Spans] = []
    with tempfile.TemporaryDirectory(prefix="podvisor-bench-") as place, _timed() as calls:
        settings = Settings(data_dir=Path(place), port=0)
        async with server.running(settings, CLOCK, Steps(lambda _: None, CLOCK)) as running:
            access = sdk.kubeconfig.load([running.directory.admin_kubeconfig]).access
            client = sdk.Client(sdk.HttpTransport(access))
            key = sdk.Key("default", "default")
            await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, key, lambda one: one is not None, CLOCK, 30)
            for number in range(WARM_UP + count):
                calls.clear()
                found.append(await _one(client, spec, f"pod-{number}", calls))
            await client.close()
    names = dict.fromkeys(name for spans in found for name in spans)
    medians = {name: median(spans.get(name, 0.0) for spans in found[WARM_UP:]) for name in names}
    return ", ".join(f"{name} {1000 * seconds:.1f}" for name, seconds in medians.items())


async def _one(client: sdk.Client, spec: Mapping[str, Any], name: str, calls: list[Call]) -> Spans:
    """Create a pod and follow it; the seconds of each step."""
    listed = await client.list(sdk.kinds.PODS, sdk.Selection("default"))
    began = time.perf_counter()
    marks = asyncio.create_task(_marks(client, listed.metadata.resource_version, name))
    await client.create(sdk.kinds.PODS, {"metadata": {"name": name}, "spec": spec}, "default")
    created = time.perf_counter()
    bound, running = await marks
    known = {"API create": created - began, "scheduled": max(bound - created, 0.0), **_steps(calls, bound, running)}
    whole = running - began
    return {**known, "elsewhere": whole - sum(known.values()), "whole": whole}


def _steps(calls: Sequence[Call], bound: float, running: float) -> Spans:
    """The node's share; a status counts from when it was begun until the watch saw it."""
    first = min(call.began for call in calls if call.name == VOLUMES)
    spans = {"node saw it": max(first - bound, 0.0)}
    for call in calls:
        if call.began < running:
            spans[call.name] = spans.get(call.name, 0.0) + min(call.ended, running) - call.began
    return spans


async def _marks(client: sdk.Client, since: str, name: str) -> tuple[float, float]:
    """When a watch saw the pod bound, and when Running."""
    bound = 0.0
    selection = sdk.Selection("default", fields=f"metadata.name={name}")
    async for change in client.watch(sdk.kinds.PODS, since, selection):
        if isinstance(change, sdk.Changed):
            pod: Pod = change.object
            bound = bound or (time.perf_counter() if pod.spec.node_name else 0.0)
            if pod.status.phase == "Running":
                seen = time.perf_counter()
                await CLOCK.sleep(0.05)  # the call that wrote this is to end and be noted as well
                return bound, seen
    raise SystemExit("the watch ended before the pod ran")


@contextmanager
def _timed() -> Generator[list[Call]]:
    """Let every step note its calls in the list that is handed out."""
    calls: list[Call] = []
    originals = [(owner, method, getattr(owner, method)) for owner, method, _ in STEPS]
    for owner, method, name in STEPS:
        setattr(owner, method, _timing(getattr(owner, method), name, calls))
    try:
        yield calls
    finally:
        for owner, method, original in originals:
            setattr(owner, method, original)


def _timing(original: Callable[..., Any], name: str, calls: list[Call]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def timed(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return await original(*arguments, **options)
        finally:
            calls.append(Call(name, began, time.perf_counter()))

    return timed
