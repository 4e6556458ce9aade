"""From a pod's words to the sandbox's: one container, or one more process in it, as it is to be started."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podvisor.images import config, host, local
from podvisor.images import errors as image_errors
from podvisor.node import environment, etc, nested, objects, security
from podvisor.node.errors import Unresolvable
from podvisor.node.eviction.limits import room
from podvisor.node.facts import Facts
from podvisor.node.images import Image, is_host
from podvisor.node.settings import Settings
from podvisor.node.sources import Sources
from podvisor.sandbox import spec
from podvisor.types import quantity

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MESSAGES = "podvisor.termination-messages"
"""The volume of the pod's termination messages, one file a container; no volume of a pod can have such a name."""
MESSAGE_BYTES = 64 << 10
"""What a container may write as its termination message; less of it is shown."""
Stdio = spec.Streams | spec.Terminal


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the containers of one pod share."""

    facts: Facts
    sources: Sources
    volumes: Sequence[spec.Volume | spec.ImageVolume]
    links: Mapping[str, str]
    """Variables that every container has."""
    images: Path
    directory: Path
    """The pod's own directory on the host."""


async def container(described: objects.Container, around: Surroundings, image: Image, stdio: Stdio) -> spec.Container:
    """The container as the sandbox takes it. Raises NotStartable."""
    variables = await _variables(described, around)
    words = _command(described, image, variables)
    limits = described.resources.limits
    storage = _bytes(limits.get("ephemeral-storage"))
    upper = await asyncio.to_thread(_upper, around.directory)
    return spec.Container(
        name=described.name,
        root=spec.Root(image.root.layers, upper=str(upper)),
        process=_process(described, around, Basis(image.execution, variables), stdio, words),
        mounts=tuple(_mounts(described, around, variables)),
        limits=spec.Limits(
            memory_bytes=_bytes(limits.get("memory")), upper_bytes=room(storage) if storage else storage
        ),
        read_only_root=bool(described.security_context.read_only_root_filesystem),
    )


def _upper(directory: Path) -> Path:
    """Where the kernel keeps what containers write to their roots, in files without names."""
    place = directory / "upper"
    place.mkdir(parents=True, exist_ok=True)
    return place


@dataclass(frozen=True, slots=True)
class Basis:
    """What a container's processes begin with."""

    execution: config.Execution
    variables: Mapping[str, str]


async def process(
    described: objects.Container, around: Surroundings, image: Image, command: Sequence[str], stdio: Stdio
) -> spec.Process:
    """One more program in a container: an exec, a hook, a probe. Raises NotStartable."""
    variables = await _variables(described, around)
    return _process(described, around, Basis(image.execution, variables), stdio, command)


async def _variables(described: objects.Container, around: Surroundings) -> Mapping[str, str]:
    return {**around.links, **await environment.variables(described, around.facts, around.sources)}


def _process(
    described: objects.Container,
    around: Surroundings,
    basis: Basis,
    stdio: Stdio,
    command: Sequence[str],
) -> spec.Process:
    said = basis.execution
    who = security.identity(around.facts.pod.spec, described, said.user)
    own = {"PATH": PATH, "HOSTNAME": etc.hostname(around.facts.pod)}
    own |= {"TERM": "xterm"} if isinstance(stdio, spec.Terminal) else {}
    return spec.Process(
        args=tuple(command),
        stdio=stdio,
        env=tuple(f"{name}={value}" for name, value in {**own, **said.env, **basis.variables}.items()),
        cwd=described.working_dir or said.working_directory or "/",
        user=who.user,
        groups=who.groups,
        no_new_privs=described.security_context.allow_privilege_escalation is False,
    )


def _command(described: objects.Container, image: Image, variables: Mapping[str, str]) -> Sequence[str]:
    """The words to start with; only the pod's own may refer to variables."""
    command, args = (
        tuple(environment.expand(word, variables) for word in words) for words in (described.command, described.args)
    )
    words = config.argv(image.execution, command, args)
    if not words:
        raise Unresolvable("no command specified")
    return words


