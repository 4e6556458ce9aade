"""Watching over a running container with its probes, from its start to its end.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/: as long as the startup probe
has not succeeded the others are not asked; liveness and startup end the container, readiness only hides it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from podvisor.node import objects, probes
from podvisor.node.actions import Target


@dataclass(frozen=True, slots=True)
class Watcher:
    """Whom to tell. Called on the event loop; must not block."""

    started: Callable[[], None]
    ready: Callable[[bool], None]
    unhealthy: Callable[[str], None]
    """A probe's single answer was no; the text says which and why."""
    warned: Callable[[str], None]
    """A probe's single answer was yes, and odd; the text says which and how."""
    kill: Callable[[str, int | None], None]
    """The container is to be ended, within a grace period in seconds or the pod's own."""
    answered: Callable[[str, bool], None]
    """A probe of this kind was asked once; whether its answer was yes."""


async def watch(described: objects.Container, target: Target, watcher: Watcher) -> None:
    """Ask the probes until cancelled; returns once there is nothing more to ask."""
    if (startup := described.startup_probe) is not None:
        await probes.ask(startup, target, _killing("startup", described, startup, watcher), until_success=True)
    watcher.started()
    async with asyncio.TaskGroup() as group:
        if (liveness := described.liveness_probe) is not None:
            group.create_task(probes.ask(liveness, target, _killing("liveness", described, liveness, watcher)))
        if (readiness := described.readiness_probe) is None:
            watcher.ready(True)
        else:
            group.create_task(probes.ask(readiness, target, _hiding(watcher)))


def _killing(kind: str, described: objects.Container, probe: objects.Probe, watcher: Watcher) -> probes.Listener:
    def decided(healthy: bool) -> None:
        if not healthy:
            why = f"Container {described.name} failed {kind} probe, will be restarted"
            watcher.kill(why, probe.termination_grace_period_seconds)

    return _listener(kind.capitalize(), decided, watcher)


def _hiding(watcher: Watcher) -> probes.Listener:
    return _listener("Readiness", watcher.ready, watcher)


def _listener(kind: str, decided: Callable[[bool], None], watcher: Watcher) -> probes.Listener:
    return probes.Listener(
        decided,
        unhealthy=lambda text: watcher.unhealthy(f"{kind} probe failed: {text}"),
        warned=lambda text: watcher.warned(f"{kind} probe warning: {text}"),
        answered=lambda success: watcher.answered(kind, success),
    )
