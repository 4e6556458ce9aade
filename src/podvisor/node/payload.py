"""The files of a volume that shows API objects, swapped all at once: a reader sees the old state or the new, whole.

    ..2026_01_02_03_04_05.k3x9/   a state
    ..data                        a link to the state that holds now, replaced by rename(2)
    NAME                          a link to ..data/NAME, for each name at the top

The layout is the kubelet's (`AtomicWriter`): programs that reload their configuration watch for `..data`.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from podvisor.node.errors import Unresolvable

Files = Mapping[str, tuple[bytes, int]]
"""Content and mode, by the path below the volume."""
DATA = "..data"


def write(place: Path, files: Files, now: datetime) -> bool:
    """Make a directory show exactly these files; whether it did not already.

    Raises Unresolvable for a path that leads out of the directory, and then writes nothing.
    """
    for name in files:
        _check_below(name)
    place.mkdir(parents=True, exist_ok=True)
    data = place / DATA
    old = place / os.readlink(data) if data.is_symlink() else None
    if old is not None and _holds(old, files):
        return False
    new = _state(place, files, now)
    swap = place / "..data_tmp"
    swap.unlink(missing_ok=True)
    swap.symlink_to(new.name)
    swap.rename(data)
    _link(place, {Path(name).parts[0] for name in files})
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    return True


def make_places(place: Path, wanted: Mapping[str, bool], files: Files) -> None:
    """Make directories, or where `wanted` says so files, for what is mounted below the volume. What is there stays."""
    tops = {Path(name).parts[0] for name in files}
    for name, is_file in sorted(wanted.items()):
        path = place / (f"{DATA}/{name}" if Path(name).parts[0] in tops else name)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_file:
            path.touch(mode=0o644)
        else:
            path.mkdir()


def _state(place: Path, files: Files, now: datetime) -> Path:
    """A directory with these files."""
    state = Path(tempfile.mkdtemp(prefix=f"..{now:%Y_%m_%d_%H_%M_%S}.", dir=place))
    state.chmod(0o755)
    for name, (content, mode) in files.items():
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
    return state


def _link(place: Path, wanted: set[str]) -> None:
    """At the top: one link for each of these names, and nothing else that a reader looks for."""
    there = {one.name for one in place.iterdir() if one.is_symlink() and not one.name.startswith("..")}
    for name in wanted - there:
        (place / name).symlink_to(f"{DATA}/{name}")
    for name in there - wanted:
        (place / name).unlink()


def _holds(state: Path, files: Files) -> bool:
    """Whether a state consists of exactly these files."""
    found = {str(path.relative_to(state)): path for path in state.rglob("*") if path.is_file()}
    names = {os.path.normpath(name): content for name, content in files.items()}
    if found.keys() != names.keys():
        return False
    return all(
        path.read_bytes() == names[name][0] and path.stat().st_mode & 0o7777 == names[name][1]
        for name, path in found.items()
    )


def _check_below(name: str) -> None:
    """The API server refuses such paths too; here a single one of them would be any file of the machine."""
    if name.startswith(("/", "..")) or ".." in name.split("/") or not Path(name).parts:
        raise Unresolvable(f"path {name!r} must be relative, without '..', and must not start with '..'")
