"""One pod's life: looks at what is wanted and what is there, does the next step, reports, and waits for a change.

Every wait is for an event or a time that `plan` names. Cancelling a worker ends its sandbox, and with it the pod.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from podvisor import sdk
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.node import containers, logs, status, volumes
from podvisor.node.addresses import Addresses
from podvisor.node.containers import Surroundings
from podvisor.node.environment import Facts
from podvisor.node.errors import NoImage, NotMountable, NotStartable
from podvisor.node.plan import Plan, plan
from podvisor.node.settings import Settings
from podvisor.node.sources import Sources
from podvisor.node.states import Container, Json, Running, Terminated, Waiting
from podvisor.sandbox import driver, spec
from podvisor.sandbox import errors as sandbox_errors
from podvisor.sdk.events import Recorder

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=10)
"""How long a start that could not be tried waits before it is tried again."""
MESSAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Node:
    """What all workers share."""

    client: sdk.Client
    settings: Settings
    clock: Clock
    events: Recorder
    addresses: Addresses
    capacity: Mapping[str, str]


@dataclass(slots=True)
class Live:
    """A container that runs."""

    running: driver.Running
    log: logs.Log
    stdin: int | None
    terminal: bool


class Worker:
    """Runs one pod. `update` hands in what the API says of it; `run` returns when the pod is gone."""

    def __init__(self, node: Node, pod: Json) -> None:
        self.pod = pod
        self.live: dict[str, Live] = {}
        self.sandbox: driver.Sandbox | None = None
        self._node = node
        self._changed = asyncio.Event()
        self._started = _time(pod.get("status", {}).get("startTime")) or node.clock.now()
        self._containers = recovered(pod, node.clock.now())
        self._around: Surroundings | None = None
        self._stopping: set[str] = set()
        self._reported: Json = {}
        self._gone = False
        meta = pod["metadata"]
        self.directory = node.settings.data_dir / "pods" / meta["uid"]

    def update(self, pod: Json | None) -> None:
        """The pod as the API has it; None once it is gone from there."""
        self._gone = pod is None
        self.pod = pod or self.pod
        self._changed.set()

    def log_path(self, container: str, run: int) -> Path:
        """Where the log of one run of a container lies."""
        return self.directory / "logs" / container / f"{run}.log"

    def container(self, name: str) -> Container | None:
        """A container as it is now."""
        return self._containers.get(name)

    async def run(self) -> None:
        """Bring the pod to its end, whatever that takes."""
        uid = self.pod["metadata"]["uid"]
        async with AsyncExitStack() as stack, tasks.background() as scope:
            while not await self._step(stack, scope):
                pass
        self._node.addresses.take_back(uid)
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)
        if not self._gone:
            await self._remove()

    async def _step(self, stack: AsyncExitStack, scope: tasks.Scope) -> bool:
        """One look, what follows from it, and the wait for the next. Whether the pod is over and to be removed."""
        self._changed.clear()
        now = self._node.clock.now()
        made = plan(self._wanted(), self._containers, now, self._started)
        for name in made.stop:
            if name not in self._stopping:
                self._stopping.add(name)
                scope.start(self._stop(name), name=f"stop {name}")
        for name in made.start:
            await self._start(name, stack, scope)
        if made.done and self._wanted()["metadata"].get("deletionTimestamp"):
            if not self._gone:
                await self._report(made)
            return True
        if made.start:
            return False
        await self._report(made)
        await self._wait(made.wake)
        return False

    def _wanted(self) -> Json:
        """The pod; one that the API no longer has is to be deleted."""
        if not self._gone or self.pod["metadata"].get("deletionTimestamp"):
            return self.pod
        return self.pod | {"metadata": self.pod["metadata"] | {"deletionTimestamp": "gone"}}

    async def _wait(self, until: datetime | None) -> None:
        if until is None:
            await self._changed.wait()
            return
        seconds = (until - self._node.clock.now()).total_seconds()
        with suppress(TimeoutError):
            async with self._node.clock.timeout(max(seconds, 0.0)):
                await self._changed.wait()

    async def _start(self, name: str, stack: AsyncExitStack, scope: tasks.Scope) -> None:
        described = self._described(name)
        one, retry = self._containers[name], self._node.clock.now() + PATIENCE
        try:
            await self._launch(described, stack, scope)
        except NotStartable as error:
            again = isinstance(one.state, Waiting) and one.retry is not None
            reason = "ImagePullBackOff" if again and isinstance(error, NoImage) else error.reason
            text = f'Back-off pulling image "{described["image"]}"' if reason == "ImagePullBackOff" else str(error)
            self._containers[name] = one.held(reason, "" if isinstance(error, NotMountable) else str(error), retry)
            self._warn("BackOff" if reason == "ImagePullBackOff" else error.event, text)
        except (sandbox_errors.SandboxError, OSError) as error:
            now = self._node.clock.now()
            code = error.exit_code if isinstance(error, sandbox_errors.Refused) else None
            text = f"failed to create containerd task: failed to start container: {error}"
            self._containers[name] = one.ended(Terminated(code or 128, "StartError", now, now, text))
            self._warn("Failed", f"Error: {text}")

    async def _launch(self, described: Json, stack: AsyncExitStack, scope: tasks.Scope) -> None:
        name, image = described["name"], described["image"]
        around = await self.surroundings()
        containers.root(image, around.images)
        one = self._containers[name]
        self._tell("Pulled", f'Container image "{image}" already present on machine')
        sandbox = await self._kernel(stack, around)
        run = one.restarts + (one.last is not None or isinstance(one.state, Terminated))
        kept = logs.Log(self.log_path(name, run), self._node.settings.log_bytes)
        containers.termination_log(around.directory, name).write_bytes(b"")
        with Pipes.opened(described) as pipes:
            made = await containers.container(described, around, pipes.stdio)
            self._tell("Created", f"Created container: {name}")
            if isinstance(one.state, Terminated):
                with suppress(sandbox_errors.Refused):
                    await sandbox.stop(name)
            running = await sandbox.start(made)
            readers, stdin = pipes.take()
        now = self._node.clock.now()
        identity = f"podvisor://{self.pod['metadata']['uid']}/{name}/{run}"
        self._containers[name] = one.begun(now, identity, probed=(False, False))
        self.live[name] = Live(running, kept, stdin, bool(described.get("tty")))
        self._tell("Started", f"Started container {name}")
        pumps = [scope.start(logs.pump(fd, stream, kept), name=f"log {name}") for stream, fd in readers.items()]
        scope.start(self._follow(name, pumps), name=f"follow {name}")

    async def _follow(self, name: str, pumps: list[asyncio.Task[None]]) -> None:
        """Wait for a container's end and take note of it."""
        live = self.live[name]
        code, oom, text = 137, False, ""
        try:
            exited = await live.running.exited
            code, oom = exited.status, exited.oom
        except sandbox_errors.Ended as error:
            self.sandbox, text = None, f"the pod's kernel ended: {error}"
        await asyncio.gather(*pumps)
        live.log.close()
        await live.log.tell()
        if live.stdin is not None:
            os.close(live.stdin)
        reason = "OOMKilled" if oom else "Error" if code else "Completed"
        one, now = self._containers[name], self._node.clock.now()
        assert isinstance(one.state, Running)
        message = text or self._message(name, code)
        self._containers[name] = one.ended(Terminated(code, reason, one.state.started, now, message, one.container_id))
        del self.live[name]
        self._stopping.discard(name)
        self._changed.set()

    def _message(self, name: str, code: int) -> str:
        """What the container left as its termination message, or the end of its log where it asked for that."""
        path = self.directory / "messages" / name
        text = path.read_bytes()[:MESSAGE_BYTES] if path.exists() else b""
        if not text and code and self._described(name).get("terminationMessagePolicy") == "FallbackToLogsOnError":
            one = self._containers[name]
            lines = self.log_path(name, one.restarts).read_bytes()[-MESSAGE_BYTES:].splitlines(keepends=True)
            text = b"".join(line.split(b" ", 3)[-1] for line in lines)[-2048:]
        return text.decode(errors="replace")

    async def _stop(self, name: str) -> None:
        """SIGTERM, the grace period, SIGKILL."""
        if self.sandbox is None or name not in self.live:
            return
        live, sandbox = self.live[name], self.sandbox
        self._tell("Killing", f"Stopping container {name}")
        meta, own = self.pod["metadata"], self.pod["spec"].get("terminationGracePeriodSeconds", 30)
        grace = 0 if self._gone else meta.get("deletionGracePeriodSeconds", own)
        with suppress(sandbox_errors.SandboxError):
            if grace > 0:
                await sandbox.signal(name, live.running.pid, 15)
                with suppress(TimeoutError):
                    async with self._node.clock.timeout(grace):
                        await asyncio.wait({live.running.exited})
            if not live.running.exited.done():
                await sandbox.stop(name)

    async def surroundings(self) -> Surroundings:
        """The pod's volumes and what its containers ask about it, made once. Raises NotMountable."""
        if self._around is None:
            sources = Sources(self._node.client, self.pod)
            facts = Facts(self.pod, self._address(), self._node.settings.address, self._node.capacity)
            maker = volumes.Maker(self.directory / "volumes", facts, sources, self._node.settings.host_paths)
            made = await maker.make(self.pod["spec"].get("volumes") or ())
            self._around = Surroundings(facts, sources, made, self._node.settings.images, self.directory)
        return self._around

    async def _kernel(self, stack: AsyncExitStack, around: Surroundings) -> driver.Sandbox:
        """The pod's kernel, started when the first container needs it."""
        if self.sandbox is None:
            described = containers.hostname(self.pod)
            sandbox = await stack.enter_async_context(driver.Sandbox(on_event=self._heard))
            shared = bool(self.pod["spec"].get("shareProcessNamespace"))
            await sandbox.create(spec.Pod(described, addresses=(self._address(),), shared_pid=shared))
            allowed: dict[str, bool] = {}
            for one in self._all():
                for path, writable in containers.host_paths(one, around).items():
                    allowed[path] = allowed.get(path, False) or writable
            await sandbox.allow(allowed)
            self.sandbox = sandbox
        return self.sandbox

    def _heard(self, event: object) -> None:
        log.debug("pod %s: %s", sdk.key_of(self.pod), event)

    def _address(self) -> str:
        had = self.pod.get("status", {}).get("podIP", "")
        return self._node.addresses.give(self.pod["metadata"]["uid"], had)

    def _all(self) -> list[Json]:
        return [*(self.pod["spec"].get("initContainers") or ()), *self.pod["spec"]["containers"]]

    def _described(self, name: str) -> Json:
        return next(one for one in self._all() if one["name"] == name)

    async def _report(self, made: Plan) -> None:
        """Write the status where it says something new."""
        if self._gone:
            return
        pod = self.pod | {"status": self._reported or self.pod.get("status", {})}
        settings, now = self._node.settings, self._node.clock.now()
        seen = status.Seen(pod, self._containers, made, self._address(), settings.address, self._started, now)
        wanted = status.status(seen)
        if wanted == self._reported:
            return
        patch = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": wanted}
        try:
            await self._node.client.patch(sdk.kinds.PODS.raw, sdk.key_of(pod), patch, sdk.STATUS)
            self._reported = wanted
        except (sdk.errors.NotFound, sdk.errors.Conflict):
            self._gone = True
            self._changed.set()

    async def _remove(self) -> None:
        """The last step of a deletion (kubelet: grace period 0 and the uid as precondition)."""
        options = sdk.DeleteOptions(grace_period_seconds=0, uid=self.pod["metadata"]["uid"])
        with suppress(sdk.errors.NotFound, sdk.errors.Conflict):
            await self._node.client.delete(sdk.kinds.PODS, sdk.key_of(self.pod), options)

    def _tell(self, reason: str, message: str) -> None:
        self._node.events.normal(sdk.kinds.PODS, self.pod, reason, message)

    def _warn(self, reason: str, message: str) -> None:
        self._node.events.warning(sdk.kinds.PODS, self.pod, reason, message)


