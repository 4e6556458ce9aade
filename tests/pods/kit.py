"""What the tests of this folder drive pods with: the SDK for making and watching them, kubectl for the rest."""

import asyncio
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podvisor import sdk
from podvisor.base.clock import SystemClock

Json = dict[str, Any]
CLOCK = SystemClock()
NAMESPACE = "default"
SECONDS = 20.0
"""How long a test waits for what must come."""
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def container(script: str = "", name: str = "main", **more: Any) -> Json:
    """A container of the host's image that runs a shell script; without one, whatever `more` says."""
    program = {"command": ["bash", "-c", script]} if script else {}
    return {"name": name, "image": "host", **program, **more}


def forever(name: str = "main", **more: Any) -> Json:
    """A container that says "up" and runs until it is asked to end, and then ends at once with code 0."""
    return container(until_told("exit 0"), name, **more)


def until_told(last: str, first: str = "true") -> str:
    """A script that does something first, says "up", waits for SIGTERM and does something last."""
    return f"{first}; trap '{last}' TERM; echo up; sleep infinity & wait"


@dataclass(frozen=True, slots=True)
class Kubectl:
    """An unmodified kubectl against the cluster."""

    binary: str
    kubeconfig: Path

    def command(self, *arguments: str) -> list[str]:
        return [self.binary, *arguments]

    @property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.kubeconfig.parent)}

    async def start(self, *arguments: str, stdin: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        """Begin a command whose streams the test holds."""
        return await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            env=dict(self.environment),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, given: bytes = b"") -> tuple[int, bytes, bytes]:
        """A command to its end: its code and both its streams."""
        process = await self.start(*arguments)
        try:
            async with CLOCK.timeout(2 * SECONDS):
                out, err = await process.communicate(given)
        except TimeoutError:
            process.kill()
            out, err = await process.communicate()
            raise AssertionError(f"kubectl {arguments} did not end: {out!r} {err!r}") from None
        assert process.returncode is not None
        return process.returncode, out, err

    async def __call__(self, *arguments: str, given: str = "", code: int = 0) -> str:
        """A command that ends with this code; its output, both streams."""
        ended, out, err = await self.run(*arguments, given=given.encode())
        told = (out + err).decode()
        assert ended == code, told
        return told


