"""What a container's image is on this node, pulled where its policy wants it.

https://kubernetes.io/docs/concepts/containers/images/. An image that was pulled with a pod's secrets is there for pods
that have the same ones; others have to convince the registry themselves (KEP-2535).
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from podvisor.base.clock import Clock
from podvisor.images import config, errors, fetching, host, local, reference
from podvisor.images.pulling import Puller
from podvisor.images.registry import credentials, hosts
from podvisor.images.registry.credentials import Joined, Keyring, Login
from podvisor.node.errors import BadImageName, NoImage
from podvisor.sandbox import spec

Tell = Callable[[str, str], None]
"""Takes an event's reason and message."""
EVERYBODY = ""
"""Among those who may use an image: every pod of the node."""


@dataclass(frozen=True, slots=True)
class Image:
    """A container's image."""

    root: spec.Root
    execution: config.Execution = field(default_factory=config.Execution)
    image_id: str = ""
    """What the container's status calls it."""


@dataclass(slots=True)
class Images:
    """The images of one node."""

    directory: Path
    registries: Path
    """A `registries.yaml`, which need not be there."""
    clock: Clock
    _under_way: dict[tuple[str, tuple[str, ...]], asyncio.Task[local.Image]] = field(
        default_factory=dict[tuple[str, tuple[str, ...]], "asyncio.Task[local.Image]"]
    )

    @property
    def store(self) -> local.Store:
        return local.Store(str(self.directory))

    async def have(self, name: str, policy: str, keyring: credentials.Auths, tell: Tell) -> Image:
        """An image by its name, pulled where its policy wants that. Raises NoImage and BadImageName."""
        if is_host(name):
            _present(name, tell)
            return Image(host.root(), image_id=f"local/{name}")
        allowed = _hashes(keyring, name)
        known = self._known(name)
        if known is not None and (known.is_local or not known.config or (policy != "Always" and _may(known, allowed))):
            _present(name, tell)
            return await asyncio.to_thread(self._image, known)
        if policy == "Never":
            raise NoImage(name, f'Container image "{name}" is not present with pull policy of Never', never=True)
        return await asyncio.to_thread(self._image, await self._pulled(name, keyring, allowed, tell))

    def _known(self, name: str) -> local.Image | None:
        try:
            return self.store.find(name)
        except errors.BadReference as error:
            raise BadImageName(name) from error
        except errors.NotFound:
            return None

    async def _pulled(self, name: str, keyring: Keyring, allowed: tuple[str, ...], tell: Tell) -> local.Image:
        """Pull, once for all who ask with the same secrets meanwhile."""
        tell("Pulling", f'Pulling image "{name}"')
        began = self.clock.monotonic()
        key = (name, allowed)
        if (task := self._under_way.get(key)) is None:
            task = self._under_way[key] = asyncio.ensure_future(self._pull(name, keyring))
            task.add_done_callback(lambda _: self._under_way.pop(key))
        try:
            pulled = await asyncio.shield(task)
        except (errors.ImageError, OSError) as error:
            raise NoImage(name, f'failed to pull and unpack image "{name}": {_words(error)}', never=False) from error
        took = f"{self.clock.monotonic() - began:.3g}s"
        size = f"Image size: {pulled.size_bytes} bytes."
        tell("Pulled", f'Successfully pulled image "{name}" in {took} ({took} including waiting). {size}')
        return pulled

    async def _pull(self, name: str, keyring: Keyring) -> local.Image:
        found = await asyncio.to_thread(hosts.load, self.registries)
        own = await asyncio.to_thread(credentials.of_user, os.environ)
        store = self.store
        puller = Puller(store.content, found, Joined((keyring, own)), clock=self.clock)
        named = reference.parse(name)
        theirs = list(keyring.logins(named.registry, named.repository))

        def users(login: Login | None) -> tuple[str, ...]:
            return (_hash(login, named.registry) if login is not None and login in theirs else EVERYBODY,)

        return await fetching.pull(store, puller, name, now=self.clock.now().timestamp(), users=users)

    def _image(self, image: local.Image) -> Image:
        store = self.store
        try:
            found, root = store.config(image.name), store.root(image.name)
        except errors.ImageError as error:
            raise NoImage(image.name, str(error), never=False) from error
        named = reference.parse(image.name)
        execution = found.execution if found else config.Execution()
        return Image(root, execution, f"{named.registry}/{named.repository}@{image.digest}")


def is_host(name: str) -> bool:
    """True for the image that is always there."""
    return name in (local.HOST, f"{local.HOST}:latest")


def _present(name: str, tell: Tell) -> None:
    tell("Pulled", f'Container image "{name}" already present on machine')


def _may(image: local.Image, allowed: tuple[str, ...]) -> bool:
    """True if a pod with these secrets may use an image that is here; one that nobody says more of is everybody's."""
    return not image.users or EVERYBODY in image.users or not set(image.users).isdisjoint(allowed)


def _hashes(keyring: Keyring, name: str) -> tuple[str, ...]:
    """What stands for a pod's logins at an image's registry. Raises BadImageName."""
    try:
        named = reference.parse(name)
    except errors.BadReference as error:
        raise BadImageName(name) from error
    return tuple(_hash(one, named.registry) for one in keyring.logins(named.registry, named.repository))


def _hash(login: Login, registry: str) -> str:
    parts = (registry, login.username, login.password, login.identity_token, login.registry_token)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _words(error: Exception) -> str:
    return " ".join(str(error).split())
