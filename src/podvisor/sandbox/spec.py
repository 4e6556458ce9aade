"""What a sandbox is asked to be: pods, containers, processes and file systems, as data.

The shapes are those of docs/control-protocol.md; host files are named by path here and become descriptors when a
message is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Pod:
    """What all containers of a sandbox share."""

    hostname: str
    domainname: str | None = None
    memory_bytes: int | None = None
    pids_limit: int | None = None
    cpus: float | None = None
    shared_pid: bool = False
    addresses: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class HostLayer:
    """A directory or file of the host, read-only, seen at `at`.

    With `ids="root"` its inodes belong to user and group 0 inside, with `"host"` to whoever owns them outside.
    """

    at: str
    path: str
    ids: Literal["root", "host"] = "root"


@dataclass(frozen=True, slots=True)
class SymlinkLayer:
    """A symbolic link at `at`."""

    at: str
    target: str


@dataclass(frozen=True, slots=True)
class FileLayer:
    """A file at `at` with this text."""

    at: str
    content: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class DirectoryLayer:
    """An empty directory at `at`."""

    at: str
    mode: int = 0o755


@dataclass(frozen=True, slots=True)
class ErofsLayer:
    """The tree in the EROFS image `metadata`, read-only, seen at `at`; owners and modes are those of the image.

    `data` are the further files that its device table names: what `podvisor-sandbox unpack merge` makes has one for
    each layer, lowest first. The files do not change while a container uses them.
    """

    metadata: str
    data: tuple[str, ...] = ()
    at: str = "/"


Layer = HostLayer | SymlinkLayer | FileLayer | DirectoryLayer | ErofsLayer


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system: read-only layers, topmost first, below one of at most `upper_bytes` for what is written.

    That one is in memory, or with `upper` mostly in that directory of the host, where nothing of it has a name.
    """

    layers: tuple[Layer, ...]
    upper_bytes: int | None = None
    upper: str | None = None


@dataclass(frozen=True, slots=True)
class Bind:
    """A directory or file of the host, mounted at `target`."""

    target: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """An empty file system in memory, mounted at `target`."""

    target: str
    size_bytes: int | None = None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file with this text, mounted at `target`."""

    target: str
    content: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Volume:
    """Files that the containers of a pod share live, known to their mounts by name.

    With `path` a directory or regular file of the host, otherwise memory, empty at first, whose root has `mode`. The
    path is absolute, and a symbolic link in it is refused: another pod may have put it there meanwhile. The volume
    belongs to the group `gid` inside, as the kubelet arranges it for `fsGroup`; beyond `size_bytes` writing is ENOSPC.
    Files of the host whose sticky bit is set belong to `uid` inside, and are shown without that bit.
    """

    name: str
    path: str | None = None
    read_only: bool = False
    mode: int = 0o777
    size_bytes: int | None = None
    gid: int | None = None
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class ImageVolume:
    """The tree in an EROFS image as a volume: nobody can write to it, and no program of it runs.

    `metadata` and `data` are those of an `ErofsLayer`.
    """

    name: str
    metadata: str
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """A volume of the pod, or with `sub_path` a part of it, mounted at `target`.

    `sub_path` is relative and without `..`; a directory is made where nothing has that name.
    """

    name: str
    target: str
    sub_path: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class KernelMount:
    """One of the kernel's own file systems, mounted at `target`."""

    kind: Literal["proc", "sysfs", "dev", "devpts", "mqueue", "shm"]
    target: str


Mount = VolumeMount | Bind | Tmpfs | File | KernelMount


@dataclass(frozen=True, slots=True)
class Streams:
    """Standard input, output and error as descriptors of this process, lent until the request is answered.

    None means /dev/null.
    """

    stdin: int | None = None
    stdout: int | None = None
    stderr: int | None = None


@dataclass(frozen=True, slots=True)
class Terminal:
    """A pseudo-terminal for the guest, whose other end is joined to these descriptors of this process."""

    input: int
    output: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Process:
    """A program to run. Without `env` it gets the usual PATH, HOME, HOSTNAME and, with a terminal, TERM."""

    args: tuple[str, ...]
    stdio: Streams | Terminal
    env: tuple[str, ...] = ()
    cwd: str = "/"
    user: str = ""
    groups: tuple[int, ...] = ()
    umask: int | None = None
    rlimits: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    no_new_privs: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """A container's own limits; what is None is bounded by the pod alone."""

    memory_bytes: int | None = None
    pids_limit: int | None = None
    upper_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One container and its first process."""

    name: str
    root: Root
    process: Process
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    read_only_root: bool = False
    masked_paths: tuple[str, ...] = ()
    readonly_paths: tuple[str, ...] = ()
