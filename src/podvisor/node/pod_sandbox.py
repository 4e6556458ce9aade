"""A pod's kernel and what it needs of the host: there from the first container's start until the pod is over."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from podvisor.node import containers, etc, host_limits, links, objects, payload, telling, volumes
from podvisor.node.containers import Surroundings
from podvisor.node.errors import Unresolvable
from podvisor.node.facts import Facts
from podvisor.node.host import Node
from podvisor.node.images import Image
from podvisor.node.sources import Sources
from podvisor.node.tokens import Tokens
from podvisor.node.volumes import Maker
from podvisor.sandbox import driver, errors, spec


class PodSandbox:
    """The sandbox of one pod. `sandbox` is None while there is none."""

    def __init__(self, node: Node, pod: objects.Pod) -> None:
        self.sandbox: driver.Sandbox | None = None
        self.directory = node.settings.data_dir.resolve() / "pods" / pod.metadata.uid
        self.tokens = Tokens(node.clock)
        self.made = asyncio.Event()
        """Set once the pod's volumes are there."""
        self.stale = asyncio.Event()
        """Set when what the volumes show has changed."""
        self.over = False
        self._node = node
        self.pod = pod
        self._surroundings: Surroundings | None = None
        self._opened = AsyncExitStack()
        self._lock = asyncio.Lock()

    @property
    def address(self) -> str:
        """The pod's address; one that is over keeps the one that its status names."""
        if self.pod.finished:
            return self.pod.status.pod_ip
        return self._node.addresses.give(self.pod.metadata.uid, self.pod.status.pod_ip)

    @property
    def volumes(self) -> Maker:
        """Makes and refreshes the pod's volumes."""
        sources = Sources(self._node.client, self.pod, self._node.watched.get)
        facts = Facts(self.pod, self.address, self._node.settings.address, self._node.capacity)
        root = self.directory / "volumes"
        return Maker(root, facts, sources, self._node.settings, self.tokens, self._node.clock, self._image_volume)

    async def image(self, name: str, policy: str, container: str = "") -> Image:
        """An image, pulled with the pod's secrets where it has to be; events are about `container`.

        Raises NotStartable.
        """
        node, pod = self._node, self.pod
        keyring, missing = await Sources(node.client, pod).pull_secrets()
        if missing:
            names = ", ".join(missing)
            why = f"Unable to retrieve some image pull secrets ({names}); attempting to pull the image may not succeed."
            telling.warning(node, pod, "FailedToRetrieveImagePullSecret", why)
        return await node.images.have(
            name, policy, keyring, lambda reason, text: telling.normal(node, pod, reason, text, container)
        )

    async def _image_volume(self, volume: str, source: objects.ImageSource) -> spec.ImageVolume:
        layers = (await self.image(source.reference, source.pull_policy)).root.layers
        match layers:
            case (spec.ErofsLayer(metadata, data),):
                return spec.ImageVolume(volume, metadata, data)
            case _:
                raise Unresolvable(f"image {source.reference} has no layers that a volume could show")

    def know(self, pod: objects.Pod) -> None:
        """The pod as it is by now."""
        before, self.pod = self.pod.metadata, pod
        if (before.labels, before.annotations) != (pod.metadata.labels, pod.metadata.annotations):
            self.stale.set()

    async def surroundings(self) -> Surroundings:
        """The pod's volumes, made once for each kernel, and what its containers ask about it now.

        Raises NotMountable.
        """
        maker = self.volumes
        sources = Sources(self._node.client, self.pod)
        if self._surroundings is None:
            self._node.watched.use(self.pod.metadata.uid, volumes.refs(self.pod), self.stale.set)
            made = await maker.make()
            wanted, namespace = self.pod.spec.enable_service_links, self.pod.metadata.namespace
            linked = links.variables(self._node.services(), namespace, wanted=wanted)
            images = self._node.settings.images
            self._surroundings = Surroundings(maker.facts, sources, made, linked, images, self.directory)
            self.made.set()
        return replace(self._surroundings, facts=maker.facts, sources=sources)

    async def open(self, image: str) -> driver.Sandbox:
        """The pod's kernel, started when it is not there, for a container of `image` that starts next.

        Raises NotMountable and SandboxError.
        """
        async with self._lock:
            if self.sandbox is None:
                around = await self.surroundings()
                try:
                    sandbox = await self._start()
                    await self._describe(sandbox, around, image)
                    await self._node.network.join(self.pod.metadata.uid, sandbox, (self.address,))
                except BaseException:
                    await self._opened.aclose()
                    raise
                self.sandbox = sandbox
            return self.sandbox

    async def _start(self) -> driver.Sandbox:
        """A kernel of which the host knows what it may use."""
        groups, uid = self._node.settings.memory_groups, self.pod.metadata.uid
        group = await self._opened.enter_async_context(host_limits.group(groups, uid, self._node.clock))
        sandbox = await self._opened.enter_async_context(driver.Sandbox())
        wanted = containers.pod(self.pod, self.address, self._node.settings)
        host_limits.be_nice(sandbox.pid, wanted.cpus)
        host_limits.bound(group, sandbox.pid, wanted.memory_bytes)
        return sandbox

    async def drop_ended(self) -> bool:
        """Let go of a kernel that has ended by itself: the next container gets another one. Whether it had."""
        async with self._lock:
            if self.sandbox is None or not self.sandbox.has_ended:
                return False
            await self._drop()
            return True

    async def _drop(self) -> None:
        self.sandbox = None
        await self._node.network.leave(self.pod.metadata.uid)
        self._surroundings = (
            None  # What the next kernel is told of may be elsewhere by then: images, paths of the host.
        )
        await self._opened.aclose()

    async def close(self) -> None:
        """End the kernel and everything in it, and give back the address."""
        self.over = True
        self.stale.set()
        self._node.watched.forget(self.pod.metadata.uid)
        async with self._lock:
            await self._drop()
        self._node.addresses.take_back(self.pod.metadata.uid)

    async def changed(self, volume: str) -> None:
        """Let programs that watch a volume of API objects hear that it shows another state."""
        if (sandbox := self.sandbox) is not None:
            with suppress(errors.SandboxError):
                await sandbox.changed(volume, payload.DATA)

    async def _describe(self, sandbox: driver.Sandbox, around: Surroundings, image: str) -> None:
        """Tell a new kernel of the pod and of all that its containers will need of the host."""
        await sandbox.create(containers.pod(self.pod, self.address, self._node.settings))
        etc_files = await asyncio.to_thread(etc.volume, around.facts, self.directory, self._node.settings.dns)
        messages = await asyncio.to_thread(containers.messages, self.pod, self.directory)
        for volume in (*around.volumes, etc_files, messages):
            await sandbox.volume(volume)
        images = self._node.settings.images
        for path in sorted(await asyncio.to_thread(containers.layer_paths, self.pod, images, image)):
            await sandbox.reach(path)
