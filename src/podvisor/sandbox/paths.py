"""Host paths of which others may change parts while we look: nothing is found by way of a symbolic link.

For paths whose links were resolved before (`os.path.realpath`) and whose directories somebody else can write to: what
such a path leads to is either what was resolved, or an error, never another place (openat2(2), RESOLVE_NO_SYMLINKS).
"""

import os
from contextlib import suppress

_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def look(path: str, *, make: bool = False) -> int:
    """An O_PATH descriptor of what is at an absolute path, never of a link. With `make`, directories are made.

    `OSError` names the path; a link on the way is ENOTDIR, one at its end ELOOP.
    """
    try:
        return _look(path, make)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def reopen(seen: int, flags: int) -> int:
    """Open what `look` found, and nothing that has come to its path since. Raises OSError."""
    return os.open(f"/proc/self/fd/{seen}", flags | os.O_CLOEXEC)


def _look(path: str, make: bool) -> int:
    if not path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path!r} is not absolute, or has '..' in it")
    seen = os.open("/", _LOOK | os.O_DIRECTORY)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for index, part in enumerate(parts, 1):
        try:
            seen, above = _step(seen, part, make=make, last=index == len(parts)), seen
        except BaseException:
            os.close(seen)
            raise
        os.close(above)
    return seen


def _step(directory: int, name: str, *, make: bool, last: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=directory)
    return os.open(name, _LOOK if last and not make else _LOOK | os.O_DIRECTORY, dir_fd=directory)
