"""hostPath volumes: files of the machine, below the directories that the operator allowed.

A pod that may write to such a directory can put symbolic links into it at any moment, also into the path of another
pod's volume. So a path is resolved once, and from then on no link in it is followed.
https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
"""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress

from podvisor.node import objects
from podvisor.node.errors import Unresolvable
from podvisor.sandbox import paths

_KINDS = {"": "file", "Directory": "directory", "File": "file"}


def find(wanted: objects.HostPath, allowed: Sequence[str]) -> str:
    """The path that a volume shows, free of links; made where its type says so. Raises Unresolvable and OSError."""
    real = os.path.realpath(wanted.path)
    if not any(_is_below(real, os.path.realpath(one)) for one in allowed):
        raise Unresolvable(
            f"hostPath {wanted.path} is not below a directory that this node's operator allowed (--allow-host-path)"
        )
    kind = wanted.type.removesuffix("OrCreate")
    if kind not in _KINDS:
        raise Unresolvable(f"hostPath type {wanted.type} is not supported")
    if wanted.type == "DirectoryOrCreate":
        os.close(paths.look(real, make=True))
    if wanted.type == "FileOrCreate":
        _make_file(real)
    if not _is(kind, real):
        raise Unresolvable(f"hostPath type check failed: {wanted.path} is not a {_KINDS[kind]}")
    return real


def _is_below(path: str, directory: str) -> bool:
    return os.path.commonpath([path, directory]) == directory


def _is(kind: str, path: str) -> bool:
    try:
        seen = paths.look(path)
    except FileNotFoundError:
        return False
    mode = os.fstat(seen).st_mode
    os.close(seen)
    return {"": True, "Directory": stat.S_ISDIR(mode), "File": stat.S_ISREG(mode)}[kind]


def _make_file(path: str) -> None:
    above, name = os.path.split(path)
    directory = paths.look(above)
    try:
        with suppress(FileExistsError):
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=directory))
    finally:
        os.close(directory)
