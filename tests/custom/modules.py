"""Definitions and samples from published Go modules, fetched by Go's own client and never kept here."""

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

_SECONDS = 300


class _Loader(yaml.CSafeLoader):
    """The safe loader, which leaves `=` a text."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def directory(module: str) -> Path:
    """Where the files of `path@version` are; skips the test where they cannot be had."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs go, to fetch published definitions")
    # Several test processes want them at once.
    with (Path(sys.prefix) / "modules.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [go, "mod", "download", "-json", module]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode:
        pytest.skip(f"{module} cannot be fetched: {done.stdout or done.stderr}")
    return Path(json.loads(done.stdout)["Dir"])


def documents(root: Path, pattern: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object in the YAML files below a directory; templates are passed over."""
    for path in sorted(root.glob(pattern)):
        if "{{" in (text := path.read_text()):
            continue
        for document in yaml.load_all(text, _Loader):
            if isinstance(document, dict) and "kind" in document and "metadata" in document:
                yield path, document
