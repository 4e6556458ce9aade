"""A pod's volumes: what each is for the sandbox, and the files that those of the API's objects hold.

Every volume is one directory or file of the host, or one file system in memory, that the pod's containers share.
https://kubernetes.io/docs/concepts/storage/volumes/
"""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from podvisor import sdk
from podvisor.base.clock import Clock
from podvisor.node import claims, hostpaths, nested, objects, payload, security
from podvisor.node.errors import NotMountable, Unresolvable
from podvisor.node.eviction import limits
from podvisor.node.facts import Facts
from podvisor.node.settings import Settings
from podvisor.node.sources import Entries, Sources
from podvisor.node.tokens import Tokens
from podvisor.node.watched import Ref
from podvisor.sandbox import spec
from podvisor.types import quantity

MODE = 0o644
"""The mode of projected files unless the volume says so."""
OWNED = stat.S_ISVTX
"""Marks files that belong to the volume's user (`sandbox.spec.Volume`)."""

Files = dict[str, tuple[bytes, int]]
"""Content and mode, by the path below the volume."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the volumes of one pod below `root`."""

    root: Path
    facts: Facts
    sources: Sources
    settings: Settings
    tokens: Tokens
    clock: Clock
    image: Callable[[str, objects.ImageSource], Awaitable[spec.ImageVolume]]
    """Shows an image as a volume of this name. Raises NotStartable."""

    async def make(self) -> list[spec.Volume | spec.ImageVolume]:
        """All of the pod's volumes. Raises NotMountable, and NotStartable for an image that is not there."""
        made: list[spec.Volume | spec.ImageVolume] = []
        for volume in self.facts.pod.spec.volumes:
            try:
                made.append(await self._make(volume))
            except (Unresolvable, OSError, ValueError) as error:
                raise NotMountable(volume.name, str(error)) from error
        return made

    async def refresh(self, changed: Callable[[str], Awaitable[None]]) -> None:
        """Write again what the volumes of API objects hold, and say of each where it has changed. Raises NotMountable,
        having done what could be done."""
        failed: NotMountable | None = None
        for volume in self.facts.pod.spec.volumes:
            try:
                files = await self._files(volume)
                if files is not None and await asyncio.to_thread(self._write, volume.name, files):
                    await changed(volume.name)
            except (Unresolvable, OSError) as error:
                failed = NotMountable(volume.name, str(error))
                failed.__cause__ = error
        if failed is not None:
            raise failed

    async def _make(self, volume: objects.Volume) -> spec.Volume | spec.ImageVolume:
        group = self.facts.pod.spec.security_context.fs_group
        if volume.image is not None:
            return await self.image(volume.name, volume.image)
        if (claim := claims.claim_of(self.facts.pod, volume)) is not None:
            own = volume.ephemeral is not None
            found = await claims.find(self.sources.client, self.facts.pod, claim, own)
            read_only = claim.read_only or self._only_read(volume.name)
            return await asyncio.to_thread(
                claims.mounted, self.settings, volume.name, found, read_only=read_only, gid=group
            )
        if (host := volume.host_path) is not None:
            path = await asyncio.to_thread(hostpaths.find, host, self.settings.host_paths)
            return spec.Volume(volume.name, path=path, read_only=self._only_read(volume.name))
        if (empty := volume.empty_dir) is not None and empty.medium == "Memory":
            return spec.Volume(volume.name, size_bytes=_bytes(empty.size_limit), gid=group)
        place = self.root / volume.name
        if (empty := volume.empty_dir) is not None:
            default = await asyncio.to_thread(self._empty, place)
            wanted = _bytes(empty.size_limit)
            size = limits.room(wanted) if wanted else default
            return spec.Volume(volume.name, path=str(place), size_bytes=size, gid=group)
        if (files := await self._files(volume)) is None:
            raise Unresolvable("this type of volume is not supported")
        await asyncio.to_thread(self._fill, place, files)
        user = security.shared_user(self.facts.pod)
        return spec.Volume(volume.name, path=str(place), read_only=True, gid=group, uid=user)

    def _empty(self, place: Path) -> int:
        """Make an empty directory; the size of one that names none. No pod may take more than half of what is left."""
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o777)
        disk = os.statvfs(place)
        return min(self.settings.empty_dir_bytes, disk.f_bavail * disk.f_frsize // 2)

    def _fill(self, place: Path, files: Files) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._write(place.name, files)
        payload.make_places(place, nested.places(self.facts.pod, place.name), files)

    def _write(self, volume: str, files: Files) -> bool:
        return payload.write(self.root / volume, files, self.clock.now())

    async def _files(self, volume: objects.Volume) -> Files | None:
        """What a volume of API objects holds; None for any other."""
        if volume.config_map is not None:
            return await self._config_map(volume.config_map, MODE)
        if volume.secret is not None:
            return await self._secret(volume.secret, MODE)
        if volume.downward_api is not None:
            return self._downward(volume.downward_api, MODE)
        if volume.projected is None:
            return None
        mode = volume.projected.default_mode or MODE
        found: Files = {}
        for source in volume.projected.sources:
            found |= await self._projection(source, mode)
        return found

    async def _projection(self, source: objects.Projection, mode: int) -> Files:
        if source.config_map is not None:
            return await self._config_map(source.config_map, mode)
        if source.secret is not None:
            return await self._secret(source.secret, mode)
        if source.downward_api is not None:
            return self._downward(source.downward_api, mode)
        if (token := source.service_account_token) is not None:
            return {token.path: (await self.tokens.get(token, self.sources.token), self._token_mode(mode))}
        raise Unresolvable("this type of projection is not supported")

    def _token_mode(self, mode: int) -> int:
        """The kubelet's rule for tokens: where the pod has one user or a group, they are for these alone."""
        if security.shared_user(self.facts.pod) is not None:
            return 0o600 | OWNED
        return mode if self.facts.pod.spec.security_context.fs_group is None else 0o600

    async def _config_map(self, wanted: objects.Files, mode: int) -> Files:
        return _chosen(await self.sources.config_map(wanted.name, optional=wanted.optional), wanted, mode)

    async def _secret(self, wanted: objects.Files, mode: int) -> Files:
        name = wanted.secret_name or wanted.name
        return _chosen(await self.sources.secret(name, optional=wanted.optional), wanted, mode)

    def _downward(self, wanted: objects.Downward, mode: int) -> Files:
        mode = wanted.default_mode or mode
        return {one.path: (self._fact(one).encode(), one.mode or mode) for one in wanted.items}

    def _fact(self, item: objects.DownwardFile) -> str:
        if item.field_ref is not None:
            return self.facts.field(item.field_ref.field_path)
        if item.resource_field_ref is not None:
            return self.facts.resource(item.resource_field_ref, "")
        raise Unresolvable(f"downwardAPI item {item.path} names no field")

    def _only_read(self, name: str) -> bool:
        """Whether no container may write to a volume: then the pod's kernel may not either."""
        mounts = [mount for one in self.facts.pod.every_container for mount in one.volume_mounts]
        return all(mount.read_only for mount in mounts if mount.name == name)


def refs(pod: objects.Pod) -> Iterator[Ref]:
    """The ConfigMaps and Secrets that a pod's volumes show."""
    for volume in pod.spec.volumes:
        for one in (volume, *(volume.projected.sources if volume.projected else ())):
            if (wanted := one.config_map) is not None:
                yield Ref(sdk.kinds.CONFIGMAPS.raw, sdk.Key(pod.metadata.namespace, wanted.name))
            if (wanted := one.secret) is not None:
                yield Ref(sdk.kinds.SECRETS.raw, sdk.Key(pod.metadata.namespace, wanted.secret_name or wanted.name))


def _bytes(limit: str | int | float | None) -> int | None:
    return quantity.parse(str(limit)).value or None if limit is not None else None


def _chosen(entries: Entries, wanted: objects.Files, mode: int) -> Files:
    """All entries, or those that `items` names."""
    mode = wanted.default_mode or mode
    if not wanted.items:
        return {name: (content, mode) for name, content in entries.items()}
    missing = [one.key for one in wanted.items if one.key not in entries]
    if missing and not wanted.optional:
        raise Unresolvable(f"references non-existent config key: {missing[0]}")
    return {one.path: (entries[one.key], one.mode or mode) for one in wanted.items if one.key in entries}
