"""From a pod's words to the sandbox's: one container as it is to be started."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podvisor.images import errors as image_errors
from podvisor.images import host, local
from podvisor.node import environment
from podvisor.node.environment import Facts
from podvisor.node.errors import NoImage, NotStartable, Unresolvable
from podvisor.node.sources import Sources
from podvisor.node.states import Json
from podvisor.sandbox import spec
from podvisor.types import quantity

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TERMINATION_LOG = "/dev/termination-log"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the containers of one pod share."""

    facts: Facts
    sources: Sources
    volumes: Mapping[str, Path]
    images: Path
    directory: Path
    """The pod's own directory on the host."""


def hostname(pod: Json) -> str:
    """https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields"""
    return (pod["spec"].get("hostname") or pod["metadata"]["name"])[:63].rstrip("-.")


def root(image: str, images: Path) -> spec.Root:
    """An image's file system. Raises NoImage."""
    if image in (local.HOST, f"{local.HOST}:latest"):
        return host.root()
    try:
        return local.Store(str(images)).root(image)
    except image_errors.ImageError as error:
        raise NoImage(f'failed to pull image "{image}": {error}') from error


async def container(described: Json, around: Surroundings, stdio: spec.Streams | spec.Terminal) -> spec.Container:
    """The container as the sandbox takes it. Raises NotStartable."""
    security = _security(around.facts.pod, described)
    variables = await environment.variables(described, around.facts, around.sources)
    layers = (*_own_files(around.facts), *root(described["image"], around.images).layers)
    limits = (described.get("resources") or {}).get("limits") or {}
    memory = quantity.parse(str(limits["memory"])).value if "memory" in limits else None
    return spec.Container(
        name=described["name"],
        root=spec.Root(layers),
        process=process(described, around.facts.pod, variables, stdio, _command(described, variables)),
        mounts=mounts(described, around, variables),
        limits=spec.Limits(memory_bytes=memory),
        read_only_root=bool(security.get("readOnlyRootFilesystem")),
    )


def _command(described: Json, variables: Mapping[str, str]) -> tuple[str, ...]:
    words = [*(described.get("command") or ()), *(described.get("args") or ())]
    if not words:
        raise Unresolvable("no command specified")
    return tuple(environment.expand(word, variables) for word in words)


def process(
    described: Json,
    pod: Json,
    variables: Mapping[str, str],
    stdio: spec.Streams | spec.Terminal,
    command: tuple[str, ...],
) -> spec.Process:
    """A program in a container: its own, or one more of an exec. Raises Unresolvable."""
    security = _security(pod, described)
    return spec.Process(
        args=command,
        stdio=stdio,
        env=process_environment(pod, variables, terminal=isinstance(stdio, spec.Terminal)),
        cwd=described.get("workingDir") or "/",
        user=_user(security),
        groups=tuple(_groups(security)),
        no_new_privs=security.get("allowPrivilegeEscalation") is False,
    )


def process_environment(pod: Json, variables: Mapping[str, str], *, terminal: bool) -> tuple[str, ...]:
    """A process's variables: what every container has, below the pod's own."""
    basis = {"PATH": PATH, "HOSTNAME": hostname(pod), "HOME": "/root"} | ({"TERM": "xterm"} if terminal else {})
    return tuple(f"{name}={value}" for name, value in (basis | dict(variables)).items())


def _security(pod: Json, described: Json) -> Json:
    """The container's security context over the pod's."""
    return (pod["spec"].get("securityContext") or {}) | (described.get("securityContext") or {})


def _user(security: Json) -> str:
    user, group = security.get("runAsUser"), security.get("runAsGroup")
    if security.get("runAsNonRoot") and not user:
        raise Unresolvable("container has runAsNonRoot and image will run as root")
    if group is not None:
        return f"{user or 0}:{group}"
    return "" if user is None else str(user)


def _groups(security: Json) -> Sequence[int]:
    own = security.get("fsGroup")
    return [*(security.get("supplementalGroups") or ()), *(() if own is None else (own,))]


def _own_files(facts: Facts) -> Sequence[spec.Layer]:
    """The files of /etc that belong to the pod and not to an image."""
    name = hostname(facts.pod)
    aliases = facts.pod["spec"].get("hostAliases") or ()
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    lines.append(f"{facts.address}\t{name}")
    lines += ["\t".join([alias["ip"], *alias.get("hostnames", ())]) for alias in aliases]
    return (
        spec.FileLayer("/etc/hostname", f"{name}\n"),
        spec.FileLayer("/etc/hosts", "\n".join(lines) + "\n"),
        spec.FileLayer("/etc/resolv.conf", _resolver(facts.pod)),
    )


def _resolver(pod: Json) -> str:
    config = pod["spec"].get("dnsConfig") or {}
    lines = [f"nameserver {address}" for address in config.get("nameservers", ())]
    namespace = pod["metadata"]["namespace"]
    searches = [f"{namespace}.svc.cluster.local", "svc.cluster.local", "cluster.local", *config.get("searches", ())]
    options = [one["name"] + (f":{one['value']}" if "value" in one else "") for one in config.get("options", ())]
    return "\n".join([*lines, f"search {' '.join(searches)}", " ".join(["options", "ndots:5", *options])]) + "\n"


def mounts(described: Json, around: Surroundings, variables: Mapping[str, str]) -> tuple[spec.Bind, ...]:
    """The container's volumes, and the file for its termination message."""
    made = [_mount(one, around, variables) for one in described.get("volumeMounts") or ()]
    target = described.get("terminationMessagePath") or TERMINATION_LOG
    return (*made, spec.Bind(target, str(termination_log(around.directory, described["name"]))))


def _mount(one: Json, around: Surroundings, variables: Mapping[str, str]) -> spec.Bind:
    if one["name"] not in around.volumes:
        raise NotStartable(f"volume {one['name']} is not there")
    place = around.volumes[one["name"]]
    below = one.get("subPath") or environment.expand(one.get("subPathExpr") or "", variables)
    path = Path(os.path.realpath(place / below))
    if not path.is_relative_to(os.path.realpath(place)):
        raise Unresolvable(f"subPath {below} leaves volume {one['name']}")
    if below and not path.exists():
        path.mkdir(parents=True)
    return spec.Bind(one["mountPath"], str(path), read_only=bool(one.get("readOnly")))


def termination_log(directory: Path, name: str) -> Path:
    """Where a container's termination message arrives on the host."""
    path = directory / "messages" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o666)
    return path


def host_paths(described: Json, around: Surroundings) -> Mapping[str, bool]:
    """Every path of the host that the container may need, and whether it writes there."""
    try:
        layers = root(described["image"], around.images).layers
    except NoImage:
        layers = ()
    found = {layer.path: False for layer in layers if isinstance(layer, spec.HostLayer)}
    for one in described.get("volumeMounts") or ():
        if one["name"] in around.volumes:
            path = str(around.volumes[one["name"]])
            found[path] = found.get(path, False) or not one.get("readOnly")
    return found | {str(termination_log(around.directory, described["name"])): True}