@dataclass(frozen=True, slots=True)
class Pods:
    """Makes pods and waits for them. Those that it made are gone after the test."""

    client: sdk.Client
    kubectl: Kubectl
    made: list[str] = field(default_factory=list[str])

    def name(self, stem: str = "pod") -> str:
        """A name that no other test has."""
        return f"{stem}-{next(_numbers)}"

    async def create(self, *containers: Json, meta: Json | None = None, **spec: Any) -> str:
        """A pod of these containers; its name. It is not restarted and has no token unless `spec` says so."""
        name = (meta or {}).get("name") or self.name()
        wanted = {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": list(containers)}
        wanted |= {"terminationGracePeriodSeconds": 5}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**(meta or {}), "name": name}, "spec": wanted | spec}
        await self.client.create(sdk.kinds.PODS.raw, pod, NAMESPACE)
        self.made.append(name)
        return name

    async def get(self, name: str) -> Json:
        return await self.client.get(sdk.kinds.PODS.raw, name, NAMESPACE)

    async def until(self, name: str, wanted: Callable[[Json], object], seconds: float = SECONDS) -> Json:
        """The pod, as soon as `wanted` says yes to it; the test fails with the pod's status if it never does."""

        def there(pod: Json | None) -> bool:
            return pod is not None and (bool(wanted(pod)) or is_over(pod))

        try:
            key = sdk.Key(NAMESPACE, name)
            found = await sdk.until(self.client, sdk.kinds.PODS.raw, key, there, CLOCK, seconds)
        except TimeoutError:
            pod = await self.get(name)
            raise AssertionError(f"waited {seconds} s for pod {name}: {pod['status']}") from None
        assert found is not None
        assert wanted(found), found["status"]
        return found

    async def gone(self, name: str, seconds: float = SECONDS) -> None:
        """Return once the API has no such pod."""
        key = sdk.Key(NAMESPACE, name)
        await sdk.until(self.client, sdk.kinds.PODS.raw, key, lambda pod: pod is None, CLOCK, seconds)

    async def ready(self, *containers: Json, meta: Json | None = None, **spec: Any) -> str:
        """Create a pod and wait until it is ready; its name."""
        name = await self.create(*containers, meta=meta, **spec)
        await self.until(name, is_ready)
        return name

    async def up(self, *containers: Json, meta: Json | None = None, **spec: Any) -> str:
        """Create a pod and wait until it is ready and its first container has said "up"; its name."""
        name = await self.ready(*containers, meta=meta, **spec)
        following = await self.kubectl.start("logs", "-f", name, "-c", containers[0]["name"])
        assert following.stdout is not None
        async with CLOCK.timeout(SECONDS):
            while await following.stdout.readline() not in (b"up\n", b""):
                continue
        following.kill()
        await following.communicate()
        return name

    async def ended(self, *containers: Json, meta: Json | None = None, **spec: Any) -> Json:
        """Create a pod and wait until it is over."""
        name = await self.create(*containers, meta=meta, **spec)
        return await self.until(name, is_over)

    async def output(self, script: str, meta: Json | None = None, **spec: Any) -> str:
        """What a script writes in a pod of its own; the container is as `spec["container"]` says beside that."""
        more = spec.pop("container", {})
        pod = await self.ended(container(script, **more), meta=meta, **spec)
        told = await self.logs(pod["metadata"]["name"])
        assert pod["status"]["phase"] == "Succeeded", (pod["status"], told)
        return told

    async def logs(self, name: str, *arguments: str) -> str:
        """What `kubectl logs` prints; not what it says beside that."""
        code, out, err = await self.kubectl.run("logs", name, *arguments)
        assert code == 0, err
        return out.decode()

    async def sh(self, name: str, script: str, *, within: str = "main") -> Done:
        """Run a script in a container, as `kubectl exec` does."""
        code, out, err = await self.kubectl.run("exec", name, "-c", within, "--", "bash", "-c", script)
        return Done(code, out.decode(), err.decode())

    async def delete(self, name: str, grace: int | None = None) -> None:
        """Ask for the deletion of a pod; does not wait for it."""
        await self.client.delete(sdk.kinds.PODS, sdk.Key(NAMESPACE, name), sdk.DeleteOptions(grace))

    async def events(self, name: str, wanted: Callable[[Sequence[Json]], object]) -> Sequence[Json]:
        """The pod's events, as soon as `wanted` says yes to them, in the order in which they were first told."""
        key = sdk.Selection(NAMESPACE, fields=f"involvedObject.name={name}")
        found: dict[str, Json] = {}
        async with CLOCK.timeout(SECONDS):
            listed = await self.client.list(sdk.kinds.EVENTS.raw, key)
            oldest_first = sorted(listed.items, key=lambda one: int(one["metadata"]["resourceVersion"]))
            found = {one["metadata"]["name"]: one for one in oldest_first}
            if wanted(list(found.values())):
                return list(found.values())
            async for change in self.client.watch(sdk.kinds.EVENTS.raw, listed.metadata.resource_version, key):
                if isinstance(change, sdk.Changed):
                    found[change.object["metadata"]["name"]] = change.object
                if wanted(list(found.values())):
                    return list(found.values())
        raise AssertionError(f"the watch ended: {list(found.values())}")

    async def event(self, name: str, reason: str, text: str = "") -> Json:
        """The pod's first event with this reason and this in its message."""

        def fits(one: Json) -> bool:
            return one["reason"] == reason and text in one["message"]

        found = await self.events(name, lambda events: any(fits(one) for one in events))
        return next(one for one in found if fits(one))

    async def object(self, kind: sdk.Resource[Any], item: Json) -> str:
        """Create an object; its name."""
        made = await self.client.create(kind.raw, {"metadata": {"name": self.name("thing")}} | item, NAMESPACE)
        return str(made["metadata"]["name"])

    async def config_map(self, **data: str) -> str:
        return await self.object(sdk.kinds.CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "data": data})

    async def secret(self, **data: str) -> str:
        return await self.object(sdk.kinds.SECRETS, {"apiVersion": "v1", "kind": "Secret", "stringData": data})

    async def clean(self) -> None:
        """Take away the pods of this test."""
        for name in self.made:
            try:
                await self.delete(name, 0)
            except sdk.errors.NotFound:
                continue


def is_ready(pod: Json) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def is_over(pod: Json) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def condition(pod: Json, type: str) -> Json:
    """One of the pod's conditions; empty where it has none such."""
    return next((one for one in pod["status"].get("conditions", ()) if one["type"] == type), {})


def status(pod: Json, name: str = "main") -> Json:
    """What the pod's status says of a container; empty where it says nothing."""
    lists = ("containerStatuses", "initContainerStatuses")
    known = [one for kind in lists for one in pod["status"].get(kind, ())]
    return next((one for one in known if one["name"] == name), {})


def state(pod: Json, name: str = "main") -> tuple[str, Json]:
    """A container's state: its name and what it says; empty where there is none."""
    return next(iter(status(pod, name).get("state", {}).items()), ("", {}))


def waits_for(reason: str, name: str = "main") -> Callable[[Json], bool]:
    """Whether a container waits for this reason."""

    def check(pod: Json) -> bool:
        kind, said = state(pod, name)
        return kind == "waiting" and said.get("reason") == reason

    return check


def runs(name: str = "main") -> Callable[[Json], bool]:
    """Whether a container runs."""
    return lambda pod: state(pod, name)[0] == "running"


def has_ended(name: str = "main") -> Callable[[Json], bool]:
    """Whether a container has ended."""
    return lambda pod: state(pod, name)[0] == "terminated"
