"""The control protocol's messages as bytes, without any socket.

Decides how specifications become requests and how answers and events are read. Who waits for what is decided by the
two drivers, `process` (blocking) and `driver` (asyncio).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from podvisor.sandbox import errors, spec
from podvisor.sandbox.descriptors import MAX_DESCRIPTORS, Descriptors, FdRef

MAX_MESSAGE = 16 << 20
"""The longest JSON body, in bytes."""

Json = dict[str, Any]
"""One JSON object."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the request with this number: either `ok` or `error` is set."""

    id: int
    ok: Json | None
    error: errors.Refused | None


@dataclass(frozen=True, slots=True)
class Exited:
    """A process is gone. Exactly one of `code` and `signal` is set; with `init` its container is gone too."""

    container: str
    pid: int
    code: int | None
    signal: int | None
    oom: bool
    init: bool

    @property
    def status(self) -> int:
        """The exit code that a shell would report: 128 + the number for a signal."""
        return 128 + self.signal if self.signal is not None else self.code or 0


@dataclass(frozen=True, slots=True)
class Fatal:
    """The kernel is broken and its process ends."""

    message: str


Event = Exited | Fatal


class Decoder:
    """Puts the pieces that a socket delivers together into answers and events."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, data: bytes) -> Iterable[Answer | Event]:
        """What has become whole with `data`. Raises `ProtocolBroken` at the first thing that is no message."""
        self._partial += data
        while len(self._partial) >= 4:
            length = int.from_bytes(self._partial[:4], "little")
            if length > MAX_MESSAGE:
                raise errors.ProtocolBroken(f"podvisor-sandbox announced a message of {length} bytes")
            if len(self._partial) < 4 + length:
                return
            body = bytes(self._partial[4 : 4 + length])
            del self._partial[: 4 + length]
            yield read(body)


def read(body: bytes) -> Answer | Event:
    """One answer or event from its JSON text."""
    try:
        message: Json = json.loads(body)
        return _answer(message) if "id" in message else _event(message)
    except (ValueError, KeyError, TypeError) as error:
        raise errors.ProtocolBroken(f"podvisor-sandbox sent no message: {body[:200]!r}") from error


def _answer(message: Json) -> Answer:
    if "ok" in message:
        return Answer(message["id"], message["ok"], None)
    error = message["error"]
    return Answer(message["id"], None, errors.Refused(error["kind"], error["message"], error.get("exit_code")))


def _event(message: Json) -> Event:
    kind = message.pop("event")
    return {"exited": Exited, "fatal": Fatal}[kind](**message)


def write(number: int, operation: str, arguments: Json) -> bytes:
    """One request as bytes, header included."""
    body = json.dumps({"id": number, "op": operation, **arguments}, separators=(",", ":")).encode()
    if len(body) > MAX_MESSAGE:
        raise errors.ProtocolBroken(f"a request of {len(body)} bytes exceeds {MAX_MESSAGE}")
    return len(body).to_bytes(4, "little") + body


def create(pod: spec.Pod) -> Json:
    """The fields of `create`."""
    return {"pod": _plain(pod)}


def volume(volume: spec.Volume | spec.ImageVolume, descriptors: Descriptors) -> Json:
    """The fields of `volume`; opens the host's files."""
    if isinstance(volume, spec.ImageVolume):
        devices = [descriptors.open(path) for path in volume.data]
        return {"name": volume.name, "erofs": descriptors.open(volume.metadata), "devices": devices}
    common: Json = {"name": volume.name, "size_bytes": volume.size_bytes, "gid": volume.gid}
    if volume.path is None:
        return {**common, "memory": True, "mode": volume.mode}
    fd = descriptors.open(volume.path, writable=not volume.read_only, links=False)
    return {**common, "fd": fd, "read_only": volume.read_only, "uid": volume.uid}


def start(container: spec.Container, descriptors: Descriptors) -> Json:
    """The fields of `start`; opens the layers and bind mounts."""
    process = _process(container.process, descriptors)
    mounts = [_mount(mount, descriptors) for mount in container.mounts]
    upper = descriptors.open(container.root.upper) if container.root.upper is not None else None
    layers = [_layer(layer, descriptors) for layer in container.root.layers]
    if len(descriptors.sent) > MAX_DESCRIPTORS:
        raise errors.TooManyDescriptors(f"container {container.name} has too many mounts for one request")
    return {
        "container": container.name,
        "root": {"layers": layers, "upper_bytes": container.root.upper_bytes, "upper": upper},
        "mounts": mounts,
        "process": process,
        "limits": _plain(container.limits),
        "read_only_root": container.read_only_root,
        "masked_paths": container.masked_paths,
        "readonly_paths": container.readonly_paths,
    }


def execute(container: str, process: spec.Process, descriptors: Descriptors) -> Json:
    """The fields of `exec`."""
    return {"container": container, "process": _process(process, descriptors)}


def _process(process: spec.Process, descriptors: Descriptors) -> Json:
    plain = _plain(process)
    plain["terminal"] = isinstance(process.stdio, spec.Terminal)
    plain["stdio"] = _stdio(process.stdio, descriptors)
    return plain


def _stdio(stdio: spec.Streams | spec.Terminal, descriptors: Descriptors) -> Json | list[FdRef | None]:
    if isinstance(stdio, spec.Terminal):
        ends = {"input": descriptors.lend(stdio.input), "output": descriptors.lend(stdio.output)}
        return {"terminal": {**ends, "rows": stdio.rows, "columns": stdio.columns}}
    streams = (stdio.stdin, stdio.stdout, stdio.stderr)
    return [None if stream is None else descriptors.lend(stream) for stream in streams]


def _layer(layer: spec.Layer, descriptors: Descriptors) -> Json:
    match layer:
        case spec.HostLayer(at, path, ids):
            return {"at": at, "fd": descriptors.open(path), "ids": ids}
        case spec.SymlinkLayer(at, target):
            return {"at": at, "symlink": target}
        case spec.FileLayer(at, content, mode):
            return {"at": at, "content": content, "mode": mode}
        case spec.DirectoryLayer(at, mode):
            return {"at": at, "directory": True, "mode": mode}
        case spec.ErofsLayer(metadata, data, at):
            devices = [descriptors.open(path) for path in data]
            return {"at": at, "erofs": descriptors.open(metadata), "devices": devices}


def _mount(mount: spec.Mount, descriptors: Descriptors) -> Json:
    match mount:
        case spec.VolumeMount():
            return {"kind": "volume", **_plain(mount)}
        case spec.Bind(target, path, read_only):
            fd = descriptors.open(path, writable=not read_only)
            return {"kind": "bind", "target": target, "fd": fd, "read_only": read_only}
        case spec.Tmpfs():
            return {"kind": "tmpfs", **_plain(mount)}
        case spec.File():
            return {"kind": "file", **_plain(mount)}
        case spec.KernelMount(kind, target):
            return {"kind": kind, "target": target}


def _plain(record: Any) -> Json:
    return {entry.name: getattr(record, entry.name) for entry in fields(record)}
