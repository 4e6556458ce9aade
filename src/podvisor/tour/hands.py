"""Who acts on the cluster in the tour: kubectl, or our own client where there is none.

Only what changes something or reads what a container wrote goes through here. Waiting is always a watch of our own
client, which can tell what it sees meanwhile.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import yaml

from podvisor import sdk
from podvisor.tour.screen import Wrong

NAMESPACE = "default"


class Hands(Protocol):
    """Acts on the cluster, in its default namespace."""

    @property
    def name(self) -> str:
        """Who it is, for the audience."""
        ...

    async def apply(self, manifest: Path) -> None:
        """Create what a file describes, or make it as the file says."""
        ...

    async def scale(self, deployment: str, replicas: int) -> None: ...

    async def set_variable(self, deployment: str, name: str, value: str) -> None:
        """Set a variable of the deployment's only container, which rolls out new pods."""
        ...

    async def logs(self, pod: str, container: str) -> str: ...

    async def execute(self, pod: str, command: Sequence[str]) -> sdk.Finished: ...


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The command that everybody knows."""

    binary: str
    kubeconfig: Path
    cache: Path
    name: str = "kubectl"

    async def apply(self, manifest: Path) -> None:
        await self._run("apply", "-f", str(manifest))

    async def scale(self, deployment: str, replicas: int) -> None:
        await self._run("scale", f"deployment/{deployment}", f"--replicas={replicas}")

    async def set_variable(self, deployment: str, name: str, value: str) -> None:
        await self._run("set", "env", f"deployment/{deployment}", f"{name}={value}")

    async def logs(self, pod: str, container: str) -> str:
        return (await self._run("logs", pod, "-c", container)).stdout

    async def execute(self, pod: str, command: Sequence[str]) -> sdk.Finished:
        return await self._run("exec", pod, "--", *command, check=False)

    async def _run(self, *arguments: str, check: bool = True) -> sdk.Finished:
        """Raises Wrong, with kubectl's own words, for a failure that is to be checked."""
        process = await asyncio.create_subprocess_exec(
            self.binary,
            f"--cache-dir={self.cache}",
            *arguments,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = (text.decode(errors="replace") for text in await process.communicate())
        if check and process.returncode:
            raise Wrong(f"kubectl {arguments[0]}: {errors.strip() or f'exit code {process.returncode}'}")
        return sdk.Finished(process.returncode or 0, output, errors)


@dataclass(frozen=True, slots=True)
class OwnClient:
    """podvisor.sdk, which every installation has."""

    client: sdk.Client
    access: sdk.Access
    name: str = "podvisor.sdk"
    _served: dict[tuple[str, str], sdk.Resource[Any]] = field(default_factory=dict[tuple[str, str], Any])
    """The server's resources, by apiVersion and kind, once they have been asked for."""

    async def apply(self, manifest: Path) -> None:
        for thing in _objects(manifest):
            resource = await self._resource(thing["apiVersion"], thing["kind"])
            key = sdk.Key(NAMESPACE, thing["metadata"]["name"])
            try:
                await self.client.create(resource, thing, NAMESPACE)
            except sdk.errors.AlreadyExists:
                await self.client.patch(resource, key, thing)

    async def scale(self, deployment: str, replicas: int) -> None:
        key = sdk.Key(NAMESPACE, deployment)
        await self.client.patch(sdk.kinds.DEPLOYMENTS, key, {"spec": {"replicas": replicas}})

    async def set_variable(self, deployment: str, name: str, value: str) -> None:
        key = sdk.Key(NAMESPACE, deployment)
        spec = (await self.client.get(sdk.kinds.DEPLOYMENTS, deployment, NAMESPACE)).spec.template["spec"]
        container = cast("Mapping[str, Any]", spec)["containers"][0]["name"]
        containers = [{"name": container, "env": [{"name": name, "value": value}]}]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        options = sdk.WriteOptions(patch_type=sdk.PatchType.STRATEGIC)
        await self.client.patch(sdk.kinds.DEPLOYMENTS, key, patch, options)

    async def logs(self, pod: str, container: str) -> str:
        path = sdk.kinds.PODS.path(NAMESPACE, pod, "log")
        return (await self.client.read(path, {"container": container})).decode(errors="replace")

    async def execute(self, pod: str, command: Sequence[str]) -> sdk.Finished:
        return await sdk.execute(self.access, sdk.Key(NAMESPACE, pod), command)

    async def _resource(self, api_version: str, kind: str) -> sdk.Resource[Any]:
        if not self._served:
            found = await sdk.discovery.discover(self.client)
            self._served.update({(one.resource.api_version, one.resource.kind): one.resource for one in found.served})
        if (api_version, kind) not in self._served:
            raise Wrong(f"the server has no {kind} in {api_version}")
        return self._served[api_version, kind]


def _objects(manifest: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(manifest.read_text()))