class Pipes:
    """A container's streams: pipes from it, and one to it where it has a standard input."""

    def __init__(self, described: Json) -> None:
        self._ours: dict[str, int] = {}
        self._theirs: list[int] = []
        self._stdin: int | None = None
        terminal = bool(described.get("tty"))
        source = self._input() if described.get("stdin") else None
        if terminal and source is None:
            source = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            self._theirs.append(source)
        output = self._output("stdout")
        self.stdio: spec.Streams | spec.Terminal
        if terminal and source is not None:
            self.stdio = spec.Terminal(source, output, 24, 80)
        else:
            self.stdio = spec.Streams(source, output, self._output("stderr"))

    @classmethod
    def opened(cls, described: Json) -> "Pipes":
        """Streams as the container's `stdin` and `tty` say."""
        return cls(described)

    def __enter__(self) -> "Pipes":
        return self

    def __exit__(self, *_: object) -> None:
        rest = [*self._theirs, *self._ours.values(), *([] if self._stdin is None else [self._stdin])]
        for fd in rest:
            os.close(fd)

    def take(self) -> tuple[dict[str, int], int | None]:
        """Our ends, which are the caller's from now on: what to read, by stream, and where to write."""
        ours, stdin = self._ours, self._stdin
        self._ours, self._stdin = {}, None
        return ours, stdin

    def _input(self) -> int:
        reader, self._stdin = os.pipe()
        self._theirs.append(reader)
        return reader

    def _output(self, stream: str) -> int:
        self._ours[stream], writer = os.pipe()
        self._theirs.append(writer)
        return writer


