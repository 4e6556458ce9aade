"""The data directory: what lies where, and which process has it.

    D/admin.kubeconfig     for kubectl
    D/pki/                 the cluster's CA, certificates and keys
    D/store/               the embedded store
    D/server.lock          held, and filled with its pid, by the process that runs the server
    D/cluster.json         how to reach what runs
    D/podvisor.log         what a cluster in the background has to say

Locks are open file description locks (F_OFD_SETLK, fcntl(2)): they end with their process however it ends, and can
be asked about without being taken.
"""

import fcntl
import json
import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from podvisor.cluster.errors import AlreadyRunning, Unwritable

_FLOCK = struct.Struct("hhqqi4x")


@dataclass(frozen=True, slots=True)
class Running:
    """A cluster that runs on a directory."""

    pid: int
    url: str
    started: str
    """When, in UTC, as Kubernetes writes times."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A data directory."""

    root: Path

    @property
    def admin_kubeconfig(self) -> Path:
        return self.root / "admin.kubeconfig"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def log(self) -> Path:
        return self.root / "podvisor.log"

    @property
    def lock(self) -> Path:
        return self.root / "server.lock"

    def create(self) -> None:
        """Make the directory, for its owner only. Raises Unwritable."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.lock.touch(mode=0o600)
        except OSError as error:
            why = f"cannot write to {self.root}: {error.strerror}; choose another directory with --data-dir"
            raise Unwritable(why) from error

    @contextmanager
    def held(self) -> Generator[None]:
        """Have the directory for the length of the block. Raises AlreadyRunning."""
        lock = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(lock)
            yield
        finally:
            os.close(lock)

    def holder(self) -> int | None:
        """The process that has the directory, if one has."""
        try:
            with self.lock.open("r+b") as lock:
                asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                kind, *_ = _FLOCK.unpack(fcntl.fcntl(lock, fcntl.F_OFD_GETLK, asked))
                return None if kind == fcntl.F_UNLCK else int(lock.read() or 0)
        except FileNotFoundError:
            return None

    def announce(self, running: Running) -> None:
        """Say how to reach what runs."""
        replace(self.root / "cluster.json", json.dumps(asdict(running)).encode())

    def running(self) -> Running | None:
        """What runs here, once it has announced itself."""
        pid = self.holder()
        try:
            announced = Running(**json.loads((self.root / "cluster.json").read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return announced if announced.pid == pid else None

    def _lock(self, lock: int) -> None:
        try:
            fcntl.fcntl(lock, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        except BlockingIOError:
            raise AlreadyRunning(
                f"a cluster already runs on {self.root} (process {self.holder() or 'unknown'});"
                f" stop it with: podvisor down --data-dir {self.root}"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all: readers see the old content or the new, also after a crash."""
    temporary = path.with_name(f".{path.name}.new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
