"""The containers of one pod as they run: starting them, watching over them, ending them.

Decides nothing about when: `worker` asks, by the plan. Keeps `containers`, the states that the plan looks at, and sets
the worker's event whenever one of them has changed by itself.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from podvisor.base import tasks
from podvisor.node import (
    actions,
    containers,
    crashes,
    logchoice,
    objects,
    pipes,
    pod_sandbox,
    recovery,
    status,
    supervision,
    telling,
)
from podvisor.node.errors import NotStartable
from podvisor.node.host import Node
from podvisor.node.images import Image
from podvisor.node.logs import Log, keeper, log_path, prune
from podvisor.node.messages import termination_message
from podvisor.node.states import Container, Running, Terminated, Waiting
from podvisor.node.stopping import MINIMUM, Patience
from podvisor.sandbox import driver, spec
from podvisor.sandbox import errors as sandbox_errors

LOST = 137
"""The exit code of a container whose kernel is gone."""
START_ERROR = 128
KILL_SECONDS = 10.0
"""How long a kernel may take to kill a container before it is killed itself: nothing outlives its pod."""
UNRESPONSIVE = "SandboxUnresponsive"
"""Why containers end whose kernel no longer answered: the reason of their state, and of the event."""
_RUNC = "failed to create task: OCI runtime create failed: unable to start container process"


@dataclass(slots=True)
class Live:
    """A container that runs."""

    described: objects.Container
    image: Image
    sandbox: driver.Sandbox
    running: driver.Running
    log: Log
    stdin: pipes.Writer | None
    watching: asyncio.Task[None] | None = None
    stopping: Patience | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its end is in its state and all that it wrote is in its log."""


