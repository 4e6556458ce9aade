"""Where the time of one pod goes: a cluster in this process, whose steps are timed as they happen.

The steps overlap those of the API's clients only where the pod itself waits for them, so that their sum is close to
the whole; `elsewhere` is what none of them covers: watches, decoding, and waiting for the event loop.
"""

from __future__ import annotations

import asyncio
import functools
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.cluster import server
from podvisor.cluster.settings import Settings
from podvisor.cluster.steps import Steps
from podvisor.node.pod_sandbox import PodSandbox
from podvisor.sandbox.driver import Sandbox
from podvisor.sdk.objects.core import Pod

CLOCK = SystemClock()
WARM_UP = 5
Spans = dict[str, float]

STEPS: tuple[tuple[type, str, str], ...] = (
    (PodSandbox, "surroundings", "volumes and token"),
    (Sandbox, "__aenter__", "kernel spawned"),
    (Sandbox, "create", "create"),
    (Sandbox, "volume", "volume"),
    (Sandbox, "reach", "reach"),
    (Sandbox, "start", "start"),
)
"""Which methods are timed, and what their time is called."""


async def of_a_pod(spec: Mapping[str, Any], count: int) -> str:
    """The median milliseconds of each step over some pods, as one line."""
    found: list[Spans] = []
    with tempfile.TemporaryDirectory(prefix="podvisor-bench-") as place, _timed() as spent:
        settings = Settings(data_dir=Path(place), port=0)
        async with server.running(settings, CLOCK, Steps(lambda _: None, CLOCK)) as running:
            access = sdk.kubeconfig.load([running.directory.admin_kubeconfig]).access
            client = sdk.Client(sdk.HttpTransport(access))
            key = sdk.Key("default", "default")
            await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, key, lambda one: one is not None, CLOCK, 30)
            for number in range(WARM_UP + count):
                spent.clear()
                found.append(await _one(client, spec, f"pod-{number}", spent))
            await client.close()
    names = dict.fromkeys(name for spans in found for name in spans)
    medians = {name: median(spans.get(name, 0.0) for spans in found[WARM_UP:]) for name in names}
    return ", ".join(f"{name} {1000 * seconds:.1f}" for name, seconds in medians.items())


async def _one(client: sdk.Client, spec: Mapping[str, Any], name: str, spent: Spans) -> Spans:
    """Create a pod and follow it; the seconds of each step."""
    listed = await client.list(sdk.kinds.PODS, sdk.Selection("default"))
    began = time.perf_counter()
    marks = asyncio.create_task(_marks(client, listed.metadata.resource_version, name))
    await client.create(sdk.kinds.PODS, {"metadata": {"name": name}, "spec": spec}, "default")
    created = time.perf_counter()
    bound, running = await marks
    whole = running - began
    known = {"API create": created - began, "scheduled": max(bound - created, 0.0), **spent}
    return {**known, "elsewhere": whole - sum(known.values()), "whole": whole}


async def _marks(client: sdk.Client, since: str, name: str) -> tuple[float, float]:
    """When a watch saw the pod bound, and when Running."""
    bound = 0.0
    selection = sdk.Selection("default", fields=f"metadata.name={name}")
    async for change in client.watch(sdk.kinds.PODS, since, selection):
        if isinstance(change, sdk.Changed):
            pod: Pod = change.object
            bound = bound or (time.perf_counter() if pod.spec.node_name else 0.0)
            if pod.status.phase == "Running":
                return bound, time.perf_counter()
    raise SystemExit("the watch ended before the pod ran")


@contextmanager
def _timed() -> Generator[Spans]:
    """Let every step add its time to the spans that are handed out."""
    spent: Spans = {}
    originals = [(owner, method, getattr(owner, method)) for owner, method, _ in STEPS]
    for owner, method, name in STEPS:
        setattr(owner, method, _timing(getattr(owner, method), name, spent))
    try:
        yield spent
    finally:
        for owner, method, original in originals:
            setattr(owner, method, original)


def _timing(original: Callable[..., Any], name: str, spent: Spans) -> Callable[..., Any]:
    @functools.wraps(original)
    async def timed(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return await original(*arguments, **options)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - began

    return timed
