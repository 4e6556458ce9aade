"""A pod's volumes, as directories of the host that its containers share.

One directory per volume below the pod's own; every container that mounts it binds the same one.
https://kubernetes.io/docs/concepts/storage/volumes/
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podvisor.node.environment import Facts
from podvisor.node.errors import NotMountable, Unresolvable
from podvisor.node.sources import Sources
from podvisor.node.states import Json

MODE = 0o644
"""The mode of projected files unless the volume says so."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the volumes of one pod below `root`."""

    root: Path
    facts: Facts
    sources: Sources
    host_paths: Sequence[str]

    async def make(self, volumes: Sequence[Json]) -> dict[str, Path]:
        """Where each volume lies. Raises NotMountable."""
        made: dict[str, Path] = {}
        for volume in volumes:
            try:
                made[volume["name"]] = await self._make(volume)
            except (Unresolvable, OSError) as error:
                raise NotMountable(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error
        return made

    async def _make(self, volume: Json) -> Path:
        if (path := volume.get("hostPath")) is not None:
            return self._host_path(path["path"], path.get("type") or "")
        place = self.root / volume["name"]
        place.mkdir(parents=True, exist_ok=True)
        if "emptyDir" in volume:
            place.chmod(0o777)
            return place
        kind = next(kind for kind in volume if kind != "name")
        source = volume[kind] or {}
        mode = source.get("defaultMode", MODE)
        if kind == "projected":
            for one in source.get("sources") or ():
                part = next(iter(one))
                _write(place, await self._files(part, one[part], mode))
        elif kind in ("configMap", "secret", "downwardAPI"):
            _write(place, await self._files(kind, source, mode))
        else:
            raise Unresolvable(f"volumes of type {kind} are not supported")
        return place

    async def _files(self, kind: str, source: Json, mode: int) -> Mapping[str, tuple[bytes, int]]:
        match kind:
            case "configMap":
                return _chosen(await self.sources.config_map(source), source, mode)
            case "secret":
                return _chosen(await self.sources.secret(source), source, mode)
            case "serviceAccountToken":
                return {source["path"]: (await self.sources.token(source), mode)}
            case "downwardAPI":
                return {one["path"]: (self._fact(one).encode(), one.get("mode", mode)) for one in source["items"]}
            case _:
                raise Unresolvable(f"projections of type {kind} are not supported")

    def _fact(self, item: Json) -> str:
        if reference := item.get("fieldRef"):
            return self.facts.field(reference["fieldPath"])
        return self.facts.resource(item["resourceFieldRef"], "")

    def _host_path(self, path: str, type: str) -> Path:
        real = Path(os.path.realpath(path))
        if not any(real.is_relative_to(os.path.realpath(allowed)) for allowed in self.host_paths):
            raise Unresolvable(f"hostPath {path} is not below a directory that this node's operator allowed")
        if type == "DirectoryOrCreate":
            real.mkdir(parents=True, exist_ok=True)
        if not real.exists():
            raise Unresolvable(f"hostPath type check failed: {path} does not exist")
        return real


def _chosen(entries: Mapping[str, bytes], source: Json, mode: int) -> dict[str, tuple[bytes, int]]:
    """All entries, or those that `items` names."""
    if not (items := source.get("items")):
        return {name: (content, mode) for name, content in entries.items()}
    missing = [one["key"] for one in items if one["key"] not in entries]
    if missing and not source.get("optional"):
        raise Unresolvable(f"references non-existent config key: {missing[0]}")
    return {one["path"]: (entries[one["key"]], one.get("mode", mode)) for one in items if one["key"] in entries}


def _write(place: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    for name, (content, mode) in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_bytes(content)
        temporary.chmod(mode)
        temporary.rename(path)