class Runtime:
    """What of a pod is on this machine."""

    def __init__(
        self, node: Node, pod: objects.Pod, known: dict[str, Container], changed: asyncio.Event, scope: tasks.Scope
    ) -> None:
        self.pod = pod
        self.containers = known
        self.live: dict[str, Live] = {}
        self.box = pod_sandbox.PodSandbox(node, pod)
        self.pace = node.pace
        self._node = node
        self._changed = changed
        self._scope = scope

    async def recall(self) -> None:
        """Go on with the crash counts of an earlier process of the node."""
        counts, now = await asyncio.to_thread(crashes.read, self.box.directory), self._node.clock.now()
        for name, one in self.containers.items():
            self.containers[name] = recovery.recall(one, counts.get(name, 0), now)

    async def start(self, name: str) -> None:
        """Start a container, its hook included. A failure becomes its state, to be tried again when that says.

        Where the pod's kernel has ended unseen nothing is started: what comes first is to be planned anew.
        """
        if await self._has_lost_kernel("podvisor-sandbox has ended"):
            return
        described, one = self.pod.container(name), self.containers[name]
        try:
            live = await self._launch(described, one)
        except NotStartable as error:
            self.containers[name] = one.held(error.reason, error.message, self._node.clock.now(), error.backoff)
            for reason, message in error.warnings:
                self._warn("" if error.of_pod else name, reason, message)
        except (sandbox_errors.SandboxError, OSError) as error:
            now, text = self._node.clock.now(), f"{_RUNC}: {error}"
            identity = logchoice.identity(self.pod, name, one.runs)
            end = Terminated(START_ERROR, "StartError", now, now, text, identity)
            self.containers[name] = one.failed_to_start(now, identity, end)
            self._warn(name, "Failed", f"Error: {text}")
            await self._has_lost_kernel(str(error))
            await self._keep_crashes()
        else:
            await self._after_start(live)

    async def stop(self, name: str, patience: Patience, why: str) -> None:
        """End a container: its preStop hook and SIGTERM while the patience lasts, then SIGKILL."""
        if (live := self.live.get(name)) is None:
            return
        with suppress(sandbox_errors.SandboxError):
            if live.stopping is None:
                live.stopping = patience
                self._tell(name, "Killing", why)
                await self._before_stop(live, patience)
                live.sandbox.post_signal(name, live.running.pid, live.image.execution.stop_number)
                await tasks.first(live.over.wait(), patience.over(at_least=MINIMUM))
            else:
                await tasks.first(live.over.wait(), patience.over())
                live.stopping.shorten(0)
                await tasks.first(live.over.wait(), patience.over(at_least=MINIMUM))
            if not live.running.exited.done():
                await self._kill(live)
        await live.over.wait()

    async def _kill(self, live: Live) -> None:
        """End a container at once; where its kernel does not come to it in time, the kernel and all in it."""
        name = live.described.name
        try:
            async with self._node.clock.timeout(KILL_SECONDS):
                await live.sandbox.stop(name)
        except TimeoutError:
            live.sandbox.kill(f"it did not end container {name} within {KILL_SECONDS:g} s, and was killed")

    async def close(self) -> None:
        """Give up the pod's kernel and address; whatever still runs ends."""
        await self.box.close()

    def back_off_pulling(self, name: str) -> None:
        """From now on a container whose image was not there waits for it."""
        one, image = self.containers[name], self.pod.container(name).image
        assert isinstance(one.state, Waiting)
        text = f'Back-off pulling image "{image}"'
        state = replace(one.state, reason="ImagePullBackOff", message=f"{text}: ErrImagePull: {one.state.message}")
        self.containers[name] = replace(one, state=state)
        self._tell(name, "BackOff", text)
        self._warn(name, "Failed", "Error: ImagePullBackOff")

    async def process(self, name: str, command: Sequence[str], stdio: containers.Stdio) -> spec.Process:
        """One more program for a container. Raises NotStartable."""
        around, image = await self.box.surroundings(), self.live[name].image
        return await containers.process(self.pod.container(name), around, image, command, stdio)

    async def _launch(self, described: objects.Container, one: Container) -> Live:
        name = described.name
        around = await self.box.surroundings()
        image = await self.box.image(described.image, described.image_pull_policy, name)
        sandbox = await self.box.open(described.image)
        await asyncio.to_thread(containers.clear_message, around.directory, name)
        if one.runs:
            with suppress(sandbox_errors.Refused):
                await sandbox.stop(name)
        with pipes.Pipes(stdin=described.stdin, tty=described.tty) as ends:
            made = await containers.container(described, around, image, ends.stdio)
            kept = await asyncio.to_thread(self._log, around.directory, name, one.runs)
            self._tell(name, "Created", f"Created container: {name}")
            try:
                running = await sandbox.start(made)
            except BaseException:
                kept.abandon()
                raise
            readers, stdin = ends.take()
        begun = one.begun(self._node.clock.now(), logchoice.identity(self.pod, name, one.runs))
        self.containers[name] = replace(begun, image_id=image.image_id)
        live = self.live[name] = Live(described, image, sandbox, running, kept, stdin)
        carrying = self._scope.start(
            pipes.carry(readers, running.exited, keeper(kept, self._node.pace)), name=f"log {name}"
        )
        self._scope.start(self._follow(live, carrying), name=f"follow {name}")
        self._tell(name, "Started", f"Started container {name}")
        return live

    def _log(self, directory: Path, name: str, run: int) -> Log:
        """The log of a run that begins. Blocks."""
        prune(directory, name, run)
        return Log(log_path(directory, name, run), self._node.settings.log_bytes)

    async def _after_start(self, live: Live) -> None:
        """The postStart hook; what it was started for goes on when that is done."""
        name, target = live.described.name, self._target(live)
        if (hook := live.described.lifecycle.post_start) is not None:
            self._changed.set()
            try:
                with suppress(actions.Doubtful):
                    await tasks.first(actions.perform(hook, target), live.over.wait())
            except actions.Unsuccessful as error:
                self._warn(name, "FailedPostStartHook", f"PostStartHook failed: {error}")
                await self.stop(name, self._patience(), "FailedPostStartHook")
                return
        if not live.running.exited.done():
            live.watching = self._scope.start(supervision.watch(live.described, target, self._watcher(live)))

    async def _before_stop(self, live: Live, patience: Patience) -> None:
        """The preStop hook, unless there is no time for it (the kubelet's `executePreStopHook`)."""
        name, hook = live.described.name, live.described.lifecycle.pre_stop
        if hook is None or not patience.left:
            return
        try:
            with suppress(actions.Doubtful):
                await tasks.first(actions.perform(hook, self._target(live)), live.over.wait(), patience.over())
        except actions.Unsuccessful as error:
            self._warn(name, "FailedPreStopHook", f"PreStopHook failed: {error}")
        else:
            if not patience.left:
                self._warn(name, "FailedPreStopHook", "PreStopHook did not end within the grace period")

    async def _follow(self, live: Live, carrying: asyncio.Task[None]) -> None:
        """Wait for a container's end and take note of it."""
        name = live.described.name
        code, oom, text, reason = LOST, False, "", ""
        try:
            exited = await live.running.exited
            code, oom = exited.status, exited.oom
        except sandbox_errors.Ended as error:
            text = f"the pod's kernel has ended: {error}"
            reason = UNRESPONSIVE if isinstance(error, sandbox_errors.Unresponsive) else ""
            await self._has_lost_kernel(text, reason)
        await asyncio.wait({carrying})
        await live.log.close()
        if live.stdin is not None:
            live.stdin.close()
        if live.watching is not None:
            live.watching.cancel()
        reason = reason or ("OOMKilled" if oom else "Error" if code else "Completed")
        directory, log = self.box.directory, live.log.path
        message = text or await asyncio.to_thread(termination_message, directory, live.described, log, code)
        one, now = self.containers[name], self._node.clock.now()
        assert isinstance(one.state, Running)
        self.containers[name] = one.over(Terminated(code, reason, one.state.started, now, message, one.container_id))
        await self._keep_crashes()
        del self.live[name]
        live.over.set()
        if self.containers[name].crashes > 1:
            self._warn(
                name, "BackOff", f"Back-off restarting failed container {name} in pod {status.full_name(self.pod)}"
            )
        self._changed.set()

    async def _has_lost_kernel(self, why: str, reason: str = "") -> bool:
        """Let go of a kernel that has ended by itself, for all containers to begin anew; whether it had."""
        if not await self.box.drop_ended():
            return False
        for name, one in self.containers.items():
            self.containers[name] = replace(one, outdated=True)
        if reason:
            self._warn("", reason, why)
        self._tell("", "SandboxChanged", f"Pod sandbox changed, it will be killed and re-created: {why}")
        self._changed.set()
        return True

    async def _keep_crashes(self) -> None:
        await asyncio.to_thread(crashes.write, self.box.directory, dict(self.containers))

    def _target(self, live: Live) -> actions.Target:
        name = live.described.name
        return actions.Target(
            live.sandbox,
            live.described,
            self.box.address,
            lambda command, stdio: self.process(name, command, stdio),
            self._node.clock,
            self._node.pace,
        )

    def _watcher(self, live: Live) -> supervision.Watcher:
        name = live.described.name

        def now(**changed: bool) -> None:
            before = self.containers[name]
            if self.live.get(name) is live and (after := replace(before, **changed)) != before:
                self.containers[name] = after
                self._changed.set()

        def kill(why: str, grace: int | None) -> None:
            self._scope.start(self.stop(name, self._patience(grace), why), name=f"kill {name}")

        return supervision.Watcher(
            started=lambda: now(started=True),
            ready=lambda ready: now(ready=ready),
            unhealthy=lambda text: self._warn(name, "Unhealthy", text),
            warned=lambda text: self._warn(name, "ProbeWarning", text),
            kill=kill,
            answered=lambda kind, success: self._node.outcomes.note(self.pod, name, kind, success=success),
        )

    def _patience(self, seconds: float | None = None) -> Patience:
        """For one container that is to end while its pod goes on."""
        own = self.pod.spec.termination_grace_period_seconds
        return Patience(self._node.clock, own if seconds is None else seconds)

    def _tell(self, name: str, reason: str, message: str) -> None:
        telling.normal(self._node, self.pod, reason, message, name)

    def _warn(self, name: str, reason: str, message: str) -> None:
        telling.warning(self._node, self.pod, reason, message, name)