def _mounts(
    described: objects.Container, around: Surroundings, variables: Mapping[str, str]
) -> Sequence[spec.VolumeMount]:
    """The pod's files of /etc, the container's volumes, outer places before inner ones, and its termination message."""
    mounts = sorted(described.volume_mounts, key=lambda one: nested.absolute(one.mount_path).count("/"))
    made = [_mount(one, around, variables) for one in mounts]
    own = {one.target for one in made}
    fixed = bool(described.security_context.read_only_root_filesystem)
    shared = [spec.VolumeMount(etc.VOLUME, f"/etc/{name}", sub_path=name, read_only=fixed) for name in etc.NAMES]
    message = nested.absolute(described.termination_message_path)
    last = spec.VolumeMount(MESSAGES, message, sub_path=described.name)
    return [*(one for one in shared if one.target not in own), *made, last]


def _mount(one: objects.VolumeMount, around: Surroundings, variables: Mapping[str, str]) -> spec.VolumeMount:
    below = one.sub_path or environment.expand(one.sub_path_expr, variables)
    if ".." in Path(below).parts or below.startswith("/"):
        raise Unresolvable(f"subPath {below!r} of volume {one.name} must be a relative path without '..'")
    volume = next(volume for volume in around.volumes if volume.name == one.name)
    read_only = one.read_only or isinstance(volume, spec.ImageVolume) or volume.read_only
    target = nested.absolute(one.mount_path)
    return spec.VolumeMount(one.name, target, sub_path=below or None, read_only=read_only)


def messages(pod: objects.Pod, directory: Path) -> spec.Volume:
    """The volume that termination messages arrive in, with an empty file for each container."""
    place = directory / "messages"
    place.mkdir(parents=True, exist_ok=True)
    for one in pod.every_container:
        clear_message(directory, one.name)
    return spec.Volume(MESSAGES, path=str(place), size_bytes=MESSAGE_BYTES * len(pod.every_container))


def clear_message(directory: Path, name: str) -> None:
    """Let a container begin with an empty termination message."""
    path = directory / "messages" / name
    path.write_bytes(b"")
    path.chmod(0o666)


def layer_paths(pod: objects.Pod, images: Path, known: str) -> set[str]:
    """The paths of the host that the pod's images consist of, but for the image that starts first.

    For an image that is not here yet it is the imported trees, since a kernel that has begun reaches nothing more; what
    is pulled comes as open files.
    """
    found: set[str] = set()
    for image in {one.image for one in pod.every_container} - {known}:
        try:
            layers = host.root().layers if is_host(image) else local.Store(str(images)).root(image).layers
        except image_errors.ImageError:
            trees = images / "trees"
            trees.mkdir(mode=0o700, parents=True, exist_ok=True)
            found.add(str(trees))
        else:
            found |= {layer.path for layer in layers if isinstance(layer, spec.HostLayer)}
    return found


def pod(described: objects.Pod, address: str, settings: Settings) -> spec.Pod:
    """What all containers share. Its limits are the sum of theirs, where each has one, or else what the node grants."""
    limits = [one.resources.limits for one in described.every_container]
    processors = [quantity.parse(str(one["cpu"])).milli for one in limits if "cpu" in one]
    memory = [_bytes(one.get("memory")) or 0 for one in limits if "memory" in one]
    return spec.Pod(
        etc.hostname(described),
        addresses=(address,),
        shared_pid=described.spec.share_process_namespace,
        cpus=sum(processors) / 1000 if len(processors) == len(limits) else None,
        memory_bytes=sum(memory) if len(memory) == len(limits) else settings.memory_limit,
        pids_limit=settings.pod_pids,
    )


def _bytes(amount: str | int | float | None) -> int | None:
    return None if amount is None else quantity.parse(str(amount)).value or None