def recovered(pod: Json, now: datetime) -> dict[str, Container]:
    """The containers of a pod that this node has not run yet, as far as its status tells.

    Those that ran under an earlier process of this node ended with it.
    """
    found = pod.get("status", {})
    told = {
        one["name"]: one
        for one in (*(found.get("containerStatuses") or ()), *(found.get("initContainerStatuses") or ()))
    }
    names = [one["name"] for one in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"])]
    return {name: _recovered(name, told.get(name), now) for name in names}


def _recovered(name: str, told: Json | None, now: datetime) -> Container:
    one = Container(name)
    if told is None:
        return one
    one = replace(one, restarts=told.get("restartCount", 0), container_id=told.get("containerID", ""))
    state = told.get("state") or {}
    if running := state.get("running"):
        text = "the container ended with the node's process"
        started = _time(running.get("startedAt")) or now
        return replace(one, state=Terminated(137, "Error", started, now, text, one.container_id))
    ended = state.get("terminated") or (told.get("lastState") or {}).get("terminated")
    if ended is None:
        return one
    started, finished = _time(ended.get("startedAt")) or now, _time(ended.get("finishedAt")) or now
    message, identity = ended.get("message", ""), ended.get("containerID", "")
    return replace(
        one, state=Terminated(ended["exitCode"], ended.get("reason", ""), started, finished, message, identity)
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
