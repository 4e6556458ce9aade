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
import pwd
import stat
import struct
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from podvisor.cluster.errors import AlreadyRunning, Exposed, Unwritable

LEAST_ROOM = 32 << 20
"""Bytes that must be free where a cluster starts."""
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

    @property
    def _announcement(self) -> Path:
        return self.root / "cluster.json"

    def create(self) -> None:
        """Make the directory, for its owner only. Raises Unwritable."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.root.stat()
            owner = found.st_uid
            if owner == os.geteuid():
                self.lock.touch(mode=0o600)
        except OSError as error:
            why = f"cannot write to {self.root}: {error.strerror}; choose another directory with --data-dir"
            raise Unwritable(why) from error
        if owner != os.geteuid():
            user = _user(owner)
            raise Unwritable(f"{self.root} belongs to {user}; run as {user}, or choose another with --data-dir")
        if found.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
            raise Unwritable(
                f"anybody may replace files in {self.root};"
                f" run chmod o-w {self.root}, or choose another with --data-dir"
            )

    def check_room(self) -> None:
        """Raise Unwritable where there is no room to begin with."""
        disk = os.statvfs(self.root)
        if (free := disk.f_bavail * disk.f_frsize) < LEAST_ROOM:
            raise Unwritable(
                f"{free >> 20} MiB are free for {self.root}, and {LEAST_ROOM >> 20} are the least;"
                " make room, or choose another directory with --data-dir"
            )

    def check_apart(self, host_paths: Iterable[str]) -> None:
        """Raise Exposed where hostPath volumes could show what lies here."""
        own = self.root.resolve()
        for allowed in map(Path, host_paths):
            if own.is_relative_to(allowed) or allowed.is_relative_to(own):
                raise Exposed(
                    f"--allow-host-path {allowed} would show pods the cluster's own files in {self.root};"
                    " allow another directory, or choose another with --data-dir"
                )

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
        """The process that has the directory, if one has. Raises Unwritable where that is not ours to know."""
        try:
            with self.lock.open("r+b") as lock:
                asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                while _FLOCK.unpack(fcntl.fcntl(lock, fcntl.F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK:
                    if (pid := lock.read()).isdigit():
                        return int(pid)
                    lock.seek(0)  # Who has just taken it is about to write its number.
            return None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise Unwritable(f"{self.root} belongs to another user") from error

    def announce(self, running: Running) -> None:
        """Say how to reach what runs."""
        replace(self._announcement, json.dumps(asdict(running)).encode())

    def running(self) -> Running | None:
        """What runs here, once it has announced itself."""
        pid = self.holder()
        try:
            announced = Running(**json.loads((self._announcement).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return announced if announced.pid == pid else None

    def forget(self) -> bool:
        """Take back the announcement of what no longer runs; whether there was one."""
        try:
            self._announcement.unlink()
        except FileNotFoundError:
            return False
        return True

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


def _user(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"
