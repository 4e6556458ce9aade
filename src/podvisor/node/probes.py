"""Asking a probe in its own rhythm until its thresholds decide.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from podvisor.node import actions, objects
from podvisor.node.actions import Target, Unsuccessful


@dataclass(slots=True)
class Tally:
    """Answers in a row, against a probe's thresholds."""

    probe: objects.Probe
    succeeded: int = 0
    failed: int = 0

    def note(self, *, success: bool) -> bool | None:
        """After one more answer: what the probe says by now, or None while it is still undecided."""
        self.succeeded = self.succeeded + 1 if success else 0
        self.failed = 0 if success else self.failed + 1
        if self.succeeded >= self.probe.success_threshold:
            return True
        return False if self.failed >= self.probe.failure_threshold else None


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a probe tells. Called on the event loop; must not block."""

    decided: Callable[[bool], None]
    """The thresholds are met, for the better or the worse; called again with every answer that keeps it so."""
    unhealthy: Callable[[str], None]
    """A single answer was no; the text says why."""
    warned: Callable[[str], None]
    """A single answer was yes, and odd; the text says how."""
    answered: Callable[[bool], None] = lambda success: None
    """A single answer was yes or no."""


async def ask(probe: objects.Probe, target: Target, listener: Listener, *, until_success: bool = False) -> None:
    """Ask until cancelled, or until the probe says yes. One that decides against the container begins anew."""
    clock, tally = target.clock, Tally(probe)
    await clock.sleep(probe.initial_delay_seconds)
    while True:
        success = await _answer(probe, target, listener)
        listener.answered(success)
        verdict = tally.note(success=success)
        if verdict is not None:
            listener.decided(verdict)
            tally = tally if verdict else Tally(probe)
        if verdict and until_success:
            return
        await clock.sleep(probe.period_seconds)


async def _answer(probe: objects.Probe, target: Target, listener: Listener) -> bool:
    waited: list[str] = []
    try:
        async with target.clock.timeout(probe.timeout_seconds):
            telling = probe.http_get or probe.grpc
            await actions.perform(probe, replace(target, late=waited.append) if telling else target)
    except TimeoutError:
        listener.unhealthy(waited[0] if waited else _late(probe, target))
        return False
    except actions.Doubtful as doubt:
        listener.warned(str(doubt))
    except Unsuccessful as error:
        listener.unhealthy(str(error))
        return False
    return True


def _late(probe: objects.Probe, target: Target) -> str:
    """What the kubelet says of a probe that took too long."""
    if probe.exec is not None:
        return f'command timed out: "{" ".join(probe.exec.command)}" timed out after {probe.timeout_seconds}s'
    if probe.tcp_socket is not None:
        port = actions.port_number(probe.tcp_socket.port, target.container)
        return f"dial tcp {probe.tcp_socket.host or target.address}:{port}: i/o timeout"
    return f"timed out after {probe.timeout_seconds}s"
