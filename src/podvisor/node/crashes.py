"""How often the containers of a pod have crashed in a row, kept over a restart of the node's process.

A pod's status does not say it, and without it every restart of the node would begin all crash loops anew.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from podvisor.node.states import Container


def read(directory: Path) -> dict[str, int]:
    """The counts by container; none where nothing legible is kept. Blocks."""
    with suppress(OSError, ValueError):
        found = json.loads(_path(directory).read_bytes())
        return {str(name): int(count) for name, count in found.items()}
    return {}


def write(directory: Path, containers: Mapping[str, Container]) -> None:
    """Keep the counts, whole or not at all. Blocks; a full disk keeps what was there."""
    path = _path(directory)
    beside = path.with_suffix(".new")
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps({name: one.crashes for name, one in containers.items() if one.crashes}))
        os.replace(beside, path)


def _path(directory: Path) -> Path:
    return directory / "crashes.json"
