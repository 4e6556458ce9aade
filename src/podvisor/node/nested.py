"""Where containers mount something below a volume of API objects, which nobody can write to.

The places for such mounts must be there before the volume is shown, as the kubelet makes them (its
`MakeNestedMountpoints`).
"""

import posixpath
from collections.abc import Iterator, Mapping

from podvisor.node import objects


def absolute(path: str) -> str:
    """A path in a container as the kubelet takes it: one that is relative begins at the root."""
    return posixpath.normpath(posixpath.join("/", path))


def places(pod: objects.Pod, volume: str) -> Mapping[str, bool]:
    """By their paths below the volume: whether what is mounted there is known to be a file."""
    found: dict[str, bool] = {}
    for container in pod.every_container:
        for outer in container.volume_mounts:
            if outer.name == volume and not (outer.sub_path or outer.sub_path_expr):
                found |= _below(absolute(outer.mount_path), container)
    return found


def _below(top: str, container: objects.Container) -> Mapping[str, bool]:
    prefix = top.rstrip("/") + "/"
    found = {path.removeprefix(prefix): is_file for path, is_file in _targets(container) if path.startswith(prefix)}
    return {path: is_file for path, is_file in found.items() if not path.startswith("..")}


def _targets(container: objects.Container) -> Iterator[tuple[str, bool]]:
    for mount in container.volume_mounts:
        yield absolute(mount.mount_path), False
    yield absolute(container.termination_message_path), True
